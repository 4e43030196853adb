// Package sflow decodes sFlow version 5 datagrams (sflow.org, "sFlow Version 5", July 2004): sampled packets into flow records, counters
// and names of interfaces into the tables of the exporter.
//
// Samples, and the records in them, say how long they are, so that what is not known is skipped. A fault costs the record it is in, or
// what follows in the sample or the datagram where it is this length that is wrong. What is sound is kept, the first fault is reported.
// Nothing a datagram says is believed before it is checked against the octets that are there, and every loop consumes input.
package sflow

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

const (
	protocol = "sFlow"
	version  = 5

	// window is the greatest gap, in datagrams, that counts as loss.
	window = 1000
)

// Is tells an sFlow datagram from NetFlow and IPFIX, whose version has two octets: this one has four.
func Is(packet []byte) bool { return len(packet) >= 4 && binary.BigEndian.Uint32(packet) == version }

// Decoder decodes the datagrams of one socket. It is not safe for concurrent use.
type Decoder struct {
	table *exporter.Table
	arena *flow.Arena
}

// New returns a decoder that keeps what devices say about themselves in table, and the details of records in arena.
func New(table *exporter.Table, arena *flow.Arena) *Decoder {
	return &Decoder{table: table, arena: arena}
}

// datagram is the one being decoded.
type datagram struct {
	source *exporter.Source
	arena  *flow.Arena
	common flow.Record // what all its records have
	agent  netip.Addr  // the device, when it is not the sender
	counts int         // records of counters
	fault  *flow.PacketError
}

// fail keeps the first fault.
func (g *datagram) fail(offset int, format string, values ...any) {
	if g.fault == nil {
		g.fault = &flow.PacketError{Protocol: protocol, Offset: offset, Reason: fmt.Sprintf(format, values...)}
	}
}

// Decode appends a flow record for each sampled packet of one UDP payload to dst. Their details are in the arena, which the caller
// resets. On an error, which is a *flow.PacketError, the records of what is sound are returned. It allocates nothing once
// dst and the arena have grown and the interfaces are known.
func (d *Decoder) Decode(dst []flow.Record, packet []byte, from exporter.Origin, received time.Time) ([]flow.Record, error) {
	in := reader{packet: packet, end: len(packet)}
	if v := in.uint32(); !in.short && v != version {
		d.table.Refused(exporter.UnsupportedVersion)
		return dst, &flow.PacketError{Protocol: protocol, Reason: fmt.Sprintf("version %d is not supported (5 is)", v)}
	}
	agent := in.address()
	domain, sequence := in.uint32(), in.uint32()
	in.uint32() // uptime of the agent in milliseconds; what it sampled has no time of its own
	samples := in.uint32()
	if in.short {
		d.table.Refused(exporter.TooShort)
		return dst, cutHeader(packet)
	}

	now := received.UnixNano()
	if agent == from.Address || agent.IsUnspecified() {
		agent = netip.Addr{}
	}
	key := exporter.Key{Address: from.Address, Session: from.Session, Format: flow.SFlow5, Agent: agent, Domain: domain}
	g := datagram{
		source: d.table.Source(key, received), agent: agent,
		arena: d.arena,
		common: flow.Record{
			Has:      flow.HasStart | flow.HasEnd | flow.HasPackets,
			Exporter: from.Address, Domain: domain, Sequence: sequence, Format: flow.SFlow5,
			Received: now, Exported: now, Start: now, End: now,
			Packets: 1,
		},
	}
	g.source.Sequence(sequence, 1, window)
	before := len(dst)
	dst = g.samples(dst, &in, samples)
	for i := range dst[before:] {
		g.source.Complete(&dst[before+i], d.arena)
	}
	g.source.Count(len(dst)-before, g.counts)
	if g.fault != nil {
		g.source.Malformed()
		return dst, g.fault
	}
	return dst, nil
}

// cutHeader says why the header of a datagram cannot be read to its end.
func cutHeader(packet []byte) *flow.PacketError {
	const kindAt = 4
	if len(packet) >= kindAt+4 {
		if kind := binary.BigEndian.Uint32(packet[kindAt:]); kind > addressIPv6 {
			return &flow.PacketError{Protocol: protocol, Offset: kindAt, Reason: fmt.Sprintf("there is no type of address %d", kind)}
		}
	}
	return &flow.PacketError{Protocol: protocol, Offset: len(packet), Reason: "the header is cut"}
}

// Formats of samples ("sample_data"). Those of vendors have an enterprise number above the lowest 12 bits.
const (
	flowSample             = 1
	countersSample         = 2
	expandedFlowSample     = 3
	expandedCountersSample = 4
)

// samples decodes the samples of a datagram, of which so many are announced.
func (g *datagram) samples(dst []flow.Record, in *reader, announced uint32) []flow.Record {
	for i := range announced {
		at := in.at
		format, body, ok := g.block(in, "sample", i, announced)
		if !ok {
			break
		}
		switch format {
		case flowSample:
			dst = g.flow(dst, &body, compact)
		case expandedFlowSample:
			dst = g.flow(dst, &body, expanded)
		case countersSample:
			g.counters(&body, compact)
		case expandedCountersSample:
			g.counters(&body, expanded)
		}
		if body.short {
			g.fail(at, "sample of format %d is cut", format)
		}
	}
	return dst
}

// block takes the next sample out of a datagram, or record out of a sample: the format of its data (enterprise × 4096 + number), and a
// reader of them. Number counts those before it. Ok is false when less is there than announced.
func (g *datagram) block(in *reader, what string, number, announced uint32) (format uint32, body reader, ok bool) {
	const header = 8
	if in.left() < header {
		g.fail(in.at, "%d of %d announced %ss are there", number, announced, what)
		return 0, body, false
	}
	at := in.at
	format = in.uint32()
	n := in.uint32()
	if uint64(n) > uint64(in.left()) {
		g.fail(at, "%s of format %d:%d says that it has %d octets, %d are there", what, format>>12, format&0xfff, n, in.left())
		return 0, body, false
	}
	body = reader{packet: in.packet, at: in.at, end: in.at + int(n)}
	in.skip(int(n))
	return format, body, true
}
