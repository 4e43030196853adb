package netflow_test

import (
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// invented is one of many exporters that are not there.
func invented(i int) exporter.Origin {
	return exporter.Origin{Address: netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})}
}

// heap is what is in use when nothing is left to collect.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestMemoryUnderAFlood measures what the limits promise: whatever is sent, templates and waiting data take no more memory than they
// may, and a source without them little.
func TestMemoryUnderAFlood(t *testing.T) {
	const sources, sourceBytes, share = 1000, 1280, 4 << 20
	limits := exporter.Limits{Exporters: sources, TemplateAllBytes: share, PendingAllBytes: share}
	fixed, variable := make([]int, 0, 800), make([]int, 0, 800)
	for range 400 {
		fixed = append(fixed, 1, 4)
		variable = append(variable, 82, 65535)
	}
	many := make([][]byte, 100)
	for i := range many {
		many[i] = template(1000+i, 1, 4)
	}
	none := make([][]byte, 300)
	for i := range none {
		none[i] = set(2000 + i)
	}
	for name, test := range map[string]struct {
		exporters int
		body      []byte
		most      int // octets, besides what a source takes
	}{
		"nothing":                       {30_000, nil, 0},
		"large templates":               {10_000, set(0, template(256, fixed...)), share},
		"fields of variable length":     {10_000, set(0, template(256, variable...)), share},
		"small templates":               {5_000, set(0, many...), share},
		"data without template":         {30_000, set(400, make([]byte, 1400)), share},
		"sets of nothing, each its own": {10_000, join(none...), share},
	} {
		t.Run(name, func(t *testing.T) {
			before := heap()
			c := newCollector(limits)
			packet := join(header9(1, 1), test.body)
			for i := range test.exporters {
				if _, err := c.decoder.Decode(nil, packet, invented(i), received); err != nil {
					t.Fatal(err)
				}
			}
			after := heap()
			if most := uint64(test.most + sources*sourceBytes); after > before && after-before > most {
				t.Errorf("%d octets are held, no more than %d may be", after-before, most)
			}
			if snap := c.table.Snapshot(); len(snap.Sources) > sources || snap.Total.Packets != uint64(test.exporters) {
				t.Errorf("%d sources, %d packets", len(snap.Sources), snap.Total.Packets)
			}
			runtime.KeepAlive(c)
		})
	}
}

// TestFiguresOnlyGrow reads the figures, as /metrics does, while packets of more exporters than the table holds are decoded.
func TestFiguresOnlyGrow(t *testing.T) {
	c := newCollector(exporter.Limits{Exporters: 20})
	packets := [][]byte{
		packet5(1, 1, record5(1)),
		join(header9(1, 1), set(300, u32(1))),
		join(header9(2, 1), set(0, template(300, 1, 4)), set(300, u32(1))),
		join(header9(9, 1), set(0, template(300, 2, 4)), set(7)),
		{0, 11},
	}
	done := make(chan struct{})
	var reader sync.WaitGroup
	reader.Go(func() {
		var last exporter.Snapshot
		for {
			snap := c.table.Snapshot()
			a, b := last.Total, snap.Total
			if b.Packets < a.Packets || b.Records < a.Records || b.Malformed < a.Malformed || b.SequenceLost < a.SequenceLost ||
				b.SetsBeforeTemplate < a.SetsBeforeTemplate || b.SetsDropped < a.SetsDropped || b.TemplatesRedefined < a.TemplatesRedefined ||
				snap.Evicted < last.Evicted || snap.Refused["unsupported_version"] < last.Refused["unsupported_version"] || len(snap.Sources) > 20 {
				t.Errorf("%+v comes after %+v", snap, last)
				return
			}
			last = snap
			select {
			case <-done:
				return
			default:
			}
		}
	})
	var dst []flow.Record
	records := 0
	const rounds = 4000
	for i := range rounds {
		for _, packet := range packets {
			// An error is what some of these packets are for; it is counted below.
			dst, _ = c.decoder.Decode(dst[:0], packet, invented(i%50), received.Add(time.Duration(i)*time.Millisecond))
			records += len(dst)
		}
	}
	close(done)
	reader.Wait()
	snap := c.table.Snapshot()
	if s := snap.Total; s.Packets != 4*rounds || s.Records != uint64(records) || s.Malformed != rounds || snap.Refused["unsupported_version"] != rounds || snap.Evicted == 0 {
		t.Errorf("%d records, %+v, %v", records, s, snap.Refused)
	}
}

// TestVersion5CountsLessThanThereIs: what the header does not announce is no record.
func TestVersion5CountsLessThanThereIs(t *testing.T) {
	c := newCollector(exporter.Limits{})
	got, err := c.decode(packet5(1, 1, record5(1), record5(2)))
	if s := c.table.Snapshot().Total; err != nil || len(got) != 1 || got[0].Packets != 1 || s.Malformed != 0 || s.Records != 1 {
		t.Errorf("%d records, %+v, %v", len(got), s, err)
	}
}
