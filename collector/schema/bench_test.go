package schema

import (
	"net/netip"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

func encoder(t testing.TB, s Selection) *Encoder {
	t.Helper()
	e, err := NewEncoder(s)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// ordinary is a record as a router sends most of, of 20 fields, with all that enrichment knows of two addresses, of the exporter and its
// interfaces.
func ordinary(e *Encoder) *flow.Record {
	from, to := netip.MustParseAddr("10.20.30.40"), netip.MustParseAddr("203.0.113.97")
	return &flow.Record{
		Has: flow.HasPorts | flow.HasProtocol | flow.HasTCPFlags | flow.HasTOS | flow.HasInput | flow.HasOutput | flow.HasSourceAS | flow.HasDestinationAS |
			flow.HasNextHop | flow.HasVLAN | flow.HasStart | flow.HasEnd | flow.HasDirection | flow.HasBytes | flow.HasPackets,
		Format: flow.NetFlow9, Exporter: netip.MustParseAddr("192.0.2.1"), Domain: 256, Sequence: 1_234_567,
		Source: flow.Endpoint{Addr: from, Port: 51_234, PrefixLength: 24, Known: e.Address(AddressInfo{
			IP: from, Domain: "pc7.example.net", Network: Network{Name: "office", Site: "Boxford", Role: "clients"}, Internal: true,
		})},
		Destination: flow.Endpoint{Addr: to, Port: 443, PrefixLength: 16, AS: 64500, Known: e.Address(AddressInfo{
			IP: to, Domain: "www.example.com", AS: AS{64496, "Example Networks"},
			Geo: Geo{"Europe", "GB", "United Kingdom", "England", "Boxford", true, 51.75, -1.25},
		})},
		Bytes: 123_456, Packets: 117, Received: 1_700_000_003e9, Start: 1_700_000_000_123e6, End: 1_700_000_001_456e6, Timestamp: 1_700_000_001_456e6,
		Protocol: 6, TCPFlags: 0x1b, TOS: 0xb8, Direction: 1, VLAN: 7, Input: 3, Output: 14, NextHop: netip.MustParseAddr("192.0.2.254"),
		Sampling: flow.Sampling{Interval: 1}, Client: flow.SideSource, Application: []byte(`"https"`),
		Observer: &flow.Observer{
			Name: []byte(`"edge1"`), Site: []byte(`"Boxford"`),
			Input:  flow.Interface{Name: []byte(`"ge-0/0/3"`), Alias: []byte(`"office"`)},
			Output: flow.Interface{Name: []byte(`"ge-0/0/14"`), Alias: []byte(`"upstream"`)},
		},
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, c := range []struct {
		name string
		Selection
	}{
		{"lean", Selection{Profile: "lean"}},
		{"full", Selection{}},
		{"full without community id", Selection{Without: []string{"network.community_id"}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			e := encoder(b, c.Selection)
			r, dst := ordinary(e), make([]byte, 0, 8192)
			b.ReportAllocs()
			for b.Loop() {
				dst = e.Append(dst[:0], r)
			}
			b.ReportMetric(float64(len(dst)), "B/document")
		})
	}
}
