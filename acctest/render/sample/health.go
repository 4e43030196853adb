package sample

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// Health are documents of a collector about itself, as JSON, while the traffic passed: Elasticsearch was away for a while, a router sent faster than the socket was
// read, and another one was restarted and sent records before their template.
func Health(end time.Time) [][]byte {
	var all [][]byte
	add := func(at time.Time, dataset, exporter string, collector map[string]any) {
		collector["host"], collector["version"] = "collector-1", "1.2.3"
		document := map[string]any{
			"@timestamp": at.UTC().Format(time.RFC3339), "ecs": map[string]any{"version": schema.ECSVersion},
			"event": map[string]any{"kind": "metric", "dataset": dataset}, "collector": collector,
		}
		if exporter != "" {
			document["observer"] = map[string]any{"ip": exporter}
		}
		text, err := json.Marshal(document)
		if err != nil {
			panic(fmt.Sprintf("unable to write a document: %v", err)) // texts and numbers
		}
		all = append(all, text)
	}
	const listen, output = "[::]:2055", "elasticsearch"
	exporters := []string{"192.0.2.1", "192.0.2.2"}
	steps := int(Span / Step)
	away := 0 // steps since Elasticsearch left
	for step := range steps {
		at := end.Add(-Span + time.Duration(step+1)*Step)
		busy := 0.55 + 0.45*math.Sin(math.Pi*float64(step)/float64(steps))
		records := 0
		for i, exporter := range exporters {
			sent := int(busy * float64(90_000-60_000*i))
			records += sent
			figures := map[string]any{"listen": listen, "packets": sent / 24, "records": sent, "templates": 4 - i, "waiting_sets": 0}
			if i == 1 && step == steps/2 {
				figures["waiting_sets"] = 37
			}
			add(at, schema.DatasetExporter, exporter, figures)
		}
		add(at, schema.DatasetListener, "", map[string]any{"listen": listen, "packets": records / 24, "records": records})
		if step%9 == 4 {
			lost := int(40 * busy * float64(1+step%3))
			add(at, schema.DatasetLoss, "", map[string]any{"listen": listen, "cause": "socket_buffer", "unit": "packets", "lost": lost})
			add(at, schema.DatasetLoss, exporters[0], map[string]any{"listen": listen, "cause": "sequence_gap", "unit": "numbers", "lost": lost + 3})
		}
		if step == steps/2+1 {
			add(at, schema.DatasetLoss, "", map[string]any{"listen": listen, "cause": "no_template", "unit": "sets", "lost": 5})
			add(at, schema.DatasetLoss, exporters[1], map[string]any{"listen": listen, "cause": "sequence_gap", "unit": "numbers", "lost": 12})
		}
		figures := map[string]any{"output": output, "stored": records, "retried": 0, "lag_seconds": 0.4, "buffer_bytes": 200_000, "buffer_limit_bytes": 4 << 30, "spool_bytes": 4 << 20, "up": 1}
		if away < 5 && step >= 2*steps/3 {
			away++
			figures["up"], figures["stored"], figures["retried"] = 0, 0, 400
			figures["lag_seconds"] = float64(away) * Step.Seconds()
			figures["buffer_bytes"], figures["spool_bytes"] = away*24_000_000, away*25_000_000
		}
		add(at, schema.DatasetOutput, "", figures)
	}
	return slices.Clip(all)
}
