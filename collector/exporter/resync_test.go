package exporter

import "testing"

// TestUnits: each format counts something else, across the wrap of the number at 2^32 as anywhere.
func TestUnits(t *testing.T) {
	const wrap = 1 << 32
	for name, test := range map[string]struct {
		units, packets, window uint32
	}{
		"NetFlow v5: flows":              {30, 100, 30_000},
		"NetFlow v7: flows":              {27, 100, 30_000},
		"NetFlow v8: flows":              {51, 100, 30_000},
		"NetFlow v9: packets":            {1, 100, 1000},
		"IPFIX: data records":            {17, 100, 30_000},
		"IPFIX: messages of no records":  {0, 100, 30_000},
		"sFlow: datagrams of a subagent": {1, 100, 1000},
	} {
		t.Run(name, func(t *testing.T) {
			var whole, gap sequence
			number := uint64(wrap) - uint64(50*test.units) // half of them come before the wrap
			for i := range test.packets {
				whole.take(uint32(number), test.units, int32(test.window))
				if i < 45 || i >= 55 { // ten are lost, the wrap among them
					gap.take(uint32(number), test.units, int32(test.window))
				}
				number += uint64(test.units)
			}
			if lost, reordered, restarted := whole.lost.Load(), whole.reordered.Load(), whole.restarted.Load(); lost+reordered+restarted != 0 {
				t.Errorf("lost %d, reordered %d, restarted %d; want none", lost, reordered, restarted)
			}
			if lost, reordered, restarted := gap.lost.Load(), gap.reordered.Load(), gap.restarted.Load(); lost != uint64(10*test.units) || reordered+restarted != 0 {
				t.Errorf("lost %d, reordered %d, restarted %d; want %d, 0, 0", lost, reordered, restarted, 10*test.units)
			}
		})
	}
}

// TestResync: what a message carries whose sets wait for their template is not known, so what comes next is no loss. Before and after it
// loss is seen as ever.
func TestResync(t *testing.T) {
	type step struct {
		number, units uint32
		unknown       bool
	}
	for name, test := range map[string]struct {
		steps                      []step
		lost, reordered, restarted uint64
	}{
		"unknown units":            {[]step{{100, 10, false}, {110, 0, true}, {150, 10, false}, {160, 10, false}}, 0, 0, 0},
		"at the start":             {[]step{{100, 0, true}, {120, 0, true}, {140, 5, false}, {145, 5, false}}, 0, 0, 0},
		"loss before":              {[]step{{100, 10, false}, {115, 0, true}, {150, 10, false}}, 5, 0, 0},
		"loss after":               {[]step{{100, 0, true}, {150, 10, false}, {167, 10, false}}, 7, 0, 0},
		"a part is known":          {[]step{{100, 10, false}, {110, 4, true}, {114, 10, false}, {124, 1, false}}, 0, 0, 0},
		"late after it":            {[]step{{90, 10, false}, {110, 0, true}, {100, 10, false}, {130, 1, false}, {131, 1, false}}, 10, 10, 0},
		"restart after it":         {[]step{{500_000, 10, true}, {0, 10, false}, {10, 10, false}}, 0, 0, 1},
		"across the wrap":          {[]step{{0xfffffff0, 0, true}, {5, 10, false}, {15, 1, false}}, 0, 0, 0},
		"too far to be its units?": {[]step{{100, 0, true}, {50_000, 10, false}}, 0, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := &Source{}
			for _, p := range test.steps {
				s.Sequence(p.number, p.units, 30_000)
				if p.unknown {
					s.Resync()
				}
			}
			got := s.stats()
			if got.SequenceLost != test.lost || got.SequenceReordered != test.reordered || got.SequenceRestarted != test.restarted {
				t.Errorf("lost %d, reordered %d, restarted %d; want %d, %d, %d",
					got.SequenceLost, got.SequenceReordered, got.SequenceRestarted, test.lost, test.reordered, test.restarted)
			}
		})
	}
}
