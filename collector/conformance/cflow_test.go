package conformance_test

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"
)

// cflow reads records of NetFlow and IPFIX out of tshark's trees.
type cflow struct {
	t       *testing.T
	options map[string]bool // ids of options templates
	started int64           // when the exporter said it started, Unix nanoseconds: systemInitTimeMilliseconds
}

// names are the facts by tshark's names of fields, the preferred one first: one that is there, or where several may be, each for one
// family or direction, one that is not zero.
var names = []struct {
	fact   string
	ranked bool // the first that is there, zero or not
	fields []string
}{
	{"source", false, []string{"srcaddr", "srcaddrv6", "srcnet", "srcprefix"}},
	{"destination", false, []string{"dstaddr", "dstaddrv6", "dstnet", "dstprefix"}},
	{"source port", false, []string{"srcport"}},
	{"destination port", false, []string{"dstport"}},
	{"protocol", false, []string{"protocol"}},
	{"octets", true, []string{"octets", "permanent_octets", "initiator_octets", "post_octets"}},
	{"packets", true, []string{"packets", "permanent_packets", "initiator_packets", "post_packets"}},
	{"TCP flags", false, []string{"tcpflags"}},
	{"TOS", true, []string{"tos"}},
	{"input", true, []string{"inputint"}},
	{"output", true, []string{"outputint"}},
	{"source AS", true, []string{"srcas"}},
	{"destination AS", true, []string{"dstas"}},
	{"source prefix length", false, []string{"srcmask", "srcmaskv6"}},
	{"destination prefix length", false, []string{"dstmask", "dstmaskv6"}},
	{"next hop", false, []string{"nexthop", "nexthopv6", "bgpnexthop", "bgpnexthopv6"}},
	{"source MAC", false, []string{"srcmac", "post_srcmac"}},
	{"destination MAC", false, []string{"dstmac", "post_dstmac"}},
	{"VLAN", false, []string{"vlanid", "dot1q_vlan_id", "post_vlanid"}},
	{"direction", true, []string{"direction"}},
	{"flow end reason", true, []string{"flow_end_reason"}},
	{"firewall event", true, []string{"firewall_event"}},
	{"extended event", true, []string{"fw_ext_event"}},
	{"NAT event", true, []string{"nat_event"}},
	{"flow id", true, []string{"flow_id"}},
	{"source after NAT", false, []string{"post_natsource_ipv4_address", "post_natsource_ipv6_address"}},
	{"destination after NAT", false, []string{"post_natdestination_ipv4_address", "post_natdestination_ipv6_address"}},
	{"source port after NAT", true, []string{"post_naptsource_transport_port"}},
	{"destination port after NAT", true, []string{"post_naptdestination_transport_port"}},
	{"input VRF", true, []string{"ingress_vrfid"}},
	{"output VRF", true, []string{"egress_vrfid"}},
	{"station MAC", true, []string{"sta_mac_address"}},
	{"access point MAC", true, []string{"wtp_mac_address"}},
	{"SSID", true, []string{"wlan_ssid"}},
	{"user", true, []string{"aaa_username"}},
	{"reverse octets", true, []string{"octets (reverse)", "responder_octets"}},
	{"reverse packets", true, []string{"packets (reverse)", "responder_packets"}},
	{"reverse TCP flags", true, []string{"tcpflags (reverse)"}},
}

// records reads the records of one packet, those about the exporter itself left out.
func (c *cflow) records(tree *node) []facts {
	clock, hasClock := c.clock(tree)
	var all []facts
	set := ""
	tree.each(func(n *node) bool {
		label := n.label()
		switch {
		case n.Name == "cflow.sys_init_time":
			c.started = moment(c.t, n.Show)
		case n.Name == "" && begins(label, "FlowSet ", "Set "):
			set = label
		case n.Name == "" && begins(label, "Template (Id = "):
			id, _, _ := strings.Cut(strings.TrimPrefix(label, "Template (Id = "), ",")
			c.options[id] = false
		case n.Name == "" && begins(label, "Options Template (Id = ", "Option Template (Id = ", "Options Template (Id: "):
			id := strings.FieldsFunc(label, func(r rune) bool { return r < '0' || r > '9' })
			c.options[id[0]] = true
		case n.Name == "" && begins(label, "Flow ", "pdu "):
			_, id, _ := strings.Cut(set, "[id=")
			id, _, _ = strings.Cut(id, "]")
			if !c.options[id] {
				all = append(all, c.record(n, clock, hasClock))
			} else if init := n.find("cflow.sys_init_time"); init != nil {
				c.started = moment(c.t, init.Show)
			}
			return false
		}
		return true
	})
	return all
}

// clock is the exporter's time and uptime in the header: NetFlow has both.
func (c *cflow) clock(tree *node) (at func(uptime uint32) int64, ok bool) {
	uptime, seconds, nanoseconds := tree.find("cflow.sysuptime"), tree.find("cflow.unix_secs"), tree.find("cflow.unix_nsecs")
	if uptime == nil || seconds == nil {
		return nil, false
	}
	unix := int64(hexadecimal(c.t, seconds.Value)) * 1e9
	if nanoseconds != nil {
		unix += int64(hexadecimal(c.t, nanoseconds.Value))
	}
	now := uint32(hexadecimal(c.t, uptime.Value))
	return func(then uint32) int64 { return unix - int64(int32(now-then))*1e6 }, true
}

// record turns the fields of a record into facts.
func (c *cflow) record(n *node, clock func(uint32) int64, hasClock bool) facts {
	said := map[string][]*node{}
	n.each(func(f *node) bool {
		name := strings.TrimPrefix(f.Name, "cflow.")
		if strings.Contains(f.Title, "(Reverse Type ") {
			name += " (reverse)"
		}
		said[name] = append(said[name], f)
		return true
	})
	f := facts{}
	for _, name := range names {
		if chosen := choose(said, name.fields, name.ranked); chosen != nil {
			f.set(name.fact, plain(c.t, chosen))
		}
	}
	c.station(f, said)
	for fact, fields := range map[string][]string{
		"start": {"timestart", "abstimestart"},
		"end":   {"timeend", "abstimeend", "observation_time_milliseconds"}, // the moment of an event is all that Cisco NSEL says
	} {
		if absolute := choose(said, fields[1:], false); absolute != nil && strings.Trim(absolute.Value, "0") != "" {
			f.set(fact, moment(c.t, absolute.Show))
		} else if relative := choose(said, fields[:1], true); relative != nil {
			uptime := uint32(hexadecimal(c.t, relative.Value))
			if hasClock {
				f.set(fact, clock(uptime))
			} else if c.started != 0 {
				f.set(fact, c.started+int64(uptime)*1e6)
			}
		}
	}
	c.icmp(f, said)
	if status := choose(said, []string{"forwarding_status"}, true); status != nil {
		code := choose(said, []string{
			"forwarding_status_forward_code", "forwarding_status_consume_code", "forwarding_status_drop_code", "forwarding_status_unknown_code",
		}, true)
		if code != nil {
			f.set("forwarding status", hexadecimal(c.t, status.Value)<<6|hexadecimal(c.t, code.Value))
		}
	}
	return f
}

// station is the wireless client that a controller reports on: what goes in comes from it, what goes out goes to it.
func (c *cflow) station(f facts, said map[string][]*node) {
	station := choose(said, []string{"sta_ipv4_address"}, true)
	if station == nil || f["source"] != "" || f["destination"] != "" {
		return
	}
	if f["direction"] == "1" {
		f.set("destination", station.Show)
		return
	}
	f.set("source", station.Show)
}

// icmp finds type and code in one of the places exporters put them.
func (c *cflow) icmp(f facts, said map[string][]*node) {
	if both := choose(said, []string{"icmp_type_code_ipv4", "icmp_type_code_ipv6", "icmp_type"}, false); both != nil {
		n := hexadecimal(c.t, both.Value)
		f.set("ICMP", fmt.Sprintf("%d/%d", n>>8, n&0xff))
		return
	}
	kind := choose(said, []string{"icmp_ipv4_type", "icmp_ipv6_type"}, false)
	code := choose(said, []string{"icmp_ipv4_code", "icmp_ipv6_code"}, false)
	if kind != nil && code != nil {
		f.set("ICMP", fmt.Sprintf("%d/%d", hexadecimal(c.t, kind.Value), hexadecimal(c.t, code.Value)))
		return
	}
	port, ok := f["destination port"]
	if ok && (f["protocol"] == "1" || f["protocol"] == "58") {
		n, err := strconv.Atoi(port)
		if err != nil {
			c.t.Fatal(err)
		}
		// fprobe has the type in the source port.
		if source := f["source port"]; source != "0" && n <= 0xff {
			f.set("ICMP", fmt.Sprintf("%s/%d", source, n))
			return
		}
		f.set("ICMP", fmt.Sprintf("%d/%d", n>>8, n&0xff))
	}
}

func choose(said map[string][]*node, fields []string, ranked bool) (chosen *node) {
	for _, name := range fields {
		for _, n := range said[name] {
			if chosen == nil {
				chosen = n
			}
			if ranked || strings.Trim(n.Value, "0") != "" {
				return n
			}
		}
	}
	return chosen
}

// plain is the value of a field without tshark's ornaments.
func plain(t *testing.T, n *node) string {
	t.Helper()
	if a, err := netip.ParseAddr(n.Show); err == nil {
		return a.String()
	}
	if mac, err := net.ParseMAC(n.Show); err == nil {
		return mac.String()
	}
	switch n.Name {
	case "cflow.wlan_ssid", "cflow.aaa_username":
		return n.Show
	}
	return strconv.FormatUint(hexadecimal(t, n.Value), 10)
}

func hexadecimal(t *testing.T, value string) uint64 {
	t.Helper()
	if value == "" {
		return 0 // a field of no octets
	}
	n, err := strconv.ParseUint(value, 16, 64)
	if err != nil {
		t.Fatalf("%q is no number: %v", value, err)
	}
	return n
}

// moment reads a time as tshark shows it.
func moment(t *testing.T, show string) int64 {
	t.Helper()
	at, err := time.Parse("Jan _2, 2006 15:04:05.999999999 MST", show)
	if err != nil {
		t.Fatal(err)
	}
	return at.UnixNano()
}
