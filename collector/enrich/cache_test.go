package enrich

import (
	"net/netip"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// A cache holds as many keys as half of its slots without displacing any, though chance gives some sets more than they have room for. One in some ten thousand caches
// displaces one all the same, where chance is unkind; without moving keys to their other set each would displace many.
func TestCacheHoldsHalfOfItsSlots(t *testing.T) {
	const entries, caches = 1 << 12, 20
	displaced := 0
	for range caches {
		hash := newSeed().hash
		c := newCache[netip.Addr, int](entries, hash)
		address := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}) }
		for i := range entries / 2 {
			if c.find(hash(address(i)), address(i)) == nil {
				c.take(hash(address(i)), address(i)).value = i
			}
		}
		for i := range entries / 2 {
			switch s := c.find(hash(address(i)), address(i)); {
			case s == nil:
				displaced++
			case s.value != i:
				t.Fatalf("address %d is %+v", i, s)
			}
		}
	}
	if displaced >= caches {
		t.Errorf("%d keys were displaced from %d caches", displaced, caches)
	}
}

// A full cache keeps taking keys, and finds what it took last.
func TestFullCacheTakes(t *testing.T) {
	hash := newSeed().hash
	c := newCache[netip.Addr, int](64, hash)
	for i := range 10_000 {
		a := netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})
		c.take(hash(a), a).value = i
		if s := c.find(hash(a), a); s == nil || s.value != i {
			t.Fatalf("address %d is %+v", i, s)
		}
	}
	seen := map[netip.Addr]bool{}
	for _, s := range c.slots {
		if seen[s.key] {
			t.Fatalf("%s is there twice", s.key)
		}
		seen[s.key] = true
	}
}

func TestAllRecordsAreEnrichedAsOneIs(t *testing.T) {
	s, _ := open(t, everything(t))
	one, all := s.New(), s.New()
	records := make([]flow.Record, 3*together+1)
	for i := range records {
		records[i] = ordinary()
		records[i].Source.Addr = netip.AddrFrom4([4]byte{198, 18, 0, byte(i)})
		records[i].Destination.Port = uint16(400 + i)
	}
	records[1].Source.Addr = netip.Addr{}
	want := make([]flow.Record, len(records))
	copy(want, records)
	for i := range want {
		one.Enrich(&want[i])
	}
	all.EnrichAll(records)
	for i, r := range records {
		w := &want[i]
		if known(r.Source.Known) != known(w.Source.Known) || known(r.Destination.Known) != known(w.Destination.Known) ||
			string(r.Application) != string(w.Application) || r.Client != w.Client || (r.Observer == nil) != (w.Observer == nil) {
			t.Errorf("record %d is %+v, want %+v", i, r, *w)
		}
	}
	if n := testing.AllocsPerRun(100, func() { all.EnrichAll(records) }); n != 0 {
		t.Errorf("%v allocations for %d records", n, len(records))
	}
}

func known(a *flow.Address) string {
	if a == nil {
		return "nothing"
	}
	return string(a.Members()) + string(a.Network())
}
