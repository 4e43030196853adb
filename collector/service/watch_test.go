package service

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
)

// hurried is a pace at which what is stuck shows soon.
var hurried = pace{reader: 100 * time.Millisecond, status: 20 * time.Millisecond, probe: 20 * time.Millisecond, grace: 200 * time.Millisecond, write: 200 * time.Millisecond}

// guard gives the service a watchdog, and returns how often it was served.
func guard(t *testing.T) (*systemd, func() int) {
	t.Helper()
	sd := newSystemd(t)
	t.Setenv("WATCHDOG_USEC", "40000")
	t.Setenv("WATCHDOG_PID", strconv.Itoa(os.Getpid()))
	return sd, func() int { return len(sd.all("WATCHDOG=1")) }
}

// silent waits until the status says again and again which stage is stuck, and checks that the watchdog is not served meanwhile.
func silent(t *testing.T, sd *systemd, pings func() int, stage string) {
	t.Helper()
	said := func() int { return len(sd.all("STATUS=" + stage + " is stuck: ")) }
	until(t, stage+" in the status", func() bool { return said() > 0 })
	before, told := pings(), said()
	until(t, "the status again", func() bool { return said() > told+5 })
	if n := pings(); n != before {
		t.Errorf("%s is stuck, and the watchdog was served %d times", stage, n-before)
	}
}

// TestWatchdogOfAnOutput: a pipe that nobody reads is stuck, and goes on when somebody does.
func TestWatchdogOfAnOutput(t *testing.T) {
	sd, pings := guard(t)
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := start(t.Context(), settings(func(c *config.Config) { c.Output.NDJSON.Path = path }), Options{Logger: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), "nobody reads from this pipe") {
		t.Fatalf("a pipe without a reader: %v", err)
	}
	reader, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reader.Close() })
	c := run(t, settings(func(c *config.Config) { c.Output.NDJSON.Path = path }), Options{pace: hurried, DrainTime: time.Millisecond})
	until(t, "the watchdog", func() bool { return pings() > 2 })
	for i := range uint32(20) { // a pipe holds 64 KiB
		c.send(c.UDP[0], netflow5(30*i, 30))
	}
	silent(t, sd, pings, "Ndjson sender 1")
	if code, text := c.get("/livez"); code != http.StatusServiceUnavailable || !strings.Contains(text, "ndjson sender 1 is stuck") {
		t.Errorf("livez: %d %s", code, text)
	}
	before := pings()
	go func() { _, _ = reader.WriteTo(discard{}) }() // until the pipe is closed
	until(t, "the watchdog again", func() bool { return pings() > before+2 })
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// TestWatchdogOfADecoder: one that never comes to the end of a packet is stuck.
func TestWatchdogOfADecoder(t *testing.T) {
	sd, pings := guard(t)
	holding := &holdingLog{Handler: slog.DiscardHandler, message: undecodable, hold: make(chan struct{})}
	c := run(t, settings(func(c *config.Config) { c.Output.NDJSON.Path = "/dev/null" }), Options{pace: hurried, Logger: slog.New(holding)})
	t.Cleanup(func() { close(holding.hold) }) // before the collector is stopped
	until(t, "the watchdog", func() bool { return pings() > 2 })
	c.send(c.UDP[0], []byte("no flow packet at all"))
	silent(t, sd, pings, "Reader "+c.UDP[0].String())
}

// holdingLog holds up whoever logs a message.
type holdingLog struct {
	slog.Handler
	message string
	hold    chan struct{}
}

func (h *holdingLog) Enabled(context.Context, slog.Level) bool { return true }

func (h *holdingLog) Handle(_ context.Context, r slog.Record) error {
	if r.Message == h.message {
		<-h.hold
	}
	return nil
}

func (h *holdingLog) WithAttrs([]slog.Attr) slog.Handler { return h }

// TestWatchdogOfADeadlock: a lock that is never given back stops the stage that wants it, and with it the watchdog.
func TestWatchdogOfADeadlock(t *testing.T) {
	sd, pings := guard(t)
	s, err := start(t.Context(), settings(func(c *config.Config) { c.Output.NDJSON.Path = "/dev/null" }), Options{pace: hurried, Logger: slog.New(slog.DiscardHandler), DrainTime: time.Minute, ReadyTime: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.run(ctx) }()
	until(t, "the watchdog", func() bool { return pings() > 2 })
	s.listeners()[0].series.mu.Lock()
	silent(t, sd, pings, "HTTP server")
	before := pings()
	s.listeners()[0].series.mu.Unlock()
	until(t, "the watchdog again", func() bool { return pings() > before+2 })
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestWatchdogIsServedWhileAServerIsSilent: a server that takes a request and never answers is waited for, as long as a request may take.
func TestWatchdogIsServedWhileAServerIsSilent(t *testing.T) {
	_, pings := guard(t)
	asked, end := make(chan struct{}, 100), make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		select {
		case <-end:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(silent.Close)
	t.Cleanup(func() { close(end) })
	c := run(t, settings(func(c *config.Config) { c.Output.Elasticsearch.Addresses = []string{silent.URL} }), Options{pace: hurried, DrainTime: time.Millisecond})
	c.send(c.UDP[0], netflow5(0, 30))
	<-asked
	before := pings()
	until(t, "the watchdog", func() bool { return pings() > before+50 })
	if code, text := c.get("/livez"); code != http.StatusOK {
		t.Errorf("livez: %d %s", code, text)
	}
}

// TestReadyOnlyWhenFlowsCanBeKept: an output without a spool has to be reached; one with a spool has not.
func TestReadyOnlyWhenFlowsCanBeKept(t *testing.T) {
	sd := newSystemd(t)
	es := newElastic(t)
	es.away = true
	c := run(t, settings(func(c *config.Config) { c.Output.Elasticsearch.Addresses = []string{es.URL} }), Options{ReadyTime: 24 * time.Hour})
	c.send(c.UDP[0], netflow5(0, 30))
	until(t, "the reason", func() bool {
		return len(sd.all("STATUS=starting: flows are taken, Elasticsearch is not reached yet; ")) > 0 && len(sd.all("EXTEND_TIMEOUT_USEC=")) > 0
	})
	if n := len(sd.all("READY=1")); n != 0 {
		t.Error("ready though nothing can be kept")
	}
	if code, text := c.get("/readyz"); code != http.StatusServiceUnavailable || !strings.Contains(text, "not ready: service: starting") {
		t.Errorf("readyz: %d %s", code, text)
	}
	es.mu.Lock()
	es.away = false
	es.mu.Unlock()
	until(t, "READY", func() bool { return len(sd.all("READY=1")) == 1 })
	until(t, "what came meanwhile", func() bool { return es.count() == 30 })

	sd = newSystemd(t)
	run(t, settings(func(c *config.Config) {
		c.Output.Elasticsearch.Addresses = []string{"http://127.0.0.1:9"}
		c.Output.Elasticsearch.Spool.Directory = t.TempDir()
	}), Options{ReadyTime: 24 * time.Hour})
	until(t, "READY with a spool", func() bool { return len(sd.all("READY=1")) == 1 })

	// A stop before that is not followed by it.
	sd = newSystemd(t)
	c = run(t, settings(func(c *config.Config) { c.Output.Elasticsearch.Addresses = []string{"http://127.0.0.1:9"} }), Options{ReadyTime: 24 * time.Hour})
	until(t, "the start", func() bool { return len(sd.all("STATUS=starting: ")) > 0 })
	if err := c.stop(); err != nil {
		t.Error(err)
	}
	until(t, "STOPPING", func() bool { return len(sd.all("STATUS=stopping")) == 1 })
	if told := sd.all(""); len(sd.all("READY=1")) != 0 || !strings.HasPrefix(told[len(told)-1], "STATUS=stopping") {
		t.Errorf("systemd was told %q", told)
	}
}
