package flowindex

import (
	"strings"
	"testing"
)

func TestOverlap(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"flows", "flows", true},
		{"flows", "flow", false},
		{"flows", "flows-*", false},
		{"flows-*", "flows-lab-*", true},
		{"*", "flows", true},
		{"", "", true},
		{"", "*", true},
		{"*-lab", "flows-*", true},
		{"a*", "b*", false},
		{"a*b", "*c", false},
		{"a*c", "*c", true},
		{"a*b*c", "abc", true},
		{"**", "", true},
		{"logs-*-*", "logs-a", false},
		{"logs-*-*", "logs-a*", true},
		{"x*y", "x", false},
		{"*a", "*b", false},
		{"*a*", "*b*", true},
	} {
		if got := overlap(c.a, c.b); got != c.want {
			t.Errorf("%q and %q: %t", c.a, c.b, got)
		}
		if got := overlap(c.b, c.a); got != c.want {
			t.Errorf("%q and %q: %t", c.b, c.a, got)
		}
	}
}

// FuzzOverlap: two patterns overlap when each fits what comes of the other one, whatever its wildcards stand for.
func FuzzOverlap(f *testing.F) {
	f.Add("flows-*", "*lab*", "x")
	f.Fuzz(func(t *testing.T, a, b, in string) {
		if len(a)+len(b)+len(in) > 100 {
			return
		}
		if overlap(a, b) != overlap(b, a) {
			t.Errorf("%q and %q: depends on the order", a, b)
		}
		if strings.Contains(in, "*") {
			return
		}
		if name := strings.ReplaceAll(a, "*", in); !overlap(a, name) {
			t.Errorf("%q does not fit %q", name, a)
		}
		if !overlap(a, "*") || !overlap(a+"*", "*") {
			t.Errorf("* does not overlap %q", a)
		}
	})
}

func TestConflict(t *testing.T) {
	ours := other{"flows", []string{"flows", "flows-*"}, 205}
	for name, c := range map[string]struct {
		theirs other
		want   string // empty: none
	}{
		"itself":                    {other{"flows", []string{"flows"}, 205}, ""},
		"lower":                     {other{"all", []string{"*"}, 1}, ""},
		"higher, of another name":   {other{"flows-lab", []string{"flows-lab", "flows-lab-*"}, 209}, ""},
		"higher, of ours":           {other{"big", []string{"logs", "flo*"}, 500}, "index template big is for logs, flo*, and its priority 500 is higher than 205, so that indices of flows would be made by it: remove it, or set priority to more than 500"},
		"the same, and overlapping": {other{"same", []string{"*-lab"}, 205}, "index template same is for *-lab, with the same priority 205: remove it, or give one of them another priority"},
		"the same, and apart":       {other{"same", []string{"flow"}, 205}, ""},
	} {
		got := ""
		if err := conflict(ours, "flows", []other{c.theirs}); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}
