package netflow_test

import (
	"net/netip"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// An EdgeRouter runs one pmacct daemon for each direction. Both number their templates alike, so that only the source id (their
// engine-id) tells them apart. Field 201 is no NetFlow v9 type and is skipped.
var (
	edgeIngress = []int{21, 4, 22, 4, 1, 4, 2, 4, 60, 1, 10, 2, 14, 2, 61, 1, 3, 4, 8, 4, 12, 4, 7, 2, 11, 2, 5, 1, 6, 1, 4, 1, 56, 6, 80, 6, 58, 2, 201, 4}
	edgeEgress  = []int{21, 4, 22, 4, 1, 4, 2, 4, 60, 1, 10, 2, 14, 2, 61, 1, 3, 4, 8, 4, 12, 4, 7, 2, 11, 2, 5, 1, 6, 1, 4, 1, 81, 6, 57, 6, 59, 2, 201, 4}
	edgeIPv6    = []int{21, 4, 22, 4, 1, 4, 2, 4, 60, 1, 10, 2, 14, 2, 61, 1, 3, 4, 27, 16, 28, 16, 5, 1, 7, 2, 11, 2, 6, 1, 4, 1, 56, 6, 80, 6, 58, 2, 201, 4}
)

func edgeRecord(direction, vlan byte) []byte {
	return join(u32(uptime-1000), u32(uptime-4500), u32(3668), u32(21), []byte{4}, u16(2), u16(4), []byte{direction}, u32(0),
		[]byte{198, 51, 100, 1}, []byte{203, 0, 113, 2}, u16(47690), u16(443), []byte{0x10, 0x1b, 6},
		[]byte{2, 0, 0, 0, 0, 1}, []byte{2, 0, 0, 0, 0, 2}, []byte{0, vlan}, []byte{0, 0, 0, 4})
}

const hasEdge = flow.HasPorts | flow.HasProtocol | flow.HasTCPFlags | flow.HasTOS | flow.HasInput | flow.HasOutput | flow.HasVLAN |
	flow.HasSourceMAC | flow.HasDestinationMAC | flow.HasStart | flow.HasEnd | flow.HasDirection | flow.HasBytes | flow.HasPackets

func TestEdgeRouter(t *testing.T) {
	c := newCollector(exporter.Limits{})
	if n := len(edgeRecord(0, 0)); n != 59 {
		t.Fatalf("the record has %d octets, an EdgeRouter's has 59", n)
	}
	for engine, fields := range [][]int{edgeIngress, edgeEgress} {
		if _, err := c.decode(join(header9(1, engine), set(0, template(1024, fields...)), set(0, template(2048, edgeIPv6...)))); err != nil {
			t.Fatal(err)
		}
	}
	const sent = int64(unix) * 1e9
	for engine := range 2 {
		got, err := c.decode(join(header9(2, engine), set(1024, edgeRecord(byte(engine), 7), edgeRecord(byte(engine), 7))))
		if err != nil {
			t.Fatal(err)
		}
		one := flow.Record{
			Has: hasEdge, Format: flow.NetFlow9, Exporter: router.Addr(), Domain: uint32(engine), Sequence: 2,
			Received: received.UnixNano(), Exported: sent, Start: sent - 4.5e9, End: sent - 1e9, Timestamp: sent - 1e9,
			Source:      flow.Endpoint{Addr: netip.MustParseAddr("198.51.100.1"), Port: 47690, MAC: [6]byte{2, 0, 0, 0, 0, 1}},
			Destination: flow.Endpoint{Addr: netip.MustParseAddr("203.0.113.2"), Port: 443, MAC: [6]byte{2, 0, 0, 0, 0, 2}},
			Bytes:       3668, Packets: 21, Protocol: 6, TCPFlags: 0x1b, TOS: 0x10, Direction: uint8(engine), VLAN: 7, Input: 2, Output: 4,
		}
		if d := diff([]flow.Record{one, one}, got); d != "" {
			t.Errorf("engine %d: %s", engine, d)
		}
	}
	six := netip.MustParseAddr("2001:db8::7")
	got, err := c.decode(join(header9(3, 1), set(2048, u32(uptime), u32(uptime), u32(80), u32(1), []byte{6}, u16(2), u16(4), []byte{0}, u32(0),
		six.AsSlice(), six.AsSlice(), []byte{0}, u16(1), u16(2), []byte{2, 6}, make([]byte, 12), u16(0), make([]byte, 4))))
	if err != nil || len(got) != 1 || got[0].Source.Addr != six || got[0].Destination.Port != 2 || got[0].Has&flow.HasSourceMAC != 0 {
		t.Errorf("IPv6: %+v, %v", got, err)
	}
}

// TestSamplingOfVersion5: two bits of mode, 14 of interval, in the header.
func TestSamplingOfVersion5(t *testing.T) {
	for _, test := range []struct {
		header   int
		has      bool
		interval uint32
	}{
		{0, false, 0},
		{1<<14 | 1000, true, 1000},
		{2<<14 | 0x3fff, true, 0x3fff},
		{1 << 14, false, 0},
	} {
		packet := packet5(1, 1, record5(1))
		copy(packet[22:], u16(test.header))
		got, err := newCollector(exporter.Limits{}).decode(packet)
		if err != nil || len(got) != 1 {
			t.Fatalf("%d records, %v", len(got), err)
		}
		r := got[0]
		if r.Sampling.Interval != test.interval || (r.Sampling.Source == flow.SamplingHeader) != test.has {
			t.Errorf("%#04x: %+v", test.header, r.Sampling)
		}
	}
}
