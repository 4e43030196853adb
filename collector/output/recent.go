package output

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/recent"
)

// Recent keeps documents in a store on disk that can be searched.
type Recent struct {
	*sender
	writer *recent.Writer
	// passedOn says that the store is the heir's.
	passedOn atomic.Bool
}

// RecentConfig says where documents are kept.
type RecentConfig struct {
	Writer *recent.Writer // belongs to the sink, and to its heir with the same
	Queue  Queue
	Pool   *Pool
	Logger *slog.Logger
	// RetryFirst and RetryMost bound the time between tries; 0 is 250 ms and 5 s.
	RetryFirst, RetryMost time.Duration
}

// NewRecent starts the writer.
func NewRecent(c RecentConfig) *Recent {
	if c.RetryMost <= 0 {
		c.RetryMost = 5 * time.Second
	}
	r := &Recent{sender: newSender("recent", c.Queue, c.Pool, c.Logger, backoff{c.RetryFirst, c.RetryMost}), writer: c.Writer}
	r.start(1, r.deliver, func(w *worker) {
		w.beat.Beat(diskTime) // it may write, and wait for the one of before that has the same writer
		r.writer.Tick()
	})
	return r
}

// Writer is the store's, to search and to change its bounds.
func (r *Recent) Writer() *recent.Writer { return r.writer }

// deliver appends the documents. After an error it goes on with those that are not written. It holds the queue up meanwhile, which is bounded:
// there is nowhere else for them to go.
func (r *Recent) deliver(w *worker, b *Buffer) {
	lines := stripActions(b.data)
	left := b.docs
	for try := 1; ; try++ {
		w.beat.Beat(diskTime)
		w.requests.Add(1)
		n, docs, err := r.writer.Append(lines)
		w.sentBytes.Add(uint64(n))
		if !w.stored(docs) {
			return
		}
		lines, left = lines[n:], left-docs
		if err == nil {
			w.recovered()
			return
		}
		w.fail(recentCause(err), fmt.Sprintf("unable to keep recent flows: %v", err))
		if !w.pause(try) {
			r.rest(w, lines, left, b.since)
			return
		}
		w.retried.Add(uint64(left))
	}
}

// rest leaves what was not written.
func (r *Recent) rest(w *worker, lines []byte, docs int, since time.Time) {
	body := make([]byte, 0, len(lines)+docs*len(action))
	for line := range bytes.Lines(lines) {
		body = append(append(body, action...), line...)
	}
	w.leave(docs, since, body)
}

// recentCause is a short name for what keeps flows from the disk.
func recentCause(err error) string {
	switch {
	case recent.Full(err):
		return "disk_full"
	case errors.Is(err, syscall.EROFS), recent.ReadOnly(err):
		return "read_only"
	}
	return "write"
}

// Close implements Sink, and closes the store.
func (r *Recent) Close(ctx context.Context) error {
	return errors.Join(r.sender.Close(ctx), r.letGo(r.release))
}

// PassOn implements heritable. An heir with the same writer goes on with it, and tells its figures.
func (r *Recent) PassOn(heir Sink) {
	next, ok := heir.(*Recent)
	r.passedOn.Store(ok && next.writer == r.writer)
}

// Retire implements heritable.
func (r *Recent) Retire(ctx context.Context, heir Sink) error {
	return errors.Join(r.sender.Retire(ctx, heir), r.letGo(r.release))
}

// release closes the store, unless it is the heir's.
func (r *Recent) release() error {
	if r.passedOn.Load() {
		return nil
	}
	if err := r.writer.Close(); err != nil {
		return fmt.Errorf("unable to close the recent flows: %w", err)
	}
	return nil
}

// Stats implements Sink.
func (r *Recent) Stats() []Stats {
	all := r.sender.Stats()
	if !r.passedOn.Load() {
		figures := r.writer.Stats()
		all[0].Recent = &figures
	}
	return all
}
