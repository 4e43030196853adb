package output_test

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/output"
	"github.com/flowstack/terraform-provider-flowstack/collector/output/spool"
)

// index is an Elasticsearch that stores documents by id, and refuses an id that it has.
type index struct {
	*httptest.Server
	mu     sync.Mutex
	stored map[string]string // id → document
	// fault is asked about each bulk request: away answers 503, cut stores everything and closes the connection without an answer.
	fault func() string
}

func newIndex(t *testing.T) *index {
	t.Helper()
	x := &index{stored: map[string]string{}, fault: func() string { return "" }}
	x.Server = httptest.NewServer(x)
	t.Cleanup(x.Close)
	return x
}

func (x *index) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Elastic-Product", "Elasticsearch")
	if r.URL.Path == "/" {
		_, _ = io.WriteString(w, `{"version":{"number":"7.17.29","build_flavor":"default"},"tagline":"You Know, for Search"}`)
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	fault := x.fault()
	if fault == "away" {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	body, err := gzip.NewReader(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	var items []string
	lines := bufio.NewScanner(body)
	for lines.Scan() {
		var action struct {
			Create struct {
				ID string `json:"_id"`
			} `json:"create"`
		}
		if err := json.Unmarshal(lines.Bytes(), &action); err != nil || action.Create.ID == "" || !lines.Scan() {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		if _, there := x.stored[action.Create.ID]; there {
			items = append(items, `{"create":{"status":409,"error":{"type":"version_conflict_engine_exception","reason":"document already exists"}}}`)
			continue
		}
		x.stored[action.Create.ID] = lines.Text()
		items = append(items, `{"create":{"status":201}}`)
	}
	if fault == "cut" {
		panic(http.ErrAbortHandler)
	}
	_, _ = fmt.Fprintf(w, `{"errors":%v,"items":[%s]}`, strings.Contains(fmt.Sprint(items), "409"), strings.Join(items, ","))
}

func (x *index) set(fault func() string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.fault = fault
}

// once checks that n different documents are stored, none twice.
func (x *index) once(t *testing.T, n int) {
	t.Helper()
	x.mu.Lock()
	defer x.mu.Unlock()
	different := map[string]bool{}
	for _, document := range x.stored {
		different[document] = true
	}
	if len(x.stored) != n || len(different) != n {
		t.Errorf("%d documents stored, %d of them different, want %d", len(x.stored), len(different), n)
	}
}

// collector is an output with a spool, as the service builds it.
type collector struct {
	t       *testing.T
	sink    *output.Elasticsearch
	batcher *output.Batcher
	spool   output.Backlog
	put     int
}

func start(t *testing.T, x *index, backlog output.Backlog, from int) *collector {
	t.Helper()
	pool := output.NewPool(400, 8) // some ten documents a batch
	pool.GiveIDs()
	sink, err := output.NewElasticsearch(output.ElasticsearchConfig{
		Addresses: []string{x.URL}, Index: "flows", Gzip: true, Workers: 3, Queue: output.NewMemoryQueue(1<<20, pool), Pool: pool, Backlog: backlog,
		RetryFirst: time.Millisecond, RetryMost: 5 * time.Millisecond, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return &collector{t, sink, output.NewBatcher(sink, pool, 400, time.Hour), backlog, from}
}

func open(t *testing.T, folder string) *spool.Spool {
	t.Helper()
	s, err := spool.Open(spool.Options{Directory: folder, MaxBytes: 16 << 20, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (c *collector) add(n int) {
	for range n {
		c.batcher.Commit(fmt.Appendf(c.batcher.Begin(), `{"n":%d}`, c.put), time.Now())
		c.put++
	}
	c.batcher.Flush()
}

func (c *collector) until(what string, ok func(output.Stats) bool) output.Stats {
	c.t.Helper()
	for {
		s := c.sink.Stats()[0]
		if ok(s) {
			return s
		}
		if c.t.Context().Err() != nil {
			c.t.Fatalf("ended while waiting for %s: %+v", what, s)
		}
		time.Sleep(time.Millisecond)
	}
}

func settled(s output.Stats) bool { return s.Held.Documents == 0 }

func (c *collector) stop() {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := c.sink.Close(ctx); err != nil {
		c.t.Error(err)
	}
}

// TestOutageOverARestart: what came while Elasticsearch was away is stored after a restart of the collector, each document once.
func TestOutageOverARestart(t *testing.T) {
	x, folder := newIndex(t), t.TempDir()
	x.set(func() string { return "away" })
	s := open(t, folder)
	c := start(t, x, s, 0)
	c.add(500)
	c.until("the problem to show", func(s output.Stats) bool { return s.Problem.Cause == "server_error" })
	c.stop() // at once: nothing is lost by it
	if h := s.Held(); h.Documents != 500 {
		t.Errorf("the spool holds %d documents", h.Documents)
	}
	if err := s.Unlock(); err != nil {
		t.Fatal(err)
	}

	x.set(func() string { return "" })
	c = start(t, x, open(t, folder), 500)
	c.add(300)
	st := c.until("all stored", settled)
	if st.Sent != 800 || st.Duplicates != 0 || len(st.Rejected) != 0 {
		t.Errorf("stats %+v", st)
	}
	c.stop()
	x.once(t, 800)
}

// TestLostAnswers: when the answer is lost after the documents were stored, they are sent again, and refused.
func TestLostAnswers(t *testing.T) {
	x := newIndex(t)
	n := 0
	x.set(func() string {
		n++
		return []string{"", "cut", "away", "cut"}[n%4]
	})
	c := start(t, x, open(t, t.TempDir()), 0)
	c.add(1000)
	st := c.until("all stored", settled)
	if st.Sent != 1000 || st.Duplicates == 0 {
		t.Errorf("stats %+v", st)
	}
	c.stop()
	x.once(t, 1000)
}

// TestStopSendsWhatIsLeft: a stop does not leave for the next start what Elasticsearch takes now.
func TestStopSendsWhatIsLeft(t *testing.T) {
	x := newIndex(t)
	s := open(t, t.TempDir())
	c := start(t, x, s, 0)
	c.add(2000)
	c.stop()
	x.once(t, 2000)
	if h := s.Held(); h.Documents != 0 {
		t.Errorf("the spool holds %d documents", h.Documents)
	}
}

// brokenDisk is a backlog that takes nothing for some time.
type brokenDisk struct {
	output.Backlog
	mu    sync.Mutex
	fails bool
}

func (b *brokenDisk) Append(batch output.Batch) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fails {
		return errors.New("no space left on device")
	}
	return b.Backlog.Append(batch)
}

func (b *brokenDisk) set(fails bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fails = fails
}

// TestFullDisk: flows go past a spool that takes nothing while Elasticsearch is there, and wait in memory while it is not.
func TestFullDisk(t *testing.T) {
	x := newIndex(t)
	disk := &brokenDisk{Backlog: open(t, t.TempDir()), fails: true}
	c := start(t, x, disk, 0)
	c.add(500)
	st := c.until("all stored", settled)
	if st.Sent != 500 || st.Problem.Cause != "spool" || !strings.Contains(st.Problem.Text, "no space left on device") {
		t.Errorf("stats %+v", st)
	}
	x.set(func() string { return "away" })
	c.add(500)
	c.until("the problem to show", func(s output.Stats) bool { return s.Problem.Cause == "server_error" })
	disk.set(false)
	c.until("the disk to be used", func(output.Stats) bool { return disk.Held().Documents > 400 })
	x.set(func() string { return "" })
	st = c.until("all stored", settled)
	if st.Sent != 1000 || st.Problem.Cause != "" {
		t.Errorf("stats %+v", st)
	}
	c.stop()
	x.once(t, 1000)
}
