package flow

import (
	"net/netip"
	"testing"
)

func compile(t *testing.T, fields ...FieldSpec) Program {
	t.Helper()
	p, err := Compile(fields, Dialect{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestVariableLength: RFC 7011 section 7. A record is told apart by the lengths inside it, and what lies behind such a field is found.
func TestVariableLength(t *testing.T) {
	// octetDeltaCount, a name, packetDeltaCount, another name, ipClassOfService
	p := compile(t, FieldSpec{ID: 1, Length: 2}, FieldSpec{ID: 236, Length: VariableLength}, FieldSpec{ID: 2, Length: 1},
		FieldSpec{ID: 82, Length: VariableLength}, FieldSpec{ID: 5, Length: 1})
	long := append([]byte{255, 1, 44}, make([]byte, 300)...) // the long form of the prefix
	for name, test := range map[string]struct {
		data []byte
		size int
	}{
		"empty names":                  {[]byte{0, 7, 0, 9, 0, 3}, 6},
		"names":                        {[]byte{0, 7, 2, 'a', 'b', 9, 1, 'c', 3}, 9},
		"a long name":                  {append(append([]byte{0, 7}, long...), 9, 0, 3), 2 + 303 + 3},
		"the long form of a short one": {[]byte{0, 7, 255, 0, 1, 'a', 9, 0, 3}, 9},
		"more behind it":               {[]byte{0, 7, 0, 9, 0, 3, 0, 8, 0, 1, 0, 1}, 6},
		"nothing":                      {nil, 0},
		"only the fixed part":          {[]byte{0, 7, 9, 3}, 0},
		"first name cut":               {[]byte{0, 7, 5, 'a', 'b', 'c'}, 0},
		"second prefix missing":        {[]byte{0, 7, 2, 'a', 'b', 9}, 0},
		"second name cut":              {[]byte{0, 7, 0, 9, 1, 3}, 0},
		"long prefix cut":              {[]byte{0, 7, 255, 0}, 0},
		"long name cut":                {[]byte{0, 7, 255, 255, 255, 1, 2, 3, 4, 5}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			size := p.Size(test.data)
			if size != test.size {
				t.Fatalf("%d octets, want %d", size, test.size)
			}
			if size == 0 {
				return
			}
			var r Record
			p.Decode(&r, test.data[:size], &Context{Arena: new(Arena)})
			if r.Bytes != 7 || r.Packets != 9 || r.TOS != 3 {
				t.Errorf("decoded as %+v", r)
			}
		})
	}
	if p.MinSize() != 6 {
		t.Errorf("at least %d octets, want 6", p.MinSize())
	}
}

// TestOnlyVariableLength: a template without a field of fixed length still consumes an octet a record.
func TestOnlyVariableLength(t *testing.T) {
	p := compile(t, FieldSpec{ID: 82, Length: VariableLength})
	if n := p.Size([]byte{0}); n != 1 {
		t.Errorf("an empty name takes %d octets, want 1", n)
	}
	if n := p.Size(nil); n != 0 {
		t.Errorf("no data is a record of %d octets", n)
	}
}

// TestBetterCounterWins whatever the order of the fields.
func TestBetterCounterWins(t *testing.T) {
	const delta, total, post = 1, 85, 23
	for _, test := range []struct {
		ids  []uint16
		want uint16
	}{
		{[]uint16{delta, total, post}, delta},
		{[]uint16{post, total, delta}, delta},
		{[]uint16{post, total}, total},
		{[]uint16{total, post}, total},
		{[]uint16{post, delta}, delta},
		{[]uint16{post}, post},
	} {
		var octets, packets []FieldSpec
		var data []byte
		for _, id := range test.ids {
			octets = append(octets, FieldSpec{ID: id, Length: 1})
			packets = append(packets, FieldSpec{ID: id + 1, Length: 1}) // the element for packets follows that for octets
			data = append(data, byte(id))
		}
		var r Record
		p := compile(t, append(octets, packets...)...)
		p.Decode(&r, append(data, data...), &Context{Arena: new(Arena)})
		if r.Bytes != uint64(test.want) || r.Packets != uint64(test.want) {
			t.Errorf("fields %v: octets of %d and packets of %d, want %d", test.ids, r.Bytes, r.Packets, test.want)
		}
	}
}

// TestNumbersOfAnyWidth: fewer octets than the type has, and more.
func TestNumbersOfAnyWidth(t *testing.T) {
	for _, f := range []struct {
		id   uint16
		read func(Record) uint64
	}{
		{1, func(r Record) uint64 { return r.Bytes }},
		{4, func(r Record) uint64 { return uint64(r.Protocol) }},
		{5, func(r Record) uint64 { return uint64(r.TOS) }},
		{6, func(r Record) uint64 { return uint64(r.TCPFlags) }},
		{7, func(r Record) uint64 { return uint64(r.Source.Port) }},
		{10, func(r Record) uint64 { return uint64(r.Input) }},
		{17, func(r Record) uint64 { return uint64(r.Destination.AS) }},
		{58, func(r Record) uint64 { return uint64(r.VLAN) }},
		{61, func(r Record) uint64 { return uint64(r.Direction) }},
	} {
		for width := uint16(1); width <= 8; width++ {
			p := compile(t, FieldSpec{ID: 1000, Length: 3}, FieldSpec{ID: f.id, Length: width}, FieldSpec{ID: 1000, Length: 2})
			data := make([]byte, 3+width+2)
			for i := range data {
				data[i] = 0xee
			}
			clear(data[3 : 3+width])
			data[3+width-1] = 42
			var r Record
			p.Decode(&r, data, &Context{Arena: new(Arena)})
			if got := f.read(r); got != 42 {
				t.Errorf("field %d of %d octets is %d, want 42", f.id, width, got)
			}
		}
	}
	// A wider field is no number.
	var r Record
	p := compile(t, FieldSpec{ID: 1, Length: 9})
	p.Decode(&r, make([]byte, 9), &Context{Arena: new(Arena)})
	if r.Has != 0 {
		t.Errorf("9 octets were taken for a counter: %+v", r)
	}
}

// TestNextHop: the router that forwards is meant; BGP's stands in where the exporter does not say.
func TestNextHop(t *testing.T) {
	const ip, bgp = 15, 18
	a, b := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	for name, test := range map[string]struct {
		first   uint16
		values  []netip.Addr
		want    netip.Addr
		another uint16
	}{
		"both":            {ip, []netip.Addr{a, b}, a, bgp},
		"both, BGP first": {bgp, []netip.Addr{b, a}, a, ip},
		"only BGP is set": {ip, []netip.Addr{netip.IPv4Unspecified(), b}, b, bgp},
		"only IP is set":  {bgp, []netip.Addr{netip.IPv4Unspecified(), a}, a, ip},
	} {
		t.Run(name, func(t *testing.T) {
			p := compile(t, FieldSpec{ID: test.first, Length: 4}, FieldSpec{ID: test.another, Length: 4})
			var r Record
			p.Decode(&r, append(test.values[0].AsSlice(), test.values[1].AsSlice()...), &Context{Arena: new(Arena)})
			if r.NextHop != test.want || r.Has&HasNextHop == 0 {
				t.Errorf("%s, want %s", r.NextHop, test.want)
			}
		})
	}
}

// TestImpossibleTime is not said rather than 1970.
func TestImpossibleTime(t *testing.T) {
	p := compile(t, FieldSpec{ID: 152, Length: 8}, FieldSpec{ID: 153, Length: 8})
	var r Record
	p.Decode(&r, []byte{255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 5}, &Context{Arena: new(Arena)})
	if r.Has != HasEnd || r.End != 5e6 {
		t.Errorf("%+v", r)
	}
}

func TestTemplateOfNothing(t *testing.T) {
	if _, err := Compile([]FieldSpec{{ID: 1}, {ID: 2}}, Dialect{}); err == nil {
		t.Error("a record of no octets would never end")
	}
}
