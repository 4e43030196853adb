package enrich

import (
	"net/netip"
	"testing"
)

// answers knows one address, one exporter and one interface.
type answers struct{}

func (answers) Name(a netip.Addr) (string, bool) {
	return "host.example", a == netip.MustParseAddr("198.18.0.1")
}

func (answers) Exporter(netip.Addr) (string, bool) { return "asked", true }

func (answers) Interface(_ netip.Addr, index uint32) (name, alias string, settled bool) {
	return "eth", "asked alias", index == 1
}

func TestDescribeSaysForPeopleWhatFlowsGet(t *testing.T) {
	s, _ := open(t, Options{
		Namer: answers{}, Interfaces: answers{},
		ASFile:        put(t, "as.csv", "number,name\n64500,Mine\n"),
		NetworksFile:  put(t, "networks.yml", "networks:\n  - {network: 198.18.0.0/24, name: lab, as: 64500, country: AT}\n"),
		ExportersFile: put(t, "exporters.yml", "exporters:\n  - address: 192.0.2.1\n    name: edge1\n    interfaces:\n      - {index: 1, name: uplink}\n"),
	})
	got := s.Describe(netip.MustParseAddr("198.18.0.1"))
	if got.Domain != "host.example" || got.AS.Number != 64500 || got.AS.Organization != "Mine" || got.Geo.CountryCode != "AT" || got.Network.Name != "lab" {
		t.Errorf("got %+v", got)
	}
	if got := s.Describe(netip.MustParseAddr("198.18.0.2")); got.Domain != "" || got.AS.Number != 64500 {
		t.Errorf("the name that is under way: %+v", got)
	}
	if s.System(64500) != "Mine" || s.System(1) != "" {
		t.Error("names of autonomous systems")
	}
	if a, b := s.Exporter(netip.MustParseAddr("192.0.2.1")), s.Exporter(netip.MustParseAddr("192.0.2.2")); a != "edge1" || b != "asked" {
		t.Errorf("exporters %q, %q", a, b)
	}
	if name, alias, nameWins, aliasWins := s.Interface(netip.MustParseAddr("192.0.2.1"), 1); name != "uplink" || alias != "asked alias" || !nameWins || aliasWins {
		t.Errorf("interface %q, %q, %v, %v", name, alias, nameWins, aliasWins)
	}
	nothing, _ := open(t, Options{})
	if nothing.Exporter(netip.MustParseAddr("192.0.2.1")) != "" || nothing.System(64500) != "" || nothing.Describe(netip.Addr{}).AS.Number != 0 {
		t.Error("something is known of nothing")
	}
}
