package world

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// The shape of the traffic: an office of 3000 hosts behind five routers, on a day.
const (
	hosts   = 3000
	servers = 300_000 // public addresses they speak to: few get most, and half of all are seen a few times only
	Span    = 24 * time.Hour
)

// service is what a connection is for, by the server's port.
type service struct {
	protocol uint8
	port     uint16
	share    float64 // of all connections
	packets  float64 // least of a connection
	tail     float64 // exponent of the Pareto distribution of what is more: the less, the heavier
	size     float64 // octets of a packet towards the client
}

var services = []service{
	{6, 443, 0.36, 9, 1.15, 1100},
	{17, 443, 0.13, 8, 1.1, 1150},
	{17, 53, 0.21, 1, 8, 160},
	{6, 80, 0.06, 6, 1.2, 900},
	{1, 0, 0.03, 1, 2, 84},
	{17, 123, 0.03, 1, 8, 76},
	{6, 445, 0.02, 12, 1.05, 900},
	{6, 22, 0.015, 20, 1.1, 300},
	{6, 993, 0.02, 10, 1.4, 600},
	{6, 25, 0.01, 12, 1.3, 800},
	{6, 3389, 0.01, 60, 1.1, 500},
	{6, 8443, 0.015, 8, 1.3, 800},
	{17, 161, 0.02, 1, 3, 120},
	{17, 514, 0.015, 1, 2, 250},
	{6, 5223, 0.01, 4, 1.5, 200},
	{17, 3478, 0.01, 10, 1.05, 700},
	{6, 8080, 0.005, 6, 1.3, 700},
	{50, 0, 0.005, 100, 1.05, 900},
}

// scans is the share of connections that are nobody's business: one packet to a port that does not answer.
const scans = 0.025

// Traffic makes flow records as a decoder does, of what routers export of a day of an office with its servers.
type Traffic struct {
	random  *rand.Rand
	host    *rand.Zipf
	server  *rand.Zipf
	begin   time.Time
	count   int
	total   int
	pending []flow.Record // answers that follow
	packet  [routers]uint32
}

// Each router has an interface to the provider, and one for each floor.
const (
	routers = 5
	floors  = 12
)

// NewTraffic makes traffic of so many records, whose day ends at the given moment.
func NewTraffic(seed uint64, records int, end time.Time) *Traffic {
	random := rand.New(rand.NewPCG(seed, seed))
	return &Traffic{
		random: random, host: rand.NewZipf(random, 1.1, 20, hosts-1), server: rand.NewZipf(random, 1.12, 6, servers-1),
		begin: end.Add(-Span), total: records,
	}
}

// moment is when a record is exported: twice as often by day as by night, in the order of the records.
func (t *Traffic) moment() time.Time {
	x := float64(t.count) / float64(t.total)
	day := x - math.Sin(2*math.Pi*x)/(2*math.Pi)*0.6 // its derivative is the time that passes between records
	return t.begin.Add(time.Duration(day * float64(Span)))
}

// Next fills in a record.
func (t *Traffic) Next(r *flow.Record) {
	t.count++
	if n := len(t.pending); n > 0 && t.random.IntN(2) == 0 {
		i := t.random.IntN(n)
		*r = t.pending[i]
		t.pending[i] = t.pending[n-1]
		t.pending = t.pending[:n-1]
		t.export(r)
		return
	}
	there, back, answered := t.connection()
	*r = there
	if answered {
		t.pending = append(t.pending, back)
		if len(t.pending) > 40 {
			t.pending = t.pending[1:]
		}
	}
	t.export(r)
}

// export sets what the router says about itself.
func (t *Traffic) export(r *flow.Record) {
	now := t.moment()
	from := int(r.Domain)
	r.Domain = uint32(from % 2)
	const perPacket = 25
	t.packet[from]++
	r.Sequence = t.packet[from] / perPacket
	r.Exporter = router(from)
	r.Received, r.Exported = now.UnixNano(), now.Truncate(time.Second).UnixNano()
	lag := time.Duration(t.random.ExpFloat64() * 5 * float64(time.Second))
	end := now.Add(-min(lag, time.Minute)).Truncate(time.Millisecond)
	length := time.Duration(r.End - r.Start)
	r.End, r.Start = end.UnixNano(), end.Add(-length).UnixNano()
	r.Timestamp = r.End
}

// connection makes both directions of one. Domain is the number of the router, until it is exported; Start and End are apart by its length.
func (t *Traffic) connection() (there, back flow.Record, answered bool) {
	random := t.random
	host := t.host.Uint64()
	client := netip.AddrFrom4([4]byte{10, 0, byte(host >> 8), byte(host)})
	server := Address(t.server.Uint64())
	if random.IntN(6) == 0 { // among themselves
		server = netip.AddrFrom4([4]byte{10, 1, 0, byte(t.host.Uint64() % 60)})
	}
	if server.Is6() { // hosts have both
		client = netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 0, byte(host >> 8), byte(host), 15: 1})
	}
	there = flow.Record{
		Has: flow.HasPorts | flow.HasProtocol | flow.HasTCPFlags | flow.HasTOS | flow.HasInput | flow.HasOutput | flow.HasNextHop |
			flow.HasStart | flow.HasEnd | flow.HasBytes | flow.HasPackets | flow.HasDirection | flow.HasSourceAS | flow.HasDestinationAS,
		Format: flow.NetFlow9, Domain: uint32(host % routers),
		Source:      flow.Endpoint{Addr: client, Port: uint16(32768 + random.IntN(28232)), PrefixLength: 24},
		Destination: flow.Endpoint{Addr: server},
		Input:       uint32(2 + host%floors), Output: 1,
		NextHop: netip.AddrFrom4([4]byte{10, 254, byte(host % routers), 1}),
	}
	if random.Float64() < scans {
		scanner := Address(servers + random.Uint64N(1<<24))
		for scanner.Is4() != client.Is4() {
			scanner = Address(servers + random.Uint64N(1<<24))
		}
		there.Source.Addr, there.Destination.Addr = scanner, client
		there.Input, there.Output = there.Output, there.Input
		there.Protocol, there.TCPFlags, there.Packets, there.Bytes = 6, 2, 1, 40
		there.Destination.Port = uint16(1 + random.IntN(65535))
		return there, back, false
	}
	s := t.service()
	there.Protocol, there.Destination.Port = s.protocol, s.port
	if random.IntN(12) == 0 {
		there.TOS = []byte{0xb8, 0x88, 0x48, 0x28}[random.IntN(4)]
	}
	size := s.packets * math.Pow(1-random.Float64(), -1/s.tail)
	packets := min(uint64(size), 5_000_000)
	length := time.Duration(math.Exp(random.Float64()*10)) * time.Millisecond
	if packets <= 2 {
		length = time.Duration(random.IntN(40)) * time.Millisecond * time.Duration(packets-1)
	}
	there.End = int64(min(length, time.Minute)) // the routers' active timeout
	switch s.protocol {
	case 6:
		there.TCPFlags = []uint16{0x1b, 0x1b, 0x1b, 0x1f, 0x18, 0x1e}[random.IntN(6)]
	case 1:
		there.Source.Port, there.Destination.Port = 0, 8<<8
		there.Has |= flow.HasICMP
		there.ICMPType = 8
	case 50:
		there.Source.Port = 0
	}
	back = there
	there.Packets = 1 + packets*6/10
	there.Bytes = there.Packets*52 + uint64(random.ExpFloat64()*400)
	back.Packets = packets
	back.Bytes = uint64(float64(packets) * s.size * (0.6 + 0.4*random.Float64()))
	back.Source, back.Destination = there.Destination, there.Source
	back.Input, back.Output = there.Output, there.Input
	back.NextHop = netip.AddrFrom4([4]byte{10, 254, byte(host % routers), 2})
	back.Direction = 1
	if s.protocol == 1 {
		back.Source.Port, back.Destination.Port, back.ICMPType = 0, 0, 0
	}
	return there, back, random.IntN(20) != 0
}

func (t *Traffic) service() *service {
	x := t.random.Float64()
	for i := range services {
		if x -= services[i].share; x < 0 {
			return &services[i]
		}
	}
	return &services[0]
}
