package main

import (
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/recent"
)

const (
	webFlow = `{"@timestamp":"2026-09-21T14:13:19.250Z","observer":{"ip":"192.0.2.1"},"network":{"transport":"tcp","bytes":1000,"packets":10,"application":"https"},` +
		`"source":{"ip":"198.51.100.1","port":40001},"destination":{"ip":"203.0.113.1","port":443}}`
	nameFlow = `{"@timestamp":"2026-09-21T14:13:20.250Z","observer":{"ip":"192.0.2.1"},"network":{"transport":"udp","bytes":70,"packets":1,"application":"\u001b[31mdns"},` +
		`"source":{"ip":"2001:db8::1","port":40001},"destination":{"ip":"2001:db8::53","port":53}}`
)

// keep fills a directory with flows.
func keep(t *testing.T) (directory string, w *recent.Writer) {
	t.Helper()
	directory = filepath.Join(t.TempDir(), "recent")
	w, err := recent.NewWriter(recent.Options{Directory: directory, MaxBytes: recent.LeastBytes, Keep: time.Hour, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	if _, n, err := w.Append([]byte(webFlow + "\n" + nameFlow + "\n")); err != nil || n != 2 {
		t.Fatalf("%d flows, %v", n, err)
	}
	return directory, w
}

func TestFlowsOfARunningCollector(t *testing.T) {
	directory, w := keep(t)
	check := func() {
		t.Helper()
		stdout, stderr, err := execute(t, "flows", "--directory", directory)
		if err != nil {
			t.Fatal(err)
		}
		rows := strings.Split(stdout, "\n")
		if len(rows) != 4 || !strings.HasPrefix(rows[0], "TIME ") || !strings.Contains(rows[1], "[2001:db8::1]:40001") || !strings.Contains(rows[1], "?[31mdns") ||
			!strings.Contains(rows[2], "198.51.100.1:40001  ") || !strings.HasSuffix(rows[2], "1000   10") {
			t.Errorf("got\n%s", stdout)
		}
		if !strings.HasPrefix(stderr, "2 flows; in all 2 flows, 1070 bytes, 11 packets; the store has flows from ") {
			t.Errorf("got %q", stderr)
		}
	}
	check()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	check()
	settings := file(t, "settings.yml", "output:\n  recent:\n    directory: "+directory+"\n")
	for _, args := range [][]string{
		{"--address", "203.0.113.0/24"},
		{"--source", "198.51.100.1", "--port", "443", "--protocol", "TCP", "--exporter", "192.0.2.1"},
		{"--protocol", "6", "--application", "https"},
		{"--to", "2026-09-21T14:13:20Z"},
		{"--order", "bytes", "--limit", "1"},
		{"--offset", "1"},
	} {
		stdout, _, err := execute(t, append([]string{"flows", "--config", settings, "--json"}, args...)...)
		if err != nil || stdout != webFlow+"\n" {
			t.Errorf("%v: got %q, %v", args, stdout, err)
		}
	}
	if stdout, stderr, err := execute(t, "flows", "--directory", directory, "--since", "1s", "--json"); err != nil || stdout != "" || !strings.HasPrefix(stderr, "0 flows; in all 0 flows,") {
		t.Errorf("got %q, %q, %v", stdout, stderr, err)
	}
}

func TestFlowsByWhatTheyHaveInCommon(t *testing.T) {
	directory, _ := keep(t)
	stdout, stderr, err := execute(t, "flows", "--directory", directory, "--top", "destination-port", "--order", "bytes", "--limit", "1")
	if err != nil || stdout != "DESTINATION-PORT  FLOWS  BYTES  PACKETS\n443               1      1000   10\n" || !strings.HasPrefix(stderr, "1 group; in all 2 flows, ") {
		t.Errorf("got %q, %q, %v", stdout, stderr, err)
	}
	stdout, _, err = execute(t, "flows", "--directory", directory, "--top", "exporter", "--json")
	if err != nil || stdout != `{"key":"192.0.2.1","flows":2,"bytes":1070,"packets":11}`+"\n" {
		t.Errorf("got %q, %v", stdout, err)
	}
	if _, _, err := execute(t, "flows", "--directory", directory, "--top", "colour"); err == nil || !strings.Contains(err.Error(), `--top: "colour" is nothing to group flows by`) {
		t.Errorf("error %v", err)
	}
}

func TestFlowsNamesEveryMistake(t *testing.T) {
	_, _, err := execute(t, "flows", "--address", "192.0.2.0/33", "--exporter", "router", "--protocol", "tpc", "--from", "soon", "--order", "oldest", "--limit", "0")
	if err == nil {
		t.Fatal("no error")
	}
	for _, flag := range []string{"address", "exporter", "protocol", "from", "order", "limit"} {
		if !strings.Contains(err.Error(), "--"+flag+": ") {
			t.Errorf("--%s is missing in: %v", flag, err)
		}
	}
	absent := filepath.Join(t.TempDir(), "absent")
	if _, _, err := execute(t, "flows", "--directory", absent); err == nil || !strings.Contains(err.Error(), "unable to read the recent flows: open "+absent) {
		t.Errorf("error %v", err)
	}
	if _, _, err := execute(t, "flows", "--config", "/nonexistent.yml"); err == nil || !strings.Contains(err.Error(), "unable to read the settings: open /nonexistent.yml") {
		t.Errorf("error %v", err)
	}
	if stdout, _, err := execute(t, "__complete", "flows", "--order", ""); err != nil || !strings.HasPrefix(stdout, "newest\nbytes\npackets\n") {
		t.Errorf("got %q, %v", stdout, err)
	}
}
