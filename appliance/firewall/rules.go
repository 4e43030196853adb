package firewall

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
)

// What a set of a group holds, by the end of its name, and how nft declares it.
var setTypes = []struct{ suffix, declaration string }{
	{"_udp", "type inet_service;"},
	{"_tcp", "type inet_service;"},
	{"_ip4", "type ipv4_addr; flags interval;"},
	{"_ip6", "type ipv6_addr; flags interval;"},
}

// elements are those of a group's set.
func (g Group) elements(suffix string) string {
	switch suffix {
	case "_udp":
		return listPorts(g.UDP)
	case "_tcp":
		return listPorts(g.TCP)
	case "_ip4":
		return list(networks(g.Allowed, netip.Addr.Is4), netip.Prefix.String)
	}
	return list(networks(g.Allowed, netip.Addr.Is6), netip.Prefix.String)
}

// add reads what elements wrote.
func (g *Group) add(suffix, elements string) error {
	for word := range strings.SplitSeq(elements, ",") {
		word = strings.TrimSpace(word)
		switch suffix {
		case "_udp", "_tcp":
			port, err := strconv.ParseUint(word, 10, 16)
			if err != nil {
				return err
			}
			if suffix == "_udp" {
				g.UDP = append(g.UDP, uint16(port))
			} else {
				g.TCP = append(g.TCP, uint16(port))
			}
		default:
			network, err := netip.ParsePrefix(word)
			if err != nil {
				return err
			}
			g.Allowed = append(g.Allowed, network.Masked())
		}
	}
	return nil
}

func groupChain(name string) string { return "group_" + name }

// Rules is the file nft loads. Its first two lines make the table and delete it, so that loading replaces what there is in one
// transaction. No rule looks at connections: tracking them would cost every flow packet time and memory.
func Rules(spec Spec) []byte {
	var out bytes.Buffer
	out.WriteString(host.Managed)
	fmt.Fprintf(&out, "table %s %s\ndelete table %[1]s %[2]s\ntable %[1]s %[2]s {\n", Family, Table)
	names := slices.Sorted(maps.Keys(spec))
	for _, name := range names {
		for _, set := range setTypes {
			fmt.Fprintf(&out, "\tset %s%s { %s ", name, set.suffix, set.declaration)
			if elements := spec[name].elements(set.suffix); elements != none {
				fmt.Fprintf(&out, "elements = { %s } ", elements)
			}
			out.WriteString("}\n")
		}
	}
	for _, name := range names {
		fmt.Fprintf(&out, "\tchain %s {\n\t\tip saddr @%s_ip4 accept\n\t\tip6 saddr @%[2]s_ip6 accept\n\t\tcounter drop\n\t}\n", groupChain(name), name)
	}
	out.WriteString("\tchain input {\n\t\ttype filter hook input priority -10; policy accept;\n\t\tiifname \"lo\" accept\n")
	for _, name := range names {
		fmt.Fprintf(&out, "\t\tudp dport @%s_udp jump %s\n\t\ttcp dport @%[1]s_tcp jump %[2]s\n", name, groupChain(name))
	}
	out.WriteString("\t}\n}\n")
	return out.Bytes()
}

// The fact about everything that is the same for all groups.
const (
	rulesFact = "rules"
	complete  = "complete"
)

// RulesFormat reads the file back.
type RulesFormat struct{}

var setLine = regexp.MustCompile(`^\s*set ([a-z0-9_]+)(_udp|_tcp|_ip4|_ip6) \{ [^{}]*(?:elements = \{ ([^{}]*) \} )?\}$`)

// Facts implements host.Format.
func (RulesFormat) Facts(content []byte) (map[string]string, error) {
	spec := Spec{}
	number := 0
	for line := range strings.Lines(string(content)) {
		number++
		match := setLine.FindStringSubmatch(strings.TrimRight(line, "\n"))
		if match == nil {
			continue
		}
		g := spec[match[1]]
		if match[3] != "" {
			if err := g.add(match[2], match[3]); err != nil {
				return nil, fmt.Errorf("line %d: %w", number, err)
			}
		}
		spec[match[1]] = g
	}
	facts := spec.facts()
	facts[rulesFact] = complete
	if !slices.Equal(instructions(content), instructions(Rules(spec))) {
		facts[rulesFact] = "changed"
	}
	return facts, nil
}

// instructions are the lines that count, in their order. Sets are compared by what is in them.
func instructions(content []byte) []string {
	var lines []string
	for line := range strings.Lines(string(content)) {
		line = strings.TrimSpace(line)
		if match := setLine.FindStringSubmatch(line); match != nil {
			line = "set " + match[1] + match[2]
		}
		if line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return lines
}

var errNotListing = errors.New("not a listing of nft")
