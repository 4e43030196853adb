package vega

import "fmt"

// Colours that people who do not tell all colours apart can use, also on a dark background: Okabe and Ito, "Color universal design" (2008), without the
// yellow, which is hard to see on white.
var palette = list{"#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#7a5195", "#8c8c00", "#a6761d", "#3b8686"}

const (
	blue   = "#0072b2"
	orange = "#e69f00"
	red    = "#d55e00"
	sky    = "#56b4e9"
	grey   = "#8a93a3" // of what is summed up as other: neither light nor dark
)

// Styles of texts, whose colour Kibana sets by the theme, light or dark.
const (
	labelStyle = "guide-label"
	titleStyle = "group-title"
)

// text is a mark that shows one text for each tuple of data.
func text(style, data string, enter, update object) object {
	mark := object{"type": "text", "style": style, "interactive": false, "encode": object{"enter": enter, "update": update}}
	if data != "" {
		mark["from"] = object{"data": data}
	}
	return mark
}

// note is what is in the middle of a drawing that has nothing to show; why says what may be missing.
func note(when, why string) object {
	return text(titleStyle, "", object{
		"align": value("center"), "baseline": value("middle"), "fontSize": value(14), "fontWeight": value("normal"), "lineHeight": value(20),
	}, object{
		"text": signal(fmt.Sprintf("%s ? split(%s, '|') : ''", when, quote("No flows in this time range.|"+why))),
		"x":    signal("width / 2"), "y": signal("height / 2 - 10"), "limit": signal("width - 20"),
	})
}

// title is a mark with a text above the drawing.
func title(expression string, x object, align string) object {
	return text(titleStyle, "", object{"baseline": value("top"), "align": value(align), "fontSize": value(13), "fontWeight": value(600)},
		object{"text": signal(expression), "x": x, "y": value(0), "limit": signal("width")})
}

// clipped is a mark around others that is as large as the drawing: what reaches beyond it, such as the end of a broad line, does not make Kibana shrink it.
func clipped(marks ...any) object {
	return object{"type": "group", "encode": object{"update": object{"width": signal("width"), "height": signal("height"), "clip": value(true)}}, "marks": marks}
}
