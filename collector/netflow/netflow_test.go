package netflow_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

const hasOrdinary = flow.HasPorts | flow.HasProtocol | flow.HasTCPFlags | flow.HasTOS | flow.HasInput | flow.HasOutput |
	flow.HasSourceAS | flow.HasDestinationAS | flow.HasNextHop | flow.HasStart | flow.HasEnd | flow.HasBytes | flow.HasPackets

// expected is what both ordinaryRecord and record5 say.
func expected(n byte, f flow.Format) flow.Record {
	sent := int64(unix) * 1e9
	if f == flow.NetFlow5 {
		sent += 250_000_000
	}
	return flow.Record{
		Has: hasOrdinary, Format: f, Exporter: router.Addr(), Received: received.UnixNano(), Exported: sent,
		Source:      flow.Endpoint{Addr: netip.AddrFrom4([4]byte{198, 51, 100, n}), Port: 1000 + uint16(n), AS: 64500, PrefixLength: 24},
		Destination: flow.Endpoint{Addr: netip.AddrFrom4([4]byte{203, 0, 113, n}), Port: 443, AS: 64501, PrefixLength: 16},
		NextHop:     netip.AddrFrom4([4]byte{192, 0, 2, 254}),
		Protocol:    6, TCPFlags: 0x1b, TOS: 0xb8, Bytes: 1500 * uint64(n), Packets: uint64(n),
		Start: sent - 2e9, End: sent - 1e9, Timestamp: sent - 1e9, Input: 3, Output: 4,
	}
}

func diff(a, b []flow.Record) string {
	return cmp.Diff(a, b, cmpopts.EquateComparable(netip.Addr{}), cmpopts.EquateEmpty())
}

func TestVersion5(t *testing.T) {
	c := newCollector(exporter.Limits{})
	got, err := c.decode(packet5(2, 40, record5(1), record5(2)))
	if err != nil {
		t.Fatal(err)
	}
	want := []flow.Record{expected(1, flow.NetFlow5), expected(2, flow.NetFlow5)}
	for i := range want {
		want[i].Domain, want[i].Sequence = 1<<8|7, 40
	}
	if d := diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestVersion9(t *testing.T) {
	c := newCollector(exporter.Limits{})
	// A template and data of it in one packet, data padded to four octets (section 5.3).
	got, err := c.decode(join(header9(5, 9), set(0, template(256, ordinary...)), set(256, ordinaryRecord(1), ordinaryRecord(2), []byte{0, 0, 0})))
	if err != nil {
		t.Fatal(err)
	}
	want := []flow.Record{expected(1, flow.NetFlow9), expected(2, flow.NetFlow9)}
	for i := range want {
		want[i].Domain, want[i].Sequence = 9, 5
	}
	if d := diff(want, got); d != "" {
		t.Error(d)
	}
}

// one decodes a single record of a template with the given fields.
func one(t *testing.T, record []byte, fields ...int) flow.Record {
	t.Helper()
	got, err := newCollector(exporter.Limits{}).decode(join(header9(1, 0), set(0, template(300, fields...)), set(300, record)))
	if err != nil || len(got) != 1 {
		t.Fatalf("%d records, %v", len(got), err)
	}
	return got[0]
}

func TestFields(t *testing.T) {
	v6 := netip.MustParseAddr("2001:db8::1")
	six := v6.As16()
	for name, test := range map[string]struct {
		fields []int
		record []byte
		ok     func(flow.Record) bool
	}{
		"reduced-size counters":  {[]int{1, 3, 2, 1}, []byte{1, 0, 0, 9}, func(r flow.Record) bool { return r.Bytes == 65536 && r.Packets == 9 }},
		"64-bit counters":        {[]int{1, 8, 2, 8}, join(u32(1), u32(0), u32(0), u32(5)), func(r flow.Record) bool { return r.Bytes == 1<<32 && r.Packets == 5 }},
		"total counters":         {[]int{85, 4, 86, 4}, join(u32(7), u32(8)), func(r flow.Record) bool { return r.Bytes == 7 && r.Packets == 8 }},
		"only outgoing counters": {[]int{23, 4, 24, 4}, join(u32(7), u32(8)), func(r flow.Record) bool { return r.Bytes == 7 && r.Packets == 8 }},
		"both kinds of counters": {[]int{23, 4, 1, 4}, join(u32(7), u32(9)), func(r flow.Record) bool { return r.Bytes == 9 }},
		"IPv6": {[]int{27, 16, 28, 16, 29, 1}, join(six[:], six[:], []byte{48}), func(r flow.Record) bool {
			return r.Source.Addr == v6 && r.Destination.Addr == v6 && r.Source.PrefixLength == 48
		}},
		"both families, IPv6 empty": {[]int{8, 4, 27, 16}, join([]byte{192, 0, 2, 9}, make([]byte, 16)), func(r flow.Record) bool { return r.Source.Addr.String() == "192.0.2.9" }},
		"hardware addresses":        {[]int{56, 6, 80, 6}, []byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2}, func(r flow.Record) bool { return r.Source.MAC[5] == 1 && r.Destination.MAC[5] == 2 }},
		"of an EdgeRouter egress template": {[]int{81, 6, 57, 6, 59, 2}, []byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0, 7}, func(r flow.Record) bool {
			return r.Source.MAC[5] == 1 && r.Destination.MAC[5] == 2 && r.VLAN == 7
		}},
		"direction":               {[]int{61, 1, 1, 4}, join([]byte{1}, u32(1)), func(r flow.Record) bool { return r.Has&flow.HasDirection != 0 && r.Direction == 1 }},
		"unknown fields between":  {[]int{201, 4, 1, 4, 999, 3, 2, 4, 40001, 2}, join(u32(1), u32(7), []byte{1, 2, 3}, u32(8), u16(1)), func(r flow.Record) bool { return r.Bytes == 7 && r.Packets == 8 }},
		"fields of length zero":   {[]int{1, 0, 1, 4, 5, 0}, u32(7), func(r flow.Record) bool { return r.Bytes == 7 && r.Has&flow.HasTOS == 0 }},
		"a length that cannot be": {[]int{8, 3, 1, 4}, join([]byte{1, 2, 3}, u32(7)), func(r flow.Record) bool { return !r.Source.Addr.IsValid() && r.Bytes == 7 }},
		"ICMP in the port":        {[]int{4, 1, 11, 2}, []byte{1, 3, 1}, func(r flow.Record) bool { return r.Has&flow.HasICMP != 0 && r.ICMPType == 3 && r.ICMPCode == 1 }},
		"ICMP":                    {[]int{4, 1, 32, 2}, []byte{1, 8, 0}, func(r flow.Record) bool { return r.ICMPType == 8 && r.ICMPCode == 0 }},
		"4-byte AS":               {[]int{16, 4, 17, 4}, join(u32(4200000000), u32(1)), func(r flow.Record) bool { return r.Source.AS == 4200000000 && r.Destination.AS == 1 }},
		"absolute seconds":        {[]int{150, 4, 151, 4}, join(u32(100), u32(101)), func(r flow.Record) bool { return r.Start == 100e9 && r.End == 101e9 }},
		"absolute milliseconds":   {[]int{152, 8, 153, 8}, join(u32(0), u32(1500), u32(0), u32(2500)), func(r flow.Record) bool { return r.Start == 15e8 && r.End == 25e8 }},
		"an impossible time":      {[]int{152, 8, 1, 4}, join(u32(-1), u32(-1), u32(1)), func(r flow.Record) bool { return r.Start == 0 }},
	} {
		t.Run(name, func(t *testing.T) {
			if r := one(t, test.record, test.fields...); !test.ok(r) {
				t.Errorf("decoded as %+v", r)
			}
		})
	}
}

// TestUptimeWraps: sysUptime is 32 bits of milliseconds and starts again after 49.7 days.
func TestUptimeWraps(t *testing.T) {
	c := flow.Clock{Unix: 1000e9, Uptime: 500}
	for uptime, want := range map[uint32]int64{500: 1000e9, 0: 999.5e9, 0xffffffff: 999.499e9, 0xffffffff - 999: 998.5e9, 700: 1000.2e9} {
		if got := c.At(uptime); got != want {
			t.Errorf("uptime %d is at %d, want %d", uptime, got, want)
		}
	}
}

func TestTemplatesOfSeveralSourcesStayApart(t *testing.T) {
	c := newCollector(exporter.Limits{})
	for _, p := range [][]byte{
		join(header9(1, 1), set(0, template(256, 1, 4, 2, 4))),
		join(header9(1, 2), set(0, template(256, 2, 4, 1, 4))),
	} {
		if _, err := c.decode(p); err != nil {
			t.Fatal(err)
		}
	}
	for source, bytes := range map[int]uint64{1: 10, 2: 20} {
		got, err := c.decode(join(header9(2, source), set(256, u32(10), u32(20))))
		if err != nil || len(got) != 1 || got[0].Bytes != bytes {
			t.Errorf("source %d: %+v, %v", source, got, err)
		}
	}
}

func TestTemplateCanChange(t *testing.T) {
	c := newCollector(exporter.Limits{})
	for i, fields := range [][]int{{1, 4, 2, 4}, {2, 4, 1, 4}, {2, 4, 1, 4}} {
		got, err := c.decode(join(header9(i, 1), set(0, template(256, fields...)), set(256, u32(10), u32(20))))
		if want := []uint64{10, 20, 20}[i]; err != nil || len(got) != 1 || got[0].Bytes != want {
			t.Errorf("definition %d: %+v, %v", i, got, err)
		}
	}
	if s := c.table.Snapshot().Total; s.TemplatesRedefined != 1 || s.Templates != 1 {
		t.Errorf("%+v", s)
	}
}

func TestOptionsAreNoFlows(t *testing.T) {
	c := newCollector(exporter.Limits{})
	// Scope "interface" with its name: section 6.1.
	packet := join(header9(1, 1), set(1, optionsTemplate(513, 2, 4, 82, 16), []byte{0, 0}), set(513, u32(1), make([]byte, 16), u32(2), make([]byte, 16)))
	got, err := c.decode(packet)
	if s := c.table.Snapshot().Total; err != nil || len(got) != 0 || s.Options != 2 || s.Waiting != 0 || s.Records != 0 {
		t.Errorf("%d records, %+v, %v", len(got), s, err)
	}
}

func TestDataBeforeItsTemplate(t *testing.T) {
	c := newCollector(exporter.Limits{})
	early := received
	if got, err := c.decode(join(header9(1, 1), set(256, ordinaryRecord(1)), set(257, u32(1)))); err != nil || len(got) != 0 {
		t.Fatalf("%d records, %v", len(got), err)
	}
	if s := c.table.Snapshot().Total; s.Waiting != 2 || s.SetsBeforeTemplate != 2 {
		t.Errorf("waiting: %+v", s)
	}
	got, err := c.decoder.Decode(nil, join(header9(2, 1), set(0, template(256, ordinary...)), set(256, ordinaryRecord(2))), origin, received.Add(time.Minute))
	if err != nil || len(got) != 2 {
		t.Fatalf("%d records, %v", len(got), err)
	}
	if got[0].Bytes != 1500 || got[0].Received != early.UnixNano() || got[0].Sequence != 1 || got[1].Bytes != 3000 {
		t.Errorf("the records that waited come first, with their own packet's header: %+v", got)
	}
	if s := c.table.Snapshot().Total; s.Waiting != 1 || s.SetsDropped != 0 || s.Records != 2 {
		t.Errorf("afterwards: %+v", s)
	}
}

func TestMalformedPacketsKeepTheGoodPart(t *testing.T) {
	good := join(header9(1, 1), set(0, template(256, 1, 4)), set(256, u32(1)))
	at := len(good)
	for name, test := range map[string]struct {
		packet  []byte
		records int
		offset  int
		reason  string
	}{
		"empty":                         {nil, 0, 0, "0 octets is too short"},
		"one octet":                     {[]byte{0}, 0, 0, "1 octets is too short"},
		"another version":               {join(u16(11), make([]byte, 30)), 0, 0, "version 11 is not supported"},
		"v5 header cut":                 {packet5(1, 1)[:23], 0, 23, "header needs 24"},
		"v5 counts more than there is":  {packet5(3, 1, record5(1), record5(2)), 2, 24 + 96, "announces 3 records, 2 are there"},
		"v9 header cut":                 {header9(1, 1)[:19], 0, 19, "header needs 20"},
		"set longer than the packet":    {join(good, u16(256), u16(400), u32(1)), 1, at, "set 256 says it has 400 octets, 8 are left"},
		"set shorter than its header":   {join(good, u16(256), u16(3)), 1, at, "set 256 says it has 3 octets"},
		"rest of a header":              {join(good, []byte{0, 1, 2}), 1, at, "3 octets are left"},
		"data shorter than a record":    {join(good, set(256, []byte{1, 2})), 1, at + 4, "2 octets are left that are no whole record"},
		"reserved set":                  {join(good, set(7, u32(1))), 1, at, "set id 7 is reserved"},
		"template with a reserved id":   {join(good, set(0, template(9, 1, 4))), 1, at + 4, "template id 9 is reserved"},
		"template without fields":       {join(good, set(0, template(300))), 1, at + 4, "template 300 has no fields"},
		"template cut":                  {join(good, set(0, u16(300), u16(9), u32(1))), 1, at + 4, "announces 9 fields, the set has room for 1"},
		"template of nothing":           {join(good, set(0, template(300, 1, 0))), 1, at + 4, "all 1 fields have length 0"},
		"options template cut":          {join(good, set(1, u16(300), u16(4), u16(40), u32(1))), 1, at + 4, "announces 11 fields, the set has room for 1"},
		"options template half a field": {join(good, set(1, u16(300), u16(3), u16(4), u32(1), u32(1))), 1, at + 4, "not whole fields"},
		"zeros behind the sets":         {join(good, make([]byte, 100)), 1, 0, ""},
		"some zeros behind the sets":    {join(good, make([]byte, 3)), 1, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCollector(exporter.Limits{})
			got, err := c.decode(test.packet)
			if len(got) != test.records {
				t.Errorf("%d records, want %d", len(got), test.records)
			}
			var failed *flow.PacketError
			switch {
			case test.reason == "" && err != nil:
				t.Error(err)
			case test.reason != "" && (!errors.As(err, &failed) || failed.Offset != test.offset || !strings.Contains(err.Error(), test.reason)):
				t.Errorf("error %v, want %q at %d", err, test.reason, test.offset)
			}
			snap := c.table.Snapshot()
			counted := snap.Total.Malformed + snap.Refused["too_short"] + snap.Refused["unsupported_version"]
			if want := uint64(1); test.reason == "" && counted != 0 || test.reason != "" && counted != want {
				t.Errorf("counted %d times: %+v", counted, snap)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	// A waiting set of 60 octets takes 252: one fits a source, two fit all.
	c := newCollector(exporter.Limits{Templates: 2, Fields: 3, PendingBytes: 300, PendingAllBytes: 550, Exporters: 50})
	for id := 256; id < 260; id++ {
		_, err := c.decode(join(header9(id, 1), set(0, template(id, 1, 4))))
		if (err != nil) != (id >= 258) {
			t.Errorf("template %d: %v", id, err)
		}
	}
	if _, err := c.decode(join(header9(1, 1), set(0, template(256, 1, 4, 2, 4, 3, 4, 4, 4)))); err == nil || !strings.Contains(err.Error(), "more than the limit of 3") {
		t.Errorf("error %v", err)
	}
	for range 3 { // 60 octets each, and what keeping them takes: one fits
		if _, err := c.decode(join(header9(1, 1), set(400, make([]byte, 60)))); err != nil {
			t.Fatal(err)
		}
	}
	if s := c.table.Snapshot().Total; s.Waiting != 1 || s.SetsDropped != 2 || s.TemplatesRefused != 3 {
		t.Errorf("%+v", s)
	}
	for i := range 100_000 { // invented exporters with data nobody can decode
		from := exporter.Origin{Address: netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})}
		if _, err := c.decoder.Decode(nil, join(header9(1, 1), set(400, make([]byte, 60))), from, received); err != nil {
			t.Fatal(err)
		}
	}
	snap := c.table.Snapshot()
	if len(snap.Sources) != 50 || snap.Evicted != 100_000+1-50 || snap.Total.Waiting > 2 {
		t.Errorf("%d sources, %d evicted, %+v", len(snap.Sources), snap.Evicted, snap.Total)
	}
	if snap.Total.Packets != 100_000+8 || snap.Total.SetsBeforeTemplate != snap.Total.SetsDropped+uint64(snap.Total.Waiting) {
		t.Errorf("the account of the evicted is lost: %+v", snap.Total)
	}
}

// TestNothingIsAllocated holds the hot path to its word, also when the packet repeats a known template.
func TestNothingIsAllocated(t *testing.T) {
	records := make([][]byte, 25)
	for i := range records {
		records[i] = ordinaryRecord(byte(i + 1))
	}
	five := make([][]byte, 30)
	for i := range five {
		five[i] = record5(byte(i + 1))
	}
	for name, packet := range map[string][]byte{
		"v9": join(header9(1, 1), set(0, template(256, ordinary...)), set(256, records...)),
		"v5": packet5(30, 1, five...),
	} {
		c := newCollector(exporter.Limits{})
		dst := make([]flow.Record, 0, 64)
		if n := testing.AllocsPerRun(200, func() {
			var err error
			if dst, err = c.decoder.Decode(dst[:0], packet, origin, received); err != nil || len(dst) < 25 {
				panic(fmt.Sprint(len(dst), err))
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations a packet", name, n)
		}
	}
}

func BenchmarkDecodeNetFlow9(b *testing.B) {
	records := make([][]byte, 25)
	for i := range records {
		records[i] = ordinaryRecord(byte(i + 1))
	}
	c := newCollector(exporter.Limits{})
	if _, err := c.decode(join(header9(1, 1), set(0, template(256, ordinary...)))); err != nil {
		b.Fatal(err)
	}
	benchmark(b, c, join(header9(1, 1), set(256, records...)), len(records))
}

func BenchmarkDecodeNetFlow5(b *testing.B) {
	records := make([][]byte, 30)
	for i := range records {
		records[i] = record5(byte(i + 1))
	}
	benchmark(b, newCollector(exporter.Limits{}), packet5(30, 1, records...), len(records))
}

func benchmark(b *testing.B, c *collector, packet []byte, records int) {
	b.Helper()
	dst := make([]flow.Record, 0, 64)
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if dst, err = c.decoder.Decode(dst[:0], packet, origin, received); err != nil || len(dst) != records {
			b.Fatal(len(dst), err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*records), "ns/record")
}
