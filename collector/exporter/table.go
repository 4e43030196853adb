// Package exporter keeps what is known about each exporting process: its templates, the data that wait for one, sequence
// numbers, counters; and what its device says about itself. Everything is bounded (Limits).
//
// A Table belongs to the one goroutine that decodes; only Snapshot and Allowed may be called from others.
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
	changed       bool // what is kept over a restart changed since State was last asked for

	// Who makes room, by what room is needed for.
	order     *order[Source] // all sources
	templated *order[Source] // those that have templates
	devices   *order[host]   // those that described something

	mu      sync.Mutex // held to change sources, hosts and their devices, and to read them from another goroutine
	sources map[Key]*Source
	hosts   map[netip.Addr]*host
	gone    Stats // sums of the sources that were evicted or whose connection ended

	evicted       atomic.Uint64
	ended         atomic.Uint64
	rowsForgotten atomic.Uint64
	errors        [causes]atomic.Uint64
}

// NewTable returns an empty table.
func NewTable(limits Limits) *Table {
	limits = limits.withDefaults()
	return &Table{
		limits: limits, allow: NewNetworks(limits.Allow),
		order: newOrder[Source](limits.Exporters), templated: newOrder[Source](limits.Exporters), devices: newOrder[host](limits.Exporters),
		sources: make(map[Key]*Source), hosts: make(map[netip.Addr]*host),
	}
}

// Limits are the bounds in force, defaults filled in.
func (t *Table) Limits() Limits { return t.limits }

// Source returns the state of a source, new if it was not known. When the table is full another one makes room.
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
	t.templated.touch(&s.templatePlace)
	t.devices.touch(&s.host.place)
	t.last = s
	return s
}

func (t *Table) add(key Key, rank uint8) *Source {
	s := &Source{Key: key, table: t, rate: t.policy.rate(key.Address)}
	s.place = entry[Source]{of: s, rank: rank}
	s.templatePlace = entry[Source]{of: s}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.sources) >= t.limits.Exporters {
		if victim := t.order.first(nil); victim != nil {
			t.evict(victim)
		}
	}
	s.host = t.host(key.Address)
	s.host.sources++
	s.host.rise(rank)
	t.sources[key] = s
	t.order.add(&s.place)
	return s
}

// delivered notes that a source delivered data in a minute.
func (t *Table) delivered(s *Source, minute int64) {
	t.order.delivered(&s.place, minute)
	t.templated.delivered(&s.templatePlace, minute)
	t.devices.delivered(&s.host.place, minute)
	s.host.rise(s.place.rank)
}

// room makes room for templates of a source and tells whether there is enough.
func (t *Table) room(size int, s *Source) bool {
	if t.templateBytes+size <= t.limits.TemplateAllBytes {
		return true
	}
	if s.templateBytes+size > t.limits.TemplateAllBytes {
		return false // though all others went
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
	s.pendingDropped.Add(uint64(s.waiting.Load()))
	t.templateBytes -= s.templateBytes
	t.pendingBytes -= s.pendingBytes
	stats := s.stats()
	stats.Waiting, stats.Templates = 0, 0 // figures of now, not counters
	t.gone.Add(stats)
	t.order.remove(&s.place)
	t.templated.remove(&s.templatePlace)
	delete(t.sources, s.Key)
	if t.last == s {
		t.last = nil
	}
	if s.host.sources--; s.host.sources == 0 {
		t.forgetDevice(s.host)
		delete(t.hosts, s.host.address)
	}
}
