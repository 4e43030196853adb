package render_test

import (
	"encoding/json"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/acctest/render"
	"github.com/flowstack/terraform-provider-flowstack/appliance/dashboards"
)

// TestFormulas reckons what Kibana does with the sums of each line of each visualization over time: a rate by the second, of octets in bits, whatever the width of a bar.
func TestFormulas(t *testing.T) {
	renderer, err := render.New(t.Context(), t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	objects, err := dashboards.Build(dashboards.Options{})
	if err != nil {
		t.Fatal(err)
	}
	all := []float64{600_000, 1_800_000, 1_200_000}
	var formulas []render.Formula
	var want []float64
	var of []string
	for _, object := range objects {
		for _, line := range linesOf(t, object.Attributes["visState"]) {
			if len(line.Metrics) == 1 {
				continue // what was measured is shown as it is
			}
			sum, math := line.Metrics[0], line.Metrics[1]
			if math.Type != "math" || len(math.Variables) != 1 || math.Variables[0].Field != sum.ID {
				t.Fatalf("%s: %+v", object.Name(), line)
			}
			name := math.Variables[0].Name
			for _, width := range []float64{10, 300} { // seconds
				formulas = append(formulas, render.Formula{Script: math.Script, Params: map[string]any{
					name: all[2], "_interval": width * 1000, "_all": map[string]any{name: map[string]any{"values": all}},
				}})
				rate := map[string]float64{"line": all[2], "mean": (all[0] + all[1] + all[2]) / 3, "peak": all[1]}[line.ID] / width
				if line.Formatter == "0.[0]bitd" {
					rate *= 8
				}
				want, of = append(want, rate), append(of, object.ID+" "+line.ID)
			}
		}
	}
	results, err := renderer.Reckon(t.Context(), formulas...)
	if err != nil {
		t.Fatal(err)
	}
	if len(results) < 20 {
		t.Errorf("only %d formulas", len(results))
	}
	for i, result := range results {
		if result != want[i] {
			t.Errorf("%s: %s is %v, not %v", of[i], formulas[i].Script, result, want[i])
		}
	}
}

// tsvbLine is a line of TSVB.
type tsvbLine struct {
	ID, Formatter string
	Metrics       []struct {
		ID, Type, Script string
		Variables        []struct{ Name, Field string }
	}
}

// linesOf are those of a visualization; none of one that is not TSVB.
func linesOf(t *testing.T, state any) []tsvbLine {
	t.Helper()
	text, ok := state.(string)
	if !ok {
		return nil
	}
	var visual struct {
		Type   string
		Params json.RawMessage
	}
	if err := json.Unmarshal([]byte(text), &visual); err != nil {
		t.Fatal(err)
	}
	if visual.Type != "metrics" {
		return nil
	}
	var params struct{ Series []tsvbLine }
	if err := json.Unmarshal(visual.Params, &params); err != nil {
		t.Fatal(err)
	}
	return params.Series
}
