package output

import (
	"errors"
	"sync"
	"time"
)

// ErrClosed is what a queue returns when it is closed and nothing is left in it.
var ErrClosed = errors.New("queue is closed")

// Queue keeps buffers between the pipelines and the senders of one sink. What Get returned stays held until Done,
// so that a queue on disk can forget it only then. All methods are safe for concurrent use.
type Queue interface {
	// Put hands a buffer over. It returns false, and the buffer stays the caller's, when there is no room for it or
	// the queue is closed.
	Put(b *Buffer) bool
	// Get waits for the oldest buffer. It returns nil when none came within the given time, and ErrClosed when none
	// will come any more.
	Get(wait time.Duration) (*Buffer, error)
	// Done tells the queue that the documents of a buffer from Get are settled. The buffer belongs to the queue again.
	Done(b *Buffer)
	// Forget ends the account of a buffer from Get that somebody else has now, or that is not to be used again.
	Forget(b *Buffer)
	// Close ends Put. Get still returns what is there.
	Close()
	// Held describes what was put and is not settled yet.
	Held() Held
}

// Held describes the unsettled content of a queue.
type Held struct {
	Bytes     int       // size of the documents as a bulk body
	Limit     int       // the most bytes the queue holds
	Documents int       // number of documents
	Oldest    time.Time // when the oldest document was received; zero when nothing is held
}

// MemoryQueue is a Queue in memory. The limit counts the bytes of the documents that wait and of those being sent.
// A small buffer is appended to the one before it while that one waits and has room, so that an outage leaves few
// large buffers and not many small ones; memory in use stays below twice the limit plus one batch a sender.
type MemoryQueue struct {
	limit int
	pool  *Pool
	ready chan struct{} // holds a token while a sender may find something

	mu      sync.Mutex
	waiting []*Buffer
	flight  []flying
	bytes   int
	docs    int
	closed  bool
}

// flying is a buffer that a sender has, with the figures it had when the sender took it: a sender may shrink it.
type flying struct {
	buffer      *Buffer
	bytes, docs int
	since       time.Time
}

// NewMemoryQueue returns an empty queue that holds at most limit bytes, and gives settled buffers back to pool.
func NewMemoryQueue(limit int, pool *Pool) *MemoryQueue {
	return &MemoryQueue{limit: limit, pool: pool, ready: make(chan struct{}, 1)}
}

// Put implements Queue. An empty queue takes any buffer, however small the limit.
func (q *MemoryQueue) Put(b *Buffer) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || q.bytes > 0 && q.bytes+len(b.data) > q.limit {
		return false
	}
	b.refused = nil // who is told is not the goroutine that has it from here on, and it may get documents of others
	q.bytes += len(b.data)
	q.docs += b.docs
	if n := len(q.waiting); n > 0 && q.waiting[n-1].room(len(b.data)) {
		q.waiting[n-1].appendBuffer(b)
		q.pool.Put(b)
	} else {
		q.waiting = append(q.waiting, b)
	}
	q.signal()
	return true
}

func (q *MemoryQueue) signal() {
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

// Get implements Queue.
func (q *MemoryQueue) Get(wait time.Duration) (*Buffer, error) {
	var timeout <-chan time.Time
	for {
		if b, err := q.take(); b != nil || err != nil {
			return b, err
		}
		if timeout == nil {
			timer := time.NewTimer(wait)
			defer timer.Stop()
			timeout = timer.C
		}
		select {
		case <-q.ready:
		case <-timeout:
			return nil, nil // documented: nothing came in time.
		}
	}
}

func (q *MemoryQueue) take() (*Buffer, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		if q.closed {
			q.signal() // for the next sender that waits
			return nil, ErrClosed
		}
		return nil, nil // the caller waits.
	}
	b := q.waiting[0]
	n := copy(q.waiting, q.waiting[1:])
	q.waiting[n] = nil
	q.waiting = q.waiting[:n]
	q.flight = append(q.flight, flying{b, len(b.data), b.docs, b.since})
	if n > 0 || q.closed {
		q.signal()
	}
	return b, nil
}

// Done implements Queue.
func (q *MemoryQueue) Done(b *Buffer) {
	if q.settle(b) {
		q.pool.Put(b)
	}
}

// Forget implements Queue.
func (q *MemoryQueue) Forget(b *Buffer) { q.settle(b) }

// settle ends the account of a buffer, and tells whether there was one.
func (q *MemoryQueue) settle(b *Buffer) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, f := range q.flight {
		if f.buffer == b {
			q.bytes -= f.bytes
			q.docs -= f.docs
			last := len(q.flight) - 1
			q.flight[i] = q.flight[last]
			q.flight[last] = flying{}
			q.flight = q.flight[:last]
			return true
		}
	}
	return false
}

// Close implements Queue.
func (q *MemoryQueue) Close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.signal()
}

// Held implements Queue.
func (q *MemoryQueue) Held() Held {
	q.mu.Lock()
	defer q.mu.Unlock()
	h := Held{Bytes: q.bytes, Limit: q.limit, Documents: q.docs}
	if len(q.waiting) > 0 {
		h.Oldest = q.waiting[0].since
	}
	for _, f := range q.flight {
		if h.Oldest.IsZero() || f.since.Before(h.Oldest) {
			h.Oldest = f.since
		}
	}
	return h
}
