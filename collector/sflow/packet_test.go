package sflow_test

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/sflow"
)

// The datagrams of these tests are made by hand, after "sFlow Version 5" (sflow.org, July 2004): section 5 has the datagram
// ("sample_datagram_v5") and the data structures.

const unix = 1_700_000_000 // seconds

var (
	device   = netip.MustParseAddr("192.0.2.1")
	origin   = exporter.Origin{Address: device}
	received = time.Unix(unix, 250_000_000)
)

func join(parts ...[]byte) []byte {
	var b []byte
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

// u32 are unsigned integers, one after the other.
func u32(values ...uint32) []byte {
	var b []byte
	for _, v := range values {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	return b
}

// opaque are octets with their number before them, filled up to four.
func opaque(b []byte) []byte {
	return join(u32(uint32(len(b))), b, make([]byte, -len(b)&3))
}

// address is an address with its type before it; invalid is the unknown one.
func address(text string) []byte {
	if text == "" {
		return u32(0)
	}
	a := netip.MustParseAddr(text)
	if a.Is4() {
		return join(u32(1), a.AsSlice())
	}
	return join(u32(2), a.AsSlice())
}

// datagram is "sample_datagram_v5", sent by an agent with a sub-agent id.
func datagram(agent string, subAgent, sequence uint32, samples ...[]byte) []byte {
	return join(u32(5), address(agent), u32(subAgent, sequence, 3_600_000, uint32(len(samples))), join(samples...))
}

// ordinary is a datagram of the device itself.
func ordinary(sequence uint32, samples ...[]byte) []byte {
	return datagram(device.String(), 0, sequence, samples...)
}

// block is a sample or a record: format and length before its data.
func block(format uint32, data ...[]byte) []byte {
	return join(u32(format), opaque(join(data...)))
}

// flowSample is "flow_sample" of interface 3, at one of so many packets.
func flowSample(rate, input, output uint32, records ...[]byte) []byte {
	return block(1, u32(77, 3, rate, 99_000, 0, input, output, uint32(len(records))), join(records...))
}

// expandedSample is "flow_sample_expanded" of every packet, its interfaces as pairs of format and value.
func expandedSample(source, input, output [2]uint32, records ...[]byte) []byte {
	return block(3, u32(77), u32(source[:]...), u32(1, 99_000, 0), u32(input[:]...), u32(output[:]...), u32(uint32(len(records))), join(records...))
}

// header is the record "sampled_header".
func header(protocol, length uint32, data []byte) []byte {
	return block(1, u32(protocol, length, 4), opaque(data))
}

// frame is an Ethernet frame with TCP over IPv4 in it, of which the first 128 octets or fewer are there. The IP packet has 1500 octets.
func frame(n byte) []byte {
	return join(
		[]byte{2, 0, 0, 0, 1, n, 2, 0, 0, 0, 2, n, 0x81, 0x00, 0x20, 42, 0x08, 0x00},
		[]byte{0x45, 0xb8, 0x05, 0xdc, 0, 1, 0x40, 0, 64, 6, 0, 0, 198, 51, 100, n, 203, 0, 113, n},
		[]byte{0x04, n, 0x01, 0xbb, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0},
		make([]byte, 70),
	)
}

// counters is the record "if_counters" of an interface.
func counters(index, octets uint32) []byte {
	return block(
		1, u32(index, 6, 2, 0x540be400, 1, 3), u32(1, octets, 11, 12, 13, 14, 15, 16), u32(2, octets, 21, 22, 23, 24, 25, 1),
	)
}

// collector is a decoder with what it fills.
type collector struct {
	table   *exporter.Table
	arena   flow.Arena
	decoder *sflow.Decoder
}

func newCollector() *collector {
	c := &collector{table: exporter.NewTable(exporter.Limits{})}
	c.decoder = sflow.New(c.table, &c.arena)
	return c
}

func (c *collector) decode(packet []byte) ([]flow.Record, error) {
	c.arena.Reset()
	return c.decoder.Decode(nil, packet, origin, received)
}

// one decodes a flow sample with some records to its one flow record.
func one(t *testing.T, records ...[]byte) *flow.Record {
	t.Helper()
	got, err := newCollector().decode(ordinary(1, flowSample(512, 3, 4, records...)))
	if err != nil || len(got) != 1 {
		t.Fatalf("%d records, %v", len(got), err)
	}
	return &got[0]
}

// source is what the table has of the exporter.
func (c *collector) source() *exporter.Source {
	return c.table.Source(exporter.Key{Address: device, Format: flow.SFlow5}, received)
}
