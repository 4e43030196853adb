package flowindex

import (
	"slices"
	"strings"
)

// overlap tells whether there is a name that two index patterns both fit, whose only wildcard is *. It is what Elasticsearch asks before it takes two
// templates of one priority.
func overlap(a, b string) bool {
	// reach[j] is whether a so far and b[:j] have a name in common.
	reach := make([]bool, len(b)+1)
	reach[0] = true
	for j := range len(b) {
		reach[j+1] = reach[j] && b[j] == '*'
	}
	for i := range len(a) {
		next := make([]bool, len(b)+1)
		next[0] = reach[0] && a[i] == '*'
		for j := range len(b) {
			if a[i] == '*' || b[j] == '*' { // which is nothing, or takes one more of the other
				next[j+1] = reach[j+1] || next[j]
			} else {
				next[j+1] = reach[j] && a[i] == b[j]
			}
		}
		reach = next
	}
	return reach[len(b)]
}

// other is what counts of an index template of somebody else.
type other struct {
	name     string
	patterns []string
	priority float64
}

// conflict finds a template that is in the way of ours: one of the same priority, which Elasticsearch refuses, or one of a higher priority, by
// which the target's indices would be made in place of ours. Templates for other names may be longer and win there; that is as wanted. It
// returns nil when there is none.
func conflict(ours other, target string, theirs []other) error {
	slices.SortFunc(theirs, func(a, b other) int { return strings.Compare(a.name, b.name) })
	for _, t := range theirs {
		if t.name == ours.name {
			continue
		}
		for _, pattern := range t.patterns {
			switch {
			case t.priority == ours.priority && slices.ContainsFunc(ours.patterns, func(own string) bool { return overlap(own, pattern) }):
				return conclude("index template %s is for %s, with the same priority %g: remove it, or give one of them another priority",
					t.name, strings.Join(t.patterns, ", "), t.priority)
			case t.priority > ours.priority && overlap(pattern, target):
				return conclude("index template %s is for %s, and its priority %g is higher than %g, so that indices of %s would be made by it: remove it, "+
					"or set priority to more than %g", t.name, strings.Join(t.patterns, ", "), t.priority, ours.priority, ours.name, t.priority)
			}
		}
	}
	return nil
}
