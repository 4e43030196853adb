package firewall

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"go4.org/netipx"
)

// ListingFormat reads what `nft -j list table` says, libnftables-json(5).
type ListingFormat struct{}

type listing struct {
	Objects []struct {
		Set   *listedSet
		Chain *listedChain
		Rule  *listedRule
	} `json:"nftables"`
}

type listedSet struct {
	Name     string
	Elements []json.RawMessage `json:"elem"`
}

type listedChain struct {
	Name, Type, Hook, Policy string
	Priority                 int `json:"prio"`
}

type listedRule struct {
	Chain       string
	Expressions []json.RawMessage `json:"expr"`
}

// Facts implements host.Format. Handles and counters do not count. What is not ours, or missing, is counted in the fact "rules".
func (ListingFormat) Facts(content []byte) (map[string]string, error) {
	var listed listing
	if err := json.Unmarshal(content, &listed); err != nil {
		return nil, fmt.Errorf("%w: %w", errNotListing, err)
	}
	if listed.Objects == nil {
		return nil, errNotListing
	}
	spec := Spec{}
	var got []string
	for _, object := range listed.Objects {
		switch {
		case object.Set != nil:
			known, err := object.Set.addTo(spec)
			if err != nil {
				return nil, fmt.Errorf("set %s: %w", object.Set.Name, err)
			}
			got = append(got, "set "+object.Set.Name)
			if !known {
				got = append(got, "another set")
			}
		case object.Chain != nil:
			got = append(got, object.Chain.describe())
		case object.Rule != nil:
			rule, err := object.Rule.describe()
			if err != nil {
				return nil, err
			}
			got = append(got, rule)
		}
	}
	facts := spec.facts()
	facts[rulesFact] = compare(got, expected(spec))
	return facts, nil
}

// addTo puts the elements into the group that the set belongs to; known is false when it belongs to none.
func (s listedSet) addTo(spec Spec) (known bool, err error) {
	for _, set := range setTypes {
		name, ok := strings.CutSuffix(s.Name, set.suffix)
		if !ok || !groupName.MatchString(name) {
			continue
		}
		g := spec[name]
		for _, element := range s.Elements {
			words, err := elementWords(element, strings.HasPrefix(set.suffix, "_ip"))
			if err != nil {
				return true, err
			}
			if err := g.add(set.suffix, words); err != nil {
				return true, err
			}
		}
		spec[name] = g
		return true, nil
	}
	return false, nil
}

// elementWords are an element of a set the way Group.add reads it: a port, an address, a network or a range of addresses.
func elementWords(raw json.RawMessage, address bool) (string, error) {
	if !address {
		return string(raw), nil
	}
	var one string
	if json.Unmarshal(raw, &one) == nil {
		parsed, err := netip.ParseAddr(one)
		return netip.PrefixFrom(parsed, parsed.BitLen()).String(), err
	}
	var many struct {
		Prefix *struct {
			Address string `json:"addr"`
			Length  int    `json:"len"`
		}
		Range []string
		Elem  *struct{ Val json.RawMessage }
	}
	if err := json.Unmarshal(raw, &many); err != nil {
		return "", err
	}
	switch {
	case many.Elem != nil: // with a comment, a counter or a time of its own
		return elementWords(many.Elem.Val, address)
	case many.Prefix != nil:
		return fmt.Sprintf("%s/%d", many.Prefix.Address, many.Prefix.Length), nil
	case len(many.Range) == 2:
		from, err := netip.ParseAddr(many.Range[0])
		if err != nil {
			return "", err
		}
		to, err := netip.ParseAddr(many.Range[1])
		if err != nil {
			return "", err
		}
		return list(netipx.IPRangeFrom(from, to).Prefixes(), netip.Prefix.String), nil
	}
	return "", fmt.Errorf("%w: an element %s", errNotListing, raw)
}

func (c listedChain) describe() string {
	return fmt.Sprintf("chain %s %s %s %d %s", c.Name, c.Type, c.Hook, c.Priority, c.Policy)
}

// describe leaves out what a counter has counted.
func (r listedRule) describe() (string, error) {
	parts := []string{"rule " + r.Chain}
	for _, raw := range r.Expressions {
		if bytes.HasPrefix(raw, []byte(`{"counter"`)) {
			parts = append(parts, "counter")
			continue
		}
		var whole any
		if err := json.Unmarshal(raw, &whole); err != nil {
			return "", err
		}
		canonical, err := json.Marshal(whole) // keys in order
		if err != nil {
			return "", err
		}
		parts = append(parts, string(canonical))
	}
	return strings.Join(parts, " "), nil
}

// expected is the listing of a specification, described in the same words. Rules are in their order, chain by chain.
func expected(spec Spec) []string {
	names := slices.Sorted(maps.Keys(spec))
	all := make([]string, 0, 2+len(names)*(len(setTypes)+6))
	match := func(left, right string) string {
		return fmt.Sprintf(`{"match":{"left":%s,"op":"==","right":%q}}`, left, right)
	}
	payload := func(protocol, field string) string {
		return fmt.Sprintf(`{"payload":{"field":%q,"protocol":%q}}`, field, protocol)
	}
	const accept, drop = `{"accept":null}`, `{"drop":null}`
	input := (listedChain{Name: "input", Type: "filter", Hook: "input", Priority: -10, Policy: "accept"}).describe()
	all = append(all, input, "rule input "+match(`{"meta":{"key":"iifname"}}`, "lo")+" "+accept)
	for _, name := range names {
		chain := groupChain(name)
		for _, set := range setTypes {
			all = append(all, "set "+name+set.suffix)
		}
		all = append(all, (listedChain{Name: chain}).describe())
		for _, protocol := range []string{"udp", "tcp"} {
			all = append(all, fmt.Sprintf(`rule input %s {"jump":{"target":%q}}`, match(payload(protocol, "dport"), "@"+name+"_"+protocol), chain))
		}
		all = append(all,
			"rule "+chain+" "+match(payload("ip", "saddr"), "@"+name+"_ip4")+" "+accept,
			"rule "+chain+" "+match(payload("ip6", "saddr"), "@"+name+"_ip6")+" "+accept,
			"rule "+chain+" counter "+drop)
	}
	return all
}

// compare says what is not as expected.
func compare(got, want []string) string {
	count := map[string]int{}
	for _, one := range got {
		count[one]++
	}
	for _, one := range want {
		count[one]--
	}
	missing, foreign := 0, 0
	for _, n := range count {
		if n < 0 {
			missing -= n
		} else {
			foreign += n
		}
	}
	switch {
	case missing > 0 || foreign > 0:
		return fmt.Sprintf("%d missing, %d of others", missing, foreign)
	case !slices.Equal(order(got), order(want)):
		return "in another order"
	}
	return complete
}

// order is the order that rules have within their chains.
func order(described []string) []string {
	rules := slices.DeleteFunc(slices.Clone(described), func(one string) bool { return !strings.HasPrefix(one, "rule ") })
	slices.SortStableFunc(rules, func(a, b string) int { return strings.Compare(strings.Fields(a)[1], strings.Fields(b)[1]) })
	return rules
}
