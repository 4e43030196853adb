package vega

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/flowstack/terraform-provider-flowstack/appliance/dashboards/field"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// world has the shapes of countries, in a file that tools/worldmap makes.
//
//go:embed world.json
var world json.RawMessage

// MapOptions say what a map is about. The zero value of each stands for its default.
type MapOptions struct {
	Cities int    // how many names of cities have circles, those with the most; default 60
	Empty  string // what may be missing where there is nothing, beside flows
}

const (
	// mostCountries is more than there are codes of.
	mostCountries = 260
	// namesakes is in how many countries a city of one name may be.
	namesakes = 3
	// ranked is how many countries the list beside the map has.
	ranked = 6
)

// WorldMap draws from which countries and cities the bytes of flows come, and to which they go. Which of the two it shows, a click on its head chooses. The
// shapes of countries are part of the specification: nothing comes from the internet. A click on a country or a city makes it a filter.
func WorldMap(index string, o MapOptions) Spec {
	if o.Cities == 0 {
		o.Cities = 60
	}
	if o.Empty == "" {
		o.Empty = "Or flows have no countries: these need a GeoIP database, or the networks file."
	}
	spec := Spec{index: index}
	if o.Cities < 0 || o.Cities > mostCandidates {
		spec.wrong = fmt.Errorf("a map has up to %d cities, not %d", mostCandidates, o.Cities)
		return spec
	}
	spec.requests = map[string]object{}
	for _, side := range sides { // each a search of its own, as in a Sankey
		spec.wrong = errors.Join(spec.wrong, usable(side+".geo.country_iso_code"), usable(side+".geo.city_name"), field.Check(schema.Flows, side+".geo.location", field.Place))
		spec.requests[side+answerSuffix] = search(object{
			"total":     object{"sum": object{"field": "network.bytes"}},
			"countries": greatest(side+".geo.country_iso_code", mostCountries, nil),
			"cities": greatest(side+".geo.city_name", o.Cities, object{
				"countries": greatest(side+".geo.country_iso_code", namesakes, object{"center": object{"geo_centroid": object{"field": side + ".geo.location"}}}),
			}),
		})
	}
	spec.drawing = object{
		"padding": 8, "signals": mapSignals(index), "data": mapData(), "scales": mapScales(), "legends": mapLegends(), "marks": mapMarks(o.Empty),
		"projections": list{object{
			"name": "projection", "type": "naturalEarth1", "fit": signal("data('world')"),
			"extent": signal("[[0, 30], [width, height - 4]]"),
		}},
	}
	return spec
}

// sides are those of a flow, as fields are named.
var sides = []string{"source", "destination"}

// answerSuffix, behind a side, names what the search about it finds.
const answerSuffix = "Answer"

// greatest are the values of a field with the greatest sums of bytes.
func greatest(name string, size int, more object) object {
	aggregations := object{"sum": object{"sum": object{"field": "network.bytes"}}}
	for as, a := range more {
		aggregations[as] = a
	}
	return object{"aggs": aggregations, "terms": object{
		"field": name, "size": size, "shard_size": candidates(size), "order": object{"sum": "desc"},
	}}
}

func mapSignals(index string) list {
	var byCountry, byCity string
	for i, side := range sides {
		code, city := quote(side+".geo.country_iso_code"), quote(side+".geo.city_name")
		asCountry := fmt.Sprintf("{term: {%s: datum.id}}", code)
		asCity := fmt.Sprintf("{bool: {filter: [{term: {%s: datum.country}}, {term: {%s: datum.city}}]}}", code, city)
		if i == 0 {
			byCountry, byCity = "side == 'source' ? "+asCountry+" : ", "side == 'source' ? "+asCity+" : "
		} else {
			byCountry, byCity = byCountry+asCountry, byCity+asCity
		}
	}
	return list{
		object{"name": "total", "update": fmt.Sprintf("length(data('%[1]s')) ? data('%[1]s')[0].aggregations.total.value : 0", sides[0]+answerSuffix)},
		object{"name": "located", "update": "length(data('located')) ? data('located')[0].sum || 0 : 0"},
		object{"name": "unseen", "update": "length(data('unseen')) ? data('unseen')[0].sum || 0 : 0"},
		object{"name": "most", "update": "length(data('countries')) ? data('countries')[0].sum : 1"},
		object{"name": "mostOfCity", "update": "length(data('cities')) ? data('cities')[0].sum : 1"},
		object{"name": "rows", "update": fmt.Sprintf("clamp(floor((height - 160) / 17), 0, %d)", ranked)}, // of the list
		object{"name": "side", "value": sides[0], "on": list{object{"events": "@choice:click", "update": "datum.side"}}},
		object{"name": "drill", "on": list{
			object{"events": "@country:click", "update": fmt.Sprintf("datum.sum > 0 ? kibanaAddFilter(%s, %s, datum.properties.name) : null", byCountry, quote(index))},
			object{"events": "@city:click", "update": fmt.Sprintf("kibanaAddFilter(%s, %s, datum.city + ', ' + datum.country)", byCity, quote(index))},
		}},
	}
}

// mapData are the countries and cities of the side that is chosen, those with the most first.
func mapData() list {
	all := make(list, 0, 2*len(sides))
	countries, cities := make(list, 0, len(sides)), make(list, 0, len(sides))
	most := object{"type": "collect", "sort": object{"field": "sum", "order": "descending"}}
	for _, side := range sides {
		chosen := filter("side == " + quote(side))
		all = append(all,
			object{"name": side + "Countries", "source": side + answerSuffix, "transform": list{
				flatten("aggregations.countries.buckets", "bucket"), project("bucket.key", "id", "bucket.sum.value", "sum"), chosen,
			}},
			object{"name": side + "Cities", "source": side + answerSuffix, "transform": list{
				flatten("aggregations.cities.buckets", "city"), flatten("city.countries.buckets", "bucket"), filter("datum.bucket.center.location"), chosen,
				project("city.key", "city", "bucket.key", "country", "bucket.sum.value", "sum", "bucket.center.location.lon", "longitude", "bucket.center.location.lat", "latitude"),
			}})
		countries, cities = append(countries, side+"Countries"), append(cities, side+"Cities")
	}
	return append(append(list{
		object{"name": "world", "values": world, "format": object{"type": "topojson", "feature": "countries"}},
		object{"name": "choices", "values": list{object{"side": sides[0], "text": "From"}, object{"side": sides[1], "text": "To"}}},
	}, all...),
		object{"name": "countries", "source": countries, "transform": list{
			filter("datum.sum > 0"), lookup("world", "id", "id", list{"properties.name"}, list{"name"}, nil), most,
			object{"type": "window", "ops": list{"row_number"}, "as": list{"rank"}},
		}},
		object{"name": "ranked", "source": "countries", "transform": list{filter(fmt.Sprintf("datum.rank <= %d", ranked))}},
		object{"name": "located", "source": "countries", "transform": list{total("sum")}},
		object{"name": "unseen", "source": "countries", "transform": list{filter("!datum.name"), total("sum")}},
		object{"name": "cities", "source": cities, "transform": list{
			filter("datum.sum > 0"), most, object{"type": "geopoint", "projection": "projection", "fields": list{"longitude", "latitude"}, "as": list{"x", "y"}},
		}},
		object{"name": "shapes", "source": "world", "transform": list{lookup("countries", "id", "id", list{"sum"}, list{"sum"}, 0)}},
	)
}

func mapScales() list {
	return list{
		object{"name": "strength", "type": "sqrt", "domain": list{0, signal("most")}, "range": list{0.12, 0.9}},
		object{"name": "area", "type": "linear", "domain": list{0, signal("mostOfCity")}, "range": list{6, 900}},
	}
}

func mapLegends() list {
	shown := object{"symbols": object{"update": object{"opacity": signal("located > 0 && datum.value > 0 ? 0.8 : 0")}}, "labels": object{"update": object{
		"opacity": signal("located > 0 && datum.value > 0 ? 1 : 0"), "text": signal(quantity("datum.value", Octets)),
	}}}
	return list{object{
		"size": "area", "orient": "bottom-right", "symbolFillColor": orange, "symbolStrokeColor": orange, "tickCount": 3, "offset": 26, "encode": shown, "symbolType": "circle", "padding": 4,
	}}
}

func mapMarks(empty string) list {
	shape := object{"type": "geoshape", "projection": "projection"}
	ofAll := share("datum.sum", "total")
	return list{clipped(
		object{"type": "shape", "name": "country", "from": object{"data": "shapes"}, "transform": list{shape}, "encode": object{
			"enter": object{"strokeWidth": value(0.6)},
			"update": object{
				"fill": signal("datum.sum > 0 ? " + quote(blue) + " : " + quote(grey)), "fillOpacity": signal("datum.sum > 0 ? scale('strength', datum.sum) : 0.13"),
				"stroke": value(grey), "strokeOpacity": value(0.55), "cursor": signal("datum.sum > 0 ? 'pointer' : 'default'"),
				"tooltip": signal("datum.sum > 0 ? {title: datum.properties.name, Bytes: " + quantity("datum.sum", Octets) + ", 'of all': " + ofAll + "} : null"),
			},
			"hover": object{"stroke": value(orange), "strokeOpacity": value(1)},
		}},
		object{"type": "symbol", "name": "city", "from": object{"data": "cities"}, "encode": object{
			"enter": object{"fill": value(orange), "fillOpacity": value(0.65), "stroke": value(red), "strokeWidth": value(1), "cursor": value("pointer")},
			"update": object{
				"x": member("x"), "y": member("y"), "size": object{"scale": "area", "field": "sum"}, "strokeOpacity": value(0.8),
				"tooltip": signal("{title: datum.city + ', ' + datum.country, Bytes: " + quantity("datum.sum", Octets) + ", 'of all': " + ofAll + "}"),
			},
			"hover": object{"fillOpacity": value(0.95)},
		}},
		// The switch: the side that is shown is underlined.
		object{"type": "text", "name": "choice", "style": titleStyle, "from": object{"data": "choices"}, "encode": object{
			"enter": object{"baseline": value("top"), "fontSize": value(13), "cursor": value("pointer"), "text": member("text"), "y": value(2), "tooltip": signal("'Show ' + datum.side + 's'")},
			"update": object{
				"x": signal("datum.side == 'source' ? 0 : 48"), "fontWeight": signal("side == datum.side ? 700 : 400"), "fillOpacity": signal("total > 0 ? side == datum.side ? 1 : 0.65 : 0"),
			},
		}},
		object{"type": "rule", "from": object{"data": "choices"}, "interactive": false, "encode": object{"enter": object{"stroke": value(blue), "strokeWidth": value(2.5), "y": value(20)}, "update": object{
			"x": signal("datum.side == 'source' ? 0 : 48"), "x2": signal("datum.side == 'source' ? 34 : 66"), "opacity": signal("total > 0 && side == datum.side ? 1 : 0"),
		}}},
		text(labelStyle, "", object{"baseline": value("top"), "align": value("right"), "fontSize": value(11)}, object{
			"x": signal("width"), "y": value(4), "limit": signal("width - 110"),
			"text": signal("total > 0 ? " + quantity("located", Octets) + " + ' by country'" +
				" + (unseen > 0 ? ', ' + " + quantity("unseen", Octets) + " + ' of it in countries too small to be drawn' : '')" +
				" + (total - located > 0 ? '; ' + " + quantity("total - located", Octets) + " + ' without a country' : '') : ''"),
		}),
		// The list is where there is only sea.
		object{"type": "rect", "from": object{"data": "ranked"}, "interactive": false, "encode": object{"enter": object{"fill": value(blue), "height": value(9), "cornerRadius": value(1)}, "update": object{
			"x": value(0), "y": signal("height - 16 - (min(length(data('ranked')), rows) - datum.rank) * 17 - 5"), "width": signal("44 * datum.sum / most"), "opacity": signal("datum.rank > rows ? 0 : 0.85"),
		}}},
		text(labelStyle, "ranked", object{"fontSize": value(11), "baseline": value("middle"), "align": value("left")}, object{
			"x": signal("50"), "y": signal("height - 16 - (min(length(data('ranked')), rows) - datum.rank) * 17"), "opacity": signal("datum.rank > rows ? 0 : 1"),
			"text": signal("(datum.name || datum.id) + ' · ' + " + quantity("datum.sum", Octets)), "limit": signal("width * 0.3"),
		}),
		note("located <= 0", empty),
	)}
}
