package schema

import (
	"fmt"
	"slices"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

func TestSelectionErrors(t *testing.T) {
	for _, c := range []struct {
		Selection
		want string
	}{
		{Selection{Profile: "fat"}, `"fat" is not a profile of the document: want all, full or lean`},
		{Selection{With: []string{"source.prot"}}, `"source.prot" is not a field of the document`},
		{Selection{Without: []string{"sour"}}, `"sour" is not a field of the document`},
		{Selection{Without: []string{"source.ip."}}, `"source.ip." is not a field of the document`},
		{Selection{Without: []string{""}}, `"" is not a field of the document`},
		{Selection{Without: []string{"@timestamp"}}, "unable to leave out @timestamp: every document must have it"},
		{Selection{With: []string{"@timestamp"}, Without: []string{"@timestamp"}}, "unable to leave out @timestamp: every document must have it"},
	} {
		if _, err := NewEncoder(c.Selection); err == nil || err.Error() != c.want {
			t.Errorf("%+v: %v, want %s", c.Selection, err, c.want)
		}
		if _, err := Names(c.Selection); err == nil || err.Error() != c.want {
			t.Errorf("names of %+v: %v, want %s", c.Selection, err, c.want)
		}
	}
}

func TestSelection(t *testing.T) {
	all, err := Names(Selection{Profile: "all"})
	if err != nil || len(all) != len(Fields) {
		t.Fatalf("%d of %d fields, %v", len(all), len(Fields), err)
	}
	few, err := Names(Selection{Profile: "lean", With: []string{"source.geo"}, Without: []string{"source.geo.city_name", "flow"}})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{
		"@timestamp": true, "source.ip": true, "source.geo.location": true, "source.geo.city_name": false, "destination.geo.location": false, "flow.dscp": false,
	} {
		if slices.Contains(few, name) != want {
			t.Errorf("%s is selected: %v, want %v", name, !want, want)
		}
	}
}

// TestProfiles: each has what is in the one below it, and what dashboards are made of.
func TestProfiles(t *testing.T) {
	has := map[string]map[string]bool{}
	for _, profile := range []string{"lean", "full", "all"} {
		names, err := Names(Selection{Profile: profile})
		if err != nil {
			t.Fatal(err)
		}
		has[profile] = map[string]bool{}
		for _, name := range names {
			has[profile][name] = true
		}
	}
	for smaller, larger := range map[string]string{"lean": "full", "full": "all"} {
		for name := range has[smaller] {
			if !has[larger][name] {
				t.Errorf("%s has %s, and %s does not", smaller, name, larger)
			}
		}
	}
	both := []string{
		"source.ip", "source.port", "source.geo.country_iso_code", "source.as.organization.name", "destination.ip", "destination.port",
		"network.bytes", "network.packets", "network.transport", "network.direction", "network.application",
		"observer.ip", "observer.ingress.interface.id", "observer.egress.interface.id",
	}
	for profile, names := range map[string][]string{
		"lean": both,
		"full": append(both, "source.geo.city_name", "source.geo.location", "source.as.number", "client.ip", "server.ip", "server.port",
			"observer.ingress.interface.name", "flow.tcp_flags", "event.duration"),
		"all": {"network.community_id", "flow.conversation_id", "event.start", "event.end"},
	} {
		for _, name := range names {
			if !has[profile][name] {
				t.Errorf("%s lacks %s", profile, name)
			}
		}
	}
	if has["full"]["network.community_id"] {
		t.Error("full has the community id, which costs a fifth of its space")
	}
}

// TestSidesOfNetworks: perimeter and locality need to know both sides.
func TestSidesOfNetworks(t *testing.T) {
	in, out := complete.Address(AddressInfo{Internal: true}), complete.Address(AddressInfo{})
	boundless := complete.Address(AddressInfo{Boundless: true})
	for _, c := range []struct {
		from, to            *flow.Address
		direction, locality any
	}{
		{in, in, "internal", "internal"},
		{in, out, "outbound", "external"},
		{out, in, "inbound", "external"},
		{out, out, "external", "external"},
		{nil, in, nil, nil},
		{in, nil, nil, nil},
		{nil, nil, nil, nil},
		{boundless, boundless, nil, nil},
		{in, boundless, nil, nil},
	} {
		r := everything(complete, 6)
		r.Source.Known, r.Destination.Known = c.from, c.to
		got := leaves(t, AppendJSON(nil, r))
		if got["network.direction"] != c.direction || got["flow.locality"] != c.locality {
			t.Errorf("%v, %v, want %v, %v", got["network.direction"], got["flow.locality"], c.direction, c.locality)
		}
	}
}

// TestPortsOfProtocols: exporters with fixed records send ports 0 for protocols that have none.
func TestPortsOfProtocols(t *testing.T) {
	for _, c := range []struct {
		has      flow.Fields
		protocol uint8
		from, to uint16
		want     bool
	}{
		{flow.HasPorts | flow.HasProtocol, 6, 1, 2, true},
		{flow.HasPorts | flow.HasProtocol, 17, 0, 0, true}, // a fragment
		{flow.HasPorts | flow.HasProtocol, 33, 1, 2, true},
		{flow.HasPorts | flow.HasProtocol, 132, 1, 2, true},
		{flow.HasPorts | flow.HasProtocol, 136, 1, 2, true},
		{flow.HasPorts | flow.HasProtocol, 1, 1, 2, false},
		{flow.HasPorts | flow.HasProtocol, 2, 0, 0, false},
		{flow.HasPorts | flow.HasProtocol, 47, 1, 2, false},
		{flow.HasPorts | flow.HasProtocol, 0, 1, 2, false},
		{flow.HasProtocol, 6, 1, 2, false},
		{flow.HasPorts, 0, 1, 0, true},
		{flow.HasPorts, 0, 0, 0, false},
	} {
		r := &flow.Record{Has: c.has, Protocol: c.protocol, Source: flow.Endpoint{Port: c.from}, Destination: flow.Endpoint{Port: c.to}, Client: flow.SideSource}
		got := leaves(t, AppendJSON(nil, r))
		for _, name := range []string{"source.port", "destination.port", "client.port", "server.port"} {
			if (got[name] != nil) != c.want {
				t.Errorf("%+v: %s is %v", c, name, got[name])
			}
		}
	}
}

// TestRoles: whichever side is the client, its members are those of that side.
func TestRoles(t *testing.T) {
	for side, names := range map[flow.Side][2]string{flow.SideSource: {"source", "destination"}, flow.SideDestination: {"destination", "source"}} {
		r := everything(complete, 6)
		r.Client = side
		got := leaves(t, AppendJSON(nil, r))
		for i, role := range []string{"client", "server"} {
			for _, member := range []string{"ip", "domain", "port", "bytes", "packets"} {
				if a, b := got[role+"."+member], got[names[i]+"."+member]; a == nil || a != b {
					t.Errorf("%s.%s is %v, that of %s %v", role, member, a, names[i], b)
				}
			}
		}
		r.Source.Known, r.Destination.Known = nil, nil
		got = leaves(t, AppendJSON(nil, r))
		if got["client.ip"] == nil || got["client.ip"] != got[names[0]+".ip"] || got["client.domain"] != nil {
			t.Errorf("where nothing is known the client is %v", got["client.ip"])
		}
	}
	r := everything(complete, 6)
	r.Details = nil // the way back is not counted
	got := leaves(t, AppendJSON(nil, r))
	for _, name := range []string{"server.bytes", "server.packets", "destination.bytes", "destination.packets"} {
		if got[name] != nil {
			t.Errorf("%s is %v, and nobody counted it", name, got[name])
		}
	}
	if fmt.Sprint(got["client.packets"]) != "700" || fmt.Sprint(got["source.packets"]) != "700" {
		t.Errorf("the client sent %v packets, the source %v", got["client.packets"], got["source.packets"])
	}
}

func TestCodePoints(t *testing.T) {
	for octet, want := range map[uint8]string{0: "CS0", 0x20: "CS1", 0xb8: "EF", 0xbb: "EF", 0x88: "AF41", 0x28: "AF11", 0xb0: "VOICE-ADMIT", 0x04: "LE", 0xe0: "CS7", 0xfc: "63", 0x08: "2"} {
		r := &flow.Record{Has: flow.HasTOS, TOS: octet}
		if got := leaves(t, AppendJSON(nil, r))["flow.dscp"]; got != want {
			t.Errorf("octet %#x is %v, want %s", octet, got, want)
		}
	}
}

// TestWhoNamesAnInterface: options data before what was asked of the exporter, and the user's word before either where it is to win.
func TestWhoNamesAnInterface(t *testing.T) {
	for _, c := range []struct {
		known string
		wins  bool
		told  string
		want  any
	}{
		{"", false, "", nil},
		{"asked", false, "", "asked"},
		{"", false, "told", "told"},
		{"asked", false, "told", "told"},
		{"file", true, "told", "file"},
		{"", true, "told", "told"},
		{"file", true, "", "file"},
	} {
		i := flow.Interface{Name: JSONString(c.known), Alias: JSONString(c.known), NameWins: c.wins, AliasWins: c.wins}
		told := []byte(c.told)
		r := &flow.Record{
			Observer: &flow.Observer{Input: i, Output: i},
			Details:  &flow.Details{InputName: told, InputDescription: told, OutputName: told, OutputDescription: told},
		}
		got := leaves(t, AppendJSON(nil, r))
		for _, name := range []string{"ingress.interface.name", "ingress.interface.alias", "egress.interface.name", "egress.interface.alias"} {
			if got["observer."+name] != c.want {
				t.Errorf("%s of %+v is %v", name, c, got["observer."+name])
			}
		}
	}
}

// TestEachTextWinsAlone: a file that names an interface says nothing of its description.
func TestEachTextWinsAlone(t *testing.T) {
	i := flow.Interface{Name: []byte(`"file"`), Alias: []byte(`"asked"`), NameWins: true}
	r := &flow.Record{Observer: &flow.Observer{Input: i}, Details: &flow.Details{InputName: []byte("told"), InputDescription: []byte("told")}}
	got := leaves(t, AppendJSON(nil, r))
	if name, alias := got["observer.ingress.interface.name"], got["observer.ingress.interface.alias"]; name != "file" || alias != "told" {
		t.Errorf("name %v, alias %v", name, alias)
	}
}

func TestWhoNamesAnApplication(t *testing.T) {
	r := &flow.Record{Application: []byte(`"https"`)}
	if got := leaves(t, AppendJSON(nil, r))["network.application"]; got != "https" {
		t.Errorf("by port it is %v", got)
	}
	r.Details = &flow.Details{ApplicationName: []byte("You\x01\"Tube Ä")}
	if got := leaves(t, AppendJSON(nil, r))["network.application"]; got != "you\x01\"tube Ä" {
		t.Errorf("where the exporter recognised it, it is %v", got)
	}
}
