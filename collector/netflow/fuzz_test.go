package netflow_test

import (
	"encoding/json"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// FuzzDecode feeds a sequence of packets to one decoder: the input is cut into packets by a length of two octets before each, so that
// templates, their changes and their data meet in every order.
func FuzzDecode(f *testing.F) {
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
	f.Add(framed(join(header9(1, 1), set(1, optionsTemplate(512, 1, 2, 4, 82, 16)), set(512, make([]byte, 40)))))
	f.Add(framed(join(header9(1, 1), set(0, template(300, 27, 16, 28, 16, 152, 8, 56, 6, 58, 2)), set(300, make([]byte, 48)))))
	f.Fuzz(func(t *testing.T, data []byte) {
		c := newCollector(exporter.Limits{Templates: 8, PendingBytes: 4096})
		var records []flow.Record
		var line []byte
		pending := 0
		for len(data) >= 2 {
			n := min(int(data[0])<<8|int(data[1]), len(data)-2)
			packet := data[2 : 2+n]
			data = data[2+n:]
			pending += n
			records, _ = c.decoder.Decode(records[:0], packet, router, received)
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
		s := c.table.Snapshot().Total
		if s.SetsBeforeTemplate < s.SetsDropped+uint64(s.Waiting) {
			t.Fatalf("sets are counted wrong: %+v", s)
		}
	})
}
