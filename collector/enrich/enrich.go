// Package enrich adds what is known about an address, the place and the autonomous system, to flow records.
//
// The look-up of an address costs microseconds and the same addresses come again and again, so each enricher keeps
// the finished JSON of the addresses it saw last. A hit costs nanoseconds and allocates nothing.
package enrich

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"net/netip"
	"sync/atomic"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// CacheEntries is how many addresses an enricher remembers: 3 MiB, and for each about 400 octets of JSON.
const CacheEntries = 1 << 16

// Enricher enriches the records of one pipeline. It belongs to one goroutine, except for Stats.
type Enricher struct {
	dbs  *Databases
	off  bool
	seed [2]uint64
	mask uint64

	// entries are sets of two; the first of a set was used last.
	entries []entry

	hits, misses           uint64 // since the last Publish
	totalHits, totalMisses atomic.Uint64
}

// entry is what is known about one address. The zero address marks a free entry.
type entry struct {
	addr     netip.Addr
	fragment *flow.Address
}

// records are the places of an address's records in both databases.
type records struct{ city, asn uintptr }

// New returns an enricher that remembers CacheEntries addresses.
func (d *Databases) New() *Enricher { return d.newEnricher(CacheEntries) }

// newEnricher takes a number of entries that is a power of two, at least 2.
func (d *Databases) newEnricher(entries int) *Enricher {
	e := &Enricher{dbs: d, off: d.city == nil && d.asn == nil}
	if !e.off {
		e.seed = [2]uint64{rand.Uint64() | 1, rand.Uint64() | 1} //nolint:gosec // G404: spreads addresses, keeps no secret.
		e.mask = uint64(entries/2 - 1)
		e.entries = make([]entry, entries)
	}
	return e
}

// Enrich sets what is Known of both endpoints of r. It stays valid for as long as r is kept.
func (e *Enricher) Enrich(r *flow.Record) {
	if e.off {
		return
	}
	r.Source.Known = e.fragment(r.Source.Addr)
	r.Destination.Known = e.fragment(r.Destination.Addr)
}

// fragment returns the JSON members for an address, or nil.
func (e *Enricher) fragment(a netip.Addr) *flow.Address {
	if local(a) {
		return nil
	}
	set := e.entries[e.index(a):][:2]
	if set[0].addr == a {
		e.hits++
		return set[0].fragment
	}
	if set[1].addr == a {
		e.hits++
		set[0], set[1] = set[1], set[0]
		return set[0].fragment
	}
	e.misses++
	set[1] = set[0]
	set[0] = entry{a, e.lookup(a)}
	return set[0].fragment
}

// index returns where the set of an address begins.
func (e *Enricher) index(a netip.Addr) uint64 {
	b := a.As16()
	hi, lo := bits.Mul64(binary.LittleEndian.Uint64(b[:8])^e.seed[0], binary.LittleEndian.Uint64(b[8:])^e.seed[1])
	return ((hi ^ lo) & e.mask) * 2
}

// local tells the addresses that no public database knows: private, loopback, link-local, multicast, unspecified.
func local(a netip.Addr) bool {
	return !a.IsValid() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified()
}

func (e *Enricher) lookup(a netip.Addr) *flow.Address {
	at := records{e.dbs.city.find(a), e.dbs.asn.find(a)}
	if at == (records{}) {
		return nil
	}
	info := e.dbs.describe(a, at)
	if info.Geo == (schema.Geo{}) && info.AS == (schema.AS{}) {
		return nil
	}
	return schema.Full().Address(info)
}

// Publish makes the figures of the cache visible to Stats. The pipeline calls it now and then.
func (e *Enricher) Publish() {
	e.totalHits.Add(e.hits)
	e.totalMisses.Add(e.misses)
	e.hits, e.misses = 0, 0
}

// Stats are figures of an enricher's cache.
type Stats struct {
	Hits   uint64 // addresses found in the cache
	Misses uint64 // addresses looked up in the databases
}

// Stats returns what was last published. It is safe for concurrent use.
func (e *Enricher) Stats() Stats {
	return Stats{Hits: e.totalHits.Load(), Misses: e.totalMisses.Load()}
}
