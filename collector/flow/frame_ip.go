package flow

import (
	"encoding/binary"
	"net/netip"
)

// ip reads an IP packet of the version that its first four bits say. It returns the length that the header says, 0 when that is no IP
// header or does not know.
func (r *Record) ip(a *Arena, p []byte) uint32 {
	if len(p) == 0 {
		return 0
	}
	switch p[0] >> 4 {
	case 4:
		return r.ipv4(a, p)
	case 6:
		return r.ipv6(a, p)
	}
	return 0
}

// ipv4 reads an IPv4 header (RFC 791 section 3.1) and the transport header behind it.
func (r *Record) ipv4(a *Arena, p []byte) (length uint32) {
	const least = 20
	if len(p) < 2 || p[0]>>4 != 4 || p[0]&0x0f < least/4 {
		return 0
	}
	header := int(p[0]&0x0f) * 4
	r.TOS = p[1]
	r.Has |= HasTOS
	if len(p) < 4 {
		return 0
	}
	if length = uint32(binary.BigEndian.Uint16(p[2:])); length < uint32(header) {
		length = 0
	}
	if len(p) < 9 {
		return length
	}
	r.ttl(a, p[8])
	if len(p) < 10 {
		return length
	}
	r.Protocol = p[9]
	r.Has |= HasProtocol
	if len(p) < 16 {
		return length
	}
	r.Source.Addr = netip.AddrFrom4([4]byte(p[12:16]))
	if len(p) < least {
		return length
	}
	r.Destination.Addr = netip.AddrFrom4([4]byte(p[16:20]))
	if fragment := binary.BigEndian.Uint16(p[6:]) & 0x1fff; fragment == 0 && len(p) > header {
		r.transport(p[header:])
	}
	return length
}

// Extension headers of IPv6 that others may follow (RFC 8200 section 4, RFC 4302).
const (
	protocolHopByHop       = 0
	protocolRouting        = 43
	protocolFragment       = 44
	protocolAuthentication = 51
	protocolOptions        = 60
)

// ipv6 reads an IPv6 header (RFC 8200 section 3), its extension headers, and the transport header behind them. The protocol is what
// the last of these announces: it is not known when data end before that.
func (r *Record) ipv6(a *Arena, p []byte) (length uint32) {
	const header = 40
	if len(p) < 2 || p[0]>>4 != 6 {
		return 0
	}
	r.TOS = p[0]<<4 | p[1]>>4
	r.Has |= HasTOS
	if len(p) < 4 {
		return 0
	}
	d := r.Detail(a)
	d.FlowLabel = binary.BigEndian.Uint32(p) & 0xfffff
	d.Has |= HasFlowLabel
	if len(p) < 6 {
		return 0
	}
	if length = uint32(binary.BigEndian.Uint16(p[4:])); length != 0 { // of a jumbogram it is 0: RFC 2675
		length += header
	}
	if len(p) < 8 {
		return length
	}
	r.ttl(a, p[7])
	if len(p) >= 24 {
		r.Source.Addr = netip.AddrFrom16([16]byte(p[8:24]))
	}
	if len(p) < header {
		r.upper(p[6], nil)
		return length
	}
	r.Destination.Addr = netip.AddrFrom16([16]byte(p[24:40]))
	r.upper(p[6], p[header:])
	return length
}

// upper reads the extension headers of IPv6 up to the transport header. Each has at least 8 octets.
func (r *Record) upper(next uint8, p []byte) {
	for {
		size := 0
		switch next {
		case protocolHopByHop, protocolRouting, protocolOptions:
			if len(p) >= 8 {
				size = 8 + 8*int(p[1])
			}
		case protocolAuthentication:
			if len(p) >= 8 {
				size = 8 + 4*int(p[1])
			}
		case protocolFragment:
			if len(p) >= 8 {
				size = 8
			}
		default:
			r.Protocol = next
			r.Has |= HasProtocol
			r.transport(p)
			return
		}
		if size == 0 {
			return
		}
		fragment := next == protocolFragment && binary.BigEndian.Uint16(p[2:])>>3 != 0
		next = p[0]
		switch {
		case fragment: // what the first fragment began with is not in this one
			p = nil
		case size <= len(p):
			p = p[size:]
		default:
			p = nil
		}
	}
}

func (r *Record) ttl(a *Arena, hops uint8) {
	d := r.Detail(a)
	d.MinTTL, d.MaxTTL = hops, hops
	d.Has |= HasMinTTL | HasMaxTTL
}

// transport reads the header of the record's protocol, as far as it is there.
func (r *Record) transport(p []byte) {
	switch r.Protocol {
	case ProtocolTCP:
		if len(p) >= 14 {
			r.TCPFlags = binary.BigEndian.Uint16(p[12:]) & 0x01ff // NS (RFC 3540) and the eight of RFC 9293
			r.Has |= HasTCPFlags
		}
		r.ports(p)
	case ProtocolUDP, ProtocolDCCP, ProtocolSCTP, ProtocolUDPLite:
		r.ports(p)
	case ProtocolICMP, ProtocolICMPv6:
		if len(p) >= 2 {
			r.ICMPType, r.ICMPCode = p[0], p[1]
			r.Has |= HasICMP
		}
	}
}

func (r *Record) ports(p []byte) {
	if len(p) >= 4 {
		r.Source.Port, r.Destination.Port = binary.BigEndian.Uint16(p), binary.BigEndian.Uint16(p[2:])
		r.Has |= HasPorts
	}
}
