package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
)

// goals are octets a flow.
var goals = map[string]float64{"lean": 120, "full": 200}

// perFlow is what a flow takes on disk.
func (r *result) perFlow() float64 { return float64(r.octets) / float64(r.bodies.documents) }

// verdict is an error for each profile that is over its goal.
func verdict(results []*result) error {
	var all []error
	for _, r := range results {
		if goal := goals[r.profile]; r.perFlow() > goal {
			all = append(all, fmt.Errorf("a flow takes %.1f octets in the profile %s, more than %.0f", r.perFlow(), r.profile, goal))
		}
	}
	return errors.Join(all...)
}

// report prints the results in Markdown.
func report(w io.Writer, results []*result) {
	fmt.Fprintln(w, "| profile | flows | octets/document, JSON | gzipped, in the bulk request | on disk, octets/flow | goal | holds |")
	fmt.Fprintln(w, "|---|---:|---:|---:|---:|---:|---:|")
	for _, r := range results {
		n := float64(r.bodies.documents)
		disk, goal := r.perFlow(), goals[r.profile]
		holds := "no"
		if disk <= goal {
			holds = "yes"
		}
		fmt.Fprintf(w, "| %s | %d | %.0f | %.0f | **%.1f** | ≤ %.0f | %s |\n",
			r.profile, r.bodies.documents, float64(r.bodies.octets)/n, float64(r.bodies.gzipped)/n, disk, goal, holds)
	}
	for _, r := range results {
		fmt.Fprintf(w, "\nPrices of fields, profile %s, octets/flow; _source is %.1f by our own reckoning, and a field's share of it what less it is without the field:\n\n", r.profile, r.source)
		prices(w, r)
	}
}

// line is what a group of fields costs a flow.
type line struct {
	name                                            string
	all, inverted, points, values, stored, inSource float64
}

func prices(w io.Writer, r *result) {
	n := float64(r.bodies.documents)
	by := map[string]*line{}
	for g, price := range r.prices { // what is only shown is nowhere else
		by[g] = &line{name: g, inSource: price}
	}
	for name, f := range r.fields {
		g := group(name)
		l := by[g]
		if l == nil {
			l = &line{name: g}
			by[g] = l
		}
		l.all += float64(f.Total) / n
		l.inverted += float64(f.Inverted.Total) / n
		l.points += float64(f.Points) / n
		l.values += float64(f.Values) / n
		l.stored += float64(f.Stored) / n
	}
	lines := make([]*line, 0, len(by))
	for _, l := range by {
		lines = append(lines, l)
	}
	price := func(l *line) float64 { return l.all + l.inSource }
	slices.SortFunc(lines, func(a, b *line) int { return cmp.Or(cmp.Compare(price(b), price(a)), cmp.Compare(a.name, b.name)) })
	fmt.Fprintln(w, "| field | index: terms | index: points | doc values | stored | in _source | together |")
	fmt.Fprintln(w, "|---|---:|---:|---:|---:|---:|---:|")
	for _, l := range lines {
		if price(l) < 0.05 {
			continue
		}
		fmt.Fprintf(w, "| %s | %.1f | %.1f | %.1f | %.1f | %.1f | %.1f |\n", l.name, l.inverted, l.points, l.values, l.stored, l.inSource, price(l))
	}
}
