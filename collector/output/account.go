package output

import (
	"errors"
	"sync"
)

// errOver ends work on documents that are counted as left.
var errOver = errors.New("the time to stop is over")

// account is the bookkeeping of a sender. Every document that its queue took ends in exactly one counter, or with an heir, also where a write that
// hangs goes on after the time to stop: what was left by then is counted, and nobody counts or leaves anything after that.
type account struct {
	mu    sync.Mutex
	over  bool
	hands []*worker // those that take buffers from the queue
}

// count has add count documents of what is in hand, or give them to somebody else: those of a batch of the spool when all of it is settled, as it
// is sent again as a whole otherwise. It returns false, and does nothing, when the account is closed.
func (w *worker) count(docs int, add func()) bool {
	w.account.mu.Lock()
	defer w.account.mu.Unlock()
	if w.account.over {
		w.late = true
		return false
	}
	if w.empties {
		w.batch = append(w.batch, add)
		return true
	}
	w.counted += docs
	add()
	return true
}

// settled ends the account of a batch of the spool: when all of it is settled it is counted. Otherwise, and when it returns false because the account is
// closed, nothing is, and the batch is the spool's again.
func (w *worker) settled(all bool) bool {
	w.account.mu.Lock()
	defer w.account.mu.Unlock()
	all = all && !w.account.over
	for _, add := range w.batch {
		if all {
			add()
		}
	}
	clear(w.batch)
	w.batch = w.batch[:0]
	return all
}

// stored counts documents as sent.
func (w *worker) stored(docs int) bool {
	return w.count(docs, func() { w.sent.Add(uint64(docs)) })
}

// abandon counts documents that were left when the time to stop was over.
func (w *worker) abandon(docs int) {
	w.count(docs, func() { w.dropped.add(CauseShutdown, docs) })
}

// finish ends the account of a buffer all of whose documents are counted.
func (w *worker) finish(b *Buffer) {
	w.account.mu.Lock()
	defer w.account.mu.Unlock()
	if !w.account.over {
		w.counted = 0
		w.queue.Done(b)
	}
}

// bequeath gives a buffer of the queue to the heir.
func (s *sender) bequeath(b *Buffer) {
	s.account.mu.Lock()
	defer s.account.mu.Unlock()
	if !s.account.over {
		s.pool.give(*s.heir.Load(), b)
		s.queue.Forget(b)
	}
}

// closeAccount counts what is not counted yet as left.
func (s *sender) closeAccount() {
	s.account.mu.Lock()
	defer s.account.mu.Unlock()
	if s.account.over {
		return
	}
	s.account.over = true
	left := s.queue.Held().Documents
	for _, w := range s.account.hands {
		left -= w.counted
	}
	s.dropped.add(CauseShutdown, left)
}

// isOver says whether the account is closed.
func (s *sender) isOver() bool {
	s.account.mu.Lock()
	defer s.account.mu.Unlock()
	return s.account.over
}

// held describes what the queue has that is not settled.
func (s *sender) held() Held {
	h := s.queue.Held()
	if s.isOver() {
		return Held{Limit: h.Limit}
	}
	return h
}
