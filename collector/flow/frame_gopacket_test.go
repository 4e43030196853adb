package flow

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// TestFrameAsGopacket compares what Frame reads in packets of random stacks of protocols with what gopacket reads in them: another
// decoder, which has this one's mistakes only by chance.
func TestFrameAsGopacket(t *testing.T) {
	const seed, packets = 1, 20_000
	g := generator{rand.New(rand.NewPCG(seed, seed))}
	seen := map[string]int{}
	for n := range packets {
		data := g.packet(t)
		want := dissect(data)
		var r Record
		r.EthernetFrame(&Arena{}, data, uint32(len(data)))
		if got := describe(&r); got != want {
			t.Fatalf("packet %d: %x\n%s\n got %s\nwant %s", n, data, gopacket.NewPacket(data, layers.LayerTypeEthernet, gopacket.Default), got, want)
		}
		for _, l := range gopacket.NewPacket(data, layers.LayerTypeEthernet, gopacket.NoCopy).Layers() {
			seen[l.LayerType().String()]++
		}
	}
	for _, kind := range []string{
		"Dot1Q", "MPLS", "IPv4", "IPv6", "IPv6HopByHop", "IPv6Routing", "IPv6Fragment", "IPv6Destination", "TCP", "UDP", "SCTP", "UDPLite",
		"ICMPv4", "ICMPv6", "PPPoE", "LLC", "SNAP",
	} {
		if seen[kind] < packets/200 {
			t.Errorf("%d packets with %s are too few to prove anything", seen[kind], kind)
		}
	}
}

// facts are what both decoders tell, in a form of their own.
type facts struct {
	source, destination       netip.Addr
	sourceMAC, destinationMAC string
	vlans                     []uint16
	labels                    []uint32
	protocol                  int // -1: not known
	ports                     string
	flags                     uint16
	icmp                      string
	tos, ttl                  uint8
	flowLabel                 uint32
	octets                    int
}

func (f *facts) String() string {
	return fmt.Sprintf(
		"%s > %s (%s > %s), VLANs %d, labels %d, protocol %d, ports %s, flags %#x, ICMP %s, TOS %d, TTL %d, flow label %d, %d octets",
		f.source, f.destination, f.sourceMAC, f.destinationMAC, f.vlans, f.labels, f.protocol, f.ports, f.flags, f.icmp, f.tos, f.ttl, f.flowLabel, f.octets,
	)
}

// describe says what Frame read.
func describe(r *Record) string {
	f := facts{
		source: r.Source.Addr, destination: r.Destination.Addr, protocol: -1, flags: r.TCPFlags, tos: r.TOS, octets: int(r.Bytes),
		sourceMAC: net.HardwareAddr(r.Source.MAC[:]).String(), destinationMAC: net.HardwareAddr(r.Destination.MAC[:]).String(),
	}
	if r.Has&HasProtocol != 0 {
		f.protocol = int(r.Protocol)
	}
	if r.Has&HasPorts != 0 {
		f.ports = fmt.Sprint(r.Source.Port, r.Destination.Port)
	}
	if r.Has&HasICMP != 0 {
		f.icmp = fmt.Sprint(r.ICMPType, r.ICMPCode)
	}
	if r.Has&HasVLAN != 0 {
		f.vlans = append(f.vlans, r.VLAN)
	}
	if d := r.Details; d != nil {
		if d.Has&HasInnerVLAN != 0 {
			f.vlans = append(f.vlans, d.InnerVLAN)
		}
		f.labels = slices.Clone(d.Labels[:d.LabelCount])
		f.ttl, f.flowLabel = d.MinTTL, d.FlowLabel
	}
	return f.String()
}

// dissect says what gopacket reads.
func dissect(data []byte) string {
	f := facts{protocol: -1, octets: len(data)}
	f.dissect(data, layers.LayerTypeEthernet)
	return f.String()
}

func (f *facts) dissect(data []byte, first gopacket.Decoder) {
	var next layers.IPProtocol
	announce := func(protocol layers.IPProtocol) {
		switch next, f.protocol = protocol, int(protocol); protocol {
		case layers.IPProtocolIPv6HopByHop, layers.IPProtocolIPv6Routing, layers.IPProtocolIPv6Fragment, layers.IPProtocolIPv6Destination, layers.IPProtocolAH:
			f.protocol = -1 // an extension header, which another one follows
		}
	}
	beginning := true
	for _, l := range gopacket.NewPacket(data, first, gopacket.Default).Layers() {
		switch l := l.(type) {
		case *layers.Ethernet:
			f.sourceMAC, f.destinationMAC = l.SrcMAC.String(), l.DstMAC.String()
		case *layers.Dot1Q:
			if len(f.vlans) < 2 {
				f.vlans = append(f.vlans, l.VLANIdentifier)
			}
		case *layers.MPLS:
			if len(f.labels) < MaxLabels {
				f.labels = append(f.labels, l.Label)
			}
		case *layers.IPv4:
			f.source, _ = netip.AddrFromSlice(l.SrcIP)
			f.destination, _ = netip.AddrFromSlice(l.DstIP)
			f.tos, f.ttl, f.octets = l.TOS, l.TTL, int(l.Length)
			announce(l.Protocol)
			beginning = l.FragOffset == 0
		case *layers.IPv6:
			f.source, _ = netip.AddrFromSlice(l.SrcIP)
			f.destination, _ = netip.AddrFromSlice(l.DstIP)
			f.tos, f.ttl, f.octets, f.flowLabel = l.TrafficClass, l.HopLimit, 40+int(l.Length), l.FlowLabel
			announce(l.NextHeader)
		case *layers.IPv6HopByHop:
			announce(l.NextHeader)
		case *layers.IPv6Routing:
			announce(l.NextHeader)
		case *layers.IPv6Destination:
			announce(l.NextHeader)
		case *layers.IPSecAH:
			announce(l.NextHeader)
		case *layers.IPv6Fragment:
			announce(l.NextHeader)
			beginning = l.FragmentOffset == 0
		case *gopacket.Fragment: // gopacket leaves even the first one for others to put together
			if beginning {
				f.dissect(l.LayerContents(), next)
			}
		case *layers.TCP:
			f.ports = fmt.Sprint(uint16(l.SrcPort), uint16(l.DstPort))
			for bit, set := range []bool{l.FIN, l.SYN, l.RST, l.PSH, l.ACK, l.URG, l.ECE, l.CWR, l.NS} {
				if set {
					f.flags |= 1 << bit
				}
			}
		case *layers.UDP:
			f.ports = fmt.Sprint(uint16(l.SrcPort), uint16(l.DstPort))
			return // gopacket guesses at tunnels by the port
		case *layers.UDPLite:
			f.ports = fmt.Sprint(uint16(l.SrcPort), uint16(l.DstPort))
		case *layers.SCTP:
			f.ports = fmt.Sprint(uint16(l.SrcPort), uint16(l.DstPort))
		case *layers.ICMPv4:
			f.icmp = fmt.Sprint(l.TypeCode.Type(), l.TypeCode.Code())
		case *layers.ICMPv6:
			f.icmp = fmt.Sprint(l.TypeCode.Type(), l.TypeCode.Code())
		}
	}
}

// generator makes packets of random stacks of protocols.
type generator struct{ *rand.Rand }

func (g generator) octets(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(g.Uint32())
	}
	return b
}

func (g generator) mac() net.HardwareAddr {
	return append(net.HardwareAddr{2}, g.octets(5)...)
}

// packet puts a stack together from the top: what is above decides what the layers below announce.
func (g generator) packet(t *testing.T) []byte {
	t.Helper()
	v6 := g.IntN(2) == 0
	transport, protocol := g.transport(v6)
	ether := layers.EthernetTypeIPv4
	stack := []gopacket.SerializableLayer{transport, gopacket.Payload(g.octets(g.IntN(64)))}
	if v6 {
		ether = layers.EthernetTypeIPv6
		extensions, first := g.extensions(protocol)
		stack = append([]gopacket.SerializableLayer{&layers.IPv6{
			Version: 6, TrafficClass: uint8(g.Uint32()), FlowLabel: g.Uint32N(1 << 20), NextHeader: first, HopLimit: uint8(g.Uint32()),
			SrcIP: g.octets(16), DstIP: g.octets(16),
		}}, append(extensions, stack...)...)
	} else {
		stack = append([]gopacket.SerializableLayer{g.ipv4(protocol)}, stack...)
	}

	switch g.IntN(4) {
	case 0: // labels between Ethernet and IP
		ether = layers.EthernetTypeMPLSUnicast
		var labels []gopacket.SerializableLayer
		for n := 1 + g.IntN(12); n > 0; n-- {
			labels = append(labels, &layers.MPLS{Label: g.Uint32N(1 << 20), TrafficClass: uint8(g.IntN(8)), StackBottom: n == 1, TTL: uint8(g.Uint32())})
		}
		stack = append(labels, stack...)
	case 1: // or PPPoE
		kind := layers.PPPTypeIPv4
		if v6 {
			kind = layers.PPPTypeIPv6
		}
		ether = layers.EthernetTypePPPoESession
		stack = append([]gopacket.SerializableLayer{
			&layers.PPPoE{Version: 1, Type: 1, Code: layers.PPPoECodeSession, SessionId: uint16(g.Uint32())},
			&layers.PPP{PPPType: kind},
		}, stack...)
	}

	eth := &layers.Ethernet{SrcMAC: g.mac(), DstMAC: g.mac()}
	if snap := g.IntN(8) == 0; snap {
		stack = append([]gopacket.SerializableLayer{
			&layers.LLC{DSAP: 0xaa, SSAP: 0xaa, Control: 3},
			&layers.SNAP{OrganizationalCode: []byte{0, 0, 0}, Type: ether},
		}, stack...)
		ether = layers.EthernetTypeLLC
	} else {
		for n := g.IntN(4); n > 0; n-- {
			stack = append([]gopacket.SerializableLayer{&layers.Dot1Q{
				Priority: uint8(g.IntN(8)), DropEligible: g.IntN(2) == 0, VLANIdentifier: uint16(g.IntN(4096)), Type: ether,
			}}, stack...)
			ether = []layers.EthernetType{layers.EthernetTypeDot1Q, layers.EthernetTypeQinQ}[g.IntN(2)]
		}
	}
	eth.EthernetType = ether

	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true}, append([]gopacket.SerializableLayer{eth}, stack...)...); err != nil {
		t.Fatal(err)
	}
	return slices.Clone(b.Bytes())
}

func (g generator) transport(v6 bool) (gopacket.SerializableLayer, layers.IPProtocol) {
	from, to := uint16(g.Uint32()), uint16(g.Uint32())
	flag := func() bool { return g.IntN(2) == 0 }
	switch g.IntN(5) {
	case 0:
		return &layers.UDP{SrcPort: layers.UDPPort(from), DstPort: layers.UDPPort(to)}, layers.IPProtocolUDP
	case 1:
		return &layers.SCTP{SrcPort: layers.SCTPPort(from), DstPort: layers.SCTPPort(to)}, layers.IPProtocolSCTP
	case 2: // gopacket cannot write UDP-Lite
		return gopacket.Payload(append([]byte{byte(from >> 8), byte(from), byte(to >> 8), byte(to)}, 0, 8, 0, 0)), layers.IPProtocolUDPLite
	case 3:
		if v6 {
			return &layers.ICMPv6{TypeCode: layers.ICMPv6TypeCode(from)}, layers.IPProtocolICMPv6
		}
		return &layers.ICMPv4{TypeCode: layers.ICMPv4TypeCode(from)}, layers.IPProtocolICMPv4
	default:
		return &layers.TCP{
			SrcPort: layers.TCPPort(from), DstPort: layers.TCPPort(to), Window: uint16(g.Uint32()),
			FIN: flag(), SYN: flag(), RST: flag(), PSH: flag(), ACK: flag(), URG: flag(), ECE: flag(), CWR: flag(), NS: flag(),
		}, layers.IPProtocolTCP
	}
}

func (g generator) ipv4(protocol layers.IPProtocol) *layers.IPv4 {
	ip := &layers.IPv4{
		Version: 4, TOS: uint8(g.Uint32()), Id: uint16(g.Uint32()), TTL: uint8(g.Uint32()), Protocol: protocol, SrcIP: g.octets(4), DstIP: g.octets(4),
	}
	for range g.IntN(10) {
		ip.Options = append(ip.Options, layers.IPv4Option{OptionType: 148, OptionLength: 4, OptionData: []byte{0, 0}}) // router alert
	}
	switch g.IntN(6) {
	case 0:
		ip.Flags = layers.IPv4MoreFragments
	case 1:
		ip.FragOffset = 1 + uint16(g.IntN(0x1fff))
	}
	return ip
}

// extensions are extension headers of IPv6 before a protocol, and what the first of them is.
func (g generator) extensions(protocol layers.IPProtocol) (stack []gopacket.SerializableLayer, first layers.IPProtocol) {
	first = protocol
	before := func(kind layers.IPProtocol, header ...byte) {
		header[0] = byte(first)
		stack = append([]gopacket.SerializableLayer{gopacket.Payload(header)}, stack...)
		first = kind
	}
	options := func() []byte { // of 8 or 16 octets, all padding (PadN)
		n := g.IntN(2)
		return append([]byte{0, byte(n), 1, byte(4 + 8*n)}, make([]byte, 4+8*n)...)
	}
	if g.IntN(4) == 0 {
		before(layers.IPProtocolIPv6Destination, options()...)
	}
	if g.IntN(4) == 0 {
		before(layers.IPProtocolAH, append([]byte{0, 4, 0, 0}, g.octets(20)...)...)
	}
	if g.IntN(4) == 0 {
		offset := []int{0, 0, 1 + g.IntN(0x1fff)}[g.IntN(3)]<<3 | g.IntN(2)
		before(layers.IPProtocolIPv6Fragment, append([]byte{0, 0, byte(offset >> 8), byte(offset)}, g.octets(4)...)...)
	}
	if g.IntN(4) == 0 {
		before(layers.IPProtocolIPv6Routing, append([]byte{0, 2, 0, 1, 0, 0, 0, 0}, g.octets(16)...)...)
	}
	if g.IntN(4) == 0 {
		before(layers.IPProtocolIPv6HopByHop, options()...)
	}
	return stack, first
}
