package flow

import "encoding/binary"

// What a sampled packet begins with: header_protocol of sFlow version 5.
const (
	frameEthernet = 1
	framePPP      = 7
	frameIPv4     = 11
	frameIPv6     = 12
	frameMPLS     = 13
	framePOS      = 14 // PPP over SONET: RFC 2615
	frameWireless = 15 // IEEE 802.11
)

// Frame fills the record from the first octets of a sampled packet. Protocol is sFlow's header_protocol; Ethernet (1), PPP (7), IPv4
// (11), IPv6 (12), MPLS (13), POS (14) and IEEE 802.11 (15) are read, of others only the length is known. Length is that of the whole
// frame in octets, 0 when it is not known.
//
// Data may end anywhere: what is there to its end is taken. The outermost IP header is described, tunnels inside are not looked into.
// Every loop consumes data.
//
// Bytes and Packets become those of the one packet, unless the record has them already. Bytes are the octets of layer 3 by the IP header,
// or those of the frame where the header does not say (other protocols, jumbograms, packets that a network card is yet to segment) or
// says more than the frame has.
func (r *Record) Frame(a *Arena, protocol uint32, data []byte, length uint32) {
	var octets uint32
	switch protocol {
	case frameEthernet:
		octets = r.ethernet(a, data)
	case framePPP, framePOS:
		octets = r.ppp(a, data)
	case frameIPv4, frameIPv6:
		octets = r.ip(a, data)
	case frameMPLS:
		octets = r.mpls(a, data)
	case frameWireless:
		octets = r.wireless(a, data)
	}
	if octets == 0 || octets > length && length != 0 {
		octets = length
	}
	if octets != 0 && r.Has&HasBytes == 0 {
		r.Bytes = uint64(octets)
		r.Has |= HasBytes
	}
	if r.Has&HasPackets == 0 {
		r.Packets = 1
		r.Has |= HasPackets
	}
}

// EthernetFrame fills the record from an Ethernet frame, as Frame does: dataLinkFrameSection (315) of IPFIX, field 104 of NetFlow v9.
func (r *Record) EthernetFrame(a *Arena, data []byte, length uint32) {
	r.Frame(a, frameEthernet, data, length)
}

// IPPacket fills the record from an IP packet of either version, as Frame does: ipHeaderPacketSection (313) of IPFIX.
func (r *Record) IPPacket(a *Arena, data []byte, length uint32) {
	r.Frame(a, frameIPv4, data, length)
}

// EtherTypes (IANA "IEEE 802 Numbers"). Numbers below the least are lengths of IEEE 802.3.
const (
	etherIPv4          = 0x0800
	etherIPv6          = 0x86dd
	etherVLAN          = 0x8100 // IEEE 802.1Q
	etherServiceVLAN   = 0x88a8 // IEEE 802.1ad
	etherStackedVLAN   = 0x9100 // the same before it had a standard
	etherMPLS          = 0x8847
	etherMPLSMulticast = 0x8848
	etherPPPoE         = 0x8864 // session stage: RFC 2516
	etherLeast         = 0x0600
)

// ethernet reads an Ethernet frame. Like all that follow, it returns the length that the IP header says: 0 when there is none.
func (r *Record) ethernet(a *Arena, p []byte) uint32 {
	if len(p) < 6 {
		return 0
	}
	mac(&r.Destination.MAC, &r.Has, p[:6], HasDestinationMAC)
	if len(p) < 12 {
		return 0
	}
	mac(&r.Source.MAC, &r.Has, p[6:12], HasSourceMAC)
	if len(p) < 14 {
		return 0
	}
	kind, p := binary.BigEndian.Uint16(p[12:]), p[14:]
	for tags := 0; kind == etherVLAN || kind == etherServiceVLAN || kind == etherStackedVLAN; tags++ {
		if len(p) < 2 {
			return 0
		}
		switch vlan := binary.BigEndian.Uint16(p) & 0x0fff; tags {
		case 0:
			r.VLAN = vlan
			r.Has |= HasVLAN
		case 1:
			d := r.Detail(a)
			d.InnerVLAN = vlan
			d.Has |= HasInnerVLAN
		}
		if len(p) < 4 {
			return 0
		}
		kind, p = binary.BigEndian.Uint16(p[2:]), p[4:]
	}
	if kind < etherLeast {
		return r.llc(a, p)
	}
	return r.network(a, kind, p)
}

// network reads what an EtherType announces.
func (r *Record) network(a *Arena, kind uint16, p []byte) uint32 {
	switch kind {
	case etherIPv4:
		return r.ipv4(a, p)
	case etherIPv6:
		return r.ipv6(a, p)
	case etherMPLS, etherMPLSMulticast:
		return r.mpls(a, p)
	case etherPPPoE:
		const header = 6 // version, code, session, length
		if len(p) >= header {
			return r.ppp(a, p[header:])
		}
	}
	return 0
}

// llc reads IEEE 802.2 with the extension that carries EtherTypes (SNAP: RFC 1042).
func (r *Record) llc(a *Arena, p []byte) uint32 {
	const header = 8
	if len(p) < header || p[0] != 0xaa || p[1] != 0xaa || p[2] != 3 || p[3] != 0 || p[4] != 0 || p[5] != 0 {
		return 0
	}
	return r.network(a, binary.BigEndian.Uint16(p[6:]), p[header:])
}

// ppp reads a frame of RFC 1661, with or without address and control (RFC 1662), its protocol in two octets or compressed to one.
func (r *Record) ppp(a *Arena, p []byte) uint32 {
	if len(p) >= 2 && p[0] == 0xff && p[1] == 3 {
		p = p[2:]
	}
	if len(p) < 2 {
		return 0
	}
	protocol, size := uint16(p[0]), 1
	if protocol&1 == 0 { // the last octet of a protocol is odd, those before it are even
		protocol, size = binary.BigEndian.Uint16(p), 2
	}
	switch p = p[size:]; protocol {
	case 0x0021:
		return r.ipv4(a, p)
	case 0x0057:
		return r.ipv6(a, p)
	case 0x0281, 0x0283: // RFC 3032 section 4.3
		return r.mpls(a, p)
	}
	return 0
}

// mpls reads a label stack (RFC 3032 section 2.1) and the IP packet below it. Nothing says what is below: the first four bits tell.
func (r *Record) mpls(a *Arena, p []byte) uint32 {
	if len(p) < 4 {
		return 0
	}
	d := r.Detail(a)
	d.LabelCount = 0
	for bottom := false; !bottom; p = p[4:] {
		if len(p) < 4 {
			return 0
		}
		entry := binary.BigEndian.Uint32(p)
		d.AddLabel(entry)
		bottom = entry&0x100 != 0
	}
	return r.ip(a, p)
}

// AddLabel puts an entry of an MPLS label stack (RFC 3032 section 2.1) below those that are there. There is room for MaxLabels.
func (d *Details) AddLabel(entry uint32) {
	if d.LabelCount < MaxLabels {
		d.Labels[d.LabelCount] = entry >> 12
		d.LabelCount++
	}
}
