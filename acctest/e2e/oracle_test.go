package e2e

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

// document is what a flow has to become: fields by their dotted names, texts, numbers (float64; times in milliseconds since 1970) or lists of texts.
type document map[string]any

// values are those that Elasticsearch would have of a field.
func (d document) values(field string) []any {
	switch v := d[field].(type) {
	case nil:
		return nil
	case []string:
		all := make([]any, len(v))
		for i, one := range v {
			all[i] = one
		}
		return all
	default:
		return []any{v}
	}
}

// oracle answers searches in the way of Elasticsearch, with the few queries and aggregations that dashboards use, by going through all documents. It knows the
// documents that there have to be, and nothing of how they got into the server.
type oracle struct {
	*testing.T
	index     string
	documents []document
}

type members = map[string]any

// matching are the documents that a query chooses.
func (o oracle) matching(documents []document, query members) []document {
	var chosen []document
	for _, d := range documents {
		if o.matches(d, query) {
			chosen = append(chosen, d)
		}
	}
	return chosen
}

func (o oracle) matches(d document, query members) bool {
	for kind, value := range query {
		body, _ := value.(members)
		switch kind {
		case "match_all":
			return true
		case "bool":
			return o.matchesAll(d, body)
		case "exists":
			return len(d.values(fmt.Sprint(body["field"]))) > 0
		case "term", "match_phrase":
			for field, wanted := range body {
				return slices.ContainsFunc(d.values(field), func(v any) bool { return fmt.Sprint(v) == fmt.Sprint(wanted) })
			}
		case "terms":
			for field, wanted := range body {
				all, _ := wanted.([]any)
				return slices.ContainsFunc(d.values(field), func(v any) bool {
					return slices.ContainsFunc(all, func(w any) bool { return fmt.Sprint(v) == fmt.Sprint(w) })
				})
			}
		case "range":
			for field, bounds := range body {
				limits, _ := bounds.(members)
				at, _ := d[field].(float64)
				return at >= o.moment(limits["gte"]) && at <= o.moment(limits["lte"])
			}
		}
		o.Fatalf("a query that the test does not know: %v", query)
	}
	return false
}

func (o oracle) matchesAll(d document, body members) bool {
	for kind, value := range body {
		var parts []members
		switch value := value.(type) {
		case []any:
			for _, part := range value {
				query, _ := part.(members)
				parts = append(parts, query)
			}
		case members:
			parts = []members{value}
		}
		some, all := false, true
		for _, part := range parts {
			one := o.matches(d, part)
			some, all = some || one, all && one
		}
		switch {
		case kind == "minimum_should_match", kind == "filter" && all, kind == "must" && all, kind == "must_not" && !some, kind == "should" && some:
		default:
			return false
		}
	}
	return true
}

func (o oracle) moment(text any) float64 {
	at, err := time.Parse(time.RFC3339Nano, fmt.Sprint(text))
	if err != nil {
		o.Fatal(err)
	}
	return float64(at.UnixMilli())
}

// aggregate makes the answer to aggregations.
func (o oracle) aggregate(documents []document, aggregations members) members {
	answer := members{}
	for name, value := range aggregations {
		aggregation, _ := value.(members)
		inner, _ := aggregation["aggs"].(members)
		for kind, value := range aggregation {
			body, _ := value.(members)
			switch kind {
			case "aggs", "meta":
			case "terms", "multi_terms":
				answer[name] = o.terms(documents, body, inner)
			case "filters":
				buckets := members{}
				filters, _ := body["filters"].(members)
				for label, query := range filters {
					filter, _ := query.(members)
					buckets[label] = o.bucket(o.matching(documents, filter), inner, nil)
				}
				answer[name] = members{"buckets": buckets}
			case "date_histogram":
				answer[name] = members{"buckets": o.histogram(documents, body, inner)}
			default:
				answer[name] = o.metric(documents, kind, fmt.Sprint(body["field"]))
			}
		}
	}
	return answer
}

func (o oracle) bucket(documents []document, inner members, key any) members {
	bucket := o.aggregate(documents, inner)
	bucket["doc_count"] = float64(len(documents))
	if key != nil {
		bucket["key"] = key
	}
	return bucket
}

func (o oracle) metric(documents []document, kind, field string) members {
	var all []float64
	different := map[any]bool{}
	for _, d := range documents {
		for _, v := range d.values(field) {
			different[v] = true
			if number, ok := v.(float64); ok {
				all = append(all, number)
			}
		}
	}
	switch kind {
	case "geo_centroid":
		return centroid(documents, field)
	case "cardinality":
		return members{"value": float64(len(different))}
	case "sum":
		sum := 0.0
		for _, v := range all {
			sum += v
		}
		return members{"value": sum}
	case "min", "max":
		if len(all) == 0 {
			return members{"value": nil}
		}
		if kind == "min" {
			return members{"value": slices.Min(all)}
		}
		return members{"value": slices.Max(all)}
	}
	o.Fatalf("an aggregation that the test does not know: %s of %s", kind, field)
	return nil
}

// centroid is the mean of places, each a longitude and a latitude in degrees.
func centroid(documents []document, field string) members {
	var longitude, latitude, count float64
	for _, d := range documents {
		if at, there := d[field].([2]float64); there {
			longitude, latitude, count = longitude+at[0], latitude+at[1], count+1
		}
	}
	if count == 0 {
		return members{"count": count}
	}
	return members{"count": count, "location": members{"lon": longitude / count, "lat": latitude / count}}
}

// inDegrees is how exact Elasticsearch keeps places: 32 bits for all degrees.
const inDegrees = 1e-6

// terms are the buckets of values, or of several values together, in their order, and of equal ones the one with the least key first.
func (o oracle) terms(documents []document, body, inner members) members {
	fields := []string{fmt.Sprint(body["field"])}
	if several, ok := body["terms"].([]any); ok {
		fields = make([]string, 0, len(several))
		for _, one := range several {
			part, _ := one.(members)
			fields = append(fields, fmt.Sprint(part["field"]))
		}
	}
	keys := map[string]any{}
	chosen := map[string][]document{}
	for _, d := range documents {
		for _, key := range combinations(d, fields, body["missing"]) {
			text := fmt.Sprint(key...)
			chosen[text] = append(chosen[text], d)
			keys[text] = key[0]
			if len(fields) > 1 {
				keys[text] = key
			}
		}
	}
	by, sign := "_count", -1
	if order, ok := body["order"].(members); ok {
		for name, direction := range order {
			by = name
			switch direction {
			case "desc":
			case "asc":
				sign = 1
			default:
				o.Fatalf("an order that the test does not know: %v", order)
			}
		}
	}
	buckets := make([]members, 0, len(chosen))
	for text, some := range chosen {
		buckets = append(buckets, o.bucket(some, inner, keys[text]))
	}
	value := func(b members) float64 {
		if by == "_count" {
			return b["doc_count"].(float64)
		}
		metric, _ := b[by].(members)
		number, _ := metric["value"].(float64)
		return number
	}
	slices.SortFunc(buckets, func(a, b members) int {
		return cmp.Or(sign*cmp.Compare(value(a), value(b)), compareKeys(a["key"], b["key"]))
	})
	size, _ := body["size"].(float64)
	all := make([]any, 0, len(buckets))
	for _, b := range buckets[:min(len(buckets), int(size))] {
		all = append(all, b)
	}
	return members{"buckets": all}
}

// combinations are the values of several fields together; missing, unless it is nil, stands for those that a document has not.
func combinations(d document, fields []string, missing any) [][]any {
	all := [][]any{nil}
	for _, field := range fields {
		values := d.values(field)
		if len(values) == 0 && missing != nil {
			values = []any{missing}
		}
		var longer [][]any
		for _, before := range all {
			for _, v := range values {
				longer = append(longer, append(slices.Clone(before), v))
			}
		}
		all = longer
	}
	return all
}

func compareKeys(a, b any) int {
	x, isNumber := a.(float64)
	y, _ := b.(float64)
	if isNumber {
		return cmp.Compare(x, y)
	}
	first, err := netip.ParseAddr(fmt.Sprint(a))
	second, other := netip.ParseAddr(fmt.Sprint(b))
	if err == nil && other == nil { // all are of IPv6 there
		return netip.AddrFrom16(first.As16()).Compare(netip.AddrFrom16(second.As16()))
	}
	return strings.Compare(fmt.Sprint(a), fmt.Sprint(b))
}

func (o oracle) histogram(documents []document, body, inner members) []any {
	interval, err := time.ParseDuration(fmt.Sprint(body["fixed_interval"]))
	if err != nil {
		o.Fatal(err)
	}
	width := float64(interval.Milliseconds())
	floor := func(at float64) float64 { return math.Floor(at/width) * width }
	bounds, _ := body["extended_bounds"].(members)
	first, last := bounds["min"].(float64), bounds["max"].(float64)
	bars := map[float64][]document{}
	for _, d := range documents {
		at := floor(d["@timestamp"].(float64))
		bars[at] = append(bars[at], d)
		first, last = min(first, at), max(last, at)
	}
	if len(documents) == 0 && len(bounds) == 0 {
		return []any{}
	}
	var all []any
	for at := floor(first); at <= floor(last); at += width {
		all = append(all, o.bucket(bars[at], inner, at))
	}
	return all
}

// compare says where an answer of Elasticsearch is another one than it has to be.
func (o oracle) compare(path string, want, got any) (wrong []string) {
	switch want := want.(type) {
	case members:
		found, ok := got.(members)
		if !ok {
			return []string{fmt.Sprintf("%s: %v, not %v", path, got, want)}
		}
		for _, name := range slices.Sorted(maps.Keys(want)) {
			wrong = append(wrong, o.compare(path+"/"+name, want[name], found[name])...)
		}
	case []any:
		found, ok := got.([]any)
		if !ok || len(found) != len(want) {
			return []string{fmt.Sprintf("%s: %d, not %d: %s", path, len(found), len(want), short(got))}
		}
		for i := range want {
			wrong = append(wrong, o.compare(fmt.Sprintf("%s/%d", path, i), want[i], found[i])...)
		}
	default:
		if place, is := want.(float64); is && (strings.HasSuffix(path, "/lon") || strings.HasSuffix(path, "/lat")) {
			if at, _ := got.(float64); math.Abs(at-place) <= inDegrees {
				return nil
			}
		}
		if fmt.Sprint(want) != fmt.Sprint(got) {
			return []string{fmt.Sprintf("%s: %v, not %v", path, got, want)}
		}
	}
	return wrong
}

func short(value any) string {
	text, _ := json.Marshal(value)
	return string(text[:min(len(text), 300)])
}
