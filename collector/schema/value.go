package schema

import (
	"net/netip"
	"strconv"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

type (
	addr = netip.Addr
	// putFn appends the JSON value of a field, or reports that the record has none.
	putFn func(dst []byte, r *flow.Record) ([]byte, bool)
	// detailFn is one of a field that only records with details have.
	detailFn func(dst []byte, d *flow.Details) ([]byte, bool)
	// putter is either of them.
	putter interface {
		putFn() (fn putFn, detailed bool)
	}
)

func (f putFn) putFn() (putFn, bool) { return f, false }

func (f detailFn) putFn() (putFn, bool) {
	return func(dst []byte, r *flow.Record) ([]byte, bool) { return f(dst, r.Details) }, true
}

func constant(text string) putFn {
	value := strconv.Quote(text)
	return func(dst []byte, _ *flow.Record) ([]byte, bool) { return append(dst, value...), true }
}

func number(has flow.Fields, get func(*flow.Record) uint64) putFn {
	return func(dst []byte, r *flow.Record) ([]byte, bool) {
		if r.Has&has != has {
			return dst, false
		}
		return appendLong(dst, get(r)), true
	}
}

func quotedNumber(has flow.Fields, get func(*flow.Record) uint64) putFn {
	return func(dst []byte, r *flow.Record) ([]byte, bool) {
		if r.Has&has != has {
			return dst, false
		}
		return appendQuoted(dst, get(r)), true
	}
}

func address(get func(*flow.Record) *addr) putFn {
	return func(dst []byte, r *flow.Record) ([]byte, bool) { return appendAddr(dst, *get(r)) }
}

func appendAddr(dst []byte, a addr) ([]byte, bool) {
	if !a.IsValid() {
		return dst, false
	}
	dst = append(dst, '"')
	dst = a.AppendTo(dst)
	return append(dst, '"'), true
}

func nextHop(dst []byte, r *flow.Record) ([]byte, bool) {
	if r.Has&flow.HasNextHop == 0 || r.NextHop.IsUnspecified() {
		return dst, false
	}
	return appendAddr(dst, r.NextHop)
}

// IANA protocol numbers whose packets have ports. Exporters put type and code of ICMP into the port fields; those are no ports.
const (
	protocolICMP   = 1
	protocolICMPv6 = 58
)

func isICMP(r *flow.Record) bool { return r.Protocol == protocolICMP || r.Protocol == protocolICMPv6 }

func port(get func(*flow.Record) uint16) putFn {
	return func(dst []byte, r *flow.Record) ([]byte, bool) {
		if r.Has&flow.HasPorts == 0 || isICMP(r) {
			return dst, false
		}
		return strconv.AppendUint(dst, uint64(get(r)), 10), true
	}
}

func icmp(get func(*flow.Record) uint8) putFn {
	return func(dst []byte, r *flow.Record) ([]byte, bool) {
		if r.Has&flow.HasICMP == 0 || !isICMP(r) {
			return dst, false
		}
		return strconv.AppendUint(dst, uint64(get(r)), 10), true
	}
}

// prefix leaves 0 out: exporters without a routing table send it for every flow.
func prefix(get func(*flow.Record) uint8) putFn {
	return func(dst []byte, r *flow.Record) ([]byte, bool) {
		n := get(r)
		return strconv.AppendUint(dst, uint64(n), 10), n != 0
	}
}

func vlan(dst []byte, r *flow.Record) ([]byte, bool) {
	if r.Has&flow.HasVLAN == 0 || r.VLAN == 0 { // 0 is "untagged"
		return dst, false
	}
	return appendQuoted(dst, uint64(r.VLAN)), true
}

func hardware(has flow.Fields, get func(*flow.Record) *[6]byte) putFn {
	return func(dst []byte, r *flow.Record) ([]byte, bool) {
		if r.Has&has == 0 {
			return dst, false
		}
		return appendMAC(dst, get(r)[:]), true
	}
}

func networkType(dst []byte, r *flow.Record) ([]byte, bool) {
	switch {
	case r.Source.Addr.Is4(), !r.Source.Addr.IsValid() && r.Destination.Addr.Is4():
		return append(dst, `"ipv4"`...), true
	case r.Source.Addr.Is6(), r.Destination.Addr.Is6():
		return append(dst, `"ipv6"`...), true
	}
	return dst, false
}

func direction(dst []byte, r *flow.Record) ([]byte, bool) {
	if r.Has&flow.HasDirection == 0 {
		return dst, false
	}
	switch r.Direction {
	case 0:
		return append(dst, `"ingress"`...), true
	case 1:
		return append(dst, `"egress"`...), true
	}
	return dst, false
}

func format(dst []byte, r *flow.Record) ([]byte, bool) {
	if r.Format == flow.FormatUnknown {
		return dst, false
	}
	return appendName(dst, r.Format.String()), true
}

// appendName appends a text that needs no escapes.
func appendName(dst []byte, name string) []byte {
	dst = append(dst, '"')
	dst = append(dst, name...)
	return append(dst, '"')
}

// flags are the TCP control bits from the lowest: RFC 9293 section 3.1, NS of RFC 3540.
var flags = [...]string{`"FIN"`, `"SYN"`, `"RST"`, `"PSH"`, `"ACK"`, `"URG"`, `"ECE"`, `"CWR"`, `"NS"`}

func tcpFlags(dst []byte, r *flow.Record) ([]byte, bool) {
	if r.Has&flow.HasTCPFlags == 0 || r.Protocol != 6 {
		return dst, false
	}
	return appendFlags(dst, r.TCPFlags)
}

func appendFlags(dst []byte, set uint16) ([]byte, bool) {
	if set&(1<<len(flags)-1) == 0 {
		return dst, false
	}
	dst = append(dst, '[')
	first := true
	for i, name := range flags {
		if set&(1<<i) == 0 {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(dst, name...)
	}
	return append(dst, ']'), true
}

// transports are IANA protocol keywords in lower case, as ECS wants them.
var transports = [256]string{
	1: "icmp", 2: "igmp", 4: "ipv4", 6: "tcp", 8: "egp", 9: "igp", 17: "udp", 27: "rdp", 33: "dccp", 41: "ipv6", 43: "ipv6-route", 44: "ipv6-frag",
	46: "rsvp", 47: "gre", 50: "esp", 51: "ah", 58: "ipv6-icmp", 59: "ipv6-nonxt", 60: "ipv6-opts", 88: "eigrp", 89: "ospfigp", 94: "ipip", 97: "etherip",
	103: "pim", 108: "ipcomp", 112: "vrrp", 115: "l2tp", 124: "isis", 132: "sctp", 133: "fc", 136: "udplite", 137: "mpls-in-ip",
}

func transport(dst []byte, r *flow.Record) ([]byte, bool) {
	name := transports[r.Protocol]
	if r.Has&flow.HasProtocol == 0 || name == "" {
		return dst, false
	}
	return appendName(dst, name), true
}
