package picture

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/acctest/render"
	"github.com/flowstack/terraform-provider-flowstack/appliance/dashboards"
)

type object = map[string]any

type list = []any

var palette = list{"#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#7a5195", "#8c8c00", "#a6761d", "#3b8686", "#8a93a3"}

// point is one of a line: milliseconds and a value.
type point struct {
	Series string  `json:"series"`
	Time   int64   `json:"time"`
	Value  float64 `json:"value"`
}

// points are those of a date histogram. The bars at the ends are left out: the time range cuts them, as Kibana's option to drop the last one knows.
func points(series string, bars []bucket, m dashboards.Metric, unit dashboards.Unit, bar time.Duration) []point {
	var all []point
	for i, b := range bars {
		if i == 0 || i == len(bars)-1 {
			continue
		}
		var at float64
		if json.Unmarshal(b["key"], &at) != nil {
			continue
		}
		value := b.value(dashboards.MetricID, m)
		if unit.IsRate() {
			value /= bar.Seconds()
		}
		if unit == dashboards.BitsPerSecond {
			value *= 8
		}
		all = append(all, point{series, int64(at), value})
	}
	return all
}

func unitOf(unit dashboards.Unit) string {
	switch unit {
	case dashboards.BitsPerSecond:
		return "bit/s"
	case dashboards.Seconds:
		return "s"
	case dashboards.Octets:
		return "B"
	case dashboards.PerSecond:
	}
	return "/s"
}

// timeSeries is a chart of lines, or of areas on top of each other.
func (p panel) timeSeries(v dashboards.TimeSeries, window dashboards.Window, response json.RawMessage) (string, *render.Job, error) {
	all, err := whole(response)
	if err != nil {
		return "", nil, err
	}
	var values []point
	var names, colors list
	add := func(name string, color any, bars []bucket) {
		more := points(name, bars, v.Metric, v.Unit, v.Bar(window))
		if len(more) > 0 {
			names, colors, values = append(names, name), append(colors, color), append(values, more...)
		}
	}
	switch {
	case v.By != nil:
		for i, b := range all.within(dashboards.SplitID) {
			add(b.key(), palette[i%len(palette)], b.within(dashboards.TimeID))
		}
	case len(v.Lines) > 0:
		var split struct{ Buckets map[string]bucket }
		if err := json.Unmarshal(all[dashboards.SplitID], &split); err != nil {
			return "", nil, err
		}
		for _, l := range v.Lines {
			add(l.Label, l.Color, split.Buckets[l.Label].within(dashboards.TimeID))
		}
	default:
		add(v.Metric.Label, palette[0], all.within(dashboards.TimeID))
	}
	if len(values) == 0 {
		return p.nothing(), nil, nil
	}
	transform := list{}
	top := "value"
	mark := object{"type": "line", "encode": object{"enter": object{
		"x": object{"scale": "x", "field": "time"}, "y": object{"scale": "y", "field": "value"}, "stroke": object{"scale": "color", "field": "series"}, "strokeWidth": object{"value": 1.6},
	}}}
	if v.Stacked {
		transform = list{object{"type": "stack", "groupby": list{"time"}, "field": "value", "sort": object{"field": "order"}}}
		top = "y1"
		mark = object{"type": "area", "encode": object{"enter": object{
			"x": object{"scale": "x", "field": "time"}, "y": object{"scale": "y", "field": "y1"}, "y2": object{"scale": "y", "field": "y0"}, "fill": object{"scale": "color", "field": "series"}, "fillOpacity": object{"value": 0.8},
		}}}
	}
	order := object{"type": "formula", "as": "order", "expr": fmt.Sprintf("indexof(%s, datum.series)", mustJSON(names))}
	mark["from"] = object{"data": "one"}
	spec := object{
		"$schema": "https://vega.github.io/schema/vega/v5.json", "padding": 4,
		"data": list{object{"name": "points", "values": values, "transform": append(list{order}, transform...)}},
		"scales": list{
			object{"name": "x", "type": "time", "domain": object{"data": "points", "field": "time"}, "range": "width"},
			object{"name": "y", "type": "linear", "domain": object{"data": "points", "field": top}, "range": "height", "zero": true, "nice": true},
			object{"name": "color", "type": "ordinal", "domain": names, "range": colors},
		},
		"axes": list{
			object{"orient": "bottom", "scale": "x", "tickCount": 8, "labelOverlap": true, "format": "%H:%M"},
			object{"orient": "left", "scale": "y", "grid": true, "tickCount": 5, "domain": false, "ticks": false, "encode": object{"labels": object{"update": object{
				"text": object{"signal": axisText(v.Unit)},
			}}}},
		},
		"marks": list{object{"type": "group", "from": object{"facet": object{"name": "one", "data": "points", "groupby": "series"}}, "marks": list{mark}}},
	}
	if len(names) > 1 {
		spec["legends"] = list{object{"fill": "color", "orient": "right", "labelLimit": 150, "symbolType": "circle", "symbolStrokeWidth": 0, "rowPadding": 3}}
	}
	return p.job(spec)
}

// axisText is the expression of a label of the axis.
func axisText(unit dashboards.Unit) string {
	if unit == dashboards.Seconds {
		return "format(datum.value, ',~r') + ' s'"
	}
	if unit != dashboards.PerSecond {
		return "replace(format(datum.value, '.3~s'), regexp('([a-zA-Z]*)$'), ' $1') + '" + unitOf(unit) + "'"
	}
	return "format(datum.value, datum.value > 0 && datum.value < 1 ? '.2~g' : '.3~s') + '/s'"
}

// donut is a ring of the shares of the innermost buckets in all.
func (p panel) donut(v dashboards.Donut, response json.RawMessage) (string, *render.Job, error) {
	all, err := whole(response)
	if err != nil {
		return "", nil, err
	}
	var values list
	for _, b := range all.within(v.BucketID(0)) {
		values = append(values, object{"label": b.key(), "value": b.value(v.MetricID(0), v.Metrics[0])})
	}
	if len(values) == 0 {
		return p.nothing(), nil, nil
	}
	return p.job(object{
		"$schema": "https://vega.github.io/schema/vega/v5.json", "padding": 4,
		"signals": list{object{"name": "radius", "update": "min(width / 2, height / 2.3)"}},
		"data": list{object{"name": "parts", "values": values, "transform": list{object{"type": "pie", "field": "value"}}}, object{
			// An arc of next to no angle would be drawn as a whole circle, since it ends where it begins.
			"name": "arcs", "source": "parts", "transform": list{object{"type": "filter", "expr": "datum.endAngle - datum.startAngle > 0.002"}},
		}},
		"scales":  list{object{"name": "color", "type": "ordinal", "domain": object{"data": "parts", "field": "label"}, "range": palette}},
		"legends": list{object{"fill": "color", "orient": "right", "labelLimit": 140, "symbolType": "circle", "symbolStrokeWidth": 0, "rowPadding": 3}},
		"marks": list{object{"type": "arc", "from": object{"data": "arcs"}, "encode": object{"update": object{
			"x": object{"signal": "width / 2"}, "y": object{"signal": "height / 2"}, "startAngle": object{"field": "startAngle"}, "endAngle": object{"field": "endAngle"},
			"innerRadius": object{"signal": "radius * 0.58"}, "outerRadius": object{"signal": "radius"}, "fill": object{"scale": "color", "field": "label"}, "stroke": object{"value": "#fff"},
		}}}},
	})
}

func (p panel) job(spec object) (string, *render.Job, error) {
	text, err := json.Marshal(spec)
	return "", &render.Job{Spec: text, Width: p.width, Height: p.height}, err
}

// rate is the mean and the peak of a metric by the second.
func (p panel) rate(v dashboards.Rate, window dashboards.Window, response json.RawMessage) (string, error) {
	all, err := whole(response)
	if err != nil {
		return "", err
	}
	sum, peak := 0.0, 0.0
	bars := points("", all.within(dashboards.TimeID), v.Metric, v.Unit, v.Bar(window))
	for _, at := range bars {
		sum += at.Value
		peak = math.Max(peak, at.Value)
	}
	if len(bars) == 0 {
		return p.nothing(), nil
	}
	return p.numbers([]string{"mean", "peak"}, []string{quantity(sum/float64(len(bars)), unitOf(v.Unit)), quantity(peak, unitOf(v.Unit))}), nil
}

// mustJSON is a list of texts as Vega's expressions have it.
func mustJSON(value list) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // texts
	}
	return string(text)
}
