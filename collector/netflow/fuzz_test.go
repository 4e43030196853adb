package netflow_test

import (
	"encoding/json"
	"math"
	"net/netip"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// FuzzNetFlow9 feeds a sequence of packets to one decoder: the input is cut into packets by a length of two octets before each, so that
// templates, their changes and their data meet in every order.
func FuzzNetFlow9(f *testing.F) {
	framed := func(packets ...[]byte) []byte {
		var b []byte
		for _, p := range packets {
			b = append(append(b, u16(len(p))...), p...)
		}
		return b
	}
	f.Add(framed(packet5(2, 1, record5(1), record5(2))))
	f.Add(framed(join(header9(1, 1), set(0, template(256, ordinary...)), set(256, ordinaryRecord(1)))))
	f.Add(framed(join(header9(1, 1), set(256, ordinaryRecord(1))), join(header9(2, 1), set(0, template(256, ordinary...))), join(header9(3, 1), set(0, template(256, 1, 4)))))
	f.Add(framed(join(header9(1, 1), set(1, optionsTemplate(512, 2, 4, 82, 16)), set(512, make([]byte, 40)))))
	f.Add(framed(join(header9(1, 1), set(0, template(300, 27, 16, 28, 16, 152, 8, 56, 6, 58, 2)), set(300, make([]byte, 48)))))
	f.Add(framed(join(header9(1, 1), set(0, template(300, 1, 4, 236, 65535, 2, 4)), set(300, u32(1), []byte{3, 'a', 'b', 'c'}, u32(2)))))
	f.Add(framed(join(header9(1, 0), set(0, template(1024, edgeIngress...)), set(1024, edgeRecord(0, 7))), join(header9(1, 1), set(0, template(1024, edgeEgress...)), set(1024, edgeRecord(1, 7)))))
	f.Add(framed(join(header9(1, 1), set(300, make([]byte, 40))), join(header9(2, 1), set(0, template(9, 1, 4), template(300, 85, 8, 23, 8)), set(7), set(300, make([]byte, 15)))))
	f.Fuzz(func(t *testing.T, data []byte) {
		c := newCollector(exporter.Limits{Templates: 8, TemplateAllBytes: 4096, PendingBytes: 4096})
		var records []flow.Record
		var line []byte
		pending := 0
		for len(data) >= 2 {
			n := min(int(data[0])<<8|int(data[1]), len(data)-2)
			packet := data[2 : 2+n]
			data = data[2+n:]
			pending += n
			records, _ = c.decoder.Decode(records[:0], packet, origin, received)
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
	})
}

// FuzzNetFlow5 holds the decoder to the layout: a record for each 48 octets that the header announces and that are there, with the source
// address where it must be, and an error exactly when fewer are there.
func FuzzNetFlow5(f *testing.F) {
	f.Add(packet5(2, 1, record5(1), record5(2)))
	f.Add(packet5(3, 1, record5(1), record5(2)))
	f.Add(packet5(1, 1, record5(1), record5(2)))
	f.Add(packet5(0, 1))
	f.Add(packet5(30, 1)[:23])
	f.Fuzz(func(t *testing.T, packet []byte) {
		if len(packet) < 2 {
			return
		}
		packet = append([]byte{0, 5}, packet[2:]...)
		c := newCollector(exporter.Limits{})
		records, err := c.decode(packet)
		if len(packet) < 24 {
			if len(records) != 0 || err == nil {
				t.Fatalf("%d records out of a header that is cut, %v", len(records), err)
			}
			return
		}
		announced, there := int(packet[2])<<8|int(packet[3]), (len(packet)-24)/48
		if len(records) != min(announced, there) || (err != nil) != (announced > there) {
			t.Fatalf("%d records of %d announced, %d there, %v", len(records), announced, there, err)
		}
		for i := range records {
			r := &records[i]
			if at := packet[24+48*i:]; r.Source.Addr != netip.AddrFrom4([4]byte(at)) || r.Bytes > math.MaxUint32 || r.End-r.Start > math.MaxUint32*1e6 {
				t.Fatalf("record %d is %+v", i, r)
			}
			if line := schema.AppendJSON(nil, r); !json.Valid(line) {
				t.Fatalf("not JSON: %s", line)
			}
		}
	})
}
