// Worldmap makes the shapes of countries that the map of flows has: those of Natural Earth at 1:110 million (public domain), as TopoJSON by the npm package
// world-atlas (ISC). They are drawn small, so a tenth of the precision will do; countries get their ISO 3166-1 alpha-2 codes, by which documents name them;
// Antarctica is left out.
package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strconv"

	"golang.org/x/text/language"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: worldmap countries-110m.json world.json")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "worldmap:", err)
		os.Exit(1)
	}
}

// topology is TopoJSON (specification 1.0): shapes refer to arcs by number, ~n is arc n backwards; arcs are quantized, each point relative to the one
// before it.
type topology struct {
	Type      string                `json:"type"`
	Objects   map[string]collection `json:"objects"`
	Arcs      [][][2]int            `json:"arcs"`
	Transform transform             `json:"transform"`
}

type collection struct {
	Type       string    `json:"type"`
	Geometries []country `json:"geometries"`
}

type country struct {
	Type       string            `json:"type"`
	Arcs       json.RawMessage   `json:"arcs"`
	ID         string            `json:"id"`
	Properties map[string]string `json:"properties"`
}

type transform struct {
	Scale     [2]float64 `json:"scale"`
	Translate [2]float64 `json:"translate"`
}

func run(from, to string) error {
	text, err := os.ReadFile(from) //nolint:gosec // that is what it is told
	if err != nil {
		return err
	}
	var world topology
	if err := json.Unmarshal(text, &world); err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	countries := world.Objects["countries"]
	kept := countries.Geometries[:0]
	used := map[int]int{} // new numbers of arcs
	var arcs [][][2]int
	for _, c := range countries.Geometries {
		name := c.Properties["name"]
		if name == "Antarctica" {
			continue
		}
		if c.ID, err = alpha2(c.ID, name); err != nil {
			return err
		}
		c.Properties = map[string]string{"name": name}
		var shape any
		if err := json.Unmarshal(c.Arcs, &shape); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		shape = renumber(shape, func(arc int) int {
			number, known := used[arc]
			if !known {
				number = len(arcs)
				used[arc] = number
				arcs = append(arcs, coarser(world.Arcs[arc]))
			}
			return number
		})
		if c.Arcs, err = json.Marshal(shape); err != nil {
			return err
		}
		kept = append(kept, c)
	}
	countries.Geometries = kept
	world.Objects = map[string]collection{"countries": countries}
	world.Arcs = arcs
	for i := range world.Transform.Scale {
		world.Transform.Scale[i] *= coarseness
	}
	if text, err = json.Marshal(world); err != nil {
		return err
	}
	return os.WriteFile(to, append(text, '\n'), 0o644) //nolint:gosec // everyone may read it
}

// unnumbered are places that have no number at the United Nations: how databases of places code them.
var unnumbered = map[string]string{"Kosovo": "XK", "N. Cyprus": "CY", "Somaliland": "SO"}

// alpha2 is the code of a country by its number (UN M.49, which is that of ISO 3166-1).
func alpha2(number, name string) (string, error) {
	if number == "" {
		if code, known := unnumbered[name]; known {
			return code, nil
		}
		return "", fmt.Errorf("%s has neither a number nor a code", name)
	}
	n, err := strconv.Atoi(number)
	if err != nil {
		return "", fmt.Errorf("%s: number %q", name, number)
	}
	region, err := language.EncodeM49(n)
	if err != nil || !region.IsCountry() {
		return "", fmt.Errorf("%s: %d is no country: %w", name, n, err)
	}
	return region.String(), nil
}

// renumber replaces the numbers of arcs in lists of lists.
func renumber(shape any, number func(int) int) any {
	switch s := shape.(type) {
	case []any:
		for i := range s {
			s[i] = renumber(s[i], number)
		}
	case float64:
		if arc := int(s); arc < 0 {
			return ^number(^arc)
		}
		return number(int(s))
	}
	return shape
}

const coarseness = 12

// coarser is an arc on a coarser grid, without the points that fall together.
func coarser(arc [][2]int) [][2]int {
	var x, y int
	var last [2]int
	var out [][2]int
	for i, delta := range arc {
		x, y = x+delta[0], y+delta[1]
		at := [2]int{int(math.Round(float64(x) / coarseness)), int(math.Round(float64(y) / coarseness))}
		if step := [2]int{at[0] - last[0], at[1] - last[1]}; i == 0 || step != [2]int{} {
			out = append(out, step)
			last = at
		}
	}
	if len(out) == 1 { // an arc has two ends
		out = append(out, [2]int{})
	}
	return out
}
