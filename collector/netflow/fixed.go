package netflow

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// layout is a version whose records have one form: Cisco, "NetFlow Export Datagram Format", tables B-1 to B-8, and for v6 flow-tools'
// ftlib. The first 36 octets of a record are the same in all of them.
type layout struct {
	protocol string
	format   flow.Format
	header   int
	record   int

	tcpFlags, ipProtocol, tos int // offsets in the record
	routes                    int // offset of the AS numbers, with the prefix lengths behind them; 0: none
	sequence                  int // offset in the header; 0: none
	engine                    int // offset of engine type, id and sampling in the header; 0: none
}

// layouts by version.
var layouts = [...]*layout{
	1: {protocol: "NetFlow v1", format: flow.NetFlow1, header: 16, record: 48, ipProtocol: 38, tos: 39, tcpFlags: 40},
	5: {protocol: "NetFlow v5", format: flow.NetFlow5, header: 24, record: 48, tcpFlags: 37, ipProtocol: 38, tos: 39, routes: 40, sequence: 16, engine: 20},
	6: {protocol: "NetFlow v6", format: flow.NetFlow6, header: 24, record: 52, tcpFlags: 37, ipProtocol: 38, tos: 39, routes: 40, sequence: 16, engine: 20},
	7: {protocol: "NetFlow v7", format: flow.NetFlow7, header: 24, record: 52, tcpFlags: 37, ipProtocol: 38, tos: 39, routes: 40, sequence: 16},
}

// windowFlows is the greatest gap, in flows, that counts as loss: about a thousand full packets.
const windowFlows = 30 * 1000

const (
	hasFixed = flow.HasPorts | flow.HasProtocol | flow.HasTCPFlags | flow.HasTOS | flow.HasInput | flow.HasOutput |
		flow.HasNextHop | flow.HasStart | flow.HasEnd | flow.HasBytes | flow.HasPackets
	hasRoutes = flow.HasSourceAS | flow.HasDestinationAS
)

// header is what the headers of v1 and v5 to v8 have in common.
type header struct {
	count    int
	clock    flow.Clock
	sequence uint32
	domain   uint32
	sampling flow.Sampling
}

func (l *layout) readHeader(packet []byte) header {
	h := header{
		count: int(binary.BigEndian.Uint16(packet[2:])),
		clock: flow.Clock{
			Unix:   int64(binary.BigEndian.Uint32(packet[8:]))*1e9 + int64(binary.BigEndian.Uint32(packet[12:])),
			Uptime: binary.BigEndian.Uint32(packet[4:]),
		},
	}
	if l.sequence != 0 {
		h.sequence = binary.BigEndian.Uint32(packet[l.sequence:])
	}
	if l.engine != 0 {
		h.domain = uint32(binary.BigEndian.Uint16(packet[l.engine:]))
		// Two bits of mode and 14 of interval; exporters that do not sample say 0.
		if interval := binary.BigEndian.Uint16(packet[l.engine+2:]) & 0x3fff; interval != 0 {
			h.sampling = flow.Sampling{Interval: uint32(interval), Source: flow.SamplingHeader}
		}
	}
	return h
}

func (d *Decoder) fixed(dst []flow.Record, packet []byte, l *layout, from exporter.Origin, received time.Time) ([]flow.Record, error) {
	if len(packet) < l.header {
		return dst, d.tooShort(l.protocol, len(packet), l.header)
	}
	h := l.readHeader(packet)
	count := min(h.count, (len(packet)-l.header)/l.record)
	source := d.table.Source(exporter.Key{Address: from.Address, Session: from.Session, Format: l.format, Domain: h.domain}, received)
	if l.sequence != 0 {
		source.Sequence(h.sequence, uint32(h.count), windowFlows)
	}
	at := received.UnixNano()
	for rest := packet[l.header:][:count*l.record]; len(rest) > 0; rest = rest[l.record:] {
		v := rest[:l.record]
		var r *flow.Record
		dst, r = flow.Append(dst)
		r.Has = hasFixed
		r.Exporter, r.Domain, r.Sequence, r.Format = from.Address, h.domain, h.sequence, l.format
		r.Received, r.Exported = at, h.clock.Unix
		r.Source.Addr, r.Source.Port = netip.AddrFrom4([4]byte(v[0:4])), binary.BigEndian.Uint16(v[32:])
		r.Destination.Addr, r.Destination.Port = netip.AddrFrom4([4]byte(v[4:8])), binary.BigEndian.Uint16(v[34:])
		r.NextHop = netip.AddrFrom4([4]byte(v[8:12]))
		r.Input, r.Output = uint32(binary.BigEndian.Uint16(v[12:])), uint32(binary.BigEndian.Uint16(v[14:]))
		r.Packets, r.Bytes = uint64(binary.BigEndian.Uint32(v[16:])), uint64(binary.BigEndian.Uint32(v[20:]))
		r.Start, r.End = h.clock.At(binary.BigEndian.Uint32(v[24:])), h.clock.At(binary.BigEndian.Uint32(v[28:]))
		r.TCPFlags, r.Protocol, r.TOS = uint16(v[l.tcpFlags]), v[l.ipProtocol], v[l.tos]
		r.Sampling = h.sampling
		if l.routes != 0 {
			routes := v[l.routes:][:6]
			r.Has |= hasRoutes
			r.Source.AS, r.Destination.AS = uint32(binary.BigEndian.Uint16(routes)), uint32(binary.BigEndian.Uint16(routes[2:]))
			r.Source.PrefixLength, r.Destination.PrefixLength = routes[4], routes[5]
		}
		r.Settle()
		source.Complete(r, d.context.Arena)
	}
	source.Count(count, 0)
	return dst, fewer(source, l.protocol, h.count, count, l.header+count*l.record)
}

// fewer reports that a packet has fewer records than its header announces.
func fewer(source *exporter.Source, protocol string, announced, count, offset int) error {
	if count >= announced {
		return nil
	}
	source.Malformed()
	return &flow.PacketError{Protocol: protocol, Offset: offset, Reason: fmt.Sprintf("the header announces %d records, %d are there", announced, count)}
}
