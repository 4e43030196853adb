package decode_test

import (
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// underRace says that the race detector is on, which makes all of this take ten times as long.
var underRace bool

// heap is what is in use when nothing is left to collect.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestFlood: a million invented exporters send a packet each, with a template, data of it, data of another and a description of themselves,
// while twenty real ones send once a minute. The real ones are decoded all along, and memory stays within the limits.
func TestFlood(t *testing.T) {
	const genuine, aMinute, exporters, sourceBytes, share = 20, 50_000, 2000, 1024, 1 << 20
	invented := 1_000_000
	if underRace {
		invented = 100_000
	}
	limits := exporter.Limits{Exporters: exporters, TemplateAllBytes: share, PendingAllBytes: share, OptionAllBytes: share}
	spoofed := message(
		set(2, list(256, 6, 8, 4, 12, 4, 7, 2, 11, 2, 1, 4, 371, 65535)), set(256, make([]byte, 16), []byte("\x03ann")), set(999, make([]byte, 40)),
		set(3, list(400, 2, 1, 10, 4, 82, 8)), set(400, u32(1), []byte("ethernet")),
	)
	announce, data := message(set(2, list(256, 2, 8, 4, 1, 4)), set(256, u32(1), u32(2))), message(set(256, u32(1), u32(2)))

	before := heap()
	c := newCollector(limits, exporter.Policy{})
	var dst []flow.Record
	now := received
	send := func(packet []byte, from netip.Addr) int {
		var err error
		if dst, err = c.decoder.Decode(dst[:0], packet, exporter.Origin{Address: from}, now); err != nil {
			t.Fatal(err)
		}
		return len(dst)
	}
	everybody := func(packet []byte) {
		for i := range genuine {
			if send(packet, netip.AddrFrom4([4]byte{192, 0, 2, byte(i)})) != 1 {
				t.Fatalf("real exporter %d is forgotten %v after the start", i, now.Sub(received))
			}
		}
		now = now.Add(time.Minute / aMinute)
	}
	for range 3 { // minutes before the flood
		everybody(announce)
		now = now.Add(time.Minute)
	}
	for i := range invented {
		if i%aMinute == 0 {
			everybody(data)
		}
		if send(spoofed, netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})) != 1 {
			t.Fatal("the packet is not as it should be")
		}
		now = now.Add(time.Minute / aMinute)
	}
	everybody(data)

	if after, most := heap(), uint64(3*share+exporters*sourceBytes); after > before+most {
		t.Errorf("%d octets are held, no more than %d may be", after-before, most)
	}
	snap := c.table.Snapshot()
	if len(snap.Sources) > exporters || snap.Evicted < uint64(invented-exporters) || snap.Total.Packets < uint64(invented) || snap.RowsForgotten == 0 {
		t.Errorf("%d sources, %d evicted, %d packets, %d rows forgotten", len(snap.Sources), snap.Evicted, snap.Total.Packets, snap.RowsForgotten)
	}
	runtime.KeepAlive(c)
}
