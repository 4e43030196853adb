package output

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func ndjsonConfig() NDJSONConfig {
	pool := NewPool(1000, 4)
	return NDJSONConfig{
		Queue: NewMemoryQueue(1<<20, pool), Pool: pool, Logger: slog.New(slog.DiscardHandler),
		RetryFirst: time.Microsecond, RetryMost: time.Millisecond,
	}
}

// startNDJSON runs the output in front of a writer.
func startNDJSON(c NDJSONConfig, out io.Writer) *NDJSON {
	n := newNDJSON(c, out)
	n.start(1, n.deliver, nil)
	return n
}

func fill(s Sink, pool *Pool, from, n int) {
	b := NewBatcher(s, pool, 1000, time.Hour)
	for i := range n {
		add(b, from+i)
	}
	b.Flush()
}

func lines(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(document(i) + "\n")
	}
	return b.String()
}

func TestNDJSONAppendsToAFile(t *testing.T) {
	c := ndjsonConfig()
	c.Path = filepath.Join(t.TempDir(), "flows.ndjson")
	for run := range 2 {
		c.Queue = NewMemoryQueue(1<<20, c.Pool)
		n, err := NewNDJSON(c)
		if err != nil {
			t.Fatal(err)
		}
		fill(n, c.Pool, run*300, 300)
		if err := n.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s := n.Stats()[0]; s.Sent != 300 || s.lost() != 0 || !s.settled() || s.Name != "ndjson" {
			t.Errorf("stats %+v", s)
		}
	}
	got, err := os.ReadFile(c.Path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != lines(600) {
		t.Error("the file does not hold each document once, in order, one a line")
	}
	c.Path = filepath.Join(c.Path, "x")
	if _, err := NewNDJSON(c); err == nil || !strings.Contains(err.Error(), "output.ndjson.path") || !strings.Contains(err.Error(), c.Path) {
		t.Errorf("error %v", err)
	}
}

// fullDisk takes some bytes, fails some times, and then takes everything.
type fullDisk struct {
	mu       sync.Mutex
	b        bytes.Buffer
	failures int
}

func (f *fullDisk) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.failures > 0 {
		f.failures--
		n := min(len(p), 17)
		f.b.Write(p[:n])
		return n, &fs.PathError{Op: "write", Path: "/flows", Err: errors.New("no space left on device")}
	}
	return f.b.Write(p)
}

func TestNDJSONGoesOnWhereAWriteStopped(t *testing.T) {
	c := ndjsonConfig()
	d := &fullDisk{failures: 20}
	n := startNDJSON(c, d)
	fill(n, c.Pool, 0, 500)
	if err := n.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if d.b.String() != lines(500) {
		t.Error("lines are torn, lost or doubled")
	}
	if s := n.Stats()[0]; s.Sent != 500 || s.lost() != 0 || s.Errors["write"] != 20 || s.Problem != (Problem{}) || int(s.SentBytes) != d.b.Len() {
		t.Errorf("stats %+v", s)
	}
}

func TestNDJSONStopIsBounded(t *testing.T) {
	c := ndjsonConfig()
	n := startNDJSON(c, &fullDisk{failures: 1 << 30})
	fill(n, c.Pool, 0, 5000) // more than what the failing writes take
	for n.Stats()[0].Errors["write"] == 0 {
		if t.Context().Err() != nil {
			t.Fatal("no write was tried")
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := n.Close(ctx)
	s := n.Stats()[0]
	if err == nil || s.Dropped[CauseShutdown] == 0 || int(s.Sent)+s.lost() != 5000 {
		t.Errorf("error %v, stats %+v", err, s)
	}
	if want := "unable to write NDJSON: no space left on device"; s.Problem.Text != want {
		t.Errorf("problem %q, want %q", s.Problem.Text, want)
	}
}

// stuckPipe is a pipe that nobody reads.
type stuckPipe chan struct{}

func (p stuckPipe) Write([]byte) (int, error) { <-p; return 0, errors.New("released") }

func TestNDJSONWriterThatNobodyReadsDoesNotHoldUpTheStop(t *testing.T) {
	c := ndjsonConfig()
	pipe := make(stuckPipe)
	n := startNDJSON(c, pipe)
	defer close(pipe)
	fill(n, c.Pool, 0, 10)
	for n.Stats()[0].Requests == 0 {
		if t.Context().Err() != nil {
			t.Fatal("no write was tried")
		}
	}
	if err := n.Alive(); err != nil {
		t.Errorf("a pipe that is not read counts as a stuck stage: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := n.Close(ctx); err == nil || !strings.Contains(err.Error(), "10 flows were not stored") {
		t.Errorf("error %v", err)
	}
}

func TestOutputsGiveEveryDocumentToEachSink(t *testing.T) {
	c := ndjsonConfig()
	var first, second fullDisk
	a := startNDJSON(c, &first)
	c.Queue = NewMemoryQueue(1<<20, c.Pool)
	b := startNDJSON(c, &second)
	tee := NewOutputs(c.Pool, Named{"a", a}, Named{"b", b})
	fill(tee, c.Pool, 0, 1000)
	if err := tee.Alive(); err != nil {
		t.Error(err)
	}
	if err := tee.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if first.b.String() != lines(1000) || second.b.String() != lines(1000) {
		t.Error("a sink misses documents")
	}
	if len(tee.Stats()) != 2 {
		t.Error("figures of two sinks expected")
	}
	b.beats[0].Beat(-time.Second)
	if err := tee.Alive(); err == nil || !strings.Contains(err.Error(), "ndjson sender 1 is stuck") {
		t.Errorf("alive: %v", err)
	}
}

func TestDiscardCounts(t *testing.T) {
	pool := NewPool(1000, 2)
	d := NewDiscard(pool, "no output is configured")
	fill(d, pool, 0, 100)
	if s := d.Stats()[0]; s.Dropped[CauseNoOutput] != 100 || s.Problem.Text == "" {
		t.Errorf("stats %+v", s)
	}
}

func TestBatcherFlushesBySizeAndByAge(t *testing.T) {
	pool := NewPool(200, 2)
	var got []int
	b := NewBatcher(putFunc(func(buf *Buffer) { got = append(got, buf.docs); pool.Put(buf) }), pool, 200, time.Second)
	start := time.Unix(1000, 0)
	add := func(at time.Time) { b.Commit(append(b.Begin(), document(0)...), at) }
	for range 9 { // 43 bytes each with the action line: five reach 200
		add(start)
	}
	b.Tick(start.Add(time.Second - 1))
	if fmt.Sprint(got) != "[5]" {
		t.Errorf("batches of %v, want one of 5", got)
	}
	b.Tick(start.Add(time.Second))
	b.Tick(start.Add(time.Hour))
	b.Flush()
	if fmt.Sprint(got) != "[5 4]" {
		t.Errorf("batches of %v, want 5 and 4", got)
	}
}

// putFunc is a sink that only takes.
type putFunc func(*Buffer)

func (f putFunc) Put(b *Buffer) bool          { f(b); return true }
func (f putFunc) Refuse(int)                  {}
func (f putFunc) Close(context.Context) error { return nil }
func (f putFunc) Stats() []Stats              { return nil }
func (f putFunc) Alive() error                { return nil }

func TestBatcherAllocatesNothing(t *testing.T) {
	pool := NewPool(1000, 2)
	pool.GiveIDs(true)
	b := NewBatcher(NewDiscard(pool, ""), pool, 1000, time.Second)
	doc := []byte(document(0))
	now := time.Now()
	if n := testing.AllocsPerRun(1000, func() { b.Commit(append(b.Begin(), doc...), now); b.Tick(now) }); n != 0 {
		t.Errorf("%v allocations a document, want 0", n)
	}
}

func TestBackoff(t *testing.T) {
	b := backoff{}.orDefault()
	for n, want := range map[int]time.Duration{0: 250 * time.Millisecond, 1: 250 * time.Millisecond, 2: 500 * time.Millisecond, 4: 2 * time.Second, 8: 30 * time.Second, 1 << 30: 30 * time.Second} {
		different := map[time.Duration]bool{}
		for range 100 {
			d := b.delay(n)
			different[d] = true
			if d < want/2 || d > want {
				t.Errorf("delay(%d) = %v, want %v to %v", n, d, want/2, want)
			}
		}
		if len(different) < 2 {
			t.Errorf("delay(%d) is not random", n)
		}
	}
}

// Sinks that follow each other on one file write whole lines, each document once, whatever they hold when the next one comes.
func TestNDJSONHandsOverBetweenLines(t *testing.T) {
	c := ndjsonConfig()
	c.Path = filepath.Join(t.TempDir(), "f")
	c.Pool = NewPool(2<<20, 4)
	open := func(maxBytes int64) Named {
		c.MaxBytes, c.Keep = maxBytes, 3
		c.Queue = NewMemoryQueue(64<<20, c.Pool)
		n, err := NewNDJSON(c)
		if err != nil {
			t.Fatal(err)
		}
		return Named{"ndjson", n}
	}
	o := NewOutputs(c.Pool, open(0))
	const changes, each = 20, 60_000
	b := NewBatcher(o, c.Pool, 2<<20, time.Hour)
	for i := range changes * each {
		for !b.Ready() {
			time.Sleep(time.Millisecond)
		}
		if add(b, i); i%each == each/2 {
			b.Flush()
			o.Change([]Named{open(int64(i) << 20)}, time.Minute)
		}
	}
	b.Flush()
	if err := o.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for line := range strings.Lines(read(t, c.Path)) {
		seen[line]++
	}
	for i := range changes * each {
		if seen[document(i)+"\n"] != 1 {
			t.Fatalf("document %d is there %d times; %d different lines", i, seen[document(i)+"\n"], len(seen))
		}
	}
	if s := o.Stats()[0]; s.Sent != changes*each || len(seen) != changes*each || s.lost() != 0 {
		t.Errorf("%d lines, stats %+v", len(seen), s)
	}
}
