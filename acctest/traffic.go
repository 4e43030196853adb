package acctest

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// Traffic describes what an exporter is given to observe: conversations of UDP, TCP (with a handshake and an end), ICMP and, if asked
// for, SCTP, over IPv4 and IPv6, both directions. The same description always gives the same packets.
type Traffic struct {
	Conversations int    // 48 when 0, at most 10 000; every sixth is of the same kind
	Exchanges     int    // the most packets each side of a conversation sends beyond the opening ones, 20 when 0
	Seed          uint64 // chooses lengths and numbers of packets
	IPv4Only      bool   // what NetFlow v5 can express
	SCTP          bool   // a conversation of SCTP after each three of the others
	VLAN          uint16 // when it is not 0, every second conversation is tagged with it (IEEE 802.1Q)
}

// The documentation networks of RFC 5737 and RFC 3849. Eight clients share a server, and each fifth conversation of a client has the
// same addresses as an earlier one: sums per pair are sums over several flows.
const (
	maxConversations = 10_000
	clientsPerKind   = 40
	serversPerKind   = 5
)

// frame is an Ethernet frame, with the IP length that a meter counts.
type frame struct {
	pair  Pair
	bytes uint64
	data  []byte
}

// frames makes the packets, conversations interleaved as on a real line.
func (t Traffic) frames() ([]frame, error) {
	if t.Conversations == 0 {
		t.Conversations = 48
	}
	if t.Exchanges == 0 {
		t.Exchanges = 20
	}
	if t.Conversations < 0 || t.Conversations > maxConversations || t.Exchanges < 0 {
		return nil, fmt.Errorf("traffic: %d conversations with up to %d exchanges: at most %d conversations, nothing negative",
			t.Conversations, t.Exchanges, maxConversations)
	}
	random := rand.New(rand.NewPCG(t.Seed, 0x666c6f77737461))
	conversations := make([][]frame, t.Conversations)
	total := 0
	for i := range conversations {
		c := t.conversation(i)
		if err := c.talk(random, 1+random.IntN(t.Exchanges)); err != nil {
			return nil, fmt.Errorf("traffic: conversation %d: %w", i, err)
		}
		conversations[i] = c.frames
		total += len(c.frames)
	}
	all := make([]frame, 0, total)
	for round := 0; len(all) < total; round++ {
		for _, c := range conversations {
			if round < len(c) {
				all = append(all, c[round])
			}
		}
	}
	return all, nil
}

type conversation struct {
	protocol       layers.IPProtocol
	client, server netip.Addr
	clientPort     uint16
	serverPort     uint16
	number         uint16
	vlan           uint16 // 0: not tagged
	frames         []frame
}

// kinds are the protocols of conversations, in the order they come in, by their number for IPv4.
var kinds = []layers.IPProtocol{layers.IPProtocolUDP, layers.IPProtocolTCP, layers.IPProtocolICMPv4, layers.IPProtocolSCTP}

func (t Traffic) conversation(i int) *conversation {
	c := &conversation{number: uint16(i), clientPort: uint16(20_000 + i)}
	kinds := kinds
	if !t.SCTP {
		kinds = kinds[:3]
	}
	if i%2 == 1 {
		c.vlan = t.VLAN
	}
	client, server := byte(1+i%clientsPerKind), byte(1+i%serversPerKind)
	if i/len(kinds)%2 == 0 || t.IPv4Only {
		c.client, c.server = netip.AddrFrom4([4]byte{198, 51, 100, client}), netip.AddrFrom4([4]byte{203, 0, 113, server})
	} else {
		c.client = netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 0, 1, 15: client})
		c.server = netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 0, 2, 15: server})
	}
	switch c.protocol = kinds[i%len(kinds)]; c.protocol {
	case layers.IPProtocolUDP:
		c.serverPort = 8125
	case layers.IPProtocolTCP:
		c.serverPort = 8443
	case layers.IPProtocolSCTP:
		c.serverPort = 2905
	default:
		if c.client.Is6() {
			c.protocol = layers.IPProtocolICMPv6
		}
	}
	return c
}

// talk appends the packets of a conversation with a number of requests and answers.
func (c *conversation) talk(random *rand.Rand, exchanges int) error {
	opening, closing := 0, 0
	if c.protocol == layers.IPProtocolTCP {
		opening, closing = 3, 3
	}
	step := func(toServer bool, length int, flags string) error { return c.send(toServer, length, flags) }
	for i := range opening { // SYN, SYN ACK, ACK
		if err := step(i != 1, 0, []string{"S", "SA", "A"}[i]); err != nil {
			return err
		}
	}
	for range exchanges {
		if err := step(true, 1+random.IntN(200), "PA"); err != nil {
			return err
		}
		// Not every request is answered, some by more than one packet.
		for range random.IntN(3) {
			if err := step(false, 1+random.IntN(1200), "PA"); err != nil {
				return err
			}
		}
	}
	for i := range closing { // FIN ACK from both, ACK
		if err := step(i != 1, 0, []string{"FA", "FA", "A"}[i]); err != nil {
			return err
		}
	}
	return nil
}

var (
	clientMAC = net.HardwareAddr{0x02, 0, 0, 0, 0, 1}
	serverMAC = net.HardwareAddr{0x02, 0, 0, 0, 0, 2}
)

func (c *conversation) send(toServer bool, length int, flags string) error {
	from, to := c.client, c.server
	ethernet := &layers.Ethernet{SrcMAC: clientMAC, DstMAC: serverMAC}
	fromPort, toPort := c.clientPort, c.serverPort
	if !toServer {
		from, to, fromPort, toPort = to, from, toPort, fromPort
		ethernet.SrcMAC, ethernet.DstMAC = serverMAC, clientMAC
	}
	var ip gopacket.SerializableLayer
	var network gopacket.NetworkLayer
	ethernet.EthernetType = layers.EthernetTypeIPv6
	if from.Is4() {
		ethernet.EthernetType = layers.EthernetTypeIPv4
		v4 := &layers.IPv4{Version: 4, TTL: 64, Protocol: c.protocol, SrcIP: from.AsSlice(), DstIP: to.AsSlice()}
		ip, network = v4, v4
	} else {
		v6 := &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: c.protocol, SrcIP: from.AsSlice(), DstIP: to.AsSlice()}
		ip, network = v6, v6
	}
	stack := []gopacket.SerializableLayer{ethernet}
	if c.vlan != 0 {
		stack = append(stack, &layers.Dot1Q{VLANIdentifier: c.vlan, Type: ethernet.EthernetType})
		ethernet.EthernetType = layers.EthernetTypeDot1Q
	}
	stack = append(stack, ip)
	stack = append(stack, c.transport(network, fromPort, toPort, toServer, flags)...)
	stack = append(stack, gopacket.Payload(make([]byte, length)))
	buffer := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buffer, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, stack...); err != nil {
		return err
	}
	// Ethernet pads short frames; a veth pair does not need it, and softflowd would count the padding as part of the packet.
	const ethernetHeader, tag, ip6Header = 14, 4, 40
	header := uint64(ethernetHeader)
	if c.vlan != 0 {
		header += tag
	}
	var bytes uint64
	switch ip := network.(type) {
	case *layers.IPv4:
		bytes = uint64(ip.Length)
	case *layers.IPv6:
		bytes = ip6Header + uint64(ip.Length)
	}
	data := buffer.Bytes()[:header+bytes]
	c.frames = append(c.frames, frame{pair: Pair{from, to}, bytes: bytes, data: data})
	return nil
}

func (c *conversation) transport(ip gopacket.NetworkLayer, from, to uint16, toServer bool, flags string) []gopacket.SerializableLayer {
	switch c.protocol {
	case layers.IPProtocolUDP:
		udp := &layers.UDP{SrcPort: layers.UDPPort(from), DstPort: layers.UDPPort(to)}
		must(udp.SetNetworkLayerForChecksum(ip))
		return []gopacket.SerializableLayer{udp}
	case layers.IPProtocolTCP:
		tcp := &layers.TCP{SrcPort: layers.TCPPort(from), DstPort: layers.TCPPort(to), Window: 64_000}
		for _, f := range flags {
			switch f {
			case 'S':
				tcp.SYN = true
			case 'A':
				tcp.ACK = true
			case 'P':
				tcp.PSH = true
			case 'F':
				tcp.FIN = true
			}
		}
		must(tcp.SetNetworkLayerForChecksum(ip))
		return []gopacket.SerializableLayer{tcp}
	case layers.IPProtocolSCTP:
		return []gopacket.SerializableLayer{
			&layers.SCTP{SrcPort: layers.SCTPPort(from), DstPort: layers.SCTPPort(to), VerificationTag: uint32(c.number)},
			&layers.SCTPData{
				SCTPChunk:     layers.SCTPChunk{Type: layers.SCTPChunkTypeData},
				BeginFragment: true, EndFragment: true,
			},
		}
	case layers.IPProtocolICMPv4:
		kind := uint8(layers.ICMPv4TypeEchoReply)
		if toServer {
			kind = layers.ICMPv4TypeEchoRequest
		}
		return []gopacket.SerializableLayer{&layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(kind, 0), Id: c.number}}
	default:
		kind := uint8(layers.ICMPv6TypeEchoReply)
		if toServer {
			kind = layers.ICMPv6TypeEchoRequest
		}
		icmp := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(kind, 0)}
		must(icmp.SetNetworkLayerForChecksum(ip))
		return []gopacket.SerializableLayer{icmp, &layers.ICMPv6Echo{Identifier: c.number}}
	}
}

// must is for errors that only a network layer of another kind than IP causes.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// fillers are frames of the local experimental EtherType (IEEE 802, 0x88B5), seen and ignored by a flow meter: enough to fill a block of
// libpcap's ring (128 KiB, of which each frame takes at least the 256 octets that are captured of it).
func fillers() [][]byte {
	data := make([]byte, 1400)
	copy(data, serverMAC)
	copy(data[6:], clientMAC)
	binary.BigEndian.PutUint16(data[12:], 0x88b5)
	return slices.Repeat([][]byte{data}, 600)
}

// trailerPair are the addresses of a packet that some exporters need after the traffic, to send what they have.
var trailerPair = Pair{netip.AddrFrom4([4]byte{192, 0, 2, 1}), netip.AddrFrom4([4]byte{192, 0, 2, 2})}

func trailer() (frame, error) {
	c := &conversation{protocol: layers.IPProtocolUDP, client: trailerPair.Source, server: trailerPair.Destination, clientPort: 9, serverPort: 9}
	if err := c.send(true, 1, ""); err != nil {
		return frame{}, fmt.Errorf("traffic: %w", err)
	}
	return c.frames[0], nil
}
