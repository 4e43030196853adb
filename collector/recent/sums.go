package recent

import "math"

// blockSize is the size of documents, in octets, that are compressed together: larger blocks take less room, smaller ones are read faster.
const blockSize = 256 << 10

// sums are those of some flows.
type sums struct {
	flows           int64
	oldest, newest  int64 // Unix milliseconds; without meaning where there are no flows
	octets, packets wide
}

// wide is a sum of numbers below 2⁶³ that does not overflow: SQLite's sum() fails when it does.
type wide struct{ high, low int64 } // high × 2³² + low

func (w *wide) add(n int64) { w.high, w.low = w.high+n>>32, w.low+n&math.MaxUint32 }

// total is the sum, or the largest number there is.
func (w wide) total() uint64 {
	high := uint64(w.high) + uint64(w.low)>>32
	if high > math.MaxUint32 {
		return math.MaxUint64
	}
	return high<<32 | uint64(w.low)&math.MaxUint32
}

func (s *sums) addRow(r *row) {
	one := sums{flows: 1, oldest: r.time, newest: r.time}
	one.octets.add(r.octets)
	one.packets.add(r.packets)
	s.add(&one)
}

func (s *sums) add(o *sums) {
	if o.flows == 0 {
		return
	}
	if s.flows == 0 {
		s.oldest, s.newest = o.oldest, o.newest
	}
	s.flows += o.flows
	s.oldest, s.newest = min(s.oldest, o.oldest), max(s.newest, o.newest)
	s.octets = wide{s.octets.high + o.octets.high, s.octets.low + o.octets.low}
	s.packets = wide{s.packets.high + o.packets.high, s.packets.low + o.packets.low}
}
