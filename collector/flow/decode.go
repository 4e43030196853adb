package flow

import (
	"encoding/binary"
	"math"
	"net/netip"
)

// Clock relates an exporter's sysUptime to Unix time: what its packet header says.
type Clock struct {
	Unix   int64  // the exporter's time when it sent the packet, Unix nanoseconds
	Uptime uint32 // its uptime at that moment, milliseconds, wraps after 49.7 days
}

// At is the Unix time, in nanoseconds, of a moment given as uptime in milliseconds. The nearest moment is taken: up to 24.8 days
// before or after the packet, across a wrap of the counter.
func (c Clock) At(uptime uint32) int64 {
	return c.Unix - int64(int32(c.Uptime-uptime))*1e6
}

// Decode fills r from one data record, which has Size octets. It allocates nothing.
func (p *Program) Decode(r *Record, data []byte, clock Clock) {
	first := 0
	for i := range p.variable {
		v := &p.variable[i]
		decode(r, p.ops[first:v.ops], data, clock)
		data = data[variableSize(data, int(v.offset)):] // what lies behind moves to where it would be without this field
		first = v.ops
	}
	decode(r, p.ops[first:], data, clock)
	r.ICMPFromPort()
}

func decode(r *Record, ops []op, data []byte, clock Clock) {
	for i := range ops {
		o := &ops[i]
		v := data[o.offset : o.offset+uint32(o.length)]
		switch o.code {
		case opBytes, opTotalBytes, opOutBytes:
			r.Bytes = number(v)
			r.Has |= HasBytes
		case opPackets, opTotalPackets, opOutPackets:
			r.Packets = number(v)
			r.Has |= HasPackets
		case opProtocol:
			r.Protocol = v[0]
			r.Has |= HasProtocol
		case opTOS:
			r.TOS = v[0]
			r.Has |= HasTOS
		case opTCPFlags:
			r.TCPFlags = uint16(number(v))
			r.Has |= HasTCPFlags
		case opSourcePort:
			r.Source.Port = uint16(number(v))
			r.Has |= HasPorts
		case opDestinationPort:
			r.Destination.Port = uint16(number(v))
			r.Has |= HasPorts
		case opSourceIPv4:
			address4(&r.Source.Addr, v)
		case opDestinationIPv4:
			address4(&r.Destination.Addr, v)
		case opSourceIPv6:
			address6(&r.Source.Addr, v)
		case opDestinationIPv6:
			address6(&r.Destination.Addr, v)
		case opNextHopIPv4:
			address4(&r.NextHop, v)
			r.Has |= HasNextHop
		case opNextHopIPv6:
			address6(&r.NextHop, v)
			r.Has |= HasNextHop
		case opBGPNextHopIPv4:
			if !r.NextHop.IsValid() || r.NextHop.IsUnspecified() {
				r.NextHop = netip.AddrFrom4([4]byte(v))
				r.Has |= HasNextHop
			}
		case opBGPNextHopIPv6:
			if !r.NextHop.IsValid() || r.NextHop.IsUnspecified() {
				r.NextHop = netip.AddrFrom16([16]byte(v))
				r.Has |= HasNextHop
			}
		case opSourcePrefix:
			r.Source.PrefixLength = max(r.Source.PrefixLength, v[0])
		case opDestinationPrefix:
			r.Destination.PrefixLength = max(r.Destination.PrefixLength, v[0])
		case opInput:
			r.Input = uint32(number(v))
			r.Has |= HasInput
		case opOutput:
			r.Output = uint32(number(v))
			r.Has |= HasOutput
		case opSourceAS:
			r.Source.AS = uint32(number(v))
			r.Has |= HasSourceAS
		case opDestinationAS:
			r.Destination.AS = uint32(number(v))
			r.Has |= HasDestinationAS
		case opLastSwitched:
			r.End = clock.At(uint32(number(v)))
			r.Has |= HasEnd
		case opFirstSwitched:
			r.Start = clock.At(uint32(number(v)))
			r.Has |= HasStart
		case opStartSeconds:
			absolute(&r.Start, &r.Has, v, 1e9, HasStart)
		case opEndSeconds:
			absolute(&r.End, &r.Has, v, 1e9, HasEnd)
		case opStartMilliseconds:
			absolute(&r.Start, &r.Has, v, 1e6, HasStart)
		case opEndMilliseconds:
			absolute(&r.End, &r.Has, v, 1e6, HasEnd)
		case opICMPTypeCode:
			if v[0] != 0 || v[1] != 0 { // a template for both families has this field twice, once empty
				r.ICMPType, r.ICMPCode = v[0], v[1]
			}
			r.Has |= HasICMP
		case opICMPType:
			if v[0] != 0 {
				r.ICMPType = v[0]
			}
			r.Has |= HasICMP
		case opICMPCode:
			if v[0] != 0 {
				r.ICMPCode = v[0]
			}
			r.Has |= HasICMP
		case opSourceMAC:
			mac(&r.Source.MAC, &r.Has, v, HasSourceMAC)
		case opDestinationMAC:
			mac(&r.Destination.MAC, &r.Has, v, HasDestinationMAC)
		case opVLAN:
			if vlan := uint16(number(v)); vlan != 0 || r.Has&HasVLAN == 0 {
				r.VLAN = vlan
				r.Has |= HasVLAN
			}
		case opDirection:
			r.Direction = v[0]
			r.Has |= HasDirection
		case opSkip:
		}
	}
}

// number reads an unsigned integer of 1 to 8 octets, big endian.
func number(v []byte) uint64 {
	switch len(v) {
	case 1:
		return uint64(v[0])
	case 2:
		return uint64(binary.BigEndian.Uint16(v))
	case 4:
		return uint64(binary.BigEndian.Uint32(v))
	case 8:
		return binary.BigEndian.Uint64(v)
	}
	var n uint64
	for _, b := range v {
		n = n<<8 | uint64(b)
	}
	return n
}

// absolute sets a time given in Unix time, in units of so many nanoseconds. 0 is no time, nor is one that nanoseconds have no room for
// (after the year 2262).
func absolute(t *int64, has *Fields, v []byte, unit uint64, bit Fields) {
	if n := number(v); n != 0 && n <= math.MaxInt64/unit {
		*t = int64(n * unit)
		*has |= bit
	}
}

// address4 sets an address unless the template carries both families and this one is empty.
func address4(a *netip.Addr, v []byte) {
	if n := [4]byte(v); n != [4]byte{} || !a.IsValid() {
		*a = netip.AddrFrom4(n)
	}
}

func address6(a *netip.Addr, v []byte) {
	if n := [16]byte(v); n != [16]byte{} || !a.IsValid() {
		*a = netip.AddrFrom16(n)
	}
}

// mac sets a hardware address; exporters fill the one of the direction they do not see with zeros.
func mac(a *[6]byte, has *Fields, v []byte, bit Fields) {
	if n := [6]byte(v); n != [6]byte{} {
		*a = n
		*has |= bit
	}
}
