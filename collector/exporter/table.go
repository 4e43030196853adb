// Package exporter keeps what is known about each exporting process: its templates, the data that wait for one, sequence
// numbers, counters; and what its device says about itself. Everything is bounded (Limits).
//
// A Table belongs to the one goroutine that decodes; only Snapshot and Refused may be called from others.
package exporter

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Table holds the sources that send to one socket.
type Table struct {
	limits        Limits
	policy        Policy
	allow         Networks
	last          *Source // most packets come from the source of the packet before
	templateBytes int
	pendingBytes  int
	optionBytes   int
	described     uint64     // changes of elements that devices described
	pending       waitingSet // head of the ring of data sets that wait: next is the oldest
	changed       bool       // what is kept over a restart changed since State was last asked for

	// Who makes room, by what room is needed for.
	order     *order[Source] // all sources
	templated *order[Source] // those that have templates
	waiting   *order[Source] // those that have data which wait for a template
	devices   *order[host]   // those that described something

	sessions map[uint32]map[*Source]struct{} // those of each connection

	mu      sync.Mutex // held to change sources, hosts and their devices, and to read them from another goroutine
	sources map[Key]*Source
	hosts   map[netip.Addr]*host
	gone    Stats // sums of the sources that were evicted or whose connection ended

	evicted       atomic.Uint64
	ended         atomic.Uint64
	rowsForgotten atomic.Uint64
	dropped       atomic.Uint64
	errors        [causes]atomic.Uint64
}

// NewTable returns an empty table.
func NewTable(limits Limits) *Table {
	limits = limits.withDefaults()
	t := &Table{
		limits: limits, allow: NewNetworks(limits.Allow),
		order: newOrder[Source](limits.Exporters), templated: newOrder[Source](limits.Exporters), waiting: newOrder[Source](limits.Exporters),
		devices: newOrder[host](limits.Exporters),
		sources: make(map[Key]*Source), hosts: make(map[netip.Addr]*host), sessions: make(map[uint32]map[*Source]struct{}),
	}
	t.pending.prev, t.pending.next = &t.pending, &t.pending
	return t
}

// Limits are the bounds in force, defaults filled in.
func (t *Table) Limits() Limits { return t.limits }

// Source returns the state of a source, new if it was not known. When its address has as many as it may another one of the address makes
// room, and when the table is full another one of all.
func (t *Table) Source(key Key, now time.Time) *Source {
	if t.last != nil && t.last.Key == key {
		t.last.lastSeen.Store(now.UnixNano())
		return t.last
	}
	s := t.sources[key] // no lock: only this goroutine writes
	if s == nil {
		s = t.add(key, unproven)
	}
	s.lastSeen.Store(now.UnixNano())
	t.order.touch(&s.place)
	s.host.sources.touch(&s.hostPlace)
	t.templated.touch(&s.templatePlace)
	t.waiting.touch(&s.waitingPlace)
	t.devices.touch(&s.host.place)
	t.last = s
	return s
}

func (t *Table) add(key Key, rank uint8) *Source {
	s := &Source{Key: key, table: t, rate: t.policy.rate(key.Address)}
	s.place = entry[Source]{of: s, rank: rank}
	s.hostPlace.of, s.templatePlace.of, s.waitingPlace.of = s, s, s
	t.mu.Lock()
	defer t.mu.Unlock()
	// It belongs to its host before another makes room, so that what their device described stays.
	s.host = t.host(key.Address)
	s.host.join(s, t.limits.PerAddress)
	s.host.rise(rank)
	var victim *Source
	switch {
	case s.host.sources.size() > t.limits.PerAddress:
		victim = s.host.sources.first(s)
	case len(t.sources) >= t.limits.Exporters:
		victim = t.order.first(nil)
	}
	if victim != nil {
		t.evict(victim)
	}
	t.sources[key] = s
	t.order.add(&s.place)
	if key.Session != 0 {
		if t.sessions[key.Session] == nil {
			t.sessions[key.Session] = make(map[*Source]struct{})
		}
		t.sessions[key.Session][s] = struct{}{}
	}
	return s
}

// delivered notes that a source delivered data in a minute.
func (t *Table) delivered(s *Source, minute uint32) {
	t.order.delivered(&s.place, minute)
	s.host.sources.delivered(&s.hostPlace, minute)
	t.templated.delivered(&s.templatePlace, minute)
	t.waiting.delivered(&s.waitingPlace, minute)
	t.devices.delivered(&s.host.place, minute)
	s.host.rise(s.place.rank)
}

// templateShare is the part of the memory for all templates that one source may have: with more, it would cost those their templates who
// delivered for long.
const templateShare = 8

// room makes room for templates of a source and tells whether there is enough.
func (t *Table) room(size int, s *Source) bool {
	if s.templateBytes+size > t.limits.TemplateAllBytes/templateShare {
		return size <= 0
	}
	if t.templateBytes+size <= t.limits.TemplateAllBytes {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.templateBytes+size > t.limits.TemplateAllBytes {
		victim := t.templated.first(s)
		if victim == nil {
			return false
		}
		t.evict(victim)
	}
	return true
}

// evict drops a source to make room. The table is locked.
func (t *Table) evict(s *Source) {
	t.forget(s)
	t.evicted.Add(1)
}

// forget drops a source, and its device with the last source of an address. The table is locked.
func (t *Table) forget(s *Source) {
	s.dropWaiting()
	t.templateBytes -= s.templateBytes
	stats := s.stats()
	stats.Templates = 0 // a figure of now, not a counter
	t.gone.Add(stats)
	t.order.remove(&s.place)
	t.templated.remove(&s.templatePlace)
	delete(t.sources, s.Key)
	if own := t.sessions[s.Key.Session]; len(own) > 1 {
		delete(own, s)
	} else {
		delete(t.sessions, s.Key.Session)
	}
	if t.last == s {
		t.last = nil
	}
	if s.host.leave(s) {
		t.forgetDevice(s.host)
		delete(t.hosts, s.host.address)
	}
}
