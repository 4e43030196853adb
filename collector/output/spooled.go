package output

import (
	"fmt"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/output/spool"
	"github.com/flowstack/terraform-provider-flowstack/collector/service/heartbeat"
)

// mostPackers is how many goroutines compress batches and append them to the spool. Two keep one busy while the other waits for the disk.
const mostPackers = 2

// startSpooled runs what takes batches from the queue to the spool, and from there to Elasticsearch.
func (e *Elasticsearch) startSpooled(workers int) {
	e.start(min(workers, mostPackers), e.pack, nil)
	for i := range workers {
		w := &worker{sender: e.sender, empties: true, beat: heartbeat.New(fmt.Sprintf("%s request %d", e.name, i+1), idleWait+grace)}
		e.beats = append(e.beats, w.beat)
		e.workers.Go(func() { e.empty(w, i == 0) })
	}
}

// packed says that the service stops, and nothing will come to the spool any more.
func (e *Elasticsearch) packed() bool { return e.stopping() && e.held().Documents == 0 }

// leaves says that what is in the spool is for the heir, or for the next start: the service stops, and Elasticsearch is away.
func (e *Elasticsearch) leaves() bool {
	return e.config.Spool != nil && (e.heir.Load() != nil || e.down.Load() && e.packed())
}

// pack compresses a buffer and appends it to the spool. When that does not take it, because its disk is full, the documents go to Elasticsearch
// without it; while that is away too, both are tried by turns, and the queue fills.
func (e *Elasticsearch) pack(w *worker, b *Buffer) {
	w.packs = true
	parts := []part{{data: b.data, docs: b.docs}}
	over := false
	for try := 1; ; try++ {
		w.beat.Beat(diskTime) // while it is stalled flows wait in the queue
		var err error
		for len(parts) > 0 && err == nil {
			if e.isOver() {
				return
			}
			last := len(parts) - 1
			w.beat.Beat(diskTime)
			if err = e.keep(w, &parts[last], b.since); err == nil {
				parts = parts[:last]
			}
		}
		if err == nil {
			e.spoolWorks()
			return
		}
		e.spoolFails(err)
		if over {
			e.leaveParts(w, parts, b.since)
			return
		}
		parts = e.deliverAll(w, parts...)
		if len(parts) == 0 {
			return
		}
		over = !w.pause(try) // the spool is tried once more
	}
}

// keep appends a part to the spool.
func (e *Elasticsearch) keep(w *worker, p *part, since time.Time) error {
	if err := e.seal(w, p); err != nil {
		return err
	}
	b := spool.Batch{Body: p.sealed, Gzip: p.gzip, Documents: p.docs, Size: len(p.data), Since: since}
	if err := e.config.Spool.Append(b); err != nil {
		return err
	}
	if !w.count(p.docs, func() {}) { // counted as left, and found after all: by the heir, or the next start
		e.config.Spool.Found(p.docs)
	}
	return nil
}

func (e *Elasticsearch) spoolFails(err error) {
	e.failures.add("spool", 1)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.spoolError == "" || time.Since(e.spoolLog) >= logEvery {
		e.spoolLog = time.Now()
		e.logger.Error("the spool takes nothing, flows wait in memory", "error", err)
	}
	e.spoolError = err.Error()
}

func (e *Elasticsearch) spoolWorks() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.spoolError != "" {
		e.spoolError = ""
		e.logger.Info("the spool works again")
	}
}

// empty sends what the spool holds, oldest first, until the service stops.
func (e *Elasticsearch) empty(w *worker, first bool) {
	defer w.beat.Rest() // finished
	for w.abort.Err() == nil && !e.leaves() {
		w.beat.Beat(idleWait + diskTime)
		wait := idleWait
		if w.stopping() {
			wait = 10 * time.Millisecond
		}
		all := e.packed() // before the look: what is not there then does not come
		b, err := e.config.Spool.Next(wait)
		switch {
		case err != nil, b == nil && all:
			return
		case b == nil:
			if first {
				e.greet(w)
			}
		default:
			left := e.deliverAll(w, part{docs: b.Documents, sealed: b.Body, gzip: b.Gzip})
			w.beat.Beat(diskTime)
			if w.settled(len(left) == 0) {
				e.config.Spool.Done(b)
			} else {
				e.config.Spool.Release(b)
			}
		}
	}
}

// addSpool adds what the spool keeps and lost to the figures.
func (e *Elasticsearch) addSpool(s *Stats, kept spool.Held) {
	figures := e.config.Spool.Stats()
	s.Spool = &figures
	raw := s.Held
	s.Held = Held(kept)
	s.Held.Bytes += raw.Bytes
	s.Held.Documents += raw.Documents
	if kept.Oldest.IsZero() || !raw.Oldest.IsZero() && raw.Oldest.Before(kept.Oldest) {
		s.Held.Oldest = raw.Oldest
	}
	for cause, n := range e.config.Spool.Dropped() {
		s.Dropped[cause] += n
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.spoolError == "" {
		return
	}
	text := "the spool takes nothing: " + e.spoolError
	if s.Problem.Cause != "" {
		s.Problem.Text += "; " + text
		return
	}
	s.Problem = Problem{Cause: "spool", Text: text, Since: e.spoolLog}
}
