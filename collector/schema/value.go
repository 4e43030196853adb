package schema

import (
	"strconv"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// put appends the JSON value of a field. It appends nothing when the record has none.
type put func(dst []byte, r *flow.Record) []byte

// value is how a field gets into the document: a put for records that have all of need, or else a constant.
type value struct {
	need     flow.Fields
	put      put
	constant string // JSON
}

func always(p put) value { return value{put: p} }

func when(need flow.Fields, p put) value { return value{need: need, put: p} }

func constant(json string) value { return value{constant: json} }

// detailed is a value that only records with details have, which are few.
func detailed(p func(dst []byte, d *flow.Details, r *flow.Record) []byte) value {
	return value{need: hasDetails, put: func(dst []byte, r *flow.Record) []byte { return p(dst, r.Details, r) }}
}

// observed is a text that is known of the exporter.
func observed(get func(o *flow.Observer) []byte) value {
	return value{need: hasObserver, put: func(dst []byte, r *flow.Record) []byte { return append(dst, get(r.Observer)...) }}
}

func observerName(o *flow.Observer) []byte { return o.Name }

func observerSite(o *flow.Observer) []byte { return o.Site }

func exporterIP(dst []byte, r *flow.Record) []byte { return appendAddr(dst, r.Exporter) }

func networkType(dst []byte, r *flow.Record) []byte {
	switch {
	case r.Source.Addr.Is4(), !r.Source.Addr.IsValid() && r.Destination.Addr.Is4():
		return append(dst, `"ipv4"`...)
	case r.Source.Addr.Is6(), r.Destination.Addr.Is6():
		return append(dst, `"ipv6"`...)
	}
	return dst
}

// transports are IANA protocol keywords in lower case, as ECS wants them.
var transports = quoted([256]string{
	1: "icmp", 2: "igmp", 4: "ipv4", 6: "tcp", 8: "egp", 9: "igp", 17: "udp", 27: "rdp", 33: "dccp", 41: "ipv6", 43: "ipv6-route", 44: "ipv6-frag",
	46: "rsvp", 47: "gre", 50: "esp", 51: "ah", 58: "ipv6-icmp", 59: "ipv6-nonxt", 60: "ipv6-opts", 88: "eigrp", 89: "ospfigp", 94: "ipip", 97: "etherip",
	103: "pim", 108: "ipcomp", 112: "vrrp", 115: "l2tp", 124: "isis", 132: "sctp", 133: "fc", 136: "udplite", 137: "mpls-in-ip",
})

// quoted makes JSON strings of the names that there are.
func quoted(names [256]string) [256]string {
	for i, name := range names {
		if name != "" {
			names[i] = `"` + name + `"`
		}
	}
	return names
}

// Transport is IANA's keyword of a protocol in lower case; empty where it has none.
func Transport(protocol uint8) string { return strings.Trim(transports[protocol], `"`) }

func transport(dst []byte, r *flow.Record) []byte { return append(dst, transports[r.Protocol]...) }

func protocolNumber(dst []byte, r *flow.Record) []byte { return appendQuoted(dst, uint64(r.Protocol)) }

// vlan leaves 0 out, which is "untagged".
func vlan(dst []byte, r *flow.Record) []byte {
	if r.VLAN == 0 {
		return dst
	}
	return appendQuoted(dst, uint64(r.VLAN))
}

// application is what the exporter recognised, or else what the port stands for.
func application(dst []byte, r *flow.Record) []byte {
	if r.Details != nil && len(r.Details.ApplicationName) > 0 {
		before := len(dst)
		dst = appendText(dst, r.Details.ApplicationName)
		lower(dst[before:])
		return dst
	}
	return append(dst, r.Application...)
}

// ApplicationName is the name of an application as documents have it: a JSON string in lower case, as ECS wants it. It is nil when name is empty.
func ApplicationName(name string) []byte {
	text := JSONString(name)
	lower(text)
	return text
}

// lower turns the letters of ASCII into small ones. Those of escapes are small ones already.
func lower(text []byte) {
	for i, c := range text {
		if 'A' <= c && c <= 'Z' {
			text[i] = c + 'a' - 'A'
		}
	}
}

func format(dst []byte, r *flow.Record) []byte {
	if r.Format == flow.FormatUnknown {
		return dst
	}
	return appendName(dst, r.Format.String())
}

func domain(dst []byte, r *flow.Record) []byte { return appendUint(dst, uint64(r.Domain)) }

func sequence(dst []byte, r *flow.Record) []byte { return appendUint(dst, uint64(r.Sequence)) }

// directions are those of IANA's flowDirection (61).
var directions = [...]string{`"ingress"`, `"egress"`}

func direction(dst []byte, r *flow.Record) []byte {
	if int(r.Direction) >= len(directions) {
		return dst
	}
	return append(dst, directions[r.Direction]...)
}

func tos(dst []byte, r *flow.Record) []byte { return appendUint(dst, uint64(r.TOS)) }

// codePoints are the names of IANA's registry "Differentiated Services Field Codepoints" (RFC 2474, 2597, 3246, 5865, 8622); the others are
// their numbers.
var codePoints = func() (all [64]string) {
	named := map[int]string{
		0: "CS0", 8: "CS1", 16: "CS2", 24: "CS3", 32: "CS4", 40: "CS5", 48: "CS6", 56: "CS7", 10: "AF11", 12: "AF12", 14: "AF13", 18: "AF21", 20: "AF22",
		22: "AF23", 26: "AF31", 28: "AF32", 30: "AF33", 34: "AF41", 36: "AF42", 38: "AF43", 46: "EF", 44: "VOICE-ADMIT", 1: "LE",
	}
	for i := range all {
		name, is := named[i]
		if !is {
			name = strconv.Itoa(i)
		}
		all[i] = `"` + name + `"`
	}
	return all
}()

// dscp is the upper six bits of the octet; the lower two are congestion notification (RFC 3168).
func dscp(dst []byte, r *flow.Record) []byte { return append(dst, codePoints[r.TOS>>2]...) }

func icmpType(dst []byte, r *flow.Record) []byte { return appendUint(dst, uint64(r.ICMPType)) }

func icmpCode(dst []byte, r *flow.Record) []byte { return appendUint(dst, uint64(r.ICMPCode)) }

func nextHop(dst []byte, r *flow.Record) []byte {
	if r.NextHop.IsUnspecified() {
		return dst
	}
	return appendAddr(dst, r.NextHop)
}

// sourcePrefix leaves 0 out: exporters without a routing table send it for every flow.
func sourcePrefix(dst []byte, r *flow.Record) []byte {
	if r.Source.PrefixLength == 0 {
		return dst
	}
	return appendUint(dst, uint64(r.Source.PrefixLength))
}

func destinationPrefix(dst []byte, r *flow.Record) []byte {
	if r.Destination.PrefixLength == 0 {
		return dst
	}
	return appendUint(dst, uint64(r.Destination.PrefixLength))
}

// tcpFlagNames are the TCP control bits from the lowest: RFC 9293 section 3.1, NS of RFC 3540.
var tcpFlagNames = [...]string{`"FIN"`, `"SYN"`, `"RST"`, `"PSH"`, `"ACK"`, `"URG"`, `"ECE"`, `"CWR"`, `"NS"`}

// flagSets are the lists of all sets of them; nothing for none.
var flagSets = func() (all [1 << len(tcpFlagNames)]string) {
	for set := range all {
		list, comma := "", "["
		for i, name := range tcpFlagNames {
			if set&(1<<i) != 0 {
				list, comma = list+comma+name, ","
			}
		}
		if list != "" {
			all[set] = list + "]"
		}
	}
	return all
}()

func appendFlags(dst []byte, set uint16) []byte {
	return append(dst, flagSets[int(set)%len(flagSets)]...)
}

func tcpFlags(dst []byte, r *flow.Record) []byte {
	if r.Protocol != flow.ProtocolTCP {
		return dst
	}
	return appendFlags(dst, r.TCPFlags)
}
