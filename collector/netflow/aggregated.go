package netflow

import (
	"fmt"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// aggregated8 is the header of NetFlow v8: Cisco, "NetFlow Export Datagram Format", table B-9. The engine stands behind the
// sequence number; a packet has the records of one aggregation.
var aggregated8 = layout{protocol: "NetFlow v8", format: flow.NetFlow8, header: 28, sequence: 16}

// schemes are the records of NetFlow v8 by aggregation: router-based aggregation (1 to 5, and with type of service 9 to 14) and that of
// Catalyst switches (6 to 8). Cisco, "NetFlow Export Datagram Format", tables B-10 to B-19; "Catalyst 6500 NetFlow Data Export" for
// 6 to 8. Where there are two prefix lengths that of the destination comes first, as flow-tools and pmacct read what Cisco's
// routers send. They are templates that everybody knows, written as such: pairs of information element and octets.
var schemes = compileSchemes([...][]uint16{
	1:  {flows, 4, packets, 4, octets, 4, first, 4, last, 4, sourceAS, 2, destinationAS, 2, input, 2, output, 2},
	2:  {flows, 4, packets, 4, octets, 4, first, 4, last, 4, protocol, 1, pad, 3, sourcePort, 2, destinationPort, 2},
	3:  {flows, 4, packets, 4, octets, 4, first, 4, last, 4, sourceNet, 4, sourceBits, 1, pad, 1, sourceAS, 2, input, 2, pad, 2},
	4:  {flows, 4, packets, 4, octets, 4, first, 4, last, 4, destinationNet, 4, destinationBits, 1, pad, 1, destinationAS, 2, output, 2, pad, 2},
	5:  {flows, 4, packets, 4, octets, 4, first, 4, last, 4, sourceNet, 4, destinationNet, 4, destinationBits, 1, sourceBits, 1, pad, 2, sourceAS, 2, destinationAS, 2, input, 2, output, 2},
	6:  {destinationNet, 4, packets, 4, octets, 4, first, 4, last, 4, output, 2, tos, 1, pad, 1, pad, 4, pad, 4},
	7:  {destinationNet, 4, sourceNet, 4, packets, 4, octets, 4, first, 4, last, 4, output, 2, input, 2, tos, 1, pad, 1, pad, 2, pad, 4, pad, 4},
	8:  {destinationNet, 4, sourceNet, 4, destinationPort, 2, sourcePort, 2, packets, 4, octets, 4, first, 4, last, 4, output, 2, input, 2, tos, 1, protocol, 1, pad, 2, pad, 4, pad, 4},
	9:  {flows, 4, packets, 4, octets, 4, first, 4, last, 4, sourceAS, 2, destinationAS, 2, input, 2, output, 2, tos, 1, pad, 3},
	10: {flows, 4, packets, 4, octets, 4, first, 4, last, 4, protocol, 1, tos, 1, pad, 2, sourcePort, 2, destinationPort, 2, input, 2, output, 2},
	11: {flows, 4, packets, 4, octets, 4, first, 4, last, 4, sourceNet, 4, sourceBits, 1, tos, 1, sourceAS, 2, input, 2, pad, 2},
	12: {flows, 4, packets, 4, octets, 4, first, 4, last, 4, destinationNet, 4, destinationBits, 1, tos, 1, destinationAS, 2, output, 2, pad, 2},
	13: {flows, 4, packets, 4, octets, 4, first, 4, last, 4, sourceNet, 4, destinationNet, 4, destinationBits, 1, sourceBits, 1, tos, 1, pad, 1, sourceAS, 2, destinationAS, 2, input, 2, output, 2},
	14: {flows, 4, packets, 4, octets, 4, first, 4, last, 4, sourceNet, 4, destinationNet, 4, destinationBits, 1, sourceBits, 1, tos, 1, protocol, 1, sourcePort, 2, destinationPort, 2, input, 2, output, 2},
})

// IANA numbers of the elements in the schemes. A network is the address of its first host.
const (
	octets          = 1
	packets         = 2
	flows           = 3
	protocol        = 4
	tos             = 5
	sourcePort      = 7
	sourceNet       = 8
	sourceBits      = 9
	input           = 10
	destinationPort = 11
	destinationNet  = 12
	destinationBits = 13
	output          = 14
	sourceAS        = 16
	destinationAS   = 17
	last            = 21
	first           = 22
	pad             = 210
)

func compileSchemes(list [15][]uint16) (programs [15]*flow.Program) {
	for i, pairs := range list {
		if pairs == nil {
			continue
		}
		var fields []flow.FieldSpec
		for ; len(pairs) > 0; pairs = pairs[2:] {
			fields = append(fields, flow.FieldSpec{ID: pairs[0], Length: pairs[1]})
		}
		p, err := flow.Compile(fields, flow.Dialect{})
		if err != nil {
			panic(fmt.Sprintf("netflow: aggregation scheme %d: %v", i, err)) // held by a test
		}
		programs[i] = &p
	}
	return programs
}

func (d *Decoder) aggregated(dst []flow.Record, packet []byte, from exporter.Origin, received time.Time) ([]flow.Record, error) {
	l := &aggregated8
	if len(packet) < l.header {
		return dst, d.tooShort(l.protocol, len(packet), l.header)
	}
	const engine, scheme = 20, 22 // offsets
	h := l.readHeader(packet)
	h.domain = uint32(packet[engine])<<8 | uint32(packet[engine+1])
	source := d.table.Source(exporter.Key{Address: from.Address, Session: from.Session, Format: l.format, Domain: h.domain}, received)
	source.Sequence(h.sequence, uint32(h.count), windowFlows)

	var program *flow.Program
	if n := int(packet[scheme]); n < len(schemes) {
		program = schemes[n]
	}
	if program == nil {
		source.Count(0, 0)
		source.Malformed()
		return dst, &flow.PacketError{Protocol: l.protocol, Offset: scheme, Reason: fmt.Sprintf("aggregation %d is not known", packet[scheme])}
	}
	size := program.MinSize()
	count := min(h.count, (len(packet)-l.header)/size)
	d.context.Clock = h.clock
	for i := range count {
		var r *flow.Record
		dst, r = flow.Append(dst)
		r.Exporter, r.Domain, r.Sequence, r.Format = from.Address, h.domain, h.sequence, l.format
		r.Received, r.Exported = received.UnixNano(), h.clock.Unix
		program.Decode(r, packet[l.header+i*size:][:size], &d.context)
		r.Settle()
		source.Complete(r, d.context.Arena)
	}
	source.Count(count, 0)
	return dst, fewer(source, l.protocol, h.count, count, l.header+count*size)
}
