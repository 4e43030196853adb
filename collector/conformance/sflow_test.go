package conformance_test

import (
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// samples reads the flow samples of one sFlow datagram out of tshark's tree, and the counters of interfaces. A sample has no time: it is
// that of the datagram.
func samples(t *testing.T, tree *node, received time.Time) (flows []facts, counters map[uint32]facts) {
	t.Helper()
	counters = map[uint32]facts{}
	tree.each(func(n *node) bool {
		switch label := n.label(); {
		case begins(label, "Flow sample, ", "Expanded flow sample, "):
			f := sample(t, n)
			f.set("start", received.UnixNano())
			f.set("end", received.UnixNano())
			flows = append(flows, f)
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

// discarded is the output interface of a packet that was dropped for an unknown reason: format 1 in the two highest bits, reason 256
// (sFlow version 5, "interface"). In the words of IPFIX it is forwardingStatus (89) dropped, reason unknown.
const discarded = "40000100"

func sample(t *testing.T, n *node) facts {
	t.Helper()
	f := facts{"packets": "1"}
	var icmp [2]string
	var source string // of the sample: an interface that the packets came in by, or left by
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
		case begins(c.label(), "Input interface (ifIndex): ", "Input interface value: "):
			f.set("input", afterColon(c))
		case begins(c.label(), "Output interface (ifIndex): ", "Output interface value: "):
			f.set("output", afterColon(c))
		case c.Name == "sflow.flow_sample.source_id_index":
			source = c.Show
		case c.Name == "sflow.flow_sample.output_interface" && c.Value == discarded:
			f.set("forwarding status", 2<<6)
		case begins(c.label(), "Sampling rate: 1 out of "):
			f.set("sampling", strings.Fields(c.label())[5])
		}
		return true
	})
	if source != "" && source == f["input"] {
		f.set("direction", 0)
	} else if source != "" && source == f["output"] {
		f.set("direction", 1)
	}
	if icmp[0] != "" {
		f.set("ICMP", icmp[0]+"/"+icmp[1])
	}
	return f
}

// counterFields are the facts of generic interface counters, by tshark's names.
var counterFields = map[string]string{
	"ifspeed": "speed", "iftype": "interface type", "ifdirection": "duplex",
	"ifinoct": "octets in", "ifinpkt": "unicast in", "ifinmcast": "multicast in", "ifinbcast": "broadcast in",
	"ifindisc": "discards in", "ifinerr": "errors in", "ifinunk": "unknown protocols in",
	"ifoutoct": "octets out", "ifoutpkt": "unicast out", "ifoutmcast": "multicast out", "ifoutbcast": "broadcast out",
	"ifoutdisc": "discards out", "ifouterr": "errors out",
}

// interfaceCounters reads the generic counters in a sample. tshark 4.0 loses its way behind records that it does not know, as Open vSwitch
// sends them first; then there are none.
func interfaceCounters(t *testing.T, n *node) (index uint32, f facts) {
	t.Helper()
	n.each(func(c *node) bool {
		name := strings.TrimPrefix(c.Name, "sflow_245.")
		if name == "ifindex" {
			index, f = uint32(number(t, c.Show)), facts{}
		}
		if fact, ok := counterFields[name]; ok && f != nil {
			f.set(fact, number(t, c.Show))
		}
		return true
	})
	return index, f
}

func ourCounters(c flow.InterfaceCounters) facts {
	f := facts{}
	for name, value := range map[string]uint64{
		"speed": c.Speed, "interface type": uint64(c.Type), "duplex": uint64(c.Direction),
		"octets in": c.InOctets, "octets out": c.OutOctets,
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
	return value
}
