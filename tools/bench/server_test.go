package main

import (
	"strings"
	"testing"
	"time"
)

func TestServerTable(t *testing.T) {
	var b strings.Builder
	serverTable(&b, []stored{{
		Name: "with gzip", Flows: 100_000, Storing: 4 * time.Second, Server: 3 * time.Second, Collector: time.Second,
		Octets: 12_400_000, Spooled: 3 << 20, Peak: 90 << 20, Found: 99_999,
	}})
	if want := "| with gzip | 25000 | 30.0 | 10.0 | 25 % | 124 | 3 | 90 | 1 |\n"; !strings.HasSuffix(b.String(), want) {
		t.Errorf("%s\nlacks %s", b.String(), want)
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	for _, line := range lines {
		if strings.Count(line, "|") != strings.Count(lines[0], "|") {
			t.Errorf("columns of\n%s", line)
		}
	}
}
