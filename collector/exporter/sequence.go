package exporter

import "sync/atomic"

// lateRun is how many late packets in a row, each continuing the one before, are an exporter that started again.
const lateRun = 16

// sequence follows the sequence numbers of one source. Its unit is the format's own (Source.Sequence).
type sequence struct {
	next    uint32
	started bool
	moved   bool   // by the packet taken last; one that came late does not
	unsure  bool   // next is only the least that may come: the units of the packet before are not known
	late    uint32 // what would continue the late packet before
	run     int    // late packets in a row so far

	lost, reordered, restarted atomic.Uint64
}

// take accounts for a packet with sequence number seq that carries units. A number further away than window is a restart of the
// exporter, not loss. So is a nearer one from which the numbers run on: packets that were overtaken do not come in long rows.
//
// lost counts what was missing when a later packet came, reordered what then came late after all, so both only ever grow;
// lost − reordered is what never came.
func (s *sequence) take(seq, units uint32, window int32) {
	s.moved = false
	ahead := int32(seq - s.next)
	if s.started && ahead < 0 && ahead >= -window {
		if s.run > 0 && seq != s.late {
			s.run = 0
		}
		s.late = seq + units
		if s.run++; s.run < lateRun {
			s.reordered.Add(uint64(units))
			return // what is expected next does not change
		}
		s.restarted.Add(1)
	} else {
		switch {
		case !s.started:
			s.started = true
		case ahead == 0 || s.unsure && ahead > 0 && ahead <= window:
		case ahead > 0 && ahead <= window:
			s.lost.Add(uint64(ahead))
		default:
			s.restarted.Add(1)
		}
	}
	s.run, s.unsure, s.moved = 0, false, true
	s.next = seq + units
}
