package sflow

import (
	"net/netip"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// Formats of flow records ("flow_data"): sFlow version 5, and the later structures that sflow.org publishes.
const (
	rawHeader      = 1
	ethernetFrame  = 2
	packetIPv4     = 3
	packetIPv6     = 4
	extendedSwitch = 1001
	extendedRouter = 1002
	extendedBGP    = 1003 // "extended_gateway"
	extendedUser   = 1004
	extendedMPLS   = 1006
	extendedNAT    = 1007
	wirelessRx     = 1014
	wirelessTx     = 1015
	natPorts       = 1020
	egressVNI      = 1029
	ingressVNI     = 1030
)

// packet decodes the records of a sample: what is known of one packet. The record of the packet's header and those about it come in any
// order; what the header says has precedence.
func (g *datagram) packet(r *flow.Record, in *reader, records uint32) {
	frame := uint32(0) // octets of the whole frame, where no record says those of layer 3
	for i := range records {
		at := in.at
		format, body, ok := g.block(in, "flow record", i, records)
		if !ok {
			break
		}
		switch format {
		case rawHeader:
			g.header(r, &body)
		case ethernetFrame:
			frame = body.ethernet(r)
		case packetIPv4, packetIPv6:
			body.ip(r, format)
		case extendedSwitch:
			body.vlan(r)
		case extendedRouter:
			body.router(r)
		case extendedBGP:
			body.gateway(r, g.arena)
		case extendedUser:
			body.user(r, g.arena)
		case extendedMPLS:
			body.labels(r, g.arena)
		case extendedNAT:
			body.nat(r, g.arena)
		case wirelessRx, wirelessTx:
			body.ssid(r, g.arena)
		case natPorts:
			body.natPorts(r, g.arena)
		case egressVNI, ingressVNI:
			body.vni(r, g.arena)
		}
		if body.short {
			g.fail(at, "flow record of format %d is cut", format)
		}
	}
	if frame != 0 && r.Has&flow.HasBytes == 0 {
		r.Bytes = uint64(frame)
		r.Has |= flow.HasBytes
	}
}

// header reads "sampled_header": the first octets of the packet. What is there of them is used when they are cut.
func (g *datagram) header(r *flow.Record, in *reader) {
	protocol, length := in.uint32(), in.uint32()
	in.uint32() // octets removed from the packet before; they count in length
	size := int64(in.uint32())
	if in.short {
		return
	}
	if size > int64(in.left()) {
		size, in.short = int64(in.left()), true
	}
	r.Frame(g.arena, protocol, in.packet[in.at:in.at+int(size)], length)
}

// ethernet reads "sampled_ethernet" and returns the length of the frame. A hardware address takes 8 octets in XDR; there are agents that
// send 6.
func (in *reader) ethernet(r *flow.Record) (length uint32) {
	const packed = 4 + 6 + 6 + 4
	address := 8
	if in.left() == packed {
		address = 6
	}
	length = in.uint32()
	source, destination := in.take(address), in.take(address)
	in.uint32() // EtherType
	if in.short {
		return 0
	}
	if r.Has&(flow.HasSourceMAC|flow.HasDestinationMAC) == 0 {
		r.Source.MAC, r.Destination.MAC = [6]byte(source), [6]byte(destination)
		r.Has |= flow.HasSourceMAC | flow.HasDestinationMAC
	}
	return length
}

// IANA protocol numbers.
const (
	tcp     = 6
	udp     = 17
	dccp    = 33
	sctp    = 132
	udpLite = 136
)

// ip reads "sampled_ipv4" or "sampled_ipv6". Nobody says what stands in the ports of a protocol that has none.
func (in *reader) ip(r *flow.Record, format uint32) {
	length, protocol := in.uint32(), in.uint32()
	var source, destination netip.Addr
	if format == packetIPv4 {
		source, destination = in.ipv4(), in.ipv4()
	} else {
		source, destination = in.ipv6(), in.ipv6()
	}
	sourcePort, destinationPort := in.uint32(), in.uint32()
	tcpFlags, tos := in.uint32(), in.uint32()
	if in.short {
		return
	}
	if length != 0 {
		r.Bytes = uint64(length)
		r.Has |= flow.HasBytes
	}
	if r.Source.Addr.IsValid() {
		return
	}
	r.Source.Addr, r.Destination.Addr = source, destination
	r.Protocol, r.TOS = uint8(protocol), uint8(tos)
	r.Has |= flow.HasProtocol | flow.HasTOS
	switch r.Protocol {
	case tcp:
		r.TCPFlags = uint16(tcpFlags)
		r.Has |= flow.HasTCPFlags
		fallthrough
	case udp, dccp, sctp, udpLite:
		r.Source.Port, r.Destination.Port = uint16(sourcePort), uint16(destinationPort)
		r.Has |= flow.HasPorts
	}
}
