package netflow_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow/element"
)

const (
	list, subList, multiList = 291, 292, 293 // basicList, subTemplateList, subTemplateMultiList
)

// keeping is a collector that keeps fields without a place of their own.
func keeping(keep flow.Keep) *collector {
	return following(exporter.Policy{Dialect: flow.Dialect{Elements: element.Builtin(), Keep: keep}})
}

// extras says what a record keeps, in order: name or number, and the octets.
func extras(r flow.Record) string {
	if r.Details == nil {
		return ""
	}
	var text []string
	for _, e := range r.Details.Extra {
		name := e.Element.Name
		if name == "" {
			name = fmt.Sprintf("%d/%d", e.Element.Enterprise, e.Element.ID)
		}
		text = append(text, fmt.Sprintf("%s=%x", name, e.Value))
	}
	return strings.Join(text, " ")
}

var (
	hostA, hostB = []byte{192, 0, 2, 201}, []byte{233, 252, 0, 1}

	// What RFC 6313 section 8 has examples of, by the templates there.
	pairs = template10(257, spec{8, 4}, spec{12, 4}) // addresses
	rates = template10(258, spec{1, 4}, spec{2, 2})  // counters
	names = template10(259, spec{371, anyOctets}, spec{4, 1})
)

// TestLists: RFC 6313 section 8. What the first entry of a list says completes the record, what comes behind is kept as Extra.
func TestLists(t *testing.T) {
	for name, test := range map[string]struct {
		fields    []spec
		record    []byte
		want      string
		extra     string
		undecoded uint64
	}{
		// Section 8.1: a multicast flow in by interface 9 and out by 1, 4 and 8.
		"outgoing interfaces of a multicast flow": {
			[]spec{{10, 4}, {8, 4}, {12, 4}, {list, anyOctets}, {1, 4}},
			join(u32(9), hostA, hostB, short(basicList(spec{14, 4}, u32(1), u32(4), u32(8))), u32(4096)),
			"192.0.2.201:0/0 > 233.252.0.1:0/0 octets 4096 in 9 out 1", "egressInterface=00000004 egressInterface=00000008", 0,
		},
		// Section 8.2, as above, the list in the long form and of reduced size.
		"load balanced over two interfaces": {
			[]spec{{list, anyOctets}, {2, 1}},
			join(long(basicList(spec{14, 2}, u16(7), u16(8))), []byte{5}), "?/0 > ?/0 packets 5 out 7", "egressInterface=0008", 0,
		},
		// Section 8.3: attacked addresses of an alert.
		"records of one template": {
			[]spec{{4, 1}, {subList, anyOctets}, {5, 1}},
			join([]byte{6}, short(subTemplateList(257, hostA, hostB, hostB, hostA)), []byte{0xb8}),
			"192.0.2.201:0/0 > 233.252.0.1:0/0 protocol 6 tos 0xb8", "sourceIPv4Address=e9fc0001 destinationIPv4Address=c00002c9", 0,
		},
		// Section 8.4: several templates in one list.
		"records of several templates": {
			[]spec{{multiList, anyOctets}},
			short(subTemplateMultiList(run(257, hostA, hostB), run(258, u32(4096), u16(9)))),
			"192.0.2.201:0/0 > 233.252.0.1:0/0 octets 4096 packets 9", "", 0,
		},
		"a list of fixed length": {
			[]spec{{list, 13}, {2, 1}}, join(basicList(spec{14, 4}, u32(1), u32(4)), []byte{5}), "?/0 > ?/0 packets 5 out 1", "egressInterface=00000004", 0,
		},
		"elements of variable length": {
			[]spec{{list, anyOctets}},
			short(basicList(spec{313, anyOctets}, short([]byte{0x45, 7}), long([]byte{1, 2, 3}), short(nil))), "?/0 > ?/0 tos 0x7 packets 1", "ipHeaderPacketSection=010203", 0,
		},
		"elements of an enterprise": {
			[]spec{{list, anyOctets}}, short(basicList(spec{14, 2, vendor}, u16(1), u16(2))), "?/0 > ?/0", "99999/14=0001 99999/14=0002", 0,
		},
		"elements that nobody knows": {
			[]spec{{list, anyOctets}}, short(basicList(spec{32000, 1}, []byte{1, 2})), "?/0 > ?/0", "0/32000=01 0/32000=02", 0,
		},
		"labels of a stack": {
			[]spec{{list, anyOctets}, {70, 3}},
			join(short(basicList(spec{70, 3}, []byte{0, 1, 0x00}, []byte{0, 2, 0x01})), []byte{0, 9, 0}), "?/0 > ?/0", "", 0,
		},
		"a list in a list": {
			[]spec{{list, anyOctets}},
			short(basicList(spec{list, anyOctets}, short(basicList(spec{14, 4}, u32(1), u32(2))))), "?/0 > ?/0 out 1", "egressInterface=00000002", 0,
		},
		"the record's own fields win": {
			[]spec{{14, 4}, {list, anyOctets}, {1, 4}, {subList, anyOctets}},
			join(u32(3), short(basicList(spec{14, 4}, u32(1))), u32(7), short(subTemplateList(258, u32(8), u16(9)))), "?/0 > ?/0 octets 7 packets 9 out 3", "", 0,
		},
		"empty lists": {
			[]spec{{list, anyOctets}, {subList, anyOctets}, {multiList, anyOctets}, {1, 1}},
			join(short(basicList(spec{14, 4})), short(subTemplateList(257)), short(subTemplateMultiList()), []byte{7}), "?/0 > ?/0 octets 7", "", 0,
		},
		"an empty list of an unknown template": {[]spec{{subList, anyOctets}, {1, 1}}, join(short(subTemplateList(999)), []byte{7}), "?/0 > ?/0 octets 7", "", 0},
		"unknown template":                     {[]spec{{subList, anyOctets}, {1, 1}}, join(short(subTemplateList(999, hostA)), []byte{7}), "?/0 > ?/0 octets 7", "", 1},
		"a template of options":                {[]spec{{subList, anyOctets}, {1, 1}}, join(short(subTemplateList(400, u32(1), u32(2))), []byte{7}), "?/0 > ?/0 octets 7", "", 1},
		"one of two templates unknown": {
			[]spec{{multiList, anyOctets}}, short(subTemplateMultiList(run(999, hostA), run(258, u32(1), u16(2)))), "?/0 > ?/0 octets 1 packets 2", "", 1,
		},
		"records of variable length": {
			[]spec{{subList, anyOctets}}, short(subTemplateList(259, short([]byte("ann")), []byte{6}, short(nil), []byte{17})), "?/0 > ?/0 protocol 6", "protocolIdentifier=11", 0,
		},
		"half a record at the end": {[]spec{{subList, anyOctets}}, short(subTemplateList(258, u32(1), u16(2), u16(3))), "?/0 > ?/0 octets 1 packets 2", "", 1},
		"half an element":          {[]spec{{list, anyOctets}}, short(basicList(spec{14, 4}, u32(1), u16(2))), "?/0 > ?/0 out 1", "", 1},
		"elements of no octets":    {[]spec{{list, anyOctets}}, short(basicList(spec{14, 0}, u32(1))), "?/0 > ?/0", "", 1},
		"element longer than list": {[]spec{{list, anyOctets}}, short(basicList(spec{14, anyOctets}, []byte{200, 1})), "?/0 > ?/0", "", 1},
		"long prefix cut":          {[]spec{{list, anyOctets}}, short(basicList(spec{14, anyOctets}, []byte{255, 1})), "?/0 > ?/0", "", 1},
		"list header cut":          {[]spec{{list, anyOctets}}, short([]byte{255, 0, 14, 0}), "?/0 > ?/0", "", 1},
		"enterprise cut":           {[]spec{{list, anyOctets}}, short([]byte{255, 0x80, 14, 0, 4, 0, 0, 1}), "?/0 > ?/0", "", 1},
		"template id cut":          {[]spec{{subList, anyOctets}}, short([]byte{255, 1}), "?/0 > ?/0", "", 1},
		"run longer than the list": {
			[]spec{{multiList, anyOctets}}, short(subTemplateMultiList(run(258, u32(1), u16(2)), u16(258), u16(200), u32(3))), "?/0 > ?/0 octets 1 packets 2", "", 1,
		},
		"run shorter than its header": {[]spec{{multiList, anyOctets}}, short(subTemplateMultiList(u16(258), u16(3), u32(3))), "?/0 > ?/0", "", 1},
		"run of no octets":            {[]spec{{multiList, anyOctets}}, short(subTemplateMultiList(u16(258), u16(0), u32(3))), "?/0 > ?/0", "", 1},
		"run header cut":              {[]spec{{multiList, anyOctets}}, short(subTemplateMultiList(run(258, u32(1), u16(2)), u16(258))), "?/0 > ?/0 octets 1 packets 2", "", 1},
		"empty run":                   {[]spec{{multiList, anyOctets}}, short(subTemplateMultiList(run(258), run(257, hostA, hostB))), "192.0.2.201:0/0 > 233.252.0.1:0/0", "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			c := keeping(flow.KeepAll)
			got := c.must(t, message10(0, 1, pairs, rates, names, options10(400, 1, spec{149, 4}, spec{34, 4})),
				message10(0, 1, template10(300, test.fields...), set(300, test.record, test.record)))
			if len(got) != 2 {
				t.Fatalf("%d records; what lies behind a list must be found", len(got))
			}
			for _, r := range got {
				if text := strings.ReplaceAll(describe(r), "invalid AddrPort/", "?/"); text != test.want || extras(r) != test.extra {
					t.Errorf("\n got %s, extra %q\nwant %s, extra %q", text, extras(r), test.want, test.extra)
				}
			}
			if s := c.total(); s.ListsUndecoded != 2*test.undecoded || s.Malformed != 0 {
				t.Errorf("%d lists undecoded, want %d: %+v", s.ListsUndecoded, 2*test.undecoded, s)
			}
		})
	}
}

// TestLabelsOfAList: the stack has room for ten, and what comes below is none of them.
func TestLabelsOfAList(t *testing.T) {
	labels := make([][]byte, 12)
	for i := range labels {
		labels[i] = []byte{0, byte(i + 1), 0}
	}
	r := one10(t, short(basicList(spec{70, 3}, labels...)), spec{list, anyOctets})
	if d := r.Details; d == nil || d.LabelCount != flow.MaxLabels || d.Labels[0] != 1<<4 || d.Labels[9] != 10<<4 {
		t.Errorf("%+v", r.Details)
	}
}

// TestNesting: records within records, four deep; what is deeper is counted, and costs nothing else.
func TestNesting(t *testing.T) {
	for depth := 1; depth <= 8; depth++ {
		inner := basicList(spec{14, 4}, u32(7))
		for range depth - 1 {
			inner = basicList(spec{list, anyOctets}, long(inner))
		}
		c := newCollector(exporter.Limits{})
		r := c.only(t, message10(0, 1, template10(300, spec{1, 4}, spec{list, anyOctets}, spec{2, 4}), set(300, u32(5), long(inner), u32(6))))
		deep := r.Has&flow.HasOutput != 0 && r.Output == 7
		if r.Bytes != 5 || r.Packets != 6 || deep != (depth <= 4) || (c.total().ListsUndecoded == 1) != (depth > 4) {
			t.Errorf("depth %d: %+v, %+v", depth, r, c.total())
		}
		// The next packet begins at the top again.
		if r := c.only(t, message10(1, 1, set(300, u32(5), short(basicList(spec{14, 4}, u32(9))), u32(6)))); r.Output != 9 {
			t.Errorf("after depth %d: %+v", depth, r)
		}
	}
}

// TestTemplateWithinItself: a list may name the template it stands in.
func TestTemplateWithinItself(t *testing.T) {
	c := newCollector(exporter.Limits{})
	b := u32(9)
	record := join(b, short(nil))
	for range 7 {
		record = join(b, long(subTemplateList(300, record)))
	}
	r := c.only(t, message10(0, 1, template10(300, spec{1, 4}, spec{subList, anyOctets}), set(300, record)))
	if r.Bytes != 9 || c.total().ListsUndecoded != 1 {
		t.Errorf("%+v, %+v", r, c.total())
	}
}

// TestExtrasInOrder: as the record has them, those of lists where the list is decoded; what has a place is not kept.
func TestExtrasInOrder(t *testing.T) {
	record := join(u16(0x0101), u32(7), short([]byte{2}), u16(0x0303), []byte{0, 0}, u16(0x0404))
	fields := []spec{{95 + 400, 2, vendor}, {1, 4}, {7, anyOctets, vendor}, {36, 2}, {210, 2}, {8, 2, vendor}}
	for keep, want := range map[flow.Keep]string{
		flow.KeepNone:  "",
		flow.KeepKnown: "flowActiveTimeout=0303",
		flow.KeepAll:   "99999/495=0101 99999/7=02 flowActiveTimeout=0303 99999/8=0404",
	} {
		r := keeping(keep).only(t, message10(0, 1, template10(300, fields...), set(300, record)))
		if extras(r) != want || r.Bytes != 7 {
			t.Errorf("keep %d: %q, want %q", keep, extras(r), want)
		}
	}
}
