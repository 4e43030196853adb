package schema

import (
	"math"
	"strconv"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// knownFields is a set of what may be known about an address.
type knownFields uint16

const (
	knownIP knownFields = 1 << iota
	knownDomain
	knownSystem
	knownOrganization
	knownSite
	knownContinent
	knownCountryCode
	knownCountry
	knownRegion
	knownCity
	knownLocation
	knownNetwork
	knownRole
)

// nameFields are those of clients and servers.
const nameFields = knownIP | knownDomain

// The places of an address in a document.
const (
	viewSource = iota
	viewDestination
	viewClient
	viewServer
	viewSourceNetwork
	viewDestinationNetwork
	views
)

// viewsOf finds out what is selected in each place.
func viewsOf(on map[string]bool) (all [views]knownFields) {
	members := []struct {
		name string
		bit  knownFields
	}{
		{"ip", knownIP},
		{"domain", knownDomain},
		{"as.number", knownSystem},
		{"as.organization.name", knownOrganization},
		{"geo.name", knownSite},
		{"geo.continent_name", knownContinent},
		{"geo.country_iso_code", knownCountryCode},
		{"geo.country_name", knownCountry},
		{"geo.region_name", knownRegion},
		{"geo.city_name", knownCity},
		{"geo.location", knownLocation},
	}
	for view, object := range []string{viewSource: "source", viewDestination: "destination", viewClient: "client", viewServer: "server"} {
		for _, m := range members {
			if on[object+"."+m.name] {
				all[view] |= m.bit
			}
		}
	}
	for view, object := range map[int]string{viewSourceNetwork: "flow.source_network", viewDestinationNetwork: "flow.destination_network"} {
		if on[object+".name"] {
			all[view] |= knownNetwork
		}
		if on[object+".role"] {
			all[view] |= knownRole
		}
	}
	return all
}

// known is what there is of an address.
func (i *AddressInfo) known() (all knownFields) {
	for _, m := range []struct {
		is  bool
		bit knownFields
	}{
		{i.IP.IsValid(), knownIP},
		{i.Domain != "", knownDomain},
		{i.AS.Number != 0, knownSystem},
		{i.AS.Number != 0 && i.AS.Organization != "", knownOrganization},
		{i.Network.Site != "", knownSite},
		{i.Geo.Continent != "", knownContinent},
		{i.Geo.CountryCode != "", knownCountryCode},
		{i.Geo.Country != "", knownCountry},
		{i.Geo.Region != "", knownRegion},
		{i.Geo.City != "", knownCity},
		// NaN, which JSON does not have, fails the comparisons too.
		{i.Geo.HasLocation && math.Abs(i.Geo.Latitude) <= 90 && math.Abs(i.Geo.Longitude) <= 180, knownLocation},
		{i.Network.Name != "", knownNetwork},
		{i.Network.Role != "", knownRole},
	} {
		if m.is {
			all |= m.bit
		}
	}
	return all
}

// Address is what is known about an address, as documents of this encoder have it. It allocates: keep the result.
func (e *Encoder) Address(i AddressInfo) *flow.Address {
	a := &flow.Address{Internal: i.Internal, Boundless: i.Boundless, AS: i.AS.Number}
	if len(i.Geo.CountryCode) == len(a.Country) {
		copy(a.Country[:], i.Geo.CountryCode)
	}
	has, known := e.views, i.known()
	for view := range has {
		has[view] &= known
	}
	var room [1024]byte // for nearly all of them
	if e.same(&has) {
		text, name := appendKnown(room[:0], &i, has[viewSource])
		size := len(text)
		text = appendNetworkMembers(text, i.Network, has[viewSourceNetwork])
		a.SetMembers(exact(text), name, size)
		return a
	}
	members := func(view int) []byte {
		text, _ := appendKnown(room[:0], &i, has[view])
		return exact(text)
	}
	network := func(view int) []byte { return exact(appendNetworkMembers(room[:0], i.Network, has[view])) }
	a.Views = &flow.Views{
		Source: members(viewSource), Destination: members(viewDestination), Client: members(viewClient), Server: members(viewServer),
		SourceNetwork: network(viewSourceNetwork), DestinationNetwork: network(viewDestinationNetwork),
	}
	return a
}

// exact is a copy that takes no more memory than it must; nil for no members.
func exact(members []byte) []byte {
	if len(members) == 0 {
		return nil
	}
	return append(make([]byte, 0, len(members)), members...)
}

// same tells whether an address of which so much is there looks alike in all places: but for a few selections it does.
func (e *Encoder) same(has *[views]knownFields) bool {
	name := has[viewSource] & nameFields
	return has[viewSource] == has[viewDestination] && has[viewSourceNetwork] == has[viewDestinationNetwork] &&
		(has[viewClient] == name || e.views[viewClient] == 0) && (has[viewServer] == name || e.views[viewServer] == 0)
}

// appendKnown appends members of an object, and says how many octets of them are ip and domain. Each is appended with a comma behind it.
func appendKnown(dst []byte, i *AddressInfo, has knownFields) (all []byte, name int) {
	begin := len(dst)
	if has&knownIP != 0 {
		dst = append(appendAddr(append(dst, `"ip":`...), i.IP), ',')
	}
	if has&knownDomain != 0 {
		dst = appendMember(dst, `"domain":`, i.Domain)
	}
	name = max(len(dst)-begin-1, 0)
	if has&(knownSystem|knownOrganization) != 0 {
		dst = append(dst, `"as":{`...)
		if has&knownSystem != 0 {
			dst = append(appendUint(append(dst, `"number":`...), uint64(i.AS.Number)), ',')
		}
		if has&knownOrganization != 0 {
			dst = closeObject(appendMember(append(dst, `"organization":{`...), `"name":`, i.AS.Organization))
		}
		dst = closeObject(dst)
	}
	dst = appendGeo(dst, i, has)
	return dst[:max(len(dst)-1, begin)], name
}

func appendGeo(dst []byte, i *AddressInfo, has knownFields) []byte {
	const all = knownSite | knownContinent | knownCountryCode | knownCountry | knownRegion | knownCity | knownLocation
	if has&all == 0 {
		return dst
	}
	dst = append(dst, `"geo":{`...)
	for _, m := range []struct {
		bit       knownFields
		key, text string
	}{
		{knownSite, `"name":`, i.Network.Site},
		{knownContinent, `"continent_name":`, i.Geo.Continent},
		{knownCountryCode, `"country_iso_code":`, i.Geo.CountryCode},
		{knownCountry, `"country_name":`, i.Geo.Country},
		{knownRegion, `"region_name":`, i.Geo.Region},
		{knownCity, `"city_name":`, i.Geo.City},
	} {
		if has&m.bit != 0 {
			dst = appendMember(dst, m.key, m.text)
		}
	}
	if has&knownLocation != 0 {
		dst = strconv.AppendFloat(append(dst, `"location":{"lon":`...), i.Geo.Longitude, 'f', -1, 64)
		dst = strconv.AppendFloat(append(dst, `,"lat":`...), i.Geo.Latitude, 'f', -1, 64)
		dst = append(dst, `},`...)
	}
	return closeObject(dst)
}

func appendNetworkMembers(dst []byte, n Network, has knownFields) []byte {
	begin := len(dst)
	if has&knownNetwork != 0 {
		dst = appendMember(dst, `"name":`, n.Name)
	}
	if has&knownRole != 0 {
		dst = appendMember(dst, `"role":`, n.Role)
	}
	return dst[:max(len(dst)-1, begin)]
}

// appendMember appends a text that is not empty, and a comma.
func appendMember(dst []byte, key, text string) []byte {
	dst = append(dst, key...)
	if isPlain(text) {
		dst = appendName(dst, text)
	} else {
		dst = append(dst, JSONString(text)...)
	}
	return append(dst, ',')
}

// closeObject ends an object where the comma behind its last member is.
func closeObject(dst []byte) []byte {
	dst[len(dst)-1] = '}'
	return append(dst, ',')
}
