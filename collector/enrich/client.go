package enrich

import (
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// Flags of TCP (RFC 9293 section 3.1).
const (
	tcpFIN = 0x01
	tcpSYN = 0x02
	tcpPSH = 0x08
	tcpACK = 0x10
)

// asked says of the types of ICMP (IANA, ICMP Type Numbers) and ICMPv6 that are a question or its answer who asked: the source or the
// destination of the message. Errors and announcements are neither.
var (
	asked4 = [256]flow.Side{
		8: flow.SideSource, 0: flow.SideDestination, // echo
		13: flow.SideSource, 14: flow.SideDestination, // timestamp
		15: flow.SideSource, 16: flow.SideDestination, // information
		17: flow.SideSource, 18: flow.SideDestination, // address mask
		10: flow.SideSource, 9: flow.SideDestination, // router solicitation and advertisement
		42: flow.SideSource, 43: flow.SideDestination, // extended echo
	}
	asked6 = [256]flow.Side{
		128: flow.SideSource, 129: flow.SideDestination, // echo
		133: flow.SideSource, 134: flow.SideDestination, // router solicitation and advertisement
		135: flow.SideSource, 136: flow.SideDestination, // neighbour solicitation and advertisement
		139: flow.SideSource, 140: flow.SideDestination, // node information
		160: flow.SideSource, 161: flow.SideDestination, // extended echo
	}
)

// converse sets who began the conversation that a record is of, and which application it is by the port of the other side. The first of
// these rules that says something counts:
//
//  1. The exporter says so: biflowDirection (RFC 5103 section 6.3). Else of a record about both directions the source began (section 5), unless
//     the exporter says that it took the directions at random or by its perimeter.
//  2. To a multicast address or to all hosts: the source began, nobody sends from there. Not so what a DHCP server answers a client that has no
//     address yet.
//  3. ICMP: who sent the question, where the type is one of a question or of an answer. Other types say nothing.
//  4. TCP with SYN and without ACK in all of the flow: the source began, since the other side answers with both. With both flags, in a flow of
//     one packet, the destination began. Flags of several packets are those of all of them, so that both together say nothing.
//  5. Ports: the side whose port has a name in the user's file serves, before one with a name of IANA's, before one without; else the side
//     with the lower port. With equal ports the source began. Where the exporter knows one port only (0 on the other side), that is the
//     server's. Without any (0 on both sides, as of fragments) nothing is said.
//
// Protocols without ports say nothing.
func (s *snapshot) converse(r *flow.Record) {
	transport := int8(-1)
	if r.Has&(flow.HasPorts|flow.HasProtocol) == flow.HasPorts|flow.HasProtocol {
		transport = transportOf[r.Protocol]
	}
	client := began(r)
	if transport < 0 {
		r.Client = client
		return
	}
	if r.Source.Port|r.Destination.Port == 0 {
		r.Client = client
		return
	}
	var name []byte
	switch client {
	case flow.SideSource:
		name, _ = s.application(transport, &r.Destination)
	case flow.SideDestination:
		name, _ = s.application(transport, &r.Source)
	case flow.SideUnknown:
		client = flow.SideSource
		from, fromRank := s.application(transport, &r.Source)
		to, toRank := s.application(transport, &r.Destination)
		name = to
		if serves(&r.Source, fromRank, &r.Destination, toRank) {
			client, name = flow.SideDestination, from
		}
	}
	r.Client = client
	if r.Details == nil || len(r.Details.ApplicationName) == 0 {
		r.Application = name
	}
}

// serves tells by their ports whether the source is the server, and not the destination.
func serves(from *flow.Endpoint, fromRank int, to *flow.Endpoint, toRank int) bool {
	switch {
	case from.Port == 0 || to.Port == 0:
		return to.Port == 0
	case fromRank != toRank:
		return fromRank > toRank
	}
	return from.Port < to.Port
}

// Ports of DHCP clients: RFC 2131 section 4.1, RFC 8415 section 7.2.
const (
	portDHCP4 = 68
	portDHCP6 = 546
)

// began goes by the rules that do not compare ports.
func began(r *flow.Record) flow.Side {
	if d := r.Details; d != nil {
		switch {
		case d.Has&flow.HasBiflowDirection != 0 && d.BiflowDirection == flow.BiflowInitiator:
			return flow.SideSource
		case d.Has&flow.HasBiflowDirection != 0 && d.BiflowDirection == flow.BiflowReverseInitiator:
			return flow.SideDestination
		case d.Has&flow.HasBiflowDirection == 0 && d.Has&(flow.HasReverseBytes|flow.HasReversePackets) != 0:
			return flow.SideSource
		}
	}
	if a := r.Destination.Addr; (a.IsMulticast() || a == broadcast) && !toDHCPClient(r) {
		return flow.SideSource
	}
	if r.Has&flow.HasProtocol == 0 {
		return flow.SideUnknown
	}
	switch r.Protocol {
	case flow.ProtocolICMP:
		if r.Has&flow.HasICMP != 0 {
			return asked4[r.ICMPType]
		}
	case flow.ProtocolICMPv6:
		if r.Has&flow.HasICMP != 0 {
			return asked6[r.ICMPType]
		}
	case flow.ProtocolTCP:
		if r.Has&flow.HasTCPFlags == 0 || r.TCPFlags&tcpSYN == 0 {
			return flow.SideUnknown
		}
		if r.TCPFlags&tcpACK == 0 {
			return flow.SideSource
		}
		if r.Has&flow.HasPackets != 0 && r.Packets == 1 && r.TCPFlags&(tcpFIN|tcpPSH) == 0 {
			return flow.SideDestination
		}
	}
	return flow.SideUnknown
}

func toDHCPClient(r *flow.Record) bool {
	const has = flow.HasPorts | flow.HasProtocol
	return r.Has&has == has && r.Protocol == flow.ProtocolUDP && (r.Destination.Port == portDHCP4 || r.Destination.Port == portDHCP6)
}

// Ranks of names: the port with the better one is the server's.
const (
	rankNone = iota
	rankService
	rankUser
)

// application returns the name of an endpoint's port, and how much it says.
func (s *snapshot) application(transport int8, e *flow.Endpoint) (name []byte, rank int) {
	if name := s.applications.find(transport, e.Port, e.Addr); name != nil {
		return name, rankUser
	}
	if name := s.services.find(transport, e.Port); name != nil {
		return name, rankService
	}
	return nil, rankNone
}
