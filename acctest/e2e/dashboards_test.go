package e2e

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
	"github.com/flowstack/terraform-provider-flowstack/appliance/dashboards"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// The networks of the test, by what the collector is told of them.
const dashboardNetworks = `networks:
  - {network: 10.1.0.0/16, name: office, site: Vienna, country: AT, city: Vienna, latitude: 48.2, longitude: 16.37, as: 64512, as_name: Example Office}
  - {network: 198.51.100.0/24, name: hosting, internal: false, country: US, city: New York, latitude: 40.7, longitude: -74, as: 64500, as_name: Example Hosting}
  - {network: 203.0.113.0/24, name: transit, internal: false, country: JP, city: Tokyo, latitude: 35.7, longitude: 139.7, as: 64501, as_name: Example Transit}
  - {network: 192.0.2.0/24, name: partner, internal: false, country: DE, city: Berlin, latitude: 52.5, longitude: 13.4, as: 64502, as_name: Example Partner}
`

const dashboardExporters = `exporters:
  - {address: 127.0.0.1, name: edge, site: Vienna, interfaces: [{index: 1, name: lan}, {index: 2, name: uplink}]}
  - {address: "::1", name: core, site: Graz, interfaces: [{index: 3, name: rack}, {index: 4, name: backbone}]}
`

type place struct {
	country, city, as string
	number            float64
	point             [2]float64 // longitude, latitude
	site              string
}

var places = map[netip.Prefix]place{
	netip.MustParsePrefix("10.1.0.0/16"):     {"AT", "Vienna", "Example Office", 64512, [2]float64{16.37, 48.2}, "Vienna"},
	netip.MustParsePrefix("198.51.100.0/24"): {"US", "New York", "Example Hosting", 64500, [2]float64{-74, 40.7}, ""},
	netip.MustParsePrefix("203.0.113.0/24"):  {"JP", "Tokyo", "Example Transit", 64501, [2]float64{139.7, 35.7}, ""},
	netip.MustParsePrefix("192.0.2.0/24"):    {"DE", "Berlin", "Example Partner", 64502, [2]float64{13.4, 52.5}, ""},
}

func placeOf(a netip.Addr) place {
	for prefix, p := range places {
		if prefix.Contains(a) {
			return p
		}
	}
	return place{}
}

// sentFlow is a flow as an exporter sends it.
type sentFlow struct {
	source, destination netip.Addr
	sourcePort, port    uint16 // of source and destination
	protocol, flags     uint8
	bytes, packets      uint32
	in, out             uint32
	egress              bool
	interval            uint32 // 1 of so many packets
	event, forwarding   uint8
	reason              uint8
	previous, next      uint32 // AS
	end                 time.Time
}

var (
	tcpFlagNames  = []string{"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"}
	protocolNames = map[uint8]string{6: "tcp", 17: "udp"}
	serviceNames  = map[uint16]string{443: "https", 53: "domain", 22: "ssh", 80: "http"}
	reasonNames   = map[uint8]string{1: "idle-timeout", 2: "active-timeout", 3: "end-of-flow"}
	statusNames   = []string{"unknown", "forwarded", "dropped", "consumed"}
)

// document is what the collector has to make of it.
func (f sentFlow) document(exporter string) document {
	d := document{
		"@timestamp": float64(f.end.UnixMilli()), "observer.ip": exporter, "flow.format": "netflow9", "network.transport": protocolNames[f.protocol],
		"network.bytes": float64(f.bytes) * float64(f.interval), "network.packets": float64(f.packets) * float64(f.interval),
		"observer.ingress.interface.id": strconv.Itoa(int(f.in)), "observer.egress.interface.id": strconv.Itoa(int(f.out)),
		"flow.direction": map[bool]string{false: "ingress", true: "egress"}[f.egress], "flow.end_reason": reasonNames[f.reason],
		"flow.forwarding_status": statusNames[f.forwarding], "flow.previous_as": float64(f.previous), "flow.next_as": float64(f.next),
		"observer.name": "edge", "observer.geo.name": "Vienna",
	}
	names := map[uint32]string{1: "lan", 2: "uplink", 3: "rack", 4: "backbone"}
	d["observer.ingress.interface.name"], d["observer.egress.interface.name"] = names[f.in], names[f.out]
	if exporter == "::1" {
		d["observer.name"], d["observer.geo.name"] = "core", "Graz"
	}
	if f.interval > 1 {
		d["flow.sampling.interval"], d["flow.sampling.source"] = float64(f.interval), "record"
	}
	if f.event == 3 {
		d["event.action"] = "flow-denied"
	}
	if f.protocol == 6 {
		var flags []string
		for i, name := range tcpFlagNames {
			if f.flags>>i&1 == 1 {
				flags = append(flags, name)
			}
		}
		d["flow.tcp_flags"] = flags
	}
	for side, a := range map[string]netip.Addr{"source": f.source, "destination": f.destination} {
		p := placeOf(a)
		d[side+".ip"], d[side+".geo.country_iso_code"], d[side+".geo.city_name"] = a.String(), p.country, p.city
		d[side+".as.number"], d[side+".as.organization.name"] = p.number, p.as
		d[side+".geo.location"] = p.point
		if p.site != "" {
			d[side+".geo.name"] = p.site
		}
	}
	d["source.port"], d["destination.port"] = float64(f.sourcePort), float64(f.port)
	d["network.direction"] = "outbound"
	if placeOf(f.destination).site != "" {
		d["network.direction"] = "inbound"
	}
	// Who began: the side without a port that has a name, or of a lone SYN its source.
	client, server, port := f.source, f.destination, f.port
	if serviceNames[f.port] == "" && serviceNames[f.sourcePort] != "" {
		client, server, port = f.destination, f.source, f.sourcePort
	}
	d["client.ip"], d["server.ip"], d["server.port"] = client.String(), server.String(), float64(port)
	if name := serviceNames[port]; name != "" {
		d["network.application"] = name
	}
	return d
}

// dashboardFields are the template: RFC 3954 section 8, and elements of IANA's that exporters send in NetFlow v9 too.
var dashboardFields = [][2]uint16{
	{8, 4}, {12, 4}, {7, 2}, {11, 2}, {4, 1}, {6, 1}, {1, 4}, {2, 4}, {10, 4}, {14, 4}, {61, 1}, {34, 4}, {233, 1}, {89, 1}, {136, 1}, {129, 4}, {128, 4}, {22, 4}, {21, 4},
}

// netflow9 is a packet with flows; sampler is the field FLOW_SAMPLER_ID in place of the interval where it is not 0.
func netflow9(sequence uint32, now time.Time, sampler uint32, flows []sentFlow) []byte {
	u16, u32 := binary.BigEndian.AppendUint16, binary.BigEndian.AppendUint32
	const uptime = 86_400_000 // of the exporter, in milliseconds
	fields, id := dashboardFields, uint16(300)
	if sampler != 0 {
		id = 301
	}
	packet := u16(u16(nil, 9), uint16(1+len(flows)))
	packet = u32(u32(u32(u32(packet, uptime), uint32(now.Unix())), sequence), 7)
	packet = u16(u16(u16(u16(packet, 0), uint16(8+4*len(fields))), id), uint16(len(fields)))
	for _, f := range fields {
		if f[0] == 34 && sampler != 0 {
			f[0] = 48
		}
		packet = u16(u16(packet, f[0]), f[1])
	}
	var records []byte
	for _, f := range flows {
		source, destination := f.source.As4(), f.destination.As4()
		last := uint32(uptime - now.Truncate(time.Second).Sub(f.end).Milliseconds())
		records = append(append(records, source[:]...), destination[:]...)
		records = append(u16(u16(records, f.sourcePort), f.port), f.protocol, f.flags)
		records = u32(u32(u32(u32(records, f.bytes), f.packets), f.in), f.out)
		records = append(records, map[bool]byte{true: 1}[f.egress])
		if sampler != 0 {
			records = u32(records, sampler)
		} else {
			records = u32(records, f.interval)
		}
		records = append(records, f.event, f.forwarding<<6, f.reason)
		records = u32(u32(u32(u32(records, f.previous), f.next), last-1000), last)
	}
	return append(u16(u16(packet, id), uint16(4+len(records))), records...)
}

// knocking is who knocks at many doors.
var knocking = netip.MustParseAddr("192.0.2.66")

// dashboardTraffic is what passes: through the exporter edge, which reports everything when it comes in and again when it goes out, and through core, which
// looks at 1 of 100 packets as they come in. truth is how many octets passed edge in reality.
func dashboardTraffic(begin time.Time) (edge, core, unknown []sentFlow, truth float64) {
	const syn, ack, fin, rst, psh, ece = 2, 16, 1, 4, 8, 64
	remote := []string{"198.51.100.", "203.0.113.", "192.0.2."}
	number := uint32(0)
	for i := range 40 {
		client := netip.MustParseAddr(fmt.Sprintf("10.1.0.%d", 1+i%7))
		server := netip.MustParseAddr(fmt.Sprintf("%s%d", remote[i%3], 1+i%5))
		port := []uint16{443, 53, 22, 80, 443}[i%5]
		f := sentFlow{
			source: client, destination: server, sourcePort: uint16(60_000 + i), port: port, protocol: 6, flags: syn | ack | psh | fin, in: 1, out: 2, interval: 1,
			forwarding: 1, reason: 3, previous: 64512, next: 64496 + uint32(i%3), end: begin.Add(time.Duration(i) * 11 * time.Second),
		}
		if port == 53 {
			f.protocol, f.flags, f.reason = 17, 0, 1
		}
		if i%11 == 0 && f.protocol == 6 {
			f.flags |= ece
		}
		if i%7 == 3 && f.protocol == 6 {
			f.flags, f.reason = syn|ack|rst, 2
		}
		for range 2 { // there and back
			number++
			f.bytes, f.packets = 10_000+997*number, 10+number // no two sums are alike
			truth += float64(f.bytes)
			edge = append(edge, f)
			out := f
			out.egress = true
			edge = append(edge, out)
			inside := f
			inside.in, inside.out, inside.interval, inside.bytes = f.in+2, f.out+2, 100, f.bytes/10
			core = append(core, inside)
			f.source, f.destination, f.sourcePort, f.port, f.in, f.out = f.destination, f.source, f.port, f.sourcePort, f.out, f.in
			f.previous, f.next = f.next, f.previous
		}
	}
	// Somebody knocks at many doors; some of it is denied.
	for i := range 60 {
		number++
		f := sentFlow{
			source: knocking, destination: netip.MustParseAddr(fmt.Sprintf("10.1.0.%d", 100+i%30)), sourcePort: 61_000, port: uint16(60_100 + i),
			protocol: 6, flags: syn, bytes: 40 + number, packets: 1 + uint32(i%3), in: 2, out: 1, interval: 1, forwarding: 1, reason: 1, previous: 64498, next: 64512,
			end: begin.Add(time.Duration(i) * 7 * time.Second),
		}
		if i%4 == 0 {
			f.event, f.forwarding = 3, 2
		}
		truth += float64(f.bytes)
		out := f
		out.egress = true
		edge = append(edge, f, out)
	}
	// A sampler that nobody described; of all flows the last one.
	number++
	unknown = []sentFlow{{
		source: netip.MustParseAddr("10.1.0.9"), destination: netip.MustParseAddr("198.51.100.9"), sourcePort: 60_999, port: 443, protocol: 6, flags: syn | ack,
		bytes: 5000 + number, packets: 5, in: 3, out: 4, interval: 1, forwarding: 1, reason: 3, previous: 64512, next: 64496, end: begin.Add(9 * time.Minute),
	}}
	return edge, core, unknown, truth
}

// TestDashboardQueries sends known flows to a real collector, which puts them into a real Elasticsearch, and asks of that what each visualization asks: each finds
// something, and exactly what was sent. Between two parts of the flows the index is rolled over, as it is day by day: what goes on behind that is not new.
func TestDashboardQueries(t *testing.T) {
	ctx := t.Context()
	h := startHost(t, "views1")
	es, err := acctest.StartElasticsearch(ctx, acctest.ElasticsearchOptions{Host: h, Log: t.Logf})
	must(t, err)
	cleanup(t, es.Close)
	startCollector(ctx, t, h, dashboardSettings(t, es))

	now := time.Now()
	begin := now.Truncate(time.Minute).Add(-10 * time.Minute)
	edge, core, unknown, truth := dashboardTraffic(begin)
	var documents []document
	sequence := map[string]uint32{} // packets sent, by exporter
	send := func(address, exporter string, sampler uint32, flows []sentFlow) {
		connection, err := h.DialContext(ctx, "udp", address)
		must(t, err)
		for i := 0; i < len(flows); i += 20 {
			some := flows[i:min(i+20, len(flows))]
			_, err := connection.Write(netflow9(sequence[exporter], now, sampler, some))
			must(t, err)
			sequence[exporter]++
			for _, f := range some {
				d := f.document(exporter)
				if sampler != 0 {
					d["flow.sampling.source"] = "missing"
				}
				documents = append(documents, d)
			}
		}
		must(t, connection.Close())
	}
	arrived := func() {
		waitFor(ctx, t, "the flows in Elasticsearch", func() (bool, string) {
			var count struct{ Count int }
			must(t, es.Do(ctx, http.MethodPost, "/flows/_refresh?ignore_unavailable=true", nil, nil))
			must(t, es.Do(ctx, http.MethodGet, "/flows/_count?ignore_unavailable=true", nil, &count))
			return count.Count >= len(documents), fmt.Sprintf("%d of %d", count.Count, len(documents))
		})
	}
	edgeBefore, edgeAfter := parts(edge, begin)
	coreBefore, coreAfter := parts(core, begin)
	send("127.0.0.1:2055", "127.0.0.1", 0, edgeBefore)
	send("[::1]:2055", "::1", 0, coreBefore)
	arrived()
	must(t, es.Do(ctx, http.MethodPost, "/flows/_rollover", nil, nil))
	trouble(ctx, t, h, now)
	sequence["127.0.0.1"] += missingPackets
	send("127.0.0.1:2055", "127.0.0.1", 0, edgeAfter)
	send("[::1]:2055", "::1", 0, coreAfter)
	send("[::1]:2055", "::1", 9, unknown)
	arrived()

	o := oracle{t, dashboards.DefaultIndex, documents}
	all := dashboards.Window{From: begin, To: begin.Add(10 * time.Minute)}
	once := all
	once.Filters = []dashboards.Filter{dashboards.DeduplicateIngress.Filter()}
	own, since := healthOf(ctx, t, es, len(documents))
	asked := map[string]bool{}
	for _, view := range dashboards.Views() {
		for _, panel := range view.Panels() {
			o, all, once := o, all, once
			if panel.Visual.About().Documents() == schema.Health {
				o, all.From, all.To = own, since.From, since.To
				once.From, once.To = since.From, since.To
			}
			for name, body := range panel.Visual.Requests(all) {
				if !asked[name] {
					asked[name] = true
					o.ask(ctx, es, name, body, true)
				}
			}
			for name, body := range panel.Visual.Requests(once) {
				if key := name + ", each packet once"; !asked[key] {
					asked[key] = true
					o.ask(ctx, es, key, body, false)
				}
			}
		}
	}
	if len(asked) < 100 {
		t.Errorf("only %d searches", len(asked))
	}
	t.Logf("%d searches, %d documents", len(asked), len(documents))

	// What edge counted twice is counted once.
	figures := dashboards.Figures{Info: dashboards.Info{Name: "truth"}, Query: dashboards.Query{
		Filter: dashboards.Is("observer.ip", "127.0.0.1"), Metrics: []dashboards.Metric{{Function: dashboards.Sum, Field: "network.bytes"}},
	}}
	for _, c := range []struct {
		window dashboards.Window
		want   float64
	}{{all, 2 * truth}, {once, truth}} {
		answer := search(ctx, t, es, dashboards.DefaultIndex, figures.Request(c.window))
		if got := answer.Aggregations["1"].(members)["value"]; got != c.want {
			t.Errorf("with %d filters edge has %v octets, not %v", len(c.window.Filters), got, c.want)
		}
	}
}

// missingPackets are how many packets of edge do not arrive.
const missingPackets = 5

// trouble sends what no flow comes of: a packet that is none, and records without their template.
func trouble(ctx context.Context, t *testing.T, h *acctest.Host, now time.Time) {
	t.Helper()
	u16, u32 := binary.BigEndian.AppendUint16, binary.BigEndian.AppendUint32
	early := u32(u32(u32(u32(u16(u16(nil, 9), 1), 1000), uint32(now.Unix())), 0), 8)
	early = append(u16(u16(early, 400), 8), 1, 2, 3, 4)
	for _, packet := range [][]byte{{0, 99, 0, 0}, early} {
		connection, err := h.DialContext(ctx, "udp", "[::1]:2055")
		must(t, err)
		_, err = connection.Write(packet)
		must(t, errors.Join(err, connection.Close()))
	}
}

// healthOf are the documents of the collector about itself, once they tell of all flows and all trouble, and the time that they are of.
func healthOf(ctx context.Context, t *testing.T, es *acctest.Elasticsearch, flows int) (o oracle, window dashboards.Window) {
	t.Helper()
	o = oracle{T: t, index: dashboards.DefaultHealthIndex}
	waitFor(ctx, t, "documents of health", func() (bool, string) {
		var answer struct {
			Hits struct {
				Hits []struct {
					Source members `json:"_source"`
				}
			}
		}
		must(t, es.Do(ctx, http.MethodPost, "/"+o.index+"/_refresh?ignore_unavailable=true", nil, nil))
		must(t, es.Do(ctx, http.MethodPost, "/"+o.index+"/_search?ignore_unavailable=true", json.RawMessage(`{"size": 10000, "sort": [{"@timestamp": "asc"}]}`), &answer))
		hits := answer.Hits.Hits
		if len(hits) == 0 {
			return false, "none"
		}
		moment := func(hit int) time.Time {
			at, err := time.Parse(time.RFC3339, hits[hit].Source["@timestamp"].(string)) //nolint:forcetypeassert // a panic would say so
			must(t, err)
			return at
		}
		window.From, window.To = moment(0), time.Time{}
		o.documents = nil
		records, lost := 0.0, map[any]float64{}
		for i := range hits {
			if moment(i).Equal(moment(len(hits) - 1)) {
				break // it may not be all of the last interval
			}
			d := document{"@timestamp": float64(moment(i).UnixMilli())}
			flatten(d, "", hits[i].Source)
			o.documents, window.To = append(o.documents, d), moment(i)
			number := func(field string) float64 { n, _ := d[field].(float64); return n }
			if d["event.dataset"] == schema.DatasetExporter {
				records += number("collector.records")
				lost["waiting"] += number("collector.waiting_sets")
			}
			lost[d["collector.cause"]] += number("collector.lost")
		}
		complete := records == float64(flows) && lost["sequence_gap"] == missingPackets && lost["unsupported_version"] == 1 && lost["waiting"] > 0
		return complete, fmt.Sprintf("%v of %d records, lost %v", records, flows, lost)
	})
	return o, window
}

// flatten puts the values of a document below their dotted names; the time is there already.
func flatten(d document, path string, value members) {
	for name, v := range value {
		if inner, is := v.(members); is {
			flatten(d, path+name+".", inner)
		} else if path+name != "@timestamp" {
			d[path+name] = v
		}
	}
}

// parts are the flows before and after the rollover. After it are the late ones of services that had others before. All ports that somebody knocks at are before
// it: among them, a service that was first seen before is none of the 40 newest ports, which is what a shard says of its own accord when 20 are asked for.
func parts(flows []sentFlow, begin time.Time) (before, after []sentFlow) {
	for _, f := range flows {
		if f.source == knocking || f.end.Before(begin.Add(5*time.Minute)) {
			before = append(before, f)
		} else {
			after = append(after, f)
		}
	}
	return before, after
}

func dashboardSettings(t *testing.T, es *acctest.Elasticsearch) string {
	t.Helper()
	folder := t.TempDir()
	for name, content := range map[string]string{
		"ca.crt": string(es.CA), "password": es.Password, "networks.yml": dashboardNetworks, "exporters.yml": dashboardExporters,
		"flowcollector.yml": fmt.Sprintf(`listen: {udp: ["127.0.0.1:2055", "[::1]:2055"]}
state: {directory: %[1]s/state}
enrich: {networks_file: %[1]s/networks.yml, exporters_file: %[1]s/exporters.yml}
output:
  elasticsearch:
    addresses: [%[2]q]
    username: %[3]s
    password_file: %[1]s/password
    ca_file: %[1]s/ca.crt
    setup: true
    health: {index: %[4]s, interval: 1s}
`, folder, es.URL, es.Username, dashboards.DefaultHealthIndex),
	} {
		must(t, os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600))
	}
	return filepath.Join(folder, "flowcollector.yml")
}

// found is an answer of Elasticsearch.
type found struct {
	TimedOut bool `json:"timed_out"`
	Shards   struct{ Failed int }
	Hits     struct {
		Total struct{ Value int }
		Hits  []struct {
			Sort []float64
		}
	}
	Aggregations members
}

func search(ctx context.Context, t *testing.T, es *acctest.Elasticsearch, index string, body json.RawMessage) found {
	t.Helper()
	var answer found
	must(t, es.Do(ctx, http.MethodPost, "/"+index+"/_search", body, &answer))
	if answer.TimedOut || answer.Shards.Failed > 0 {
		t.Fatalf("%+v", answer)
	}
	return answer
}

// ask compares the answer of Elasticsearch to a search with what it has to be; some expects that there is something.
func (o oracle) ask(ctx context.Context, es *acctest.Elasticsearch, name string, body json.RawMessage, some bool) {
	o.Helper()
	var request struct {
		Query members
		Aggs  members
		Size  int
		Total *bool `json:"track_total_hits"`
	}
	must(o.T, json.Unmarshal(body, &request))
	chosen := o.matching(o.documents, request.Query)
	got := search(ctx, o.T, es, o.index, body)
	if request.Total == nil || *request.Total {
		if got.Hits.Total.Value != len(chosen) {
			o.Errorf("%s: %d documents, not %d", name, got.Hits.Total.Value, len(chosen))
		}
	}
	want := o.aggregate(chosen, request.Aggs)
	if some && (len(chosen) == 0 || emptyBuckets(want)) {
		o.Errorf("%s finds nothing: the test sends nothing for it", name)
	}
	if wrong := o.compare("", want, got.Aggregations); len(wrong) > 0 {
		o.Errorf("%s: %d differences\n%s", name, len(wrong), strings.Join(wrong[:min(len(wrong), 5)], "\n"))
	}
	if request.Size > 0 {
		latest := 0.0
		for _, d := range chosen {
			latest = max(latest, d["@timestamp"].(float64))
		}
		if hits := got.Hits.Hits; len(hits) != min(len(chosen), request.Size) || len(hits) > 0 && hits[0].Sort[0] != latest {
			o.Errorf("%s: %d records", name, len(hits))
		}
	}
}

// emptyBuckets tells whether an aggregation has no bucket.
func emptyBuckets(aggregations members) bool {
	for _, value := range aggregations {
		aggregation, _ := value.(members)
		if buckets, is := aggregation["buckets"].([]any); is && len(buckets) == 0 {
			return true
		}
	}
	return false
}
