package netflow_test

import (
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/netflow"
)

// The packets of these tests are made by hand, after Cisco's "NetFlow Export Datagram Format" (v5) and RFC 3954 (v9).

const (
	unix   = 1_700_000_000 // seconds, in the headers
	uptime = 10_000_000    // milliseconds
)

var (
	router   = netip.MustParseAddrPort("192.0.2.1:5000")
	origin   = exporter.Origin{Address: router.Addr()}
	received = time.Unix(unix+3, 0)
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

// header9 is a packet header: RFC 3954 section 5.1.
func header9(sequence, source int) []byte {
	return join(u16(9), u16(1), u32(uptime), u32(unix), u32(sequence), u32(source))
}

// set is a flowset with its length filled in.
func set(id int, body ...[]byte) []byte {
	b := join(body...)
	return join(u16(id), u16(len(b)+4), b)
}

// template is a template record: RFC 3954 section 5.2. Fields are pairs of type and length.
func template(id int, fields ...int) []byte {
	b := join(u16(id), u16(len(fields)/2))
	for _, f := range fields {
		b = append(b, u16(f)...)
	}
	return b
}

// optionsTemplate is an options template record: RFC 3954 section 6.1. The first field is its scope.
func optionsTemplate(id int, fields ...int) []byte {
	b := join(u16(id), u16(4), u16(len(fields)*2-4))
	for _, f := range fields {
		b = append(b, u16(f)...)
	}
	return b
}

// ordinary are the fields of ordinaryRecord.
var ordinary = []int{8, 4, 12, 4, 7, 2, 11, 2, 4, 1, 6, 1, 5, 1, 1, 4, 2, 4, 22, 4, 21, 4, 10, 2, 14, 2, 16, 2, 17, 2, 15, 4, 9, 1, 13, 1}

func ordinaryRecord(n byte) []byte {
	return join(
		[]byte{198, 51, 100, n}, []byte{203, 0, 113, n}, u16(1000+int(n)), u16(443), []byte{6, 0x1b, 0xb8}, u32(1500*int(n)), u32(int(n)),
		u32(uptime-2000), u32(uptime-1000), u16(3), u16(4), u16(64500), u16(64501), []byte{192, 0, 2, 254}, []byte{24, 16},
	)
}

// packet5 is a NetFlow v5 packet that announces count records and holds the given ones.
func packet5(count, sequence int, records ...[]byte) []byte {
	return join(u16(5), u16(count), u32(uptime), u32(unix), u32(250_000_000), u32(sequence), []byte{1, 7}, u16(0), join(records...))
}

func record5(n byte) []byte {
	return join(
		[]byte{198, 51, 100, n}, []byte{203, 0, 113, n}, []byte{192, 0, 2, 254}, u16(3), u16(4), u32(int(n)), u32(1500*int(n)),
		u32(uptime-2000), u32(uptime-1000), u16(1000+int(n)), u16(443), []byte{0, 0x1b, 6, 0xb8}, u16(64500), u16(64501), []byte{24, 16}, u16(0),
	)
}

// collector is a decoder with its table.
type collector struct {
	table   *exporter.Table
	arena   flow.Arena
	decoder *netflow.Decoder
}

func newCollector(limits exporter.Limits) *collector {
	c := &collector{table: exporter.NewTable(limits)}
	c.decoder = netflow.NewDecoder(c.table, &c.arena)
	return c
}

func (c *collector) decode(packet []byte) ([]flow.Record, error) {
	c.arena.Reset()
	return c.decoder.Decode(nil, packet, origin, received)
}
