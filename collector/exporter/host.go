package exporter

import (
	"net/netip"
	"sync/atomic"
)

// host is what is kept for an address that sources send from. It goes with the last of them.
type host struct {
	address netip.Addr
	only    *Source        // its source, as long as there was no other
	sources *order[Source] // its sources, since there is another
	device  *Device        // nil until one of the sources describes something
	place   entry[host]    // in the table's order of devices, while there is a device

	due     int64         // rate limit: when what was sent so far would have been sent at the rate allowed, Unix nanoseconds
	dropped atomic.Uint64 // flows that an output had no room for
	limited atomic.Uint64
}

// host returns what is kept for an address, new if there is nothing yet. The table is locked.
func (t *Table) host(address netip.Addr) *host {
	h := t.hosts[address]
	if h == nil {
		h = &host{address: address}
		h.place.of = h
		t.hosts[address] = h
	}
	return h
}

// join adds a source, of which there may be so many.
func (h *host) join(s *Source, most int) {
	switch {
	case h.sources != nil:
	case h.only == nil:
		h.only = s
		return
	default:
		h.sources = newOrder[Source](most)
		h.only.hostPlace.follow(&h.only.place)
		h.sources.add(&h.only.hostPlace)
		h.only = nil
	}
	s.hostPlace.follow(&s.place)
	h.sources.add(&s.hostPlace)
}

// leave takes a source away and tells whether it was the last.
func (h *host) leave(s *Source) bool {
	if h.sources == nil {
		return true
	}
	h.sources.remove(&s.hostPlace)
	return h.sources.size() == 0
}

// rise gives the place that a device of the host will have the rank of its best source.
func (h *host) rise(rank uint8) {
	if !h.place.listed() {
		h.place.rank = max(h.place.rank, rank)
	}
}

// forgetDevice drops what a device described. The table is locked.
func (t *Table) forgetDevice(h *host) {
	if h.device == nil {
		return
	}
	t.devices.remove(&h.place)
	t.optionBytes -= h.device.bytes
	t.rowsForgotten.Add(uint64(h.device.count))
	h.device = nil
}
