package dashboards

import "github.com/flowstack/terraform-provider-flowstack/appliance/dashboards/vega"

func geo() View {
	cities := func(name, title, side string) Table {
		return Table{Info{Name: name, Title: title}, Query{
			Buckets: []Terms{{side + ".geo.country_iso_code", 10, "Country"}, {side + ".geo.city_name", 5, "City"}}, Metrics: []Metric{sumBytes, sumPackets, flowCount},
		}}
	}
	return View{
		Name: "geo", Title: "Geo", Description: "From which countries and cities traffic comes, and to which it goes.",
		Rows: head(
			Row{26, whole(Cell{Visual: Vega{Info{Name: "map", Title: "Countries and cities"}, func(o Options) vega.Spec {
				return vega.WorldMap(o.Index, vega.MapOptions{})
			}}})},
			Row{13, half(
				Cell{Visual: throughput("throughput-by-source-country", "Throughput by country of the source", "source.geo.country_iso_code")},
				Cell{Visual: throughput("throughput-by-destination-country", "Throughput by country of the destination", "destination.geo.country_iso_code")},
			)},
			Row{15, half(
				Cell{Visual: top("source-countries", "Countries of sources", "Country", "source.geo.country_iso_code"), Drill: "flows"},
				Cell{Visual: top("destination-countries", "Countries of destinations", "Country", "destination.geo.country_iso_code"), Drill: "flows"},
			)},
			Row{15, half(
				Cell{Visual: cities("source-cities", "Cities of sources", "source"), Drill: "flows"},
				Cell{Visual: cities("destination-cities", "Cities of destinations", "destination"), Drill: "flows"},
			)},
			note("geo", empty, "**Flows, but no countries?** Countries and cities come from a GeoIP database and the networks file: `flowstack_geoip_database`. Private addresses have none, "+
				"unless the networks file says where they are."),
		),
	}
}

func autonomousSystems() View {
	pairs := Table{Info{Name: "as-pairs", Title: "Pairs of AS"}, Query{
		Buckets: []Terms{{"source.as.organization.name", 10, "From"}, {"destination.as.organization.name", 5, "To"}}, Metrics: []Metric{sumBytes, sumPackets, flowCount},
	}}
	peering := func(name, title, side string) Table {
		return Table{Info{Name: name, Title: title, Description: "Autonomous systems with the most traffic: candidates for a direct connection."}, Query{
			Buckets: []Terms{{side + ".as.number", 20, "AS"}, {side + ".as.organization.name", 1, "Name"}},
			Metrics: []Metric{sumBytes, {Cardinality, side + ".ip", "Addresses, about"}, flowCount},
		}}
	}
	return View{
		Name: "as", Title: "AS traffic", Description: "Between which autonomous systems traffic flows.",
		Rows: head(
			Row{22, whole(Cell{Visual: Vega{Info{Name: "as-sankey", Title: "From AS to AS"}, func(o Options) vega.Spec {
				return vega.Sankey(o.Index, []vega.Level{
					{Field: "source.as.organization.name", Title: "From", Size: 15}, {Field: "destination.as.organization.name", Title: "To", Size: 15},
				}, vega.SankeyOptions{Empty: "Or flows have no AS: this needs a GeoIP ASN database, the networks file, or exporters that know BGP."})
			}}})},
			Row{13, half(
				Cell{Visual: throughput("throughput-by-source-as", "Throughput by AS of the source", "source.as.organization.name")},
				Cell{Visual: throughput("throughput-by-destination-as", "Throughput by AS of the destination", "destination.as.organization.name")},
			)},
			Row{16, whole(Cell{Visual: pairs, Drill: "flows"})},
			Row{15, half(
				Cell{Visual: peering("peering-from", "Peering candidates: traffic from", "source"), Drill: "flows"},
				Cell{Visual: peering("peering-to", "Peering candidates: traffic to", "destination"), Drill: "flows"},
			)},
			Row{13, half(
				Cell{Visual: top("previous-as", "From neighbouring AS", "AS", "flow.previous_as"), Drill: "flows"},
				Cell{Visual: top("next-as", "To neighbouring AS", "AS", "flow.next_as"), Drill: "flows"},
			)},
			note("as", empty, "**Flows, but no AS?** Autonomous systems come from a GeoIP ASN database, the networks file, or exporters that know BGP; neighbouring ones from exporters alone. "+
				"A system is a candidate for peering when much traffic goes to or comes from it that passes others today."),
		),
	}
}
