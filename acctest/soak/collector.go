package soak

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
)

const (
	metricsPage = "http://127.0.0.1:8080/metrics"
	// spoolDisk is where the spool is, on a disk of its own that can be filled.
	spoolDisk = "/var/lib/private/flowcollector/spool"
	// patience is how long nothing may change before the collector counts as stuck. Emulated machines are slow.
	patience = 5 * time.Minute
)

// Process is what a process of the collector takes of its machine at a time.
type Process struct {
	ID          string // of the process
	Resident    int    // bytes
	Goroutines  int
	Descriptors int
}

// Longest is the process that was looked at most often: when it was young, and last.
func (r Report) Longest() (first, last Process, looks int) {
	of := map[string][]Process{}
	for _, p := range r.Processes {
		of[p.ID] = append(of[p.ID], p)
		if list := of[p.ID]; len(list) > looks {
			first, last, looks = list[0], p, len(list)
		}
	}
	return first, last, looks
}

// leaks compares each process with itself when it was young: one that was just started says nothing of those before. Caches fill, so memory may grow
// to what a collector with full ones takes.
func (r Report) leaks() error {
	const (
		goroutines  = 20
		descriptors = 20
		resident    = 150 << 20
	)
	var found []error
	young, last := map[string]Process{}, map[string]Process{}
	for _, p := range r.Processes {
		if _, known := young[p.ID]; !known {
			young[p.ID] = p
		}
		last[p.ID] = p
		if p.Resident > resident {
			found = append(found, fmt.Errorf("the collector, process %s, takes %d MiB", p.ID, p.Resident>>20))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(last)) {
		if n := last[id].Goroutines - young[id].Goroutines; n > goroutines {
			found = append(found, fmt.Errorf("the collector, process %s, has %d goroutines more than when it was young", id, n))
		}
		if n := last[id].Descriptors - young[id].Descriptors; n > descriptors {
			found = append(found, fmt.Errorf("the collector, process %s, has %d open files more than when it was young", id, n))
		}
	}
	return errors.Join(found...)
}

// unasked says how often systemd started the collector again though nobody had ended it: by what the unit counted before an episode and after it, how
// often the collector was ended meanwhile, and whether it was restarted by hand, which makes the unit count anew.
func unasked(before, after, ended int, byHand bool) int {
	if byHand && after < before+ended {
		before = 0
	}
	return after - before - ended
}

// unitRestarts is how often systemd started the collector again by itself.
func (s *soak) unitRestarts(ctx context.Context) (int, error) {
	out, err := s.Host.Run(ctx, "systemctl", "show", "--property=NRestarts", "--value", "flowcollector")
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(out)))
}

// prepare gives the spool a disk of its own, and connects the exporter.
func (s *soak) prepare(ctx context.Context) error {
	for _, argv := range [][]string{
		{"systemctl", "stop", "flowcollector"},
		{"mkdir", "-p", spoolDisk},
		{"mount", "-t", "tmpfs", "-o", "size=64m,mode=0700", "tmpfs", spoolDisk},
		{"chown", "--reference=" + spoolDisk + "/..", spoolDisk},
		{"systemctl", "start", "flowcollector"},
	} {
		if _, err := s.Host.Run(ctx, argv...); err != nil {
			return err
		}
	}
	var err error
	s.flows, err = acctest.NewNetFlow(ctx, s.Host, "127.0.0.1:2055")
	return err
}

// metrics reads the metrics, and waits for a collector that is starting.
func (s *soak) metrics(ctx context.Context) (metrics, error) {
	transport := &http.Transport{DialContext: s.Host.DialContext, DisableKeepAlives: true}
	began := time.Now()
	for {
		page, err := fetch(ctx, transport)
		if err == nil || time.Since(began) > patience {
			return page, err
		}
		if err := pause(ctx, time.Second); err != nil {
			return nil, err
		}
	}
}

func fetch(ctx context.Context, transport *http.Transport) (metrics, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, metricsPage, nil)
	if err != nil {
		return nil, err
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", metricsPage, response.Status)
	}
	return parse(string(text)), nil
}

// metrics are sums over all labels, by name.
type metrics map[string]float64

func parse(page string) metrics {
	m := metrics{}
	for line := range strings.Lines(page) {
		name, value, found := strings.Cut(strings.TrimSpace(line), " ")
		if !found || strings.HasPrefix(name, "#") {
			continue
		}
		name, _, _ = strings.Cut(name, "{")
		if n, err := strconv.ParseFloat(value, 64); err == nil {
			m[name] += n
		}
	}
	return m
}

// counted is how many flows were dropped and counted since the collector was started.
func (s *soak) counted(ctx context.Context) (int, error) {
	m, err := s.metrics(ctx)
	return int(m["flowcollector_flows_dropped_total"]) + acctest.FlowsPerPacket*int(m["flowcollector_socket_drops_total"]), err
}

func (s *soak) process(ctx context.Context) (Process, error) {
	m, err := s.metrics(ctx)
	if err != nil {
		return Process{}, err
	}
	id, err := s.pid(ctx)
	return Process{id, int(m["process_resident_memory_bytes"]), int(m["go_goroutines"]), int(m["process_open_fds"])}, err
}

// drained waits until the collector has read and stored all that was sent: nothing is held and nothing comes in any more for longer than a batch
// waits to be full.
func (s *soak) drained(ctx context.Context) error {
	const still = 4 * time.Second
	var records, held float64
	changed := time.Now()
	for {
		m, err := s.metrics(ctx)
		if err != nil {
			return err
		}
		nowRecords, nowHeld := m["flowcollector_records_total"], m["flowcollector_output_buffer_documents"]
		if nowRecords != records || nowHeld != held {
			records, held, changed = nowRecords, nowHeld, time.Now()
		}
		switch age := time.Since(changed); {
		case held == 0 && age >= still:
			return nil
		case age > patience:
			return fmt.Errorf("%.0f flows are not stored, and nothing moves", held)
		}
		if err := pause(ctx, 500*time.Millisecond); err != nil {
			return err
		}
	}
}

// restarted waits until systemd has started the collector anew.
func (s *soak) restarted(ctx context.Context, before string) error {
	began := time.Now()
	for {
		pid, err := s.pid(ctx)
		if err != nil {
			return err
		}
		if pid != before && pid != "0" {
			return nil
		}
		if time.Since(began) > patience {
			return errors.New("the collector is not started again")
		}
		if err := pause(ctx, 500*time.Millisecond); err != nil {
			return err
		}
	}
}

func (s *soak) pid(ctx context.Context) (string, error) {
	out, err := s.Host.Run(ctx, "systemctl", "show", "--property=MainPID", "--value", "flowcollector")
	return strings.TrimSpace(string(out)), err
}

func (s *soak) signal(ctx context.Context, name string) error {
	_, err := s.Host.Run(ctx, "systemctl", "kill", "--kill-who=main", "--signal="+name, "flowcollector")
	return err
}
