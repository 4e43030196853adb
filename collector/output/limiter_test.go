package output

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestLimitHalvesOnceForRequestsThatWereInFlightTogether(t *testing.T) {
	l := newLimiter(8)
	now := time.Unix(1000, 0)
	l.clock = func() time.Time { return now }
	sent := now
	now = now.Add(time.Second)
	for range 8 {
		l.overloaded(sent)
	}
	if l.current() != 4 {
		t.Errorf("limit %d, want 4", l.current())
	}
	for want := 2; want >= 1; want-- {
		sent = now
		now = now.Add(time.Second)
		l.overloaded(sent)
		if l.current() != want {
			t.Errorf("limit %d, want %d", l.current(), want)
		}
	}
	l.overloaded(now)
	if l.current() != 1 {
		t.Errorf("limit %d, want the least", l.current())
	}
	for want := 2; want <= 8; want++ {
		for range growAfter - 1 {
			l.stored()
		}
		if l.current() != want-1 {
			t.Errorf("limit %d, want %d still", l.current(), want-1)
		}
		l.stored()
		if l.current() != want {
			t.Errorf("limit %d, want %d", l.current(), want)
		}
	}
	for range 10 * growAfter {
		l.stored()
	}
	if l.current() != 8 {
		t.Errorf("limit %d, want the most", l.current())
	}
}

func TestLimiterHoldsTheLimit(t *testing.T) {
	l := newLimiter(3)
	var inside, most atomic.Int32
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for range 50 {
				if !l.acquire(t.Context(), func() {}) {
					t.Error("not acquired")
					return
				}
				if n := inside.Add(1); n > most.Load() {
					most.Store(n)
				}
				inside.Add(-1)
				l.release()
			}
		})
	}
	all.Wait()
	if most.Load() > 3 || l.flight != 0 || len(l.waiting) != 0 {
		t.Errorf("%d at a time, %d in flight", most.Load(), l.flight)
	}
	ctx, cancel := context.WithCancel(t.Context())
	l.limit = 1
	if !l.acquire(ctx, func() {}) {
		t.Error("not acquired")
	}
	for range 10 {
		all.Go(func() {
			if l.acquire(ctx, func() {}) {
				l.release()
			}
		})
	}
	cancel()
	all.Wait()
	l.release()
	if l.flight != 0 || len(l.waiting) != 0 {
		t.Errorf("%d in flight, %d waiting", l.flight, len(l.waiting))
	}
}

// TestOverloadLowersTheLimit: a server that refuses more than one request at a time gets one at a time, and all is stored.
func TestOverloadLowersTheLimit(t *testing.T) {
	f := newFakeServer(t)
	r := newSpooledRig(t, f, t.TempDir())
	r.send(20)
	if s := r.until("the first", Stats.settled); s.Limit != 3 {
		t.Errorf("limit %d before the overload", s.Limit)
	}
	var inside, refused atomic.Int32
	var hold sync.Once
	second := make(chan struct{})
	f.does(func(_ int, _ []string, w http.ResponseWriter) bool {
		defer inside.Add(-1)
		if inside.Add(1) > 1 {
			if refused.Add(1) == 1 {
				close(second)
			}
			return answer(w, 429, "es_rejected_execution_exception", "rejected execution of coordinating operation")
		}
		hold.Do(func() { <-second }) // until there is another one
		return false
	}, nil)
	r.send(400)
	r.until("a lower limit", func(s Stats) bool { return s.Limit == 1 })
	s := r.until("all stored", Stats.settled)
	f.once(t, 420)
	if s.Errors["overloaded"] != uint64(refused.Load()) || s.Problem != (Problem{}) {
		t.Errorf("%d refused, stats %+v", refused.Load(), s)
	}
}
