package vega

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/appliance/dashboards/field"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// Units of what is summed up.
const (
	Octets  = "B"
	Packets = " packets"
)

// quantity is an expression for a value with an SI prefix and its unit, such as 1.24 GB.
func quantity(value, unit string) string {
	return fmt.Sprintf("replace(format(%s, '.3~s'), regexp('([a-zA-Zµ]*)$'), ' $1') + %s", value, quote(strings.TrimPrefix(unit, " ")))
}

// share is an expression for a part of a whole, such as 12.5 %.
func share(part, whole string) string {
	return fmt.Sprintf("format(100 * %s / %s, '.3~r') + ' %%'", part, whole)
}

// quote is a text as expressions have it.
func quote(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`).Replace(text) + "'"
}

// search is the body of one that counts and shows no documents.
func search(aggregations object) object {
	return object{"size": 0, "track_total_hits": false, "aggs": aggregations}
}

// formula is a transform that computes a member of each tuple.
func formula(as, expression string) object {
	return object{"type": "formula", "as": as, "expr": expression}
}

// filter is a transform that keeps the tuples for which an expression is true.
func filter(expression string) object { return object{"type": "filter", "expr": expression} }

// lookup is a transform that fills in members of the tuple of other data that has a key; absent is what they are where there is none.
func lookup(from, key, field string, values, as list, absent any) object {
	return object{"type": "lookup", "from": from, "key": key, "fields": list{field}, "values": values, "as": as, "default": absent}
}

// flatten is a transform that makes a tuple of each bucket.
func flatten(buckets, as string) object {
	return object{"type": "flatten", "fields": list{buckets}, "as": list{as}}
}

// project is a transform that keeps members only, under new names; names are pairs of old and new ones.
func project(names ...string) object {
	var from, to list
	for pair := range slices.Chunk(names, 2) {
		from, to = append(from, pair[0]), append(to, pair[len(pair)-1])
	}
	return object{"type": "project", "fields": from, "as": to}
}

// total is a transform that leaves a tuple for each group, with the total of its sums.
func total(as string, by ...any) object {
	return object{"type": "aggregate", "groupby": append(list{}, by...), "fields": list{"sum"}, "ops": list{"sum"}, "as": list{as}}
}

func signal(expression string) object { return object{"signal": expression} }

func value(v any) object { return object{"value": v} }

func member(name string) object { return object{"field": name} }

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// usable says why a field cannot both make buckets and be filtered by; nil where it can.
func usable(name string) error {
	return errors.Join(field.Check(schema.Flows, name, field.Group), field.Check(schema.Flows, name, field.Search))
}
