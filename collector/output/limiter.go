package output

import (
	"context"
	"slices"
	"sync"
	"time"
)

// growAfter is how many answers without a sign of overload let the limit grow by one.
const growAfter = 16

// limiter says how many requests may be in flight at once. It begins with the most that is set, halves when Elasticsearch says that it is
// overloaded or does not answer in time, and grows by one after a number of answers (additive increase, multiplicative decrease): more
// requests than Elasticsearch can work on wait there, and are refused in the end.
type limiter struct {
	most  int
	clock func() time.Time

	mu      sync.Mutex
	limit   int
	flight  int
	waiting []chan struct{} // closed when it is their turn
	cut     time.Time       // when the limit was last lowered
	answers int             // without overload since the limit changed
}

func newLimiter(most int) *limiter { return &limiter{most: most, limit: most, clock: time.Now} }

// acquire waits until a request may be sent. It calls alive from time to time, and returns false when ctx ends first.
func (l *limiter) acquire(ctx context.Context, alive func()) bool {
	if ctx.Err() != nil {
		return false
	}
	l.mu.Lock()
	if l.flight < l.limit && len(l.waiting) == 0 {
		l.flight++
		l.mu.Unlock()
		return true
	}
	place := make(chan struct{})
	l.waiting = append(l.waiting, place)
	l.mu.Unlock()
	ticker := time.NewTicker(idleWait)
	defer ticker.Stop()
	for {
		alive()
		select {
		case <-place:
			return true
		case <-ctx.Done():
			l.leave(place)
			return false
		case <-ticker.C:
		}
	}
}

// leave ends waiting.
func (l *limiter) leave(place chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := slices.Index(l.waiting, place); i >= 0 {
		l.waiting = slices.Delete(l.waiting, i, i+1)
		return
	}
	l.flight-- // it was this one's turn meanwhile
	l.wake()
}

// release says that a request is over.
func (l *limiter) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flight--
	l.wake()
}

func (l *limiter) wake() {
	for l.flight < l.limit && len(l.waiting) > 0 {
		close(l.waiting[0])
		l.waiting = slices.Delete(l.waiting, 0, 1)
		l.flight++
	}
}

// stored says that Elasticsearch took a request.
func (l *limiter) stored() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.answers++; l.answers >= growAfter && l.limit < l.most {
		l.answers = 0
		l.limit++
		l.wake()
	}
}

// overloaded says that a request that was sent at the given time was refused for load, or not answered in time. Those that were in flight
// together count once.
func (l *limiter) overloaded(sent time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answers = 0
	if sent.Before(l.cut) {
		return
	}
	l.limit = max(1, l.limit/2)
	l.cut = l.clock()
}

// current is the limit.
func (l *limiter) current() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.limit
}
