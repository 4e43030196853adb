package stack

import (
	"maps"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

// Names are the settings that a program knows, with what is known of each. In a name, * stands for a word that the user chooses or, in the end, for any
// words; so does a name that ends in a dot. The zero value knows none.
type Names[T any] struct {
	exact    map[string]T
	patterns []pattern[T] // the longer one says more, and comes first
}

type pattern[T any] struct {
	name string
	of   T
}

// Add adds a name; it tells whether it was not there.
func (n *Names[T]) Add(name string, of T) bool {
	if IsPattern(name) {
		at, there := slices.BinarySearchFunc(n.patterns, name, func(p pattern[T], name string) int {
			if len(p.name) != len(name) {
				return len(name) - len(p.name)
			}
			return strings.Compare(p.name, name)
		})
		if there {
			return false
		}
		n.patterns = slices.Insert(n.patterns, at, pattern[T]{name, of})
		return true
	}
	if _, there := n.exact[name]; there {
		return false
	}
	if n.exact == nil {
		n.exact = map[string]T{}
	}
	n.exact[name] = of
	return true
}

// Find is what is known of a setting, and by which name.
func (n *Names[T]) Find(name string) (of T, by string, ok bool) {
	if of, ok := n.exact[name]; ok {
		return of, name, true
	}
	for _, p := range n.patterns {
		if Matches(p.name, name) {
			return p.of, p.name, true
		}
	}
	return of, "", false
}

// Exact are the names that are none of a pattern, sorted.
func (n *Names[T]) Exact() []string { return slices.Sorted(maps.Keys(n.exact)) }

// Nearest is the name that was probably meant by another: the one that takes fewest changes, and less than least; empty when there is none. fits leaves out
// those that it is not true of.
func (n *Names[T]) Nearest(name string, least int, fits func(name string, of T) bool) string {
	nearest := ""
	for _, known := range n.Exact() {
		if !fits(known, n.exact[known]) {
			continue
		}
		if d := levenshtein.Distance(name, known, nil); d < least {
			nearest, least = known, d
		}
	}
	return nearest
}

// IsPattern tells whether a name of Names stands for several.
func IsPattern(name string) bool { return strings.Contains(name, "*") || strings.HasSuffix(name, ".") }

// Matches tells whether a name is one of those that a pattern stands for.
func Matches(pattern, name string) bool {
	prefix, suffix, _ := strings.Cut(pattern, "*")
	rest, ok := strings.CutPrefix(name, prefix)
	if !ok {
		return false
	}
	if suffix == "" {
		return rest != ""
	}
	word, ok := strings.CutSuffix(rest, suffix)
	return ok && word != "" && !strings.Contains(word, ".")
}
