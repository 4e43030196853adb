package exporter

import (
	"net/netip"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow/element"
)

// TestChange: what is known stays, within the new limits, and is read by the new policy.
func TestChange(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	table := NewTable(Limits{Exporters: 100})
	fields := []flow.FieldSpec{{ID: 8, Length: 4}, {ID: 9999, Length: 4}}
	for i := range 50 {
		now = now.Add(time.Second)
		s := table.Source(source(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)})), now)
		program, err := flow.Compile(fields, s.Dialect())
		if err != nil {
			t.Fatal(err)
		}
		if !s.Define(&Template{ID: 256, Fields: fields, Program: program}) {
			t.Fatal("not defined")
		}
		s.Wait(Pending{TemplateID: 300, Data: make([]byte, 100), Received: now.UnixNano()})
		s.Count(1, 0)
	}
	last := table.Source(source(netip.AddrFrom4([4]byte{10, 0, 0, 49})), now)
	before := last.Template(256)
	table.Change(Limits{Exporters: 100}, Policy{})
	if last.Template(256) != before {
		t.Error("compiled anew though nothing changed")
	}
	p := Policy{
		Dialect: flow.Dialect{Elements: element.Builtin(), Keep: flow.KeepAll},
		Rates:   []Rate{{Network: netip.MustParsePrefix("10.0.0.0/8"), Interval: 7}},
	}
	table.Change(Limits{Exporters: 20, PendingBytes: 1000, PendingAllBytes: 1000, Allow: []netip.Prefix{netip.MustParsePrefix("10.0.0.49/32")}}, p)
	snap := table.Snapshot()
	if len(snap.Sources) != 20 || snap.Evicted != 30 || snap.Total.Records != 50 || table.pendingBytes > 1000 {
		t.Errorf("%d sources, %d evicted, %d records, %d octets wait", len(snap.Sources), snap.Evicted, snap.Total.Records, table.pendingBytes)
	}
	if after := last.Template(256); after == nil || after == before || after.Program.Memory() <= before.Program.Memory() {
		t.Error("the template is not read by the new policy, which keeps the unknown field")
	}
	if last.rate.Interval != 7 || table.Allowed(netip.MustParseAddr("10.0.0.1")) || !table.Allowed(netip.MustParseAddr("10.0.0.49")) {
		t.Error("rates or networks are those of before")
	}
	for i := range 100 { // the new limit holds from then on
		now = now.Add(time.Second)
		table.Source(source(netip.AddrFrom4([4]byte{10, 1, 0, byte(i)})), now)
	}
	if snap := table.Snapshot(); len(snap.Sources) != 20 {
		t.Errorf("%d sources", len(snap.Sources))
	}
}
