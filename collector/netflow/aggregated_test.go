package netflow_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// head8 is the header of NetFlow v8: Cisco, "NetFlow Export Datagram Format", table B-9.
func head8(scheme byte, count, sequence int) []byte {
	return with8(head(8, count, sequence, 28), scheme)
}

func with8(h []byte, scheme byte) []byte {
	copy(h[20:], []byte{2, 5, scheme, 2, 0, 0, 0, 0}) // engine type and id, aggregation, its version
	return h
}

// counters are what the aggregations of routers begin with: flows, packets, octets, first, last.
func counters(more map[int][]byte) map[int][]byte {
	return with(map[int][]byte{0: u32(77), 4: u32(9), 8: u32(4500), 12: u32(uptime - 2000), 16: u32(uptime - 1000)}, more)
}

var (
	netA, netB = []byte{198, 51, 100, 0}, []byte{203, 0, 113, 0}
	ones       = []byte{0xff, 0xff, 0xff, 0xff}
)

// schemes8 are records by aggregation, each value at its offset as flow-tools has it (ftlib.h, struct ftrec_v8_1 to _14). Padding, the
// type of service that was marked, packets in excess and the router passed by are filled with ones.
var schemes8 = map[byte]struct {
	size   int
	values map[int][]byte
	want   string
}{
	1: {28, counters(map[int][]byte{20: u16(64500), 22: u16(64501), 24: u16(3), 26: u16(4)}), "?/0 > ?/0 in 3 out 4 as 64500 as 64501"},
	2: {28, counters(map[int][]byte{20: {17}, 21: ones[:3], 24: u16(1000), 26: u16(53)}), "?/0 > ?/0 protocol 17"},
	3: {32, counters(map[int][]byte{20: netA, 24: {24}, 25: ones[:1], 26: u16(64500), 28: u16(3), 30: ones[:2]}), "198.51.100.0:0/24 > ?/0 in 3 as 64500"},
	4: {32, counters(map[int][]byte{20: netB, 24: {16}, 25: ones[:1], 26: u16(64501), 28: u16(4), 30: ones[:2]}), "?/0 > 203.0.113.0:0/16 out 4 as 64501"},
	5: {
		40, counters(map[int][]byte{20: netA, 24: netB, 28: {16}, 29: {24}, 30: ones[:2], 32: u16(64500), 34: u16(64501), 36: u16(3), 38: u16(4)}),
		"198.51.100.0:0/24 > 203.0.113.0:0/16 in 3 out 4 as 64500 as 64501",
	},
	6: {
		32,
		map[int][]byte{0: netB, 4: u32(9), 8: u32(4500), 12: u32(uptime - 2000), 16: u32(uptime - 1000), 20: u16(4), 22: {0xb8}, 23: ones[:1], 24: ones, 28: ones},
		"?/0 > 203.0.113.0:0/0 tos 0xb8 out 4",
	},
	7: {
		40, map[int][]byte{
			0: netB, 4: netA, 8: u32(9), 12: u32(4500), 16: u32(uptime - 2000), 20: u32(uptime - 1000), 24: u16(4), 26: u16(3), 28: {0xb8},
			29: ones[:3], 32: ones, 36: ones,
		}, "198.51.100.0:0/0 > 203.0.113.0:0/0 tos 0xb8 in 3 out 4",
	},
	8: {
		44, map[int][]byte{
			0: netB, 4: netA, 8: u16(53), 10: u16(1000), 12: u32(9), 16: u32(4500), 20: u32(uptime - 2000), 24: u32(uptime - 1000), 28: u16(4), 30: u16(3),
			32: {0xb8}, 33: {17}, 34: ones[:2], 36: ones, 40: ones,
		}, "198.51.100.0:1000/0 > 203.0.113.0:53/0 protocol 17 tos 0xb8 in 3 out 4",
	},
	9: {
		32, counters(map[int][]byte{20: u16(64500), 22: u16(64501), 24: u16(3), 26: u16(4), 28: {0xb8}, 29: ones[:3]}),
		"?/0 > ?/0 tos 0xb8 in 3 out 4 as 64500 as 64501",
	},
	10: {
		32, counters(map[int][]byte{20: {17}, 21: {0xb8}, 22: ones[:2], 24: u16(1000), 26: u16(53), 28: u16(3), 30: u16(4)}),
		"?/0 > ?/0 protocol 17 tos 0xb8 in 3 out 4",
	},
	11: {
		32, counters(map[int][]byte{20: netA, 24: {24}, 25: {0xb8}, 26: u16(64500), 28: u16(3), 30: ones[:2]}),
		"198.51.100.0:0/24 > ?/0 tos 0xb8 in 3 as 64500",
	},
	12: {
		32, counters(map[int][]byte{20: netB, 24: {16}, 25: {0xb8}, 26: u16(64501), 28: u16(4), 30: ones[:2]}),
		"?/0 > 203.0.113.0:0/16 tos 0xb8 out 4 as 64501",
	},
	13: {
		40, counters(map[int][]byte{20: netA, 24: netB, 28: {16}, 29: {24}, 30: {0xb8}, 31: ones[:1], 32: u16(64500), 34: u16(64501), 36: u16(3), 38: u16(4)}),
		"198.51.100.0:0/24 > 203.0.113.0:0/16 tos 0xb8 in 3 out 4 as 64500 as 64501",
	},
	14: {
		40, counters(map[int][]byte{20: netA, 24: netB, 28: {16}, 29: {24}, 30: {0xb8}, 31: {17}, 32: u16(1000), 34: u16(53), 36: u16(3), 38: u16(4)}),
		"198.51.100.0:1000/24 > 203.0.113.0:53/16 protocol 17 tos 0xb8 in 3 out 4",
	},
}

// said is describe without what all of these records say: counters and times.
func said(t *testing.T, r flow.Record) string {
	t.Helper()
	if r.Packets != 9 || r.Bytes != 4500 || r.Start != r.Exported-2e9 || r.End != r.Exported-1e9 || r.Has&(flow.HasStart|flow.HasEnd) != flow.HasStart|flow.HasEnd {
		t.Errorf("%+v", r)
	}
	r.Has &^= flow.HasStart | flow.HasEnd | flow.HasBytes | flow.HasPackets
	if r.Has&flow.HasPorts != 0 && (r.Source.Port != 1000 || r.Destination.Port != 53) {
		t.Errorf("ports %d and %d", r.Source.Port, r.Destination.Port)
	}
	return strings.ReplaceAll(describe(r), "invalid AddrPort/", "?/")
}

func TestAggregations(t *testing.T) {
	if len(schemes8) != 14 {
		t.Fatal("Cisco has 14 aggregations")
	}
	for scheme, test := range schemes8 {
		c := newCollector(exporter.Limits{})
		record := at(test.size, test.values)
		got := c.must(t, join(head8(scheme, 2, 40), record, record))
		if len(got) != 2 {
			t.Fatalf("aggregation %d: %d records", scheme, len(got))
		}
		for _, r := range got {
			if text := said(t, r); text != test.want {
				t.Errorf("aggregation %d:\n got %s\nwant %s", scheme, text, test.want)
			}
			if r.Format != flow.NetFlow8 || r.Domain != 2<<8|5 || r.Sequence != 40 || r.Timestamp != r.End || r.Exporter != router.Addr() || (r.Details == nil) != (scheme >= 6 && scheme <= 8) ||
				(r.Has&flow.HasPorts != 0) != slices.Contains([]byte{2, 8, 10, 14}, scheme) || r.Exported != unix*1e9+250_000_000 {
				t.Errorf("aggregation %d: %+v", scheme, r)
			}
		}
		// Cut in every place.
		whole := join(head8(scheme, 2, 40), record, record)
		for length := 2; length < len(whole); length++ {
			records, offset := 0, length
			if length >= 28 {
				records = (length - 28) / test.size
				offset = 28 + records*test.size
			}
			got, err := newCollector(exporter.Limits{}).decode(whole[:length:length])
			var failed *flow.PacketError
			if len(got) != records || !errors.As(err, &failed) || failed.Offset != offset {
				t.Fatalf("aggregation %d, %d octets: %d records, %v; want %d and an error at %d", scheme, length, len(got), err, records, offset)
			}
		}
	}
}

func TestUnknownAggregations(t *testing.T) {
	for _, scheme := range []byte{0, 15, 255} {
		c := newCollector(exporter.Limits{})
		got, err := c.decode(join(head8(scheme, 1, 40), make([]byte, 100)))
		var failed *flow.PacketError
		if len(got) != 0 || !errors.As(err, &failed) || failed.Offset != 22 || c.total().Malformed != 1 || c.total().Packets != 1 {
			t.Errorf("%d: %d records, %v, %+v", scheme, len(got), err, c.total())
		}
	}
}

// TestSequenceOfAggregations: the flows are numbered, whatever the aggregation.
func TestSequenceOfAggregations(t *testing.T) {
	c := newCollector(exporter.Limits{})
	c.must(t, join(head8(1, 2, 0), make([]byte, 56)), join(head8(14, 1, 2), make([]byte, 40)), join(head8(7, 1, 13), make([]byte, 40)))
	if s := c.total(); s.SequenceLost != 10 || s.SequenceReordered+s.SequenceRestarted != 0 || s.Records != 4 {
		t.Errorf("%+v", s)
	}
}
