package enrich

import (
	"net/netip"

	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// name is a text in several languages, of which the English one is used.
type name struct {
	Names struct {
		English string `maxminddb:"en"`
	} `maxminddb:"names"`
}

// cityRecord is what is used of a City record (dev.maxmind.com, "GeoIP2 City database").
type cityRecord struct {
	City      name `maxminddb:"city"`
	Continent name `maxminddb:"continent"`
	Country   struct {
		name
		Code string `maxminddb:"iso_code"`
	} `maxminddb:"country"`
	Location struct {
		Latitude  *float64 `maxminddb:"latitude"`
		Longitude *float64 `maxminddb:"longitude"`
	} `maxminddb:"location"`
	Subdivisions []name `maxminddb:"subdivisions"` // the largest first
}

// asnRecord is what is used of an ASN or ISP record.
type asnRecord struct {
	Number       uint32 `maxminddb:"autonomous_system_number"`
	Organization string `maxminddb:"autonomous_system_organization"`
}

// describe is what the records of an address say.
func (d *Databases) describe(a netip.Addr, at records) schema.AddressInfo {
	info := schema.AddressInfo{IP: a}
	var city cityRecord
	if d.city.decode(a, at.city, &city) {
		info.Geo = city.geo()
	}
	var as asnRecord
	if d.asn.decode(a, at.asn, &as) {
		info.AS = schema.AS(as)
	}
	return info
}

func (c *cityRecord) geo() schema.Geo {
	g := schema.Geo{
		Continent: c.Continent.Names.English, CountryCode: c.Country.Code, Country: c.Country.Names.English,
		City: c.City.Names.English,
	}
	if len(c.Subdivisions) > 0 {
		g.Region = c.Subdivisions[0].Names.English
	}
	// Elasticsearch refuses a document whose point is not on earth; NaN fails these comparisons too.
	if lat, lon := c.Location.Latitude, c.Location.Longitude; lat != nil && lon != nil &&
		*lat >= -90 && *lat <= 90 && *lon >= -180 && *lon <= 180 {
		g.HasLocation, g.Latitude, g.Longitude = true, *lat, *lon
	}
	return g
}
