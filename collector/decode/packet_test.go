package decode_test

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/decode"
	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

const unix = 1_700_000_000 // seconds, in the headers

var (
	received = time.Unix(unix+1, 0)
	origin   = exporter.Origin{Address: netip.MustParseAddr("192.0.2.1")}
)

func u16(n int) []byte { return binary.BigEndian.AppendUint16(nil, uint16(n)) }
func u32(n int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(n)) }

func join(parts ...[]byte) []byte {
	var b []byte
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

// list puts numbers of two octets one behind the other.
func list(numbers ...int) []byte {
	b := make([]byte, 0, 2*len(numbers))
	for _, n := range numbers {
		b = append(b, u16(n)...)
	}
	return b
}

func repeat(n int, record []byte) []byte { return bytes.Repeat(record, n) }

// fixed is a packet of v1 or v5 to v8 with so many records of zeros.
func fixed(version, header, records, size int) []byte {
	return join(u16(version), u16(records), u32(10_000), u32(unix), u32(0), make([]byte, header-16), make([]byte, records*size))
}

// aggregated is a packet of v8.
func aggregated(scheme, records, size int) []byte {
	b := fixed(8, 28, records, size)
	b[22] = byte(scheme)
	return b
}

// packet9 is a packet of v9 (RFC 3954 section 5.1), message an IPFIX message (RFC 7011 section 3.1). Both repeat their number, so that
// each is late: what sequence numbers cost is in the figures too.
func packet9(sets ...[]byte) []byte {
	return join(u16(9), u16(1), u32(10_000), u32(unix), u32(1), u32(1), join(sets...))
}

func message(sets ...[]byte) []byte {
	b := join(sets...)
	return join(u16(10), u16(16+len(b)), u32(unix), u32(1), u32(1), b)
}

// set is a set with its length filled in.
func set(id int, body ...[]byte) []byte {
	b := join(body...)
	return join(u16(id), u16(len(b)+4), b)
}

// sflow5 is a datagram of one flow sample with a sampled Ethernet frame ("sFlow Version 5", section 5).
func sflow5() []byte {
	ip := join([]byte{0x45, 0}, u16(1400), u32(0), []byte{64, 17, 0, 0}, []byte{198, 51, 100, 1}, []byte{203, 0, 113, 1}, u16(1000), u16(53), u32(0))
	frame := join(make([]byte, 12), u16(0x0800), ip, make([]byte, 2))
	header := join(u32(1), u32(16+len(frame)), u32(1), u32(1418), u32(4), u32(len(frame)), frame)
	sample := join(u32(1), u32(3), u32(512), u32(1), u32(0), u32(3), u32(4), u32(1), header)
	return join(u32(5), u32(1), []byte{192, 0, 2, 1}, u32(0), u32(1), u32(1), u32(1), u32(1), u32(len(sample)), sample)
}

// collector is a decoder with its table.
type collector struct {
	table   *exporter.Table
	decoder *decode.Decoder
}

func newCollector(limits exporter.Limits, policy exporter.Policy) *collector {
	table := exporter.NewTable(limits)
	table.Apply(policy)
	return &collector{table, decode.New(table)}
}

// must decodes packets that are sound, and returns how many records they have.
func (c *collector) must(tb testing.TB, packets ...[]byte) int {
	tb.Helper()
	var records []flow.Record
	for i, p := range packets {
		var err error
		if records, err = c.decoder.Decode(records, p, origin, received); err != nil {
			tb.Fatalf("packet %d: %v", i, err)
		}
	}
	return len(records)
}
