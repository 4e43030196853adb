package sflow_test

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
	"github.com/flowstack/terraform-provider-flowstack/collector/sflow"
)

// FuzzSFlow feeds a sequence of datagrams to one decoder: the input is cut into datagrams by a length of two octets before each, so that
// those of several agents, their counters and their faults meet in every order.
func FuzzSFlow(f *testing.F) {
	framed := func(packets ...[]byte) []byte {
		var b []byte
		for _, p := range packets {
			b = append(binary.BigEndian.AppendUint16(b, uint16(len(p))), p...)
		}
		return b
	}
	f.Add(framed(ordinary(1, flowSample(512, 3, 4, header(1, 1522, frame(1))))))
	f.Add(framed(ordinary(1, flowSample(512, 3, 4, extended()...)), datagram("2001:db8::1", 2, 1, expandedSample([2]uint32{0, 3}, [2]uint32{0, 3}, [2]uint32{1, 258}, extended()...))))
	f.Add(framed(ordinary(1, block(2, u32(1, 3, 2), counters(3, 7), block(1005, opaque([]byte("eth3"))))), ordinary(2, block(4, u32(1, 0, 4, 1), counters(4, 9)))))
	for _, protocol := range []uint32{7, 11, 12, 13, 14, 15, 99} {
		f.Add(framed(ordinary(1, flowSample(512, 3, 4, header(protocol, 1500, frame(1)[18:])))))
	}
	f.Add(framed(ordinary(1, block(5, u32(1)), block(9<<12|1, []byte{1}), flowSample(0, 1<<30, 2<<30, block(4, make([]byte, 56))))))
	f.Fuzz(func(t *testing.T, data []byte) {
		table := exporter.NewTable(exporter.Limits{OptionRows: 4})
		decoder := sflow.New(table, &flow.Arena{})
		var records []flow.Record
		var line []byte
		data = data[:min(len(data), 1500)] // more of the same is not worth the time
		for len(data) >= 2 {
			n := min(int(binary.BigEndian.Uint16(data)), len(data)-2)
			packet := data[2 : 2+n : 2+n]
			data = data[2+n:]
			var err error
			records, err = decoder.Decode(records[:0], packet, origin, received)
			if len(records)*40 > len(packet) { // the header of a sample has 8 octets, its fixed part 32
				t.Fatalf("%d records out of %d octets", len(records), len(packet))
			}
			var failed *flow.PacketError
			if err != nil && (!errors.As(err, &failed) || failed.Offset > len(packet)) {
				t.Fatalf("%v in %d octets", err, len(packet))
			}
			for i := range records {
				r := &records[i]
				if r.Packets != 1 || r.Bytes > 1<<32 || r.Format != flow.SFlow5 || r.Has&flow.HasPorts != 0 && r.Has&flow.HasProtocol == 0 {
					t.Fatalf("%+v", r)
				}
				if line = schema.AppendJSON(line[:0], r); !json.Valid(line) {
					t.Fatalf("not JSON: %s", line)
				}
			}
		}
		for _, s := range table.Snapshot().Sources {
			if s.Malformed > s.Packets || s.OptionsRefused > 0 && table.Source(s.Key, received).Device() == nil {
				t.Fatalf("counted wrong: %+v", s)
			}
		}
	})
}
