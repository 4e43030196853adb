package exporter

import (
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// heap is what is in use when nothing is left to collect.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func invented(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
}

func existing(i int) netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}) }

// announcement is a template that takes about 600 octets.
func announcement(tb testing.TB, table *Table) *Template {
	tb.Helper()
	saved := TemplateState{ID: 256}
	for _, f := range [][2]uint16{{8, 4}, {12, 4}, {7, 2}, {11, 2}, {4, 1}, {1, 4}, {2, 4}, {22, 4}, {21, 4}, {6, 1}, {10, 4}, {14, 4}} {
		saved.Fields = append(saved.Fields, flow.FieldSpec{ID: f[0], Length: f[1]})
	}
	template, err := table.compile(saved, flow.Dialect{})
	if err != nil {
		tb.Fatal(err)
	}
	return template
}

// TestFloodSparesRealExporters: a million invented exporters come by, each with a template, while fifty real ones send once a minute. None
// of the real ones loses its template, whether it was there before the flood or not, and memory stays within the limits.
func TestFloodSparesRealExporters(t *testing.T) {
	const exporters, aMinute, most = 50, 15_000, 2 << 20
	for name, test := range map[string]struct {
		before time.Duration
		flood  int
	}{
		"there before":          {5 * time.Minute, 300_000},
		"come during the flood": {0, 60_000},
	} {
		t.Run(name, func(t *testing.T) {
			start := heap()
			table := NewTable(Limits{Exporters: 2000, TemplateAllBytes: most})
			template := announcement(t, table)
			now := time.Unix(1_700_000_000, 0)
			known := 0 // real exporters that announced their template
			send := func() {
				for i := range exporters {
					s := table.Source(source(existing(i)), now)
					if known <= i {
						s.Define(template)
						known++
					}
					if s.Template(256) == nil {
						t.Fatalf("real exporter %d lost its template %v after the start", i, now.Sub(time.Unix(1_700_000_000, 0)))
					}
					s.Count(1, 0)
				}
			}
			for end := now.Add(test.before); now.Before(end); now = now.Add(time.Minute) {
				send()
			}
			for i := range test.flood {
				if i%aMinute == 0 {
					send()
				}
				now = now.Add(time.Minute / aMinute)
				s := table.Source(source(invented(i)), now)
				own := *template
				own.Fields = append([]flow.FieldSpec(nil), template.Fields...) // each has its own
				s.Define(&own)
				s.Count(0, 0)
			}
			send()
			const sourceBytes = 1280
			if after := heap(); after > start && after-start > most+2000*sourceBytes {
				t.Errorf("%d octets are held", after-start)
			}
			if snap := table.Snapshot(); len(snap.Sources) > 2000 || snap.Evicted < uint64(test.flood-2000) || snap.Total.Packets < uint64(test.flood) {
				t.Errorf("%d sources, %d evicted", len(snap.Sources), snap.Evicted)
			}
			runtime.KeepAlive(table)
		})
	}
}

// TestFloodWithFlows: inventions that deliver a flow each do not push out exporters that have delivered over minutes.
func TestFloodWithFlows(t *testing.T) {
	table := NewTable(Limits{Exporters: 1000})
	template := announcement(t, table)
	now := time.Unix(1_700_000_000, 0)
	for minute := range 3 {
		for i := range 50 {
			s := table.Source(source(existing(i)), now.Add(time.Duration(minute)*time.Minute))
			s.Define(template)
			s.Count(1, 0)
		}
	}
	for i := range 100_000 {
		s := table.Source(source(invented(i)), now.Add(5*time.Minute))
		s.Define(template)
		s.Count(1, 0)
	}
	for i := range 50 {
		if s := table.sources[source(existing(i))]; s == nil || s.Template(256) == nil {
			t.Fatalf("real exporter %d is forgotten", i)
		}
	}
}

// TestForgedRanksMakeRoom: a table that is full of inventions of the highest rank still lets new exporters in, once the flood has ended.
func TestForgedRanksMakeRoom(t *testing.T) {
	table := NewTable(Limits{Exporters: 1000})
	template := announcement(t, table)
	now := time.Unix(1_700_000_000, 0)
	for minute := range 3 {
		for i := range 1000 {
			s := table.Source(source(invented(i)), now.Add(time.Duration(minute)*time.Minute))
			s.Define(template)
			s.Count(1, 0)
		}
	}
	for i := range 50 { // templates first, all of them, before any data
		table.Source(source(existing(i)), now.Add(5*time.Minute)).Define(template)
	}
	for i := range 50 {
		if s := table.Source(source(existing(i)), now.Add(6*time.Minute)); s.Template(256) == nil {
			t.Fatalf("new exporter %d is forgotten", i)
		}
	}
}

// TestFloodOfDescriptions: invented exporters that describe themselves, each with several rows, take no more memory than they
// may, and do not push out what real devices said.
func TestFloodOfDescriptions(t *testing.T) {
	const flood, most, sources = 200_000, 4 << 20, 2000
	start := heap()
	table := NewTable(Limits{Exporters: sources, OptionAllBytes: most})
	now := time.Unix(1_700_000_000, 0)
	for minute := range 3 {
		for i := range 50 {
			s := table.Source(source(existing(i)), now.Add(time.Duration(minute)*time.Minute))
			s.NameInterface(1, []byte("eth0"), []byte("uplink"))
			s.Count(1, 1)
		}
	}
	name := []byte("a name of some length, as devices have them")
	for i := range flood {
		s := table.Source(source(invented(i)), now.Add(5*time.Minute))
		s.NameInterface(uint32(i), name, name)
		s.NameUser([]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}, name)
		s.DescribeSampler(uint64(i+1), 100)
	}
	const sourceBytes = 1280
	if after := heap(); after > start && after-start > most+sources*sourceBytes {
		t.Errorf("%d octets are held", after-start)
	}
	for i := range 50 {
		if got := table.Source(source(existing(i)), now.Add(6*time.Minute)).Device().Interface(1); got == nil || string(got.Name) != "eth0" {
			t.Fatalf("what real exporter %d described is forgotten", i)
		}
	}
	snap := table.Snapshot()
	rows := 0
	for _, d := range snap.Devices {
		rows += d.Rows.Total()
	}
	if uint64(rows)+snap.RowsForgotten != 50+4*flood || table.optionBytes > most {
		t.Errorf("%d rows, %d forgotten, %d octets", rows, snap.RowsForgotten, table.optionBytes)
	}
	runtime.KeepAlive(table)
}
