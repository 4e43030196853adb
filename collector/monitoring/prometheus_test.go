package monitoring

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/service"
)

// collector runs a service that writes to a file.
func collector(t *testing.T) service.Addresses {
	t.Helper()
	c := config.Default()
	c.Listen.UDP = []string{"127.0.0.1:0"}
	c.HTTP.Address = "127.0.0.1:0"
	c.Output.NDJSON.Path = filepath.Join(t.TempDir(), "flows.ndjson")
	ready, done := make(chan service.Addresses, 1), make(chan error, 1)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	go func() {
		done <- service.Run(ctx, c, service.Options{Version: "1.2.3", Logger: slog.New(slog.DiscardHandler), Bound: func(a service.Addresses) { ready <- a }})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	select {
	case a := <-ready:
		return a
	case err := <-done:
		done <- err
		t.Fatalf("not started: %v", err)
		return service.Addresses{}
	}
}

// prometheus runs a Prometheus that scrapes the target each second, with our rules.
func prometheus(t *testing.T, target netip.AddrPort) *server {
	t.Helper()
	program, err := exec.LookPath("prometheus")
	if err != nil {
		t.Fatalf("rules and dashboard are tried with a real Prometheus: %v; `make prepare` installs it", err)
	}
	dir := t.TempDir()
	rules := filepath.Join(dir, "rules.yml")
	settings := fmt.Sprintf(`global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [%q]
scrape_configs:
  - job_name: flowcollector
    static_configs: [{targets: [%q]}]
`, rules, target)
	for path, data := range map[string][]byte{rules: Rules, filepath.Join(dir, "prometheus.yml"): []byte(settings)} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil { // it takes the address itself
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), program, "--config.file="+filepath.Join(dir, "prometheus.yml"), "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		_ = log.Close()
	})
	return &server{"http://" + address, log.Name(), ended}
}

type server struct {
	address, log string
	ended        chan struct{}
}

// get asks the API (https://prometheus.io/docs/prometheus/latest/querying/api/).
func (s *server) get(t *testing.T, path string, data any) error {
	t.Helper()
	select {
	case <-s.ended:
		text, _ := os.ReadFile(s.log)
		t.Fatalf("Prometheus ended:\n%s", text)
	default:
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.address+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	answer := struct {
		Status, Error string
		Data          any
	}{Data: data}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return err
	}
	if answer.Status != "success" {
		return fmt.Errorf("%s: %s", answer.Status, answer.Error)
	}
	return nil
}

type vector struct {
	Result []struct {
		Metric map[string]string
		Value  [2]any
	}
}

func (s *server) query(t *testing.T, expr string) (v vector, err error) {
	t.Helper()
	err = s.get(t, "/api/v1/query?query="+url.QueryEscape(expr), &v)
	return v, err
}

// netflow5 is a packet of one flow.
func netflow5(sequence uint32) []byte {
	p := make([]byte, 24+48)
	binary.BigEndian.PutUint16(p, 5)
	binary.BigEndian.PutUint16(p[2:], 1)
	binary.BigEndian.PutUint32(p[4:], 60_000)                    // time since its start, ms
	binary.BigEndian.PutUint32(p[8:], uint32(time.Now().Unix())) // now
	binary.BigEndian.PutUint32(p[16:], sequence)
	copy(p[24:], []byte{192, 0, 2, 1, 192, 0, 2, 2})
	binary.BigEndian.PutUint32(p[24+16:], 1)
	binary.BigEndian.PutUint32(p[24+20:], 100)
	return p
}

// rules counts the rules that are loaded, and says whether all were evaluated. None may fail, or fire.
func (s *server) rules(t *testing.T) (n int, evaluated bool) {
	t.Helper()
	var loaded struct {
		Groups []struct {
			Rules []struct{ Name, Health, LastError, State string }
		}
	}
	if err := s.get(t, "/api/v1/rules", &loaded); err != nil {
		t.Fatal(err)
	}
	evaluated = true
	for _, g := range loaded.Groups {
		for _, r := range g.Rules {
			n++
			evaluated = evaluated && r.Health == "ok"
			if r.Health == "err" || r.State == "firing" {
				t.Errorf("%s: health %s, %s, %s", r.Name, r.Health, r.State, r.LastError)
			}
		}
	}
	return n, evaluated
}

// TestWithPrometheus: a real Prometheus takes the rules, scrapes a running collector and answers the dashboard's queries with its figures.
func TestWithPrometheus(t *testing.T) {
	c := collector(t)
	s := prometheus(t, c.HTTP)
	exporter, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(c.UDP[0]))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = exporter.Close() })
	sequence := uint32(0)
	wait := func(what, expr string) {
		t.Helper()
		for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
			if _, err := exporter.Write(netflow5(sequence)); err != nil {
				t.Fatal(err)
			}
			sequence++
			v, err := s.query(t, expr)
			if err == nil && len(v.Result) > 0 {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("no %s: %v", what, err)
			}
		}
	}
	wait("flows", "instance:flowcollector_records:rate5m > 0")
	wait("flows of the exporter", `instance_exporter:flowcollector_exporter_records:rate5m{exporter="127.0.0.1"} > 0`)

	filled := strings.NewReplacer("$__rate_interval", "1m", "$instance", ".*")
	for _, p := range dashboard(t).Panels {
		for _, target := range p.Targets {
			v, err := s.query(t, filled.Replace(target.Expr))
			if err != nil {
				t.Errorf("%s: %v", p.Title, err)
			}
			// At a glance, there is something wherever this collector has an output with a buffer and with an age.
			if p.Type == "stat" && p.Title != "Buffer in use" && len(v.Result) != 1 {
				t.Errorf("%s: %d results", p.Title, len(v.Result))
			}
		}
	}
	var n int
	var evaluated bool
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
		if n, evaluated = s.rules(t); evaluated || time.Now().After(deadline) {
			break
		}
	}
	if want := len(rules(t)); n != want || !evaluated {
		t.Errorf("%d of %d rules are loaded, all evaluated: %t", n, want, evaluated)
	}
}
