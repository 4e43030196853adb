package enrich

import (
	"fmt"
	"math"
	"net/netip"
	"strconv"

	"github.com/gaissmai/bart"

	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
	"github.com/flowstack/terraform-provider-flowstack/collector/yamlfile"
)

// network is what a user says about a network.
type network struct {
	schema.Network
	internal bool
	geo      schema.Geo // without Continent and Country, which follow from the code
	as       schema.AS
}

// networks finds the network of an address by its longest prefix.
type networks struct {
	table   bart.Table[*network]
	entries int
}

var networkColumns = columns{
	required: []string{"network"},
	optional: []string{"name", "site", "role", "internal", "country", "region", "city", "latitude", "longitude", "as", "as_name"},
}

// CheckNetworks finds the mistakes of a networks file (enrich.networks_file); file is its name, for messages and for whether it is YAML or
// CSV. Nil: there are none.
func CheckNetworks(file string, data []byte) yamlfile.Errors {
	_, mistakes := parseNetworks(file, data)
	return mistakes
}

func parseNetworks(file string, data []byte) (*networks, yamlfile.Errors) {
	r := &reader{file: file}
	n := &networks{}
	lines := map[netip.Prefix]int{}
	r.rows(data, "networks", networkColumns, func(c []cell) {
		before := r.mistakes()
		prefix, ok := r.network(c[0])
		if line := lines[prefix]; ok && line > 0 {
			r.fail(c[0].at, c[0].key, fmt.Sprintf("%s is there twice, first in line %d", prefix, line))
		} else if ok {
			lines[prefix] = c[0].at.line
		}
		one := r.networkOf(c[1:])
		if !r.failed(before) {
			n.table.Insert(prefix, one)
			n.entries++
		}
	})
	if mistakes := r.result(); mistakes != nil {
		return nil, mistakes
	}
	return n, nil
}

// networkOf reads the cells of the optional columns.
func (r *reader) networkOf(c []cell) *network {
	internal, said := r.boolean(c[3])
	n := &network{
		Network:  schema.Network{Name: r.text(c[0]), Site: r.text(c[1]), Role: r.text(c[2])},
		internal: internal || !said,
		geo:      schema.Geo{CountryCode: c[4].text, Region: r.text(c[5]), City: r.text(c[6])},
		as:       schema.AS{Number: r.system(c[9]), Organization: r.text(c[10])},
	}
	if c[4].set() && !isCode(c[4].text) {
		r.fail(c[4].at, c[4].key, fmt.Sprintf("%q must be a country's code of two capitals (ISO 3166-1), such as AT", clip(c[4].text)))
	}
	if c[10].set() && !c[9].set() {
		r.fail(c[10].at, c[10].key, "needs as, the number")
	}
	switch lat, lon := c[7], c[8]; {
	case lat.set() != lon.set():
		missing, there := "longitude", lat
		if lon.set() {
			missing, there = "latitude", lon
		}
		r.fail(there.at, there.key, "needs "+missing+" too")
	case lat.set():
		n.geo.HasLocation, n.geo.Latitude, n.geo.Longitude = true, r.degrees(lat, 90), r.degrees(lon, 180)
	}
	return n
}

func (r *reader) degrees(c cell, most float64) float64 {
	v, err := strconv.ParseFloat(c.text, 64)
	if err != nil || !(math.Abs(v) <= most) {
		r.fail(c.at, c.key, fmt.Sprintf("%q must be degrees from -%v to %v", clip(c.text), most, most))
	}
	return v
}

// find returns what the file says of an address, or nil.
func (n *networks) find(a netip.Addr) *network {
	if n == nil {
		return nil
	}
	found, _ := n.table.Lookup(a)
	return found
}

// place puts what a network says over what databases say. Where the network says another place, what they say of finer ones goes, and of wider
// ones too if they knew another one: a city of another country would be worse than none.
func (n *network) place(g schema.Geo) schema.Geo {
	own := n.geo
	if own.CountryCode != "" && own.CountryCode != g.CountryCode {
		g = schema.Geo{CountryCode: own.CountryCode}
	}
	if own.Region != "" && own.Region != g.Region {
		if g.Region != "" && own.CountryCode == "" {
			g.Continent, g.CountryCode, g.Country = "", "", ""
		}
		g.Region, g.City, g.HasLocation = own.Region, "", false
	}
	if own.City != "" && own.City != g.City {
		if g.City != "" && own.CountryCode == "" {
			g.Continent, g.CountryCode, g.Country = "", "", ""
		}
		if g.City != "" && own.Region == "" {
			g.Region = ""
		}
		g.City, g.HasLocation = own.City, false
	}
	if own.HasLocation {
		g.HasLocation, g.Latitude, g.Longitude = true, own.Latitude, own.Longitude
	}
	if !g.HasLocation {
		g.Latitude, g.Longitude = 0, 0
	}
	return g
}
