package output

import (
	"context"
	"io"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/output/spool"
	"github.com/flowstack/terraform-provider-flowstack/collector/recent"
)

// hanging is a pipe that takes one write and hangs in the next until it is released, which then succeeds.
type hanging struct {
	io.Writer
	writes  atomic.Int32
	release chan struct{}
}

func (h *hanging) Write(p []byte) (int, error) {
	if h.writes.Add(1) == 2 {
		<-h.release
	}
	return len(p), nil
}

// hang starts an NDJSON sink that has counted a part of its batch as sent and hangs in the rest, with another batch in the queue.
func hang(t *testing.T) (n *NDJSON, out *hanging, c NDJSONConfig) {
	t.Helper()
	c = ndjsonConfig()
	c.Pool = NewPool(2<<20, 4)
	c.Queue = NewMemoryQueue(16<<20, c.Pool)
	out = &hanging{release: make(chan struct{})}
	n = startNDJSON(c, out)
	b := NewBatcher(n, c.Pool, 2<<20, time.Hour)
	for i := range hangDocuments {
		add(b, i)
	}
	b.Flush()
	for out.writes.Load() < 2 {
		if t.Context().Err() != nil {
			t.Fatal("the second write was not tried")
		}
		time.Sleep(time.Millisecond)
	}
	return n, out, c
}

const hangDocuments = 80_000 // two batches of several pieces

// goOn lets the write that hangs go on, and waits for its sender to end.
func goOn(t *testing.T, n *NDJSON, out *hanging) {
	t.Helper()
	close(out.release)
	for !n.ended.Load() {
		if t.Context().Err() != nil {
			t.Fatal("the sender did not end")
		}
		time.Sleep(time.Millisecond)
	}
}

// What a write that hangs past the time to stop has is counted as lost, once, whatever becomes of it, and nothing is written that is counted so.
func TestHangingWriteIsCountedOnce(t *testing.T) {
	n, out, _ := hang(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := n.Close(ctx); err == nil {
		t.Error("nothing is said of what is left")
	}
	check := func(when string) {
		t.Helper()
		s := n.Stats()[0]
		if s.Sent == 0 || s.Sent+s.Dropped[CauseShutdown] != hangDocuments || s.lost() != int(s.Dropped[CauseShutdown]) || s.Held.Documents != 0 {
			t.Errorf("%s: %d of %d sent, dropped %v, held %+v", when, s.Sent, hangDocuments, s.Dropped, s.Held)
		}
	}
	check("at the end")
	goOn(t, n, out)
	check("later")
	if n := out.writes.Load(); n != 2 {
		t.Errorf("%d writes, want none after the one that hung", n)
	}
}

// An heir gets nothing of what its predecessor counted as lost.
func TestHangingWriteLeavesNothingLater(t *testing.T) {
	n, out, c := hang(t)
	c.Queue = NewMemoryQueue(16<<20, c.Pool)
	heir := startNDJSON(c, io.Discard)
	o := NewOutputs(c.Pool, Named{"ndjson", n})
	o.Change([]Named{{"ndjson", heir}}, time.Millisecond)
	o.closing.Wait()
	sums := func() (sent, dropped uint64) {
		all := o.Stats()
		if len(all) != 1 {
			t.Fatalf("stats %+v", all)
		}
		return all[0].Sent, all[0].Dropped[CauseShutdown]
	}
	goOn(t, n, out)
	if err := o.Close(t.Context()); err == nil {
		t.Error("nothing is said of what was lost")
	}
	if sent, dropped := sums(); sent+dropped != hangDocuments || dropped == 0 || heir.sent.Load() == 0 {
		t.Errorf("%d sent, %d of them by the heir, and %d dropped of %d", sent, heir.sent.Load(), dropped, hangDocuments)
	}
}

// Sums do not go back when an output is removed, and go on when it is back.
func TestCountersOfARemovedOutputStay(t *testing.T) {
	c := ndjsonConfig()
	directory := t.TempDir()
	keep := func() Named {
		w, err := recent.NewWriter(recent.Options{Directory: filepath.Join(directory, "recent"), MaxBytes: recent.LeastBytes, Keep: time.Hour, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		return Named{"recent", NewRecent(RecentConfig{Writer: w, Queue: NewMemoryQueue(1<<20, c.Pool), Pool: c.Pool, Logger: slog.New(slog.DiscardHandler)})}
	}
	lines := Named{"ndjson", startNDJSON(c, io.Discard)}
	o := NewOutputs(c.Pool, lines, keep())
	fill(o, c.Pool, 0, 100)
	o.Change([]Named{lines}, time.Minute)
	o.closing.Wait()
	fill(o, c.Pool, 0, 10)
	of := func(name string) Stats {
		for _, s := range o.Stats() {
			if s.Name == name {
				return s
			}
		}
		t.Fatalf("no figures of %s in %+v", name, o.Stats())
		return Stats{}
	}
	o.Withdraw(Named{"kafka", NewDiscard(c.Pool, "")}) // it was not of use
	if all := o.Stats(); len(all) != 2 {
		t.Errorf("%d outputs: %+v", len(all), all)
	}
	if s := of("recent"); s.Sent != 100 || !s.Gone || s.Held.Documents != 0 || s.Recent == nil {
		t.Errorf("removed: %+v", s)
	}
	o.Change([]Named{lines, keep()}, time.Minute)
	fill(o, c.Pool, 0, 1)
	if err := o.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := of("recent"); s.Sent != 101 || s.Gone {
		t.Errorf("back: %+v", s)
	}
	if s := of("ndjson"); s.Sent != 111 || s.Gone || len(o.Stats()) != 2 {
		t.Errorf("the other: %+v", o.Stats())
	}
}

// lateHand is a sink that leaves only when it is told to.
type lateHand struct {
	*Elasticsearch
	leave chan struct{}
}

func (l lateHand) Retire(ctx context.Context, heir Sink) error {
	<-l.leave
	return l.Elasticsearch.Retire(ctx, heir)
}

// What is in a spool that a sink and its heir share is in the figures once, at any time.
func TestSharedSpoolIsCountedOnce(t *testing.T) {
	f := newFakeServer(t)
	f.does(away, nil)
	folder := t.TempDir()
	r := newSpooledRig(t, f, folder)
	r.send(500)
	r.until("the flows in the spool", func(s Stats) bool { return r.sink.config.Spool.Held().Documents == 500 && s.Held.Documents == 500 })
	r.stop()
	kept := openSpool(t, folder)
	made := func() *Elasticsearch {
		return newRig(t, 400, 1<<20, func(c *ElasticsearchConfig) { c.Addresses, c.Spool = []string{f.URL}, kept }).sink
	}
	check := func(when string, s []Stats) {
		t.Helper()
		if len(s) != 1 || s[0].Held.Documents != 500 || s[0].Spool == nil || *s[0].Spool != (spool.Stats{Segments: 1, Bytes: s[0].Spool.Bytes, Restored: 500}) {
			t.Errorf("%s: %+v", when, s)
		}
	}
	old := lateHand{made(), make(chan struct{})}
	o := NewOutputs(old.pool, Named{"elasticsearch", old})
	check("before", o.Stats())
	o.Change([]Named{{"elasticsearch", made()}}, time.Minute)
	check("while one leaves", o.Stats())
	close(old.leave)
	o.closing.Wait()
	check("after", o.Stats())
	fresh := lateHand{made(), make(chan struct{})}
	withdrawn := make(chan struct{})
	go func() { o.Withdraw(Named{"elasticsearch", fresh}); close(withdrawn) }()
	for leaving := false; !leaving; time.Sleep(time.Millisecond) {
		o.mu.Lock()
		leaving = len(o.leaving) > 0
		o.mu.Unlock()
		check("while one is withdrawn", o.Stats())
	}
	close(fresh.leave)
	<-withdrawn
	check("at the end", o.Stats())
}
