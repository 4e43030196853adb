package picture

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/appliance/dashboards"
)

func TestTidyLeavesTextsAlone(t *testing.T) {
	const long = `<svg><path aria-label="x 1" role="img" d="M1.23456,-2.5L198.51001,3"/><text x="1.0049">198.51.100.24 3.14159</text></svg>`
	if got, want := Tidy(long), `<svg><path d="M1.23,-2.5L198.51,3"/><text x="1.00">198.51.100.24 3.14159</text></svg>`; got != want {
		t.Errorf("%s, not %s", got, want)
	}
}

func TestQuantity(t *testing.T) {
	for want, n := range map[string]float64{"0": 0, "7": 7, "0.25": 0.25, "999": 999, "1.0 k": 1000, "12.3 k": 12_345, "124 M": 123_600_000, "1.0 M": 999_700} {
		if got := quantity(n, ""); got != want {
			t.Errorf("%v is %q, not %q", n, got, want)
		}
	}
}

func TestCut(t *testing.T) {
	if got := cut("short", 100, 12); got != "short" {
		t.Errorf("%q", got)
	}
	got := cut("a text that is much too long", 60, 12)
	if !strings.HasSuffix(got, "…") || wide(got, 12) > 60 {
		t.Errorf("%q is %d wide", got, wide(got, 12))
	}
}

func TestTable(t *testing.T) {
	q := dashboards.Query{
		Buckets: []dashboards.Terms{{Field: "source.ip", Size: 10, Label: "Source"}, {Field: "destination.port", Size: 10, Label: "Port"}},
		Metrics: []dashboards.Metric{{Function: dashboards.Sum, Field: "network.bytes", Label: "Bytes"}, {Function: dashboards.Count, Label: "Flows"}},
	}
	p := panel{width: 600, height: 300}
	table, err := p.table(q, json.RawMessage(`{"aggregations": {"3": {"buckets": [{"key": "192.0.2.7", "4": {"buckets": [
		{"key": 443, "doc_count": 12, "1": {"value": 1234567}}, {"key": 53, "doc_count": 3, "1": {"value": 120}}]}}]}}}`))
	if err != nil {
		t.Fatal(err)
	}
	at := 0
	for _, want := range []string{">Source<", ">Port<", ">Bytes<", ">Flows<", ">192.0.2.7<", ">443<", ">1.2 MB<", ">12<", ">192.0.2.7<", ">53<", ">120 B<", ">3<"} {
		next := strings.Index(table[at:], want)
		if next < 0 {
			t.Fatalf("no %s behind %s", want, table[:at])
		}
		at += next
	}
	if table, err = p.table(q, json.RawMessage(`{"aggregations": {"3": {"buckets": []}}}`)); err != nil || !strings.Contains(table, "No results found") {
		t.Errorf("%s, %v", table, err)
	}
}

func TestMarkdown(t *testing.T) {
	p := panel{width: 200, height: 100}
	got := p.markdown("**Bold** and [a link](#x) and `code` and *more*.\n\nThe second paragraph is so long that it does not fit into one line.")
	for _, want := range []string{`font-weight="600" fill="#343741">Bold<`, `fill="#0061a6">link<`, `monospace">code<`, `font-style="italic">more<`, `y="14"`, `y="33"`} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
	if n := strings.Count(got, "<text"); n < 4 {
		t.Errorf("%d lines in %s", n, got)
	}
}
