package main

import (
	"strings"
	"testing"
	"time"
)

func TestReport(t *testing.T) {
	results := []result{{"map: answer", 1, 20 * time.Millisecond, 2001 * time.Millisecond}, {"new-ports", 1, 2002 * time.Millisecond, time.Second}, {"sources", 2, time.Second, 2 * time.Second}}
	var b strings.Builder
	if err := report(&b, 10, results); err != nil {
		t.Fatal(err)
	}
	if want := "| search, of 10 flows of a day | in views | ms, as they open | ms, in all of them |\n|---|---|---|---|\n| map: answer | 1 | 20 | 2001 |\n| new-ports | 1 | 2002 | 1000 |\n| sources | 2 | 1000 | 2000 |\n"; b.String() != want {
		t.Errorf("%s", b.String())
	}
	if err := verdict(results); err == nil || err.Error() != "map: answer takes 2.001s, more than 2s\nnew-ports takes 2.002s, more than 2s" {
		t.Errorf("the verdict is %v", err)
	}
	if err := verdict(results[2:]); err != nil {
		t.Error(err)
	}
}
