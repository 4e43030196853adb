// Package pagetest has an invented service to show on pages: for tests, and for the pictures in the documentation.
package pagetest

import (
	"context"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/page"
	"github.com/flowstack/terraform-provider-flowstack/collector/recent"
)

// Source is a service that does not exist. It is safe for concurrent use as long as nobody changes it.
type Source struct {
	Now    time.Time
	State  page.Overview
	Listed page.Top
	Detail page.Exporter
	Config config.Config
}

// Identity implements page.Source.
func (s *Source) Identity() (version, host string) { return "1.0.0", "flow1" }

// Overview implements page.Source.
func (s *Source) Overview() page.Overview { return s.State }

// Exporter implements page.Source. All exporters have the same interfaces and templates.
func (s *Source) Exporter(_ context.Context, address netip.Addr) (page.Exporter, bool) {
	i := slices.IndexFunc(s.State.Exporters, func(e page.Sender) bool { return e.Address == address })
	if i < 0 {
		return page.Exporter{}, false
	}
	e := s.Detail
	e.Sender = s.State.Exporters[i]
	return e, true
}

// Top implements page.Source.
func (s *Source) Top(minutes int) page.Top {
	t := s.Listed
	t.Minutes, t.From, t.To = minutes, s.Now.Add(-time.Duration(minutes)*time.Minute), s.Now
	return t
}

// Settings implements page.Source.
func (s *Source) Settings() []config.Setting { return s.Config.Settings() }

// Empty is a service that has just begun, and heard of nobody.
func Empty(now time.Time) *Source {
	return &Source{Now: now, Config: config.Default(), State: page.Overview{
		Now: now, Started: now.Add(-40 * time.Second), Headline: "0 exporters, 0 flows/s; no output is configured", Interval: 2,
		Sockets: []page.Socket{{Listen: "0.0.0.0:2055", Protocol: "udp", Buffer: 32 << 20}},
		Outputs: []page.Output{{Name: "Nowhere", Problem: "no output is configured", DocumentsWithoutAPlace: true}},
		First: []page.FirstStep{
			{Text: "Point a router, switch or firewall at this host: NetFlow, IPFIX or sFlow over UDP, to port 2055."},
			{Text: "Or export what passes an interface of any Linux host (here eth0):", Code: "softflowd -i eth0 -v 9 -n flow1:2055"},
		},
	}}
}

// wave is a figure that varies as traffic does, around 1: a slow swing, a faster one and noise that is the same each time.
func wave(i int, seed float64) float64 {
	x := float64(i)
	noise := math.Sin(x*12.9898+seed*78.233) * 43758.5453
	return 1 + .22*math.Sin(x/230+seed) + .08*math.Sin(x/31+2*seed) + .07*(noise-math.Floor(noise)-.5)
}

// site describes the invented exporters.
var site = []struct {
	name, address, formats, sampling, by string
	flows, bits                          float64
	templates                            int
	loss                                 float64
	skew                                 time.Duration
}{
	{"edge1.fra.example.net", "192.0.2.1", "ipfix", "1 in 1000", "by its options", 18400, 84e9, 14, 0, 4 * time.Millisecond},
	{"edge2.ams.example.net", "192.0.2.2", "ipfix", "1 in 1000", "by its options", 14900, 71e9, 14, .0004, 6 * time.Millisecond},
	{"core1.fra.example.net", "2001:db8:0:1::1", "netflow9", "1 in 512", "by its records", 9200, 41e9, 8, 0, 120 * time.Millisecond},
	{"leaf-sw12.fra.example.net", "198.51.100.12", "sflow5", "1 in 4096", "by its samples", 3100, 12e9, 0, 0, 1 * time.Millisecond},
	{"leaf-sw13.fra.example.net", "198.51.100.13", "sflow5", "1 in 4096", "by its samples", 2870, 11e9, 0, .013, 1 * time.Millisecond},
	{"fw1.office.example.net", "203.0.113.7", "netflow9", "", "", 640, 310e6, 6, 0, 2300 * time.Millisecond},
	{"", "203.0.113.40", "netflow5", "", "", 88, 42e6, 0, 0, 31 * time.Second},
	{"", "198.51.100.77", "ipfix", "", "", 0, 0, 0, 0, 15 * time.Millisecond},
}

// Busy is a service with exporters of several kinds, at a given time.
func Busy(now time.Time) *Source {
	s := &Source{Now: now, Config: config.Default()}
	s.Config.Output.Elasticsearch.Addresses = []string{"https://127.0.0.1:9200"}
	s.Config.Output.Elasticsearch.Username = "flowcollector"
	s.Config.Enrich.GeoIP.City, s.Config.Enrich.GeoIP.ASN = "/var/lib/GeoIP/GeoLite2-City.mmdb", "/var/lib/GeoIP/GeoLite2-ASN.mmdb"
	o := &s.State
	*o = page.Overview{
		Now: now, Started: now.Add(-53 * time.Hour), Ready: true, Interval: 2,
		Totals:  page.Totals{Flows: 9_012_345_678, Packets: 402_345_678, Dropped: 0, KernelDrops: 214},
		Refused: []page.NamedSum{{Cause: "unsupported_version", Name: "no format that is supported", N: 12}},
	}
	for i := range 1800 {
		p := page.Point{Flows: 48000 * wave(i, 1), Packets: 2150 * wave(i, 2)}
		if i > 905 && i < 912 {
			p.Drops = 18
		}
		o.History = append(o.History, p)
	}
	last := o.History[len(o.History)-1]
	o.Rates = page.Rates{Flows: last.Flows, Packets: last.Packets, Bits: 219e9}
	o.Headline = fmt.Sprintf("8 exporters, %.1f k flows/s, Elasticsearch behind by 0.8 s", last.Flows/1000)
	for i, e := range site {
		sender := page.Sender{
			Address: netip.MustParseAddr(e.address), Name: e.name, Formats: []string{e.formats}, Rated: true,
			Rates: page.Rates{Flows: e.flows, Packets: e.flows / 22, Bits: e.bits}, Loss: e.loss, Lost: uint64(e.loss * 1e6), Templates: e.templates,
			Sampling: e.sampling, SamplingBy: e.by, Skew: e.skew, LastSeen: now.Add(-time.Duration(i*i) * 300 * time.Millisecond),
		}
		if e.flows == 0 {
			sender.Waiting, sender.WaitingSince, sender.Rates.Packets = 214, now.Add(-4*time.Minute-12*time.Second), 1.1
		}
		for j := range 90 {
			sender.History = append(sender.History, e.flows*wave(j*10, float64(i)))
		}
		o.Exporters = append(o.Exporters, sender)
	}
	o.Sockets = []page.Socket{
		{Listen: "0.0.0.0:2055", Protocol: "udp", Packets: 402_000_000, Rate: 1790, Drops: 214, Buffer: 32 << 20},
		{Listen: "[::]:2055", Protocol: "udp", Packets: 90_000_000, Rate: 420, Buffer: 32 << 20},
		{Listen: "0.0.0.0:4740", Protocol: "tls", Packets: 1_300_000, Rate: 12, Streams: true, Connections: 2},
	}
	o.Outputs = []page.Output{{
		Name: "Elasticsearch", Behind: 800 * time.Millisecond, Stored: 9_012_306_310, Held: 39_368, HeldBytes: 21_000_000, LimitBytes: 64 << 20, Rate: 49_100,
		Spool: true, SpoolBytes: 8_400_000, SpoolSegments: 2, Retried: 1204, Duplicates: 311, DeadLetters: 3,
		Rejected: []page.NamedSum{{Cause: "mapper_parsing_exception", Name: "mapper_parsing_exception", N: 3}}, LastProblem: "Elasticsearch is overloaded (429)", LastAt: now.Add(-3 * time.Hour),
	}}
	built := now.AddDate(0, 0, -6)
	o.Enrichment = []page.Addition{
		{Name: "geoip city", Text: "built " + built.Format(time.DateOnly), Built: built, Path: s.Config.Enrich.GeoIP.City},
		{Name: "geoip asn", Text: "built " + built.Format(time.DateOnly), Built: built, Path: s.Config.Enrich.GeoIP.ASN},
		{Name: "networks file", Text: "48 entries", Path: "/etc/flowcollector/networks.yml"},
		{Name: "snmp", Text: "6 exporters of 8 known, 412 interfaces"},
	}
	s.top()
	s.detail()
	return s
}

func (s *Source) top() {
	t := &s.Listed
	*t = page.Top{Flows: 14_700_000, Octets: 8_212_500_000_000, Sampled: true}
	share := func(list *[]page.Share, of float64, name, detail, query string) {
		*list = append(*list, page.Share{Name: name, Detail: detail, Query: query, Of: of, Bits: of * 219e9, Octets: uint64(of * 8.2125e12)})
	}
	for i, n := range []string{"cdn-cache-3.example.org", "cdn-cache-7.example.org", "video1.example.com", "", "backup.example.net", "", "mirror.example.edu", "", "", "mail.example.net"} {
		a := fmt.Sprintf("198.18.%d.%d", 3+i*7, 20+i*13)
		if i%4 == 3 {
			a = fmt.Sprintf("2001:db8:%x:%x::%x", 0x20+i, i*31, 5+i)
		}
		share(&t.Talkers, .191/float64(i+1), a, strings.Trim(n+" · Example Networks", " ·"), "address="+a)
	}
	for i, n := range []string{"10.20.1.15 → 198.18.3.20", "10.20.7.3 → 198.18.10.33", "2001:db8:7::21 → 2001:db8:23:5d::8", "10.30.2.2 → 198.18.17.46", "10.20.9.77 → 198.18.31.72", "10.1.0.9 → 203.0.113.99", "10.20.4.4 → 198.18.45.98", "10.20.8.21 → 198.18.3.20", "10.30.2.9 → 198.18.52.111", "10.20.1.16 → 198.18.3.20"} {
		share(&t.Conversations, .083/float64(i+1), n, "", "")
	}
	for i, n := range [][2]string{{"https", "tcp 443"}, {"quic", "udp 443"}, {"netflix", "recognised by the exporter"}, {"ssh", "tcp 22"}, {"domain", "udp 53"}, {"rsync", "tcp 873"}, {"imaps", "tcp 993"}, {"tcp 8443", ""}, {"esp", ""}, {"ntp", "udp 123"}} {
		share(&t.Applications, .52/math.Pow(float64(i+1), 1.6), n[0], n[1], "application="+n[0])
	}
	for i, n := range []string{"Example CDN", "Example Video", "Example Networks", "Example Cloud Europe", "University of Example", "Example Transit", "Example Mobile", "Example Hosting", "Example Backbone", "Example Access"} {
		as := strconv.Itoa(64500 + i*3)
		share(&t.Systems, .31/float64(i+1), n, "AS"+as, "as="+as)
	}
	for i, n := range [][2]string{{"Germany", "DE"}, {"Netherlands", "NL"}, {"United States", "US"}, {"France", "FR"}, {"Ireland", "IE"}, {"Poland", "PL"}, {"United Kingdom", "GB"}, {"Japan", "JP"}, {"Brazil", "BR"}, {"Kenya", "KE"}} {
		share(&t.Countries, .44/math.Pow(float64(i+1), 1.3), n[0], n[1], "country="+n[1])
	}
}

func (s *Source) detail() {
	d := &s.Detail
	*d = page.Exporter{Minutes: 5}
	for i, n := range [][2]string{{"xe-0/0/0", "Transit: Example Backbone"}, {"xe-0/0/1", "Peering: EX-IX"}, {"xe-0/0/2", "core1.fra"}, {"xe-0/1/0", "core2.fra"}, {"ge-1/0/5", "Customer: University of Example"}, {"lo0", ""}} {
		one := page.Interface{Index: uint32(510 + i), Name: n[0], Description: n[1], Speed: 100e9, Measured: i < 5, Counters: true, Up: i != 3}
		if one.Measured {
			one.In, one.Out = 41e9/float64(i+1), 17e9/float64(i+1)
		}
		if i == 4 {
			one.Speed, one.Discards, one.Errors = 10e9, 1422, 3
		}
		d.Interfaces = append(d.Interfaces, one)
	}
	d.Samplers = []page.Sampler{{Name: "sampler 1 of domain 524288 (ipfix)", Interval: 1000}, {Name: "all of domain 524289 (ipfix)", Interval: 1000}}
	known := []string{"sourceIPv4Address", "destinationIPv4Address", "ipClassOfService", "protocolIdentifier", "sourceTransportPort", "destinationTransportPort", "icmpTypeCodeIPv4", "ingressInterface", "vlanId", "sourceIPv4PrefixLength", "destinationIPv4PrefixLength", "bgpSourceAsNumber", "bgpDestinationAsNumber", "ipNextHopIPv4Address", "tcpControlBits", "egressInterface", "octetDeltaCount", "packetDeltaCount", "minimumTTL", "maximumTTL", "flowStartMilliseconds", "flowEndMilliseconds", "flowEndReason"}
	names := make([]page.Field, 0, len(known))
	for _, n := range known {
		names = append(names, page.Field{Name: n, Length: "4 octets"})
	}
	for i := range 2 {
		d.Sources = append(d.Sources, page.Process{
			Format: "ipfix", Domain: strconv.Itoa(524288 + i), Listen: "0.0.0.0:2055", Packets: 91_200_331, Records: 1_903_224_118, Options: 88_400, Lost: uint64(i * 402), Templates: 7, LastSeen: s.Now.Add(-time.Second),
		})
		d.Templates = append(d.Templates, page.Template{Format: "ipfix", Domain: strconv.Itoa(524288 + i), ID: uint16(256 + i), Fields: names}, page.Template{Format: "ipfix", Domain: strconv.Itoa(524288 + i), ID: uint16(512 + i), Options: true, Fields: names[:4]})
	}
}

// Flows is a store of invented flows, which it searches one by one.
type Flows []recent.Flow

// Search implements page.Searcher.
func (f Flows) Search(ctx context.Context, q recent.Query) (recent.Result, error) {
	r := recent.Result{Segments: 1, Searched: 1}
	var found []recent.Flow
	for _, one := range f {
		if r.Oldest.IsZero() || one.Time.Before(r.Oldest) {
			r.Oldest = one.Time
		}
		if one.Time.After(r.Newest) {
			r.Newest = one.Time
		}
		if wanted(q, one) {
			found = append(found, one)
			r.Sums.Flows++
			r.Sums.Octets += one.Octets
			r.Sums.Packets += one.Packets
		}
	}
	slices.SortStableFunc(found, func(a, b recent.Flow) int {
		switch q.Order {
		case recent.Octets:
			return int(int64(b.Octets) - int64(a.Octets))
		case recent.Packets:
			return int(int64(b.Packets) - int64(a.Packets))
		case recent.Newest:
		}
		return b.Time.Compare(a.Time)
	})
	found = found[min(q.Offset, len(found)):]
	r.More = len(found) > q.Limit
	r.Flows = found[:min(q.Limit, len(found))]
	return r, ctx.Err()
}

func wanted(q recent.Query, f recent.Flow) bool {
	in := func(p netip.Prefix, of ...netip.Addr) bool {
		return !p.IsValid() || slices.ContainsFunc(of, p.Contains)
	}
	s, d := f.Source, f.Destination
	return in(q.Either, s.Address, d.Address) && in(q.Source, s.Address) && in(q.Destination, d.Address) &&
		(q.Port == 0 || s.Port == q.Port || d.Port == q.Port) && (q.Protocol == 0 || f.Protocol == q.Protocol) &&
		(!q.Exporter.IsValid() || f.Exporter == q.Exporter) && (q.AS == 0 || s.AS == q.AS || d.AS == q.AS) &&
		(q.Country == "" || s.Country == q.Country || d.Country == q.Country) && (q.Application == "" || strings.EqualFold(f.Application, q.Application)) &&
		(q.From.IsZero() || !f.Time.Before(q.From)) && (q.To.IsZero() || f.Time.Before(q.To))
}

// SomeFlows are flows of the minutes before a time.
func SomeFlows(now time.Time, n int) Flows {
	applications := []struct {
		name, transport string
		protocol        uint8
		port            uint16
	}{{"https", "tcp", 6, 443}, {"quic", "udp", 17, 443}, {"domain", "udp", 17, 53}, {"ssh", "tcp", 6, 22}}
	list := make(Flows, n)
	for i := range list {
		a := applications[i*7%len(applications)]
		f := recent.Flow{
			Time: now.Add(-time.Duration(i) * 40 * time.Millisecond), Exporter: netip.MustParseAddr(site[i%3].address), Protocol: a.protocol, Transport: a.transport, Application: a.name,
			Source:      recent.Side{Address: netip.AddrFrom4([4]byte{10, 20, byte(i % 9), byte(i * 17)}), Port: uint16(32768 + i*37%28000)},
			Destination: recent.Side{Address: netip.AddrFrom4([4]byte{198, 18, byte(3 + i%9*7), byte(20 + i%9*13)}), Port: a.port, Domain: fmt.Sprintf("cdn-cache-%d.example.org", i%9), AS: uint32(64500 + i%9*3), ASName: "Example CDN", Country: []string{"DE", "NL", "US"}[i%3]},
			Packets:     uint64(3 + i*i%977), Input: recent.Interface{ID: "512", Name: "xe-0/0/2"}, Output: recent.Interface{ID: "510", Name: "xe-0/0/0"}, Direction: "outbound",
		}
		f.Octets = f.Packets * uint64(60+i*113%1380)
		f.Document = fmt.Appendf(nil, `{"@timestamp":%q,"source":{"ip":%q,"port":%d},"destination":{"ip":%q,"port":%d},"network":{"bytes":%d,"packets":%d,"transport":%q,"application":%q}}`,
			f.Time.UTC().Format(time.RFC3339Nano), f.Source.Address, f.Source.Port, f.Destination.Address, f.Destination.Port, f.Octets, f.Packets, a.transport, a.name)
		list[i] = f
	}
	return list
}
