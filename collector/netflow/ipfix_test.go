package netflow_test

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

var octets10 = template10(256, spec{1, 4})

func TestIPFIX(t *testing.T) {
	c := newCollector(exporter.Limits{})
	var fields []spec
	for i := 0; i < len(ordinary); i += 2 {
		if ordinary[i] != 21 && ordinary[i] != 22 { // an IPFIX message does not say the uptime
			fields = append(fields, spec{ordinary[i], ordinary[i+1]})
		}
	}
	fields = append(fields, spec{152, 8}, spec{153, 8})
	record := ordinaryRecord(1)
	record = join(record[:23], record[31:], u64(unix*1000-2000), u64(unix*1000-1000))
	want := expected(1, flow.IPFIX)
	want.Domain, want.Sequence = 7, 5
	if d := diff([]flow.Record{want}, c.must(t, message10(5, 7, template10(256, fields...), set(256, record)))); d != "" {
		t.Error(d)
	}
}

// TestLengthOfMessage: RFC 7011 section 3.1. What lies behind the message is no part of it, but may be another; a message that is not all there is reported, and
// decoded as far as it is.
func TestLengthOfMessage(t *testing.T) {
	whole := message10(0, 1, octets10, set(256, u32(1)), set(256, u32(2)))
	says := func(n int) []byte {
		b := append([]byte(nil), whole...)
		binary.BigEndian.PutUint16(b[2:], uint16(n))
		return b
	}
	for name, test := range map[string]struct {
		packet  []byte
		records int
		fault   int // offset; -1: none
	}{
		"as it is":                   {whole, 2, -1},
		"more behind it":             {join(whole, set(256, u32(3))), 2, len(whole)},
		"zeros behind it":            {join(whole, make([]byte, 40)), 2, -1},
		"another message behind it":  {join(whole, message10(2, 1, set(256, u32(3)))), 3, -1},
		"another one that is cut":    {join(whole, message10(2, 1, set(256, u32(3)))[:20]), 2, len(whole) + 2},
		"a garbled end behind it":    {join(whole, []byte{1, 2, 3}), 2, len(whole)},
		"ends behind the first data": {says(len(whole) - 8), 1, len(whole) - 8},
		"ends within a set":          {says(len(whole) - 2), 1, len(whole) - 8},
		"longer than the datagram":   {says(len(whole) + 1), 2, 2},
		"longest":                    {says(65535), 2, 2},
		"shorter than its header":    {says(15), 2, 2},
		"of no octets":               {says(0), 2, 2},
		"only a header":              {says(16), 0, 16},
		"header cut":                 {whole[:15], 0, 15},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCollector(exporter.Limits{})
			got, err := c.decode(test.packet)
			var failed *flow.PacketError
			if test.fault < 0 && err != nil || test.fault >= 0 && (!errors.As(err, &failed) || failed.Offset != test.fault) {
				t.Errorf("error %v, want one at %d", err, test.fault)
			}
			if len(got) != test.records {
				t.Errorf("%d records, want %d", len(got), test.records)
			}
		})
	}
}

// TestFieldSpecifiers: an enterprise number follows where the bit is set, and only there (RFC 7011 section 3.2).
func TestFieldSpecifiers(t *testing.T) {
	r := one10(t, join(u16(0xaaaa), u32(7), u32(0xbbbbbbbb), u16(9)), spec{1, 2, vendor}, spec{1, 4}, spec{8, 4, vendor}, spec{2, 2})
	if r.Bytes != 7 || r.Packets != 9 || r.Source.Addr.IsValid() || r.Details != nil {
		t.Errorf("%+v", r)
	}
	for name, fields := range map[string][]byte{
		"specifier cut":         u16(1),
		"enterprise missing":    join(u16(0x8001), u16(4)),
		"enterprise number cut": join(u16(0x8001), u16(4), u16(0)),
	} {
		c := newCollector(exporter.Limits{})
		_, err := c.decode(message10(0, 1, octets10, set(2, u16(300), u16(1), fields), set(256, u32(1))))
		if err == nil || !strings.Contains(err.Error(), "template 300 announces 1 fields, the set has room for 0") || c.total().Templates != 1 || c.total().Records != 1 {
			t.Errorf("%s: %v, %+v", name, err, c.total())
		}
	}
}

// TestVariableLengthOnTheWire: RFC 7011 section 7. Fixed fields stand before, between and behind.
func TestVariableLengthOnTheWire(t *testing.T) {
	name := make([]byte, 300)
	for i := range name {
		name[i] = 'n'
	}
	fields := []spec{{1, 2}, {371, anyOctets}, {2, 1}, {82, anyOctets}, {4, 1}}
	for how, test := range map[string]struct {
		user, port []byte
		wantUser   int
		wantPort   string
	}{
		"short forms":                {short([]byte("ann")), short([]byte("eth0")), 3, "eth0"},
		"long form of a short value": {long([]byte("ann")), long([]byte("eth0")), 3, "eth0"},
		"a long value":               {long(name), short([]byte("eth0")), 300, "eth0"},
		"the longest short form":     {short(name[:254]), short(nil), 254, ""},
		"255 octets":                 {long(name[:255]), short(nil), 255, ""},
		"empty":                      {short(nil), long(nil), 0, ""},
	} {
		t.Run(how, func(t *testing.T) {
			record := join(u16(7), test.user, []byte{9}, test.port, []byte{17})
			got := newCollector(exporter.Limits{}).must(t, message10(0, 1, template10(300, fields...), set(300, record, record)))
			if len(got) != 2 {
				t.Fatalf("%d records", len(got))
			}
			for _, r := range got {
				d := flow.Details{}
				if r.Details != nil {
					d = *r.Details
				}
				if r.Bytes != 7 || r.Packets != 9 || r.Protocol != 17 || len(d.User) != test.wantUser || string(d.InputName) != test.wantPort {
					t.Errorf("%+v, %+v", r, d)
				}
			}
		})
	}
	for how, record := range map[string][]byte{
		"longer than the set": join(u16(7), []byte{200}, []byte("ann"), make([]byte, 20)),
		"prefix cut":          join(u16(7), []byte{255, 0}),
		"long form lies":      join(u16(7), []byte{255, 255, 255}, make([]byte, 30)),
	} {
		c := newCollector(exporter.Limits{})
		if got, err := c.decode(message10(0, 1, template10(300, fields...), set(300, record))); err == nil || len(got) != 0 {
			t.Errorf("%s: %d records, %v", how, len(got), err)
		}
	}
}

// TestNumbersOfVariableLength: RFC 7011 section 7 lets any element be of variable length; numbers are then as long as they say.
func TestNumbersOfVariableLength(t *testing.T) {
	for n, v := range map[uint64][]byte{7: {7}, 300: {1, 44}, 1 << 32: {1, 0, 0, 0, 0}, 9: {0, 0, 0, 0, 0, 0, 0, 9}} {
		if r := one10(t, join(short(v), []byte{17}), spec{1, anyOctets}, spec{4, 1}); r.Bytes != n || r.Protocol != 17 || r.Has != flow.HasBytes|flow.HasProtocol {
			t.Errorf("%d: %+v", n, r)
		}
	}
	for _, v := range [][]byte{nil, make([]byte, 9), make([]byte, 200)} {
		if r := one10(t, join(short(v), []byte{17}), spec{1, anyOctets}, spec{4, 1}); r.Has != flow.HasProtocol || r.Protocol != 17 {
			t.Errorf("%d octets: %+v", len(v), r)
		}
	}
	if r := one10(t, join(short([]byte{198, 51, 100}), short([]byte{203, 0, 113, 9})), spec{8, anyOctets}, spec{12, anyOctets}); r.Source.Addr.IsValid() || r.Destination.Addr.String() != "203.0.113.9" {
		t.Errorf("%+v", r)
	}
}

// TestReducedSize: RFC 7011 section 6.2.
func TestReducedSize(t *testing.T) {
	r := one10(t, join([]byte{1, 2, 3}, []byte{9}, u16(3), u16(64500), []byte{80}),
		spec{1, 3}, spec{2, 1}, spec{10, 2}, spec{16, 2}, spec{7, 1})
	if r.Bytes != 0x010203 || r.Packets != 9 || r.Input != 3 || r.Source.AS != 64500 || r.Source.Port != 80 {
		t.Errorf("%+v", r)
	}
}

// TestFieldsOfNoOctets say nothing, and hide nothing that another field says.
func TestFieldsOfNoOctets(t *testing.T) {
	r := one10(t, join(u32(7), u32(9)), spec{1, 0}, spec{85, 4}, spec{2, 0}, spec{24, 4}, spec{5, 0})
	if r.Bytes != 7 || r.Packets != 9 || r.Has != flow.HasBytes|flow.HasPackets {
		t.Errorf("%+v", r)
	}
	// So does one of a length that its element cannot have.
	if r := one10(t, join(make([]byte, 9), u32(7)), spec{1, 9}, spec{85, 4}); r.Bytes != 7 {
		t.Errorf("%+v", r)
	}
}

// TestPaddingOfSets: RFC 7011 section 3.3.1. It is shorter than a record.
func TestPaddingOfSets(t *testing.T) {
	for padding := range 8 {
		c := newCollector(exporter.Limits{})
		filled := make([]byte, padding)
		for i := range filled {
			filled[i] = 0xff // it should be zero; nobody must read it
		}
		if got := c.must(t, message10(0, 1, template10(300, spec{1, 8}, spec{2, 8}), set(300, make([]byte, 16), filled))); len(got) != 1 {
			t.Errorf("%d octets: %d records", padding, len(got))
		}
	}
}

func TestWithdrawal(t *testing.T) {
	options := options10(400, 1, spec{10, 4}, spec{82, 8})
	two := template10(257, spec{2, 4})
	for name, test := range map[string]struct {
		withdrawal []byte
		left       []int // of 256, 257 and 400
		count      uint64
	}{
		"one":                              {set(2, u16(256), u16(0)), []int{257, 400}, 1},
		"two in a set":                     {set(2, u16(256), u16(0), u16(257), u16(0)), []int{400}, 2},
		"all of data":                      {set(2, u16(2), u16(0)), []int{400}, 2},
		"all of options":                   {set(3, u16(3), u16(0)), []int{256, 257}, 1},
		"one of options":                   {set(3, u16(400), u16(0)), []int{256, 257}, 1},
		"one that is not known":            {set(2, u16(999), u16(0)), []int{256, 257, 400}, 0},
		"all, and one of them again":       {set(2, u16(2), u16(0), u16(256), u16(1), u16(1), u16(4)), []int{256, 400}, 2},
		"one of options, padded":           {set(3, u16(400), u16(0), u16(0)), []int{256, 257}, 1},
		"all of data, many times":          {set(2, join(u16(2), u16(0), u16(2), u16(0)), u16(2), u16(0)), []int{400}, 2},
		"all of both":                      {join(set(2, u16(2), u16(0)), set(3, u16(3), u16(0))), nil, 3},
		"nothing but an empty set":         {set(2), []int{256, 257, 400}, 0},
		"data template by an options set":  {set(3, u16(257), u16(0)), []int{256, 400}, 1},
		"options template by a normal set": {set(2, u16(400), u16(0)), []int{256, 257}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCollector(exporter.Limits{})
			c.must(t, message10(0, 1, octets10, two, options), message10(0, 1, test.withdrawal))
			if s := c.total(); s.TemplatesWithdrawn != test.count || s.Templates != len(test.left) {
				t.Errorf("%d withdrawn, %d left; want %d, %d", s.TemplatesWithdrawn, s.Templates, test.count, len(test.left))
			}
			waiting := 0
			for _, id := range []int{256, 257, 400} {
				c.must(t, message10(0, 1, set(id, make([]byte, 12))))
				now := c.total().Waiting
				known := now == waiting
				waiting = now
				want := false
				for _, one := range test.left {
					want = want || one == id
				}
				if known != want {
					t.Errorf("template %d is known: %v", id, known)
				}
			}
		})
	}
}

// TestWithdrawalsTakeLinearTime: a message of nothing but withdrawals, from an exporter with many templates of the other kind.
func TestWithdrawalsTakeLinearTime(t *testing.T) {
	c := newCollector(exporter.Limits{})
	for id := 256; id < 256+1024; id++ {
		c.must(t, message10(0, 1, options10(id, 1, spec{10, 4})))
	}
	all := make([]byte, 0, 60_000)
	for len(all) < 60_000 {
		all = append(all, 0, 2, 0, 0)
	}
	// Looking through the templates for each would take 15 million steps a message: minutes for these.
	for range 2000 {
		c.must(t, message10(0, 1, set(2, all)))
	}
	if s := c.total(); s.Templates != 1024 || s.TemplatesWithdrawn != 0 {
		t.Errorf("%+v", s)
	}
}

// TestWithdrawnTemplate: data with its id wait for the next definition, and mean what that says.
func TestWithdrawnTemplate(t *testing.T) {
	c := newCollector(exporter.Limits{})
	c.must(t, message10(0, 1, octets10, set(256, u32(1))), message10(1, 1, set(2, u16(256), u16(0))))
	if got := c.must(t, message10(1, 1, set(256, u32(2)))); len(got) != 0 || c.total().Waiting != 1 {
		t.Errorf("%d records, %+v", len(got), c.total())
	}
	if r := c.only(t, message10(2, 1, template10(256, spec{2, 4}))); r.Packets != 2 || r.Has != flow.HasPackets {
		t.Errorf("%+v", r)
	}
	if s := c.total(); s.TemplatesRedefined != 0 || s.Waiting != 0 || s.Templates != 1 {
		t.Errorf("%+v", s)
	}
}

// TestRedefinition without a withdrawal, as over UDP (RFC 7011 section 8.4), also from data to options and back.
func TestRedefinition(t *testing.T) {
	c := newCollector(exporter.Limits{})
	c.must(t, message10(0, 1, octets10, octets10, set(256, u32(1))))
	if r := c.only(t, message10(1, 1, template10(256, spec{2, 4}), set(256, u32(5)))); r.Packets != 5 || r.Has != flow.HasPackets {
		t.Errorf("%+v", r)
	}
	if got := c.must(t, message10(2, 1, options10(256, 1, spec{149, 4}, spec{34, 4}), set(256, u32(1), u32(10)))); len(got) != 0 {
		t.Errorf("options are no flows: %+v", got)
	}
	if r := c.only(t, message10(3, 1, octets10, set(256, u32(6)))); r.Bytes != 6 {
		t.Errorf("%+v", r)
	}
	if s := c.total(); s.TemplatesRedefined != 3 || s.Templates != 1 || s.Options != 1 {
		t.Errorf("%+v", s)
	}
	// All of data are withdrawn; what was once one of options is one of them.
	c.must(t, message10(4, 1, set(3, u16(3), u16(0))))
	if c.total().Templates != 1 {
		t.Error("the template of data went with those of options")
	}
	c.must(t, message10(4, 1, set(2, u16(2), u16(0))))
	if c.total().Templates != 0 {
		t.Error("the template stayed")
	}
}

// TestScopeOfOptions: RFC 7011 section 3.4.2.2, where a scope of no fields is malformed, though what the records say is plain, and no part is as large as the whole.
func TestScopeOfOptions(t *testing.T) {
	for name, test := range map[string]struct {
		scope int
		fault string
		known int
	}{
		"one of two":   {1, "", 2},
		"all":          {2, "", 2},
		"none":         {0, "options template 400 has no scope", 2},
		"more":         {3, "options template 400 has 3 scope fields of 2", 1},
		"far too many": {65535, "options template 400 has 65535 scope fields of 2", 1},
	} {
		c := newCollector(exporter.Limits{})
		// Templates behind it in the same set count.
		both := set(3, options10(400, test.scope, spec{10, 4}, spec{82, 8})[4:], options10(401, 1, spec{149, 4}, spec{34, 4})[4:])
		_, err := c.decode(message10(0, 1, both))
		if (err == nil) != (test.fault == "") || err != nil && !strings.Contains(err.Error(), test.fault) || c.total().Templates != test.known {
			t.Errorf("%s: %v, %d templates", name, err, c.total().Templates)
		}
	}
}

// TestSequenceCountsDataRecords: RFC 7011 section 3.1. Those of options count, templates do not.
func TestSequenceCountsDataRecords(t *testing.T) {
	c := newCollector(exporter.Limits{})
	options := options10(400, 1, spec{149, 4}, spec{34, 4})
	c.must(t,
		message10(0, 1, octets10, options),
		message10(0, 1, set(256, u32(1), u32(2), u32(3))),
		message10(3, 1, set(400, u32(1), u32(10)), set(256, u32(4))),
		message10(5, 1, octets10),
		message10(5, 1, set(256, u32(5))),
		message10(10, 1, set(256, u32(6))), // 6 to 9 are missing
	)
	if s := c.total(); s.SequenceLost != 4 || s.SequenceReordered+s.SequenceRestarted != 0 || s.Records != 6 || s.Options != 1 {
		t.Errorf("%+v", s)
	}
}

// TestSequenceWhenDataWait: how many records wait is not known before their template comes, and belongs to the messages they came in.
func TestSequenceWhenDataWait(t *testing.T) {
	for name, messages := range map[string][][]byte{
		"template later": {
			message10(0, 1, set(256, u32(1), u32(2), u32(3))), message10(3, 1, set(256, u32(4))), message10(4, 1, octets10, set(256, u32(5))),
			message10(5, 1, set(256, u32(6))), message10(6, 1, set(256, u32(7))),
		},
		"template alone": {message10(0, 1, set(256, u32(1), u32(2))), message10(2, 1, octets10), message10(2, 1, set(256, u32(3))), message10(3, 1, set(256, u32(4)))},
		"options that waited": {
			message10(0, 1, octets10, set(400, u32(1), u32(10), u32(2), u32(20)), set(256, u32(1))), message10(3, 1, options10(400, 1, spec{149, 4}, spec{34, 4})),
			message10(3, 1, set(256, u32(3))), message10(4, 1, set(256, u32(4))),
		},
	} {
		c := newCollector(exporter.Limits{})
		c.must(t, messages...)
		if s := c.total(); s.SequenceLost+s.SequenceReordered+s.SequenceRestarted != 0 {
			t.Errorf("%s: lost %d, reordered %d, restarted %d", name, s.SequenceLost, s.SequenceReordered, s.SequenceRestarted)
		}
	}
}

// TestSequenceAfterAFault: records that could not be read are malformed, not lost on the way.
func TestSequenceAfterAFault(t *testing.T) {
	c := newCollector(exporter.Limits{})
	c.must(t, message10(0, 1, octets10, set(256, u32(1))))
	if _, err := c.decode(message10(1, 1, set(256, u32(1)), u16(256), u16(400), u32(1), u32(2))); err == nil {
		t.Fatal("no fault")
	}
	c.must(t, message10(4, 1, set(256, u32(1))))
	if s := c.total(); s.SequenceLost != 0 || s.Malformed != 1 {
		t.Errorf("%+v", s)
	}
}

// TestTemplatesApart by observation domain, by session and by format.
func TestTemplatesApart(t *testing.T) {
	c := newCollector(exporter.Limits{})
	other, connected := origin, origin
	other.Address = other.Address.Next()
	connected.Session = 3
	record := set(256, u32(7))
	for i, one := range []struct {
		from             exporter.Origin
		template, record []byte
		read             func(flow.Record) bool
	}{
		{origin, message10(0, 1, octets10), message10(0, 1, record), func(r flow.Record) bool { return r.Has == flow.HasBytes }},
		{origin, message10(0, 2, template10(256, spec{2, 4})), message10(0, 2, record), func(r flow.Record) bool { return r.Has == flow.HasPackets }},
		{connected, message10(0, 1, template10(256, spec{10, 4})), message10(0, 1, record), func(r flow.Record) bool { return r.Has == flow.HasInput }},
		{other, message10(0, 1, template10(256, spec{14, 4})), message10(0, 1, record), func(r flow.Record) bool { return r.Has == flow.HasOutput }},
		{origin, join(header9(0, 1), set(0, template(256, 16, 4))), join(header9(0, 1), record), func(r flow.Record) bool { return r.Has == flow.HasSourceAS }},
	} {
		if got, err := c.decoder.Decode(nil, one.record, one.from, received); len(got) != 0 || err != nil {
			t.Errorf("%d: %+v, %v: the template of another was used", i, got, err)
		}
		got, err := c.decoder.Decode(nil, one.template, one.from, received)
		if err != nil || len(got) != 1 || !one.read(got[0]) {
			t.Errorf("%d: %+v, %v", i, got, err)
		}
	}
	if s := c.table.Snapshot(); len(s.Sources) != 5 || s.Total.Waiting != 0 {
		t.Errorf("%+v", s)
	}
}

// TestIPFIXDataBeforeTemplate: times relative to the export are meant as of the message they came in.
func TestIPFIXDataBeforeTemplate(t *testing.T) {
	c := newCollector(exporter.Limits{})
	late := message10(3, 1, template10(256, spec{158, 4}, spec{1, 4}), set(256, u32(1_000_000), u32(2)))
	binary.BigEndian.PutUint32(late[4:], unix+60)
	c.must(t, message10(2, 1, set(256, u32(3_000_000), u32(1))))
	got, err := c.decoder.Decode(nil, late, origin, received.Add(time.Minute))
	if err != nil || len(got) != 2 {
		t.Fatalf("%d records, %v", len(got), err)
	}
	for i, want := range []struct {
		bytes           uint64
		start, exported int64
		sequence        uint32
		received        time.Time
	}{{1, unix - 3, unix, 2, received}, {2, unix + 59, unix + 60, 3, received.Add(time.Minute)}} {
		r := got[i]
		if r.Bytes != want.bytes || r.Start != want.start*1e9 || r.Exported != want.exported*1e9 || r.Sequence != want.sequence || r.Received != want.received.UnixNano() {
			t.Errorf("record %d: %+v", i, r)
		}
	}
}
