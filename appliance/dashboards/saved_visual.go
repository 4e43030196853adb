package dashboards

import (
	"fmt"

	"github.com/flowstack/terraform-provider-flowstack/appliance/dashboards/field"
	"github.com/flowstack/terraform-provider-flowstack/appliance/kibana"
)

// visualization is a saved visualization; filter is nil for one that asks for nothing by itself.
func (c *context) visualization(info Info, kind string, params map[string]any, aggregations []any, filter *Filter) saved {
	source := object("searchSourceJSON", text(map[string]any{"query": query(Filter{}), "filter": []any{}}))
	var references []kibana.Reference
	if filter != nil {
		var reference kibana.Reference
		source, reference = c.source(info, *filter)
		references = append(references, reference)
	}
	return saved{typeVisualization, map[string]any{
		"title": info.Title, "description": info.Description, "version": 1, "uiStateJSON": "{}",
		"visState":              text(map[string]any{"title": info.Title, "type": kind, "params": params, "aggs": aggregations}),
		"kibanaSavedObjectMeta": source,
	}, references}
}

// aggregations are those of an aggregation-based visualization, with the names that Request gives them.
func (q Query) aggregations(schema string, other bool) []any {
	all := make([]any, 0, len(q.Metrics)+len(q.Buckets))
	for i, m := range q.Metrics {
		params := map[string]any{}
		if m.Label != "" {
			params["customLabel"] = m.Label
		}
		if m.Function != Count {
			params["field"] = m.Field
		}
		if m.Function == Cardinality {
			params["json"] = fmt.Sprintf(`{"precision_threshold":%d}`, q.precision())
		}
		all = append(all, map[string]any{"id": q.MetricID(i), "enabled": true, "type": string(m.Function), "schema": "metric", "params": params})
	}
	for i, b := range q.Buckets {
		params := map[string]any{
			"field": b.Field, "orderBy": q.MetricID(0), "order": q.direction(), "size": b.Size,
			"otherBucket": other, "otherBucketLabel": "Other", "missingBucket": false, "missingBucketLabel": "Missing",
		}
		if b.Label != "" {
			params["customLabel"] = b.Label
		}
		if q.ShardSize > 0 {
			params["json"] = fmt.Sprintf(`{"shard_size":%d}`, q.ShardSize)
		}
		all = append(all, map[string]any{"id": q.BucketID(i), "enabled": true, "type": "terms", "schema": schema, "params": params})
	}
	return all
}

// rowsShown are the rows of a page of a table.
const rowsShown = 10

func (t Table) saved(c *context) saved {
	params := map[string]any{
		"perPage": rowsShown, "showPartialRows": false, "showMetricsAtAllLevels": false, "showTotal": false, "totalFunc": "sum", "percentageCol": "", "showToolbar": true,
	}
	return c.visualization(t.Info, "table", params, t.aggregations("bucket", false), &t.Filter)
}

// saved: what is not among the buckets is there as another one, so that shares are of all.
func (d Donut) saved(c *context) saved {
	params := map[string]any{
		"type": "pie", "addTooltip": true, "addLegend": true, "legendPosition": "right", "isDonut": true, "nestedLegend": false,
		"labels":  map[string]any{"show": true, "values": true, "valuesFormat": "percent", "percentDecimals": 1, "last_level": true, "truncate": 40, "position": "default"},
		"palette": palette(),
	}
	return c.visualization(d.Info, "pie", params, d.aggregations("segment", true), &d.Filter)
}

// palette is Kibana's own one, which people who do not tell all colours apart can use.
func palette() map[string]any { return map[string]any{"type": "palette", "name": "default"} }

func (f Figures) saved(c *context) saved {
	params := map[string]any{"addTooltip": true, "addLegend": false, "type": "metric", "metric": map[string]any{
		"percentageMode": false, "useRanges": false, "colorSchema": "Green to Red", "metricColorMode": "None", "colorsRange": []any{map[string]any{"from": 0, "to": 10000}},
		"labels": object("show", true), "invertColors": false,
		"style": map[string]any{"bgFill": "#000", "bgColor": false, "labelColor": false, "subText": "", "fontSize": 26},
	}}
	return c.visualization(f.Info, "metric", params, f.aggregations("", false), &f.Filter)
}

func (t Text) saved(c *context) saved {
	params := map[string]any{"fontSize": 12, "openLinksInNewTab": false, "markdown": t.Markdown(c.link)}
	return c.visualization(t.Info, "markdown", params, []any{}, nil)
}

func (o Controls) saved(c *context) saved {
	controls := make([]any, 0, len(o.Controls))
	references := make([]kibana.Reference, 0, len(o.Controls))
	for i, control := range o.Controls {
		name := fmt.Sprintf("control_%d_index_pattern", i)
		controls = append(controls, map[string]any{
			"id": fmt.Sprintf("control-%d", i), "fieldName": control.Field, "parent": "", "label": control.Label, "type": "list", "indexPatternRefName": name,
			"options": map[string]any{"type": "terms", "multiselect": true, "dynamicOptions": field.IsText(o.Documents(), control.Field), "size": controlSize, "order": "desc"},
		})
		references = append(references, c.reference(name, o.Documents()))
	}
	params := map[string]any{"controls": controls, "updateFiltersOnChange": true, "useTimeFilter": true, "pinFilters": true}
	s := c.visualization(o.Info, "input_control_vis", params, []any{}, nil)
	s.references = references
	return s
}

func (d Documents) saved(c *context) saved {
	source, reference := c.source(d.Info, d.Filter)
	return saved{typeSearch, map[string]any{
		"title": d.Title, "description": d.Description, "hits": 0, "version": 1, "columns": d.Columns, "sort": []any{[]string{TimeField, "desc"}},
		"kibanaSavedObjectMeta": source,
	}, []kibana.Reference{reference}}
}

func (v Vega) saved(c *context) saved {
	return c.visualization(v.Info, "vega", object("spec", string(v.Spec(c.options).JSON())), []any{}, nil)
}
