package exporter

import (
	"net/netip"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// TestAgentsBehindARelay: the interfaces of an agent are not those of the relay that sends for it.
func TestAgentsBehindARelay(t *testing.T) {
	table := NewTable(Limits{})
	now := time.Unix(1_700_000_000, 0)
	relay := table.Source(Key{Address: existing(1), Format: flow.SFlow5}, now)
	relay.NameInterface(3, []byte("eth3"), nil)
	for agent, want := range map[netip.Addr]string{{}: "eth3", existing(2): ""} {
		r := flow.Record{Has: flow.HasInput, Input: 3}
		table.Source(Key{Address: existing(1), Format: flow.SFlow5, Agent: agent}, now).Complete(&r, new(flow.Arena))
		name := ""
		if r.Details != nil {
			name = string(r.Details.InputName)
		}
		if name != want {
			t.Errorf("interface of agent %v is called %q, want %q", agent, name, want)
		}
	}
}

// TestTheSamplerOfTheInterfaceFirst: what is said of one interface goes before what is said of the whole process, and neither is of
// another format.
func TestTheSamplerOfTheInterfaceFirst(t *testing.T) {
	table := NewTable(Limits{})
	now := time.Unix(1_700_000_000, 0)
	nine := table.Source(Key{Address: existing(1), Format: flow.NetFlow9}, now)
	nine.DescribeSampler(0, 1000)
	nine.DescribeInterfaceSampler(3, 10)
	five := table.Source(Key{Address: existing(1), Format: flow.NetFlow5}, now)
	for _, test := range []struct {
		source *Source
		input  uint32
		want   flow.Sampling
	}{
		{nine, 3, flow.Sampling{Interval: 10, Source: flow.SamplingOptions}},
		{nine, 4, flow.Sampling{Interval: 1000, Source: flow.SamplingOptions}},
		{five, 3, flow.Sampling{}},
	} {
		r := flow.Record{Has: flow.HasInput, Input: test.input}
		test.source.Complete(&r, new(flow.Arena))
		if r.Sampling != test.want {
			t.Errorf("%s, interface %d: %+v, want %+v", test.source.Key.Format, test.input, r.Sampling, test.want)
		}
	}
}

// TestWithdrawnMakesNoRoom: who took back all templates has none to make room with.
func TestWithdrawnMakesNoRoom(t *testing.T) {
	fields := make([]flow.FieldSpec, 100)
	table := NewTable(Limits{TemplateAllBytes: 20_000})
	now := time.Unix(1_700_000_000, 0)
	gone := table.Source(source(existing(1)), now)
	gone.Define(&Template{ID: 256, Fields: fields})
	gone.WithdrawAll(false)
	for i := range 300 {
		now = now.Add(time.Second)
		table.Source(source(invented(i)), now).Define(&Template{ID: 256, Fields: fields})
	}
	if table.sources[gone.Key] == nil {
		t.Error("it was forgotten")
	}
	if !gone.Define(&Template{ID: 256, Fields: fields}) || !gone.templatePlace.listed() {
		t.Error("it cannot announce anew")
	}
}

// TestRestoreKeepsTheShares of the upper ranks, though the file has more of them than a smaller table takes.
func TestRestoreKeepsTheShares(t *testing.T) {
	var state State
	for i := range 100 {
		state.Sources = append(state.Sources, SourceState{
			Address: invented(i), Format: "netflow9", Rank: established, LastSeen: int64(i), Templates: []TemplateState{{ID: 256, Fields: fieldsJSON{{ID: 1, Length: 4}}}},
		})
	}
	table := NewTable(Limits{Exporters: 100})
	table.Restore(state)
	if n := table.order.length; n[established] != 60 || n[delivering] != 20 || n[unproven] != 20 {
		t.Errorf("%v", n)
	}
}
