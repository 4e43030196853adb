package service

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/recent"
)

// Without any output flows can be searched: while the service runs, from beside it, and after it was started again.
func TestRecentFlowsWithoutAnOutput(t *testing.T) {
	directory := t.TempDir()
	cfg := settings(func(c *config.Config) {
		c.State.Directory = directory
		c.Enrich.GeoIP.City, c.Enrich.GeoIP.ASN = geoFiles(t)
	})
	c := run(t, cfg, Options{})
	c.send(c.UDP[0], template9(0), netflow5(0, 30), netflow9(1, 25))
	store := recent.Open(filepath.Join(directory, "recent"))
	search := func(q recent.Query) recent.Result {
		t.Helper()
		q.Budget = time.Hour
		r, err := store.Search(t.Context(), q)
		if err != nil || r.Partial {
			t.Fatalf("%+v, %v", r, err)
		}
		return r
	}
	until(t, "all flows", func() bool { return search(recent.Query{}).Sums.Flows == 55 })
	r := search(recent.Query{Source: netip.MustParsePrefix("198.18.0.0/28"), Port: 443, Protocol: 6, AS: 64500, Country: "at", Application: "https", Limit: 5})
	if r.Sums != (recent.Sums{Flows: 16, Octets: 1600, Packets: 32}) || len(r.Flows) != 5 || !r.More {
		t.Fatalf("%+v", r)
	}
	f := r.Flows[0]
	if f.Exporter != netip.MustParseAddr("127.0.0.1") || f.Destination.Address != netip.MustParseAddr("203.0.113.1") || f.Transport != "tcp" ||
		f.Source.Country != "AT" || f.Input.ID != "1" || f.Output.ID != "2" || !strings.HasPrefix(string(f.Document), `{"@timestamp":`) {
		t.Errorf("%+v", f)
	}
	if r := search(recent.Query{Either: netip.MustParsePrefix("2001:db8:1::/48"), Order: recent.Octets}); r.Sums.Flows != 25 || r.Sums.Octets != 25_000 {
		t.Errorf("%+v", r)
	}
	if code, text := c.get("/readyz"); code != 200 || !strings.Contains(text, "ok: recent: 55 flows stored") || !strings.Contains(text, "55 flows since") {
		t.Errorf("%d, %s", code, text)
	}
	if _, text := c.get("/metrics"); !strings.Contains(text, `flowcollector_recent_flows{output="recent"} 55`) ||
		!strings.Contains(text, `flowcollector_documents_sent_total{output="recent"} 55`) {
		t.Error(text)
	}
	if err := c.stop(); err != nil {
		t.Fatal(err)
	}
	c = run(t, cfg, Options{})
	c.send(c.UDP[0], netflow5(0, 10))
	until(t, "the flows of after the restart", func() bool { return search(recent.Query{}).Sums.Flows == 65 })
}

func TestRecentFlowsAreOffBesideAnOutput(t *testing.T) {
	directory := t.TempDir()
	for enabled, want := range map[string]bool{"auto": false, "true": true} {
		c := run(t, settings(func(c *config.Config) {
			c.State.Directory = directory
			c.Output.NDJSON.Path = filepath.Join(directory, "flows.ndjson")
			c.Output.Recent.Enabled = enabled
		}), Options{})
		if _, text := c.get("/readyz"); strings.Contains(text, "recent: ") != want || !strings.Contains(text, "ndjson: ") {
			t.Errorf("%s: %s", enabled, text)
		}
		if err := c.stop(); err != nil {
			t.Fatal(err)
		}
	}
}

// What keeps recent flows from the disk is said; it is an error only where they were asked for.
func TestRecentFlowsCannotBeKept(t *testing.T) {
	t.Setenv("STATE_DIRECTORY", "")
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c := run(t, settings(func(c *config.Config) { c.State.Directory = file }), Options{})
	if code, text := c.get("/readyz"); code != 503 || !strings.Contains(text, "recent flows cannot be kept: unable to make the directory of recent flows: mkdir "+file) {
		t.Errorf("%d, %s", code, text)
	}
	c = run(t, settings(nil), Options{})
	if code, text := c.get("/readyz"); code != 503 || !strings.Contains(text, "recent flows cannot be kept: there is no state directory") {
		t.Errorf("%d, %s", code, text)
	}
	for _, change := range []func(*config.Config){
		func(c *config.Config) { c.Output.Recent.Enabled = "true" },
		func(c *config.Config) { c.Output.Recent.Directory = filepath.Join(file, "recent") },
	} {
		if err := Run(t.Context(), settings(change), Options{}); err == nil || !strings.Contains(err.Error(), "recent flows") {
			t.Errorf("error %v", err)
		}
	}
}
