package netflow_test

import (
	"errors"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// at is a record of so many octets with values at the given offsets.
func at(size int, values map[int][]byte) []byte {
	b := make([]byte, size)
	for offset, v := range values {
		copy(b[offset:], v)
	}
	return b
}

// head is the header that v1 and v5 to v8 begin with: version, count, uptime, seconds, nanoseconds; and what follows up to size octets.
func head(version, count, sequence, size int) []byte {
	return join(u16(version), u16(count), u32(uptime), u32(unix), u32(250_000_000), u32(sequence), make([]byte, 12))[:size]
}

// common are the first 36 octets of a record, which all versions but v8 have alike.
func common(n byte) map[int][]byte {
	return map[int][]byte{
		0: {198, 51, 100, n}, 4: {203, 0, 113, n}, 8: {192, 0, 2, 254}, 12: u16(3), 14: u16(4), 16: u32(int(n)), 20: u32(1500 * int(n)),
		24: u32(uptime - 2000), 28: u32(uptime - 1000), 32: u16(1000 + int(n)), 34: u16(443),
	}
}

func with(m, more map[int][]byte) map[int][]byte {
	for offset, v := range more {
		m[offset] = v
	}
	return m
}

// routes are what v5, v6 and v7 have alike behind the ports: Cisco, "NetFlow Export Datagram Format", tables B-4, B-6 and B-8.
func routes(n byte) map[int][]byte {
	return with(common(n), map[int][]byte{37: {0x1b}, 38: {6}, 39: {0xb8}, 40: u16(64500), 42: u16(64501), 44: {24}, 45: {16}})
}

// fixedFormats are the versions whose records have one form. Everything around the fields is filled with ones where it means something
// else or nothing.
var fixedFormats = map[string]struct {
	version, header, size int
	format                flow.Format
	record                func(n byte) []byte
	plain                 bool // no AS numbers
	window                bool // numbers its flows
}{
	"v1": {1, 16, 48, flow.NetFlow1, func(n byte) []byte {
		return at(48, with(common(n), map[int][]byte{36: {0xff, 0xff}, 38: {6}, 39: {0xb8}, 40: {0x1b}, 41: {0xff, 0xff, 0xff}, 44: {0xff}}))
	}, true, false},
	"v5": {5, 24, 48, flow.NetFlow5, func(n byte) []byte { return at(48, with(routes(n), map[int][]byte{36: {0xff}, 46: {0xff, 0xff}})) }, false, true},
	// 46, 47: encapsulation in and out; 48: next hop of the peer.
	"v6": {6, 24, 52, flow.NetFlow6, func(n byte) []byte {
		return at(52, with(routes(n), map[int][]byte{36: {0xff}, 46: {0xff, 0xff}, 48: {192, 0, 2, 77}}))
	}, false, true},
	// 36, 46: which fields are valid; 48: the router that was passed by.
	"v7": {7, 24, 52, flow.NetFlow7, func(n byte) []byte {
		return at(52, with(routes(n), map[int][]byte{36: {0x10}, 46: {0, 1}, 48: {192, 0, 2, 78}}))
	}, false, true},
}

func TestFixedFormats(t *testing.T) {
	for name, f := range fixedFormats {
		t.Run(name, func(t *testing.T) {
			c := newCollector(exporter.Limits{})
			got := c.must(t, join(head(f.version, 2, 40, f.header), f.record(1), f.record(2)))
			want := []flow.Record{expected(1, flow.NetFlow5), expected(2, flow.NetFlow5)}
			for i := range want {
				want[i].Format = f.format
				if f.window {
					want[i].Sequence = 40
				}
				if f.plain {
					want[i].Has &^= flow.HasSourceAS | flow.HasDestinationAS
					for _, e := range []*flow.Endpoint{&want[i].Source, &want[i].Destination} {
						e.AS, e.PrefixLength = 0, 0
					}
				}
			}
			if d := diff(want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestFixedFormatsCut: what is whole is kept, the rest is reported where it should be.
func TestFixedFormatsCut(t *testing.T) {
	for name, f := range fixedFormats {
		t.Run(name, func(t *testing.T) {
			whole := join(head(f.version, 2, 40, f.header), f.record(1), f.record(2))
			for length := 2; length < len(whole); length++ {
				c := newCollector(exporter.Limits{})
				got, err := c.decode(whole[:length:length])
				records, offset := 0, length
				if length >= f.header {
					records = (length - f.header) / f.size
					offset = f.header + records*f.size
				}
				var failed *flow.PacketError
				if len(got) != records || !errors.As(err, &failed) || failed.Offset != offset {
					t.Fatalf("%d octets: %d records, %v; want %d and an error at %d", length, len(got), err, records, offset)
				}
				snap := c.table.Snapshot()
				if snap.Total.Malformed+snap.Refused["too_short"] != 1 || snap.Total.Records != uint64(records) {
					t.Fatalf("%d octets: %+v", length, snap)
				}
			}
			// What the header does not announce is no record; a count of 0 is no fault.
			c := newCollector(exporter.Limits{})
			if got := c.must(t, join(head(f.version, 0, 1, f.header), f.record(1))); len(got) != 0 || c.total().Packets != 1 {
				t.Errorf("%d records, %+v", len(got), c.total())
			}
		})
	}
}

// TestSequenceOfFixedFormats: all but v1 number their flows.
func TestSequenceOfFixedFormats(t *testing.T) {
	for name, f := range fixedFormats {
		c := newCollector(exporter.Limits{})
		for _, number := range []int{100, 102, 110} { // the third comes after a gap of 6 flows
			c.must(t, join(head(f.version, 2, number, f.header), f.record(1), f.record(2)))
		}
		want := uint64(0)
		if f.window {
			want = 6
		}
		if s := c.total(); s.SequenceLost != want || s.SequenceReordered+s.SequenceRestarted != 0 {
			t.Errorf("%s: lost %d, want %d: %+v", name, s.SequenceLost, want, s)
		}
	}
}

// TestEngineAndSampling: v5 and v6 say engine type, engine id and sampling behind the number; v7 has reserved octets there, v1 nothing.
func TestEngineAndSampling(t *testing.T) {
	for name, f := range fixedFormats {
		c := newCollector(exporter.Limits{})
		h := head(f.version, 1, 1, f.header)
		if f.header == 24 {
			copy(h[20:], []byte{3, 9, 0x40 | 3, 0xe8}) // mode 1, 1 of 1000
		}
		r := c.only(t, join(h, f.record(1)))
		domain, sampling := uint32(0), flow.Sampling{}
		if f.version == 5 || f.version == 6 {
			domain, sampling = 3<<8|9, flow.Sampling{Interval: 1000, Source: flow.SamplingHeader}
		}
		if r.Domain != domain || r.Sampling != sampling {
			t.Errorf("%s: domain %d, sampling %+v", name, r.Domain, r.Sampling)
		}
	}
}
