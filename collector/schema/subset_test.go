package schema

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// selections are those that tests go through: both profiles, with and without objects and fields, also of one side only.
var selections = []Selection{
	{},
	{Profile: "all"},
	{Profile: "lean"},
	{Profile: "lean", With: []string{"source.geo", "flow.sampling", "client", "network.community_id"}},
	{Profile: "all", Without: []string{"source.geo", "destination.as.number", "client.domain", "flow.source_network", "event", "ecs.version"}},
	{Profile: "lean", With: []string{"source"}, Without: []string{"source.ip", "destination.as", "server.ip", "flow"}},
	{Profile: "all", Without: []string{"source.as.organization", "client", "destination.ip", "destination.domain", "flow.extra", "observer"}},
	{Profile: "all", Without: []string{"ecs", "event", "observer", "network", "source", "destination", "client", "server", "flow"}},
}

// TestEverySubsetIsADocument: the text between two members depends on which of those between them are absent. Whatever a record has and
// whatever is selected, its document has each key once, only selected keys of the table, and values of their types.
func TestEverySubsetIsADocument(t *testing.T) {
	types := map[string]string{}
	for _, f := range Fields {
		types[f.Name] = f.Type
	}
	for _, selection := range selections {
		t.Run(fmt.Sprintf("%+v", selection), func(t *testing.T) {
			names, err := Names(selection)
			if err != nil {
				t.Fatal(err)
			}
			seen := map[string]bool{}
			e := encoder(t, selection)
			random := randomRecords(e)
			for range 1_500 {
				document := e.Append(nil, random())
				for name, value := range leaves(t, document) {
					seen[name] = true
					if kind, known := types[name]; !known || !fits(kind, value) {
						t.Fatalf("%s is %v, and ought to be of type %q, in %s", name, value, kind, document)
					}
				}
			}
			for _, name := range names {
				if !seen[name] {
					t.Errorf("no document had %s", name)
				}
				delete(seen, name)
			}
			for name := range seen {
				t.Errorf("documents had %s, which is not selected", name)
			}
		})
	}
}

// randomRecords makes records that have some of everything.
func randomRecords(e *Encoder) func() *flow.Record {
	random := rand.New(rand.NewPCG(1, 2))
	some := func() bool { return random.IntN(2) == 0 }
	infos := []AddressInfo{
		{},
		{AS: AS{Number: 64496}, Internal: true},
		{AS: AS{Number: 64496, Organization: "Example"}, Network: Network{Name: "office"}},
		{Geo: Geo{HasLocation: true, Latitude: -90, Longitude: 1e-7}, Domain: "a.example", Network: Network{Role: "clients"}, Internal: true},
		{Geo: Geo{City: "Boxford", Region: "England", Country: "United Kingdom", Continent: "Europe"}, Network: Network{Site: "Boxford"}},
		{Geo: Geo{CountryCode: "GB", HasLocation: true}, AS: AS{Number: 4294967295}, Domain: "b.example", Network: Network{"a", "b", "c"}},
	}
	addresses := []netip.Addr{{}, netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("::ffff:192.0.2.1"), netip.IPv6Unspecified()}
	known := map[netip.Addr][]*flow.Address{}
	for _, a := range addresses {
		for _, info := range infos {
			info.IP = a
			known[a] = append(known[a], e.Address(info))
		}
		known[a] = append(known[a], nil)
	}
	told := func(name string) []byte {
		if some() {
			return nil
		}
		return []byte(name)
	}
	return func() *flow.Record {
		r := everything(e, []uint8{0, 1, 6, 17, 58, 200}[random.IntN(6)])
		r.Has = flow.Fields(random.Uint64() & random.Uint64()) // half of them rather empty
		if some() {
			r.Has = flow.Fields(random.Uint64() | random.Uint64())
		}
		for _, p := range []*flow.Endpoint{&r.Source, &r.Destination} {
			p.Addr = addresses[random.IntN(len(addresses))]
			p.Known = known[p.Addr][random.IntN(len(known[p.Addr]))]
			p.AS, p.ASName = uint32(random.IntN(2)), told(`"Exported"`)
			p.PrefixLength = uint8(random.IntN(2))
		}
		r.NextHop, r.Exporter = addresses[random.IntN(len(addresses))], addresses[random.IntN(len(addresses))]
		r.TCPFlags, r.VLAN, r.Direction, r.TOS = uint16(random.Uint32()), uint16(random.IntN(2)), uint8(random.IntN(3)), uint8(random.Uint32())
		r.ICMPType, r.ICMPCode = uint8(random.Uint32()), uint8(random.IntN(3))
		r.Start, r.End = random.Int64(), random.Int64()
		r.Format, r.Client, r.Application = flow.Format(random.IntN(9)), flow.Side(random.IntN(3)), told(`"https"`)
		r.Sampling = flow.Sampling{Interval: uint32(random.IntN(3)), Source: flow.SamplingSource(random.IntN(7))}
		if some() {
			r.Observer = nil
		} else {
			r.Observer = &flow.Observer{
				Name: told(`"edge1"`), Site: told(`"Boxford"`),
				Input:  flow.Interface{Name: told(`"ge-0"`), Alias: told(`"office"`), NameWins: some(), AliasWins: some()},
				Output: flow.Interface{Name: told(`"ge-1"`), Alias: told(`"upstream"`), NameWins: some(), AliasWins: some()},
			}
		}
		switch random.IntN(3) {
		case 0:
			r.Details = nil
		case 1:
			r.Details = &flow.Details{Has: flow.DetailFields(random.Uint64()), EndReason: uint8(random.Uint32()), ForwardingStatus: uint8(random.Uint32())}
		default:
			r.Details.Has = flow.DetailFields(random.Uint64())
			r.Details.NATEvent, r.Details.FirewallEvent = uint8(random.IntN(25)), uint8(random.IntN(7))
		}
		return r
	}
}

// TestAppendsBehind: what is in the buffer already, as the lines before in a bulk request, stays.
func TestAppendsBehind(t *testing.T) {
	alone := string(AppendJSON(nil, everything(complete, 6)))
	if got := string(AppendJSON([]byte("before\n"), everything(complete, 6))); got != "before\n"+alone {
		t.Errorf("the document behind another is %s", got)
	}
}
