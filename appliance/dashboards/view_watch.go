package dashboards

func security() View {
	denied := Either(Is("event.action", "flow-denied"), Is("flow.forwarding_status", "dropped"))
	scan := func(name, title, many, label string) Table {
		return Table{Info{Name: name, Title: title}, Query{
			Filter: unanswered, Buckets: []Terms{{"source.ip", 20, "Source"}}, Metrics: []Metric{{Cardinality, many, label}, flowCount, sumPackets},
		}}
	}
	first := func(name, title, label, field string) Table {
		return Table{Info{Name: name, Title: title, Description: "What appeared last in the time range is first."}, Query{
			Buckets: []Terms{{field, 20, label}}, Metrics: []Metric{{Min, TimeField, "First seen"}, sumBytes, flowCount}, ShardSize: MaxShardSize,
		}}
	}
	return View{
		Name: "security", Title: "Security", Description: "Scans, denied flows, ports and countries that are new.", From: "now-24h",
		Rows: head(
			Row{11, half(
				Cell{Visual: TimeSeries{Info: Info{Name: "unanswered-rate", Title: "Attempts without an answer, per second"}, Filter: unanswered, Metric: flowCount, Unit: PerSecond}},
				Cell{Visual: TimeSeries{Info: Info{Name: "denied-rate", Title: "Denied flows per second"}, Filter: denied, Metric: flowCount, Unit: PerSecond}},
			)},
			Row{15, half(
				Cell{Visual: scan("scans-hosts", "One source, many destinations", "destination.ip", "Destinations, about"), Drill: "details"},
				Cell{Visual: scan("scans-ports", "One source, many ports", "destination.port", "Ports, about"), Drill: "details"},
			)},
			Row{15, third(
				Cell{Visual: deniedBy("denied-sources", "Denied, by source", "Source", "source.ip", denied), Drill: "details"},
				Cell{Visual: deniedBy("denied-destinations", "Denied, by destination", "Destination", "destination.ip", denied), Drill: "details"},
				Cell{Visual: deniedBy("denied-ports", "Denied, by port", "Port", "destination.port", denied), Drill: "details"},
			)},
			Row{15, third(
				Cell{Visual: first("new-ports", "Ports of servers, the newest first", "Port", "server.port"), Drill: "details"},
				Cell{Visual: first("new-source-countries", "Countries of sources, the newest first", "Country", "source.geo.country_iso_code"), Drill: "geo"},
				Cell{Visual: first("new-destination-countries", "Countries of destinations, the newest first", "Country", "destination.geo.country_iso_code"), Drill: "geo"},
			)},
			note("security", empty, "**Nothing denied?** Only firewalls that say so have such flows: Cisco NSEL (firewallEvent), or exporters with forwardingStatus. New is what has not been before in the "+
				"time range: choose a long one. A source with many destinations or ports that do not answer is no proof of a scan; a router that sees one direction alone makes any source look like that."),
		),
	}
}

func deniedBy(name, title, label, field string, denied Filter) Table {
	return Table{Info{Name: name, Title: title}, Query{Filter: denied, Buckets: []Terms{{field, 20, label}}, Metrics: []Metric{flowCount, sumPackets}}}
}
