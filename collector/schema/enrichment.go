package schema

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// Geo is where an address is. Empty fields are left out of the document.
type Geo struct {
	Continent, CountryCode, Country, Region, City string

	HasLocation         bool
	Latitude, Longitude float64 // degrees
}

// AS is the autonomous system of an address.
type AS struct {
	Number       uint32 // 0: not known
	Organization string
}

const beginAS = `"as":{`

// AppendEnrichment appends what is known about an address as complete JSON members without a comma around them, ready for
// flow.Endpoint.Enrichment. Nothing is appended when nothing is known. The "as" member comes first.
func AppendEnrichment(dst []byte, geo Geo, as AS) []byte {
	before := len(dst)
	// A point that is not on earth, which Elasticsearch refuses, is none. NaN, which JSON does not have, fails the comparisons too.
	if !geo.HasLocation || !(math.Abs(geo.Latitude) <= 90 && math.Abs(geo.Longitude) <= 180) {
		geo.HasLocation, geo.Latitude, geo.Longitude = false, 0, 0
	}
	if as.Number != 0 {
		dst = append(dst, beginAS+`"number":`...)
		dst = strconv.AppendUint(dst, uint64(as.Number), 10)
		if as.Organization != "" {
			dst = append(dst, `,"organization":{"name":`...)
			dst = append(appendString(dst, as.Organization), '}')
		}
		dst = append(dst, '}')
	}
	if geo == (Geo{}) {
		return dst
	}
	if len(dst) > before {
		dst = append(dst, ',')
	}
	dst = append(dst, `"geo":{`...)
	first := true
	member := func(name string) {
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(dst, '"')
		dst = append(dst, name...)
		dst = append(dst, `":`...)
	}
	for _, m := range []struct{ name, value string }{
		{"continent_name", geo.Continent},
		{"country_iso_code", geo.CountryCode},
		{"country_name", geo.Country},
		{"region_name", geo.Region},
		{"city_name", geo.City},
	} {
		if m.value != "" {
			member(m.name)
			dst = appendString(dst, m.value)
		}
	}
	if geo.HasLocation {
		member("location")
		dst = append(dst, `{"lon":`...)
		dst = strconv.AppendFloat(dst, geo.Longitude, 'f', -1, 64)
		dst = append(dst, `,"lat":`...)
		dst = strconv.AppendFloat(dst, geo.Latitude, 'f', -1, 64)
		dst = append(dst, '}')
	}
	return append(dst, '}')
}

// appendString appends a JSON string; what is not UTF-8 is replaced.
func appendString(dst []byte, s string) []byte {
	b, err := json.Marshal(strings.ToValidUTF8(s, "�"))
	if err != nil { // cannot happen for a string
		return append(dst, `""`...)
	}
	return append(dst, b...)
}

// enrichment puts what is known about an endpoint. The number of its AS from the exporter counts only where the database has none:
// exporters with a default route send 0 or their own.
func enrichment(has flow.Fields, get func(*flow.Record) *flow.Endpoint) putFn {
	return func(dst []byte, r *flow.Record) ([]byte, bool) {
		e := get(r)
		exported := r.Has&has != 0 && e.AS != 0 && (len(e.Enrichment) < len(beginAS) || string(e.Enrichment[:len(beginAS)]) != beginAS)
		if exported {
			dst = append(dst, beginAS+`"number":`...)
			dst = strconv.AppendUint(dst, uint64(e.AS), 10)
			dst = append(dst, '}')
			if len(e.Enrichment) > 0 {
				dst = append(dst, ',')
			}
		}
		return append(dst, e.Enrichment...), exported || len(e.Enrichment) > 0
	}
}
