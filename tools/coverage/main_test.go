package main

import (
	"bytes"
	"strings"
	"testing"
)

const profile = `mode: atomic
github.com/flowstack/terraform-provider-flowstack/a/one.go:1.1,2.2 6 0
github.com/flowstack/terraform-provider-flowstack/a/one.go:3.1,4.2 3 7
github.com/flowstack/terraform-provider-flowstack/a/two.go:1.1,2.2 1 0
github.com/flowstack/terraform-provider-flowstack/a/b/three.go:1.1,2.2 2 0
mode: atomic
github.com/flowstack/terraform-provider-flowstack/a/one.go:1.1,2.2 6 1
github.com/flowstack/terraform-provider-flowstack/a/one.go:3.1,4.2 3 0
github.com/flowstack/terraform-provider-flowstack/a/afake/four.go:1.1,2.2 2 0
github.com/flowstack/terraform-provider-flowstack/ab/five.go:1.1,2.2 4 1
`

// TestRead: what one test program ran counts, whatever others did not.
func TestRead(t *testing.T) {
	packages, err := read(strings.NewReader(profile))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]statements{"a": {10, 9}, "a/b": {2, 0}, "ab": {4, 4}, "a/afake": {2, 0}} {
		if packages[name] != want {
			t.Errorf("%s has %v, want %v", name, packages[name], want)
		}
	}
	for _, broken := range []string{"one.go 1 2", "a/one.go:1.1,2.2 x 1", "a/one.go:1.1,2.2 1 -1", "a/one.go:1.1,2.2 1"} {
		if _, err := read(strings.NewReader("mode: set\n" + broken + "\n")); err == nil || !strings.Contains(err.Error(), "line 2 ") {
			t.Errorf("%q: %v", broken, err)
		}
	}
}

func TestReport(t *testing.T) {
	packages, err := read(strings.NewReader(profile))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := report(packages, map[string]float64{"ab": 100}, &out); err != nil {
		t.Error(err)
	}
	if got, want := out.String(), "   0.0 %  a/b\n  90.0 %  a\n 100.0 %  ab  of 100 %\n"; got != want {
		t.Errorf("the table is\n%s\nwant\n%s", got, want)
	}
	err = report(packages, map[string]float64{"a": 91, "c": 1}, &out)
	want := "a/b has 0.0 %, less than 91 %: 2 of its 2 statements are run by no test\na has 90.0 %, less than 91 %: 1 of its 10 statements are run by no test\nthere is nothing about c in the profile"
	if err == nil || err.Error() != want {
		t.Errorf("it says\n%v\nwant\n%s", err, want)
	}
}
