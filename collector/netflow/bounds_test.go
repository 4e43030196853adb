package netflow_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// TestSetsOfNoOctetsAreBounded: keeping a set takes memory even when there is nothing in it.
func TestSetsOfNoOctetsAreBounded(t *testing.T) {
	for _, size := range []int{0, 1} {
		c := newCollector(exporter.Limits{PendingBytes: 10_000})
		sets := make([][]byte, 200)
		for i := range sets {
			sets[i] = set(256+i, make([]byte, size))
		}
		for i := range 100 {
			if _, err := c.decode(join(header9(i, 1), join(sets...))); err != nil {
				t.Fatal(err)
			}
		}
		s := c.table.Snapshot().Total
		if s.Waiting == 0 || s.Waiting > 100 || s.SetsBeforeTemplate != 20_000 || s.SetsDropped+uint64(s.Waiting) != 20_000 {
			t.Errorf("sets of %d octets: %+v", size, s)
		}
	}
}

// TestWaitingDataCannotBlowUp: with a template of one octet, what waited would become a record of hundreds of octets for each of its own.
func TestWaitingDataCannotBlowUp(t *testing.T) {
	c := newCollector(exporter.Limits{})
	const sets, size = 600, 1400
	for i := range sets {
		if _, err := c.decode(join(header9(i, 1), set(300, make([]byte, size)))); err != nil {
			t.Fatal(err)
		}
	}
	if s := c.table.Snapshot().Total; s.Waiting != sets || s.SetsDropped != 0 {
		t.Fatalf("600 sets are within the limit: %+v", s)
	}
	got, err := c.decode(join(header9(sets, 1), set(0, template(300, 4, 1))))
	if err != nil {
		t.Fatal(err)
	}
	s := c.table.Snapshot().Total
	if len(got) < 1<<16 || len(got) >= 1<<16+size || s.Waiting != 0 {
		t.Errorf("%d records, %+v", len(got), s)
	}
	if decoded := uint64(len(got)) / size; s.SetsDropped+decoded != sets {
		t.Errorf("%d sets decoded and %d dropped of %d", decoded, s.SetsDropped, sets)
	}
}

// TestWaitingDataHaveTheirOwnClock: uptimes are meant as of the packet they came in, though the exporter restarted in between.
func TestWaitingDataHaveTheirOwnClock(t *testing.T) {
	c := newCollector(exporter.Limits{})
	if _, err := c.decode(join(header9(1, 1), set(300, u32(uptime-1000)))); err != nil {
		t.Fatal(err)
	}
	restarted := join(u16(9), u16(1), u32(60_000), u32(unix+90), u32(2), u32(1))
	got, err := c.decode(join(restarted, set(0, template(300, 21, 4)), set(300, u32(59_000))))
	if err != nil || len(got) != 2 {
		t.Fatalf("%d records, %v", len(got), err)
	}
	for i, want := range []int64{unix - 1, unix + 89} {
		if got[i].End != want*1e9 {
			t.Errorf("record %d ended at %d, want %d", i, got[i].End, want*1_000_000_000)
		}
	}
	if got[0].Exported != unix*1e9 || got[1].Exported != (unix+90)*1e9 {
		t.Errorf("exported at %d and %d", got[0].Exported, got[1].Exported)
	}
}

// TestWaitingDataOfAnotherTemplate: the template that came is not the one the data were sent with.
func TestWaitingDataOfAnotherTemplate(t *testing.T) {
	c := newCollector(exporter.Limits{})
	if _, err := c.decode(join(header9(1, 1), set(300, u32(1), u32(2)), set(300, u32(3)))); err != nil {
		t.Fatal(err)
	}
	got, err := c.decode(join(header9(2, 1), set(0, template(300, 1, 8))))
	if s := c.table.Snapshot().Total; err != nil || len(got) != 1 || got[0].Bytes != 1<<32+2 || s.SetsDropped != 1 || s.Waiting != 0 {
		t.Errorf("%d records, %+v, %v", len(got), s, err)
	}
}

func TestTemplateMemoryIsBounded(t *testing.T) {
	fields := make([]int, 0, 200)
	for range 100 {
		fields = append(fields, 1, 4)
	}
	big := func(id int) []byte { return join(header9(1, 1), set(0, template(id, fields...))) }
	c := newCollector(exporter.Limits{TemplateAllBytes: 50_000}) // about 26 of them
	for i := range 1000 {
		from := exporter.Origin{Address: netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})}
		if _, err := c.decoder.Decode(nil, big(256), from, received.Add(time.Duration(i)*time.Second)); err != nil {
			t.Fatalf("exporter %d: %v", i, err)
		}
	}
	snap := c.table.Snapshot()
	if snap.Total.Templates == 0 || snap.Total.Templates > 30 || snap.Total.Templates != len(snap.Sources) || snap.Evicted != uint64(1000-len(snap.Sources)) {
		t.Errorf("%d templates of %d sources, %d evicted", snap.Total.Templates, len(snap.Sources), snap.Evicted)
	}
	// One source alone cannot have more than an eighth, and costs nobody else his while it tries.
	kept := snap.Total.Templates
	refused := 0
	for id := 256; id < 356; id++ {
		if _, err := c.decode(big(id)); err != nil {
			refused++
		}
	}
	snap = c.table.Snapshot()
	own := snap.Sources[len(snap.Sources)-1]
	if own.Key.Address != router.Addr() || own.Templates == 0 || own.Templates > 30/8 || own.TemplatesRefused != uint64(refused) || refused+own.Templates != 100 ||
		snap.Total.Templates < kept {
		t.Errorf("%d refused, %d templates of %d sources, of its own %+v", refused, snap.Total.Templates, len(snap.Sources), own)
	}
	// A template that is known can still change.
	if _, err := c.decode(join(header9(2, 1), set(0, template(256, 1, 4)), set(256, u32(5)))); err != nil {
		t.Error(err)
	}
}

// TestAFaultCostsOnlyItsSet: a set that lies about its content says nothing about the others.
func TestAFaultCostsOnlyItsSet(t *testing.T) {
	good, record := set(0, template(256, 1, 4)), set(256, u32(1))
	for name, test := range map[string]struct {
		fault  []byte
		reason string
		more   int // records in the set at fault
	}{
		"reserved set":               {set(7, u32(1)), "set id 7", 0},
		"reserved template id":       {set(0, template(9, 1, 4)), "template id 9", 0},
		"template of nothing":        {set(0, template(300, 1, 0)), "length 0", 0},
		"template cut":               {set(0, u16(300), u16(9), u32(1)), "announces 9 fields", 0},
		"template too large":         {set(0, template(300, 1, 4, 2, 4, 3, 4)), "limit of 2", 0},
		"options template cut":       {set(1, u16(300), u16(4), u16(40), u32(1)), "announces 11 fields", 0},
		"data that are no record":    {set(256, []byte{1, 2}), "2 octets are left", 0},
		"data ending in the middle":  {set(257, u32(1), u32(2), u32(3), u16(4), u16(5)), "4 octets are left", 1},
		"templates beyond the limit": {set(0, template(301, 1, 4), template(302, 1, 4)), "already has 3", 0},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCollector(exporter.Limits{Templates: 3, Fields: 2})
			before := join(header9(1, 1), good, set(0, template(257, 1, 8, 2, 4)), record)
			got, err := c.decode(join(before, test.fault, record, record))
			var failed *flow.PacketError
			if !errors.As(err, &failed) || !strings.Contains(failed.Reason, test.reason) {
				t.Fatalf("error %v", err)
			}
			if failed.Offset < len(before) || failed.Offset >= len(before)+len(test.fault) {
				t.Errorf("the fault is said to be at %d, it is in %d to %d", failed.Offset, len(before), len(before)+len(test.fault))
			}
			if len(got) != 3+test.more {
				t.Errorf("%d records, want %d", len(got), 3+test.more)
			}
			if s := c.table.Snapshot().Total; s.Malformed != 1 || s.Packets != 1 || s.Records != uint64(len(got)) {
				t.Errorf("%+v", s)
			}
		})
	}
	t.Run("templates behind a bad one", func(t *testing.T) {
		c := newCollector(exporter.Limits{})
		got, err := c.decode(join(header9(1, 1), set(0, template(9, 1, 4), template(300, 1, 0), template(256, 1, 4)), record))
		var failed *flow.PacketError
		if len(got) != 1 || !errors.As(err, &failed) || failed.Offset != 24 || !strings.Contains(failed.Reason, "template id 9 is reserved") {
			t.Errorf("%d records, %v", len(got), err)
		}
		if s := c.table.Snapshot().Total; s.Templates != 1 {
			t.Errorf("%d templates are known, one is good", s.Templates)
		}
	})
}

// TestNobodyMakesRoomInVain: a source whose own templates are too many does not cost others theirs.
func TestNobodyMakesRoomInVain(t *testing.T) {
	c := newCollector(exporter.Limits{TemplateAllBytes: 8 * 1500})
	other := exporter.Origin{Address: netip.MustParseAddr("192.0.2.77")}
	if _, err := c.decoder.Decode(nil, join(header9(1, 1), set(0, template(256, 1, 4))), other, received); err != nil {
		t.Fatal(err)
	}
	fields := make([]int, 0, 200)
	for range 100 { // 1856 octets of memory
		fields = append(fields, 1, 4)
	}
	if _, err := c.decoder.Decode(nil, join(header9(1, 1), set(0, template(256, fields...))), origin, received.Add(time.Hour)); err == nil {
		t.Error("a template beyond the limit was taken")
	}
	got, err := c.decoder.Decode(nil, join(header9(2, 1), set(256, u32(5))), other, received.Add(time.Hour))
	if snap := c.table.Snapshot(); err != nil || len(got) != 1 || snap.Evicted != 0 || snap.Total.TemplatesRefused != 1 {
		t.Errorf("%d records, %+v, %v", len(got), snap, err)
	}
}

// TestRefusedRedefinition: data behind a new definition that there is no room for are not read by the old one.
func TestRefusedRedefinition(t *testing.T) {
	c := newCollector(exporter.Limits{TemplateAllBytes: 8 * 1000})
	if _, err := c.decode(join(header9(1, 1), set(0, template(256, 1, 4)))); err != nil {
		t.Fatal(err)
	}
	fields := make([]int, 0, 200)
	for range 100 {
		fields = append(fields, 82, 4)
	}
	if _, err := c.decode(join(header9(2, 1), set(0, template(256, fields...)))); err == nil {
		t.Fatal("there is room for less than that")
	}
	got, err := c.decode(join(header9(3, 1), set(256, make([]byte, 400))))
	if s := c.table.Snapshot().Total; err != nil || len(got) != 0 || s.Waiting != 1 || s.Templates != 0 {
		t.Errorf("%d records, %v, %+v", len(got), err, s)
	}
}

// TestWhatReplacesATemplate: one beyond the limit of fields, and one of no octets, end the template of before as well.
func TestWhatReplacesATemplate(t *testing.T) {
	for name, again := range map[string][]byte{"too many fields": template(256, 1, 4, 2, 4, 10, 4), "no octets": template(256, 1, 0)} {
		c := newCollector(exporter.Limits{Fields: 2})
		_, _ = c.decode(join(header9(1, 1), set(0, template(256, 8, 4, 12, 4))))
		if _, err := c.decode(join(header9(2, 1), set(0, again))); err == nil {
			t.Fatalf("%s: no fault", name)
		}
		got, err := c.decode(join(header9(3, 1), set(256, make([]byte, 24))))
		if s := c.table.Snapshot().Total; err != nil || len(got) != 0 || s.Waiting != 1 || s.TemplatesWithdrawn != 0 {
			t.Errorf("%s: %d records, %v, %+v", name, len(got), err, s)
		}
	}
}

// TestFieldsOfNoOctetsCostNothing: a record of one octet has none of the 500 fields around it to walk over.
func TestFieldsOfNoOctetsCostNothing(t *testing.T) {
	c := keeping(flow.KeepAll)
	fields := make([]spec, 500)
	for i := range fields {
		fields[i] = spec{i + 600, 0, vendor}
	}
	fields[250] = spec{4, 1}
	c.must(t, message10(0, 1, template10(257, fields...), template10(300, spec{292, anyOctets})))
	r := c.only(t, message10(0, 1, set(300, long(subTemplateList(257, make([]byte, 60_000))))))
	if len(r.Details.Extra) != 512 || c.total().ListsUndecoded == 0 {
		t.Errorf("%d fields are kept, %+v", len(r.Details.Extra), c.total())
	}
	program, said := c.table.Source(exporter.Key{Address: origin.Address, Format: flow.IPFIX, Domain: 1}, received).Record(257)
	if program == nil || len(said) != 1 {
		t.Errorf("%d fields are walked over", len(said))
	}
}
