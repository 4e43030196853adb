package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow/element"
)

func full(protocol uint8) *flow.Record {
	geo := Geo{Continent: "Europe", CountryCode: "GB", Country: "United Kingdom", Region: "England", City: "Boxford", HasLocation: true, Latitude: 51.75, Longitude: -1.25}
	known := AppendEnrichment(nil, geo, AS{Number: 64496, Organization: `Example "Net"`})
	return &flow.Record{
		Has: math.MaxUint64, Format: flow.NetFlow9, Exporter: netip.MustParseAddr("192.0.2.1"), Domain: 9,
		Source:      flow.Endpoint{Addr: netip.MustParseAddr("198.51.100.7"), Port: 1234, PrefixLength: 24, AS: 1, MAC: [6]byte{2, 0, 0, 0, 0xab, 1}, Enrichment: known},
		Destination: flow.Endpoint{Addr: netip.MustParseAddr("203.0.113.9"), Port: 443, PrefixLength: 16, AS: 2, MAC: [6]byte{2, 0, 0, 0, 0, 2}, Enrichment: known},
		Bytes:       math.MaxUint64, Packets: 7, Received: 1_700_000_003e9, Start: 1_700_000_000e9, End: 1_700_000_001_500_000_000, Timestamp: 1_700_000_001_500_000_000,
		Protocol: protocol, TCPFlags: 0x1ff, TOS: 0xb8, ICMPType: 3, ICMPCode: 1, Direction: 1, VLAN: 7, Input: 3, Output: 4, NextHop: netip.MustParseAddr("192.0.2.254"),
		Sequence: 77, Sampling: flow.Sampling{Interval: 100, Source: flow.SamplingOptions}, Details: fullDetails(),
	}
}

func fullDetails() *flow.Details {
	return &flow.Details{
		Has: math.MaxUint64, ReverseBytes: 5, ReversePackets: 3, ReverseTCPFlags: 0x12,
		SourceNAT: netip.MustParseAddr("203.0.113.77"), DestinationNAT: netip.MustParseAddr("2001:db8::77"), SourceNATPort: 4000, DestinationNATPort: 8443,
		InputName: []byte("Gi0/1"), OutputName: []byte(`"quoted"`), InputDescription: []byte("to \x01 core\n"), OutputDescription: []byte("\xff"),
		InputVRF: 1, OutputVRF: 2, InputVRFName: []byte("blue"), ApplicationID: 13<<56 | 453, ApplicationName: []byte("http"), User: []byte("jané"),
		FirewallEvent: 3, ExtendedEvent: 1001, NATEvent: 4, EndReason: 1, ForwardingStatus: 2 << 6, FlowID: 9, FlowCount: 3, Labels: [flow.MaxLabels]uint32{16, 17}, LabelCount: 2,
		InnerVLAN: 12, VNI: 5001, FlowLabel: 1, MinTTL: 3, MaxTTL: 64, PreviousAS: 64500, NextAS: 64501,
		StationMAC: [6]byte{2, 0, 0, 0, 0, 3}, AccessPointMAC: [6]byte{2, 0, 0, 0, 0, 4}, SSID: []byte("guests"), Agent: netip.MustParseAddr("192.0.2.99"),
		Extra: []flow.Extra{
			{Element: element.Builtin().ByName("wlanSSID"), Value: []byte("guests\x00\x00")},
			{Element: &element.Element{Enterprise: 64500, ID: 7}, Value: []byte{0xca, 0xfe}},
		},
	}
}

// leaves flattens a document, failing on a key that is there twice: Elasticsearch refuses such a document.
func leaves(t *testing.T, document []byte) map[string]any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(document))
	d.UseNumber()
	found := map[string]any{}
	var object func(prefix string)
	next := func() json.Token {
		token, err := d.Token()
		if err != nil {
			t.Fatalf("%v in %s", err, document)
		}
		return token
	}
	object = func(prefix string) {
		seen := map[string]bool{}
		for d.More() {
			key := fmt.Sprint(next())
			if seen[key] {
				t.Fatalf("%s%s is there twice in %s", prefix, key, document)
			}
			seen[key] = true
			switch token := next(); token {
			case json.Delim('{'):
				if prefix+key == "flow.extra" { // a flattened field: its members are whatever exporters sent
					members := map[string]any{}
					for d.More() {
						name := fmt.Sprint(next())
						var value any
						if err := d.Decode(&value); err != nil || members[name] != nil {
							t.Fatalf("%s, %v, there before as %v, in %s", name, err, members[name], document)
						}
						members[name] = value
					}
					found[prefix+key] = members
					next()
					continue
				}
				if prefix+key == "source.geo.location" || prefix+key == "destination.geo.location" {
					point := map[string]any{}
					for d.More() {
						name := fmt.Sprint(next())
						point[name] = next()
					}
					found[prefix+key] = point
					next()
					continue
				}
				object(prefix + key + ".")
			case json.Delim('['):
				var list []any
				for d.More() {
					list = append(list, next())
				}
				next()
				found[prefix+key] = list
			default:
				found[prefix+key] = token
			}
		}
		next()
	}
	if next() != json.Delim('{') {
		t.Fatalf("not an object: %s", document)
	}
	object("")
	if _, err := d.Token(); err != io.EOF {
		t.Fatalf("more than one value in %s", document)
	}
	return found
}

func TestTheTableAndTheDocumentAgree(t *testing.T) {
	table := map[string]Field{}
	for _, f := range Fields {
		if _, twice := table[f.Name]; twice || f.Description == "" {
			t.Errorf("%s is in the table twice or has no description", f.Name)
		}
		table[f.Name] = f
	}
	emitted := map[string]any{}
	for _, protocol := range []uint8{6, 1} { // one with ports and flags, one with ICMP
		for name, value := range leaves(t, AppendJSON(nil, full(protocol))) {
			emitted[name] = value
		}
	}
	for name, value := range emitted {
		f, known := table[name]
		if !known {
			t.Errorf("the document has %s, which is not in the table", name)
			continue
		}
		if !fits(f.Type, value) {
			t.Errorf("%s is %v (%T), which is no %s", name, value, value, f.Type)
		}
	}
	for name := range table {
		if _, found := emitted[name]; !found {
			t.Errorf("%s is in the table, and no document has it", name)
		}
	}
}

// fits tells whether Elasticsearch takes a JSON value for a field of this type.
func fits(kind string, value any) bool {
	switch kind {
	case "long", "short":
		if list, ok := value.([]any); ok { // every field may have several values
			return len(list) > 0 && !slices.ContainsFunc(list, func(one any) bool { return !fits(kind, one) })
		}
		n, ok := value.(json.Number)
		if !ok {
			return false
		}
		i, err := n.Int64()
		return err == nil && (kind == "long" || i >= math.MinInt16 && i <= math.MaxInt16)
	case "ip":
		_, err := netip.ParseAddr(fmt.Sprint(value))
		return err == nil
	case "date":
		_, err := time.Parse(time.RFC3339Nano, fmt.Sprint(value))
		return err == nil
	case "geo_point":
		point, ok := value.(map[string]any)
		return ok && len(point) == 2 && point["lat"] != nil && point["lon"] != nil
	case "flattened":
		members, ok := value.(map[string]any)
		return ok && len(members) > 0
	case "keyword":
		if list, ok := value.([]any); ok {
			return len(list) > 0
		}
		_, ok := value.(string)
		return ok
	}
	return false
}

func TestDocument(t *testing.T) {
	got := leaves(t, AppendJSON(nil, full(6)))
	for name, want := range map[string]string{
		"@timestamp": "2023-11-14T22:13:21.500Z", "event.start": "2023-11-14T22:13:20.000Z", "event.duration": "1500000000",
		"source.mac": "02-00-00-00-AB-01", "source.as.number": "64496", "source.as.organization.name": `Example "Net"`,
		"network.transport": "tcp", "network.type": "ipv4", "network.direction": "egress", "network.bytes": "9223372036854775807",
		"flow.tcp_flags": "[FIN SYN RST PSH ACK URG ECE CWR NS]", "flow.format": "netflow9", "network.packets": "1000", "source.packets": "700", "destination.packets": "300", "destination.bytes": "500",
		"flow.sampling.packets": "10", "flow.sampling.source": "options", "flow.mpls_labels": "[16 17]", "flow.ingress_vrf": "blue", "flow.egress_vrf": "2",
		"flow.application_id": "13:453", "event.action": "flow-denied", "observer.egress.interface.name": `"quoted"`, "observer.ingress.interface.alias": "to \x01 core\n",
		"observer.egress.interface.alias": "\ufffd", "flow.forwarding_status": "dropped", "flow.reverse_tcp_flags": "[SYN ACK]", "source.geo.city_name": "Boxford",
		"flow.extra": "map[64500/7:cafe wlanSSID:guests]",
	} {
		if fmt.Sprint(got[name]) != want {
			t.Errorf("%s is %v, want %s", name, got[name], want)
		}
	}
	bare := leaves(t, AppendJSON(nil, &flow.Record{Timestamp: 1_700_000_003e9}))
	if len(bare) != 4 || bare["@timestamp"] != "2023-11-14T22:13:23.000Z" {
		t.Errorf("a record that says nothing becomes %v", bare)
	}
}

// TestExportedAS: the exporter's number stands in where the database has none, and is never there beside it.
func TestExportedAS(t *testing.T) {
	r := full(6)
	r.Source.Enrichment = AppendEnrichment(nil, Geo{Country: "X"}, AS{})
	r.Destination.Enrichment = nil
	got := leaves(t, AppendJSON(nil, r))
	if fmt.Sprint(got["source.as.number"]) != "1" || got["source.geo.country_name"] != "X" || fmt.Sprint(got["destination.as.number"]) != "2" {
		t.Errorf("%v", got)
	}
	r.Source.AS, r.Destination.AS = 0, 0
	if _, there := leaves(t, AppendJSON(nil, r))["source.as.number"]; there {
		t.Error("AS 0, which means unknown, is in the document")
	}
}

func TestEnrichmentIsAlwaysJSON(t *testing.T) {
	for _, name := range []string{"", `"`, "\x00", "\xff\xfe", "日本", "</script>", " "} {
		fragment := AppendEnrichment(nil, Geo{City: name, CountryCode: "XX"}, AS{Number: 1, Organization: name})
		if document := "{" + string(fragment) + "}"; !json.Valid([]byte(document)) {
			t.Errorf("%q becomes %s", name, document)
		}
	}
	for _, off := range []float64{math.NaN(), math.Inf(1), -180.5, 1e300} {
		for _, geo := range []Geo{{City: "X", HasLocation: true, Latitude: 1, Longitude: off}, {City: "X", HasLocation: true, Latitude: off, Longitude: 1}, {City: "X", Latitude: off}} {
			if got := string(AppendEnrichment(nil, geo, AS{})); got != `"geo":{"city_name":"X"}` {
				t.Errorf("a point that is not on earth becomes %s", got)
			}
			geo.City = ""
			if got := AppendEnrichment(nil, geo, AS{}); len(got) != 0 {
				t.Errorf("only such a point becomes %s", got)
			}
		}
	}
	if got := AppendEnrichment(nil, Geo{}, AS{}); len(got) != 0 {
		t.Errorf("nothing known becomes %s", got)
	}
}

func TestTimesAreThoseOfTheStandardLibrary(t *testing.T) {
	moments := []int64{
		0, -1, 1, 1e6 - 1, 951782400e9 /* 29 February 2000 */, 4107542399e9 /* before 1 March 2100 */, math.MaxInt64, math.MinInt64,
	}
	moments = slices.Grow(moments, 10_000)
	for range 10_000 {
		moments = append(moments, rand.Int64()-rand.Int64())
	}
	for _, ns := range moments {
		// Milliseconds are cut off downwards, also before 1970.
		want := `"` + time.UnixMilli(floorDiv(ns, 1e6)).UTC().Format("2006-01-02T15:04:05.000Z") + `"`
		if got := string(appendTime(nil, ns)); got != want {
			t.Fatalf("%d becomes %s, want %s", ns, got, want)
		}
	}
}

func TestIndexTemplate(t *testing.T) {
	body := IndexTemplate("flows")
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	var back map[string]any
	if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(body, back) {
		t.Errorf("the body changes on its way through JSON: %v", err)
	}
	for _, f := range Fields {
		at := back["template"].(map[string]any)["mappings"].(map[string]any)
		for part := range strings.SplitSeq(f.Name, ".") {
			next, ok := at["properties"].(map[string]any)[part].(map[string]any)
			if !ok {
				t.Fatalf("%s is not mapped", f.Name)
			}
			at = next
		}
		if at["type"] != f.Type || (at["index"] == false) == f.Index {
			t.Errorf("%s is mapped as %v", f.Name, at)
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	r, dst := full(6), make([]byte, 0, 8192)
	if n := testing.AllocsPerRun(100, func() { dst = AppendJSON(dst[:0], r) }); n != 0 {
		t.Errorf("%v allocations a document", n)
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	r, dst := full(6), make([]byte, 0, 8192)
	b.ReportAllocs()
	for b.Loop() {
		dst = AppendJSON(dst[:0], r)
	}
	b.SetBytes(int64(len(dst)))
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N), "ns/record")
}
