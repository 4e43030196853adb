package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow/element"
)

// everything is a record with everything that a record can have.
func everything(e *Encoder, protocol uint8) *flow.Record {
	from, to := netip.MustParseAddr("198.51.100.7"), netip.MustParseAddr("203.0.113.9")
	info := AddressInfo{
		Domain: "host.example.net", AS: AS{Number: 64496, Organization: `Example "Net"`}, Network: Network{Name: "office", Site: "Boxford", Role: "clients"}, Internal: true,
		Geo: Geo{Continent: "Europe", CountryCode: "GB", Country: "United Kingdom", Region: "England", City: "Boxford", HasLocation: true, Latitude: 51.75, Longitude: -1.25},
	}
	known := func(a netip.Addr) *flow.Address {
		info.IP = a
		return e.Address(info)
	}
	return &flow.Record{
		Has: math.MaxUint64, Format: flow.NetFlow9, Exporter: netip.MustParseAddr("192.0.2.1"), Domain: 9,
		Source:      flow.Endpoint{Addr: from, Port: 1234, PrefixLength: 24, AS: 1, MAC: [6]byte{2, 0, 0, 0, 0xab, 1}, Known: known(from)},
		Destination: flow.Endpoint{Addr: to, Port: 443, PrefixLength: 16, AS: 2, MAC: [6]byte{2, 0, 0, 0, 0, 2}, Known: known(to)},
		Bytes:       math.MaxUint64, Packets: 7, Received: 1_700_000_003e9, Start: 1_700_000_000e9, End: 1_700_000_001_500_000_000, Timestamp: 1_700_000_001_500_000_000,
		Protocol: protocol, TCPFlags: 0x1ff, TOS: 0xb8, ICMPType: 3, ICMPCode: 1, Direction: 1, VLAN: 7, Input: 3, Output: 4, NextHop: netip.MustParseAddr("192.0.2.254"),
		Sequence: 77, Sampling: flow.Sampling{Interval: 100, Source: flow.SamplingOptions}, Details: fullDetails(), Client: flow.SideSource,
		Observer: &flow.Observer{Name: []byte(`"edge1"`), Site: []byte(`"Boxford"`)},
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
		for name, value := range leaves(t, AppendJSON(nil, everything(complete, protocol))) {
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
		a, err := netip.ParseAddr(fmt.Sprint(value))
		return err == nil && a.Zone() == ""
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
	got := leaves(t, AppendJSON(nil, everything(complete, 6)))
	for name, want := range map[string]string{
		"@timestamp": "2023-11-14T22:13:21.500Z", "event.start": "2023-11-14T22:13:20.000Z", "event.duration": "1500000000",
		"source.mac": "02-00-00-00-AB-01", "source.as.number": "64496", "source.as.organization.name": `Example "Net"`,
		"network.transport": "tcp", "network.type": "ipv4", "network.direction": "internal", "flow.direction": "egress", "network.bytes": "9223372036854775807",
		"flow.tcp_flags": "[FIN SYN RST PSH ACK URG ECE CWR NS]", "flow.format": "netflow9", "network.packets": "1000", "source.packets": "700", "destination.packets": "300", "destination.bytes": "500",
		"flow.sampling.packets": "10", "flow.sampling.source": "options", "flow.mpls_labels": "[16 17]", "flow.ingress_vrf": "blue", "flow.egress_vrf": "2",
		"flow.application_id": "13:453", "event.action": "flow-denied", "observer.egress.interface.name": `"quoted"`, "observer.ingress.interface.alias": "to \x01 core\n",
		"observer.egress.interface.alias": "\ufffd", "flow.forwarding_status": "dropped", "flow.reverse_tcp_flags": "[SYN ACK]", "source.geo.city_name": "Boxford",
		"source.domain": "host.example.net", "source.geo.name": "Boxford", "client.ip": "198.51.100.7", "client.port": "1234", "client.packets": "700",
		"server.ip": "203.0.113.9", "server.domain": "host.example.net", "server.port": "443", "server.packets": "300", "server.bytes": "500",
		"flow.dscp": "EF", "flow.locality": "internal", "flow.source_network.name": "office", "flow.destination_network.role": "clients",
		"observer.name": "edge1", "observer.geo.name": "Boxford", "event.end": "2023-11-14T22:13:21.500Z",
		"flow.extra": "map[64500/7:cafe wlanSSID:guests]",
	} {
		if fmt.Sprint(got[name]) != want {
			t.Errorf("%s is %v, want %s", name, got[name], want)
		}
	}
	bare := leaves(t, AppendJSON(nil, &flow.Record{Timestamp: 1_700_000_003e9}))
	if len(bare) != 7 || bare["@timestamp"] != "2023-11-14T22:13:23.000Z" {
		t.Errorf("a record that says nothing becomes %v", bare)
	}
}

// TestExportedAS: the exporter's number stands in where the database has none, and is never there beside it.
func TestExportedAS(t *testing.T) {
	r := everything(complete, 6)
	r.Source.Known = complete.Address(AddressInfo{IP: r.Source.Addr, Geo: Geo{Country: "X"}})
	r.Destination.Known, r.Destination.ASName = nil, []byte(`"Two"`)
	got := leaves(t, AppendJSON(nil, r))
	for name, want := range map[string]string{
		"source.as.number": "1", "source.geo.country_name": "X", "destination.as.number": "2", "destination.as.organization.name": "Two", "destination.ip": "203.0.113.9",
	} {
		if fmt.Sprint(got[name]) != want {
			t.Errorf("%s is %v, want %s", name, got[name], want)
		}
	}
	if _, there := got["source.as.organization.name"]; there {
		t.Error("an autonomous system without a name has one")
	}
	r.Source.AS, r.Destination.AS = 0, 0
	got = leaves(t, AppendJSON(nil, r))
	for _, name := range []string{"source.as.number", "destination.as.number", "destination.as.organization.name"} {
		if _, there := got[name]; there {
			t.Errorf("AS 0, which means unknown, is in the document as %s", name)
		}
	}
}

func TestAddressIsAlwaysJSON(t *testing.T) {
	for _, name := range []string{"", `"`, "\x00", "\xff\xfe", "日本", "</script>", " "} {
		a := complete.Address(AddressInfo{Domain: name, Geo: Geo{City: name, CountryCode: "XX"}, AS: AS{Number: 1, Organization: name}, Network: Network{name, name, name}})
		for _, members := range [][]byte{a.Members(), a.Network()} {
			if document := "{" + string(members) + "}"; !json.Valid([]byte(document)) {
				t.Errorf("%q becomes %s", name, document)
			}
		}
		if a.Views != nil {
			t.Error("the sides differ though all fields are selected")
		}
	}
	for _, off := range []float64{math.NaN(), math.Inf(1), -180.5, 1e300} {
		for _, geo := range []Geo{{City: "X", HasLocation: true, Latitude: 1, Longitude: off}, {City: "X", HasLocation: true, Latitude: off, Longitude: 1}, {City: "X", Latitude: off}} {
			if got := string(complete.Address(AddressInfo{Geo: geo}).Members()); got != `"geo":{"city_name":"X"}` {
				t.Errorf("a point that is not on earth becomes %s", got)
			}
			geo.City = ""
			if got := complete.Address(AddressInfo{Geo: geo}).Members(); len(got) != 0 {
				t.Errorf("only such a point becomes %s", got)
			}
		}
	}
	ip := netip.MustParseAddr("192.0.2.1")
	a := complete.Address(AddressInfo{IP: ip, Domain: "a.example", AS: AS{Number: 7}, Network: Network{Site: "S"}})
	if got, want := string(a.Members()), `"ip":"192.0.2.1","domain":"a.example","as":{"number":7},"geo":{"name":"S"}`; got != want || string(a.Name()) != `"ip":"192.0.2.1","domain":"a.example"` || a.AS != 7 {
		t.Errorf("%s, of it %d octets are the name, AS %d; want %s", got, a.Name(), a.AS, want)
	}
	if got := complete.Address(AddressInfo{}); len(got.Members()) != 0 || len(got.Name()) != 0 || len(got.Network()) != 0 || got.AS != 0 {
		t.Errorf("nothing known becomes %+v", got)
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
		want := `"` + time.Unix(0, ns).UTC().Format("2006-01-02T15:04:05.000Z") + `"`
		if got := string(appendTime(nil, ns)); got != want {
			t.Fatalf("%d becomes %s, want %s", ns, got, want)
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	for _, selection := range selections {
		e := encoder(t, selection)
		for _, protocol := range []uint8{6, 1} {
			r, dst := everything(e, protocol), make([]byte, 0, 8192)
			if n := testing.AllocsPerRun(100, func() { dst = e.Append(dst[:0], r) }); n != 0 {
				t.Errorf("%v allocations a document of %+v", n, selection)
			}
		}
	}
}
