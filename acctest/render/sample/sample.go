// Package sample makes up the traffic of an office, small enough to be drawn, in which nothing is greatest by being first: the hosts with the least traffic
// have the lowest addresses, and there are more of them than a page of buckets has. The same end makes the same flows.
package sample

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// Span is how much time the traffic takes, Step how much a flow.
const (
	Span = 6 * time.Hour
	Step = 5 * time.Minute
)

// Small is how many hosts there are with one little flow each.
const Small = 1200

// Interface is one of a router.
type Interface struct {
	Exporter string // address of the router
	Index    uint32
	Name     string
	Speed    uint64 // bit/s, which no flow record says
}

// Interfaces are those that the traffic passes: each router has one to the internet, and some inside.
var Interfaces = []Interface{
	{"192.0.2.1", 1, "xe-0/0/0 transit", 5e7},
	{"192.0.2.1", 10, "ge-0/0/10 offices", 1e9},
	{"192.0.2.1", 11, "ge-0/0/11 servers", 1e9},
	{"192.0.2.2", 1, "Gi0/0 peering", 3e7},
	{"192.0.2.2", 20, "Gi0/20 laboratory", 1.5e7},
}

// routers are the names of the exporters.
var routers = map[string]string{"192.0.2.1": "core-1", "192.0.2.2": "edge-2"}

type place struct {
	address, city, country, nation string
	latitude, longitude            float64
	as                             uint32
	organization                   string
	weight                         float64 // of its traffic
}

// The organizations are invented, of numbers and addresses for documentation (RFC 5398, RFC 5737); the towns are where they are.
var outside = []place{
	{"198.51.100.9", "Frankfurt am Main", "DE", "Germany", 50.11, 8.68, 64496, "Meridian Cloud", 30},
	{"198.51.100.24", "Amsterdam", "NL", "Netherlands", 52.37, 4.89, 64497, "Lowland Hosting", 14},
	{"198.51.100.40", "Ashburn", "US", "United States", 39.04, -77.49, 64498, "Potomac Compute", 24},
	{"198.51.100.41", "San Jose", "US", "United States", 37.34, -121.89, 64498, "Potomac Compute", 9},
	{"198.51.100.77", "Dublin", "IE", "Ireland", 53.35, -6.26, 64499, "Harp Mail", 6},
	{"203.0.113.5", "Singapore", "SG", "Singapore", 1.35, 103.82, 64500, "Strait Transit", 7},
	{"203.0.113.8", "Tokyo", "JP", "Japan", 35.68, 139.69, 64501, "Sumida Stream", 8},
	{"203.0.113.30", "São Paulo", "BR", "Brazil", -23.55, -46.63, 64502, "Paulista Net", 4},
	{"203.0.113.51", "Sydney", "AU", "Australia", -33.87, 151.21, 64503, "Harbour Backup", 3},
	{"203.0.113.60", "Mumbai", "IN", "India", 19.08, 72.88, 64504, "Gateway Telecom", 3.5},
	{"203.0.113.71", "Johannesburg", "ZA", "South Africa", -26.2, 28.05, 64505, "Highveld Online", 1.6},
	{"203.0.113.80", "Paris", "FR", "France", 48.86, 2.35, 64506, "Lutetia Video", 11},
	{"203.0.113.99", "Toronto", "CA", "Canada", 43.65, -79.38, 64507, "Maple Voice", 2},
	{"203.0.113.120", "Warsaw", "PL", "Poland", 52.23, 21.01, 64508, "Vistula Data", 1.2},
	{"203.0.113.130", "Nairobi", "KE", "Kenya", -1.29, 36.82, 64509, "Savanna Link", 0.6},
}

var own = place{city: "Vienna", country: "AT", nation: "Austria", latitude: 48.21, longitude: 16.37, as: 64511, organization: "Example Office"}

type application struct {
	name     string
	protocol uint8
	port     uint16
	weight   float64
}

var applications = []application{{"https", 6, 443, 50}, {"quic", 17, 443, 22}, {"ssh", 6, 22, 6}, {"imaps", 6, 993, 5}, {"rtp", 17, 5004, 4}, {"rsync", 6, 873, 9}, {"domain", 17, 53, 0.4}, {"ntp", 17, 123, 0.05}}

// Flows are all flows, the last of which ended at the given moment.
func Flows(end time.Time) []flow.Record {
	random := rand.New(rand.NewPCG(41, 7))
	encoder := schema.Complete()
	known := make([]*flow.Address, len(outside))
	for i, p := range outside {
		known[i] = encoder.Address(p.info(netip.MustParseAddr(p.address)))
	}
	inside := func(host int) flow.Endpoint {
		a := netip.AddrFrom4([4]byte{10, 20, byte(host), byte(200 - 7*host)})
		return flow.Endpoint{Addr: a, Known: encoder.Address(own.info(a))}
	}
	steps := int(Span / Step)
	all := make([]flow.Record, 0, 90*steps+Small)
	for step := range steps {
		at := end.Add(-Span + time.Duration(step+1)*Step)
		day := 0.55 + 0.45*math.Sin(math.Pi*float64(step)/float64(steps))
		for host := range 9 {
			for range 5 {
				to := pick(random, len(outside), func(i int) float64 { return outside[i].weight })
				app := applications[pick(random, len(applications), func(i int) float64 { return applications[i].weight })]
				octets := uint64(day * outside[to].weight * app.weight * (0.4 + random.Float64()) * 4e4 * float64(1+host*host) / 20)
				client, server := inside(host), flow.Endpoint{Addr: netip.MustParseAddr(outside[to].address), Port: app.port, Known: known[to]}
				client.Port = uint16(40000 + random.IntN(20000))
				router, within := 0, 1+host%2
				if host%3 == 0 {
					router, within = 3, 4
				}
				answer := func(r flow.Record) flow.Record { r.Client = flow.SideDestination; return r }
				request := func(r flow.Record) flow.Record { r.Client = flow.SideSource; return r }
				all = append(all,
					answer(record(at, server, client, app, octets, Interfaces[router], Interfaces[within])),
					request(record(at, client, server, app, octets/6+40, Interfaces[within], Interfaces[router])))
			}
		}
	}
	// Somebody tries all ports of a host, and is not answered.
	for port := range 400 {
		from := flow.Endpoint{Addr: netip.MustParseAddr(outside[14].address), Port: 61000, Known: known[14]}
		r := record(end.Add(-Span/4), from, flow.Endpoint{Addr: inside(3).Addr, Port: uint16(1 + port), Known: inside(3).Known}, application{protocol: 6}, 44, Interfaces[0], Interfaces[1])
		r.TCPFlags, r.Packets, r.Client = syn, 1, flow.SideSource
		r.Details = &flow.Details{Has: flow.HasFirewallEvent | flow.HasEndReason, FirewallEvent: denied, EndReason: idle}
		all = append(all, r)
	}
	for i := range Small {
		a := netip.AddrFrom4([4]byte{10, 1, byte(i / 200), byte(1 + i%200)})
		from := flow.Endpoint{Addr: a, Port: 5353}
		all = append(all, record(end.Add(-Span/2), from, inside(0), application{protocol: 17}, 41+uint64(i%90), Interfaces[2], Interfaces[1]))
	}
	for i := range all { // no two of a moment, so that a list by time has one order
		all[i].Timestamp -= int64(i%(2*Small)) * int64(time.Millisecond)
	}
	return all
}

func pick(random *rand.Rand, n int, weight func(int) float64) int {
	var sum float64
	for i := range n {
		sum += weight(i)
	}
	at := random.Float64() * sum
	for i := range n {
		if at -= weight(i); at < 0 {
			return i
		}
	}
	return n - 1
}

// Values of firewallEvent (233) and of flowEndReason (136), by IANA.
const denied, idle, active, closed = 3, 1, 2, 3

// TCP flags (RFC 9293, section 3.1).
const fin, syn, rst, psh, ack = 0x01, 0x02, 0x04, 0x08, 0x10

func record(end time.Time, from, to flow.Endpoint, app application, octets uint64, in, out Interface) flow.Record {
	r := flow.Record{
		Has:    flow.HasPorts | flow.HasProtocol | flow.HasInput | flow.HasOutput | flow.HasStart | flow.HasEnd | flow.HasBytes | flow.HasPackets | flow.HasDirection | flow.HasTCPFlags,
		Source: from, Destination: to, Bytes: octets, Packets: octets/900 + 1, Protocol: app.protocol, Format: flow.IPFIX,
		Exporter: netip.MustParseAddr(in.Exporter), Input: in.Index, Output: out.Index,
		Observer: &flow.Observer{Name: schema.JSONString(routers[in.Exporter]), Site: schema.JSONString("Vienna"), Input: flow.Interface{Name: schema.JSONString(in.Name)}, Output: flow.Interface{Name: schema.JSONString(out.Name)}},
		Start:    end.Add(-Step).UnixNano(), End: end.UnixNano() - 1, Timestamp: end.UnixNano() - int64(Step/2), Received: end.UnixNano(), Exported: end.UnixNano(),
	}
	r.Details = &flow.Details{Has: flow.HasEndReason, EndReason: idle}
	if app.protocol == 6 {
		r.Details.EndReason = closed
		r.TCPFlags = syn | ack | fin | psh
		if octets%19 == 0 {
			r.TCPFlags |= rst
			r.Details.EndReason = active
		}
	}
	if app.name != "" {
		r.Application = schema.ApplicationName(app.name)
	}
	return r
}

func (p place) info(a netip.Addr) schema.AddressInfo {
	return schema.AddressInfo{
		IP: a, Internal: a.IsPrivate(), AS: schema.AS{Number: p.as, Organization: p.organization},
		Geo: schema.Geo{CountryCode: p.country, Country: p.nation, City: p.city, HasLocation: true, Latitude: p.latitude, Longitude: p.longitude},
	}
}
