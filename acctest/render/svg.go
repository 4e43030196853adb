package render

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Element is one of an SVG picture.
type Element struct {
	Name     xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Text     string     `xml:",chardata"`
	Children []Element  `xml:",any"`
}

// Elements reads the picture.
func (d Drawing) Elements() (root Element, err error) {
	if err := xml.Unmarshal([]byte(d.SVG), &root); err != nil {
		return root, fmt.Errorf("the drawing is no SVG: %w", err)
	}
	return root, nil
}

// Attr is an attribute; empty where there is none.
func (e Element) Attr(name string) string {
	for _, a := range e.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// Number is an attribute as a number; 0 where it is none.
func (e Element) Number(name string) float64 {
	n, err := strconv.ParseFloat(e.Attr(name), 64)
	if err != nil {
		return 0
	}
	return n
}

// Mark is what was drawn of the marks of a name: one element for each tuple of their data.
func (e Element) Mark(name string) []Element {
	if slices.Contains(strings.Fields(e.Attr("class")), name) {
		return e.Children
	}
	var all []Element
	for _, c := range e.Children {
		all = append(all, c.Mark(name)...)
	}
	return all
}

// Texts are all texts that can be read, from top to bottom in the order in which they were drawn.
func (e Element) Texts() []string {
	var all []string
	if text := strings.TrimSpace(e.Text); text != "" && e.Attr("opacity") != "0" && e.Attr("fill-opacity") != "0" {
		all = append(all, text)
	}
	for _, c := range e.Children {
		all = append(all, c.Texts()...)
	}
	return all
}
