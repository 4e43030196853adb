package output

import (
	"errors"
	"fmt"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/service/heartbeat"
)

// mostPackers is how many goroutines compress batches and append them to the backlog. Two keep one busy while the other waits for the disk.
const mostPackers = 2

// startSpooled runs what takes batches from the queue to the backlog, and from there to Elasticsearch.
func (e *Elasticsearch) startSpooled(workers int) {
	n := min(workers, mostPackers)
	e.packers.Store(int32(n))
	e.packed = make(chan struct{})
	e.start(n, e.pack, nil)
	for i := range workers {
		w := &worker{sender: e.sender, beat: heartbeat.New(fmt.Sprintf("%s request %d", e.name, i+1), idleWait+grace)}
		e.beats = append(e.beats, w.beat)
		e.workers.Go(func() { e.empty(w, i == 0) })
	}
}

// finish is called by each packer when nothing is left in the queue.
func (e *Elasticsearch) finish() {
	if e.packers.Add(-1) == 0 {
		close(e.packed)
	}
}

// finished says that the service stops and Elasticsearch is away: what is left is kept for the next start.
func (e *Elasticsearch) finished() bool {
	select {
	case <-e.packed:
		return e.down.Load()
	default:
		return false
	}
}

// pack compresses a buffer and appends it to the backlog. When the backlog does not take it, because its disk is full, the documents go to
// Elasticsearch without it; while that is away too, both are tried by turns, and the queue fills.
func (e *Elasticsearch) pack(w *worker, b *Buffer) {
	w.packs = true
	parts := []part{{data: b.data, docs: b.docs}}
	for try := 1; ; try++ {
		w.beat.Beat(forever) // a disk may take any time; the queue's bound takes care of that
		var err error
		for len(parts) > 0 && err == nil {
			last := len(parts) - 1
			if err = e.keep(w, &parts[last], b.since); err == nil {
				parts = parts[:last]
			}
		}
		if err == nil {
			e.spoolWorks()
			return
		}
		e.spoolFails(err)
		parts = e.deliverAll(w, parts...)
		if len(parts) == 0 {
			return
		}
		if !w.pause(try) {
			e.abandon(documents(parts))
			return
		}
	}
}

// keep appends a part to the backlog.
func (e *Elasticsearch) keep(w *worker, p *part, since time.Time) error {
	if err := e.seal(w, p); err != nil {
		return err
	}
	err := e.backlog.Append(Batch{Body: p.sealed, Gzip: p.gzip, Documents: p.docs, Size: len(p.data), Since: since})
	p.sealed = nil // the compressor's buffer is used again
	return err
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

// empty sends what the backlog holds, oldest first, until the service stops.
func (e *Elasticsearch) empty(w *worker, first bool) {
	defer w.beat.Beat(forever) // finished: never late again
	for w.abort.Err() == nil && !e.finished() {
		w.beat.Beat(idleWait + grace)
		wait := idleWait
		if w.stopping() {
			wait = 10 * time.Millisecond
		}
		b, err := e.backlog.Next(wait)
		switch {
		case errors.Is(err, ErrClosed):
			return
		case b == nil:
			select {
			case <-e.packed:
				return
			default:
			}
			if first {
				e.greet(w)
			}
		default:
			if left := e.deliverAll(w, part{docs: b.Documents, sealed: b.Body, gzip: b.Gzip}); len(left) > 0 {
				e.backlog.Release(b)
			} else {
				e.backlog.Done(b)
			}
		}
	}
}
