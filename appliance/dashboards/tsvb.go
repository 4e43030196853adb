package dashboards

import "strconv"

// What Kibana calls TSVB draws values over time. It asks Elasticsearch for sums and turns them into rates by itself, so no script runs in Elasticsearch; the width of
// a bar is a variable of that formula, so a rate is right however wide the bars are (Kibana 7.17 guide, "TSVB", math).

// Names of the metrics of a line: what is summed up, and the rate.
const (
	summed = "summed"
	rate   = "rate"
)

// factor is how much of the unit one of the metric is.
func (u Unit) factor() string {
	if u == BitsPerSecond {
		return " * 8"
	}
	return ""
}

func (u Unit) formatter() string {
	switch u {
	case BitsPerSecond:
		return "0.[0]bitd"
	case Octets:
		return octets
	case Seconds:
		return "0,0.[0]"
	case PerSecond:
	}
	return "0,0.[00]a"
}

// shown is how a formatted value is shown.
func (u Unit) shown() string {
	switch u {
	case Octets:
		return "{{value}}"
	case Seconds:
		return "{{value}} s"
	case BitsPerSecond, PerSecond:
	}
	return "{{value}}/s"
}

const perSecond = " / (params._interval / 1000)"

// tsvbLine is a line of TSVB; value is what becomes of the sums, a formula of Kibana's tinymath, where the unit is a rate.
func tsvbLine(id, label, color string, m Metric, unit Unit, value string) map[string]any {
	metric := map[string]any{"id": summed, "type": string(m.Function)}
	if m.Function != Count {
		metric["field"] = m.Field
	}
	metrics := []any{metric}
	if unit.IsRate() {
		metrics = append(metrics, map[string]any{
			"id": rate, "type": "math", "script": value + unit.factor() + perSecond, "variables": []any{map[string]any{"id": "variable", "name": summed, "field": summed}},
		})
	}
	return map[string]any{
		"id": id, "label": label, "color": color, "split_mode": "everything", "separate_axis": 0, "axis_position": "right", "metrics": metrics,
		"formatter": unit.formatter(), "value_template": unit.shown(), "chart_type": "line", "line_width": 1, "point_size": 0, "fill": 0.5, "stacked": "none",
		"palette": palette(), "split_color_mode": "kibana", "override_index_pattern": 0,
	}
}

func (c *context) tsvb(info Info, kind string, filter Filter, lines []any) saved {
	params := map[string]any{
		"id": info.Name, "type": kind, "series": lines, "time_field": TimeField, "index_pattern": c.index(info.Documents()), "use_kibana_indexes": false,
		"interval": info.interval(), "time_range_mode": "last_value", "hide_last_value_indicator": true, "drop_last_bucket": 1,
		"axis_position": "left", "axis_formatter": "number", "axis_scale": "normal", "axis_min": 0, "show_legend": 1, "legend_position": "right", "truncate_legend": 1,
		"max_lines_legend": 1, "show_grid": 1, "tooltip_mode": "show_all", "filter": query(filter), "isModelInvalid": false,
		"background_color_rules": []any{object("id", "background")}, "default_index_pattern": "", "default_timefield": "",
	}
	return c.visualization(info, "metrics", params, []any{}, nil)
}

// Colours that people who do not tell all colours apart can use: Okabe and Ito, "Color universal design" (2008).
const (
	Blue   = "#0072b2"
	Orange = "#e69f00"
	Green  = "#009e73"
	Red    = "#d55e00"
	Purple = "#cc79a7"
	Sky    = "#56b4e9"
)

func (t TimeSeries) saved(c *context) saved {
	line := tsvbLine("line", t.Metric.Label, Blue, t.Metric, t.Unit, "params."+summed)
	switch {
	case t.By != nil:
		line["split_mode"], line["terms_field"], line["terms_size"], line["terms_direction"] = "terms", t.By.Field, strconv.Itoa(t.By.Size), "desc"
		line["terms_order_by"] = summed
		if t.Metric.Function == Count {
			line["terms_order_by"] = "_count"
		}
	case len(t.Lines) > 0:
		filters := make([]any, 0, len(t.Lines))
		for i, l := range t.Lines {
			filters = append(filters, map[string]any{"id": "filter" + strconv.Itoa(i), "label": l.Label, "color": l.Color, "filter": query(l.Filter)})
		}
		line["split_mode"], line["split_filters"] = "filters", filters
	}
	if t.Stacked {
		line["stacked"], line["line_width"] = "stacked", 0
		line["fill"] = 0.8
	} else {
		line["fill"] = 0.1
	}
	return c.tsvb(t.Info, "timeseries", t.Filter, []any{line})
}

// saved: the mean is of all bars of the time range, those without flows too.
func (r Rate) saved(c *context) saved {
	all := "params._all." + summed + ".values"
	return c.tsvb(r.Info, "metric", r.Filter, []any{
		tsvbLine("mean", "Mean", Blue, r.Metric, r.Unit, "mean("+all+")"),
		tsvbLine("peak", "Peak", Orange, r.Metric, r.Unit, "max("+all+")"),
	})
}
