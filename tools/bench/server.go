package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
	"github.com/flowstack/terraform-provider-flowstack/acctest/world"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

const (
	// serverFlows are sent to the collector at serverRate flows a second, which is more than Elasticsearch stores: the spool takes the difference.
	serverFlows = 600_000
	serverRate  = 60_000
	// serverLimit is for a run in which nothing comes to its end.
	serverLimit = 20 * time.Minute

	serverIndex = "flows-bench"
	serverPart  = "elasticsearch"
)

// stored is how fast a real Elasticsearch stores what the collector has.
type stored struct {
	Name      string
	Flows     int           // sent
	Sending   time.Duration // from the first packet to the last
	Storing   time.Duration // from the first packet to the answer for the last document
	Collector time.Duration // processor time
	Server    time.Duration // processor time
	Spooled   int           // octets of the spool at most
	Peak      int           // octets of the collector's memory at most
	Octets    int           // of requests
	Found     int           // documents in the index at the end
}

// againstServer starts a real Elasticsearch and measures how fast flows come to it from the packets on.
func againstServer(ctx context.Context, d world.Knowledge, say func(format string, args ...any)) (all []stored, err error) {
	programs, err := buildCollectors(ctx, &d)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(programs)) }()
	host, err := acctest.StartHost(ctx, acctest.HostOptions{Name: "bench", Log: say})
	if err != nil {
		return nil, err
	}
	stop := func(f func(context.Context) error) { err = errors.Join(err, f(context.WithoutCancel(ctx))) }
	defer stop(host.Stop)
	server, err := acctest.StartElasticsearch(ctx, acctest.ElasticsearchOptions{Host: host, Heap: "2g", Log: say})
	if err != nil {
		return nil, err
	}
	defer stop(server.Close)
	for _, one := range []struct {
		name string
		gzip bool
	}{{"", true}, {"with gzip", true}, {"`gzip: false`", false}} { // the first is for the server's code to be compiled
		r, err := storeAll(ctx, host, server, programs, d, one.gzip)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", one.name, err)
		}
		say("Elasticsearch: %s, %.0f flows/s", cmp.Or(one.name, "to warm up"), float64(r.Flows)/r.Storing.Seconds())
		if r.Name = one.name; r.Name != "" {
			all = append(all, r)
		}
	}
	return all, nil
}

// storeAll sends all flows to a collector beside the server and waits until each is stored.
func storeAll(ctx context.Context, host *acctest.Host, server *acctest.Elasticsearch, programs string, d world.Knowledge, compress bool) (r stored, err error) {
	for _, t := range schema.Flows.Templates(serverIndex, schema.TargetIndex) {
		if err := server.Do(ctx, http.MethodPut, t.Path, t.Body, nil); err != nil {
			return r, err
		}
	}
	if err := server.Do(ctx, http.MethodPut, "/"+serverIndex, nil, nil); err != nil {
		return r, err
	}
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	settings := fmt.Sprintf(`listen: {udp: ["127.0.0.1:%d"]}
http: {address: %q}
enrich: {geoip: {city: %q, asn: %q}}
output:
  elasticsearch:
    addresses: [%q]
    index: %s
    username: %s
    password_file: %s
    ca_file: %s
    gzip: %v
    spool: {directory: %s}
`, flowPort, metricsAddress, d.City, d.ASN, server.URL, serverIndex, server.Username,
		filepath.Join(dir, "password"), filepath.Join(dir, "ca.crt"), compress, filepath.Join(dir, "spool"))
	for name, text := range map[string]string{"flowcollector.yml": settings, "password": server.Password, "ca.crt": string(server.CA)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return r, err
		}
	}
	self, err := os.Executable()
	if err != nil {
		return r, err
	}
	before, err := processorOf(ctx, server)
	if err != nil {
		return r, err
	}
	inside := host.Command(ctx, self, insideFlag, programs, serverPart, dir)
	inside.Stderr = os.Stderr
	out, err := inside.Output()
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(out, &r); err != nil {
		return r, err
	}
	after, err := processorOf(ctx, server)
	if err != nil {
		return r, err
	}
	r.Server = after - before
	if r.Found, err = count(ctx, server); err != nil {
		return r, err
	}
	if r.Found != r.Flows {
		return r, fmt.Errorf("%d documents are in the index, of %d flows", r.Found, r.Flows)
	}
	return r, server.Do(ctx, http.MethodDelete, "/"+serverIndex, nil, nil)
}

// count is how many documents the index has.
func count(ctx context.Context, server *acctest.Elasticsearch) (int, error) {
	if err := server.Do(ctx, http.MethodPost, "/"+serverIndex+"/_refresh", nil, nil); err != nil {
		return 0, err
	}
	var answer struct{ Count int }
	err := server.Do(ctx, http.MethodGet, "/"+serverIndex+"/_count", nil, &answer)
	return answer.Count, err
}

// processorOf is what the server has used of the processors (Elastic, "Nodes stats API").
func processorOf(ctx context.Context, server *acctest.Elasticsearch) (time.Duration, error) {
	var answer struct {
		Nodes map[string]struct {
			Process struct {
				CPU struct {
					Total int64 `json:"total_in_millis"`
				}
			}
		}
	}
	if err := server.Do(ctx, http.MethodGet, "/_nodes/stats/process", nil, &answer); err != nil {
		return 0, err
	}
	for _, n := range answer.Nodes {
		return time.Duration(n.Process.CPU.Total) * time.Millisecond, nil
	}
	return 0, errors.New("the server does not say what it uses")
}

// storeInside is the part of storeAll in the network of the server: a collector with the settings that are in a folder, and the sender. It writes what it
// found to standard output.
func storeInside(ctx context.Context, programs, dir string) (err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, serverLimit, errors.New("flows are not stored"))
	defer cancel()
	runtime.LockOSThread() // the collector ends with the thread that started it
	l := travelling()[0]
	s, err := newSender(&l)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	p, err := startProcess(ctx, dir, []string{filepath.Join(programs, "flowcollector"), "run", "--config", filepath.Join(dir, "flowcollector.yml")})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	a := &arena{sender: s, perPacket: 25}
	if err := a.ready(p); err != nil {
		return err
	}
	r := stored{}
	start := time.Now()
	datagrams, err := s.send(serverRate, a.perPacket, time.Duration(serverFlows)*time.Second/serverRate)
	if err != nil {
		return err
	}
	r.Flows, r.Sending = datagrams*a.perPacket, time.Since(start)
	if err := s.finish(); err != nil {
		return err
	}
	for {
		m, err := figuresOf(ctx, "http://"+metricsAddress+"/metrics")
		if err != nil {
			return errors.Join(err, p.alive())
		}
		lost := m["flowcollector_flows_dropped_total"] + m["flowcollector_socket_drops_total"] + m["flowcollector_exporter_sequence_lost_total"]
		if lost > 0 {
			return fmt.Errorf("something is lost: %.0f flows, %.0f datagrams, %.0f packets by sequence number\n%s", m["flowcollector_flows_dropped_total"],
				m["flowcollector_socket_drops_total"], m["flowcollector_exporter_sequence_lost_total"], p.output.String())
		}
		r.Spooled = max(r.Spooled, int(m["flowcollector_spool_bytes"]))
		if int(m["flowcollector_documents_sent_total"]) >= r.Flows {
			r.Octets = int(m["flowcollector_output_sent_bytes_total"])
			break
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(100 * time.Millisecond):
		}
	}
	r.Storing = time.Since(start)
	if r.Collector, err = p.processor(); err != nil {
		return err
	}
	r.Peak = p.memory("VmHWM")
	return json.NewEncoder(os.Stdout).Encode(r)
}

// serverTable prints what a real server stores, in Markdown.
func serverTable(w io.Writer, all []stored) {
	fmt.Fprintf(w, "\n| %d flows into Elasticsearch, sent at %d flows/s | flows/s until the last is stored | Elasticsearch: CPU µs/flow | collector: CPU µs/flow | collector's share | octets/flow | spool at most, MiB | collector: peak RSS MiB | lost |\n", serverFlows, serverRate)
	fmt.Fprintln(w, "|---|---:|---:|---:|---:|---:|---:|---:|---:|")
	for _, r := range all {
		n := float64(r.Flows)
		micro := func(d time.Duration) float64 { return float64(d.Microseconds()) / n }
		fmt.Fprintf(w, "| %s | %.0f | %.1f | %.1f | %.0f %% | %.0f | %d | %d | %d |\n", r.Name, n/r.Storing.Seconds(), micro(r.Server), micro(r.Collector),
			100*r.Collector.Seconds()/(r.Collector+r.Server).Seconds(), float64(r.Octets)/n, r.Spooled>>20, r.Peak>>20, r.Flows-r.Found)
	}
}
