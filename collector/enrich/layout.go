package enrich

import (
	"math"
	"strconv"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// found is what databases know about an address, and room for the records that it is read from, so that a look-up makes little garbage.
type found struct {
	geo schema.Geo
	as  schema.AS

	city cityRecord
	asn  asnRecord
	flat flatRecord
}

// name is a text in several languages, of which the English one is used.
type name struct {
	Names struct {
		English string `maxminddb:"en"`
	} `maxminddb:"names"`
}

// cityRecord is what is used of a record of MaxMind's City, Country and Enterprise databases (dev.maxmind.com, "GeoIP City and Country
// Databases") and of those of DB-IP, which have the same layout.
type cityRecord struct {
	City      name `maxminddb:"city"`
	Continent name `maxminddb:"continent"`
	Country   struct {
		name
		Code string `maxminddb:"iso_code"`
	} `maxminddb:"country"`
	Location struct {
		Latitude  float64 `maxminddb:"latitude"` // NaN where there is none
		Longitude float64 `maxminddb:"longitude"`
	} `maxminddb:"location"`
	Subdivisions []name    `maxminddb:"subdivisions"` // the largest first
	Traits       asnFields `maxminddb:"traits"`       // of an Enterprise record
}

// asnFields are those of an ASN or ISP record.
type asnFields struct {
	Number       uint32 `maxminddb:"autonomous_system_number"`
	Organization string `maxminddb:"autonomous_system_organization"`
}

// asnRecord is what is used of a record of MaxMind's ASN, ISP and Enterprise databases and of those of DB-IP.
type asnRecord struct {
	asnFields
	Traits asnFields `maxminddb:"traits"`
}

// flatRecord is what is used of a record of IPinfo's databases (github.com/ipinfo/sample-database has one of each). Their generations
// differ: country is a code beside country_name (country_asn), or a name beside country_code (ipinfo_lite, ipinfo_location); region
// likewise; a place is lat and lng or latitude and longitude, as texts or as numbers, or loc with both.
type flatRecord struct {
	City          string `maxminddb:"city"`
	Region        string `maxminddb:"region"`
	RegionName    string `maxminddb:"region_name"`
	Country       string `maxminddb:"country"`
	CountryCode   string `maxminddb:"country_code"`
	CountryName   string `maxminddb:"country_name"`
	Continent     string `maxminddb:"continent"`
	ContinentName string `maxminddb:"continent_name"`
	Lat           any    `maxminddb:"lat"`
	Lng           any    `maxminddb:"lng"`
	Latitude      any    `maxminddb:"latitude"`
	Longitude     any    `maxminddb:"longitude"`
	Location      string `maxminddb:"loc"`
	ASN           any    `maxminddb:"asn"`
	ASName        string `maxminddb:"as_name"`
	Name          string `maxminddb:"name"` // of databases of autonomous systems alone
}

// shape is what tells the layouts apart.
type shape struct {
	City          any `maxminddb:"city"`
	Continent     any `maxminddb:"continent"`
	ContinentName any `maxminddb:"continent_name"`
	Country       any `maxminddb:"country"`
	CountryCode   any `maxminddb:"country_code"`
	CountryName   any `maxminddb:"country_name"`
	Registered    any `maxminddb:"registered_country"`
	Region        any `maxminddb:"region"`
	Location      any `maxminddb:"location"`
	Lat           any `maxminddb:"lat"`
	ASN           any `maxminddb:"asn"`
	Number        any `maxminddb:"autonomous_system_number"`
	Organization  any `maxminddb:"autonomous_system_organization"`
	Traits        struct {
		Number any `maxminddb:"autonomous_system_number"`
	} `maxminddb:"traits"`
}

func (s *shape) flat() bool {
	for _, v := range []any{s.City, s.Continent, s.Country, s.CountryCode} {
		if _, ok := v.(string); ok {
			return true
		}
	}
	return s.ASN != nil
}

// has tells whether a record has what a database is for. The country alone beside an asn is where the owner of the system is, not the address.
func (s *shape) has(u use) bool {
	if u == systems {
		return s.ASN != nil || s.Number != nil || s.Organization != nil || s.Traits.Number != nil
	}
	for _, v := range []any{s.City, s.Continent, s.ContinentName, s.CountryCode, s.CountryName, s.Registered, s.Region, s.Location, s.Lat} {
		if v != nil {
			return true
		}
	}
	return s.Country != nil && s.ASN == nil
}

func (c *cityRecord) geo() schema.Geo {
	g := schema.Geo{
		Continent: c.Continent.Names.English, CountryCode: c.Country.Code, Country: c.Country.Names.English,
		City: c.City.Names.English,
	}
	if len(c.Subdivisions) > 0 {
		g.Region = c.Subdivisions[0].Names.English
	}
	setLocation(&g, c.Location.Latitude, c.Location.Longitude)
	return g
}

// reset makes a record ready to be read into.
func (c *cityRecord) reset() {
	subdivisions := c.Subdivisions[:0] // its elements are cleared when it is used
	*c = cityRecord{Subdivisions: subdivisions}
	c.Location.Latitude, c.Location.Longitude = math.NaN(), math.NaN()
}

// setLocation sets a point that is on earth: Elasticsearch refuses others. NaN fails the comparisons too.
func setLocation(g *schema.Geo, lat, lon float64) {
	if lat >= -90 && lat <= 90 && lon >= -180 && lon <= 180 {
		g.HasLocation, g.Latitude, g.Longitude = true, lat, lon
	}
}

// addSystem takes the first known number. What the database of systems said, which is asked first, stays.
func (f *found) addSystem(list ...asnFields) {
	for _, as := range list {
		if f.as.Number == 0 && as.Number != 0 {
			f.as = schema.AS(as)
		}
	}
}

func (f *found) addFlat(r *flatRecord, u use) {
	f.addSystem(asnFields{systemNumber(r.ASN), first(r.ASName, r.Name)})
	if u != places {
		return
	}
	code, country := r.CountryCode, r.CountryName
	if isCode(r.Country) {
		code = first(code, r.Country)
	} else {
		country = first(country, r.Country)
	}
	continent := r.ContinentName
	if !isCode(r.Continent) {
		continent = first(continent, r.Continent)
	}
	g := schema.Geo{Continent: continent, CountryCode: code, Country: country, Region: first(r.RegionName, r.Region), City: r.City}
	lat, latOK := degrees(r.Lat)
	lon, lonOK := degrees(r.Lng)
	if !latOK || !lonOK {
		lat, latOK = degrees(r.Latitude)
		lon, lonOK = degrees(r.Longitude)
	}
	if before, after, ok := strings.Cut(r.Location, ","); ok && (!latOK || !lonOK) {
		lat, latOK = degrees(before)
		lon, lonOK = degrees(after)
	}
	if latOK && lonOK {
		setLocation(&g, lat, lon)
	}
	f.geo = g
}

// isCode tells a code of two capitals from a name.
func isCode(s string) bool {
	return len(s) == 2 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z'
}

func first(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

// degrees reads a coordinate, which is a number or a text.
func degrees(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case float32:
		return float64(v), true
	case string:
		n, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
		return n, err == nil
	}
	return 0, false
}

// systemNumber reads the number of an autonomous system, which is a number or a text such as AS64496. 0 is none.
func systemNumber(v any) uint32 {
	switch v := v.(type) {
	case string:
		n, err := parseSystem(v)
		if err == nil {
			return n
		}
	case uint32:
		return v
	case uint64:
		if v <= math.MaxUint32 {
			return uint32(v)
		}
	}
	return 0
}

// parseSystem reads 64496 or AS64496.
func parseSystem(text string) (uint32, error) {
	digits := text
	if len(text) > 2 && strings.EqualFold(text[:2], "AS") {
		digits = text[2:]
	}
	n, err := strconv.ParseUint(digits, 10, 32)
	return uint32(n), err
}
