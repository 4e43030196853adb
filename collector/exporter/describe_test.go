package exporter

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow/element"
)

func TestDescribeCopiesWhatIsKnownOfAnAddress(t *testing.T) {
	table := NewTable(Limits{})
	table.Apply(Policy{Dialect: flow.Dialect{Elements: element.Builtin()}})
	a := netip.MustParseAddr("192.0.2.1")
	if d := table.Describe(a, 10); d != nil {
		t.Fatalf("nobody is described as %+v", d)
	}
	now := time.Unix(1_700_000_000, 0)
	s := table.Source(Key{Address: a, Format: flow.IPFIX, Domain: 7}, now)
	table.Source(Key{Address: netip.MustParseAddr("192.0.2.2"), Format: flow.IPFIX}, now).Define(&Template{ID: 999})
	s.NameInterface(2, []byte("ge-0/0/2"), nil)
	s.NameInterface(1, []byte("ge-0/0/1"), []byte("uplink"))
	s.CountInterface(flow.InterfaceCounters{Index: 1, Speed: 1e9, OperUp: true, InErrors: 3})
	s.DescribeSampler(5, 1000)
	s.DescribeInterfaceSampler(2, 64)
	s.Define(&Template{ID: 300, Options: true, Fields: []flow.FieldSpec{{ID: 82, Length: 32}}})
	s.Define(&Template{ID: 256, Fields: []flow.FieldSpec{{ID: 8, Length: 4}, {ID: 9999, Enterprise: 64500, Length: flow.VariableLength}}})

	d := table.Describe(a, 10)
	if len(d.Interfaces) != 2 || d.Interfaces[0].Name != "ge-0/0/1" || d.Interfaces[0].Description != "uplink" || d.Interfaces[0].Counters.InErrors != 3 || d.Interfaces[1].Index != 2 {
		t.Errorf("interfaces %+v", d.Interfaces)
	}
	if want := []SamplerDescription{{Format: flow.IPFIX, ID: 2, Interface: true, Interval: 64}, {Format: flow.IPFIX, Domain: 7, ID: 5, Interval: 1000}}; !slices.Equal(d.Samplers, want) {
		t.Errorf("samplers %+v", d.Samplers)
	}
	if len(d.Templates) != 2 || d.Templates[0].ID != 256 || d.Templates[0].Fields[0].Name != "sourceIPv4Address" || d.Templates[0].Fields[1].Name != "" || !d.Templates[1].Options {
		t.Errorf("templates %+v", d.Templates)
	}
	if d.Cut != 0 {
		t.Errorf("%d are cut off", d.Cut)
	}
	s.NameInterface(1, []byte("renamed"), nil)
	if d.Interfaces[0].Name != "ge-0/0/1" {
		t.Error("the copy changed")
	}
	if d := table.Describe(a, 1); len(d.Interfaces) != 1 || len(d.Samplers) != 1 || len(d.Templates) != 1 || d.Cut != 3 {
		t.Errorf("at most one of each: %+v", d)
	}
}

func TestTrafficIsScaledAndCompleteAfterEachPacket(t *testing.T) {
	table := NewTable(Limits{})
	now := time.Unix(1_700_000_000, 0)
	s := table.Source(Key{Address: netip.MustParseAddr("192.0.2.1"), Format: flow.NetFlow9}, now)
	var arena flow.Arena
	for range 3 {
		r := flow.Record{
			Bytes: 100, Packets: 2, Received: now.UnixNano(), Exported: now.Add(-40 * time.Millisecond).UnixNano(),
			Sampling: flow.Sampling{Interval: 10, Source: flow.SamplingHeader}, Details: &flow.Details{ReverseBytes: 50, ReversePackets: 1},
		}
		s.Complete(&r, &arena)
	}
	if got := table.Snapshot().Sources[0].Traffic; got != (Traffic{}) {
		t.Errorf("half a packet is counted: %+v", got)
	}
	s.Count(3, 0)
	if got, want := table.Snapshot().Sources[0].Traffic, (Traffic{Octets: 4500, Packets: 90, Interval: 10, Sampling: flow.SamplingHeader, Skew: 40 * time.Millisecond}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestWaitingSinceTheFirstOfThoseThatWait(t *testing.T) {
	table := NewTable(Limits{})
	begin := time.Unix(1_700_000_000, 0)
	s := table.Source(Key{Address: netip.MustParseAddr("192.0.2.1"), Format: flow.NetFlow9}, begin)
	since := func() time.Time { return table.Snapshot().Sources[0].WaitingSince }
	for i := range 3 {
		s.Wait(Pending{TemplateID: 256, Data: []byte{1}, Received: begin.Add(time.Duration(i) * time.Second).UnixNano()})
	}
	if !since().Equal(begin) {
		t.Errorf("since %v, want %v", since(), begin)
	}
	s.Ready(256)
	later := begin.Add(time.Minute)
	s.Wait(Pending{TemplateID: 257, Data: []byte{1}, Received: later.UnixNano()})
	if !since().Equal(later) {
		t.Errorf("since %v, want %v", since(), later)
	}
}
