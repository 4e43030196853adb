package exporter

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow/element"
)

// populated is a table with something of everything.
func populated(tb testing.TB, now time.Time) *Table {
	tb.Helper()
	table := NewTable(Limits{})
	s := table.Source(Key{Address: existing(1), Format: flow.NetFlow9, Domain: 7}, now)
	s.Define(announcement(tb, table))
	options, err := table.compile(TemplateState{ID: 300, Options: true, Fields: fieldsJSON{{ID: 10, Length: 4}, {ID: 82, Length: flow.VariableLength}}}, flow.Dialect{})
	if err != nil {
		tb.Fatal(err)
	}
	s.Define(options)
	s.NameInterface(1, []byte("eth0"), []byte("uplink \xff")) // no UTF-8
	s.CountInterface(flow.InterfaceCounters{Index: 1, Speed: 1e10, InOctets: 5})
	s.NameApplication(3<<56|80, []byte("http"))
	s.NameVRF(9, []byte("blue"))
	s.NameUser([]byte{10, 0, 0, 1}, []byte("somebody"))
	s.DescribeSampler(1, 100)
	s.Count(1, 1)

	six := table.Source(Key{Address: netip.MustParseAddr("2001:db8::1"), Format: flow.IPFIX}, now)
	enterprise, err := table.compile(TemplateState{ID: 256, Fields: fieldsJSON{{ID: 8, Length: 4}, {Enterprise: 29305, ID: 1, Length: 8}}}, flow.Dialect{})
	if err != nil {
		tb.Fatal(err)
	}
	six.Define(enterprise)

	table.Source(Key{Address: existing(1), Format: flow.NetFlow9, Domain: 8}, now) // has no templates, but a device
	table.Source(Key{Address: existing(3), Format: flow.NetFlow5}, now)            // has nothing to keep
	table.Source(Key{Address: existing(4), Session: 1, Format: flow.IPFIX}, now).Define(announcement(tb, table))
	return table
}

// sorted is a state in one order, as merge and the file bring it into.
func sorted(s State) State {
	s = merge([]State{s}, time.Unix(0, 0))
	for i := range s.Sources {
		inOrder(&s.Sources[i].Templates)
	}
	for i := range s.Devices {
		d := &s.Devices[i]
		inOrder(&d.Interfaces)
		inOrder(&d.Applications)
		inOrder(&d.VRFs)
		inOrder(&d.Users)
		inOrder(&d.Samplers)
		inOrder(&d.Elements)
	}
	return s
}

// inOrder replaces a list by one in the order of its text.
func inOrder[T any](list *[]T) {
	*list = slices.SortedFunc(slices.Values(*list), func(a, b T) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
}

func TestStateGoesThroughTheFileUnchanged(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	table := populated(t, now)
	if !table.Changed() {
		t.Error("nothing changed")
	}
	state := table.State()
	if table.Changed() {
		t.Error("something changed since")
	}
	if len(state.Sources) != 3 || len(state.Devices) != 1 {
		t.Errorf("%d sources, %d devices: %+v", len(state.Sources), len(state.Devices), state)
	}
	data, err := encodeState(state)
	if err != nil {
		t.Fatal(err)
	}
	back, err := decodeState(data)
	if err != nil {
		t.Fatal(err)
	}
	restored := NewTable(Limits{})
	if n := restored.Restore(back); n != 3 || restored.Changed() {
		t.Errorf("%d templates", n)
	}
	if d := cmp.Diff(sorted(state), sorted(restored.State()), cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); d != "" {
		t.Errorf("%s\n%s", d, data)
	}
	// What was restored works: templates decode, and descriptions are found from any process of the device.
	s := restored.Source(Key{Address: existing(1), Format: flow.NetFlow9, Domain: 8}, now)
	if i := s.Device().Interface(1); i == nil || string(i.Description) != "uplink \xff" || i.Counters != (flow.InterfaceCounters{Index: 1, Speed: 1e10}) {
		t.Errorf("interface %+v", i)
	}
	if n, ok := s.Sampler(1); n != 100 || !ok {
		t.Errorf("sampler %d, %v", n, ok)
	}
	s = restored.Source(Key{Address: existing(1), Format: flow.NetFlow9, Domain: 7}, now)
	if p := s.Template(256); p == nil || p.Program.MinSize() != 38 || s.place.rank != delivering {
		t.Errorf("template %+v", p)
	}
	if p := s.Template(300); p == nil || !p.Options {
		t.Errorf("template %+v", p)
	}
	if restored.optionBytes != table.optionBytes || restored.templateBytes == 0 {
		t.Errorf("accounted are %d octets of descriptions, %d before; %d of templates", restored.optionBytes, table.optionBytes, restored.templateBytes)
	}
}

func TestRestoreKeepsToTheLimits(t *testing.T) {
	var state State
	for i := range 100 {
		s := SourceState{Address: invented(i), Format: "netflow9", LastSeen: int64(1000 + i)}
		if i < 10 {
			s.Rank = established // seen long ago, but well known
		}
		for id := range uint16(5) {
			s.Templates = append(s.Templates, TemplateState{ID: 256 + id, Fields: fieldsJSON{{ID: 1, Length: 4}}})
		}
		state.Sources = append(state.Sources, s)
		d := DeviceState{Address: invented(i), LastSeen: s.LastSeen}
		for index := range uint32(20) {
			d.Interfaces = append(d.Interfaces, InterfaceState{Index: index, Name: []byte(strings.Repeat("x", 1000))})
		}
		state.Devices = append(state.Devices, d)
	}
	table := NewTable(Limits{Exporters: 30, Templates: 3, OptionRows: 10, OptionAllBytes: 5 * (deviceBytes + 10*(rowBytes[interfaceTable]+maxName))})
	if n := table.Restore(state); n != 90 {
		t.Errorf("%d templates, want 90", n)
	}
	snap := table.Snapshot()
	described := 0
	for _, d := range snap.Devices {
		if n := d.Rows.Interfaces; n > 0 {
			described++
			if n > 10 {
				t.Errorf("%d interfaces", n)
			}
		}
	}
	if len(snap.Sources) != 30 || described != 5 || table.optionBytes > table.limits.OptionAllBytes {
		t.Errorf("%d sources, %d devices described, %d octets", len(snap.Sources), described, table.optionBytes)
	}
	for _, i := range []int{0, 9, 80, 99} {
		if table.sources[Key{Address: invented(i), Format: flow.NetFlow9}] == nil {
			t.Errorf("source %d is left out", i)
		}
	}
}

// TestRestoreBelievesNothing: a file with the right checksum may still be wrong.
func TestRestoreBelievesNothing(t *testing.T) {
	good := fieldsJSON{{ID: 1, Length: 4}}
	many := make(fieldsJSON, 600)
	state := State{
		Sources: []SourceState{
			{Format: "netflow9", Templates: []TemplateState{{ID: 256, Fields: good}}},                                                   // no address
			{Address: existing(1), Format: "netflow77", Templates: []TemplateState{{ID: 256, Fields: good}}},                            // no format
			{Address: netip.MustParseAddr("::ffff:192.0.2.1"), Format: "netflow9", Templates: []TemplateState{{ID: 256, Fields: good}}}, // never comes
			{Address: existing(9), Format: "netflow9", Templates: []TemplateState{{ID: 256, Fields: good}}},                             // may not send
			{Address: existing(2), Format: "ipfix", Rank: 200, Templates: []TemplateState{{ID: 2, Fields: good}, {ID: 256}, {ID: 257, Fields: many}, {ID: 258, Fields: many[:3]}, {ID: 259, Fields: good}}},
			{Address: existing(2), Format: "ipfix", Rank: 200, Templates: []TemplateState{{ID: 300, Fields: good}}}, // twice
		},
		Devices: []DeviceState{
			{Address: existing(7), VRFs: []NameState{{1, []byte("x")}}}, // of no source
			{
				Address: existing(2), VRFs: []NameState{{1 << 40, []byte("x")}, {1, []byte("blue")}},
				Users: []UserState{{[]byte{1}, []byte("x")}, {make([]byte, 1000), []byte("x")}}, Samplers: []SamplerState{{1, 1, 0}},
				Elements: []ElementState{{9, 1, "quote\"", element.Unsigned8}, {9, 2, "", element.Unsigned8}, {9, 3, strings.Repeat("x", 1000), element.Unsigned8}, {9, 4, "fine", element.Type(200)}},
			},
		},
	}
	table := NewTable(Limits{Allow: prefixes("192.0.2.0/29")})
	if n := table.Restore(state); n != 1 {
		t.Errorf("%d templates", n)
	}
	snap := table.Snapshot()
	if len(snap.Sources) != 1 || len(snap.Devices) != 1 || snap.Devices[0].Rows != (Rows{VRFs: 1}) || table.order.length != [ranks]int{established: 1} {
		t.Errorf("%+v", snap)
	}
}

// TestStateSharesWhatDidNotChange: each State is complete, what changed since the last one is in it, and the last one stays as it was.
func TestStateSharesWhatDidNotChange(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	table := populated(t, now)
	same := cmp.Comparer(func(a, b netip.Addr) bool { return a == b })
	last := sorted(table.State())
	s := table.Source(Key{Address: existing(1), Format: flow.NetFlow9, Domain: 7}, now)
	changes := map[string]func(){
		"nothing":        func() {},
		"a name":         func() { s.NameInterface(1, []byte("eth1"), nil) },
		"an interface":   func() { s.NameInterface(2, []byte("eth2"), nil) },
		"a speed":        func() { s.CountInterface(flow.InterfaceCounters{Index: 1, Speed: 5}) },
		"an application": func() { s.NameApplication(1, []byte("icmp")) },
		"a VRF":          func() { s.NameVRF(1, []byte("red")) },
		"a user":         func() { s.NameUser([]byte{10, 0, 0, 2}, []byte("another")) },
		"a sampler":      func() { s.DescribeSampler(1, 200) },
		"an element":     func() { s.DescribeElement(9, 1, []byte("somethingNew"), element.Unsigned8) },
		"a template": func() {
			again := *s.Template(256)
			again.ID = 257
			s.Define(&again)
		},
		"no template": func() { s.Withdraw(300) },
	}
	states, rendered := make([]State, 0, len(changes)), make([]State, 0, len(changes))
	for name, change := range changes {
		change()
		if table.Changed() != (name != "nothing") {
			t.Errorf("%s: changed is %v", name, table.Changed())
		}
		got := table.State()
		// What a table that says it for the first time says is made anew.
		restored := NewTable(Limits{})
		restored.Restore(got)
		anew := sorted(restored.State())
		if d := cmp.Diff(anew, sorted(got), same); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		if cmp.Equal(anew, last, same) != (name == "nothing") {
			t.Errorf("%s: the state is %+v, it was %+v", name, anew, last)
		}
		states, rendered, last = append(states, got), append(rendered, anew), anew
	}
	for i := range states {
		if d := cmp.Diff(rendered[i], sorted(states[i]), same); d != "" {
			t.Errorf("state %d is another than it was: %s", i, d)
		}
	}
}

// BenchmarkState lists 384 000 rows of 24 devices, and 100 000 templates, when one row has changed.
func BenchmarkState(b *testing.B) {
	now := time.Unix(1_700_000_000, 0)
	table := NewTable(Limits{OptionAllBytes: 1 << 30, TemplateAllBytes: 1 << 30})
	for i := range 24 {
		s := table.Source(source(existing(i)), now)
		for row := range uint32(8000) {
			s.NameInterface(row, []byte("eth0"), nil)
			s.NameUser([]byte{10, 0, byte(row >> 8), byte(row)}, []byte("somebody"))
		}
	}
	template := announcement(b, table)
	for i := range 5000 {
		s := table.Source(source(invented(i)), now)
		for id := range uint16(20) {
			own := *template
			own.ID += id
			s.Define(&own)
		}
	}
	s := table.Source(source(existing(1)), now)
	speed := uint64(0)
	table.State()
	b.ReportAllocs()
	for b.Loop() {
		speed++
		s.CountInterface(flow.InterfaceCounters{Index: 1, Speed: speed})
		table.State()
	}
}

func TestMergeTakesWhatWasSeenLast(t *testing.T) {
	state := func(seen ...int64) (s State) {
		for i, at := range seen {
			s.Sources = append(s.Sources, SourceState{Address: existing(i), Format: "netflow9", LastSeen: at, Domain: 1, Templates: make([]TemplateState, at%10)})
			s.Devices = append(s.Devices, DeviceState{Address: existing(i), LastSeen: at, VRFs: make([]NameState, at%10)})
		}
		return s
	}
	all := merge([]State{state(101, 202, 33), state(105, 106), {}}, time.Unix(100, 0))
	got := make([]string, 0, len(all.Sources))
	for i, s := range all.Sources {
		d := all.Devices[i]
		got = append(got, fmt.Sprintf("%v at %d with %d; device %v at %d with %d", s.Address, s.LastSeen, len(s.Templates), d.Address, d.LastSeen, len(d.VRFs)))
	}
	want := []string{"192.0.2.0 at 105 with 5; device 192.0.2.0 at 105 with 5", "192.0.2.1 at 202 with 2; device 192.0.2.1 at 202 with 2"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// FuzzState: whatever the file says, it is refused or restored within the limits, and then written and read again as it is.
func FuzzState(f *testing.F) {
	state := populated(f, time.Unix(1_700_000_000, 0)).State()
	data, err := encodeState(state)
	if err != nil {
		f.Fatal(err)
	}
	content := data[strings.Index(string(data), `"content":`)+len(`"content":`) : len(data)-2]
	f.Add(content)
	f.Add([]byte(`{"sources":[{"address":"192.0.2.1","format":"ipfix","templates":[{"id":256,"fields":[[1,65535],[1,0,9]]}]}]}`))
	f.Add([]byte(`{"sources":[{"address":"","fields":[[70000,1]]}],"devices":[{"samplers":[{"interval":-1}]}]}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		file := fmt.Sprintf(`{"flowcollector_exporters":1,"sha256":%q,"content":%s}`, checksum(content), content)
		state, err := decodeState([]byte(file))
		if err != nil {
			return
		}
		table := NewTable(Limits{Exporters: 5, Templates: 3, Fields: 10, OptionRows: 10, OptionAllBytes: 20_000, TemplateAllBytes: 5000})
		table.Restore(state)
		if len(table.sources) > 5 || table.optionBytes > 20_000 || table.templateBytes > 5000 {
			t.Fatalf("%d sources, %d octets of descriptions, %d of templates", len(table.sources), table.optionBytes, table.templateBytes)
		}
		first := table.State()
		data, err := encodeState(first)
		if err != nil {
			t.Fatal(err)
		}
		second, err := decodeState(data)
		if err != nil {
			t.Fatalf("%v in %s", err, data)
		}
		if len(second.Sources) != len(first.Sources) || len(second.Devices) != len(first.Devices) {
			t.Fatalf("%+v is read as %+v", first, second)
		}
	})
}
