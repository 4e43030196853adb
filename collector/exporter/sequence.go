package exporter

import "sync/atomic"

// sequence follows the sequence numbers of one source. Its unit is the format's own: packets for NetFlow v9, flows for v5.
type sequence struct {
	next    uint32
	started bool

	lost, reordered, restarted atomic.Uint64
}

// take accounts for a packet with sequence number seq that carries units. A number further away than window is a restart of the
// exporter, not loss.
//
// lost counts what was missing when a later packet came, reordered what then came late after all, so both only ever grow;
// lost − reordered is what never came.
func (s *sequence) take(seq, units uint32, window int32) {
	ahead := int32(seq - s.next)
	switch {
	case !s.started:
		s.started = true
	case ahead == 0:
	case ahead > 0 && ahead <= window:
		s.lost.Add(uint64(ahead))
	case ahead < 0 && ahead >= -window:
		s.reordered.Add(uint64(units))
		return // what is expected next does not change
	default:
		s.restarted.Add(1)
	}
	s.next = seq + units
}
