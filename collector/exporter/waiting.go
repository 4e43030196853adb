package exporter

import (
	"slices"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// Pending is a data set that came before its template.
type Pending struct {
	TemplateID uint16
	Data       []byte // records without the set header
	Clock      flow.Clock
	Sequence   uint32
	Received   int64 // Unix nanoseconds
}

// pendingOverhead is about what keeping a data set takes in memory besides its data. Without it, sets of no or few octets would
// pass the limits in any number.
const pendingOverhead = 192

func (p *Pending) size() int { return pendingOverhead + len(p.Data) }

// waitingSet is a data set that waits, in the table's ring of all of them, which is in the order they came in, and in the chain of those
// of its source that wait for the same template.
type waitingSet struct {
	Pending
	source     *Source
	prev, next *waitingSet
	behind     *waitingSet // the next of the chain
}

// chain is what waits for one template, oldest first.
type chain struct{ first, last *waitingSet }

// Wait keeps a copy of a data set until its template comes. What has waited for too long goes first. Then, beyond the limit of the source,
// the set is dropped; beyond that of all sources, the waiting data of another source make room. Each set that goes is counted.
func (s *Source) Wait(p Pending) {
	s.unknown.Add(1)
	t := s.table
	t.expire(p.Received)
	if !t.waitingRoom(p.size(), s) {
		s.pendingDropped.Add(1)
		return
	}
	p.Data = slices.Clone(p.Data)
	w := &waitingSet{Pending: p, source: s, prev: t.pending.prev, next: &t.pending}
	w.prev.next, w.next.prev = w, w
	if s.pending == nil {
		s.pending = make(map[uint16]chain)
		s.waitingPlace.follow(&s.place)
		t.waiting.add(&s.waitingPlace)
	}
	c := s.pending[p.TemplateID]
	if c.first == nil {
		c.first = w
	} else {
		c.last.behind = w
	}
	c.last = w
	s.pending[p.TemplateID] = c
	s.pendingBytes += p.size()
	t.pendingBytes += p.size()
	if s.waiting.Add(1) == 1 {
		s.waitingSince.Store(p.Received)
	}
}

// Ready takes out the data sets that waited for a template, oldest first, without those that waited for too long.
func (s *Source) Ready(id uint16) []Pending {
	if s.pending[id].first == nil {
		return nil
	}
	s.table.expire(s.lastSeen.Load())
	var ready []Pending
	for w := s.pending[id].first; w != nil; w = w.behind {
		s.table.unlink(w)
		ready = append(ready, w.Pending)
	}
	s.waited(id)
	s.waiting.Add(-int64(len(ready)))
	return ready
}

// Dropped counts data sets that waited and could not be decoded, or not wholly, when their template came.
func (s *Source) Dropped(sets int) { s.pendingDropped.Add(uint64(sets)) }

// expire drops the data sets of all sources that came more than the greatest age before now, in Unix nanoseconds: their template would
// have come by now, and one with the same id may since be another. So do those that came as much after, before the clock was set back.
func (t *Table) expire(now int64) {
	for w := t.pending.next; w != &t.pending && abs(now-w.Received) > int64(t.limits.PendingMaxAge); w = t.pending.next {
		t.unlink(w)
		// The oldest of all is the oldest of its chain.
		if c := w.source.pending[w.TemplateID]; w.behind != nil {
			c.first = w.behind
			w.source.pending[w.TemplateID] = c
		} else {
			w.source.waited(w.TemplateID)
		}
		w.source.waiting.Add(-1)
		w.source.pendingDropped.Add(1)
	}
}

// waitingRoom makes room for a data set of a source and tells whether there is enough.
func (t *Table) waitingRoom(size int, s *Source) bool {
	if s.pendingBytes+size > t.limits.PendingBytes || s.pendingBytes+size > t.limits.PendingAllBytes {
		return false
	}
	for t.pendingBytes+size > t.limits.PendingAllBytes {
		t.waiting.first(s).dropWaiting() // there is one: its own data leave enough
	}
	return true
}

// dropWaiting drops all data sets of the source that wait.
func (s *Source) dropWaiting() {
	for id, c := range s.pending {
		for w := c.first; w != nil; w = w.behind {
			s.table.unlink(w)
		}
		s.waited(id)
	}
	s.pendingDropped.Add(uint64(s.waiting.Swap(0)))
}

// unlink takes a data set out of the ring and the accounts.
func (t *Table) unlink(w *waitingSet) {
	w.prev.next, w.next.prev = w.next, w.prev
	w.source.pendingBytes -= w.size()
	t.pendingBytes -= w.size()
}

// waited notes that nothing waits for a template any more.
func (s *Source) waited(id uint16) {
	delete(s.pending, id)
	if len(s.pending) == 0 {
		s.pending = nil // it does not shrink
		s.table.waiting.remove(&s.waitingPlace)
	}
}
