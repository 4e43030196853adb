package page

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Spaces at which no line is broken: narrow between digits, gap before a unit.
const (
	narrow = "\u202f"
	gap    = "\u00a0"
)

// si writes a figure with three digits that count and a prefix: 1.23 k, 45.6 M.
func si(v float64) string {
	if math.IsNaN(v) || v < 0 {
		v = 0
	}
	if math.IsInf(v, 1) {
		return "∞"
	}
	prefixes := []string{"", "k", "M", "G", "T", "P", "E", "Z", "Y"}
	i := 0
	for v >= 999.5 && i < len(prefixes)-1 {
		v /= 1000
		i++
	}
	var text string
	switch {
	case v >= 99.95 || i == 0 && v == math.Trunc(v):
		text = strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 9.995 || i == 0:
		text = strconv.FormatFloat(v, 'f', 1, 64)
	default:
		text = strconv.FormatFloat(v, 'f', 2, 64)
	}
	return text + gap + prefixes[i]
}

// rate is si without a space where there is no prefix.
func rate(v float64) string { return strings.TrimSuffix(si(v), gap) }

// bits writes a rate in bit/s.
func bits(v float64) string { return si(v) + "bit/s" }

// octets writes a size with decimal prefixes.
func octets(n any) string {
	switch n := n.(type) {
	case uint64:
		return si(float64(n)) + "B"
	case int64:
		return si(float64(n)) + "B"
	case int:
		return si(float64(n)) + "B"
	}
	return fmt.Sprint(n)
}

// mebibytes writes a size as settings do.
func mebibytes(n int) string {
	return strconv.FormatFloat(float64(n)/(1<<20), 'f', -1, 64)
}

// count writes a whole figure, its digits in groups of three.
func count(n any) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + narrow + text[i:]
	}
	return text
}

// percent writes a share of 0 to 1. What is more than nothing never looks like it.
func percent(v float64) string {
	switch p := v * 100; {
	case p <= 0 || math.IsNaN(p):
		return "0" + gap + "%"
	case p < 0.01:
		return "<" + gap + "0.01" + gap + "%"
	case p < 1:
		return strconv.FormatFloat(p, 'f', 2, 64) + gap + "%"
	case p < 10:
		return strconv.FormatFloat(p, 'f', 1, 64) + gap + "%"
	default:
		return strconv.FormatFloat(min(p, 100), 'f', 0, 64) + gap + "%"
	}
}

// span writes a duration in its greatest unit, or two.
func span(d time.Duration) string {
	sign := ""
	if d < 0 {
		sign, d = "−", -d
	}
	unit := func(n int64, name string) string { return strconv.FormatInt(n, 10) + gap + name }
	switch s := int64(d.Round(time.Second) / time.Second); {
	case d < time.Second:
		return sign + unit(d.Round(time.Millisecond).Milliseconds(), "ms")
	case s < 120:
		return sign + unit(s, "s")
	case s < 2*3600:
		return sign + unit(s/60, "min")
	case s < 48*3600:
		return sign + two(unit(s/3600, "h"), s%3600/60, "min")
	default:
		return sign + two(unit(s/86400, "d"), s%86400/3600, "h")
	}
}

// two adds a smaller unit, if there is something of it.
func two(text string, n int64, name string) string {
	if n == 0 {
		return text
	}
	return text + " " + strconv.FormatInt(n, 10) + gap + name
}

// ago writes how long ago something was.
func ago(now, t time.Time) string {
	switch d := now.Sub(t); {
	case t.IsZero():
		return "never"
	case d < 2*time.Second:
		return "now"
	default:
		return span(d) + " ago"
	}
}

func plural(n int, noun, nouns string) string {
	if n == 1 {
		return "1 " + noun
	}
	return count(n) + " " + nouns
}
