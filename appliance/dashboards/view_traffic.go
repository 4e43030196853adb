package dashboards

import "github.com/flowstack/terraform-provider-flowstack/appliance/dashboards/vega"

func overview() View {
	return View{
		Name: "overview", Title: "Overview", Description: "How much traffic there is, of what, from whom to whom.", From: "now-1h",
		Rows: head(
			Row{7, []Cell{
				{Width: 12, Visual: Rate{Info{Name: "throughput-figure", Title: "Throughput"}, Filter{}, sumBytes, BitsPerSecond}},
				{Width: 12, Visual: Rate{Info{Name: "flow-rate-figure", Title: "Flows per second"}, Filter{}, flowCount, PerSecond}},
				{Width: 24, Visual: Figures{Info{Name: "totals", Title: "In the time range"}, Query{Metrics: []Metric{
					sumBytes, sumPackets, flowCount, {Cardinality, "source.ip", "Sources, about"}, {Cardinality, "observer.ip", "Exporters"},
				}}}},
			}},
			Row{13, whole(Cell{Visual: throughput("throughput-by-application", "Throughput by application", "network.application")})},
			Row{13, half(
				Cell{Visual: throughput("throughput-by-direction", "Throughput by direction", "network.direction"), Drill: "details"},
				Cell{Visual: throughput("throughput-by-protocol", "Throughput by protocol", "network.transport"), Drill: "details"},
			)},
			Row{14, third(
				Cell{Visual: share("application-share", "Applications", "Application", "network.application"), Drill: "top"},
				Cell{Visual: share("protocol-share", "Protocols", "Protocol", "network.transport"), Drill: "details"},
				Cell{Visual: share("exporter-share", "Exporters", "Exporter", "observer.ip"), Drill: "interfaces"},
			)},
			Row{15, half(
				Cell{Visual: top("sources", "Sources", "Source", "source.ip"), Drill: "flows"},
				Cell{Visual: top("destinations", "Destinations", "Destination", "destination.ip"), Drill: "flows"},
			)},
			note("overview", empty,
				"Bytes and packets are estimated from the sample where an exporter samples. Where exporters report each packet when it comes in and again when it goes out, switch on "+
					"*Each packet once* beside the search bar."),
		),
	}
}

func throughput(name, title, field string) TimeSeries {
	return TimeSeries{Info: Info{Name: name, Title: title}, Metric: sumBytes, By: &Terms{field, 10, ""}, Stacked: true}
}

func share(name, title, label, field string) Donut {
	return Donut{Info{Name: name, Title: title}, Query{Buckets: []Terms{{field, 10, label}}, Metrics: []Metric{sumBytes}}}
}

func topN() View {
	conversations := Table{Info{Name: "conversations", Title: "Conversations"}, Query{
		Buckets: []Terms{{"source.ip", 10, "Source"}, {"destination.ip", 5, "Destination"}}, Metrics: []Metric{sumBytes, sumPackets, flowCount},
	}}
	return View{
		Name: "top", Title: "Top-N", Description: "Who and what has the most traffic.",
		Rows: head(
			Row{15, half(
				Cell{Visual: top("top-clients", "Clients", "Client", "client.ip"), Drill: "flows"},
				Cell{Visual: top("top-servers", "Servers", "Server", "server.ip"), Drill: "flows"},
			)},
			Row{15, half(
				Cell{Visual: top("sources", "Sources", "Source", "source.ip"), Drill: "flows"},
				Cell{Visual: top("destinations", "Destinations", "Destination", "destination.ip"), Drill: "flows"},
			)},
			Row{15, half(
				Cell{Visual: conversations, Drill: "flows"},
				Cell{Visual: top("top-services", "Services", "Port", "server.port"), Drill: "flows"},
			)},
			Row{15, half(
				Cell{Visual: top("top-applications", "Applications", "Application", "network.application"), Drill: "flows"},
				Cell{Visual: top("top-protocols", "Protocols", "Protocol", "network.transport"), Drill: "details"},
			)},
			Row{15, third(
				Cell{Visual: top("top-exporters", "Exporters", "Exporter", "observer.ip"), Drill: "interfaces"},
				Cell{Visual: top("top-interfaces-in", "Interfaces in", "Interface", "observer.ingress.interface.name"), Drill: "interfaces"},
				Cell{Visual: top("top-interfaces-out", "Interfaces out", "Interface", "observer.egress.interface.name"), Drill: "interfaces"},
			)},
			note("top", empty, "Client and server are known where flags, ports or times of a flow tell who began; the profile `lean` of documents does not have them. Interfaces have names "+
				"where the exporter, SNMP or the exporters file gives them."),
		),
	}
}

func flows() View {
	services := Table{Info{Name: "flows-services", Title: "The same as a table"}, Query{
		Buckets: []Terms{{"source.ip", 10, "Source"}, {"network.application", 5, "Service"}, {"destination.ip", 5, "Destination"}}, Metrics: []Metric{sumBytes, sumPackets, flowCount},
	}}
	return View{
		Name: "flows", Title: "Flows", Description: "From whom by which service to whom.",
		Rows: head(
			Row{24, whole(Cell{Visual: Vega{Info{Name: "flows-sankey", Title: "From source by service to destination"}, func(o Options) vega.Spec {
				return vega.Sankey(o.Index, []vega.Level{
					{Field: "source.ip", Title: "Source"}, {Field: "network.application", Title: "Service"}, {Field: "destination.ip", Title: "Destination"},
				}, vega.SankeyOptions{})
			}}})},
			Row{13, whole(Cell{Visual: throughput("throughput-by-application", "Throughput by application", "network.application")})},
			Row{16, whole(Cell{Visual: services, Drill: "details"})},
			note("flows", empty, "A service is the application that the exporter recognised, or else the one whose port it is."),
		),
	}
}

func details() View {
	columns := []string{
		"observer.ip", "source.ip", "source.port", "destination.ip", "destination.port", "network.transport", "network.application", "network.bytes", "network.packets",
		"observer.ingress.interface.id", "observer.egress.interface.id", "flow.tcp_flags", "event.action",
	}
	return View{
		Name: "details", Title: "Traffic details", Description: "The flows themselves.",
		Rows: head(
			Row{9, whole(Cell{Visual: TimeSeries{Info: Info{Name: "flow-rate", Title: "Flows per second"}, Metric: flowCount, Unit: PerSecond}})},
			Row{30, whole(Cell{Visual: Documents{Info{Name: "flow-records", Title: "Flow records"}, Filter{}, columns}})},
			note("details", empty, "One row is one flow record, as the exporter ended it. Fields that the exporter did not report are empty."),
		),
	}
}
