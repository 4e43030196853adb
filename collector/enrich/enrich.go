package enrich

import (
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

const (
	// CacheEntries is how many addresses an enricher remembers: 5 MiB, and for each address some 300 octets with a place, 500 with all there
	// is to say: 45 to 70 MiB, where an exporter has so many of them.
	CacheEntries = 1 << 17
	// ObserverEntries is how many pairs of interfaces of exporters an enricher remembers: 64 exporters of 16 interfaces have so many, or four of 64.
	ObserverEntries = 1 << 14

	// again is when what was not settled is asked for again, and renew when what was is: names change.
	again = int64(time.Second)
	renew = int64(10 * time.Minute)
)

// Enricher enriches the records of one pipeline. It belongs to one goroutine, except for Stats.
type Enricher struct {
	set  *Set
	snap *snapshot // what the caches were filled from
	seed seed

	addresses cache[netip.Addr, *flow.Address]
	observers cache[observerKey, *flow.Observer]
	found     found // by the look-up of now
	observing bool  // something may be known about exporters
	touched   int64 // of no use but to be written: what was read for it is not left out

	hits, misses                           uint64 // since the last Publish
	observerHits, observerMisses           uint64
	totalHits, totalMisses                 atomic.Uint64
	totalObserverHits, totalObserverMisses atomic.Uint64
}

type observerKey struct {
	exporter      netip.Addr
	input, output uint32
}

// New returns an enricher that remembers CacheEntries addresses.
func (s *Set) New() *Enricher { return s.newEnricher(CacheEntries) }

// newEnricher takes a number of entries that is a power of two, at least ways.
func (s *Set) newEnricher(entries int) *Enricher {
	e := &Enricher{set: s, seed: newSeed()}
	e.addresses = newCache[netip.Addr, *flow.Address](entries, e.seed.hash)
	e.observers = newCache[observerKey, *flow.Observer](min(entries, ObserverEntries), e.hashObserver)
	e.follow(s.current.Load())
	return e
}

// follow turns to a snapshot. What was remembered is of another one.
func (e *Enricher) follow(s *snapshot) {
	e.snap = s
	e.observing = s.exporters != nil || s.interfaces != nil || s.networks != nil
	e.addresses.clear()
	e.observers.clear()
}

// Enrich adds to a record what is known about its addresses, its exporter and its ports. It stays valid for as long as the record is kept.
// The record's Received is the clock by which what is not known yet is asked for again.
func (e *Enricher) Enrich(r *flow.Record) {
	e.latest()
	r.Source.Known = e.address(r.Source.Addr, e.seed.hash(r.Source.Addr), r.Received)
	r.Destination.Known = e.address(r.Destination.Addr, e.seed.hash(r.Destination.Addr), r.Received)
	e.describe(r)
}

// together is how many records EnrichAll looks at in each of its steps.
const together = 32

// EnrichAll is Enrich for all records of a packet. What is known of many addresses is in no cache of the processor, and to wait for one after the
// other takes longer than all else. So all of them are touched before the first is needed: the processor fetches several at once.
func (e *Enricher) EnrichAll(records []flow.Record) {
	e.latest()
	var hashes [together][2]uint64
	for len(records) > 0 {
		some := records[:min(len(records), together)]
		records = records[len(some):]
		touched := int64(0)
		for i := range some {
			from, to := e.seed.hash(some[i].Source.Addr), e.seed.hash(some[i].Destination.Addr)
			hashes[i] = [2]uint64{from, to}
			touched += e.addresses.touch(from) + e.addresses.touch(to)
		}
		for i := range some {
			r := &some[i]
			r.Source.Known = e.address(r.Source.Addr, hashes[i][0], r.Received)
			r.Destination.Known = e.address(r.Destination.Addr, hashes[i][1], r.Received)
		}
		for i := range some {
			touched += touch(some[i].Source.Known) + touch(some[i].Destination.Known)
		}
		for i := range some {
			e.describe(&some[i])
		}
		e.touched = touched
	}
}

// Encoder is that of the documents of the records which were enriched last: what is known of an address is kept as members of them.
func (e *Enricher) Encoder() *schema.Encoder { return e.snap.encoder }

// latest turns to the snapshot of now.
func (e *Enricher) latest() {
	if s := e.set.current.Load(); s != e.snap {
		e.follow(s)
	}
}

// describe adds what is known besides the addresses.
func (e *Enricher) describe(r *flow.Record) {
	s := e.snap
	if s.systems != nil {
		s.nameExported(&r.Source, r.Has&flow.HasSourceAS != 0)
		s.nameExported(&r.Destination, r.Has&flow.HasDestinationAS != 0)
	}
	if e.observing {
		r.Observer = e.observer(r)
	}
	s.converse(r)
}

// touch reads of what is known of an address, for it to be near when it is needed.
func touch(a *flow.Address) (n int64) {
	if a != nil {
		for members, at := a.Members(), 0; at < len(members); at += 64 {
			n += int64(members[at])
		}
	}
	return n
}

// Tick lets go of what was replaced, where no records come. The pipeline calls it now and then.
func (e *Enricher) Tick() {
	e.latest()
	e.Publish()
}

// address returns what is known about an address; nil for none.
func (e *Enricher) address(a netip.Addr, hash uint64, now int64) *flow.Address {
	if !a.IsValid() {
		return nil
	}
	if s := e.addresses.find(hash, a); s != nil {
		e.hits++
		if s.due(now) {
			e.ask(s, now)
		}
		return s.value
	}
	e.misses++
	s := e.addresses.take(hash, a)
	e.learn(s, now)
	return s.value
}

// ask renews an entry that is due. While its name is being looked up nothing else about the address is, and what was known stays.
func (e *Enricher) ask(s *slot[netip.Addr, *flow.Address], now int64) {
	if _, settled := e.snap.namer.Name(s.key); !settled {
		s.again = now + again
		return
	}
	e.learn(s, now)
}

// learn looks up all about the address of an entry.
func (e *Enricher) learn(s *slot[netip.Addr, *flow.Address], now int64) {
	snap, a := e.snap, s.key
	info := snap.about(a, &e.found)
	s.again = 0
	if snap.namer != nil && named(a) {
		var settled bool
		info.Domain, settled = snap.namer.Name(a)
		s.again = now + renew
		if !settled {
			info.Domain, s.again = "", now+again
		}
	}
	s.value = snap.encoder.Address(info)
}

// named tells the addresses that may have a name.
func named(a netip.Addr) bool { return !a.IsMulticast() && !a.IsUnspecified() }

// about is what is known about an address, except for its name. F is room to work in.
func (s *snapshot) about(a netip.Addr, f *found) schema.AddressInfo {
	info := schema.AddressInfo{IP: a}
	if !local(a) {
		f.geo, f.as = schema.Geo{}, schema.AS{}
		s.asn.find(a, systems, f)
		s.city.find(a, places, f)
		info.Geo, info.AS = f.geo, f.as
	}
	n := s.networks.find(a)
	if n != nil {
		info.Network, info.Internal = n.Network, n.internal
		info.Geo = n.place(info.Geo)
		if n.as.Number != 0 && n.as.Number != info.AS.Number {
			info.AS = schema.AS{Number: n.as.Number}
		}
	} else if s.internal != nil {
		info.Internal = s.internal.Contains(a)
	}
	info.Boundless = s.internal == nil && s.networks == nil
	if name := s.systems.name(info.AS.Number); name != "" {
		info.AS.Organization = name
	}
	if n != nil && n.as.Organization != "" {
		info.AS.Organization = n.as.Organization
	}
	return info
}

// local tells the addresses that no public database knows: private, loopback, link-local, multicast, unspecified.
func local(a netip.Addr) bool {
	return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified() || a == broadcast
}

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// nameExported names the autonomous system that the exporter said, where nothing else is known about one.
func (s *snapshot) nameExported(p *flow.Endpoint, has bool) {
	if has && p.AS != 0 && (p.Known == nil || p.Known.AS == 0) {
		p.ASName = s.systems.json[p.AS]
	}
}

// observer returns what is known about the exporter and the interfaces of a record.
func (e *Enricher) observer(r *flow.Record) *flow.Observer {
	key := observerKey{exporter: e.snap.device(r)}
	if !key.exporter.IsValid() {
		return nil
	}
	if r.Has&flow.HasInput != 0 {
		key.input = r.Input
	}
	if r.Has&flow.HasOutput != 0 {
		key.output = r.Output
	}
	hash := e.hashObserver(key)
	s := e.observers.find(hash, key)
	if s == nil {
		e.observerMisses++
		s = e.observers.take(hash, key)
		e.observe(s, r.Received)
		return s.value
	}
	e.observerHits++
	if s.due(r.Received) {
		e.observe(s, r.Received)
	}
	return s.value
}

func (e *Enricher) hashObserver(k observerKey) uint64 {
	return e.seed.mix(e.seed.hash(k.exporter), uint64(k.input)<<32|uint64(k.output))
}

// device is the address of the device that observed a flow: the exporter, or, where that passes on what others observed, the agent it names.
// An address that is of use to nobody but the agent itself is none, nor is one that is not in the user's file where the exporter is.
func (s *snapshot) device(r *flow.Record) netip.Addr {
	if r.Details == nil || !r.Details.Agent.IsValid() || r.Details.Agent == r.Exporter {
		return r.Exporter
	}
	agent := r.Details.Agent
	if agent.IsLoopback() || agent.IsUnspecified() || s.exporters[agent] == nil && s.exporters[r.Exporter] != nil {
		return r.Exporter
	}
	return agent
}

// observe looks up all about an exporter and two interfaces of it.
func (e *Enricher) observe(s *slot[observerKey, *flow.Observer], now int64) {
	snap, k := e.snap, s.key
	said := snap.exporters[k.exporter]
	if said == nil {
		said = &exporter{}
	}
	name, site, settled := said.name, said.site, true
	if name == "" && snap.interfaces != nil {
		name, settled = snap.interfaces.Exporter(k.exporter)
	}
	if n := snap.networks.find(k.exporter); site == "" && n != nil {
		site = n.Site
	}
	o := &flow.Observer{Name: schema.JSONString(name), Site: schema.JSONString(site)}
	for _, i := range []struct {
		index uint32
		to    *flow.Interface
	}{{k.input, &o.Input}, {k.output, &o.Output}} {
		if i.index == 0 {
			continue
		}
		names := said.interfaces[i.index]
		nameWins, aliasWins := names.name != "", names.alias != ""
		if snap.interfaces != nil && (names.name == "" || names.alias == "") {
			name, alias, done := snap.interfaces.Interface(k.exporter, i.index)
			names = interfaceNames{first(names.name, name), first(names.alias, alias)}
			settled = settled && done
		}
		*i.to = flow.Interface{
			Name: schema.JSONString(names.name), Alias: schema.JSONString(names.alias), NameWins: nameWins, AliasWins: aliasWins,
		}
	}
	s.again = 0
	switch {
	case !settled:
		s.again = now + again
	case snap.interfaces != nil:
		s.again = now + renew
	}
	s.value = o
	if o.Name == nil && o.Site == nil && o.Input.Name == nil && o.Input.Alias == nil && o.Output.Name == nil && o.Output.Alias == nil {
		s.value = nil
	}
}

// Publish makes the figures of the caches visible to Stats.
func (e *Enricher) Publish() {
	e.totalHits.Add(e.hits)
	e.totalMisses.Add(e.misses)
	e.totalObserverHits.Add(e.observerHits)
	e.totalObserverMisses.Add(e.observerMisses)
	e.hits, e.misses, e.observerHits, e.observerMisses = 0, 0, 0, 0
}

// Stats are figures of an enricher's caches.
type Stats struct {
	Hits, Misses                 uint64 // addresses found in the cache, and looked up
	ObserverHits, ObserverMisses uint64 // exporters with a pair of interfaces, likewise
}

// Add adds the figures of another enricher.
func (s *Stats) Add(o Stats) {
	s.Hits += o.Hits
	s.Misses += o.Misses
	s.ObserverHits += o.ObserverHits
	s.ObserverMisses += o.ObserverMisses
}

// Stats returns what was last published. It is safe for concurrent use.
func (e *Enricher) Stats() Stats {
	return Stats{
		Hits: e.totalHits.Load(), Misses: e.totalMisses.Load(),
		ObserverHits: e.totalObserverHits.Load(), ObserverMisses: e.totalObserverMisses.Load(),
	}
}
