package monitoring

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

type rule struct {
	Record, Alert, Expr, For string
	Labels, Annotations      map[string]string
}

func rules(t *testing.T) (list []rule) {
	t.Helper()
	var file struct{ Groups []struct{ Rules []rule } }
	if err := yaml.Unmarshal(Rules, &file); err != nil {
		t.Fatal(err)
	}
	for _, g := range file.Groups {
		list = append(list, g.Rules...)
	}
	if len(list) < 20 {
		t.Fatalf("%d rules", len(list))
	}
	return list
}

// promtool runs Prometheus's own checker.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	program, err := exec.LookPath("promtool")
	if err != nil {
		t.Fatalf("rules are checked by Prometheus's own program: %v; `make prepare` installs it", err)
	}
	if out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func TestRulesPassPromtool(t *testing.T) {
	promtool(t, "check", "rules", "prometheus-rules.yml")
	promtool(t, "test", "rules", "testdata/prometheus-rules.test.yml")
}

// TestEveryAlertIsTested: each alert has a time at which it fires, and one at which it does not.
func TestEveryAlertIsTested(t *testing.T) {
	data, err := os.ReadFile("testdata/prometheus-rules.test.yml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Tests []struct {
			Expressions []struct {
				Expr    string
				Samples []struct{ Value float64 } `yaml:"exp_samples"`
			} `yaml:"promql_expr_test"`
		}
	}
	if err := yaml.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	fires, quiet := map[string]bool{}, map[string]bool{}
	for _, one := range file.Tests {
		for _, e := range one.Expressions {
			into := quiet
			if len(e.Samples) > 0 {
				into = fires
			}
			into[e.Expr] = true
		}
	}
	for _, r := range rules(t) {
		expr := fmt.Sprintf("count(ALERTS{alertname=%q, alertstate=\"firing\"})", r.Alert)
		if r.Alert != "" && (!fires[expr] || !quiet[expr]) {
			t.Errorf("%s: tested firing %t, tested not firing %t", r.Alert, fires[expr], quiet[expr])
		}
	}
}

// TestEveryAlertIsExplained: who is woken by it learns what to do.
func TestEveryAlertIsExplained(t *testing.T) {
	page, err := os.ReadFile("../../docs/alerts.md")
	if err != nil {
		t.Fatal(err)
	}
	const address = "https://github.com/flowstack/terraform-provider-flowstack/blob/main/docs/alerts.md#"
	explained := 0
	for _, r := range rules(t) {
		if r.Alert == "" {
			continue
		}
		if !slices.Contains([]string{"critical", "warning", "info"}, r.Labels["severity"]) {
			t.Errorf("%s has severity %q", r.Alert, r.Labels["severity"])
		}
		if r.Annotations["summary"] == "" || r.Annotations["description"] == "" || r.Annotations["runbook_url"] != address+strings.ToLower(r.Alert) {
			t.Errorf("%s: annotations %v", r.Alert, r.Annotations)
		}
		_, paragraph, _ := strings.Cut(string(page), "\n## "+r.Alert+"\n\n")
		if paragraph, _, _ = strings.Cut(paragraph, "\n## "); len(strings.Fields(paragraph)) < 20 {
			t.Errorf("docs/alerts.md does not explain %s", r.Alert)
		}
		explained++
	}
	if n := strings.Count(string(page), "\n## Flowcollector"); n != explained {
		t.Errorf("docs/alerts.md explains %d alerts, there are %d", n, explained)
	}
}

// TestDashboardQueries gives the queries of the dashboard to Prometheus's own parser, as rules.
func TestDashboardQueries(t *testing.T) {
	var file struct {
		Groups []struct {
			Name  string              `yaml:"name"`
			Rules []map[string]string `yaml:"rules"`
		} `yaml:"groups"`
	}
	file.Groups = append(file.Groups, struct {
		Name  string              `yaml:"name"`
		Rules []map[string]string `yaml:"rules"`
	}{Name: "dashboard"})
	filled := strings.NewReplacer("$__rate_interval", "5m", "$instance", ".*")
	for i, q := range dashboard(t).queries() {
		file.Groups[0].Rules = append(file.Groups[0].Rules, map[string]string{"record": fmt.Sprintf("query:%d", i), "expr": filled.Replace(q)})
	}
	data, err := yaml.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "queries.yml")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, "check", "rules", path)
}
