package service

import (
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
)

// TestTemplatesOutliveARestart: data that come after a restart are decoded with the template from before, on whatever socket.
func TestTemplatesOutliveARestart(t *testing.T) { eachReaders(t, templatesOutliveARestart) }

func templatesOutliveARestart(t *testing.T) {
	directory := t.TempDir()
	t.Setenv("STATE_DIRECTORY", directory+":/elsewhere")
	es := newElastic(t)
	change := func(c *config.Config) {
		c.Listen.UDP = append(c.Listen.UDP, "127.0.0.1:0")
		c.Output.Elasticsearch.Addresses = []string{es.URL}
	}
	first := run(t, settings(change), Options{})
	first.send(first.UDP[0], template9(0))
	if err := first.stop(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(directory, "exporters.json"))
	if err != nil || info.Mode() != 0o600 {
		t.Fatalf("state %v, %v", info, err)
	}

	second := run(t, settings(change), Options{})
	if _, text := second.get("/metrics"); !strings.Contains(text, "flowcollector_exporters{listen=\""+second.UDP[1].String()+"\"} 0") {
		t.Error("an exporter is counted before it sends")
	}
	second.send(second.UDP[1], netflow9(1, 20))
	until(t, "documents", func() bool { return es.count() == 20 })
	_, text := second.get("/metrics")
	for i, line := range []string{
		`flowcollector_state_restored_templates{listen="%s"} 1`, `flowcollector_exporter_sources{format="netflow9",listen="%s"} 1`,
	} {
		for _, listen := range second.UDP {
			if !strings.Contains(text, fmt.Sprintf(line, listen)) {
				t.Errorf("%d: metrics lack %s", i, fmt.Sprintf(line, listen))
			}
		}
	}
	if !strings.Contains(text, "flowcollector_state_save_errors_total 0") || !strings.Contains(text, "flowcollector_state_saved_timestamp_seconds 0") {
		t.Error("metrics lack the state")
	}
	if err := second.stop(); err != nil {
		t.Error(err)
	}

	// The set directory goes before that of systemd, and one that cannot be written is no reason not to collect.
	log := &syncLog{}
	third := run(t, settings(func(c *config.Config) {
		change(c)
		c.State.Directory = "/proc/flowcollector"
	}), Options{Logger: slog.New(slog.NewTextHandler(log, nil))})
	third.send(third.UDP[0], template9(2), netflow9(3, 10))
	until(t, "more documents", func() bool { return es.count() == 30 })
	if err := third.stop(); err != nil {
		t.Error(err)
	}
	if !strings.Contains(log.String(), "unable to write state.directory") || !strings.Contains(log.String(), "unable to save what exporters announced") {
		t.Errorf("log:\n%s", log)
	}
}

func TestStateDirectory(t *testing.T) {
	for _, test := range [][3]string{{"", "", ""}, {"/a", "/b", "/a"}, {"", "/b", "/b"}, {"", "/b:/c", "/b"}} {
		t.Setenv("STATE_DIRECTORY", test[1])
		if got := stateDirectory(test[0]); got != test[2] {
			t.Errorf("set %q, systemd's %q: %q, want %q", test[0], test[1], got, test[2])
		}
	}
}

// TestStateIsSavedInTime: soon after a change, and now and then without one.
func TestStateIsSavedInTime(t *testing.T) {
	p := build(t, func(c *config.Config) { c.State.Directory = t.TempDir() })
	from := netip.MustParseAddrPort("198.18.0.99:3000")
	start := p.handedT
	p.Tick(start.Add(time.Minute))
	if p.handedT != start {
		t.Error("saved though nothing changed")
	}
	p.Packet(template9(0), from, start)
	p.Tick(start.Add(saveEvery - 1))
	if p.handedT != start {
		t.Error("saved too early")
	}
	p.Tick(start.Add(saveEvery))
	if p.handedT != start.Add(saveEvery) || p.table.Changed() {
		t.Error("not saved after a change")
	}
	p.Packet(netflow9(1, 10), from, start)
	p.Tick(start.Add(2 * saveEvery))
	if p.handedT != start.Add(saveEvery) {
		t.Error("saved though only data came")
	}
	p.Tick(start.Add(saveEvery + refreshEvery))
	if p.handedT != start.Add(saveEvery+refreshEvery) {
		t.Error("the times at which exporters were heard of are never saved")
	}
}

func TestWhoMaySend(t *testing.T) { eachReaders(t, whoMaySend) }

func whoMaySend(t *testing.T) {
	es := newElastic(t)
	c := run(t, settings(func(c *config.Config) {
		c.Output.Elasticsearch.Addresses = []string{es.URL}
		c.Exporters.Allow = []string{"192.0.2.0/24", "2001:db8::1"}
	}), Options{})
	c.send(c.UDP[0], netflow5(0, 30), netflow5(30, 30))
	refused := func(cause string, n int) string {
		return fmt.Sprintf(`flowcollector_packets_refused_total{cause="%s",listen="%s"} %d`, cause, c.UDP[0], n)
	}
	until(t, "the account", func() bool {
		_, text := c.get("/metrics")
		return strings.Contains(text, refused("not_allowed", 2)) && strings.Contains(text, refused("rate_limited", 0))
	})
	if es.count() != 0 {
		t.Errorf("%d documents", es.count())
	}
	c.shows("/api/v1/exporters", `"not_allowed":2`)
	c.shows("/", "not from one of exporters.allow")

	// A clock that the test holds: three packets a second are taken, and the one that made the exporter known.
	p := build(t, func(c *config.Config) { c.Exporters.MaxPacketsPerSecond = 3 })
	from, now := netip.MustParseAddrPort("198.18.0.99:3000"), time.Now()
	for range 10 {
		p.Packet(netflow5(0, 1), from, now)
	}
	snap, lines := (&series{}).scrape(p.table)
	if n := p.flows.Load(); n != 4 || snap.Refused["rate_limited"] != 6 || len(lines) != 1 || lines[0].counted[limitedAt] != 6 {
		t.Errorf("%d flows, %v, %+v", n, snap.Refused, lines)
	}
}

// TestLimitsAreThoseSet holds that no setting is left out.
func TestLimitsAreThoseSet(t *testing.T) {
	c := config.Default().Exporters
	c.Allow = []string{"192.0.2.0/24"}
	c.MaxPacketsPerSecond = 5
	c.MaxPerAddress, c.PendingMaxAge = 100, config.Duration(time.Minute)
	l := limits(c)
	if l.Exporters != 10000 || l.PerAddress != 100 || l.PendingMaxAge != time.Minute || l.Templates != 1024 || l.Fields != 512 || l.TemplateAllBytes != 64<<20 || l.PendingBytes != 1<<20 ||
		l.PendingAllBytes != 64<<20 || l.OptionRows != 16384 || l.OptionAllBytes != 64<<20 || l.PacketsPerSecond != 5 || len(l.Allow) != 1 {
		t.Errorf("%+v", l)
	}
}
