package decode_test

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/decode"
	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow/element"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// FuzzStream feeds a whole stream of UDP packets, of all formats and several exporters, to one decoder. Each packet stands in the input
// behind its sender and the seconds since the one before, an octet each, and its length in two. Halfway through, the collector restarts.
func FuzzStream(f *testing.F) {
	frame := func(from, seconds byte, packet ...byte) []byte {
		return append(binary.BigEndian.AppendUint16([]byte{from, seconds}, uint16(len(packet))), packet...)
	}
	header9 := []byte{0, 9, 0, 1, 0, 0, 0, 0, 0x65, 0x53, 0xf1, 0, 0, 0, 0, 1, 0, 0, 0, 1}
	template9 := slices.Concat(header9, []byte{0, 0, 0, 16, 1, 0, 0, 2, 0, 8, 0, 4, 0, 1, 0, 4})
	data9 := slices.Concat(header9, []byte{1, 0, 0, 12, 192, 0, 2, 1, 0, 0, 0, 7})
	ipfix := []byte{
		0, 10, 0, 44, 0x65, 0x53, 0xf1, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 2, 0, 16, 1, 0, 0, 2, 0, 8, 0, 4, 0, 1, 0, 4,
		1, 0, 0, 12, 192, 0, 2, 1, 0, 0, 0, 7,
	}
	v5 := append([]byte{0, 5, 0, 1, 0, 0, 0, 0, 0x65, 0x53, 0xf1, 0}, make([]byte, 12+48)...)
	sflow := append([]byte{0, 0, 0, 5, 0, 0, 0, 1, 192, 0, 2, 9}, make([]byte, 16)...)
	f.Add(append(frame(1, 0, template9...), frame(1, 1, data9...)...))
	f.Add(append(frame(1, 0, data9...), frame(2, 200, template9...)...))
	f.Add(append(append(frame(1, 0, ipfix...), frame(2, 0, v5...)...), frame(3, 0, sflow...)...))
	f.Fuzz(func(t *testing.T, data []byte) {
		limits := exporter.Limits{Exporters: 3, Templates: 8, TemplateAllBytes: 4096, PendingBytes: 1024, PendingAllBytes: 2048, OptionRows: 4, OptionAllBytes: 16 << 10, PacketsPerSecond: 4}
		policy := exporter.Policy{Dialect: flow.Dialect{Elements: element.Builtin(), Keep: flow.KeepKnown}, MaxSkew: time.Minute}
		table := exporter.NewTable(limits)
		table.Apply(policy)
		decoder := decode.New(table)
		now := time.Unix(0x6553f100, 0)
		data = data[:min(len(data), 1000)] // more of the same is not worth the time
		restart := len(data) / 2
		var records []flow.Record
		var line []byte
		for len(data) >= 4 {
			from := netip.AddrFrom4([4]byte{192, 0, 2, data[0]})
			now = now.Add(time.Duration(data[1]) * time.Second)
			n := min(int(binary.BigEndian.Uint16(data[2:])), len(data)-4)
			packet := data[4 : 4+n : 4+n]
			data = data[4+n:]
			var err error
			records, err = decoder.Decode(records[:0], packet, exporter.Origin{Address: from}, now)
			var failed *flow.PacketError
			if err != nil && (!errors.As(err, &failed) || failed.Offset > n) {
				t.Fatalf("%v in %d octets", err, n)
			}
			for i := range records {
				if line = schema.AppendJSON(line[:0], &records[i]); !json.Valid(line) {
					t.Fatalf("not JSON: %s", line)
				}
			}
			if len(data) < restart {
				restart = 0
				state := table.State()
				table = exporter.NewTable(limits)
				table.Apply(policy)
				table.Restore(state)
				decoder = decode.New(table)
			}
		}
		if snap := table.Snapshot(); len(snap.Sources) > 3 {
			t.Fatalf("%d sources", len(snap.Sources))
		}
	})
}
