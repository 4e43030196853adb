package exporter

import (
	"net/netip"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// domain is a key of an exporting process of an address.
func domain(address netip.Addr, number int) Key {
	return Key{Address: address, Format: flow.NetFlow9, Domain: uint32(number)}
}

// TestOneAddressHasItsShare: an address that sends a new observation domain in each packet costs nobody else anything, neither a new
// exporter that sends every ten seconds, nor a connection whose template comes once.
func TestOneAddressHasItsShare(t *testing.T) {
	table := NewTable(Limits{Exporters: 1000})
	template := announcement(t, table)
	now := time.Unix(1_700_000_000, 0)
	slow, connected := source(existing(1)), Key{Address: existing(2), Session: 5, Format: flow.IPFIX}
	table.Source(slow, now).Define(template)
	table.Source(connected, now).Define(template)
	for i := range 100_000 {
		now = now.Add(time.Millisecond)
		s := table.Source(domain(invented(1), i), now)
		s.Define(template)
		s.Count(1, 0)
		if i%10_000 == 0 && table.Source(slow, now).Template(256) == nil {
			t.Fatalf("the slow exporter is forgotten after %d domains", i)
		}
	}
	if table.Source(connected, now).Template(256) == nil {
		t.Error("the connection's template is forgotten")
	}
	if snap := table.Snapshot(); len(snap.Sources) != 256+2 || snap.Evicted != 100_000-256 || table.hosts[invented(1)].sources.size() != 256 {
		t.Errorf("%d sources, %d evicted", len(snap.Sources), snap.Evicted)
	}
}

// TestWhoMakesRoomWithinAnAddress: of its own sources the one of the lowest rank that was silent for longest.
func TestWhoMakesRoomWithinAnAddress(t *testing.T) {
	table := NewTable(Limits{PerAddress: 4})
	now := time.Unix(1_700_000_000, 0)
	at := func(number int, minutes ...int) {
		for _, m := range minutes {
			table.Source(domain(existing(1), number), now.Add(time.Duration(m)*time.Minute)).Count(1, 0)
		}
	}
	at(1, 0, 1, 2)                                           // the only one of its address at first, and known for long
	table.Source(domain(existing(1), 2), now.Add(time.Hour)) // delivers nothing
	table.Source(domain(existing(1), 3), now.Add(time.Hour))
	at(4, 61)
	table.Source(domain(existing(1), 2), now.Add(62*time.Minute))
	table.Source(domain(existing(1), 5), now.Add(63*time.Minute))
	if table.sources[domain(existing(1), 3)] != nil {
		t.Error("source 3 is still there, though it was silent for longest")
	}
	table.Source(domain(existing(1), 6), now.Add(64*time.Minute))
	table.Source(domain(existing(1), 7), now.Add(65*time.Minute))
	for number, there := range map[int]bool{1: true, 2: false, 3: false, 4: true, 5: false, 6: true, 7: true} {
		if (table.sources[domain(existing(1), number)] != nil) != there {
			t.Errorf("source %d: there is %v", number, !there)
		}
	}
	if snap := table.Snapshot(); snap.Evicted != 3 || len(snap.Sources) != 4 {
		t.Errorf("%d evicted", snap.Evicted)
	}
}

// TestTheShareOfOne: the device of an address stays when its only source makes room for another.
func TestTheShareOfOne(t *testing.T) {
	table := NewTable(Limits{PerAddress: 1})
	now := time.Unix(1_700_000_000, 0)
	table.Source(domain(existing(1), 1), now).NameInterface(1, []byte("eth0"), nil)
	s := table.Source(domain(existing(1), 2), now)
	if snap := table.Snapshot(); s.Device().Interface(1) == nil || len(snap.Sources) != 1 || snap.Evicted != 1 || snap.RowsForgotten != 0 {
		t.Errorf("%+v", snap)
	}
}

// TestTemplateShare: one source has an eighth of the memory for templates at most, so that it cannot cost those theirs who delivered
// for long.
func TestTemplateShare(t *testing.T) {
	const most = 80_000
	fields := make([]flow.FieldSpec, 100)
	size := (&Template{Fields: fields}).size()
	table := NewTable(Limits{TemplateAllBytes: most})
	now := time.Unix(1_700_000_000, 0)
	known := most / size / 2
	for i := range known {
		table.Source(source(existing(i)), now).Define(&Template{ID: 256, Fields: fields})
	}
	for minute := range 3 {
		for i := range known {
			table.Source(source(existing(i)), now.Add(time.Duration(minute)*time.Minute)).Count(1, 0)
		}
	}
	s := table.Source(source(invented(1)), now.Add(time.Hour))
	taken := 0
	for id := range uint16(1000) {
		if s.Define(&Template{ID: 256 + id, Fields: fields}) {
			taken++
		}
	}
	snap := table.Snapshot()
	if taken != most/templateShare/size || snap.Total.TemplatesRefused != uint64(1000-taken) || snap.Evicted != 0 || snap.Total.Templates != known+taken {
		t.Errorf("%d taken, %d refused, %d evicted, %d templates", taken, snap.Total.TemplatesRefused, snap.Evicted, snap.Total.Templates)
	}
	// One that is known may become smaller, though not larger.
	if !s.Define(&Template{ID: 256, Fields: fields[:1]}) || s.Define(&Template{ID: 257, Fields: make([]flow.FieldSpec, 1000)}) {
		t.Error("a smaller template is refused, or a larger one taken")
	}
}

// TestKnownSourcesAllocateNothing holds the path of each packet to that, where the sources of an address take turns.
func TestKnownSourcesAllocateNothing(t *testing.T) {
	table := NewTable(Limits{})
	now := time.Unix(1_700_000_000, 0)
	if n := testing.AllocsPerRun(1000, func() {
		for number := range 3 {
			table.Source(domain(existing(1), number), now).Count(10, 0)
		}
		now = now.Add(time.Second)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkSource goes round between exporters, so that no packet comes from the one of the packet before.
func BenchmarkSource(b *testing.B) {
	for name, key := range map[string]func(i int) Key{
		"addresses": func(i int) Key { return source(invented(i)) },
		"domains":   func(i int) Key { return domain(invented(i/100), i) },
	} {
		b.Run(name, func(b *testing.B) {
			const exporters = 1000
			table := NewTable(Limits{})
			template := announcement(b, table)
			keys := make([]Key, exporters)
			now := time.Unix(1_700_000_000, 0)
			for i := range keys {
				keys[i] = key(i)
				table.Source(keys[i], now).Define(template)
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				table.Source(keys[i%exporters], now).Count(25, 0)
				i++
			}
		})
	}
}
