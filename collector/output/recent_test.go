package output

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/recent"
)

// newRecent makes a sink with a small queue, whose directory the test may take away.
func newRecent(t *testing.T) (r *Recent, pool *Pool, directory string) {
	t.Helper()
	directory = filepath.Join(t.TempDir(), "recent")
	w, err := recent.NewWriter(recent.Options{Directory: directory, MaxBytes: recent.LeastBytes, Keep: time.Hour, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	pool = NewPool(4096, 4)
	return NewRecent(RecentConfig{
		Writer: w, Queue: NewMemoryQueue(64<<10, pool), Pool: pool, Logger: slog.New(slog.DiscardHandler),
		RetryFirst: time.Millisecond, RetryMost: 10 * time.Millisecond,
	}), pool, directory
}

// putRecent hands documents over, in a batch of their own.
func putRecent(r *Recent, pool *Pool, from, n int) {
	b := NewBatcher(r, pool, 1<<20, time.Hour)
	for i := range n {
		doc := fmt.Appendf(b.Begin(), `{"@timestamp":"2026-09-21T14:00:00.000Z","source":{"ip":"192.0.2.1","port":%d},"network":{"bytes":10}}`, 1+from+i)
		b.Commit(doc, time.Now())
	}
	b.Flush()
}

// While nothing can be written flows wait, then the newest are dropped and counted; writing goes on by itself, and every flow is in one counter.
func TestRecentWaitsAndCounts(t *testing.T) {
	r, pool, directory := newRecent(t)
	if err := os.RemoveAll(directory); err != nil {
		t.Fatal(err)
	}
	put := 0
	for r.Stats()[0].Dropped[CauseBufferFull] == 0 {
		putRecent(r, pool, put, 50)
		put += 50
	}
	s := waitFor(t, r, "the problem", func(s Stats) bool { return s.Problem.Cause != "" })
	if s.Problem.Cause != "write" || s.Sent != 0 || s.Errors["write"] == 0 {
		t.Errorf("%+v", s)
	}
	if err := os.MkdirAll(directory, 0o700); err != nil {
		t.Fatal(err)
	}
	s = waitFor(t, r, "the rest", func(s Stats) bool { return s.Held.Documents == 0 && s.Problem.Cause == "" })
	if s.Sent+s.Dropped[CauseBufferFull] != uint64(put) || s.Recent == nil || s.Recent.Flows != int64(s.Sent) {
		t.Errorf("%d put: %+v, %+v", put, s, s.Recent)
	}
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	found, err := recent.Open(directory).Search(t.Context(), recent.Query{Budget: time.Hour})
	if err != nil || found.Partial || found.Sums.Flows != s.Sent || found.Sums.Octets != 10*s.Sent {
		t.Errorf("%+v, %v", found.Sums, err)
	}
}

// What cannot be written when the time to stop is over is counted, and said.
func TestRecentStopsInTime(t *testing.T) {
	r, pool, directory := newRecent(t)
	if err := os.RemoveAll(directory); err != nil {
		t.Fatal(err)
	}
	putRecent(r, pool, 0, 70)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := r.Close(ctx); err == nil || err.Error() != "recent: 70 flows were not stored when the time to stop was over" {
		t.Errorf("error %v", err)
	}
	if s := r.Stats()[0]; s.Dropped[CauseShutdown] != 70 {
		t.Errorf("%+v", s)
	}
}
