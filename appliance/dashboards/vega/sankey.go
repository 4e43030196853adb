package vega

import (
	"fmt"
	"slices"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/appliance/dashboards/field"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// Level is one column of a Sankey: the values of a field.
type Level struct {
	Field string // keyword, ip or long
	Title string // such as Source
	Size  int    // how many values are named, those with the most; the rest is Other. Default 10
}

// SankeyOptions say what a Sankey is about. The zero value of each stands for its default.
type SankeyOptions struct {
	Field string // that is summed up; default network.bytes
	Unit  string // of it; default Octets
	Empty string // what may be missing where there is nothing, beside flows; default: exporters and the time range
}

const (
	defaultSize = 10
	// partners is how many values of a level are asked for with each value of its neighbour. A ribbon between two named values is exact when the one is among
	// this many greatest of the other, or when it is nobody's.
	partners = 100
	// mostNamed is how many values of a level can be told apart.
	mostNamed = 50
	// mostCandidates is how many values each shard says at most, of which the greatest of all are found.
	mostCandidates = 500
)

// candidates is how many values each shard says where so many are asked for: more of them, and each costs what is asked about a value; fewer, and one that is
// great in all shards together is missed by some.
func candidates(size int) int { return max(size, min(max(10*size, 100), mostCandidates)) }

// Sankey draws how traffic passes through two to four levels, such as source, application and destination. Named are the values of each level with the
// most, which Elasticsearch finds by ordering by the sum; whatever they leave is Other, so that each level adds up to the whole. A ribbon is what two
// values of neighbouring levels have in common. A click on a value or a ribbon makes it a filter.
func Sankey(index string, levels []Level, o SankeyOptions) Spec {
	if o.Field == "" {
		o.Field, o.Unit = "network.bytes", Octets
	}
	if o.Empty == "" {
		o.Empty = "Choose a longer one, remove filters, or see whether the exporters send any."
	}
	s := sankey{index: index, levels: slices.Clone(levels), options: o}
	for i := range s.levels {
		if s.levels[i].Size == 0 {
			s.levels[i].Size = defaultSize
		}
	}
	spec := Spec{index: index, wrong: s.check()}
	if spec.wrong == nil {
		spec.requests = map[string]object{}
		for i := range s.levels {
			spec.requests[answer(i)] = s.request(i)
		}
		spec.drawing = object{"padding": 8, "signals": s.signals(), "data": s.data(), "scales": s.scales(), "marks": s.marks()}
	}
	return spec
}

type sankey struct {
	index   string
	levels  []Level
	options SankeyOptions
}

func (s sankey) check() error {
	if n := len(s.levels); n < 2 || n > 4 {
		return fmt.Errorf("a Sankey has two to four levels, not %d", n)
	}
	for _, l := range s.levels {
		switch {
		case l.Size < 0 || l.Size > mostNamed:
			return fmt.Errorf("a level of a Sankey names up to %d values, not %d of %s", mostNamed, l.Size, l.Field)
		case l.Title == "":
			return fmt.Errorf("the level %s of a Sankey has no title", l.Field)
		}
		if err := usable(l.Field); err != nil {
			return err
		}
	}
	return field.Check(schema.Flows, s.options.Field, field.Sum)
}

// missing is what stands for documents without the field: what the type of the field allows, and no flow has.
func (l Level) missing() any {
	at := slices.IndexFunc(schema.Fields, func(f schema.Field) bool { return f.Name == l.Field })
	switch schema.Fields[at].Type {
	case "ip":
		return "::"
	case "keyword":
		return ""
	}
	return -1 // numbers
}

// terms are the values of a level with the greatest sums, and those without a value as one.
func (s sankey) terms(l Level, size int, more object) object {
	aggregations := object{"sum": object{"sum": object{"field": s.options.Field}}}
	for name, a := range more {
		aggregations[name] = a
	}
	return object{"aggs": aggregations, "terms": object{
		"field": l.Field, "size": size, "shard_size": candidates(size), "order": object{"sum": "desc"}, "missing": l.missing(),
	}}
}

// request asks for the values of a level, and, of every other level, what those have in common with those of its neighbours: the other way round
// would be as much work for the server again, and most of all in the middle of three levels, where each service has many sources and destinations.
//
// Each level is a search of its own: a shard is searched by one processor for each, so a server with several is done earlier. The cheapest asks for the whole, too.
func (s sankey) request(i int) object {
	with := object{}
	if asks(i) && i > 0 {
		with[before] = s.terms(s.levels[i-1], partners, nil)
	}
	if asks(i) && i < len(s.levels)-1 {
		with[after] = s.terms(s.levels[i+1], partners, nil)
	}
	aggregations := object{own: s.terms(s.levels[i], s.levels[i].Size, with)}
	if i == cheapest {
		aggregations[whole] = object{"sum": object{"field": s.options.Field}}
	}
	return search(aggregations)
}

// asks tells whether a level says what it has in common with its neighbours.
func asks(i int) bool { return i%2 == 0 }

// cheapest is a level that there always is, and whose search asks for the least.
const cheapest = 1

// Names of aggregations: of all there is, of a level's values, and in it of its neighbours'.
const (
	whole  = "total"
	own    = "own"
	before = "before"
	after  = "after"
)

// answer names what the search about a level finds.
func answer(i int) string { return fmt.Sprintf("level%d", i) }

// condition is an expression for the search that finds what a value of a level has, nothing where the value is Other.
func (s sankey) condition(of string) string {
	var b strings.Builder
	for i, l := range s.levels {
		fmt.Fprintf(&b, "%[1]s.level == %[2]d ? (%[1]s.label == %[3]s ? {bool: {must_not: {exists: {field: %[4]s}}}} : {term: {%[4]s: %[1]s.key}}) : ",
			of, i, quote(unknown), quote(l.Field))
	}
	return b.String() + "null"
}

const (
	unknown = "unknown"
	other   = "Other"
)
