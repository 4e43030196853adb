package exporter

import (
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

func TestSequence(t *testing.T) {
	type step struct{ number, units uint32 }
	for name, test := range map[string]struct {
		steps                      []step
		lost, reordered, restarted uint64
	}{
		"in order":              {[]step{{10, 1}, {11, 1}, {12, 1}}, 0, 0, 0},
		"v5 counts flows":       {[]step{{100, 30}, {130, 30}, {160, 5}, {165, 1}}, 0, 0, 0},
		"a gap":                 {[]step{{10, 1}, {14, 1}, {15, 1}}, 3, 0, 0},
		"late":                  {[]step{{10, 1}, {12, 1}, {11, 1}, {13, 1}}, 1, 1, 0},
		"twice":                 {[]step{{10, 1}, {10, 1}, {11, 1}}, 0, 1, 0},
		"restart":               {[]step{{500_000, 1}, {1, 1}, {2, 1}}, 0, 0, 1},
		"wraps":                 {[]step{{0xffffffff, 1}, {0, 1}, {1, 1}}, 0, 0, 0},
		"a gap across a wrap":   {[]step{{0xfffffffe, 1}, {2, 1}}, 3, 0, 0},
		"too far for a gap":     {[]step{{10, 1}, {5000, 1}, {5001, 1}}, 0, 0, 1},
		"v5 wraps within flows": {[]step{{0xfffffff0, 30}, {14, 30}, {44, 1}}, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var s sequence
			for _, p := range test.steps {
				s.take(p.number, p.units, 1000)
			}
			if s.lost.Load() != test.lost || s.reordered.Load() != test.reordered || s.restarted.Load() != test.restarted {
				t.Errorf("lost %d, reordered %d, restarted %d", s.lost.Load(), s.reordered.Load(), s.restarted.Load())
			}
		})
	}
}

func TestEvictionSparesTheActive(t *testing.T) {
	table := NewTable(Limits{Exporters: 20})
	now := time.Unix(1_700_000_000, 0)
	active := netip.MustParseAddr("192.0.2.1")
	table.Source(source(active), now).Define(&Template{ID: 256})
	for i := range 5000 {
		now = now.Add(time.Second)
		table.Source(source(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})), now)
		// It sends on, and must keep its template. With 16 of 20 compared, the one seen last is never the oldest.
		if s := table.Source(source(active), now); s.Template(256) == nil {
			t.Fatalf("the active exporter was forgotten after %d invented ones", i)
		}
	}
	if snap := table.Snapshot(); len(snap.Sources) != 20 || snap.Evicted != 5001-20 {
		t.Errorf("%d sources, %d evicted", len(snap.Sources), snap.Evicted)
	}
}

func TestReadyTakesOnlyItsTemplate(t *testing.T) {
	table := NewTable(Limits{})
	s := table.Source(source(netip.MustParseAddr("192.0.2.1")), time.Unix(0, 0))
	body := []byte{1, 2, 3, 4}
	for _, id := range []uint16{256, 257, 256} {
		s.Wait(Pending{TemplateID: id, Data: body})
	}
	clear(body) // the packet's buffer is used again
	ready := s.Ready(256)
	if len(ready) != 2 || ready[0].Data[3] != 4 || table.pendingBytes != pendingOverhead+4 || len(s.Ready(256)) != 0 || len(s.Ready(257)) != 1 || table.pendingBytes != 0 {
		t.Errorf("%d ready, %d octets still pending", len(ready), table.pendingBytes)
	}
}

// TestSnapshotWhileDecoding is for the race detector.
func TestSnapshotWhileDecoding(t *testing.T) {
	table := NewTable(Limits{Exporters: 10, OptionAllBytes: 5 * deviceBytes, PacketsPerSecond: 1, Allow: prefixes("10.0.0.0/8")})
	done := make(chan struct{})
	var readers sync.WaitGroup
	readers.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				snap := table.Snapshot()
				limited := uint64(0)
				for _, d := range snap.Devices {
					limited += d.RateLimited
				}
				if limited > snap.Refused["rate_limited"] || table.Allowed(existing(1)) {
					t.Errorf("%d of %d limited", limited, snap.Refused["rate_limited"])
				}
			}
		}
	})
	for i := range 20_000 {
		s := table.Source(source(netip.AddrFrom4([4]byte{10, 0, 0, byte(i % 30)})), time.Unix(int64(i), 0))
		s.Count(3, 1)
		s.Sequence(uint32(i), 1, 1000)
		s.Wait(Pending{TemplateID: 256, Data: []byte{1}})
		s.Define(&Template{ID: 256, Fields: []flow.FieldSpec{{ID: 1, Length: uint16(1 + i%2)}}})
		s.Ready(256)
		s.NameInterface(uint32(i), []byte("eth0"), nil)
		s.DescribeSampler(1, uint32(i))
		table.Admit(s.Key.Address, time.Unix(int64(i), 0))
		table.Admit(s.Key.Address, time.Unix(int64(i), 0))
		if i%1000 == 0 {
			table.State()
		}
	}
	close(done)
	readers.Wait()
	total := table.Snapshot().Total
	if total.Packets != 20_000 || total.Records != 60_000 || total.Options != 20_000 || total.SetsBeforeTemplate != 20_000 {
		t.Errorf("%+v", total)
	}
}
