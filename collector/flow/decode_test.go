package flow

import "testing"

// TestICMPOfTwoFamilies: a template for both families has the fields of both, and those of the other family are empty.
func TestICMPOfTwoFamilies(t *testing.T) {
	for name, test := range map[string]struct {
		fields     []FieldSpec
		data       []byte
		kind, code uint8
	}{
		"IPv4, both forms together":  {[]FieldSpec{{ID: 32, Length: 2}, {ID: 139, Length: 2}}, []byte{8, 1, 0, 0}, 8, 1},
		"IPv6, both forms together":  {[]FieldSpec{{ID: 32, Length: 2}, {ID: 139, Length: 2}}, []byte{0, 0, 128, 2}, 128, 2},
		"IPv6 first":                 {[]FieldSpec{{ID: 139, Length: 2}, {ID: 32, Length: 2}}, []byte{128, 2, 0, 0}, 128, 2},
		"IPv4, type and code":        {[]FieldSpec{{ID: 176, Length: 1}, {ID: 177, Length: 1}, {ID: 178, Length: 1}, {ID: 179, Length: 1}}, []byte{3, 1, 0, 0}, 3, 1},
		"IPv6, type and code":        {[]FieldSpec{{ID: 176, Length: 1}, {ID: 177, Length: 1}, {ID: 178, Length: 1}, {ID: 179, Length: 1}}, []byte{0, 0, 1, 4}, 1, 4},
		"an echo reply is type zero": {[]FieldSpec{{ID: 32, Length: 2}}, []byte{0, 0}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			p := compile(t, test.fields...)
			var r Record
			p.Decode(&r, test.data, &Context{Arena: new(Arena)})
			if r.ICMPType != test.kind || r.ICMPCode != test.code || r.Has != HasICMP {
				t.Errorf("type %d, code %d, has %b", r.ICMPType, r.ICMPCode, r.Has)
			}
		})
	}
}

// TestTimeZero: an absolute time of 0 is none. It would file the flow under 1970, and hide what the other fields say.
func TestTimeZero(t *testing.T) {
	clock := Clock{Unix: 1_700_000_000e9, Uptime: 5000}
	for name, fields := range map[string][]FieldSpec{
		"seconds":      {{ID: 22, Length: 4}, {ID: 21, Length: 4}, {ID: 150, Length: 4}, {ID: 151, Length: 4}},
		"milliseconds": {{ID: 22, Length: 4}, {ID: 21, Length: 4}, {ID: 152, Length: 8}, {ID: 153, Length: 8}},
	} {
		t.Run(name, func(t *testing.T) {
			p := compile(t, fields...)
			data := make([]byte, p.MinSize())
			data[2], data[6] = 8, 16 // uptimes of 2048 and 4096
			var r Record
			p.Decode(&r, data, &Context{Clock: clock, Arena: new(Arena)})
			if r.Has != HasStart|HasEnd || r.Start != clock.At(2048) || r.End != clock.At(4096) {
				t.Errorf("from %d to %d, has %b", r.Start, r.End, r.Has)
			}
			p = compile(t, fields[2:]...)
			r = Record{}
			p.Decode(&r, make([]byte, p.MinSize()), &Context{Clock: clock, Arena: new(Arena)})
			if r.Has != 0 {
				t.Errorf("from %d to %d, has %b", r.Start, r.End, r.Has)
			}
		})
	}
	// The uptime 0 is a moment like others: when the exporter started.
	p := compile(t, FieldSpec{ID: 22, Length: 4})
	var r Record
	p.Decode(&r, make([]byte, 4), &Context{Clock: clock, Arena: new(Arena)})
	if r.Has != HasStart || r.Start != clock.Unix-5e9 {
		t.Errorf("from %d, has %b", r.Start, r.Has)
	}
}

// TestICMPInPorts: exporters without a field for type and code put them into the ports, in one of two ways.
func TestICMPInPorts(t *testing.T) {
	for name, test := range map[string]struct {
		source, destination uint16
		kind, code          uint8
	}{
		"both in the destination port":     {0, 3<<8 | 1, 3, 1},
		"an echo reply":                    {0, 0, 0, 0},
		"one in each, as fprobe has them":  {3, 1, 3, 1},
		"an identifier in the source port": {4711, 8 << 8, 8, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := Record{Has: HasPorts | HasProtocol, Protocol: 1, Source: Endpoint{Port: test.source}, Destination: Endpoint{Port: test.destination}}
			r.Settle()
			if r.ICMPType != test.kind || r.ICMPCode != test.code || r.Has&HasICMP == 0 {
				t.Errorf("type %d, code %d, has %b", r.ICMPType, r.ICMPCode, r.Has)
			}
		})
	}
}
