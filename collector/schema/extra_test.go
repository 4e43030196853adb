package schema

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow/element"
)

func sent(e *element.Element, value []byte) flow.Extra { return flow.Extra{Element: e, Value: value} }

// ntp is a moment as RFC 5905 has it.
func ntp(t time.Time) []byte {
	seconds := uint64(t.Unix() + 2_208_988_800)
	return binary.BigEndian.AppendUint64(nil, seconds<<32|uint64(t.Nanosecond())<<32/1e9)
}

func TestExtraByType(t *testing.T) {
	float := func(n float64) []byte { return binary.BigEndian.AppendUint64(nil, math.Float64bits(n)) }
	single := func(n float32) []byte { return binary.BigEndian.AppendUint32(nil, math.Float32bits(n)) }
	for name, test := range map[string]struct {
		kind  element.Type
		value []byte
		want  string // empty: left out
	}{
		"a number":                  {element.Unsigned16, []byte{1, 2}, "258"},
		"in fewer octets":           {element.Unsigned64, []byte{1, 0, 0}, "65536"},
		"the greatest":              {element.Unsigned64, []byte{255, 255, 255, 255, 255, 255, 255, 255}, "18446744073709551615"},
		"0":                         {element.Unsigned32, []byte{0, 0, 0, 0}, "0"},
		"in more octets":            {element.Unsigned16, []byte{0, 1, 2}, "258"},
		"in too many":               {element.Unsigned16, make([]byte, 9), `"000000000000000000"`},
		"256 bits":                  {element.Unsigned256, []byte{1, 2}, `"0102"`},
		"minus one":                 {element.Signed32, []byte{255, 255, 255, 255}, "-1"},
		"minus one in fewer octets": {element.Signed64, []byte{255, 255}, "-1"},
		"a positive signed":         {element.Signed16, []byte{127, 255}, "32767"},
		"the least":                 {element.Signed64, []byte{128, 0, 0, 0, 0, 0, 0, 0}, "-9223372036854775808"},
		"a float32":                 {element.Float32, single(0.1), "0.1"},
		"a float64":                 {element.Float64, float(-1.5e300), "-1.5e+300"},
		"a float64 of 4 octets":     {element.Float64, single(2.5), "2.5"},
		"a float64 of 5 octets":     {element.Float64, []byte{1, 2, 3, 4, 5}, `"0102030405"`},
		"not a number":              {element.Float64, float(math.NaN()), ""},
		"infinite":                  {element.Float32, single(float32(math.Inf(-1))), ""},
		"true":                      {element.Boolean, []byte{1}, "true"},
		"false":                     {element.Boolean, []byte{2}, "false"},
		"neither":                   {element.Boolean, []byte{0}, `"00"`},
		"a hardware address":        {element.MACAddress, []byte{2, 0, 0, 0, 0xab, 1}, `"02-00-00-00-AB-01"`},
		"a short one":               {element.MACAddress, []byte{2, 0, 0}, `"020000"`},
		"a string":                  {element.String, []byte("guests"), `"guests"`},
		"filled with NUL":           {element.String, []byte("eth0\x00\x00\x00"), `"eth0"`},
		"nothing but NUL":           {element.String, []byte{0, 0}, ""},
		"quotes and controls":       {element.String, []byte("\"\\\n\x1f\x7f"), `"\"\\\u000a\u001f` + "\x7f" + `"`},
		"no UTF-8":                  {element.String, []byte("a\xff\xc3b\xed\xa0\x80"), `"a��b���"`},
		"UTF-8":                     {element.String, []byte("日本"), `"日本"`},
		"an IPv4 address":           {element.IPv4Address, []byte{192, 0, 2, 1}, `"192.0.2.1"`},
		"an IPv6 address":           {element.IPv6Address, []byte{15: 1}, `"::1"`},
		"of the other family":       {element.IPv4Address, []byte{15: 1}, `"00000000000000000000000000000001"`},
		"seconds":                   {element.DateTimeSeconds, []byte{0x65, 0x53, 0xf1, 0}, `"2023-11-14T22:13:20.000Z"`},
		"the last second":           {element.DateTimeSeconds, []byte{255, 255, 255, 255}, `"2106-02-07T06:28:15.000Z"`},
		"seconds in 8 octets":       {element.DateTimeSeconds, []byte{0, 0, 0, 0, 0x65, 0x53, 0xf1, 0}, `"000000006553f100"`},
		"milliseconds":              {element.DateTimeMilliseconds, binary.BigEndian.AppendUint64(nil, 1_700_000_000_123), `"2023-11-14T22:13:20.123Z"`},
		"milliseconds of no time":   {element.DateTimeMilliseconds, []byte{255, 255, 255, 255, 255, 255, 255, 255}, `"ffffffffffffffff"`},
		"microseconds":              {element.DateTimeMicroseconds, ntp(time.Unix(1_700_000_000, 123_900_000)), `"2023-11-14T22:13:20.123Z"`},
		"nanoseconds":               {element.DateTimeNanoseconds, ntp(time.Unix(1_700_000_000, 5e8)), `"2023-11-14T22:13:20.500Z"`},
		"after NTP began anew":      {element.DateTimeNanoseconds, []byte{0, 0, 0, 0, 0x80, 0, 0, 0}, `"2036-02-07T06:28:16.500Z"`},
		"the last of NTP":           {element.DateTimeNanoseconds, []byte{127, 255, 255, 255, 255, 255, 255, 255}, `"2104-02-26T09:42:23.999Z"`},
		"the time 0":                {element.DateTimeSeconds, []byte{0, 0, 0, 0}, ""},
		"octets":                    {element.OctetArray, []byte{0xca, 0xfe}, `"cafe"`},
		"no octets":                 {element.OctetArray, nil, ""},
		"a number without octets":   {element.Unsigned8, []byte{}, ""},
		"a list":                    {element.BasicList, []byte{3, 0, 1, 0, 1, 9}, `"030001000109"`},
		"a list cut short":          {element.SubTemplateMultiList, []byte{3}, `"03"`},
	} {
		t.Run(name, func(t *testing.T) {
			e := &element.Element{Enterprise: 64500, ID: 1, Name: "x", Type: test.kind}
			got, ok := appendExtra([]byte("before"), []flow.Extra{{Element: e, Value: test.value}})
			want := "before"
			if test.want != "" {
				want = `before{"x":` + test.want + "}"
			}
			if string(got) != want || ok != (test.want != "") {
				t.Errorf("%s, %v, want %s", got, ok, want)
			}
		})
	}
}

func TestExtraMembers(t *testing.T) {
	named := &element.Element{Enterprise: 1, ID: 1, Name: "a", Type: element.Unsigned8}
	twin := &element.Element{Enterprise: 2, ID: 1, Name: "a", Type: element.String} // as the same field of NetFlow v9 and of IPFIX
	other := &element.Element{Enterprise: 1, ID: 2, Name: "b", Type: element.Float32}
	unknown := &element.Element{Enterprise: 64500, ID: 7, Type: element.String}
	again := &element.Element{Enterprise: 64500, ID: 7}
	v9 := &element.Element{ID: 65535}
	nan := []byte{0x7f, 0xc0, 0, 0}
	for name, test := range map[string]struct {
		extras []flow.Extra
		want   string
	}{
		"none":                   {nil, ""},
		"two":                    {[]flow.Extra{sent(named, []byte{1}), sent(other, make([]byte, 4))}, `{"a":1,"b":0}`},
		"one name":               {[]flow.Extra{sent(named, []byte{1}), sent(other, make([]byte, 4)), sent(twin, []byte("x")), sent(named, []byte{2})}, `{"a":[1,"x",2],"b":0}`},
		"unknown ones":           {[]flow.Extra{sent(unknown, []byte{1}), sent(v9, []byte{2}), sent(again, []byte{3})}, `{"64500/7":["01","03"],"0/65535":"02"}`},
		"the first says nothing": {[]flow.Extra{sent(other, nan), sent(named, []byte{1})}, `{"a":1}`},
		"the last says nothing":  {[]flow.Extra{sent(named, []byte{1}), sent(other, nan)}, `{"a":1}`},
		"none says anything":     {[]flow.Extra{sent(other, nan), sent(twin, []byte{0})}, ""},
		"one of two":             {[]flow.Extra{sent(other, nan), sent(other, make([]byte, 4))}, `{"b":[0]}`},
		"neither of two":         {[]flow.Extra{sent(other, nan), sent(other, nan), sent(named, []byte{1})}, `{"a":1}`},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := appendExtra(nil, test.extras)
			if string(got) != test.want || ok != (test.want != "") {
				t.Errorf("%s, %v, want %s", got, ok, test.want)
			}
		})
	}
}

func TestExtraAllocatesNothing(t *testing.T) {
	var extras []flow.Extra
	for e := range element.Builtin().All() {
		if len(extras) == 60 {
			break
		}
		least, _ := e.Type.Size()
		extras = append(extras, flow.Extra{Element: e, Value: []byte(strings.Repeat("\x01", max(least, 3)))})
	}
	extras = append(extras, flow.Extra{Element: &element.Element{ID: 65535}, Value: []byte("x")}, extras[0])
	dst := make([]byte, 0, 1<<14)
	if n := testing.AllocsPerRun(100, func() {
		var ok bool
		if dst, ok = appendExtra(dst[:0], extras); !ok {
			t.Fatal("nothing appended")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzExtra: whatever was sent as whatever type, the result is one JSON object behind what is there, or nothing.
func FuzzExtra(f *testing.F) {
	for kind := range uint8(len(element.TypeNames()) + 1) {
		f.Add(kind, []byte{1, 2, 3, 4, 5, 6, 7, 8}, kind+1, []byte("\"\\\xff\x00\n"), kind%2 == 0)
	}
	f.Add(uint8(element.Float64), []byte{0x7f, 0xf0, 0, 0, 0, 0, 0, 0}, uint8(element.DateTimeMilliseconds), []byte{127, 255, 255, 255, 255, 255, 255, 255}, true)
	f.Fuzz(func(t *testing.T, kind uint8, value []byte, other uint8, more []byte, same bool) {
		a := &element.Element{Enterprise: 1, ID: 1, Name: "a", Type: element.Type(kind)}
		b := &element.Element{Enterprise: 1, ID: 2, Name: "b", Type: element.Type(other)}
		if same {
			b.Name = a.Name
		}
		extras := []flow.Extra{sent(a, value), sent(b, more), sent(&element.Element{ID: 3}, value)}
		got, ok := appendExtra([]byte("before"), extras)
		object, kept := strings.CutPrefix(string(got), "before")
		var members map[string]any
		switch {
		case !kept:
			t.Fatalf("what was there is gone: %s", got)
		case !ok && object != "":
			t.Fatalf("nothing to say, and %s is appended", object)
		case ok && (json.Unmarshal([]byte(object), &members) != nil || len(members) == 0):
			t.Fatalf("%q is no object with members", object)
		}
	})
}
