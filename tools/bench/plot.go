package main

import (
	"fmt"
	"html"
	"math"
	"os"
	"strconv"
	"strings"
)

// bar is a figure of a plot.
type bar struct {
	name  string
	value float64
	text  string
	ours  bool
}

// panel is bars that can be compared, on a logarithmic scale: what is compared differs by powers of ten.
type panel struct {
	title string
	bars  []bar
	goal  float64 // a line at this value; 0: none
}

// Sizes of a plot.
const (
	plotWidth  = 900
	nameWidth  = 330
	textWidth  = 120
	lineHeight = 26
)

// plot writes panels as an SVG that can be read on light and on dark pages.
func plot(path string, panels []panel) error {
	var b strings.Builder
	height := 10
	for _, p := range panels {
		height += (len(p.bars) + 2) * lineHeight
	}
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="14">
<style>
text { fill: #1f2328 } .title { font-weight: bold } .ours { fill: #0969da } .peer { fill: #8c959f } .goal { stroke: #cf222e; stroke-dasharray: 4 3 }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .ours { fill: #58a6ff } .peer { fill: #6e7681 } .goal { stroke: #ff7b72 } }
</style>
`, plotWidth, height)
	y := lineHeight
	for _, p := range panels {
		y = p.draw(&b, y)
	}
	b.WriteString("</svg>\n")
	return os.WriteFile(path, []byte(b.String()), 0o644) //nolint:gosec // for everybody to read
}

// draw draws a panel from a height on, and returns the height of the next one.
func (p *panel) draw(b *strings.Builder, y int) int {
	least, most := math.Inf(1), 0.0
	for _, bar := range p.bars {
		least, most = min(least, bar.value), max(most, bar.value)
	}
	if p.goal > 0 {
		least, most = min(least, p.goal), max(most, p.goal)
	}
	least /= 2 // the shortest bar is to be seen
	at := func(v float64) float64 {
		return nameWidth + (plotWidth-nameWidth-textWidth)*math.Log(v/least)/math.Log(most/least)
	}
	fmt.Fprintf(b, "<text class=\"title\" x=\"10\" y=\"%d\">%s</text>\n", y, html.EscapeString(p.title))
	begin := y + 6
	for _, bar := range p.bars {
		y += lineHeight
		class := "peer"
		if bar.ours {
			class = "ours"
		}
		fmt.Fprintf(b, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", nameWidth-8, y, html.EscapeString(bar.name))
		fmt.Fprintf(b, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"18\"/>\n", class, nameWidth, y-14, at(bar.value)-nameWidth)
		fmt.Fprintf(b, "<text x=\"%.1f\" y=\"%d\">%s</text>\n", at(bar.value)+6, y, html.EscapeString(bar.text))
	}
	if p.goal > 0 {
		fmt.Fprintf(b, "<line class=\"goal\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>\n", at(p.goal), at(p.goal), begin, y+8)
	}
	return y + 2*lineHeight
}

// documentPanel shows what documents cost.
func documentPanel(rows []documentRow) panel {
	p := panel{title: "From packet to document, ns of processor time a flow (logarithmic; the line is the goal for JSON)", goal: documentGoal}
	for _, r := range rows {
		ns := r.side.perRecord()
		p.bars = append(p.bars, bar{r.name, ns, fmt.Sprintf("%.0f", ns), r.peer != nil})
	}
	return p
}

// sustainedPanel shows what collectors keep up with.
func sustainedPanel(all []sustained) panel {
	p := panel{title: "Flows a second that one processor keeps up with (logarithmic; the line is the goal)", goal: sustainedGoal}
	for i := range all {
		if rate := float64(all[i].Best.Rate); rate > 0 {
			p.bars = append(p.bars, bar{all[i].Name, rate, strconv.Itoa(all[i].Best.Rate), strings.HasPrefix(all[i].Name, "flowcollector")})
		}
	}
	return p
}
