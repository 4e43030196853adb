package flowsummary

import (
	"strings"
	"time"

	flows "github.com/flowstack/terraform-provider-flowstack/collector/schema"
	"github.com/flowstack/terraform-provider-flowstack/provider/elasticresource"
)

const (
	timestamp = "@timestamp"
	// countField is how many flows were summed up.
	countField = "flow.count"
	// mark ends the description of a transform that flowstack made: 7.17 keeps nothing else with it.
	mark = "(" + flows.ManagedByTerraform + ")"
	// mostFrequent is how often a transform looks for new flows at most; Elasticsearch allows up to an hour.
	mostFrequent = 10 * time.Minute
)

// sums are the fields that are added up.
var sums = []string{"network.bytes", "network.packets"}

// wanted is the summary for a spec.
func (s spec) wanted() summary {
	return summary{name: s.name, transform: s.transform(), template: s.template(), state: running, shape: s.shape()}
}

// shape tells summaries apart that must not be in one index: they would add up to several times the traffic.
func (s spec) shape() string {
	return s.interval + ", " + s.source + ": " + strings.Join(s.dimensions, ", ")
}

// transform is the body, as Elasticsearch returns it. "Create transform API". A flow that lacks a dimension is summed up all the same, with those that lack it.
func (s spec) transform() map[string]any {
	groups := map[string]any{timestamp: map[string]any{"date_histogram": map[string]any{"field": timestamp, "fixed_interval": s.interval}}}
	for _, name := range s.dimensions {
		groups[name] = map[string]any{"terms": map[string]any{"field": name, "missing_bucket": true}}
	}
	totals := map[string]any{countField: map[string]any{"value_count": map[string]any{"field": timestamp}}}
	for _, name := range sums {
		totals[name] = map[string]any{"sum": map[string]any{"field": name}}
	}
	body := map[string]any{
		"source":      map[string]any{"index": []any{s.source}},
		"dest":        map[string]any{"index": s.name},
		"description": "Sums of " + s.source + " by " + s.interval + " " + mark,
		"frequency":   s.frequency(),
		"sync":        map[string]any{"time": map[string]any{"field": timestamp, "delay": s.delay}},
		"pivot":       map[string]any{"group_by": groups, "aggregations": totals},
	}
	if s.retention != "" {
		body["retention_policy"] = map[string]any{"time": map[string]any{"field": timestamp, "max_age": s.retention}}
	}
	return body
}

func (s spec) frequency() string {
	interval, err := elasticresource.ParseTime(s.interval)
	if err != nil {
		interval = time.Hour // refused elsewhere
	}
	return elasticresource.ShowTime(max(time.Minute, min(interval/2, mostFrequent).Truncate(time.Second)))
}

// template is the index template for the summaries. Its priority is that of package schema for the name.
func (s spec) template() map[string]any {
	types := map[string]string{}
	for i := range flows.Fields {
		types[flows.Fields[i].Name] = flows.Fields[i].Type
	}
	properties := map[string]any{}
	put := func(name string, mapping map[string]any) {
		at := properties
		parts := strings.Split(name, ".")
		for _, part := range parts[:len(parts)-1] {
			if at[part] == nil {
				at[part] = map[string]any{"properties": map[string]any{}}
			}
			at = elasticresource.Object(elasticresource.Object(at[part])["properties"])
		}
		at[parts[len(parts)-1]] = mapping
	}
	put(timestamp, map[string]any{"type": "date"})
	for _, name := range s.dimensions {
		put(name, map[string]any{"type": types[name]})
	}
	for _, name := range append([]string{countField}, sums...) {
		put(name, map[string]any{"type": "long", "index": false})
	}
	return map[string]any{
		"index_patterns": []any{s.name},
		"priority":       float64(flows.TemplatePriority + len(s.name)),
		"_meta":          map[string]any{"managed_by": flows.ManagedByTerraform},
		"template": map[string]any{
			"settings": map[string]any{"index": map[string]any{
				"number_of_shards": "1", "auto_expand_replicas": "0-1", "codec": "best_compression", "sort": map[string]any{"field": timestamp, "order": "asc"},
			}},
			"mappings": map[string]any{"dynamic": "false", "_meta": map[string]any{"shape": s.shape()}, "properties": properties},
		},
	}
}
