package picture

import (
	"fmt"
	"html"
	"math"
	"regexp"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/acctest/render"
	"github.com/flowstack/terraform-provider-flowstack/appliance/dashboards"
)

// Colours of texts and lines, those of Kibana's light theme.
const (
	strong = "#343741"
	weak   = "#69707d"
	link   = "#0061a6"
	lines  = "#d3dae6"
)

// words is a line of text.
func words(x, y, size, weight int, color, text string, more ...string) string {
	return fmt.Sprintf("<text x=\"%d\" y=\"%d\" font-size=\"%d\" font-weight=\"%d\" fill=\"%s\"%s>%s</text>\n", x, y, size, weight, color, strings.Join(append([]string{""}, more...), " "), html.EscapeString(text))
}

// wide is how many pixels a text takes; bold ones a little more.
func wide(text string, size int) int { return int(math.Ceil(render.TextWidth(text, float64(size)))) }

// cut is a text that is no wider than so many pixels.
func cut(text string, width, size int) string {
	if wide(text, size) <= width {
		return text
	}
	runes := []rune(text)
	for len(runes) > 0 && wide(string(runes), size)+size > width {
		runes = runes[:len(runes)-1]
	}
	return string(runes) + "…"
}

// quantity is a number with an SI prefix.
func quantity(n float64, unit string) string {
	for _, prefix := range []string{"", "k", "M", "G", "T"} {
		if math.Abs(n) < 999.5 || prefix == "T" {
			digits := 0
			if n != 0 && math.Abs(n) < 10 && prefix == "" && n != math.Trunc(n) {
				digits = 2
			}
			if prefix != "" && math.Abs(n) < 100 {
				digits = 1
			}
			return strings.TrimSpace(strings.Replace(fmt.Sprintf("%.*f %s%s", digits, n, prefix, unit), " /s", "/s", 1))
		}
		n /= 1000
	}
	return ""
}

var piece = regexp.MustCompile("\\*\\*([^*]+)\\*\\*|\\*([^*]+)\\*|\\[([^\\]]+)\\]\\([^)]*\\)|`([^`]+)`|([^*\\[`]+|.)")

// markdown is the little of it that the texts of dashboards have: bold, emphasis, links, code and paragraphs.
func (p panel) markdown(text string) string {
	const size, spacing = 13, 19
	var b strings.Builder
	y := 14
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		var line strings.Builder
		x := 0.0
		flush := func() {
			if line.Len() > 0 {
				fmt.Fprintf(&b, "<text y=\"%d\" font-size=\"%d\" fill=\"%s\" xml:space=\"preserve\">%s</text>\n", y, size, weak, line.String())
			}
			line.Reset()
			x = 0
		}
		for _, part := range piece.FindAllStringSubmatch(strings.ReplaceAll(paragraph, "\n", " "), -1) {
			style, content, stretch := "", part[5], 1.0
			switch {
			case part[1] != "":
				style, content, stretch = fmt.Sprintf(` font-weight="600" fill="%s"`, strong), part[1], 1.07
			case part[2] != "":
				style, content = ` font-style="italic"`, part[2]
			case part[3] != "":
				style, content = fmt.Sprintf(` fill="%s"`, link), part[3]
			case part[4] != "":
				style, content, stretch = ` font-family="Liberation Mono, monospace"`, part[4], 1.2
			}
			for _, word := range strings.SplitAfter(content, " ") {
				width := stretch * render.TextWidth(word, size)
				if x > 0 && x+stretch*render.TextWidth(strings.TrimSpace(word), size) > float64(p.width) {
					flush()
					y += spacing
				}
				fmt.Fprintf(&line, "<tspan%s>%s</tspan>", style, html.EscapeString(word))
				x += width
			}
		}
		flush()
		y += spacing + 7
	}
	return b.String()
}

// controls are boxes in which nothing is chosen.
func (p panel) controls(c dashboards.Controls) string {
	var b strings.Builder
	each := p.width / len(c.Controls)
	for i, control := range c.Controls {
		x := i * each
		b.WriteString(words(x, 12, 12, 600, strong, control.Label))
		fmt.Fprintf(&b, "<rect x=\"%d\" y=\"20\" width=\"%d\" height=\"30\" rx=\"4\" fill=\"#fbfcfd\" stroke=\"%s\"/>\n", x, each-12, lines)
		b.WriteString(words(x+10, 40, 12, 400, weak, "Select…"))
		fmt.Fprintf(&b, "<path d=\"M%d,32l4,5l4,-5\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\"/>\n", x+each-32, weak)
	}
	return b.String()
}

// nothing is what Kibana says of an empty panel.
func (p panel) nothing() string {
	return words(p.width/2, p.height/2, 13, 400, weak, "No results found", `text-anchor="middle"`)
}
