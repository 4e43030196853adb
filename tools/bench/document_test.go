package main

import (
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/acctest/world"
)

// TestDocuments: goflow2 makes a document of each record that we read, half of whose endpoints have public addresses; and we allocate nothing.
// Making the databases takes minutes, so there are none here: that a look-up in the cache allocates nothing is tested beside it.
func TestDocuments(t *testing.T) {
	for _, l := range travelling() {
		l.packets = l.packets[:packets]
		f, err := newFormatted(&l)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.check(&l); err != nil {
			t.Error(err)
		}
		for _, profile := range []string{"full", "lean"} {
			o, err := newDocuments(&l, world.Knowledge{}, profile)
			if err != nil {
				t.Fatal(err)
			}
			for name, work := range map[string]func(*packet) error{"JSON": o.enriched, "bulk": o.bulk} {
				pass := func() {
					for i := range l.packets {
						if err := work(&l.packets[i]); err != nil {
							t.Fatal(err)
						}
						for n, r := range o.records {
							if r.Source.Addr.IsPrivate() == r.Destination.Addr.IsPrivate() {
								t.Fatalf("packet %d, record %d is from %s to %s", i, n, r.Source.Addr, r.Destination.Addr)
							}
						}
					}
				}
				pass()
				pass() // the first batch is compressed
				if n := testing.AllocsPerRun(2, pass); n != 0 {
					t.Errorf("%s, %s, %s: %v allocations in %d packets", l.name, profile, name, n, len(l.packets))
				}
			}
		}
	}
}
