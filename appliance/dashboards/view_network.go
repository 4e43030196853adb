package dashboards

import "github.com/flowstack/terraform-provider-flowstack/appliance/dashboards/vega"

func interfaces() View {
	perInterface := func(name, title, side string) Table {
		return Table{Info{Name: name, Title: title}, Query{
			Buckets: []Terms{{"observer.ip", 10, "Exporter"}, {"observer." + side + ".interface.id", 10, "Interface"}}, Metrics: []Metric{sumBytes, sumPackets, flowCount},
		}}
	}
	return View{
		Name: "interfaces", Title: "Exporters and interfaces", Description: "What passes each exporter and each of its interfaces.",
		Rows: head(
			Row{13, whole(Cell{Visual: throughput("throughput-by-exporter", "Throughput by exporter", "observer.ip")})},
			Row{24, whole(Cell{Visual: Vega{Info{Name: "utilisation", Title: "The busiest interfaces: in above, out below"}, func(o Options) vega.Spec {
				return vega.InterfaceUtilisation(o.Index, vega.InterfaceOptions{Speeds: o.Speeds})
			}}})},
			Row{13, half(
				Cell{Visual: throughput("throughput-in", "Throughput in, by interface", "observer.ingress.interface.id")},
				Cell{Visual: throughput("throughput-out", "Throughput out, by interface", "observer.egress.interface.id")},
			)},
			Row{16, half(
				Cell{Visual: perInterface("exporter-interfaces-in", "In, by exporter and interface", "ingress"), Drill: "top"},
				Cell{Visual: perInterface("exporter-interfaces-out", "Out, by exporter and interface", "egress"), Drill: "top"},
			)},
			note("interfaces", empty, "Interfaces are those that flow records name by their ifIndex. Choose one exporter above before comparing them: two exporters may give the same number to different "+
				"interfaces. How fast an interface is no flow record says: give it as `interface_speeds` of `flowstack_dashboards`. The collector's own page has it where exporters send counters."),
		),
	}
}

// Flags of flows. An exporter that counts one direction sees SYN and ACK of a client whose connection was answered.
var (
	overTCP    = Is("network.transport", "tcp")
	unanswered = Both(overTCP, Is("flow.tcp_flags", "SYN"), Not(Is("flow.tcp_flags", "ACK")))
	reset      = Both(overTCP, Is("flow.tcp_flags", "RST"))
	finished   = Both(overTCP, Is("flow.tcp_flags", "FIN"))
	congested  = Both(overTCP, Is("flow.tcp_flags", "ECE", "CWR"))
)

func tcp() View {
	by := func(name, title, description, label, field string, filter Filter) Table {
		return Table{Info{Name: name, Title: title, Description: description}, Query{
			Filter: filter, Buckets: []Terms{{field, 20, label}}, Metrics: []Metric{flowCount, sumPackets, {Cardinality, "source.ip", "Sources, about"}},
		}}
	}
	return View{
		Name: "tcp", Title: "TCP health", Description: "Connections that were refused, reset or not answered.",
		Rows: head(
			Row{13, whole(Cell{Visual: TimeSeries{
				Info: Info{Name: "tcp-flags", Title: "TCP flows per second, by what their flags say"}, Metric: flowCount, Unit: PerSecond,
				Lines: []Line{{"All", overTCP, Sky}, {"Finished", finished, Green}, {"Reset", reset, Red}, {"SYN without an answer", unanswered, Orange}, {"Congestion (ECE, CWR)", congested, Purple}},
			}})},
			Row{15, half(
				Cell{Visual: by("tcp-reset-to", "Resets, by destination", "", "Destination", "destination.ip", reset), Drill: "details"},
				Cell{Visual: by("tcp-reset-port", "Resets, by port of the destination", "", "Port", "destination.port", reset), Drill: "details"},
			)},
			Row{15, half(
				Cell{Visual: by("tcp-unanswered-to", "Not answered, by destination", "Each packet above one for each flow is a SYN that was sent again.", "Destination", "destination.ip", unanswered), Drill: "details"},
				Cell{Visual: by("tcp-unanswered-from", "Not answered, by source", "Each packet above one for each flow is a SYN that was sent again.", "Source", "source.ip", unanswered), Drill: "details"},
			)},
			Row{12, half(
				Cell{Visual: by("tcp-congested", "Congestion, by destination", "ECN marks.", "Destination", "destination.ip", congested), Drill: "details"},
				Cell{Visual: top("tcp-end", "Why exporters ended flows", "Reason", "flow.end_reason"), Drill: "details"},
			)},
			note("tcp", empty, "**Flows, but no flags?** Many exporters leave flags out, and the profile `lean` of documents has none. Flow records do not count retransmissions: the hint is a SYN without an "+
				"answer that has more packets than flows. Exporters that sample see some packets of a connection alone, so that answered ones may look as if they were not."),
		),
	}
}
