package output

import (
	"context"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/output/spool"
	"github.com/flowstack/terraform-provider-flowstack/collector/recent"
)

// Causes of dropped documents, as Stats.Dropped and the metrics name them.
const (
	CauseBufferFull = "buffer_full" // the queue was full: the newest batch is refused
	CauseRejected   = "rejected"    // Elasticsearch or Kafka will never take the document; Stats.Rejected says why
	CauseShutdown   = "shutdown"    // not stored when the time to stop was over
	CauseNoOutput   = "no_output"   // no output is configured
)

// Sink takes buffers to where documents are kept.
type Sink interface {
	// Put hands a buffer over and never waits for the network or a disk. The buffer belongs to the sink from then on. A sink that has no room
	// returns false, and the buffer stays the caller's.
	Put(b *Buffer) bool
	// Refuse counts documents as dropped for which there was no room.
	Refuse(docs int)
	// Close takes no more buffers, delivers what it holds until ctx ends, and counts what is left as dropped. An error
	// says how many documents were left.
	Close(ctx context.Context) error
	// Stats returns the counters so far and what the sink holds.
	Stats() []Stats
	// Alive returns an error that names the stage when one of the sink's own goroutines makes no progress.
	Alive() error
}

// Stats are the figures of one sink. Documents put, and those found in a spool (Spool.Restored) = Sent + the sum of Dropped + those left in a spool
// (Spool.Left) + Held.Documents, when nothing is in flight: a batch is held until all its documents are settled.
type Stats struct {
	Name      string // "elasticsearch", "kafka", "ndjson", "recent"
	Sent      uint64 // documents stored
	SentBytes uint64 // size of the bodies that stored them, as sent (compressed if compression is on)
	Requests  uint64 // bulk requests or writes tried
	Retried   uint64 // documents sent again after a request or an item failed
	// Duplicates are documents that Elasticsearch had already when they were sent again; they count as sent.
	Duplicates  uint64
	DeadLetters DeadLetterStats
	Dropped     map[string]uint64 // documents lost, by cause
	Rejected    map[string]uint64 // documents dropped as rejected, by the reason given (an error type)
	Errors      map[string]uint64 // failed requests or writes, by cause
	Held        Held
	Limit       int             // requests that may be in flight at once at the moment; 0: does not apply
	Spool       *spool.Stats    // nil: there is none
	Recent      *recent.Stats   // nil: it is no store of recent flows
	Retention   *RetentionStats // nil: nothing bounds what flows take on Elasticsearch's disks
	Problem     Problem         // what is wrong now; zero when nothing is
	Gone        bool            // the output was removed: these are the counters that it ended with
	// Unreached says that the server was not reached since the start, and that there is no spool either: nobody knows yet whether flows can be
	// kept.
	Unreached bool
}

// Problem is a condition that keeps a sink from delivering.
type Problem struct {
	Cause string    // a short name: "connection", "unauthorized", …
	Text  string    // a sentence without a full stop, fit for a status line
	Since time.Time // when it began
}

// maxLabels bounds the number of different names a counter keeps; further names count as "other".
const maxLabels = 24

// counters counts by name. It is safe for concurrent use and off the hot path.
type counters struct {
	mu sync.Mutex
	by map[string]uint64
}

func (c *counters) add(name string, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.by == nil {
		c.by = map[string]uint64{}
	}
	if _, known := c.by[name]; !known && len(c.by) >= maxLabels {
		name = "other"
	}
	c.by[name] += uint64(n)
}

func (c *counters) snapshot() map[string]uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.by)
}

// give hands a buffer to a sink, which counts the documents where it has no room.
func (p *Pool) give(s Sink, b *Buffer) {
	if !s.Put(b) {
		s.Refuse(b.docs)
		b.refuse()
		p.Put(b)
	}
}

// Discard is the sink when no output is configured, and recent flows cannot be kept: it counts and drops.
type Discard struct {
	pool    *Pool
	reason  string
	dropped atomic.Uint64
}

// NewDiscard returns a sink that drops everything, for a reason that the status shows.
func NewDiscard(pool *Pool, reason string) *Discard { return &Discard{pool: pool, reason: reason} }

// Put implements Sink.
func (d *Discard) Put(b *Buffer) bool {
	d.Refuse(b.docs)
	d.pool.Put(b)
	return true
}

// Refuse implements Sink.
func (d *Discard) Refuse(docs int) { d.dropped.Add(uint64(docs)) }

// Close implements Sink.
func (d *Discard) Close(context.Context) error { return nil }

// Stats implements Sink.
func (d *Discard) Stats() []Stats {
	return []Stats{{
		Name:    "none",
		Dropped: map[string]uint64{CauseNoOutput: d.dropped.Load()},
		Problem: Problem{Cause: CauseNoOutput, Text: d.reason},
	}}
}

// Alive implements Sink.
func (d *Discard) Alive() error { return nil }
