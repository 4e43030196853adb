package vega

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// Speed is how fast an interface is, which no flow record says.
type Speed struct {
	Exporter      string // its address, as in observer.ip
	Interface     string // ifIndex, as in observer.ingress.interface.id
	BitsPerSecond uint64
}

// InterfaceOptions say what the drawing is about. The zero value of each stands for its default.
type InterfaceOptions struct {
	Size   int     // how many interfaces, those with the most; default 6
	Speeds []Speed // of the interfaces whose speed is known; of the others, bits per second are all that is shown
	Empty  string  // what may be missing where there is nothing, beside flows
}

const (
	exporters     = 6  // with the most bytes
	perExporter   = 6  // interfaces with the most bytes, of each and either direction
	bars          = 50 // of a row, about
	mostInterface = 12
)

// InterfaceUtilisation draws what passes the busiest interfaces over time: in upwards, out downwards, each interface to its own scale. Where its speed is
// known, the peak is also a share of it, and the speed a line when it is near. A click on an interface makes it a filter.
//
// The bars at the ends of the time range are left out: it cuts them, so they would look like a drop.
func InterfaceUtilisation(index string, o InterfaceOptions) Spec {
	if o.Size == 0 {
		o.Size = 6
	}
	if o.Empty == "" {
		o.Empty = "Or the exporters do not say by which interfaces packets come and go."
	}
	spec := Spec{index: index, wrong: usable("observer.ip")}
	if o.Size < 0 || o.Size > mostInterface {
		spec.wrong = fmt.Errorf("up to %d interfaces can be told apart, not %d", mostInterface, o.Size)
		return spec
	}
	spec.requests = map[string]object{}
	for _, w := range ways { // each a search of its own, as in a Sankey
		id, name := "observer."+w.side+".interface.id", "observer."+w.side+".interface.name"
		spec.wrong = errors.Join(spec.wrong, usable(id), usable(name))
		busiest := greatest(id, perExporter, object{
			"name": object{"terms": object{"field": name, "size": 1}},
			"time": object{"aggs": object{"sum": object{"sum": object{"field": "network.bytes"}}}, "date_histogram": object{
				"field": timeField, "interval": object{autoInterval: bars}, "min_doc_count": 0,
				"extended_bounds": object{"min": object{timeFilter: "min"}, "max": object{timeFilter: "max"}},
			}},
		})
		spec.requests[w.answer()] = search(object{"exporters": greatest("observer.ip", exporters, object{"interfaces": busiest})})
	}
	spec.drawing = object{
		"padding": 8, "signals": interfaceSignals(index, o.Size), "data": interfaceData(o), "scales": interfaceScales(), "axes": list{object{
			"orient": "bottom", "scale": "time", "domain": false, "ticks": true, "labelOverlap": true, "format": object{"hours": "%H:%M", "minutes": "%H:%M"}, "tickCount": signal("ceil(width / 110)"), "offset": 2,
			"encode": object{"labels": object{"update": object{"opacity": signal("length(data('rows')) ? 1 : 0")}}, "ticks": object{"update": object{"opacity": signal("length(data('rows')) ? 1 : 0")}}},
		}}, "marks": interfaceMarks(o.Empty),
	}
	return spec
}

// ways are the directions, as seen from the exporter.
var ways = []way{{"in", "ingress", blue}, {"out", "egress", orange}}

type way struct{ name, side, color string }

// answer names what the search about a direction finds.
func (w way) answer() string { return w.name + "Answer" }

func interfaceSignals(index string, size int) list {
	return list{
		object{"name": "count", "update": fmt.Sprintf("max(1, min(%d, length(data('rows'))))", size)},
		object{"name": "head", "value": 20},
		object{"name": "margin", "value": 74},
		object{"name": "rowHeight", "update": "(height - head) / count"},
		object{"name": "drill", "on": list{object{"events": "@interface:click", "update": fmt.Sprintf(
			"kibanaAddFilter({bool: {filter: [{term: {'observer.ip': datum.exporter}}, {bool: {should: [{term: {'observer.ingress.interface.id': datum.interface}}, "+
				"{term: {'observer.egress.interface.id': datum.interface}}], minimum_should_match: 1}}]}}, %s, datum.label)", quote(index))}}},
	}
}

func interfaceData(o InterfaceOptions) list {
	speeds := slices.SortedFunc(slices.Values(o.Speeds), func(a, b Speed) int {
		return cmp.Or(cmp.Compare(a.Exporter, b.Exporter), cmp.Compare(a.Interface, b.Interface))
	})
	known := make(list, 0, len(speeds))
	for _, s := range speeds {
		known = append(known, object{"id": s.Exporter + "/" + s.Interface, "speed": s.BitsPerSecond})
	}
	all := list{object{"name": "speeds", "values": known}}
	both := make(list, 0, len(ways))
	for _, w := range ways {
		all = append(all, object{"name": w.name, "source": w.answer(), "transform": list{
			flatten("aggregations.exporters.buckets", "exporter"), flatten("exporter.interfaces.buckets", "interface"), flatten("interface.time.buckets", "bar"),
			// The width of a bar is how far two of them are apart.
			formula("bars", "datum.interface.time.buckets"),
			filter("length(datum.bars) > 1"),
			formula("width", "datum.bars[1].key - datum.bars[0].key"),
			filter("datum.bar.key > datum.bars[0].key"),
			formula("closing", "datum.bar.key == datum.bars[length(datum.bars) - 1].key"), // only says where the bar before it ends
			formula("name", "length(datum.interface.name.buckets) ? datum.interface.name.buckets[0].key : 'interface ' + datum.interface.key"),
			project("exporter.key", "exporter", "interface.key", "interface", "name", "name", "bar.key", "time", "width", "width", "bar.sum.value", "sum", "closing", "closing"),
			formula("way", quote(w.name)),
			formula("id", "datum.exporter + '/' + datum.interface"),
			formula("rate", "8000 * datum.sum / datum.width"), // bits per second; times are in milliseconds
		}})
		both = append(both, w.name)
	}
	return append(all,
		object{"name": "all", "source": both},
		object{"name": "peaks", "source": "all", "transform": list{
			filter("!datum.closing"),
			object{"type": "aggregate", "groupby": list{"id", "exporter", "interface", "way"}, "fields": list{"rate", "sum", "name"}, "ops": list{"max", "sum", "min"}, "as": list{"peak", "sum", "name"}},
			formula("in", "datum.way == 'in' ? datum.peak : 0"),
			formula("out", "datum.way == 'out' ? datum.peak : 0"),
		}},
		object{"name": "rows", "source": "peaks", "transform": list{
			object{
				"type": "aggregate", "groupby": list{"id", "exporter", "interface"}, "fields": list{"in", "out", "sum", "name"}, "ops": list{"max", "max", "sum", "min"},
				"as": list{"in", "out", "sum", "name"},
			},
			lookup("speeds", "id", "id", list{"speed"}, list{"speed"}, 0),
			object{"type": "window", "sort": object{"field": list{"sum", "id"}, "order": list{"descending", "ascending"}}, "ops": list{"row_number"}, "as": list{"rank"}},
			filter(fmt.Sprintf("datum.rank <= %d", o.Size)),
			formula("label", "datum.name + ' of ' + datum.exporter"),
			formula("peak", "max(1, datum.in, datum.out)"),
			// The line of the speed is drawn where what passes comes near it.
			formula("top", "max(0.2 * datum.peak, datum.in, datum.in > 0.3 * datum.speed ? datum.speed : 0) * 1.08"),
			formula("bottom", "-max(0.2 * datum.peak, datum.out, datum.out > 0.3 * datum.speed ? datum.speed : 0) * 1.08"),
		}},
		object{"name": "points", "source": "all", "transform": list{
			lookup("rows", "id", "id", list{"rank", "top", "bottom", "label", "speed", "in", "out"}, list{"rank", "top", "bottom", "label", "speed", "in", "out"}, nil),
			filter("datum.rank"),
			formula("signed", "datum.way == 'in' ? datum.rate : -datum.rate"),
			object{"type": "collect", "sort": object{"field": list{"way", "time"}}},
		}},
	)
}

func interfaceScales() list {
	return list{object{"name": "time", "type": "time", "domain": signal("length(data('points')) ? extent(pluck(data('points'), 'time')) : [0, 1]"), "range": list{signal("margin"), signal("width")}}}
}

func interfaceMarks(empty string) list {
	rate := func(of string) string { return quantity(of, "bit/s") }
	percent := func(of string) string {
		return "(datum.speed > 0 ? ' (' + format(100 * " + of + " / datum.speed, '.2~r') + ' %)' : '')"
	}
	area := func(w, color string) object {
		return object{"type": "area", "from": object{"data": w + "Points"}, "interactive": false, "encode": object{
			"enter":  object{"interpolate": value("step-after"), "fill": value(color), "fillOpacity": value(0.75)},
			"update": object{"x": object{"scale": "time", "field": "time"}, "y": object{"scale": "rate", "field": "signed"}, "y2": object{"scale": "rate", "value": 0}},
		}}
	}
	of := func(w string) object {
		return object{"name": w + "Points", "source": "here", "transform": list{filter("datum.way == " + quote(w))}}
	}
	line := func(w, sign string) object {
		near := "datum.speed > 0 && datum." + w + " > 0.3 * datum.speed"
		return object{"type": "rule", "name": w + "Speed", "from": object{"data": "about"}, "interactive": false, "encode": object{
			"enter": object{"stroke": value(red), "strokeDash": value(list{5, 3}), "strokeWidth": value(1.2)},
			"update": object{
				"x": signal("margin"), "x2": signal("width"), "y": object{"scale": "rate", "signal": near + " ? " + sign + "datum.speed : 0"}, "opacity": signal(near + " ? 1 : 0"),
			},
		}}
	}
	about := object{"name": "about", "source": "here", "transform": list{
		object{"type": "aggregate", "groupby": list{"id", "label", "speed", "in", "out"}, "ops": list{"count"}, "fields": list{nil}, "as": list{"bars"}},
	}}
	head := text(titleStyle, "about", object{"fontSize": value(12), "baseline": value("top"), "align": value("left")}, object{
		"x": signal("margin"), "y": value(2), "text": member("label"), "limit": signal("(width - margin) * 0.42"),
	})
	peak := text(labelStyle, "about", object{"fontSize": value(11), "baseline": value("top"), "align": value("right")}, object{
		"x": signal("width"), "y": value(3), "limit": signal("(width - margin) * 0.56"),
		"text": signal("'peak in ' + " + rate("datum.in") + " + " + percent("datum.in") + " + ',  out ' + " + rate("datum.out") + " + " + percent("datum.out") + " + (datum.speed > 0 ? '  of ' + " + rate("datum.speed") + " : '')"),
	})
	return list{
		text(titleStyle, "", object{"fontSize": value(12), "baseline": value("top"), "text": value("▲ in"), "fill": value(blue), "y": value(0)}, object{
			"x": signal("margin"), "opacity": signal("length(data('rows')) ? 1 : 0"),
		}),
		text(titleStyle, "", object{"fontSize": value(12), "baseline": value("top"), "text": value("▼ out"), "fill": value(orange), "y": value(0)}, object{
			"x": signal("margin + 44"), "opacity": signal("length(data('rows')) ? 1 : 0"),
		}),
		object{
			"type": "group", "name": "interface", "from": object{"facet": object{"name": "here", "data": "points", "groupby": list{"id", "rank", "top", "bottom", "label"}, "aggregate": object{
				"fields": list{"exporter", "interface"}, "ops": list{"min", "min"}, "as": list{"exporter", "interface"},
			}}},
			"encode": object{
				"enter":  object{"fill": value("transparent"), "cursor": value("pointer"), "clip": value(true)},
				"update": object{"y": signal("head + (datum.rank - 1) * rowHeight"), "height": signal("rowHeight - 6"), "width": signal("width"), "tooltip": signal("datum.label")},
			},
			"signals": list{object{"name": "top", "update": "parent.top"}, object{"name": "bottom", "update": "parent.bottom"}, object{"name": "inner", "update": "max(4, rowHeight - 6)"}},
			"data":    list{about, of("in"), of("out")},
			"scales":  list{object{"name": "rate", "type": "linear", "domain": list{signal("bottom"), signal("top")}, "range": list{signal("inner"), 18}}},
			"axes": list{object{
				"orient": "left", "scale": "rate", "offset": signal("-margin"), "tickCount": signal("rowHeight > 90 ? 5 : 3"), "grid": true, "gridWidth": 1, "domain": false, "ticks": false, "gridOpacity": 0.9,
				"encode": object{"labels": object{"update": object{"text": signal("replace(format(abs(datum.value), '.3~s'), regexp('([a-zA-Z]*)$'), ' $1') + 'bit/s'")}}, "grid": object{"update": object{"x": signal("0"), "x2": signal("width - margin")}}},
			}},
			"marks": list{area("in", blue), area("out", orange), line("in", ""), line("out", "-"), head, peak},
		},
		note("length(data('rows')) == 0", empty),
	}
}
