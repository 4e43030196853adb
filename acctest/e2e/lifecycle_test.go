package e2e

import (
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
	"github.com/flowstack/terraform-provider-flowstack/acctest/chain"
)

// TestReloadAndWatchdog reloads a collector under systemd, with good settings and with bad ones, and then gives it an output that is stuck: systemd
// restarts it, and the journal names the stage.
func TestReloadAndWatchdog(t *testing.T) {
	ctx := t.Context()
	h := startHost(t, "flow1")
	tofu, remove, err := chain.Workspace(ctx, repository, "testdata/collector", chain.Variables(h, nil))
	must(t, err)
	cleanup(t, remove)
	must(t, tofu.Apply(ctx))
	show := func(property string) string {
		return strings.TrimSpace(string(run(ctx, t, h, "systemctl", "show", "--value", "-p", property, "flowcollector")))
	}
	process := show("MainPID")
	reload := func(settings string) {
		t.Helper()
		put(ctx, t, h, "/etc/flowcollector/flowcollector.yml", "0644", []byte(settings))
		run(ctx, t, h, "systemctl", "reload", "flowcollector")
	}
	reloaded := func(want float64) {
		t.Helper()
		waitFor(ctx, t, "the reload", func() (bool, string) {
			metrics := get(ctx, t, h, metricsPage)
			return metric(metrics, "flowcollector_config_last_reload_successful") == want && show("ActiveState") == "active", show("StatusText")
		})
	}

	reload("log: {levle: debug}\n")
	reloaded(0)
	if status := show("StatusText"); !strings.Contains(status, `settings not reloaded: /etc/flowcollector/flowcollector.yml: line 1, column 7: unknown setting "log.levle"`) {
		t.Errorf("status %q", status)
	}
	const pipe = "/var/lib/private/flowcollector/pipe"
	run(ctx, t, h, "sh", "-c", "mkfifo "+pipe+" && chown --reference=/var/lib/private/flowcollector "+pipe)
	run(ctx, t, h, "systemd-run", "--quiet", "--unit=reader", "sh", "-c", "exec sleep infinity <>"+pipe)
	reload("output: {ndjson: {path: /var/lib/flowcollector/pipe}}\n")
	reloaded(1)
	if now := show("MainPID"); now != process || show("NRestarts") != "0" {
		t.Errorf("process %s is now %s: a reload is no restart", process, now)
	}

	// Nobody reads what is in the pipe: 64 KiB fit.
	g, err := acctest.NewNetFlow(ctx, h, "127.0.0.1:2055")
	must(t, err)
	t.Cleanup(func() { must(t, g.Close()) })
	g.Start(ctx, 2000)
	waitFor(ctx, t, "the pipe to be full", func() (bool, string) {
		metrics := get(ctx, t, h, metricsPage)
		return metric(metrics, "flowcollector_output_buffer_documents") > 10*acctest.FlowsPerPacket, metrics
	})
	_, err = g.Stop()
	must(t, err)
	waitFor(ctx, t, "systemd to restart the collector", func() (bool, string) {
		return show("NRestarts") != "0", show("StatusText")
	})
	journal := string(run(ctx, t, h, "journalctl", "--no-pager", "-u", "flowcollector"))
	for _, want := range []string{"a stage makes no progress, the watchdog is not served", "ndjson sender 1 is stuck", "Watchdog timeout"} {
		if !strings.Contains(journal, want) {
			t.Errorf("the journal lacks %q:\n%s", want, journal)
		}
	}
	if errors := string(run(ctx, t, h, "journalctl", "--no-pager", "-u", "flowcollector", "-p", "err", "-o", "cat")); !strings.Contains(errors, "is stuck") || strings.Contains(errors, "level=INFO") {
		t.Errorf("lines with the priority of errors:\n%s", errors)
	}
	if text := string(run(ctx, t, h, "systemd-analyze", "security", "--no-pager", "--threshold=12", "flowcollector")); !strings.Contains(text, "Overall exposure level") {
		t.Errorf("systemd-analyze: %s", text)
	}
}
