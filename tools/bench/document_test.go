package main

import (
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/acctest/world"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// TestDocuments: goflow2 makes a document of each record that we read, half of whose endpoints have public addresses; and we allocate nothing.
// Making the databases takes minutes, so there are none here: that a look-up in the cache allocates nothing is tested beside it.
func TestDocuments(t *testing.T) {
	l := loads()[0]
	public(&l)
	f, err := newFormatted(&l)
	if err != nil {
		t.Fatal(err)
	}
	o, err := newOurs(&l)
	if err != nil {
		t.Fatal(err)
	}
	want, err := total(&l, o.sum)
	if err != nil {
		t.Fatal(err)
	}
	for i := range l.packets {
		if err := f.document(&l.packets[i]); err != nil {
			t.Fatal(err)
		}
		if err := o.decode(&l.packets[i]); err != nil {
			t.Fatal(err)
		}
		for n, r := range o.records {
			if r.Source.Addr.IsPrivate() == r.Destination.Addr.IsPrivate() {
				t.Fatalf("packet %d, record %d is from %s to %s", i, n, r.Source.Addr, r.Destination.Addr)
			}
		}
	}
	if f.documents != want.records {
		t.Errorf("%d documents of goflow2 for %d records", f.documents, want.records)
	}
	encoder, err := schema.NewEncoder(schema.Selection{Profile: "full"})
	if err != nil {
		t.Fatal(err)
	}
	e := world.Knowledge{}.NewEnricher(encoder)
	work := enriched(o, e, encoder)
	some := l.packets[:16] // so few that the cache of addresses surely keeps all of theirs
	pass := func() {
		for i := range some {
			if err := work(&some[i]); err != nil {
				t.Fatal(err)
			}
		}
	}
	pass()
	if n := testing.AllocsPerRun(2, pass); n != 0 {
		t.Errorf("%v allocations in %d packets", n, len(some))
	}
}
