package dashboards

import "github.com/flowstack/terraform-provider-flowstack/collector/schema"

// own names a visual of what collectors say about themselves.
func own(name, title, description string) Info { return Info{name, title, description, schema.Health} }

// dataset chooses documents of health by what they are about.
func dataset(name string) Filter { return Is("event.dataset", name) }

// lost is what collectors, or the way to them, lost.
func lost() Row {
	loss := dataset(schema.DatasetLoss)
	sum := Metric{Sum, "collector.lost", "Lost"}
	return Row{12, third(
		Cell{Visual: TimeSeries{Info: own("loss-rate", "Lost per second, by cause", ""), Filter: loss, Metric: sum, Unit: PerSecond, By: &Terms{"collector.cause", 10, ""}}},
		Cell{Visual: Table{own("loss-causes", "Lost, by cause", ""), Query{
			Filter: loss, Buckets: []Terms{{"collector.cause", 20, "Cause"}, {"collector.unit", 4, "Of"}}, Metrics: []Metric{sum},
		}}},
		Cell{Visual: Table{own("loss-exporters", "Missing in the numbers of exporters", ""), Query{
			Filter: Both(loss, Is("collector.cause", "sequence_gap")), Buckets: []Terms{{"observer.ip", 20, "Exporter"}}, Metrics: []Metric{sum},
		}}, Drill: "interfaces"},
	)}
}

// behind is how far outputs are behind.
func behind() Row {
	output := dataset(schema.DatasetOutput)
	by := &Terms{"collector.output", 5, ""}
	return Row{13, half(
		Cell{Visual: TimeSeries{Info: own("lag", "Lag: age of the oldest flow that is not stored, by output", ""), Filter: output, Metric: Metric{Max, "collector.lag_seconds", "Lag"}, Unit: Seconds, By: by}},
		Cell{Visual: TimeSeries{Info: own("waiting-bytes", "Waiting in memory and in the spool, by output", ""), Filter: output, Metric: Metric{Max, "collector.buffer_bytes", "Waiting"}, Unit: Octets, By: by}},
	)}
}

// machines are the collectors, and what they write to.
func machines() Row {
	return Row{12, []Cell{
		{Width: 14, Visual: Table{own("collectors", "Collectors", ""), Query{
			Filter: dataset(schema.DatasetListener), Buckets: []Terms{{"collector.host", 20, "Host"}, {"collector.version", 3, "Version"}},
			Metrics: []Metric{{Sum, "collector.records", "Flows"}, {Sum, "collector.packets", "Packets"}, {Max, TimeField, "Last heard"}},
		}}},
		{Width: 21, Visual: Table{own("outputs", "Outputs", ""), Query{
			Filter: dataset(schema.DatasetOutput), Buckets: []Terms{{"collector.host", 20, "Host"}, {"collector.output", 5, "Output"}},
			Metrics: []Metric{
				{Max, "collector.lag_seconds", "Greatest lag, s"},
				{Min, "collector.up", "Always up: 1"},
				{Sum, "collector.stored", "Stored"},
				{Sum, "collector.retried", "Sent again"},
				{Max, "collector.spool_bytes", "Spool, at most"},
			},
		}}},
		{Width: 13, Visual: Table{own("waiting-templates", "Records that wait for a template", "The most in the time range: choose a short one for what waits now."), Query{
			Filter: dataset(schema.DatasetExporter), Buckets: []Terms{{"observer.ip", 20, "Exporter"}},
			Metrics: []Metric{{Max, "collector.waiting_sets", "Sets that wait"}, {Max, "collector.templates", "Templates"}, {Sum, "collector.records", "Flows"}},
		}}, Drill: "interfaces"},
	}}
}

func health() View {
	sampling := Table{Info{Name: "sampling", Title: "Sampling"}, Query{
		Filter:  Exists("flow.sampling.source"),
		Buckets: []Terms{{"observer.ip", 20, "Exporter"}, {"flow.sampling.source", 5, "Interval is from"}},
		Metrics: []Metric{flowCount, {Min, "flow.sampling.interval", "Least interval"}, {Max, "flow.sampling.interval", "Greatest interval"}},
	}}
	exporters := Table{Info{Name: "last-seen", Title: "Exporters, the longest silent first"}, Query{
		Buckets: []Terms{{"observer.ip", 50, "Exporter"}}, Metrics: []Metric{{Max, TimeField, "Latest flow"}, {Min, TimeField, "First flow"}, flowCount},
		Ascending: true, ShardSize: MaxShardSize,
	}}
	missing := Is("flow.sampling.source", "missing")
	return View{
		Name: "health", Title: "Collector health", Description: "What was lost and why, how far outputs are behind, whether flows arrive from all exporters, and what they lack.", From: "now-24h",
		Rows: head(
			lost(),
			behind(),
			machines(),
			Row{13, whole(Cell{Visual: TimeSeries{Info: Info{Name: "flows-by-exporter", Title: "Flows per second, by exporter"}, Metric: flowCount, Unit: PerSecond, By: &Terms{"observer.ip", 20, ""}}})},
			Row{15, half(
				Cell{Visual: exporters, Drill: "interfaces"},
				Cell{Visual: top("formats", "Wire formats", "Format", "flow.format"), Drill: "details"},
			)},
			Row{15, half(
				Cell{Visual: sampling, Drill: "details"},
				Cell{Visual: Table{Info{Name: "sampler-missing", Title: "Bytes too low: a sampler that nobody described"}, Query{
					Filter: missing, Buckets: []Terms{{"observer.ip", 20, "Exporter"}}, Metrics: []Metric{flowCount, sumBytes},
				}}, Drill: "details"},
			)},
			note("health", empty, "**Loss, lag, collectors and templates are empty, or an error?** Collectors say these where `output.elasticsearch.health.index` is set, in an index of its own. They have no interfaces, sites, clients, servers and applications: such a choice above empties them, and that of an exporter leaves what is said by exporter. "+
				"What the kernel dropped (socket_buffer) is missing in the numbers of exporters too. Numbers are packets, flows or records, as the exporter counts. "+
				"An exporter whose latest flow is old has stopped, or waits for a template; one that has been silent for all of the time range is not here: choose a longer one. "+
				"A latest flow in the future, or a first flow long before the time range, is a clock that is wrong."),
		),
	}
}
