package schema

import (
	"bytes"
	"encoding/json"
	"math"
	"net/netip"
	"strconv"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// Geo is where an address is. Empty fields are left out of the document.
type Geo struct {
	Continent, CountryCode, Country, Region, City string

	HasLocation         bool
	Latitude, Longitude float64 // degrees; a point that is not on earth, which Elasticsearch refuses, is none
}

// AS is the autonomous system of an address.
type AS struct {
	Number       uint32 // 0: not known
	Organization string
}

// Network is what a user says about a network of theirs. Empty fields are left out of the document.
type Network struct {
	Name, Site, Role string
}

// AddressInfo is all that is known about an address.
type AddressInfo struct {
	IP       netip.Addr
	Domain   string // by reverse DNS
	Geo      Geo
	AS       AS
	Network  Network
	Internal bool // it is one's own

	// Boundless: nobody said which addresses are one's own, so that there is neither network.direction nor flow.locality.
	Boundless bool
}

// Address is what is known about an address, as documents of this encoder have it. It allocates: keep the result.
func (e *Encoder) Address(i AddressInfo) *flow.Address {
	var v flow.Views
	var name int
	v.Source, name = e.addressMembers("source", &i)
	v.Destination, _ = e.addressMembers("destination", &i)
	v.Client, _ = e.addressMembers("client", &i)
	v.Server, _ = e.addressMembers("server", &i)
	v.SourceNetwork = e.networkMembers("flow.source_network", i.Network)
	v.DestinationNetwork = e.networkMembers("flow.destination_network", i.Network)

	a := &flow.Address{Internal: i.Internal, Boundless: i.Boundless, HasAS: i.AS.Number != 0}
	same := bytes.Equal(v.Source, v.Destination) && bytes.Equal(v.SourceNetwork, v.DestinationNetwork) &&
		(bytes.Equal(v.Client, v.Source[:name]) || !e.any("client")) && (bytes.Equal(v.Server, v.Source[:name]) || !e.any("server"))
	if same {
		a.Members, a.Name, a.Network = v.Source, name, v.SourceNetwork
	} else {
		a.Views = &v
	}
	return a
}

// any tells whether an object has a member that is selected and part of a fragment.
func (e *Encoder) any(object string) bool { return e.on[object+".ip"] || e.on[object+".domain"] }

// addressMembers are the selected members of an object that are known of an address, and how many octets of them are ip and domain.
func (e *Encoder) addressMembers(object string, i *AddressInfo) (all []byte, name int) {
	m := members{on: e.on}
	m.open(object)
	if i.IP.IsValid() {
		m.put("ip", appendAddr(nil, i.IP))
	}
	m.text("domain", i.Domain)
	name = len(m.dst)
	if i.AS.Number != 0 {
		m.open("as")
		m.put("number", strconv.AppendUint(nil, uint64(i.AS.Number), 10))
		m.open("organization")
		m.text("name", i.AS.Organization)
		m.close()
		m.close()
	}
	m.open("geo")
	m.text("name", i.Network.Site)
	m.text("continent_name", i.Geo.Continent)
	m.text("country_iso_code", i.Geo.CountryCode)
	m.text("country_name", i.Geo.Country)
	m.text("region_name", i.Geo.Region)
	m.text("city_name", i.Geo.City)
	// NaN, which JSON does not have, fails the comparisons too.
	if i.Geo.HasLocation && math.Abs(i.Geo.Latitude) <= 90 && math.Abs(i.Geo.Longitude) <= 180 {
		point := strconv.AppendFloat([]byte(`{"lon":`), i.Geo.Longitude, 'f', -1, 64)
		point = strconv.AppendFloat(append(point, `,"lat":`...), i.Geo.Latitude, 'f', -1, 64)
		m.put("location", append(point, '}'))
	}
	m.close()
	return m.dst, name
}

func (e *Encoder) networkMembers(object string, n Network) []byte {
	m := members{on: e.on}
	m.open(object)
	m.text("name", n.Name)
	m.text("role", n.Role)
	return m.dst
}

// members builds those members of an object that are selected and not empty, with a comma between them. The object itself, which is opened
// first, has no braces.
type members struct {
	on    map[string]bool
	dst   []byte
	names []string // of the objects that are open
	begun []int    // where they begin; objects stay only if something is put into them
}

func (m *members) open(name string) {
	if len(m.names) > 0 {
		m.begun = append(m.begun, len(m.dst))
		m.key(name)
		m.dst = append(m.dst, '{')
	}
	m.names = append(m.names, name)
}

func (m *members) close() {
	begin := m.begun[len(m.begun)-1]
	m.begun, m.names = m.begun[:len(m.begun)-1], m.names[:len(m.names)-1]
	if m.dst[len(m.dst)-1] == '{' {
		m.dst = m.dst[:begin]
		return
	}
	m.dst = append(m.dst, '}')
}

func (m *members) key(name string) {
	if n := len(m.dst); n > 0 && m.dst[n-1] != '{' {
		m.dst = append(m.dst, ',')
	}
	m.dst = append(append(append(m.dst, '"'), name...), `":`...)
}

func (m *members) put(name string, value []byte) {
	if m.on[strings.Join(m.names, ".")+"."+name] {
		m.key(name)
		m.dst = append(m.dst, value...)
	}
}

func (m *members) text(name, value string) {
	if value != "" {
		m.put(name, JSONString(value))
	}
}

// JSONString is a text as a JSON string with its quotes; nil when it is empty. What is not UTF-8 is replaced.
func JSONString(s string) []byte {
	if s == "" {
		return nil
	}
	b, err := json.Marshal(strings.ToValidUTF8(s, "�"))
	if err != nil { // cannot happen for a string
		return []byte(`""`)
	}
	return b
}
