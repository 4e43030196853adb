package netflow_test

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// TestDetails: what few exporters say, each with its source.
func TestDetails(t *testing.T) {
	six := netip.MustParseAddr("2001:db8::7")
	outside, inside := netip.MustParseAddr("203.0.113.9"), netip.MustParseAddr("198.51.100.9")
	station, point := [6]byte{2, 0, 0, 0, 0, 1}, [6]byte{2, 0, 0, 0, 0, 2}
	for name, test := range map[string]struct {
		fields []spec
		record []byte
		want   flow.Details
	}{
		"NAT event (RFC 8158 section 8)": {
			[]spec{{230, 1}, {225, 4}, {226, 4}, {227, 2}, {228, 2}, {234, 4}, {235, 4}},
			join([]byte{4}, outside.AsSlice(), inside.AsSlice(), u16(40000), u16(443), u32(1), u32(2)),
			flow.Details{
				Has:      flow.HasNATEvent | flow.HasSourceNATPort | flow.HasDestinationNATPort | flow.HasInputVRF | flow.HasOutputVRF,
				NATEvent: 4, SourceNAT: outside, DestinationNAT: inside, SourceNATPort: 40000, DestinationNATPort: 443, InputVRF: 1, OutputVRF: 2,
			},
		},
		"NAT64": {[]spec{{281, 16}, {282, 16}}, join(six.AsSlice(), six.AsSlice()), flow.Details{SourceNAT: six, DestinationNAT: six}},
		"NBAR (RFC 6759 section 4)": {
			[]spec{{95, 4}, {96, 8}},
			join([]byte{13, 0, 1, 2}, []byte("netflix\x00")),
			flow.Details{Has: flow.HasApplication, ApplicationID: 13<<56 | 0x0102, ApplicationName: []byte("netflix")},
		},
		"an application id of variable length": {
			[]spec{{95, anyOctets}},
			short([]byte{20, 0, 0, 0x23, 0xc1, 0, 0, 1, 0xbb}),
			flow.Details{Has: flow.HasApplication, ApplicationID: 20<<56 | 0x23c1_0000_01bb},
		},
		"wireless": {
			[]spec{{365, 6}, {367, 6}, {147, 8}},
			join(station[:], point[:], []byte("guest\x00\x00\x00")),
			flow.Details{Has: flow.HasStationMAC | flow.HasAccessPointMAC, StationMAC: station, AccessPointMAC: point, SSID: []byte("guest")},
		},
		"MPLS: three labels, the rest empty": {
			[]spec{{70, 3}, {71, 3}, {72, 3}, {73, 3}, {79, 3}},
			join([]byte{0xff, 0xff, 0xe0}, []byte{0, 0, 0x30}, []byte{0, 1, 1}, make([]byte, 6)),
			flow.Details{Labels: [10]uint32{0xffffe, 3, 16}, LabelCount: 3},
		},
		"MPLS: explicit null alone":       {[]spec{{70, 3}}, []byte{0, 0, 1}, flow.Details{LabelCount: 1}},
		"MPLS with TTL":                   {[]spec{{70, 4}}, []byte{0, 1, 0x01, 64}, flow.Details{Labels: [10]uint32{16}, LabelCount: 1}},
		"VXLAN":                           {[]spec{{351, 8}}, []byte{1, 0, 0, 0, 0, 0x12, 0x34, 0x56}, flow.Details{Has: flow.HasVNI, VNI: 0x123456}},
		"forwardingStatus":                {[]spec{{89, 1}}, []byte{0x40}, flow.Details{Has: flow.HasForwardingStatus, ForwardingStatus: 0x40}},
		"forwardingStatus of 4 octets":    {[]spec{{89, 4}}, []byte{0, 0, 0, 0x82}, flow.Details{Has: flow.HasForwardingStatus, ForwardingStatus: 0x82}},
		"flowEndReason (RFC 5102 5.11.3)": {[]spec{{136, 1}, {148, 8}}, join([]byte{3}, u64(1<<40)), flow.Details{Has: flow.HasEndReason | flow.HasFlowID, EndReason: 3, FlowID: 1 << 40}},
		"hops, labels, neighbours": {
			[]spec{{52, 1}, {53, 1}, {31, 3}, {128, 4}, {129, 4}, {245, 2}},
			join([]byte{1, 64}, []byte{0xff, 0xff, 0xff}, u32(64500), u32(64501), u16(7)),
			flow.Details{
				Has:    flow.HasMinTTL | flow.HasMaxTTL | flow.HasFlowLabel | flow.HasNextAS | flow.HasPreviousAS | flow.HasInnerVLAN,
				MinTTL: 1, MaxTTL: 64, FlowLabel: 0xfffff, NextAS: 64500, PreviousAS: 64501, InnerVLAN: 7,
			},
		},
		"ipTTL":                 {[]spec{{192, 1}}, []byte{63}, flow.Details{Has: flow.HasMinTTL | flow.HasMaxTTL, MinTTL: 63, MaxTTL: 63}},
		"exporterIPv4Address":   {[]spec{{130, 4}}, outside.AsSlice(), flow.Details{Agent: outside}},
		"exporterIPv6Address":   {[]spec{{131, 16}}, six.AsSlice(), flow.Details{Agent: six}},
		"names of an interface": {[]spec{{82, 8}, {83, anyOctets}}, join([]byte("eth0    "), short([]byte("uplink"))), flow.Details{InputName: []byte("eth0"), InputDescription: []byte("uplink")}},
		"names of user and VRF": {[]spec{{371, anyOctets}, {236, 4}}, join(short([]byte("ann")), []byte("blue")), flow.Details{User: []byte("ann"), InputVRFName: []byte("blue")}},
		"both families of NAT":  {[]spec{{225, 4}, {281, 16}}, join(outside.AsSlice(), make([]byte, 16)), flow.Details{SourceNAT: outside}},
		"reverse counters": {
			[]spec{{1, 4}, {1, 8, reverse}, {2, 4, reverse}, {6, 1, reverse}},
			join(u32(1), u64(1<<33), u32(9), []byte{0x1b}),
			flow.Details{Has: flow.HasReverseBytes | flow.HasReversePackets | flow.HasReverseTCPFlags, ReverseBytes: 1 << 33, ReversePackets: 9, ReverseTCPFlags: 0x1b},
		},
		"biflowDirection": {[]spec{{239, 1}}, []byte{2}, flow.Details{Has: flow.HasBiflowDirection, BiflowDirection: 2}},
		"reverse times": {
			[]spec{{152, 8, reverse}, {153, 8, reverse}},
			join(u64(unix*1000), u64(unix*1000+500)),
			flow.Details{Has: flow.HasReverseStart | flow.HasReverseEnd, ReverseStart: unix * 1e9, ReverseEnd: unix*1e9 + 5e8},
		},
		"reverse times in seconds": {
			[]spec{{150, 4, reverse}, {151, 4, reverse}},
			join(u32(unix), u32(unix+1)),
			flow.Details{Has: flow.HasReverseStart | flow.HasReverseEnd, ReverseStart: unix * 1e9, ReverseEnd: (unix + 1) * 1e9},
		},
		"reverse times in NTP format": {
			[]spec{{156, 8, reverse}, {155, 8, reverse}},
			join(ntp(unix, 1<<31), ntp(unix, 1<<30)),
			flow.Details{Has: flow.HasReverseStart | flow.HasReverseEnd, ReverseStart: unix*1e9 + 5e8, ReverseEnd: unix*1e9 + 25e7},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := one10(t, test.record, test.fields...)
			if r.Details == nil {
				t.Fatal("no details")
			}
			if d := cmp.Diff(test.want, *r.Details, cmpopts.EquateComparable(netip.Addr{}), cmpopts.EquateEmpty()); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestReverseFieldsAreNotForward: RFC 5103 section 6.1. Those without a place say nothing about source to destination.
func TestReverseFieldsAreNotForward(t *testing.T) {
	r := one10(t, join(u32(1), hostA, u16(9), []byte{6}), spec{1, 4, reverse}, spec{8, 4, reverse}, spec{7, 2, reverse}, spec{4, 1, reverse})
	if r.Has != 0 || r.Source.Addr.IsValid() || r.Details == nil || r.Details.ReverseBytes != 1 {
		t.Errorf("%+v, %+v", r, r.Details)
	}
}

// TestCountersByRank: of several fields for one figure the best counts, whatever their order.
func TestCountersByRank(t *testing.T) {
	for _, rank := range [][]spec{
		{{231, 1}, {1, 1}, {85, 1}, {23, 1}, {171, 1}, {352, 1}},
		{{298, 1}, {2, 1}, {86, 1}, {24, 1}, {172, 1}},
		{{1, 1, reverse}, {232, 1}, {85, 1, reverse}},
		{{2, 1, reverse}, {299, 1}, {86, 1, reverse}},
	} {
		for best := range rank {
			for _, backwards := range []bool{false, true} {
				var fields []spec
				var record []byte
				for i := best; i < len(rank); i++ {
					f, v := rank[i], byte(10+i)
					if backwards {
						f, v = rank[len(rank)-1-i+best], byte(10+len(rank)-1-i+best)
					}
					fields, record = append(fields, f), append(record, v)
				}
				r := one10(t, record, fields...)
				got := r.Bytes + r.Packets
				if r.Details != nil {
					got += r.Details.ReverseBytes + r.Details.ReversePackets
				}
				if got != uint64(10+best) {
					t.Errorf("%v: %d, want %d", fields, got, 10+best)
				}
			}
		}
	}
}

// TestASA: Cisco ASA NSEL counts both directions of a connection in one record.
func TestASA(t *testing.T) {
	fields := []int{148, 4, 8, 4, 7, 2, 12, 4, 11, 2, 4, 1, 40001, 4, 40003, 2, 40002, 4, 40004, 2, 233, 1, 33002, 2, 323, 8, 231, 4, 232, 4, 298, 4, 299, 4, 40000, 20}
	record := join(u32(77), hostA, u16(1000), hostB, u16(443), []byte{6}, []byte{203, 0, 113, 5}, u16(2000), []byte{203, 0, 113, 6}, u16(443), []byte{2}, u16(2030),
		u64(unix*1000-500), u32(1500), u32(64000), u32(10), u32(50), []byte("ann\x00"), make([]byte, 16))
	r := one(t, record, fields...)
	d := r.Details
	if d == nil || r.Bytes != 1500 || r.Packets != 10 || d.ReverseBytes != 64000 || d.ReversePackets != 50 || d.FirewallEvent != 2 || d.ExtendedEvent != 2030 ||
		d.FlowID != 77 || string(d.User) != "ann" || d.SourceNAT.String() != "203.0.113.5" || d.SourceNATPort != 2000 || d.DestinationNAT.String() != "203.0.113.6" ||
		d.DestinationNATPort != 443 || r.End != unix*1e9-5e8 || r.Has&flow.HasStart != 0 {
		t.Errorf("%+v, %+v", r, d)
	}
}

// TestVendorFieldsOfNetFlow9: types that Cisco (ASA) and Palo Alto Networks chose.
func TestVendorFieldsOfNetFlow9(t *testing.T) {
	r := one(t, join([]byte{3}, u16(1001), []byte("web-browsing\x00\x00\x00\x00"), []byte("corp\\ann\x00\x00")), 40005, 1, 33002, 2, 56701, 16, 56702, 10)
	if d := r.Details; d == nil || d.FirewallEvent != 3 || d.ExtendedEvent != 1001 || string(d.ApplicationName) != "web-browsing" || string(d.User) != `corp\ann` {
		t.Errorf("%+v", d)
	}
}

// TestWirelessClient: the only address is the client's (366); by the direction it is source or destination.
func TestWirelessClient(t *testing.T) {
	for _, direction := range []byte{0, 1} {
		r := one10(t, join(hostA, []byte{direction}), spec{366, 4}, spec{61, 1})
		a, b := r.Source.Addr, r.Destination.Addr
		if direction == 1 {
			a, b = b, a
		}
		if a.String() != "192.0.2.201" || b.IsValid() {
			t.Errorf("direction %d: %+v", direction, r)
		}
	}
	if r := one10(t, join(hostA, hostB), spec{366, 4}, spec{8, 4}); r.Source.Addr.String() != "233.252.0.1" || r.Destination.Addr.IsValid() {
		t.Errorf("%+v", r)
	}
}

// TestPacketSections: PSAMP's sampled headers (RFC 5477 section 8.5) fill the record; what it says itself goes before.
func TestPacketSections(t *testing.T) {
	ip := join([]byte{0x45, 0xb8}, u16(1400), u32(0), []byte{64, 17}, u16(0), hostA, hostB, u16(1000), u16(53), u16(1380), u16(0))
	frame := join([]byte{2, 0, 0, 0, 0, 2}, []byte{2, 0, 0, 0, 0, 1}, u16(0x8100), u16(7), u16(0x0800), ip)
	for name, test := range map[string]struct {
		field  int
		data   []byte
		linked bool
	}{"ipHeaderPacketSection": {313, ip, false}, "dataLinkFrameSection": {315, frame, true}, "layer2packetSectionData": {104, frame, true}} {
		for _, f := range []struct {
			field spec
			data  []byte
		}{{spec{test.field, len(test.data)}, test.data}, {spec{test.field, anyOctets}, short(test.data)}} {
			r := one10(t, join(f.data, u32(9)), f.field, spec{10, 4})
			if r.Source.Addr.String() != "192.0.2.201" || r.Source.Port != 1000 || r.Destination.Port != 53 || r.Protocol != 17 || r.TOS != 0xb8 || r.Bytes != 1400 || r.Packets != 1 ||
				r.Input != 9 || (r.Has&flow.HasVLAN != 0) != test.linked || test.linked && (r.VLAN != 7 || r.Source.MAC[5] != 1) {
				t.Errorf("%s: %+v", name, r)
			}
			r = one10(t, join([]byte{6}, f.data, u64(5)), spec{4, 1}, f.field, spec{1, 8})
			if r.Protocol != 6 || r.Bytes != 5 {
				t.Errorf("%s: the record's own fields are lost: %+v", name, r)
			}
		}
		for length := range len(test.data) { // cut anywhere
			newCollector(exporter.Limits{}).must(t, message10(0, 1, template10(300, spec{test.field, anyOctets}, spec{1, 1}), set(300, short(test.data[:length:length]), []byte{1})))
		}
	}
}
