package netflow_test

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"net/netip"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow/element"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// framed puts packets into one input of a fuzz target: each behind its length in two octets.
func framed(packets ...[]byte) []byte {
	var b []byte
	for _, p := range packets {
		b = append(append(b, u16(len(p))...), p...)
	}
	return b
}

// FuzzNetFlow9 feeds a sequence of packets to one decoder, so that templates, their changes and their data meet in every order.
func FuzzNetFlow9(f *testing.F) {
	f.Add(framed(packet5(2, 1, record5(1), record5(2))))
	f.Add(framed(join(header9(1, 1), set(0, template(256, ordinary...)), set(256, ordinaryRecord(1)))))
	f.Add(framed(join(header9(1, 1), set(256, ordinaryRecord(1))), join(header9(2, 1), set(0, template(256, ordinary...))), join(header9(3, 1), set(0, template(256, 1, 4)))))
	f.Add(framed(join(header9(1, 1), set(1, optionsTemplate(512, 2, 4, 82, 16)), set(512, make([]byte, 40)))))
	f.Add(framed(join(header9(1, 1), set(1, optionsTemplate(512, 1, 4, 48, 1, 49, 1, 50, 4)), set(512, u32(1), []byte{7, 2}, u32(100)), set(0, template(256, 1, 4, 48, 1)), set(256, u32(1), []byte{7}))))
	f.Add(framed(join(header9(1, 1), set(1, optionsTemplate(512, 1, 4, 95, 4, 96, 8)), set(512, u32(1), u32(13<<24|453), []byte("http\x00\x00\x00\x00")), set(0, template(256, 95, 4)), set(256, u32(13<<24|453)))))
	f.Add(framed(join(header9(1, 1), set(0, template(300, 27, 16, 28, 16, 152, 8, 56, 6, 58, 2)), set(300, make([]byte, 48)))))
	f.Add(framed(join(header9(1, 1), set(0, template(300, 1, 4, 236, 65535, 2, 4)), set(300, u32(1), []byte{3, 'a', 'b', 'c'}, u32(2)))))
	f.Add(framed(join(header9(1, 1), set(0, template(300, 40001, 4, 40003, 2, 233, 1, 231, 4, 232, 4, 70, 3, 71, 3)), set(300, u32(1), u16(2), []byte{3}, u32(4), u32(5), []byte{0, 1, 0, 0, 1, 0x11}))))
	f.Add(framed(join(header9(1, 0), set(0, template(1024, edgeIngress...)), set(1024, edgeRecord(0, 7))), join(header9(1, 1), set(0, template(1024, edgeEgress...)), set(1024, edgeRecord(1, 7)))))
	f.Add(framed(join(header9(1, 1), set(300, make([]byte, 40))), join(header9(2, 1), set(0, template(9, 1, 4), template(300, 85, 8, 23, 8)), set(7), set(300, make([]byte, 15)))))
	f.Fuzz(func(t *testing.T, data []byte) { feed(t, data, 9) })
}

// FuzzIPFIX does the same with messages of IPFIX: with enterprises, variable lengths, lists, both directions, withdrawals and types that
// the exporter describes.
func FuzzIPFIX(f *testing.F) {
	counters := join(u16(8), u16(4), u16(1), u16(8), u16(0x8001), u16(4), u32(29305), u16(152), u16(8))
	text := join(u16(96), u16(65535), u16(0x8000|12), u16(65535), u32(64500), u16(291), u16(65535), u16(292), u16(65535), u16(293), u16(65535))
	lists := join([]byte{4}, []byte("http"), []byte{2, 1, 2}, []byte{9, 3, 0, 1, 0, 4, 0, 0, 0, 1}[:10], []byte{11, 3, 1, 0}, make([]byte, 8), []byte{0}[:0],
		[]byte{13, 3, 1, 0, 0, 12}, make([]byte, 8))
	types := join(u16(300), u16(5), u16(2), u16(346), u16(4), u16(303), u16(2), u16(339), u16(1), u16(344), u16(1), u16(341), u16(65535))
	f.Add(framed(message(1, set(2, u16(256), u16(4), counters), set(256, u32(1), u32(0), u32(2), u32(3), u32(0), u32(4)))))
	f.Add(framed(message(1, set(2, u16(256), u16(2), u16(1), u16(4), u16(2), u16(4)), set(2, u16(257), u16(5), text), set(257, lists))))
	f.Add(framed(message(1, set(3, types), set(300, u32(64500), u16(12), []byte{13, 0, 4}, []byte("acme")), set(2, u16(257), u16(5), text), set(257, lists))))
	f.Add(framed(message(1, set(2, u16(256), u16(1), u16(1), u16(4)), set(256, u32(1))), message(2, set(2, u16(256), u16(0)), set(256, u32(2))), message(3, set(2, u16(2), u16(0)), set(3, u16(3), u16(0)))))
	f.Add(framed(message(1, set(256, u32(1), u32(2))), message(2, set(2, u16(256), u16(2), u16(22), u16(4), u16(160), u16(8))), message(3, set(256, u32(5), u32(0), u32(9)))))
	f.Add(framed(message(1, set(2, u16(256), u16(3), u16(315), u16(65535), u16(305), u16(4), u16(306), u16(4)), set(256, []byte{34}, make([]byte, 12), []byte{8, 0, 0x45, 0}, make([]byte, 18), u32(1), u32(99)))))
	f.Fuzz(func(t *testing.T, data []byte) { feed(t, data, 10) })
}

// mostFuzzed is the most octets of an input that are looked at: what more of the same can do is not worth the time.
const mostFuzzed = 1500

// message is an IPFIX message: RFC 7011 section 3.1.
func message(sequence int, sets ...[]byte) []byte {
	body := join(sets...)
	return join(u16(10), u16(16+len(body)), u32(unix), u32(sequence), u32(1), body)
}

// feed cuts an input into packets, decodes them in the version given, and holds what always holds.
func feed(t *testing.T, data []byte, version byte) {
	c := newCollector(exporter.Limits{Templates: 8, TemplateAllBytes: 4096, PendingBytes: 4096, OptionRows: 8, OptionAllBytes: 16 << 10})
	c.table.Apply(exporter.Policy{Dialect: flow.Dialect{Elements: element.Builtin(), Keep: flow.KeepAll}, MaxSkew: 1 << 40})
	data = data[:min(len(data), mostFuzzed)]
	var records []flow.Record
	var line []byte
	pending := 0
	for len(data) >= 2 {
		n := min(int(binary.BigEndian.Uint16(data)), len(data)-2)
		packet := data[2 : 2+n : 2+n]
		data = data[2+n:]
		if pending += n; n >= 2 && packet[1] != 5 {
			packet[0], packet[1] = 0, version
		}
		c.arena.Reset()
		var err error
		records, err = c.decoder.Decode(records[:0], packet, origin, received)
		var failed *flow.PacketError
		if err != nil && (!errors.As(err, &failed) || failed.Offset > n) {
			t.Fatalf("%v in %d octets", err, n)
		}
		// A record is at least one octet of this packet or of one that waited.
		if len(records) > pending {
			t.Fatalf("%d records out of %d octets", len(records), pending)
		}
		for i := range records {
			if line = schema.AppendJSON(line[:0], &records[i]); !json.Valid(line) {
				t.Fatalf("not JSON: %s", line)
			}
		}
	}
	for _, s := range c.table.Snapshot().Sources {
		if s.SetsBeforeTemplate < s.SetsDropped+uint64(s.Waiting) {
			t.Fatalf("sets are counted wrong: %+v", s)
		}
		if s.Waiting > 4096/100 || s.Templates > 4096/100 { // either takes more than 100 octets
			t.Fatalf("beyond the limits: %+v", s)
		}
	}
}

// FuzzNetFlow5 holds the decoder to the layouts of v1, v5, v6 and v7: a record for each run of octets that the header announces and that
// is there, with the source address where it must be, and an error exactly when fewer are there.
func FuzzNetFlow5(f *testing.F) {
	f.Add(packet5(2, 1, record5(1), record5(2)))
	f.Add(packet5(3, 1, record5(1), record5(2)))
	f.Add(packet5(1, 1, record5(1), record5(2)))
	f.Add(packet5(0, 1))
	f.Add(packet5(30, 1)[:23])
	for _, version := range []byte{1, 6, 7} {
		packet := packet5(2, 1, record5(1), make([]byte, 4), record5(2), make([]byte, 4))
		packet[1] = version
		f.Add(packet)
	}
	f.Fuzz(func(t *testing.T, packet []byte) {
		if len(packet) < 2 {
			return
		}
		packet = packet[:min(len(packet), mostFuzzed/5)]
		header, size := 24, 52
		switch packet[0] = 0; packet[1] {
		case 1:
			header, size = 16, 48
		case 6, 7:
		default:
			packet[1], size = 5, 48
		}
		c := newCollector(exporter.Limits{})
		records, err := c.decode(packet)
		if len(packet) < header {
			if len(records) != 0 || err == nil {
				t.Fatalf("%d records out of a header that is cut, %v", len(records), err)
			}
			return
		}
		announced, there := int(packet[2])<<8|int(packet[3]), (len(packet)-header)/size
		if len(records) != min(announced, there) || (err != nil) != (announced > there) {
			t.Fatalf("%d records of %d announced, %d there, %v", len(records), announced, there, err)
		}
		for i := range records {
			r := &records[i]
			if at := packet[header+size*i:]; r.Source.Addr != netip.AddrFrom4([4]byte(at)) || r.Bytes > math.MaxUint32 || r.End-r.Start > math.MaxUint32*1e6 {
				t.Fatalf("record %d is %+v", i, r)
			}
			if line := schema.AppendJSON(nil, r); !json.Valid(line) {
				t.Fatalf("not JSON: %s", line)
			}
		}
	})
}

// FuzzNetFlow8 holds the decoder to the header of v8: no more records than it announces, none of an aggregation that does not exist.
func FuzzNetFlow8(f *testing.F) {
	for scheme := range 16 {
		f.Add(join(u16(8), u16(2), u32(uptime), u32(unix), u32(0), u32(1), []byte{1, 7, byte(scheme), 2}, u32(0), make([]byte, 88)))
	}
	f.Fuzz(func(t *testing.T, packet []byte) {
		if len(packet) < 2 {
			return
		}
		packet = packet[:min(len(packet), mostFuzzed/5)]
		packet[0], packet[1] = 0, 8
		c := newCollector(exporter.Limits{})
		records, err := c.decode(packet)
		if len(packet) < 28 {
			if len(records) != 0 || err == nil {
				t.Fatalf("%d records out of a header that is cut, %v", len(records), err)
			}
			return
		}
		announced, scheme := int(packet[2])<<8|int(packet[3]), packet[22]
		if known := scheme >= 1 && scheme <= 14; len(records) > announced || !known && len(records) > 0 || known && (err != nil) != (len(records) < announced) {
			t.Fatalf("%d records of %d announced, aggregation %d, %v", len(records), announced, scheme, err)
		}
		for i := range records {
			if line := schema.AppendJSON(nil, &records[i]); !json.Valid(line) {
				t.Fatalf("not JSON: %s", line)
			}
		}
	})
}
