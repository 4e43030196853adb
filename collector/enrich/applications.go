package enrich

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/gaissmai/bart"
	"go.yaml.in/yaml/v3"

	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
	"github.com/flowstack/terraform-provider-flowstack/collector/yamlfile"
)

// Bounds of an applications file.
const (
	MaxApplications = 4096 // entries
	MaxPortRanges   = 8192 // ports and ranges of all entries: twice as many groups for each of 4 transports have numbers of 16 bits
	MaxScoped       = 64   // entries with networks for one port: each record of the port looks at all of them
)

// application is an entry of an applications file.
type application struct {
	name        string
	first, last uint16
	transports  []int
	networks    []netip.Prefix // in which the server must be; none is anywhere
	at          cell           // of the ports
}

// applications are names by port that a user gave.
type applications struct {
	plain *portNames
	// scoped are the entries with networks, in the order in which they count: those of a port are rules[group].
	group   [4][1 << 16]uint16
	rules   [][]*scopedRule
	entries int
}

type scopedRule struct {
	networks bart.Lite
	name     []byte // JSON string
}

var applicationColumns = columns{required: []string{"name", "ports"}, optional: []string{"protocols", "networks"}}

// CheckApplications finds the mistakes of an applications file (enrich.applications_file), which is YAML; file is its name, for messages.
// Nil: there are none.
func CheckApplications(file string, data []byte) yamlfile.Errors {
	_, mistakes := parseApplications(file, data)
	return mistakes
}

func parseApplications(file string, data []byte) (*applications, yamlfile.Errors) {
	r := &reader{file: file}
	var list []*application
	entries, full := 0, false
	r.list(r.root(data, "applications"), "applications", func(key string, n *yaml.Node) {
		if full {
			return
		}
		if entries++; entries > MaxApplications {
			full = true
			r.fail(place(n), key, fmt.Sprintf("a file may have at most %d applications", MaxApplications))
			return
		}
		list = append(list, r.application(key, n)...)
		if len(list) > MaxPortRanges {
			full = true
			r.fail(place(n), key+".ports", fmt.Sprintf("a file may have at most %d ports and ranges", MaxPortRanges))
		}
	})
	r.repeated(list)
	if r.mistakes() > 0 {
		return nil, r.result()
	}
	a := newApplications(r, list)
	a.entries = entries
	if mistakes := r.result(); mistakes != nil {
		return nil, mistakes
	}
	return a, nil
}

// application reads an entry: one for each of its ranges of ports, none when there are mistakes.
func (r *reader) application(key string, n *yaml.Node) []*application {
	before := r.mistakes()
	members, ok := r.mapping(n, key, applicationColumns)
	if !ok {
		return nil
	}
	name := r.text(r.scalar(members["name"], key+".name"))
	var on []int
	for _, c := range r.scalars(members["protocols"], key+".protocols") {
		switch t := slices.Index(transports, c.text); {
		case c.text == "any":
			on = append(on, 0, 1, 2, 3)
		case t < 0:
			r.fail(c.at, c.key, unknown("protocol", c.text, append(slices.Clone(transports), "any")))
		default:
			on = append(on, t)
		}
	}
	if members["protocols"] == nil {
		on = []int{0, 1, 2, 3}
	}
	slices.Sort(on)
	on = slices.Compact(on)
	var within []netip.Prefix
	for _, c := range r.scalars(members["networks"], key+".networks") {
		if p, ok := r.network(c); ok {
			within = append(within, p)
		}
	}
	var list []*application
	for _, c := range r.scalars(members["ports"], key+".ports") {
		if first, last, ok := r.ports(c); ok {
			list = append(list, &application{name, first, last, on, within, c})
		}
	}
	if r.failed(before) {
		return nil
	}
	return list
}

// ports reads 8080 or 8000-8099.
func (r *reader) ports(c cell) (first, last uint16, ok bool) {
	from, to, isRange := strings.Cut(c.text, "-")
	if !isRange {
		to = from
	}
	a, errA := strconv.ParseUint(from, 10, 16)
	b, errB := strconv.ParseUint(to, 10, 16)
	if errA != nil || errB != nil || a == 0 || a > b {
		r.fail(c.at, c.key, fmt.Sprintf("%q must be a port from 1 to 65535, or a range such as 8000-8099", clip(c.text)))
		return 0, 0, false
	}
	return uint16(a), uint16(b), true
}

// repeated complains about ports that are said twice in the same words.
func (r *reader) repeated(list []*application) {
	type key struct {
		transport   int
		first, last uint16
		networks    string
	}
	lines := map[key]int{}
	for _, a := range list {
		for _, t := range a.transports {
			k := key{t, a.first, a.last, fmt.Sprint(a.networks)}
			if line := lines[k]; line > 0 {
				r.fail(a.at.at, a.at.key, fmt.Sprintf("%s %s is there twice, first in line %d", transports[t], a.at.text, line))
				break
			}
			lines[k] = a.at.at.line
		}
	}
}

// newApplications makes the tables. Of several entries for a port the one with the fewest ports counts, of equals the first.
func newApplications(r *reader, list []*application) *applications {
	a := &applications{plain: newPortNames(), rules: [][]*scopedRule{nil}}
	slices.SortStableFunc(list, func(x, y *application) int { return cmp.Compare(x.last-x.first, y.last-y.first) })
	for _, one := range slices.Backward(list) { // what counts most is written last
		if len(one.networks) == 0 {
			for _, t := range one.transports {
				if !a.plain.set(t, one.first, one.last, one.name) {
					r.fail(one.at.at, one.at.key, "there are too many names")
				}
			}
		}
	}
	for t := range transports {
		a.scope(r, t, slices.DeleteFunc(slices.Clone(list), func(one *application) bool {
			return len(one.networks) == 0 || !slices.Contains(one.transports, t)
		}))
	}
	return a
}

// scope makes the lists of entries with networks of one transport: between two ports at which one begins or is over, all ports have the same.
func (a *applications) scope(r *reader, transport int, list []*application) {
	rules := make([]*scopedRule, len(list))
	bounds := map[int]bool{}
	for i, one := range list {
		rules[i] = &scopedRule{name: schema.ApplicationName(one.name)}
		for _, p := range one.networks {
			rules[i].networks.Insert(p)
		}
		bounds[int(one.first)], bounds[int(one.last)+1] = true, true
	}
	starts := slices.Sorted(maps.Keys(bounds))
	here := make([][]*scopedRule, len(starts)) // nothing from the last one on
	for j, one := range list {
		i, _ := slices.BinarySearch(starts, int(one.first))
		for ; starts[i] <= int(one.last); i++ {
			if len(here[i]) == MaxScoped {
				r.fail(one.at.at, one.at.key, fmt.Sprintf("port %d has more than %d entries with networks", starts[i], MaxScoped))
				return
			}
			here[i] = append(here[i], rules[j])
		}
	}
	for i, some := range here {
		if len(some) == 0 {
			continue
		}
		if len(a.rules) > math.MaxUint16 {
			r.fail(list[0].at.at, list[0].at.key, "there are too many ports and ranges with networks")
			return
		}
		group := uint16(len(a.rules))
		a.rules = append(a.rules, some)
		for port := starts[i]; port < starts[i+1]; port++ {
			a.group[transport][port] = group
		}
	}
}

// find returns the name of a port of a server, as a JSON string, or nil.
func (a *applications) find(transport int8, port uint16, server netip.Addr) []byte {
	if a == nil {
		return nil
	}
	for _, rule := range a.rules[a.group[transport][port]] {
		if rule.networks.Contains(server) {
			return rule.name
		}
	}
	return a.plain.find(transport, port)
}
