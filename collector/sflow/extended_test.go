package sflow_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// extended is one record of every kind that is read.
func extended() [][]byte {
	return [][]byte{
		header(1, 1522, frame(1)),
		block(2, u32(1522), []byte{2, 0, 0, 0, 2, 1, 0, 0, 2, 0, 0, 0, 1, 1, 0, 0}, u32(0x800)),
		block(3, u32(1500, 6), []byte{198, 51, 100, 1}, []byte{203, 0, 113, 1}, u32(1025, 443, 0x18, 0xb8)),
		block(1001, u32(42, 0, 43, 0)),
		block(1002, address("192.0.2.254"), u32(24, 16)),
		block(1003, address("192.0.2.253"), u32(64496, 64497, 64498, 2), u32(2, 2, 64499, 64500), u32(1, 1, 64501), u32(1, 0xfde80001), u32(100)),
		block(1004, u32(106), opaque([]byte("alice")), u32(106), opaque([]byte("bob"))),
		block(1006, address("192.0.2.252"), u32(2, 16<<12|64, 17<<12|0x140), u32(0)),
		block(1007, address("192.0.2.10"), address("192.0.2.11")),
		block(1014, opaque([]byte("guests")), []byte{2, 0, 0, 0, 3, 1, 0, 0}, u32(4, 36, 0, 54_000_000, 30, 180, 100)),
		block(1020, u32(40000, 8443)),
		block(1030, u32(5001)),
	}
}

// TestEthernetFrameData: section 5, "sampled_ethernet". A hardware address has 8 octets in XDR, 6 with some agents.
func TestEthernetFrameData(t *testing.T) {
	source, destination := []byte{2, 0, 0, 0, 2, 1}, []byte{2, 0, 0, 0, 1, 1}
	for name, record := range map[string][]byte{
		"filled up": block(2, u32(1522), source, u32(0)[:2], destination, u32(0)[:2], u32(0x806)),
		"packed":    block(2, u32(1522), source, destination, u32(0x806)),
	} {
		r := one(t, record)
		if r.Source.MAC != [6]byte(source) || r.Destination.MAC != [6]byte(destination) || r.Has&(flow.HasSourceMAC|flow.HasDestinationMAC) != flow.HasSourceMAC|flow.HasDestinationMAC {
			t.Errorf("%s: %x > %x", name, r.Source.MAC, r.Destination.MAC)
		}
		if r.Bytes != 1522 || r.Has&flow.HasBytes == 0 {
			t.Errorf("%s: %d octets", name, r.Bytes)
		}
	}
	// The length of the IP packet has precedence, whichever comes first.
	ip := block(3, u32(1500, 17), []byte{198, 51, 100, 1}, []byte{203, 0, 113, 1}, u32(53, 5353, 0, 0))
	ethernet := block(2, u32(1522), source, destination, u32(0x800))
	for _, records := range [][][]byte{{ip, ethernet}, {ethernet, ip}} {
		if r := one(t, records...); r.Bytes != 1500 {
			t.Errorf("%d octets, want those of layer 3", r.Bytes)
		}
	}
}

// TestIPData: section 5, "sampled_ipv4" and "sampled_ipv6".
func TestIPData(t *testing.T) {
	v4 := join([]byte{198, 51, 100, 1}, []byte{203, 0, 113, 1})
	v6 := join(netip.MustParseAddr("2001:db8::1").AsSlice(), netip.MustParseAddr("2001:db8::2").AsSlice())
	for name, test := range map[string]struct {
		record []byte
		source string
		want   flow.Record
		has    flow.Fields
	}{
		"TCP": {
			block(3, u32(1500, 6), v4, u32(1025, 443, 0x112, 0xb8)), "198.51.100.1",
			flow.Record{Bytes: 1500, Protocol: 6, TCPFlags: 0x112, TOS: 0xb8},
			flow.HasPorts | flow.HasTCPFlags,
		},
		"UDP over IPv6": {
			block(4, u32(120, 17), v6, u32(1025, 443, 0, 8)), "2001:db8::1",
			flow.Record{Bytes: 120, Protocol: 17, TOS: 8},
			flow.HasPorts,
		},
		"ICMP has no ports": {block(3, u32(84, 1), v4, u32(1025, 443, 0, 0)), "198.51.100.1", flow.Record{Bytes: 84, Protocol: 1}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := one(t, test.record)
			if r.Source.Addr != netip.MustParseAddr(test.source) || !r.Destination.Addr.IsValid() {
				t.Errorf("%s > %s", r.Source.Addr, r.Destination.Addr)
			}
			if r.Bytes != test.want.Bytes || r.Packets != 1 || r.Protocol != test.want.Protocol || r.TCPFlags != test.want.TCPFlags || r.TOS != test.want.TOS {
				t.Errorf("%+v", r)
			}
			if test.has&flow.HasPorts != 0 && (r.Source.Port != 1025 || r.Destination.Port != 443) {
				t.Errorf("ports %d > %d", r.Source.Port, r.Destination.Port)
			}
			want := ordinaryHas | flow.HasBytes | flow.HasProtocol | flow.HasTOS | test.has
			if r.Has != want {
				t.Errorf("has %b, want %b", r.Has, want)
			}
		})
	}
}

// TestHeaderHasPrecedence over what the device says of the packet, whichever comes first.
func TestHeaderHasPrecedence(t *testing.T) {
	header := header(1, 1522, frame(1))
	ip := block(3, u32(1500, 17), []byte{192, 0, 2, 8}, []byte{192, 0, 2, 9}, u32(53, 5353, 0, 0))
	ethernet := block(2, u32(1522), []byte{2, 0, 0, 0, 9, 1, 0, 0, 2, 0, 0, 0, 9, 2, 0, 0}, u32(0x800))
	for _, records := range [][][]byte{{header, ip, ethernet}, {ip, ethernet, header}} {
		r := one(t, records...)
		if r.Source.Addr.String() != "198.51.100.1" || r.Destination.Addr.String() != "203.0.113.1" || r.Protocol != 6 || r.Source.Port != 1025 || r.TOS != 0xb8 ||
			r.Source.MAC != [6]byte{2, 0, 0, 0, 2, 1} {
			t.Errorf("decoded as %+v", r)
		}
	}
}

// TestExtendedRecords: section 5, "extended_*"; sflow_pnat.txt; sflow_tunnels.txt.
func TestExtendedRecords(t *testing.T) {
	peer := block(1003, address("192.0.2.253"), u32(64496, 64497, 64498, 0), u32(0), u32(100))
	router := block(1002, address("192.0.2.254"), u32(24, 16))
	hop := func(want string) func(r *flow.Record) bool {
		return func(r *flow.Record) bool { return r.Has&flow.HasNextHop != 0 && r.NextHop == netip.MustParseAddr(want) }
	}
	vlan := func(want uint16) func(r *flow.Record) bool {
		return func(r *flow.Record) bool { return r.Has&flow.HasVLAN != 0 && r.VLAN == want }
	}
	tagged := header(1, 1522, frame(1)) // VLAN 42
	labelled := header(13, 1508, join(u32(20<<12|0x140), frame(1)[18:]))
	labels := func(want ...uint32) func(r *flow.Record) bool {
		return func(r *flow.Record) bool { return slices.Equal(r.Details.Labels[:r.Details.LabelCount], want) }
	}
	for name, test := range map[string]struct {
		records [][]byte
		ok      func(r *flow.Record) bool
	}{
		"switch":                            {[][]byte{block(1001, u32(7, 0, 8, 0))}, vlan(7)},
		"switch, VLAN of the input unknown": {[][]byte{block(1001, u32(0xffffffff, 0xffffffff, 8, 0))}, vlan(8)},
		"switch without VLANs":              {[][]byte{block(1001, u32(0xffffffff, 0, 0, 0))}, func(r *flow.Record) bool { return r.Has&flow.HasVLAN == 0 }},
		"switch before a tag":               {[][]byte{block(1001, u32(7, 0, 8, 0)), tagged}, vlan(42)},
		"switch behind a tag":               {[][]byte{tagged, block(1001, u32(7, 0, 8, 0))}, vlan(42)},
		"router": {[][]byte{router}, func(r *flow.Record) bool {
			return hop("192.0.2.254")(r) && r.Source.PrefixLength == 24 && r.Destination.PrefixLength == 16
		}},
		"router, IPv6":                   {[][]byte{block(1002, address("2001:db8::fe"), u32(48, 64))}, hop("2001:db8::fe")},
		"router, next hop not known":     {[][]byte{block(1002, address(""), u32(24, 16))}, func(r *flow.Record) bool { return r.Has&flow.HasNextHop == 0 && r.Source.PrefixLength == 24 }},
		"router, impossible prefix":      {[][]byte{block(1002, address("192.0.2.254"), u32(24, 160))}, func(r *flow.Record) bool { return r.Source.PrefixLength == 0 && r.Destination.PrefixLength == 0 }},
		"router and BGP":                 {[][]byte{router, peer}, hop("192.0.2.254")},
		"BGP and router":                 {[][]byte{peer, router}, hop("192.0.2.254")},
		"BGP and a router of no address": {[][]byte{peer, block(1002, address("0.0.0.0"), u32(24, 16))}, hop("192.0.2.253")},
		"a router of no address and BGP": {[][]byte{block(1002, address("0.0.0.0"), u32(24, 16)), peer}, hop("192.0.2.253")},
		"BGP": {[][]byte{extended()[5]}, func(r *flow.Record) bool {
			d := r.Details
			return hop("192.0.2.253")(r) && r.Source.AS == 64497 && d.PreviousAS == 64498 && d.NextAS == 64499 && r.Destination.AS == 64501 &&
				r.Has&(flow.HasSourceAS|flow.HasDestinationAS) == flow.HasSourceAS|flow.HasDestinationAS && d.Has == flow.HasPreviousAS|flow.HasNextAS
		}},
		"BGP, empty path": {[][]byte{peer}, func(r *flow.Record) bool {
			return r.Has&flow.HasSourceAS != 0 && r.Has&flow.HasDestinationAS == 0 && r.Details.Has == flow.HasPreviousAS
		}},
		"BGP, path of empty segments": {[][]byte{block(1003, address(""), u32(1, 2, 3, 2), u32(2, 0), u32(1, 0), u32(0), u32(100))}, func(r *flow.Record) bool {
			return r.Has&flow.HasDestinationAS == 0 && r.Has&flow.HasNextHop == 0 && r.Source.AS == 2
		}},
		"user":                           {[][]byte{extended()[6]}, func(r *flow.Record) bool { return string(r.Details.User) == "alice" }},
		"user of the destination":        {[][]byte{block(1004, u32(106), opaque(nil), u32(106), opaque([]byte("bob")))}, func(r *flow.Record) bool { return string(r.Details.User) == "bob" }},
		"nobody":                         {[][]byte{block(1004, u32(106), opaque(nil), u32(106), opaque(nil))}, func(r *flow.Record) bool { return r.Details == nil }},
		"MPLS":                           {[][]byte{extended()[7]}, func(r *flow.Record) bool { return hop("192.0.2.252")(r) && labels(16, 17)(r) }},
		"MPLS, labels pushed":            {[][]byte{block(1006, address("192.0.2.252"), u32(0), u32(1, 18<<12|0x140))}, labels(18)},
		"MPLS, no labels":                {[][]byte{block(1006, address("192.0.2.252"), u32(0), u32(0))}, func(r *flow.Record) bool { return r.Details == nil }},
		"MPLS before a packet of labels": {[][]byte{extended()[7], labelled}, labels(20)},
		"MPLS behind a packet of labels": {[][]byte{labelled, extended()[7]}, labels(20)},
		"more labels than there is room": {[][]byte{block(1006, address(""), u32(12), u32(1<<12, 2<<12, 3<<12, 4<<12, 5<<12, 6<<12, 7<<12, 8<<12, 9<<12, 10<<12, 11<<12, 12<<12), u32(0))}, labels(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)},
		"NAT": {[][]byte{extended()[8]}, func(r *flow.Record) bool {
			return r.Details.SourceNAT.String() == "192.0.2.10" && r.Details.DestinationNAT.String() == "192.0.2.11"
		}},
		"NAT ports": {[][]byte{extended()[10]}, func(r *flow.Record) bool {
			return r.Details.SourceNATPort == 40000 && r.Details.DestinationNATPort == 8443 && r.Details.Has == flow.HasSourceNATPort|flow.HasDestinationNATPort
		}},
		"802.11, received":  {[][]byte{extended()[9]}, func(r *flow.Record) bool { return string(r.Details.SSID) == "guests" }},
		"802.11, sent":      {[][]byte{block(1015, opaque([]byte("staff")), make([]byte, 44))}, func(r *flow.Record) bool { return string(r.Details.SSID) == "staff" }},
		"VNI of the input":  {[][]byte{extended()[11]}, func(r *flow.Record) bool { return r.Details.VNI == 5001 && r.Details.Has == flow.HasVNI }},
		"VNI of the output": {[][]byte{block(1029, u32(5002))}, func(r *flow.Record) bool { return r.Details.VNI == 5002 && r.Details.Has == flow.HasVNI }},
		"what is not read": {[][]byte{block(1005, u32(1), opaque([]byte("/")), opaque([]byte("example.org"))), block(1008, []byte{1, 2, 3}), block(1013, nil), block(9<<12|1, u32(1, 2, 3)), router}, func(r *flow.Record) bool {
			return hop("192.0.2.254")(r) && r.Details == nil
		}},
	} {
		t.Run(name, func(t *testing.T) {
			if r := one(t, test.records...); !test.ok(r) {
				t.Errorf("decoded as %+v, details %+v", r, r.Details)
			}
		})
	}
}

// TestAllRecordsOfASample together, in either order.
func TestAllRecordsOfASample(t *testing.T) {
	records := extended()
	for range 2 {
		r := one(t, records...)
		d := r.Details
		if r.VLAN != 42 || r.Bytes != 1500 || r.Source.Port != 1025 || r.NextHop.String() != "192.0.2.254" || r.Destination.AS != 64501 || r.TCPFlags != 0x18 ||
			d.VNI != 5001 || string(d.User) != "alice" || string(d.SSID) != "guests" || d.LabelCount != 2 || d.MinTTL != 64 || d.SourceNATPort != 40000 {
			t.Errorf("decoded as %+v, details %+v", r, d)
		}
		slices.Reverse(records)
	}
}
