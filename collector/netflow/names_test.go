package netflow_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow/element"
)

// namesOf is what a record says in words.
func namesOf(r flow.Record) string {
	if r.Details == nil {
		return ""
	}
	d := r.Details
	var text []string
	for _, one := range []struct {
		name  string
		value []byte
	}{
		{"in", d.InputName},
		{"in:", d.InputDescription},
		{"out", d.OutputName},
		{"out:", d.OutputDescription},
		{"vrf", d.InputVRFName},
		{"to", d.OutputVRFName},
		{"app", d.ApplicationName},
		{"user", d.User},
	} {
		if one.value != nil {
			text = append(text, one.name+" "+string(one.value))
		}
	}
	return strings.Join(text, ", ")
}

// TestNamesByOptions: tables of interfaces, applications (RFC 6759), VRFs and users complete the records of the device. What a record says
// itself goes before.
func TestNamesByOptions(t *testing.T) {
	interfaces := described(1, join(u32(3), []byte("eth0\x00\x00\x00\x00"), short([]byte("uplink")), u32(4), []byte("eth1    "), short(nil)), spec{10, 4}, spec{82, 8}, spec{83, anyOctets})
	station := []byte{2, 0, 0, 0, 0, 1}
	six := join([]byte{0x20, 1, 0xd, 0xb8}, make([]byte, 11), []byte{7})
	for name, test := range map[string]struct {
		options []byte
		fields  []spec
		record  []byte
		want    string
	}{
		"interfaces":                       {interfaces, []spec{{10, 2}, {14, 2}}, join(u16(3), u16(4)), "in eth0, in: uplink, out eth1"},
		"interfaces, the other way round":  {interfaces, []spec{{10, 4}, {14, 4}}, join(u32(4), u32(3)), "in eth1, out eth0, out: uplink"},
		"an interface without a name":      {interfaces, []spec{{10, 2}, {14, 2}}, join(u16(5), u16(6)), ""},
		"the record's own name":            {interfaces, []spec{{10, 2}, {82, 4}}, join(u16(3), []byte("ge-1")), "in ge-1, in: uplink"},
		"described by another domain":      {described(9, join(u32(3), []byte("eth0")), spec{10, 4}, spec{82, 4}), []spec{{10, 2}}, u16(3), "in eth0"},
		"described by egressInterface":     {described(1, join(u32(3), []byte("eth0")), spec{14, 4}, spec{82, 4}), []spec{{10, 2}}, u16(3), "in eth0"},
		"of v9, scope interface":           {join(header9(0, 1), set(1, optionsTemplate(400, 2, 4, 82, 4, 83, 2)), set(400, u32(3), []byte("eth0up"))), []spec{{10, 2}}, u16(3), "in eth0, in: up"},
		"of v9, scope system, then index":  {join(header9(0, 1), set(1, optionsTemplate(400, 1, 4, 10, 4, 82, 4)), set(400, u32(0), u32(3), []byte("eth0"))), []spec{{10, 2}}, u16(3), "in eth0"},
		"application":                      {described(1, join([]byte{3, 0, 0, 80}, []byte("http\x00\x00")), spec{95, 4}, spec{96, 6}), []spec{{95, 4}}, []byte{3, 0, 0, 80}, "app http"},
		"application, another engine":      {described(1, join([]byte{3, 0, 0, 80}, []byte("http\x00\x00")), spec{95, 4}, spec{96, 6}), []spec{{95, 4}}, []byte{4, 0, 0, 80}, ""},
		"application of another length":    {described(1, join(short([]byte{3, 80}), []byte("http\x00\x00")), spec{95, anyOctets}, spec{96, 6}), []spec{{95, 4}}, []byte{3, 0, 0, 80}, "app http"},
		"VRF":                              {described(1, join(u32(7), []byte("blue")), spec{234, 4}, spec{236, 4}), []spec{{234, 4}, {235, 4}}, join(u32(7), u32(7)), "vrf blue, to blue"},
		"VRF by egressVRFID":               {described(1, join(u32(7), short([]byte("blue"))), spec{235, 4}, spec{236, anyOctets}), []spec{{234, 4}}, u32(7), "vrf blue"},
		"user of an IPv4 address":          {described(1, join(hostA, short([]byte("ann"))), spec{8, 4}, spec{371, anyOctets}), []spec{{8, 4}}, hostA, "user ann"},
		"user of an IPv6 address":          {described(1, join(six, short([]byte("ann"))), spec{27, 16}, spec{371, anyOctets}), []spec{{27, 16}}, six, "user ann"},
		"user of a hardware address":       {described(1, join(station, short([]byte("ann"))), spec{56, 6}, spec{371, anyOctets}), []spec{{56, 6}, {8, 4}}, join(station, hostA), "user ann"},
		"user of a wireless client":        {described(1, join(station, short([]byte("ann"))), spec{365, 6}, spec{371, anyOctets}), []spec{{365, 6}}, station, "user ann"},
		"user of a client's address":       {described(1, join(hostA, short([]byte("ann"))), spec{366, 4}, spec{371, anyOctets}), []spec{{366, 4}, {61, 1}}, join(hostA, []byte{1}), "user ann"},
		"both families, one empty":         {described(1, join(hostA, make([]byte, 16), short([]byte("ann"))), spec{8, 4}, spec{27, 16}, spec{371, anyOctets}), []spec{{8, 4}}, hostA, "user ann"},
		"nobody uses the empty address":    {described(1, join(make([]byte, 4), short([]byte("ann"))), spec{8, 4}, spec{371, anyOctets}), []spec{{8, 4}}, make([]byte, 4), ""},
		"an address that cannot be":        {described(1, join(short(hostA[:3]), short([]byte("ann"))), spec{8, anyOctets}, spec{371, anyOctets}), []spec{{8, 4}}, hostA, ""},
		"the record's own user":            {described(1, join(hostA, short([]byte("ann"))), spec{8, 4}, spec{371, anyOctets}), []spec{{8, 4}, {371, 3}}, join(hostA, []byte("bob")), "user bob"},
		"empty names say nothing":          {described(1, join(u32(3), make([]byte, 8), u32(7), make([]byte, 4)), spec{10, 4}, spec{82, 8}, spec{234, 4}, spec{236, 4}), []spec{{10, 2}, {234, 4}}, join(u16(3), u32(7)), ""},
		"names of an enterprise are other": {described(1, join(u32(3), []byte("eth0")), spec{10, 4, vendor}, spec{82, 4, vendor}), []spec{{10, 2}}, u16(3), ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCollector(exporter.Limits{})
			if r := c.only(t, test.options, message10(0, 1, template10(300, test.fields...), set(300, test.record))); namesOf(r) != test.want {
				t.Errorf("%q, want %q", namesOf(r), test.want)
			}
		})
	}
}

// TestAddressesOfUsersAreBounded: the address that a user has is one, however long the field is.
func TestAddressesOfUsersAreBounded(t *testing.T) {
	c := newCollector(exporter.Limits{})
	before := heap()
	for i := range 200 {
		c.must(t, described(1, join(long(join(u32(i), make([]byte, 60_000))), short([]byte("ann"))), spec{8, anyOctets}, spec{371, anyOctets}))
	}
	if after := heap(); after > before+2<<20 {
		t.Errorf("%d octets are held", after-before)
	}
	if n := c.table.Snapshot().Devices[0].Rows.Users; n != 0 {
		t.Errorf("%d users", n)
	}
}

// typeOf is a type information option record (RFC 5610 section 3.9): enterprise, element, type, semantics, name.
func typeOf(enterprise, id int, kind byte, name string) []byte {
	return join(u32(enterprise), u16(id), []byte{kind, 0}, short([]byte(name)))
}

var typeFields = []spec{{346, 4}, {303, 2}, {339, 1}, {344, 1}, {341, anyOctets}}

// TestDescribedElements: an exporter says what its private elements are.
func TestDescribedElements(t *testing.T) {
	const text, unsigned32 = 13, 3
	data, record := template10(300, spec{1, 4}, spec{12, anyOctets, vendor}, spec{13, 4, vendor}), set(300, u32(7), short([]byte("hi")), u32(9))
	types := func(records ...[]byte) []byte {
		return message10(0, 1, options10(400, 2, typeFields...), set(400, records...))
	}
	both := types(typeOf(vendor, 12, text, "greeting"), typeOf(vendor, 13, unsigned32, "mood"))
	for name, test := range map[string]struct {
		keep    flow.Keep
		packets [][]byte
		want    string
		rows    int
	}{
		"types first":              {flow.KeepKnown, [][]byte{both, message10(2, 1, data, record)}, "greeting=6869 mood=00000009", 2},
		"the template first":       {flow.KeepKnown, [][]byte{message10(0, 1, data), both, message10(2, 1, record)}, "greeting=6869 mood=00000009", 2},
		"all in one message":       {flow.KeepKnown, [][]byte{message10(0, 1, data, both[16:], record)}, "greeting=6869 mood=00000009", 2},
		"data wait for all":        {flow.KeepKnown, [][]byte{message10(0, 1, record), both, message10(2, 1, data)}, "greeting=6869 mood=00000009", 2},
		"by another domain":        {flow.KeepKnown, [][]byte{message10(0, 7, data), both, message10(0, 7, record)}, "greeting=6869 mood=00000009", 2},
		"nobody described them":    {flow.KeepKnown, [][]byte{message10(0, 1, data, record)}, "", 0},
		"all are kept":             {flow.KeepAll, [][]byte{both, message10(2, 1, data, record)}, "greeting=6869 mood=00000009", 2},
		"nothing is kept":          {flow.KeepNone, [][]byte{both, message10(2, 1, data, record)}, "", 0},
		"one of two":               {flow.KeepKnown, [][]byte{types(typeOf(vendor, 13, unsigned32, "mood")), message10(1, 1, data, record)}, "mood=00000009", 1},
		"with the enterprise bit":  {flow.KeepKnown, [][]byte{types(typeOf(vendor, 13|1<<15, unsigned32, "mood")), message10(1, 1, data, record)}, "mood=00000009", 1},
		"another enterprise":       {flow.KeepKnown, [][]byte{types(typeOf(vendor+1, 13, unsigned32, "mood")), message10(1, 1, data, record)}, "", 1},
		"a type that is not":       {flow.KeepKnown, [][]byte{types(typeOf(vendor, 13, 200, "mood")), message10(1, 1, data, record)}, "", 0},
		"no enterprise":            {flow.KeepKnown, [][]byte{types(typeOf(0, 13, unsigned32, "mood")), message10(1, 1, data, record)}, "", 0},
		"no name":                  {flow.KeepKnown, [][]byte{types(typeOf(vendor, 13, unsigned32, "")), message10(1, 1, data, record)}, "", 0},
		"a name with a quote":      {flow.KeepKnown, [][]byte{types(typeOf(vendor, 13, unsigned32, `mo"od`)), message10(1, 1, data, record)}, "", 0},
		"a name with a dot":        {flow.KeepKnown, [][]byte{types(typeOf(vendor, 13, unsigned32, "mo.od")), message10(1, 1, data, record)}, "", 0},
		"a name that begins large": {flow.KeepKnown, [][]byte{types(typeOf(vendor, 13, unsigned32, "Mood")), message10(1, 1, data, record)}, "", 0},
		"a name of other letters":  {flow.KeepKnown, [][]byte{types(typeOf(vendor, 13, unsigned32, "möd")), message10(1, 1, data, record)}, "", 0},
		"a name that is too long":  {flow.KeepKnown, [][]byte{types(typeOf(vendor, 13, unsigned32, strings.Repeat("m", element.MaxName+1))), message10(1, 1, data, record)}, "", 0},
		"what the registry knows is not changed": {
			flow.KeepKnown,
			[][]byte{types(typeOf(reverse, 3, text, "mine")), message10(1, 1, template10(300, spec{3, 4, reverse}), set(300, u32(9)))},
			"reverseDeltaFlowCount=00000009", 1,
		},
		"in a list": {
			flow.KeepKnown,
			[][]byte{both, message10(2, 1, template10(300, spec{list, anyOctets}), set(300, short(basicList(spec{13, 1, vendor}, []byte{1, 2}))))},
			"mood=01 mood=02", 2,
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := keeping(test.keep)
			r := c.only(t, test.packets...)
			rows := 0
			for _, d := range c.table.Snapshot().Devices {
				rows += d.Rows.Elements
			}
			if extras(r) != test.want || rows != test.rows {
				t.Errorf("%q of %d elements, want %q of %d", extras(r), rows, test.want, test.rows)
			}
		})
	}
	c := keeping(flow.KeepKnown)
	for _, e := range c.only(t, both, message10(2, 1, data, record)).Details.Extra {
		if want := map[string]element.Type{"greeting": element.String, "mood": element.Unsigned32}[e.Element.Name]; e.Element.Type != want || e.Element.Enterprise != vendor {
			t.Errorf("%+v", e.Element)
		}
	}
}

// TestElementsDescribedAnew: names may change, but a message of nothing but changes does not cost a compilation of all templates for each.
func TestElementsDescribedAnew(t *testing.T) {
	c := keeping(flow.KeepKnown)
	fields := make([]spec, 100)
	for i := range fields {
		fields[i] = spec{13, 1, vendor}
	}
	for id := 256; id < 256+500; id++ {
		c.must(t, message10(0, 1, template10(id, fields...)))
	}
	records := make([][]byte, 4000)
	for i := range records {
		records[i] = typeOf(vendor, 13, 1, fmt.Sprintf("n%d", i))
	}
	c.must(t, message10(0, 1, options10(1000, 2, typeFields...)))
	for range 5 { // 10 million compilations, were each to compile them all
		c.must(t, message10(0, 1, set(1000, records...), set(300, make([]byte, 100))))
	}
	r := c.only(t, message10(0, 1, set(300, make([]byte, 100))))
	if len(r.Details.Extra) != 100 || r.Details.Extra[0].Element.Name != "n3999" {
		t.Errorf("%d fields, the first %+v", len(r.Details.Extra), r.Details.Extra[0].Element)
	}
}

// TestLearnedOutlivesARestart: all that option records told, and the templates that depend on it.
func TestLearnedOutlivesARestart(t *testing.T) {
	six := join([]byte{0x20, 1, 0xd, 0xb8}, make([]byte, 11), []byte{7})
	options := [][]byte{
		described(1, join(u32(3), []byte("eth0"), []byte("up")), spec{10, 4}, spec{82, 4}, spec{83, 2}),
		described(1, join([]byte{3, 0, 0, 80}, []byte("http")), spec{95, 4}, spec{96, 4}),
		described(1, join(u32(7), []byte("blue")), spec{234, 4}, spec{236, 4}),
		described(1, join(six, []byte("ann")), spec{27, 16}, spec{371, 3}),
		described(1, join(u64(5), u32(1), u32(99)), spec{302, 8}, spec{305, 4}, spec{306, 4}),
		described(1, join(u32(9), u32(50)), spec{10, 4}, spec{34, 4}),
		described(1, join(u32(1), u64(unix*1000-60_000)), spec{144, 4}, spec{160, 8}),
		message10(0, 1, options10(400, 2, typeFields...), set(400, typeOf(vendor, 13, 3, "mood"))),
	}
	data := template10(300, spec{10, 2}, spec{14, 2}, spec{95, 4}, spec{234, 4}, spec{27, 16}, spec{302, 1}, spec{22, 4}, spec{21, 4}, spec{13, 4, vendor})
	record := set(300, u16(3), u16(3), []byte{3, 0, 0, 80}, u32(7), six, []byte{5}, u32(55_000), u32(58_000), u32(9))
	check := func(c *collector, packet []byte) {
		t.Helper()
		r := c.only(t, packet)
		from, to := times(r)
		const want = "in eth0, in: up, out eth0, out: up, vrf blue, app http, user ann"
		if namesOf(r) != want || extras(r) != "mood=00000009" || from != start || to != stop || r.Sampling != (flow.Sampling{Sampler: 5, Interval: 100, Source: flow.SamplingOptions}) {
			t.Errorf("%q, extra %q, from %d to %d, %+v", namesOf(r), extras(r), from, to, r.Sampling)
		}
	}
	c := keeping(flow.KeepKnown)
	c.must(t, options...)
	check(c, message10(0, 1, data, record))
	state := c.table.State()
	restored := keeping(flow.KeepKnown)
	if n := restored.table.Restore(state); n != 2 {
		t.Errorf("%d templates, want 300 and 400", n)
	}
	check(restored, message10(0, 1, record))
	// The sampler of an interface came back too.
	r := restored.only(t, message10(0, 1, template10(301, spec{10, 4}), set(301, u32(9))))
	if r.Sampling != (flow.Sampling{Interval: 50, Source: flow.SamplingOptions}) {
		t.Errorf("%+v", r.Sampling)
	}
	before, after := c.table.Snapshot().Devices[0].Rows, restored.table.Snapshot().Devices[0].Rows
	if before != after || before.Elements != 1 || before.Users != 1 || before.Samplers == 0 {
		t.Errorf("%+v before, %+v after", before, after)
	}
	// Names that are no names do not come back from a file either.
	state.Devices[0].Elements[0].Name = `mo"od`
	bad := keeping(flow.KeepKnown)
	bad.table.Restore(state)
	if n := bad.table.Snapshot().Devices[0].Rows.Elements; n != 0 {
		t.Errorf("%d elements", n)
	}
}
