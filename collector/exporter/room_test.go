package exporter

import (
	"net/netip"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// TestOnlyTemplatesMakeRoomForTemplates: to forget a source that has none, such as one of NetFlow v5, frees nothing.
func TestOnlyTemplatesMakeRoomForTemplates(t *testing.T) {
	const without, with = 2000, 300
	address := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}) }
	fields := make([]flow.FieldSpec, 100)
	table := NewTable(Limits{TemplateAllBytes: 20_000}) // 18 of these templates
	now := time.Unix(1_700_000_000, 0)
	for i := range without {
		table.Source(source(address(i)), now)
	}
	for i := range with {
		now = now.Add(time.Second)
		if !table.Source(source(address(without+i)), now).Define(&Template{ID: 256, Fields: fields}) {
			t.Fatalf("template %d was refused", i)
		}
	}
	snap := table.Snapshot()
	if kept := len(snap.Sources) - snap.Total.Templates; kept != without || snap.Total.Templates != 20_000/(256+800) {
		t.Errorf("%d sources without templates are left of %d, %d with one", kept, without, snap.Total.Templates)
	}
}

// source is the key of an exporting process.
func source(address netip.Addr) Key { return Key{Address: address, Format: flow.NetFlow9, Domain: 1} }
