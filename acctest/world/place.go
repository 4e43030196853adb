package world

import (
	"github.com/maxmind/mmdbwriter/mmdbtype"
)

// languages are those of MaxMind's databases.
var languages = [...]string{"de", "en", "es", "fr", "ja", "pt-BR", "ru", "zh-CN"}

var countries = [...]struct{ code, name, continent, zone string }{
	{"US", "United States", "NA", "America/Chicago"},
	{"CN", "China", "AS", "Asia/Shanghai"},
	{"JP", "Japan", "AS", "Asia/Tokyo"},
	{"DE", "Germany", "EU", "Europe/Berlin"},
	{"GB", "United Kingdom", "EU", "Europe/London"},
	{"KR", "South Korea", "AS", "Asia/Seoul"},
	{"BR", "Brazil", "SA", "America/Sao_Paulo"},
	{"FR", "France", "EU", "Europe/Paris"},
	{"CA", "Canada", "NA", "America/Toronto"},
	{"IT", "Italy", "EU", "Europe/Rome"},
	{"NL", "The Netherlands", "EU", "Europe/Amsterdam"},
	{"AU", "Australia", "OC", "Australia/Sydney"},
	{"RU", "Russia", "EU", "Europe/Moscow"},
	{"IN", "India", "AS", "Asia/Kolkata"},
	{"TW", "Taiwan", "AS", "Asia/Taipei"},
	{"ES", "Spain", "EU", "Europe/Madrid"},
	{"SE", "Sweden", "EU", "Europe/Stockholm"},
	{"MX", "Mexico", "NA", "America/Mexico_City"},
	{"ZA", "South Africa", "AF", "Africa/Johannesburg"},
	{"EG", "Egypt", "AF", "Africa/Cairo"},
	{"PL", "Poland", "EU", "Europe/Warsaw"},
	{"AR", "Argentina", "SA", "America/Argentina/Buenos_Aires"},
	{"CH", "Switzerland", "EU", "Europe/Zurich"},
	{"SG", "Singapore", "AS", "Asia/Singapore"},
	{"AT", "Austria", "EU", "Europe/Vienna"},
	{"FI", "Finland", "EU", "Europe/Helsinki"},
	{"NO", "Norway", "EU", "Europe/Oslo"},
	{"TR", "Türkiye", "AS", "Europe/Istanbul"},
	{"UA", "Ukraine", "EU", "Europe/Kyiv"},
	{"NZ", "New Zealand", "OC", "Pacific/Auckland"},
}

var continents = map[string]string{
	"AF": "Africa", "AS": "Asia", "EU": "Europe", "NA": "North America", "OC": "Oceania", "SA": "South America",
}

// countryOf keeps eight allocations beside each other in one country.
func countryOf(allocation uint64) int {
	return skewed(hash(saltCountry, allocation>>3), len(countries))
}

// citiesOf is how many cities a country has: the first ones have more.
func citiesOf(country int) int { return 4000 / (1 + country/3) }

// spots is how many postal codes, with points of their own, a city has.
const spots = 12

// place is what a City record is about.
type place struct{ country, city, spot int }

// names are those of a place in the first few languages; countries and continents have one in each.
func names(en string, languages ...string) mmdbtype.Map {
	m := mmdbtype.Map{}
	for _, l := range languages {
		m[mmdbtype.String(l)] = mmdbtype.String(en)
		if l == "ja" || l == "ru" || l == "zh-CN" { // other letters take more octets
			m[mmdbtype.String(l)] = mmdbtype.String(en + "市" + l)
		}
	}
	return m
}

// record has the members that GeoLite2 City has (dev.maxmind.com, "GeoIP2 City database").
func (p place) record() mmdbtype.Map {
	c := countries[p.country]
	h := hash(saltPlace, uint64(p.country), uint64(p.city))
	region := h % 16
	country := mmdbtype.Map{"geoname_id": mmdbtype.Uint32(1_000_000 + p.country), "iso_code": mmdbtype.String(c.code), "names": names(c.name, languages[:]...)}
	at := p.point()
	return mmdbtype.Map{
		"city":      mmdbtype.Map{"geoname_id": mmdbtype.Uint32(2_000_000 + uint32(h>>44)), "names": names(name(h), "de", "en")},
		"continent": mmdbtype.Map{"code": mmdbtype.String(c.continent), "names": names(continents[c.continent], languages[:]...)},
		"country":   country, "registered_country": country,
		"location": mmdbtype.Map{
			"accuracy_radius": mmdbtype.Uint16([]int{5, 10, 20, 50, 100, 200, 500, 1000}[h%8]),
			"latitude":        mmdbtype.Float64(at.latitude), "longitude": mmdbtype.Float64(at.longitude), "time_zone": mmdbtype.String(c.zone),
		},
		"postal": mmdbtype.Map{"code": mmdbtype.String(string(rune('A'+p.spot)) + name(h, uint64(p.spot))[:2])},
		"subdivisions": mmdbtype.Slice{mmdbtype.Map{
			"geoname_id": mmdbtype.Uint32(3_000_000 + region), "iso_code": mmdbtype.String(string(rune('A' + region))),
			"names": names(name(uint64(p.country), region), "de", "en"),
		}},
	}
}

// point is in degrees.
type point struct{ latitude, longitude float64 }

// point is where a spot of a city is, with four decimals as the databases have it.
func (p place) point() point {
	h := hash(saltPlace, uint64(p.country), uint64(p.city))
	// Ten thousandths of a degree, of up to so many degrees to both sides.
	at := func(h, most uint64) float64 {
		const unit = 10_000
		return float64(int64(h%(2*most*unit))-int64(most*unit)+int64(p.spot)*unit/100) / unit
	}
	return point{at(h, 70), at(h>>20, 178)}
}
