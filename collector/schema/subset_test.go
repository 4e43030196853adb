package schema

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// TestEverySubsetIsADocument: the text between two members depends on which of those between them are absent. Whatever a record has,
// its document has each key once, only keys of the table, and values of their types.
func TestEverySubsetIsADocument(t *testing.T) {
	types := map[string]string{}
	for _, f := range Fields {
		types[f.Name] = f.Type
	}
	random := rand.New(rand.NewPCG(1, 2))
	some := func() bool { return random.IntN(2) == 0 }
	fragments := [][]byte{
		nil,
		AppendEnrichment(nil, Geo{}, AS{Number: 64496}),
		AppendEnrichment(nil, Geo{}, AS{Number: 64496, Organization: "Example"}),
		AppendEnrichment(nil, Geo{HasLocation: true, Latitude: -90, Longitude: 1e-7}, AS{}),
		AppendEnrichment(nil, Geo{City: "Boxford", Region: "England", Country: "United Kingdom", Continent: "Europe"}, AS{}),
		AppendEnrichment(nil, Geo{CountryCode: "GB", HasLocation: true}, AS{Number: 4294967295}),
	}
	addresses := []netip.Addr{{}, netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("::ffff:192.0.2.1"), netip.IPv6Unspecified()}
	seen := map[string]bool{}
	for range 20_000 {
		r := *full([]uint8{0, 1, 6, 17, 58, 200}[random.IntN(6)])
		r.Has = flow.Fields(random.Uint64() & random.Uint64()) // half of them rather empty
		if some() {
			r.Has = flow.Fields(random.Uint64() | random.Uint64())
		}
		for _, e := range []*flow.Endpoint{&r.Source, &r.Destination} {
			e.Enrichment = fragments[random.IntN(len(fragments))]
			e.Addr = addresses[random.IntN(len(addresses))]
			e.AS = uint32(random.IntN(2))
			e.PrefixLength = uint8(random.IntN(2))
		}
		r.NextHop, r.Exporter = addresses[random.IntN(len(addresses))], addresses[random.IntN(len(addresses))]
		r.TCPFlags, r.VLAN, r.Direction = uint16(random.Uint32()), uint16(random.IntN(2)), uint8(random.IntN(3))
		r.Start, r.End = random.Int64(), random.Int64()
		r.Format = flow.Format(random.IntN(9))
		r.Sampling = flow.Sampling{Interval: uint32(random.IntN(3)), Source: flow.SamplingSource(random.IntN(7))}
		switch random.IntN(3) {
		case 0:
			r.Details = nil
		case 1:
			r.Details = &flow.Details{Has: flow.DetailFields(random.Uint64()), EndReason: uint8(random.Uint32()), ForwardingStatus: uint8(random.Uint32())}
		default:
			r.Details.Has = flow.DetailFields(random.Uint64())
			r.Details.NATEvent, r.Details.FirewallEvent = uint8(random.IntN(25)), uint8(random.IntN(7))
		}
		document := AppendJSON(nil, &r)
		for name, value := range leaves(t, document) {
			seen[name] = true
			if kind, known := types[name]; !known || !fits(kind, value) {
				t.Fatalf("%s is %v, and ought to be of type %q, in %s", name, value, kind, document)
			}
		}
	}
	for name := range types {
		if !seen[name] {
			t.Errorf("no document had %s", name)
		}
	}
}

// TestAppendsBehind: what is in the buffer already, as the lines before in a bulk request, stays.
func TestAppendsBehind(t *testing.T) {
	alone := string(AppendJSON(nil, full(6)))
	if got := string(AppendJSON([]byte("before\n"), full(6))); got != "before\n"+alone {
		t.Errorf("the document behind another is %s", got)
	}
}
