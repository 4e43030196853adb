package schema

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // what the specification of Community IDs wants; it keeps nothing secret
	"encoding/base64"
	"encoding/binary"

	"github.com/cespare/xxhash/v2"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// communityID appends the Community ID of version 1 with seed 0 (github.com/corelight/community-id-spec): SHA-1 of the seed, both addresses,
// the protocol and, for protocols with ports or the like, both ports, the smaller endpoint first. It needs all of them.
func communityID(dst []byte, r *flow.Record) []byte {
	from, to := r.Source.Addr, r.Destination.Addr
	if !from.IsValid() || !to.IsValid() || from.Is4() != to.Is4() {
		return dst
	}
	var a, b uint16
	ordered, ports := false, true // ordered: what has no counterpart stays as it is
	switch r.Protocol {
	case flow.ProtocolTCP, flow.ProtocolUDP, flow.ProtocolSCTP:
		if r.Has&flow.HasPorts == 0 {
			return dst
		}
		a, b = r.Source.Port, r.Destination.Port
	case flow.ProtocolICMP, flow.ProtocolICMPv6:
		if r.Has&flow.HasICMP == 0 {
			return dst
		}
		a, b, ordered = counterpart(r)
	default:
		ports = false
	}

	var text [40]byte // seed 0, addresses, protocol, 0, ports
	size := 4
	if from.Is4() {
		x, y := from.As4(), to.As4()
		if !ordered {
			if c := bytes.Compare(x[:], y[:]); c > 0 || c == 0 && a > b {
				x, y, a, b = y, x, b, a
			}
		}
		*(*[4]byte)(text[2:]), *(*[4]byte)(text[6:]) = x, y
	} else {
		size = 16
		x, y := from.As16(), to.As16()
		if !ordered {
			if c := bytes.Compare(x[:], y[:]); c > 0 || c == 0 && a > b {
				x, y, a, b = y, x, b, a
			}
		}
		*(*[16]byte)(text[2:]), *(*[16]byte)(text[18:]) = x, y
	}
	n := 2 + 2*size
	text[n] = r.Protocol
	n += 2
	if ports {
		binary.BigEndian.PutUint16(text[n:], a)
		binary.BigEndian.PutUint16(text[n+2:], b)
		n += 4
	}
	sum := sha1.Sum(text[:n]) //nolint:gosec // see above
	dst = append(dst, `"1:`...)
	dst = base64.StdEncoding.AppendEncode(dst, sum[:])
	return append(dst, '"')
}

// Types of ICMP and ICMPv6 that are asked and answered with, as Community IDs have them.
var (
	icmpCounterparts = counterparts([][2]uint8{
		{8, 0}, {13, 14}, {15, 16}, {10, 9}, {17, 18}, // echo, timestamp, information, router, address mask
	})
	icmpv6Counterparts = counterparts([][2]uint8{
		{128, 129}, {133, 134}, {135, 136}, {130, 131}, {139, 140}, {144, 145}, // echo, router, neighbour, listener, node, home agent
	})
)

func counterparts(pairs [][2]uint8) (all [256]int16) {
	for i := range all {
		all[i] = -1
	}
	for _, p := range pairs {
		all[p[0]], all[p[1]] = int16(p[1]), int16(p[0])
	}
	return all
}

// counterpart is what stands for the ports of a message of ICMP: its type and the type of the answer, or else type and code of a message that
// goes one way only.
func counterpart(r *flow.Record) (a, b uint16, oneWay bool) {
	table := &icmpCounterparts
	if r.Protocol == flow.ProtocolICMPv6 {
		table = &icmpv6Counterparts
	}
	if other := table[r.ICMPType]; other >= 0 {
		return uint16(r.ICMPType), uint16(other), false
	}
	return uint16(r.ICMPType), uint16(r.ICMPCode), true
}

// conversationID appends xxHash64 of the client's address, the server's address (16 octets each, IPv4 mapped), the server's port and the
// protocol in base64url: the same for whatever a client does with a service. Port and protocol are 0 where the record has none.
func conversationID(dst []byte, r *flow.Record) []byte {
	from, to := endpointOf(r, false), endpointOf(r, true)
	if !from.Addr.IsValid() || !to.Addr.IsValid() {
		return dst
	}
	var text [35]byte
	*(*[16]byte)(text[:]), *(*[16]byte)(text[16:]) = from.Addr.As16(), to.Addr.As16()
	if r.Has&flow.HasProtocol != 0 {
		text[34] = r.Protocol
	}
	if hasPorts(r) {
		binary.BigEndian.PutUint16(text[32:], to.Port)
	}
	var sum [8]byte
	binary.BigEndian.PutUint64(sum[:], xxhash.Sum64(text[:]))
	dst = append(dst, '"')
	dst = base64.RawURLEncoding.AppendEncode(dst, sum[:])
	return append(dst, '"')
}
