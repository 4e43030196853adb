package vega

import "fmt"

// signals are the sizes that the drawing is computed from, and what a click does. Lengths are in pixels.
func (s sankey) signals() list {
	return list{
		object{"name": "thickness", "value": 14},
		object{"name": "head", "value": 26},
		object{"name": "total", "update": fmt.Sprintf("length(data('%[1]s')) ? data('%[1]s')[0].aggregations.%[2]s.value : 0", answer(cheapest), whole)},
		object{"name": "most", "update": "length(data('counts')) ? data('counts')[0].most || 1 : 1"},
		object{"name": "gap", "update": "min(14, 0.5 * (height - head) / most)"},
		object{"name": "margin", "update": "clamp(width * 0.2, 60, 200)"},
		object{"name": "scale", "update": "total > 0 ? max(0, height - head - gap * (most - 1) - 8) / total : 0"},
		object{"name": "hover", "value": nil, "on": list{
			object{"events": "@node:mouseover, @ribbon:mouseover", "update": "datum"},
			object{"events": "@node:mouseout, @ribbon:mouseout", "update": "null"},
		}},
		object{"name": "drill", "on": list{
			object{"events": "@node:click", "update": fmt.Sprintf("datum.other ? null : kibanaAddFilter(%s, %s, titles[datum.level] + ': ' + datum.label)", s.condition("datum"), quote(s.index))},
			object{"events": "@ribbon:click", "update": fmt.Sprintf("datum.fromOther || datum.toOther ? null : kibanaAddFilter({bool: {filter: [%s, %s]}}, %s, datum.from + ' → ' + datum.to)",
				s.end("level", "from"), s.end("toLevel", "to"), quote(s.index))},
		}},
		object{"name": "titles", "value": s.titles()},
	}
}

// end is an expression for the search that finds what one end of a ribbon has.
func (s sankey) end(level, name string) string {
	return s.condition(fmt.Sprintf("{level: datum.%[1]s, label: datum.%[2]s, key: datum.%[2]sKey}", level, name))
}

func (s sankey) titles() list {
	titles := make(list, len(s.levels))
	for i, l := range s.levels {
		titles[i] = l.Title
	}
	return titles
}

func (s sankey) scales() list {
	return list{object{"name": "color", "type": "ordinal", "domain": object{"data": "placed", "field": "label", "sort": object{"op": "min", "field": "rank"}}, "range": palette}}
}

func (s sankey) marks() list {
	color := func(isOther, label string) list {
		return list{object{"test": isOther, "value": grey}, object{"scale": "color", "field": label}}
	}
	last := len(s.levels) - 1
	// Names stand beside the outer levels, where there is room for them, and to the right of the others.
	outside := func(left, right, between any) object {
		return signal(fmt.Sprintf("datum.level == 0 ? %v : datum.level == %d ? %v : %v", left, last, right, between))
	}
	var marks list
	for i, l := range s.levels {
		at, align := signal(fmt.Sprintf("margin + %d / %d * (width - 2 * margin - thickness) + thickness / 2", i, last)), "center"
		switch i {
		case 0:
			at, align = signal("margin + thickness"), "right"
		case last:
			at, align = signal("width - margin - thickness"), "left"
		}
		marks = append(marks, title("total > 0 ? "+quote(l.Title)+" : ''", at, align))
	}
	return list{clipped(append(marks,
		object{"type": "path", "name": "ribbon", "from": object{"data": "ribbons"}, "encode": object{
			"enter": object{"fill": value("transparent"), "cursor": object{"signal": "datum.fromOther || datum.toOther ? 'default' : 'pointer'"}},
			"update": object{
				"path": member("path"), "stroke": color("datum.fromOther", "from"), "strokeWidth": member("width"),
				"strokeOpacity": signal("hover && (hover.id ? hover.id == datum.source || hover.id == datum.target : hover.source == datum.source && hover.target == datum.target) ? 0.8 : hover ? 0.18 : 0.45"),
				"tooltip":       signal(fmt.Sprintf("{title: datum.from + ' → ' + datum.to, %s: %s, 'of all': %s}", quote(s.what()), quantity("datum.sum", s.options.Unit), share("datum.sum", "total"))),
			},
		}},
		object{"type": "rect", "name": "node", "from": object{"data": "placed"}, "encode": object{
			"enter": object{"cursor": object{"signal": "datum.other ? 'default' : 'pointer'"}, "cornerRadius": value(1)},
			"update": object{
				"x": member("x"), "width": signal("thickness"), "y": member("y"), "height": signal("max(1, datum.sum * scale)"), "fill": color("datum.other", "label"),
				"tooltip": signal(fmt.Sprintf("{title: datum.label, %s: %s, 'of all': %s}", quote(s.what()), quantity("datum.sum", s.options.Unit), share("datum.sum", "total"))),
			},
		}},
		text(labelStyle, "placed", object{"baseline": value("middle"), "fontSize": value(11)}, object{
			"x": outside("datum.x - 6", "datum.x + thickness + 6", "datum.x + thickness + 6"), "y": signal("datum.y + max(1, datum.sum * scale) / 2"),
			"align": outside("'right'", "'left'", "'left'"), "limit": outside("margin - 8", "margin - 8", fmt.Sprintf("(width - 2 * margin) / %d - thickness - 12", last)),
			"text": signal("datum.label + ' · ' + " + quantity("datum.sum", s.options.Unit)),
		}),
		note("total <= 0", s.options.Empty),
	)...)}
}

// what is summed up, as tooltips say it.
func (s sankey) what() string {
	if s.options.Unit == Octets {
		return "Bytes"
	}
	return "Sum"
}
