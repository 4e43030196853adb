package schema

import (
	"strconv"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// step is one thing the encoder does: a field, or the enrichment of an endpoint.
type step struct {
	group int
	key   string // `"port":`, or empty where put appends whole members
	put   putFn
	// detailed says that put is only for records with details, which are few.
	detailed bool
}

var (
	steps []step
	// moves[from][to] is the text between a member of one object and a member of another: closing braces, a comma, opening braces.
	// The last row is the beginning of a document.
	moves [][]string
	// ends[group] closes the document after a member of the group.
	ends []string
)

func init() {
	groups := []string{""}
	index := map[string]int{"": 0}
	add := func(parent, key string, put putter) {
		g, known := index[parent]
		if !known {
			g = len(groups)
			index[parent] = g
			groups = append(groups, parent)
		}
		fn, detailed := put.putFn()
		steps = append(steps, step{g, key, fn, detailed})
	}
	for _, f := range Fields {
		parent, name := split(f.Name)
		if f.put != nil {
			add(parent, strconv.Quote(name)+":", f.put)
		}
		// What is known about an endpoint follows its own members, before the next object begins.
		switch f.Name {
		case "source.mac":
			add(parent, "", enrichment(flow.HasSourceAS, func(r *flow.Record) *flow.Endpoint { return &r.Source }))
		case "destination.mac":
			add(parent, "", enrichment(flow.HasDestinationAS, func(r *flow.Record) *flow.Endpoint { return &r.Destination }))
		}
	}
	for _, from := range groups {
		row := make([]string, len(groups))
		for i, to := range groups {
			row[i] = move(from, to)
		}
		moves = append(moves, row)
		ends = append(ends, strings.Repeat("}", len(path(from))+1))
	}
	begin := make([]string, len(groups))
	for i, to := range groups {
		begin[i] = "{" + opening(path(to))
	}
	moves = append(moves, begin)
}

// split parts a dotted name into object and member. ECS's own @timestamp and the like have no dots.
func split(name string) (parent, member string) {
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		return name[:i], name[i+1:]
	}
	return "", name
}

func path(group string) []string {
	if group == "" {
		return nil
	}
	return strings.Split(group, ".")
}

func opening(names []string) string {
	var b strings.Builder
	for _, name := range names {
		b.WriteString(strconv.Quote(name) + ":{")
	}
	return b.String()
}

func move(from, to string) string {
	a, b := path(from), path(to)
	common := 0
	for common < len(a) && common < len(b) && a[common] == b[common] {
		common++
	}
	return strings.Repeat("}", len(a)-common) + "," + opening(b[common:])
}

// AppendJSON appends the document of a record: one JSON object without a line feed. It allocates only to grow dst.
func AppendJSON(dst []byte, r *flow.Record) []byte {
	at := len(moves) - 1
	for i := range steps {
		s := &steps[i]
		if s.detailed && r.Details == nil {
			continue
		}
		before := len(dst)
		dst = append(dst, moves[at][s.group]...)
		dst = append(dst, s.key...)
		var ok bool
		if dst, ok = s.put(dst, r); ok {
			at = s.group
		} else {
			dst = dst[:before]
		}
	}
	return append(dst, ends[at]...) // never empty: every document has a timestamp
}

func appendInt(dst []byte, n int64) []byte { return strconv.AppendInt(dst, n, 10) }
