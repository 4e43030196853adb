package conformance_test

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// samples reads the flow samples of one sFlow datagram out of tshark's tree, and the counters of interfaces.
func samples(t *testing.T, tree *node) (flows []facts, counters map[uint32]facts) {
	t.Helper()
	counters = map[uint32]facts{}
	tree.each(func(n *node) bool {
		switch label := n.label(); {
		case begins(label, "Flow sample, ", "Expanded flow sample, "):
			flows = append(flows, sample(t, n))
			return false
		case begins(label, "Counters sample, ", "Expanded counters sample, "):
			if index, f := interfaceCounters(t, n); f != nil {
				counters[index] = f
			}
			return false
		}
		return true
	})
	return flows, counters
}

// headerFields are the facts in a sampled header, by tshark's names.
var headerFields = map[string]string{
	"ip.src": "source", "ip.dst": "destination", "ipv6.src": "source", "ipv6.dst": "destination",
	"ip.proto": "protocol", "ip.dsfield": "TOS", "ipv6.tclass": "TOS",
	"udp.srcport": "source port", "udp.dstport": "destination port", "tcp.srcport": "source port", "tcp.dstport": "destination port",
	"sctp.srcport": "source port", "sctp.dstport": "destination port", "tcp.flags": "TCP flags",
	"eth.src": "source MAC", "eth.dst": "destination MAC", "vlan.id": "VLAN", "ip.len": "octets",
}

func sample(t *testing.T, n *node) facts {
	t.Helper()
	f := facts{"packets": "1"}
	var icmp [2]string
	n.each(func(c *node) bool {
		if name, ok := headerFields[c.Name]; ok && f[name] == "" {
			f.set(name, shown(t, c))
		}
		switch {
		case c.Name == "ipv6.plen":
			const header = 40
			f.set("octets", header+number(t, c.Show))
		case c.Name == "ipv6.nxt" && f["protocol"] == "":
			f.set("protocol", number(t, c.Show))
		case c.Name == "icmp.type" || c.Name == "icmpv6.type":
			icmp[0] = c.Show
		case c.Name == "icmp.code" || c.Name == "icmpv6.code":
			icmp[1] = c.Show
		case begins(c.label(), "Input interface (ifIndex): "):
			f.set("input", afterColon(c))
		case begins(c.label(), "Output interface (ifIndex): "):
			f.set("output", afterColon(c))
		case begins(c.label(), "Sampling rate: 1 out of "):
			f.set("sampling", strings.Fields(c.label())[5])
		}
		return true
	})
	if icmp[0] != "" {
		f.set("ICMP", icmp[0]+"/"+icmp[1])
	}
	return f
}

// counterFields are the facts of generic interface counters, by tshark's labels.
var counterFields = map[string]string{
	"Interface Speed": "speed", "Input Octets": "octets in", "Output Octets": "octets out",
	"Input Packets": "unicast in", "Output Packets": "unicast out", "Input Multicast Packets": "multicast in",
	"Output Multicast Packets": "multicast out", "Input Broadcast Packets": "broadcast in", "Output Broadcast Packets": "broadcast out",
	"Input Discarded Packets": "discards in", "Output Discarded Packets": "discards out",
	"Input Errors": "errors in", "Output Errors": "errors out", "Input Unknown Protocol Packets": "unknown protocols in",
}

func interfaceCounters(t *testing.T, n *node) (index uint32, f facts) {
	t.Helper()
	n.each(func(c *node) bool {
		label, _, _ := strings.Cut(c.label(), ":")
		if label == "Interface index" {
			index, f = uint32(number(t, c.Show)), facts{}
		}
		if name, ok := counterFields[label]; ok && f != nil {
			f.set(name, number(t, c.Show))
		}
		return true
	})
	return index, f
}

func ourCounters(c flow.InterfaceCounters) facts {
	f := facts{}
	for name, value := range map[string]uint64{
		"speed": c.Speed, "octets in": c.InOctets, "octets out": c.OutOctets,
		"unicast in": uint64(c.InUnicast), "unicast out": uint64(c.OutUnicast),
		"multicast in": uint64(c.InMulticast), "multicast out": uint64(c.OutMulticast),
		"broadcast in": uint64(c.InBroadcast), "broadcast out": uint64(c.OutBroadcast),
		"discards in": uint64(c.InDiscards), "discards out": uint64(c.OutDiscards),
		"errors in": uint64(c.InErrors), "errors out": uint64(c.OutErrors), "unknown protocols in": uint64(c.InUnknownProtocols),
	} {
		f.set(name, value)
	}
	return f
}

func shown(t *testing.T, n *node) string {
	t.Helper()
	if strings.Count(n.Show, ":") == 5 {
		if mac, err := net.ParseMAC(n.Show); err == nil {
			return mac.String()
		}
	}
	if begins(n.Show, "0x") {
		return strconv.FormatUint(number(t, n.Show), 10)
	}
	return n.Show
}

func number(t *testing.T, s string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(s, 0, 64)
	if err != nil {
		t.Fatalf("%q is no number", s)
	}
	return n
}

func afterColon(n *node) string {
	_, value, _ := strings.Cut(n.label(), ": ")
	return fmt.Sprint(value)
}
