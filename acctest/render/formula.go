package render

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed formula.mjs
var formulas string

// Formula is one of the metric math of Kibana's TSVB, in the language of Elastic's tinymath (1.2.1, which Kibana's own copy was made of), and what it is about: the
// values of its variables in one bar, in _all those of all bars, and _interval, the width of a bar in milliseconds.
type Formula struct {
	Script string         `json:"script"`
	Params map[string]any `json:"params"`
}

// Reckon returns the results of formulas.
func (r *Renderer) Reckon(ctx context.Context, of ...Formula) ([]float64, error) {
	input, err := json.Marshal(of)
	if err != nil {
		return nil, fmt.Errorf("unable to reckon: %w", err)
	}
	cmd := exec.CommandContext(ctx, "node", "--input-type=module", "--eval", formulas, filepath.Clean(r.folder))
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("unable to reckon: node: %w: %s", err, strings.TrimSpace(stderr.String()))
	}
	var results []float64
	if err := json.Unmarshal(stdout.Bytes(), &results); err != nil || len(results) != len(of) {
		return nil, fmt.Errorf("unable to reckon: %d results of %d formulas: %w", len(results), len(of), err)
	}
	return results, nil
}
