// Package top finds who and what makes most traffic of the last hour: addresses, conversations, applications, autonomous systems, countries
// and interfaces, in bounded memory and at a bounded price for a record.
//
// A Counter belongs to the one goroutine that decodes. What it counted is published as values that do not change any more, a minute each, so
// that a reader takes no lock and holds up nobody.
package top

import (
	"math/bits"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

const (
	// Minutes is how far back it goes, the minute of now among them.
	Minutes = 60
	// kept is how many keys of each kind are remembered of a minute that is over.
	kept = 50
	// perSecond is how many records in a second are counted one by one. Beyond it, of small records some are counted for all.
	perSecond = 4096
	// block is after how many records the rate is measured anew.
	block = 4096
	// mostFlows is the most that one record stands for.
	mostFlows = 256
	// wantedFor is for how long after it was last asked for the minute of now is published, and renew how often.
	wantedFor = 30 * time.Second // longer than a page without scripts takes to load itself anew
	renew     = time.Second
)

// Address is an IP address; IPv4 is within IPv6 (::ffff:0:0/96). All zeros is none.
type Address [16]byte

func addressOf(a netip.Addr) Address {
	if !a.IsValid() {
		return Address{}
	}
	return a.As16()
}

// Addr is the same as package netip has it; invalid when there is none.
func (a Address) Addr() netip.Addr {
	if a == (Address{}) {
		return netip.Addr{}
	}
	return netip.AddrFrom16(a).Unmap()
}

// Conversation is the two addresses that speak, the client first where somebody knows which one that is, else the source.
type Conversation struct{ Client, Server Address }

// Application is what the traffic is for: by name where there is one, and by protocol and the server's port where these say it.
type Application struct {
	name     [28]byte
	size     uint8
	Protocol uint8  // IANA number; 0 where the exporter recognised the application by its content
	Port     uint16 // 0: there is none
}

// Name is the name of the application, cut off after 28 octets; empty when it has none.
func (a Application) Name() string { return string(a.name[:a.size]) }

// System is the number of an autonomous system.
type System uint32

// Country is an ISO 3166 code.
type Country [2]byte

// Interface is one direction of an interface of an exporter.
type Interface struct {
	Exporter Address
	Index    uint32 // ifIndex
	Out      bool
}

// Entry is a key, an address that it was counted for, and what was counted.
type Entry[K comparable] struct {
	Key     K
	Witness Address
	Sum
}

// Minute is what was counted within a minute: what there was in all, and those that had most. It does not change.
type Minute struct {
	Number int64 // Unix time in minutes
	Total  Sum   // exact
	// Sampled: records were so many that of the small ones some were counted for all.
	Sampled bool

	Addresses     []Entry[Address] // both sides of each flow
	Conversations []Entry[Conversation]
	Applications  []Entry[Application]
	Systems       []Entry[System]    // both sides; one that has both counts once
	Countries     []Entry[Country]   // likewise
	Interfaces    []Entry[Interface] // with the other direction of each
}

// Counter counts the records of one pipeline. It takes 2 MiB at most. Its methods belong to one goroutine, except for Report.
type Counter struct {
	minute  int64
	total   Sum
	sampled bool

	addresses     table[Address]
	conversations table[Conversation]
	applications  table[Application]
	systems       table[System]
	countries     table[Country]
	interfaces    table[Interface]

	threshold    uint64 // a record with as many octets is counted as it is; 0: all are
	random       uint64
	blockStart   int64 // Unix nanoseconds
	blockRecords int
	blockOctets  uint64

	past      [Minutes]atomic.Pointer[Minute] // by number modulo their number
	now       atomic.Pointer[Minute]          // nil when nobody asked
	wanted    atomic.Int64                    // when it was asked for, Unix nanoseconds
	published int64                           // when now was, Unix nanoseconds
}

// New returns a counter.
func New() *Counter {
	return &Counter{
		addresses: newTable[Address](1024), conversations: newTable[Conversation](1024), applications: newTable[Application](512),
		systems: newTable[System](512), countries: newTable[Country](512), interfaces: newTable[Interface](512),
		random: 0x9e3779b97f4a7c15,
	}
}

// Add counts the records of a packet, which were enriched. It allocates nothing within a minute.
func (c *Counter) Add(records []flow.Record, received time.Time) {
	c.turn(received)
	for i := range records {
		r := &records[i]
		sum := Sum{r.Sampling.Scale(r.Bytes), r.Sampling.Scale(r.Packets), 1}
		if d := r.Details; d != nil {
			sum.Octets += r.Sampling.Scale(d.ReverseBytes)
			sum.Packets += r.Sampling.Scale(d.ReversePackets)
		}
		c.total.add(sum)
		c.blockOctets += sum.Octets
		if c.pick(&sum) {
			c.count(r, sum)
		}
	}
	if c.blockRecords += len(records); c.blockRecords >= block {
		c.measure(received.UnixNano())
	}
}

// pick decides whether a record is counted, and for how much (threshold sampling: Duffield, Lund and Thorup, "Charging from sampled network
// usage", 2001). A record with n octets below the threshold z is counted with the probability n/z, or 1/mostFlows where that is more, and then
// multiplied by the inverse. So sums are right on average, large records are never left out, and no record stands for very many.
func (c *Counter) pick(sum *Sum) bool {
	octets := max(1, sum.Octets)
	threshold := min(c.threshold, octets*mostFlows)
	if octets >= threshold {
		return true
	}
	c.random ^= c.random << 13
	c.random ^= c.random >> 7
	c.random ^= c.random << 17
	if drawn, _ := bits.Mul64(c.random, threshold); octets <= drawn {
		return false
	}
	factor := float64(threshold) / float64(octets)
	sum.Octets = uint64(float64(sum.Octets)*factor + 0.5)
	sum.Packets = uint64(float64(sum.Packets)*factor + 0.5)
	// Flows are few, so that rounding would not do: the fraction is drawn too, by bits that did not decide yet.
	sum.Flows = uint64(factor + float64(c.random&0xffff)/(1<<16))
	return true
}

// measure sets the threshold by what came within a block of records.
func (c *Counter) measure(now int64) {
	elapsed := now - c.blockStart
	budget := int64(c.blockRecords)
	if elapsed >= 0 && elapsed < int64(time.Second) {
		budget = elapsed * perSecond / int64(time.Second)
	}
	c.threshold = 0
	if budget < int64(c.blockRecords) {
		c.threshold = c.blockOctets / uint64(max(budget, 32))
		c.sampled = true
	}
	c.blockStart, c.blockRecords, c.blockOctets = now, 0, 0
}

// count adds a record to each table.
func (c *Counter) count(r *flow.Record, sum Sum) {
	from, to := addressOf(r.Source.Addr), addressOf(r.Destination.Addr)
	source, destination := is(r.Source.Addr), is(r.Destination.Addr)
	if source {
		c.addresses.add(from, from, sum)
	}
	if destination && to != from {
		c.addresses.add(to, to, sum)
	}
	if source && destination {
		pair := Conversation{from, to}
		// The two directions are one conversation, also where nobody knows who began it.
		if r.Client == flow.SideDestination || r.Client == flow.SideUnknown && r.Destination.Addr.Less(r.Source.Addr) {
			pair = Conversation{to, from}
		}
		c.conversations.add(pair, pair.Server, sum)
	}
	if r.Has&flow.HasProtocol != 0 {
		c.applications.add(applicationOf(r), to, sum)
	}
	one, other := systemOf(&r.Source, r.Has&flow.HasSourceAS != 0), systemOf(&r.Destination, r.Has&flow.HasDestinationAS != 0)
	if one != 0 {
		c.systems.add(one, from, sum)
	}
	if other != 0 && other != one {
		c.systems.add(other, to, sum)
	}
	here, there := countryOf(&r.Source), countryOf(&r.Destination)
	if here != (Country{}) {
		c.countries.add(here, from, sum)
	}
	if there != (Country{}) && there != here {
		c.countries.add(there, to, sum)
	}
	exporter := addressOf(r.Exporter)
	if r.Has&flow.HasInput != 0 && r.Input != 0 {
		c.interfaces.add(Interface{exporter, r.Input, false}, exporter, sum)
	}
	if r.Has&flow.HasOutput != 0 && r.Output != 0 {
		c.interfaces.add(Interface{exporter, r.Output, true}, exporter, sum)
	}
}

// is tells whether there is an address: a host that has none yet sends from the unspecified one.
func is(a netip.Addr) bool { return a.IsValid() && !a.IsUnspecified() }

func applicationOf(r *flow.Record) Application {
	if d := r.Details; d != nil && len(d.ApplicationName) > 0 {
		return named(Application{}, d.ApplicationName)
	}
	a := Application{Protocol: r.Protocol}
	if r.Has&flow.HasPorts != 0 && r.Protocol != flow.ProtocolICMP && r.Protocol != flow.ProtocolICMPv6 {
		switch r.Client {
		case flow.SideSource:
			a.Port = r.Destination.Port
		case flow.SideDestination:
			a.Port = r.Source.Port
		case flow.SideUnknown:
			a.Port = min(r.Source.Port, r.Destination.Port)
		}
	}
	if n := len(r.Application); n > 2 {
		return named(a, r.Application[1:n-1]) // without the quotes
	}
	return a
}

func named(a Application, name []byte) Application {
	a.size = uint8(copy(a.name[:], name))
	return a
}

// systemOf is the autonomous system as the document has it: what is known of the address wins over what the exporter says.
func systemOf(p *flow.Endpoint, has bool) System {
	if p.Known != nil && p.Known.AS != 0 {
		return System(p.Known.AS)
	}
	if has {
		return System(p.AS)
	}
	return 0
}

func countryOf(p *flow.Endpoint) Country {
	if p.Known == nil {
		return Country{}
	}
	return p.Known.Country
}

// Tick turns over to the next minute where no records come, and publishes the one of now for those who look.
func (c *Counter) Tick(now time.Time) {
	c.turn(now)
	n := now.UnixNano()
	if n-c.blockStart >= int64(time.Second) && (c.blockRecords > 0 || c.threshold > 0) {
		c.measure(n) // few came: a burst is over
	}
	if n-c.wanted.Load() > int64(wantedFor) {
		c.now.Store(nil)
		return
	}
	if n-c.published >= int64(renew) || n < c.published {
		c.now.Store(c.close())
		c.published = n
	}
}

// turn begins a new minute when the one before is over. Where the clock was set back, the minute goes on until the clock is past it again.
func (c *Counter) turn(now time.Time) {
	minute := now.Unix() / 60
	if back := c.minute - minute; back >= 0 && back < Minutes {
		return
	}
	if minute < c.minute { // by an hour or more: what was counted is of another time
		for i := range c.past {
			c.past[i].Store(nil)
		}
	} else if c.minute != 0 && c.total.Flows > 0 {
		c.past[uint64(c.minute)%Minutes].Store(c.close())
	}
	c.now.Store(nil)
	c.minute, c.total, c.sampled = minute, Sum{}, c.threshold > 0
	c.published = 0
	c.addresses.reset()
	c.conversations.reset()
	c.applications.reset()
	c.systems.reset()
	c.countries.reset()
	c.interfaces.reset()
}

// close returns what was counted in the minute so far.
func (c *Counter) close() *Minute {
	return &Minute{
		Number: c.minute, Total: c.total, Sampled: c.sampled,
		Addresses: c.addresses.top(kept), Conversations: c.conversations.top(kept), Applications: c.applications.top(kept),
		Systems: c.systems.top(kept), Countries: c.countries.top(kept), Interfaces: c.bothWays(),
	}
}

// bothWays returns the directions of interfaces with most octets, and of each the other one: who looks at an interface wants both.
func (c *Counter) bothWays() []Entry[Interface] {
	list := c.interfaces.top(kept)
	for _, e := range list {
		other := e.Key
		other.Out = !other.Out
		if slices.ContainsFunc(list, func(o Entry[Interface]) bool { return o.Key == other }) {
			continue
		}
		if s := c.interfaces.find(other); s.weight > 0 {
			list = append(list, Entry[Interface]{other, s.witness, s.sum})
		}
	}
	return list
}
