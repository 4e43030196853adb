package service

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.yaml.in/yaml/v3"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/monitoring"
)

// onlyThen are metrics without a series until something happens, or something is set up.
var onlyThen = map[string]string{
	"flowcollector_documents_rejected_total":              "a document is refused",
	"flowcollector_output_errors_total":                   "a request fails",
	"flowcollector_snmp_errors_total":                     "SNMP is set up",
	"flowcollector_reverse_dns_errors_total":              "reverse DNS is set up",
	"flowcollector_enrich_source_build_timestamp_seconds": "a database is loaded",
}

// query is an expression of the shipped files, with the labels that a text beside it uses.
type query struct {
	name, expr string
	texts      []string
}

// watched are the queries of the shipped files; recorded are the expressions of recording rules, by name.
func watched(t *testing.T) (list []query, recorded map[string]string) {
	t.Helper()
	var rules struct {
		Groups []struct {
			Rules []struct {
				Record, Alert, Expr string
				Annotations         map[string]string
			}
		}
	}
	if err := yaml.Unmarshal(monitoring.Rules, &rules); err != nil {
		t.Fatal(err)
	}
	recorded = map[string]string{}
	for _, g := range rules.Groups {
		for _, r := range g.Rules {
			q := query{name: r.Record + r.Alert, expr: r.Expr}
			for _, text := range r.Annotations {
				q.texts = append(q.texts, text)
			}
			list = append(list, q)
			if r.Record != "" {
				recorded[r.Record] = r.Expr
			}
		}
	}
	var board struct {
		Annotations struct {
			List []struct{ Name, Expr, TextFormat string }
		}
		Panels []struct {
			Title   string
			Targets []struct{ Expr, LegendFormat string }
		}
	}
	if err := json.Unmarshal(monitoring.Dashboard, &board); err != nil {
		t.Fatal(err)
	}
	for _, a := range board.Annotations.List {
		list = append(list, query{a.Name, a.Expr, []string{a.TextFormat}})
	}
	for _, p := range board.Panels {
		for _, target := range p.Targets {
			list = append(list, query{p.Title, target.Expr, []string{target.LegendFormat}})
		}
	}
	if len(list) < 60 {
		t.Fatalf("%d queries", len(list))
	}
	return list, recorded
}

// metricDesc is how a description is written.
var metricDesc = regexp.MustCompile(`fqName: "([^"]+)".* variableLabels: \{([^}]*)\}`)

// described are the labels of all metrics of the registry, those without a series included.
func described(t *testing.T) map[string][]string {
	t.Helper()
	c := make(chan *prometheus.Desc)
	go func() {
		defer close(c)
		newMetrics(&state{}).Describe(c)
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}).Describe(c)
	}()
	all := map[string][]string{"up": {"job", "instance"}} // Prometheus's own
	for d := range c {
		m := metricDesc.FindStringSubmatch(d.String())
		if m == nil {
			t.Fatalf("not understood: %s", d)
		}
		all[m[1]] = append([]string{"job", "instance"}, strings.FieldsFunc(m[2], func(r rune) bool { return r == ',' || r == ' ' })...)
	}
	if len(all) < 80 {
		t.Fatalf("%d metrics", len(all))
	}
	return all
}

var (
	metricName  = regexp.MustCompile(`\b(?:(?:instance|instance_exporter):)?(?:flowcollector|process)_[a-z0-9_]+(?::[a-z0-9_]+)?|\bup\b`)
	matchers    = regexp.MustCompile(`([a-z0-9_:]+)\{([^}]*)\}`)
	matcher     = regexp.MustCompile(`([a-z_]+)\s*(?:=~|!~|!=|=)`)
	aggregation = regexp.MustCompile(`\b(?:by|on) \(([^)]*)\)`)
	labelText   = regexp.MustCompile(`\$labels\.([a-z_]+)|\{\{([a-z_]+)\}\}`)
)

func watchedNames(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}

// TestWatchedMetricsExist: every metric that the dashboard and the rules name is there, and has every label that they use.
func TestWatchedMetricsExist(t *testing.T) {
	queries, recorded := watched(t)
	all := described(t)
	for range 2 { // a recorded metric may be made of another one
		for name, expr := range recorded {
			all[name] = resulting(expr, all)
		}
	}
	for _, q := range queries {
		if strings.Contains(q.expr, `"$instance"`) && !strings.Contains(q.expr, "flowcollector") {
			t.Errorf("%s: %s names none of our metrics", q.name, q.expr)
		}
		for _, name := range metricName.FindAllString(strings.ReplaceAll(q.expr, `"flowcollector"`, ""), -1) {
			if all[name] == nil {
				t.Errorf("%s: there is no metric %s", q.name, name)
			}
		}
		for _, m := range matchers.FindAllStringSubmatch(q.expr, -1) {
			for _, label := range matcher.FindAllStringSubmatch(m[2], -1) {
				if !slices.Contains(all[m[1]], label[1]) {
					t.Errorf("%s: %s has no label %s", q.name, m[1], label[1])
				}
			}
		}
		for _, at := range aggregation.FindAllStringSubmatchIndex(q.expr, -1) {
			inner := q.expr[at[1]:]
			for _, label := range watchedNames(q.expr[at[2]:at[3]]) {
				if of := metricName.FindString(inner); !slices.Contains(all[of], label) {
					t.Errorf("%s: %s has no label %s to group by", q.name, of, label)
				}
			}
		}
		labels := resulting(q.expr, all)
		for _, text := range q.texts {
			for _, m := range labelText.FindAllStringSubmatch(text, -1) {
				if label := m[1] + m[2]; !slices.Contains(labels, label) {
					t.Errorf("%s: %q uses the label %s; there are %v", q.name, text, label, labels)
				}
			}
		}
	}
}

// resulting are the labels of what an expression gives: those it groups by, or those of its first metric.
func resulting(expr string, all map[string][]string) []string {
	if m := regexp.MustCompile(`\bby \(([^)]*)\)`).FindStringSubmatch(expr); m != nil {
		return watchedNames(m[1])
	}
	return all[metricName.FindString(expr)]
}

// TestWatchedMetricsAreServed: a running service serves them.
func TestWatchedMetricsAreServed(t *testing.T) {
	es := newElastic(t)
	dir := t.TempDir()
	networks := filepath.Join(dir, "networks.csv")
	if err := os.WriteFile(networks, []byte("network,name\n192.0.2.0/24,here\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := run(t, settings(func(c *config.Config) {
		c.Listen.IPFIXTCP = []string{"127.0.0.1:0"}
		c.State.Directory = dir
		c.Enrich.NetworksFile = networks
		c.Output.Elasticsearch.Addresses = []string{es.URL}
		c.Output.Recent.Enabled = "true"
	}), Options{})
	c.send(c.UDP[0], template9(1), netflow9(2, 20))
	until(t, "documents", func() bool { return es.count() >= 20 })
	_, page := c.get("/metrics")
	if want := fmt.Sprintf(`flowcollector_exporter_sequence_units_total{exporter="127.0.0.1",listen="%s"} 2`, c.UDP[0]); !strings.Contains(page, want+"\n") {
		t.Errorf("packets of NetFlow v9, which its sequence counts: no %s", want)
	}
	served := map[string]bool{}
	for line := range strings.Lines(page) {
		name, _, _ := strings.Cut(line, "{")
		name, _, _ = strings.Cut(name, " ")
		served[name] = true
	}
	queries, recorded := watched(t)
	for _, q := range queries {
		for _, name := range metricName.FindAllString(strings.ReplaceAll(q.expr, `"flowcollector"`, ""), -1) {
			if recorded[name] == "" && name != "up" && onlyThen[name] == "" && !served[name] {
				t.Errorf("%s: %s is not served", q.name, name)
			}
		}
	}
	for name, when := range onlyThen {
		if served[name] {
			t.Errorf("%s is served before %s", name, when)
		}
	}
}
