package flow

import (
	"net/netip"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func octets(parts ...any) []byte {
	var b []byte
	for _, p := range parts {
		switch p := p.(type) {
		case int:
			b = append(b, byte(p))
		case []byte:
			b = append(b, p...)
		case string:
			b = append(b, netip.MustParseAddr(p).AsSlice()...)
		}
	}
	return b
}

var (
	macs = octets(2, 0, 0, 0, 1, 1, 2, 0, 0, 0, 2, 2) // destination, source

	tcpHeader  = octets(0x04, 0xd2, 0x01, 0xbb, 0, 0, 0, 1, 0, 0, 0, 2, 0x51, 0x12, 0xff, 0xff, 0, 0, 0, 0) // 1234 > 443, NS SYN ACK
	udpHeader  = octets(0x04, 0xd2, 0x00, 0x35, 0, 8, 0, 0)                                                 // 1234 > 53
	echoHeader = octets(8, 3, 0, 0, 0, 1, 0, 1)
)

// v4 is an IPv4 packet of 1500 octets (RFC 791 section 3.1).
func v4(protocol int, payload ...any) []byte {
	return octets(0x45, 0xb8, 0x05, 0xdc, 0, 1, 0x40, 0, 63, protocol, 0, 0, "198.51.100.1", "203.0.113.1", octets(payload...))
}

// v6 is an IPv6 packet of 1500 octets (RFC 8200 section 3).
func v6(next int, payload ...any) []byte {
	return octets(0x6b, 0x81, 0x23, 0x45, 0x05, 0xb4, next, 62, "2001:db8::1", "2001:db8::2", octets(payload...))
}

const (
	hasMACs = HasSourceMAC | HasDestinationMAC
	hasIP   = HasTOS | HasProtocol | HasBytes | HasPackets
	hasOne  = HasBytes | HasPackets
)

func endpoints(r *Record, source, destination string, ports ...uint16) {
	r.Source.Addr, r.Destination.Addr = netip.MustParseAddr(source), netip.MustParseAddr(destination)
	if len(ports) == 2 {
		r.Source.Port, r.Destination.Port = ports[0], ports[1]
		r.Has |= HasPorts
	}
}

func want4(protocol uint8, ports ...uint16) Record {
	r := Record{Has: hasIP, Protocol: protocol, TOS: 0xb8, Bytes: 1500, Packets: 1, Details: &Details{Has: HasMinTTL | HasMaxTTL, MinTTL: 63, MaxTTL: 63}}
	endpoints(&r, "198.51.100.1", "203.0.113.1", ports...)
	return r
}

func want6(protocol uint8, ports ...uint16) Record {
	r := Record{Has: hasIP, Protocol: protocol, TOS: 0xb8, Bytes: 1500, Packets: 1, Details: &Details{Has: HasMinTTL | HasMaxTTL | HasFlowLabel, MinTTL: 62, MaxTTL: 62, FlowLabel: 0x12345}}
	endpoints(&r, "2001:db8::1", "2001:db8::2", ports...)
	return r
}

func with(r Record, change func(r *Record, d *Details)) Record {
	var d Details
	if r.Details != nil {
		d = *r.Details
	}
	r.Details = nil
	if change(&r, &d); !reflect.DeepEqual(d, Details{}) {
		r.Details = &d
	}
	return r
}

// ethernetly adds what an Ethernet header says.
func ethernetly(r Record) Record {
	r.Source.MAC, r.Destination.MAC = [6]byte(macs[6:]), [6]byte(macs[:6])
	r.Has |= hasMACs
	return r
}

func tcply(r Record) Record {
	r.TCPFlags = 0x112
	r.Has |= HasTCPFlags
	return r
}

// TestFrame: whole records, with exactly the fields that the frame says. All frames have 1522 octets.
func TestFrame(t *testing.T) {
	nothing := Record{Has: hasOne, Bytes: 1522, Packets: 1}
	vlan := func(r *Record, _ *Details) { r.VLAN = 42; r.Has |= HasVLAN }
	inner := func(r *Record, d *Details) { vlan(r, d); d.InnerVLAN = 7; d.Has |= HasInnerVLAN }
	icmp := func(kind, code uint8) func(r *Record, _ *Details) {
		return func(r *Record, _ *Details) { r.ICMPType, r.ICMPCode = kind, code; r.Has |= HasICMP }
	}
	labels := func(labels ...uint32) func(r *Record, d *Details) {
		return func(_ *Record, d *Details) { d.LabelCount = uint8(copy(d.Labels[:], labels)) }
	}
	frameLength := func(r *Record, _ *Details) { r.Bytes = 1522 }
	unknownProtocol := func(r *Record, _ *Details) { r.Has &^= HasProtocol; r.Protocol = 0 }
	tcp4, tcp6 := tcply(want4(6, 1234, 443)), tcply(want6(6, 1234, 443))
	snap := octets(0xaa, 0xaa, 3, 0, 0, 0)
	options := octets(17, 0, 1, 4, 0, 0, 0, 0)
	wireless := func(first, second int, rest ...any) []byte {
		return octets(first, second, 0, 0, 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 3, 0, 0, octets(rest...))
	}
	stations := func(source, destination, client, accessPoint byte) func(r *Record, d *Details) {
		address := func(n byte) [6]byte { return [6]byte{2, 0, 0, 0, 0, n} }
		return func(r *Record, d *Details) {
			r.Source.MAC, r.Destination.MAC = address(source), address(destination)
			r.Has |= hasMACs
			if client != 0 {
				d.StationMAC, d.AccessPointMAC = address(client), address(accessPoint)
				d.Has |= HasStationMAC | HasAccessPointMAC
			}
		}
	}

	for name, test := range map[string]struct {
		protocol uint32
		data     []byte
		want     Record
	}{
		"TCP over IPv4":         {1, octets(macs, 8, 0, v4(6, tcpHeader)), ethernetly(tcp4)},
		"TCP over IPv6":         {1, octets(macs, 0x86, 0xdd, v6(6, tcpHeader)), ethernetly(tcp6)},
		"UDP":                   {11, v4(17, udpHeader), want4(17, 1234, 53)},
		"UDP-Lite":              {11, v4(136, udpHeader), want4(136, 1234, 53)},
		"SCTP":                  {12, v6(132, udpHeader, 0, 0, 0, 0), want6(132, 1234, 53)},
		"DCCP":                  {11, v4(33, udpHeader, 0, 0, 0, 0), want4(33, 1234, 53)},
		"ICMP":                  {11, v4(1, echoHeader), with(want4(1), icmp(8, 3))},
		"ICMPv6":                {12, v6(58, 128, 1, 0, 0), with(want6(58), icmp(128, 1))},
		"GRE has no ports":      {11, v4(47, 0, 0, 8, 0, v4(6, tcpHeader)), want4(47)},
		"either version":        {11, v6(6, tcpHeader), tcp6},
		"a version of tomorrow": {11, octets(0x70, v4(6, tcpHeader)[1:]), nothing},

		"VLAN":              {1, octets(macs, 0x81, 0, 0x20, 42, 8, 0, v4(6, tcpHeader)), with(ethernetly(tcp4), vlan)},
		"two VLANs":         {1, octets(macs, 0x88, 0xa8, 0xe0, 42, 0x81, 0, 0, 7, 0x86, 0xdd, v6(6, tcpHeader)), with(ethernetly(tcp6), inner)},
		"three VLANs":       {1, octets(macs, 0x91, 0, 0, 42, 0x91, 0, 0, 7, 0x81, 0, 0, 8, 8, 0, v4(6, tcpHeader)), with(ethernetly(tcp4), inner)},
		"VLAN without more": {1, octets(macs, 0x81, 0, 0, 42), with(ethernetly(nothing), vlan)},
		"ARP":               {1, octets(macs, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1), ethernetly(nothing)},
		"SNAP":              {1, octets(macs, 5, 0xe4, snap, 8, 0, v4(6, tcpHeader)), ethernetly(tcp4)},
		"spanning tree":     {1, octets(macs, 0, 38, 0x42, 0x42, 3, 0, 0, 0, 0, 0), ethernetly(nothing)},
		"PPPoE":             {1, octets(macs, 0x88, 0x64, 0x11, 0, 0, 9, 5, 0xde, 0, 0x21, v4(6, tcpHeader)), ethernetly(tcp4)},
		"PPPoE discovery":   {1, octets(macs, 0x88, 0x63, 0x11, 9, 0, 0, 0, 4, 1, 1, 0, 0), ethernetly(nothing)},
		"IPv6 said to be 4": {1, octets(macs, 8, 0, v6(6, tcpHeader)), ethernetly(nothing)},

		"MPLS":                      {1, octets(macs, 0x88, 0x47, 0, 1, 0x41, 64, v4(6, tcpHeader)), with(ethernetly(tcp4), labels(20))},
		"MPLS of three labels":      {13, octets(0, 1, 0x40, 64, 0xff, 0xff, 0xf0, 64, 0, 2, 0x01, 64, v6(6, tcpHeader)), with(tcp6, labels(20, 0xfffff, 32))},
		"MPLS multicast":            {1, octets(macs, 0x88, 0x48, 0, 1, 0x41, 64, v4(17, udpHeader)), with(ethernetly(want4(17, 1234, 53)), labels(20))},
		"MPLS with a pseudowire":    {13, octets(0, 1, 0x41, 64, 0, 0, 0, 0, macs), with(nothing, labels(20))},
		"MPLS of too many labels":   {13, octets(make([]byte, 4*12), 0, 1, 0x41, 64, v4(6, tcpHeader)), with(tcp4, labels(make([]uint32, MaxLabels)...))},
		"MPLS without a last label": {13, octets(0, 1, 0x40, 64, 0, 2, 0x00, 64, 0, 3), with(nothing, labels(20, 32))},

		"PPP":                       {7, octets(0xff, 3, 0, 0x21, v4(6, tcpHeader)), tcp4},
		"PPP, compressed":           {7, octets(0x57, v6(6, tcpHeader)), tcp6},
		"PPP over SONET":            {14, octets(0xff, 3, 0, 0x57, v6(6, tcpHeader)), tcp6},
		"PPP with MPLS":             {7, octets(2, 0x81, 0, 1, 0x41, 64, v4(6, tcpHeader)), with(tcp4, labels(20))},
		"PPP of another protocol":   {7, octets(0xc0, 0x21, 1, 1, 0, 4), nothing},
		"PPP of nothing":            {7, octets(0xff, 3), nothing},
		"token ring":                {3, v4(6, tcpHeader), nothing},
		"802.11 to access point":    {15, wireless(0x08, 0x01, snap, 8, 0, v4(6, tcpHeader)), with(tcp4, stations(2, 3, 2, 1))},
		"802.11 from access point":  {15, wireless(0x08, 0x02, snap, 8, 0, v4(6, tcpHeader)), with(tcp4, stations(3, 1, 1, 2))},
		"802.11 among stations":     {15, wireless(0x08, 0, snap, 8, 0, v4(6, tcpHeader)), with(tcp4, stations(2, 1, 0, 0))},
		"802.11 of access points":   {15, wireless(0x08, 0x03, 2, 0, 0, 0, 0, 4, snap, 8, 0, v4(6, tcpHeader)), with(tcp4, stations(4, 3, 0, 0))},
		"802.11 of a fourth cut":    {15, wireless(0x08, 0x03, 2, 0, 0, 0, 0), nothing},
		"802.11 with QoS":           {15, wireless(0x88, 0x01, 0, 0, snap, 8, 0, v4(6, tcpHeader)), with(tcp4, stations(2, 3, 2, 1))},
		"802.11 with QoS and HT":    {15, wireless(0x88, 0x81, 0, 0, 0, 0, 0, 0, snap, 8, 0, v4(6, tcpHeader)), with(tcp4, stations(2, 3, 2, 1))},
		"802.11, encrypted":         {15, wireless(0x08, 0x41, snap, 8, 0, v4(6, tcpHeader)), with(nothing, stations(2, 3, 2, 1))},
		"802.11 without data":       {15, wireless(0x48, 0x01, snap, 8, 0, v4(6, tcpHeader)), with(nothing, stations(2, 3, 2, 1))},
		"802.11 beacon":             {15, wireless(0x80, 0, make([]byte, 20)), nothing},
		"802.11 of an empty packet": {15, wireless(0x88, 0x01), with(nothing, stations(2, 3, 2, 1))},

		"IPv4 options":        {11, octets(0x46, 0xb8, 5, 0xdc, 0, 1, 0, 0, 63, 6, 0, 0, "198.51.100.1", "203.0.113.1", 1, 1, 1, 0, tcpHeader), tcp4},
		"IPv4 options, cut":   {11, octets(0x4f, v4(6, tcpHeader)[1:]), want4(6)},
		"IPv4, bad header":    {11, octets(0x44, v4(6, tcpHeader)[1:]), nothing},
		"first fragment":      {11, octets(v4(17)[:6], 0x20, 0, v4(17, udpHeader)[8:]), want4(17, 1234, 53)},
		"later fragment":      {11, octets(v4(17)[:6], 0x20, 1, v4(17, udpHeader)[8:]), want4(17)},
		"last fragment":       {11, octets(v4(17)[:6], 0x00, 185, v4(17, udpHeader)[8:]), want4(17)},
		"IPv4 of no length":   {11, octets(0x45, 0xb8, 0, 0, v4(6, tcpHeader)[4:]), with(tcp4, frameLength)},
		"IPv4 of too little":  {11, octets(0x45, 0xb8, 0, 19, v4(6, tcpHeader)[4:]), with(tcp4, frameLength)},
		"IPv4 beyond a frame": {11, octets(0x45, 0xb8, 0xff, 0xff, v4(6, tcpHeader)[4:]), with(tcp4, frameLength)},

		"IPv6 extension headers": {12, v6(0, 43, 0, 5, 2, 0, 0, 1, 0, 60, 0, 0, 0, 0, 0, 0, 0, 51, 1, make([]byte, 14), 6, 1, make([]byte, 10), tcpHeader), tcp6},
		"IPv6, first fragment":   {12, v6(44, 17, 0, 0, 1, 0, 0, 0, 9, udpHeader), want6(17, 1234, 53)},
		"IPv6, later fragment":   {12, v6(44, 17, 0, 0, 9, 0, 0, 0, 9, udpHeader), want6(17)},
		"IPv6, fragment of options": {
			12, v6(44, 60, 0, 0, 9, 0, 0, 0, 9, options, udpHeader), with(want6(0), unknownProtocol),
		},
		"IPv6, options of a fragment":  {12, v6(44, 60, 0, 0, 1, 0, 0, 0, 9, options, udpHeader), want6(17, 1234, 53)},
		"IPv6, no next header":         {12, v6(59), want6(59)},
		"IPv6, encrypted":              {12, v6(50, 0, 0, 0, 1), want6(50)},
		"IPv6, extension cut":          {12, v6(0, 6, 0, 5), with(want6(0), unknownProtocol)},
		"IPv6, cut behind its header":  {12, v6(60), with(want6(0), unknownProtocol)},
		"IPv6, cut behind extensions":  {12, v6(0, 6, 2, 5, 2, 0, 0, 1, 0), want6(6)},
		"IPv6, extensions to no end":   {12, v6(60, octets(60, 0, 0, 0, 0, 0, 0, 0, 60, 255, 0, 0, 0, 0, 0, 0)), with(want6(0), unknownProtocol)},
		"IPv6 jumbogram":               {12, octets(0x6b, 0x81, 0x23, 0x45, 0, 0, v6(6, tcpHeader)[6:]), with(tcp6, frameLength)},
		"nothing at all":               {1, nil, nothing},
		"a destination alone":          {1, macs[:7], with(nothing, func(r *Record, _ *Details) { r.Destination.MAC = [6]byte(macs); r.Has |= HasDestinationMAC })},
		"hardware addresses alone":     {1, octets(macs, 8), ethernetly(nothing)},
		"an unknown hardware address":  {1, octets(make([]byte, 6), macs[6:], 8, 6), with(nothing, func(r *Record, _ *Details) { r.Source.MAC = [6]byte(macs[6:]); r.Has |= HasSourceMAC })},
		"TCP without its flags":        {11, v4(6, tcpHeader[:13]), want4(6, 1234, 443)},
		"TCP without its ports":        {11, v4(6, tcpHeader[:3]), want4(6)},
		"ICMP without its code":        {11, v4(1, 8), want4(1)},
		"an IPv4 destination missing":  {11, v4(6)[:19], with(want4(6), func(r *Record, _ *Details) { r.Destination.Addr = netip.Addr{} })},
		"an IPv6 destination missing":  {12, v6(6)[:39], with(want6(6), func(r *Record, _ *Details) { r.Destination.Addr = netip.Addr{} })},
		"PPPoE cut":                    {1, octets(macs, 0x88, 0x64, 0x11, 0, 0, 9, 5), ethernetly(nothing)},
		"SNAP of another organisation": {1, octets(macs, 0, 60, 0xaa, 0xaa, 3, 0, 0, 0x0c, 0x20, 0), ethernetly(nothing)},
	} {
		t.Run(name, func(t *testing.T) {
			var r Record
			r.Frame(&Arena{}, test.protocol, test.data[:len(test.data):len(test.data)], 1522)
			if diff := cmp.Diff(test.want, r, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestFrameLength: the record's own counters have precedence, and a frame of unknown length says none.
func TestFrameLength(t *testing.T) {
	r := Record{Has: HasBytes | HasPackets, Bytes: 7, Packets: 3}
	r.EthernetFrame(&Arena{}, octets(macs, 8, 0, v4(6, tcpHeader)), 1522)
	if r.Bytes != 7 || r.Packets != 3 || r.Protocol != 6 {
		t.Errorf("%+v", r)
	}
	r = Record{}
	r.IPPacket(&Arena{}, v6(6, tcpHeader), 0)
	if r.Bytes != 1500 || r.Packets != 1 || r.Source.Port != 1234 {
		t.Errorf("%+v", r)
	}
	r = Record{}
	r.EthernetFrame(&Arena{}, octets(macs, 8, 6), 0)
	if r.Has != hasMACs|HasPackets {
		t.Errorf("%+v", r)
	}
}

// TestFrameCut: the fewer octets are there, the fewer fields are known, and none is another than in the whole frame.
func TestFrameCut(t *testing.T) {
	for name, frame := range map[string][]byte{
		"IPv4": octets(macs, 0x88, 0xa8, 0, 42, 0x81, 0, 0, 7, 0x88, 0x47, 0, 1, 0x40, 64, 0, 2, 1, 64, v4(6, tcpHeader)),
		"IPv6": octets(macs, 0x81, 0, 0, 42, 0x86, 0xdd, v6(0, 44, 0, 5, 2, 0, 0, 1, 0, 6, 0, 0, 1, 0, 0, 0, 9, tcpHeader)),
	} {
		var whole Record
		whole.EthernetFrame(&Arena{}, frame, 1522)
		last := Record{Details: &Details{}}
		for n := range len(frame) + 1 {
			var r Record
			r.EthernetFrame(&Arena{}, frame[:n:n], 1522)
			if r.Details == nil {
				r.Details = &Details{}
			}
			if last.Has&^r.Has != 0 || last.Details.Has&^r.Details.Has != 0 || r.Has&^whole.Has != 0 || r.Details.Has&^whole.Details.Has != 0 {
				t.Fatalf("%s, %d octets: has %b and %b, with one less %b and %b", name, n, r.Has, r.Details.Has, last.Has, last.Details.Has)
			}
			for field, same := range map[string]bool{
				"VLAN":         r.Has&HasVLAN == 0 || r.VLAN == whole.VLAN,
				"inner VLAN":   r.Details.Has&HasInnerVLAN == 0 || r.Details.InnerVLAN == whole.Details.InnerVLAN,
				"protocol":     r.Has&HasProtocol == 0 || r.Protocol == whole.Protocol,
				"ports":        r.Has&HasPorts == 0 || r.Source.Port == whole.Source.Port && r.Destination.Port == whole.Destination.Port,
				"flags":        r.Has&HasTCPFlags == 0 || r.TCPFlags == whole.TCPFlags,
				"TOS":          r.Has&HasTOS == 0 || r.TOS == whole.TOS,
				"TTL":          r.Details.Has&HasMinTTL == 0 || r.Details.MinTTL == whole.Details.MinTTL,
				"flow label":   r.Details.Has&HasFlowLabel == 0 || r.Details.FlowLabel == whole.Details.FlowLabel,
				"source":       !r.Source.Addr.IsValid() || r.Source.Addr == whole.Source.Addr,
				"destination":  !r.Destination.Addr.IsValid() || r.Destination.Addr == whole.Destination.Addr,
				"octets":       r.Bytes == 1522 || r.Bytes == whole.Bytes,
				"hardware":     r.Has&HasSourceMAC == 0 || r.Source.MAC == whole.Source.MAC,
				"label":        r.Details.LabelCount == 0 || r.Details.Labels[0] == whole.Details.Labels[0],
				"second label": r.Details.LabelCount < 2 || r.Details.Labels[1] == whole.Details.Labels[1],
			} {
				if !same {
					t.Fatalf("%s, %d octets: another %s: %+v", name, n, field, r)
				}
			}
			last = r
		}
		if last.Has != whole.Has {
			t.Errorf("%s: has %b at last, want %b", name, last.Has, whole.Has)
		}
	}
}

func TestFrameAllocatesNothing(t *testing.T) {
	var a Arena
	frame := octets(macs, 0x81, 0, 0, 42, 0x88, 0x47, 0, 1, 1, 64, v6(0, 6, 0, 5, 2, 0, 0, 1, 0, tcpHeader))
	r := new(Record)
	if n := testing.AllocsPerRun(100, func() {
		a.Reset()
		*r = Record{}
		r.EthernetFrame(&a, frame, 1522)
	}); n != 0 || r.Destination.Port != 443 {
		t.Errorf("%v allocations, %+v", n, r)
	}
}
