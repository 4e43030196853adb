package page

import (
	"html/template"
	"math"
	"slices"
	"strconv"
)

// The size of a graph in its own units: it is stretched to the room there is.
const (
	graphWidth  = 1000
	graphHeight = 100
	sparkWidth  = 120
	sparkHeight = 24
)

// Line is a graph of one figure over time, as paths of SVG.
type Line struct {
	Stroke, Area template.HTMLAttr // attributes d="…"
	Most, Now    float64           // greatest and newest value
	Empty        bool              // no value is more than nothing
}

// line draws values, oldest first, into width × height with room for as many as slots: what is missing of them is at the beginning.
func line(values []float64, slots, width, height int) Line {
	l := Line{Empty: true}
	for _, v := range values {
		l.Most = math.Max(l.Most, v)
	}
	if len(values) > 0 {
		l.Now = values[len(values)-1]
	}
	l.Empty = l.Most <= 0
	if len(values) == 0 {
		return l
	}
	scale := 0.0
	if l.Most > 0 {
		scale = float64(height-2) / l.Most
	}
	step := float64(width) / float64(max(1, slots-1))
	x := float64(width) - step*float64(len(values)-1)
	first := x
	path := make([]byte, 0, 12*len(values))
	for i, v := range values {
		c := byte('L')
		if i == 0 {
			c = 'M'
		}
		path = appendPoint(append(path, c), x, float64(height)-1-v*scale)
		x += step
	}
	area := append([]byte(nil), path...)
	area = appendPoint(append(area, 'L'), float64(width), float64(height))
	area = appendPoint(append(area, 'L'), first, float64(height))
	// Digits, letters and points only: nothing of it came from outside.
	l.Stroke = template.HTMLAttr(`d="` + string(path) + `"`) //nolint:gosec // G203: see above.
	l.Area = template.HTMLAttr(`d="` + string(area) + `Z"`)  //nolint:gosec // G203: see above.
	return l
}

func appendPoint(b []byte, x, y float64) []byte {
	b = strconv.AppendFloat(b, math.Round(x*10)/10, 'f', -1, 64)
	b = append(b, ' ')
	return strconv.AppendFloat(b, math.Round(y*10)/10, 'f', -1, 64)
}

// spark draws a small graph.
func spark(values []float64) Line { return line(values, len(values), sparkWidth, sparkHeight) }

// graphs draws the history: means of so many points that a screen can show them, of drops the greatest, which are not to be smoothed away.
func graphs(points []Point, slots int) (flows, packets, drops Line) {
	const most = 240
	group := max(1, (slots+most-1)/most)
	var f, p, d []float64
	for end := len(points); end > 0; end -= group {
		some := points[max(0, end-group):end]
		var sum Point
		for _, one := range some {
			sum.Flows += one.Flows
			sum.Packets += one.Packets
			sum.Drops = math.Max(sum.Drops, one.Drops)
		}
		n := float64(len(some))
		f, p, d = append(f, sum.Flows/n), append(p, sum.Packets/n), append(d, sum.Drops)
	}
	slices.Reverse(f)
	slices.Reverse(p)
	slices.Reverse(d)
	slots = (slots + group - 1) / group
	return line(f, slots, graphWidth, graphHeight), line(p, slots, graphWidth, graphHeight), line(d, slots, graphWidth, graphHeight)
}
