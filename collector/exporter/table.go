// Package exporter keeps what is known about each exporting process: its templates, the data that wait for one, sequence
// numbers, counters. Everything is bounded (Limits).
//
// A Table belongs to the one goroutine that decodes; only Snapshot may be called from others.
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
	last          *Source // most packets come from the source of the packet before
	templateBytes int
	pendingBytes  int
	devices       map[netip.Addr]*Device
	changed       bool // what is kept over a restart changed since it was last saved

	mu      sync.Mutex // held to change sources, and to read it from another goroutine
	sources map[Key]*Source
	gone    Stats // sums of the sources that were evicted

	evicted atomic.Uint64
	errors  [causes]atomic.Uint64
}

// NewTable returns an empty table.
func NewTable(limits Limits) *Table {
	return &Table{limits: limits.withDefaults(), sources: make(map[Key]*Source), devices: make(map[netip.Addr]*Device)}
}

// Limits are the bounds in force, defaults filled in.
func (t *Table) Limits() Limits { return t.limits }

// Source returns the state of a source, new if it was not known. When the table is full a source that was silent for longer than
// others makes room.
func (t *Table) Source(key Key, now time.Time) *Source {
	if t.last != nil && t.last.Key == key {
		t.last.lastSeen.Store(now.UnixNano())
		return t.last
	}
	s := t.sources[key] // no lock: only this goroutine writes
	if s == nil {
		s = t.add(key)
	}
	s.lastSeen.Store(now.UnixNano())
	t.last = s
	return s
}

func (t *Table) add(key Key) *Source {
	s := &Source{Key: key, table: t, device: t.devices[key.Address], rate: t.policy.rate(key.Address), templates: make(map[uint16]*Template)}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.sources) >= t.limits.Exporters {
		t.evict(nil, false)
	}
	t.sources[key] = s
	return s
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
		if !t.evict(s, true) {
			return false
		}
	}
	return true
}

// evictionSample is how many sources are compared to find one that may go. A scan of all would make a flood of invented sources
// expensive; the order of a map is random enough to spare those who really send.
const evictionSample = 16

// evictionScan is how many sources are looked at for that sample, when one was found among them.
const evictionScan = 256

// evict forgets a source other than keep, and tells whether there was one: any, or one that has templates. The table is locked.
func (t *Table) evict(keep *Source, templates bool) bool {
	var oldest *Source
	compared, scanned := 0, 0
	for _, s := range t.sources {
		if scanned++; scanned > evictionScan && oldest != nil {
			break
		}
		if s == keep || templates && s.templateBytes == 0 {
			continue
		}
		if oldest == nil || s.lastSeen.Load() < oldest.lastSeen.Load() {
			oldest = s
		}
		if compared++; compared == evictionSample {
			break
		}
	}
	if oldest == nil {
		return false
	}
	oldest.pendingDropped.Add(uint64(oldest.waiting.Load()))
	t.templateBytes -= oldest.templateBytes
	t.pendingBytes -= oldest.pendingBytes
	stats := oldest.stats()
	stats.Waiting, stats.Templates = 0, 0 // figures of now, not counters
	t.gone.add(stats)
	t.evicted.Add(1)
	delete(t.sources, oldest.Key)
	return true
}
