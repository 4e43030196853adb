package receive

import (
	"sync"
	"time"
)

// logEvery is how often a condition that any peer can bring about is logged.
const logEvery = 30 * time.Second

// sample thins out lines about what may happen in any number.
type sample struct {
	mu    sync.Mutex
	since uint64 // times since the last line
	last  time.Time
}

// take counts one time, and returns how many there were since the last line when it is time for another, or else 0.
func (s *sample) take(now time.Time) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.since++
	if !s.last.IsZero() && now.Sub(s.last) < logEvery {
		return 0
	}
	n := s.since
	s.since, s.last = 0, now
	return n
}
