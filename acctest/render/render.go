// Package render draws Vega specifications without a browser, with the answers of a real Elasticsearch: Vega itself runs in node, and stand-ins for what
// Kibana adds to it.
package render

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
)

// The lock file pins Vega 5.21 and its interpreter of expressions 1.0.4, of the time of Kibana 7.17: the specifications use nothing newer.
var (
	//go:embed package.json
	manifest []byte
	//go:embed package-lock.json
	lock []byte
	//go:embed draw.mjs
	program string
)

// Job is a drawing to make.
type Job struct {
	Spec       json.RawMessage            `json:"spec"`
	Responses  map[string]json.RawMessage `json:"responses"` // of Elasticsearch, by the names of the data
	Width      int                        `json:"width"`     // of the panel, in pixels
	Height     int                        `json:"height"`
	Dark       bool                       `json:"dark"`       // Kibana's dark theme
	Background string                     `json:"background"` // a colour; empty is none
	Clicks     []Click                    `json:"clicks"`
}

// Click is on an item of a mark whose tuple has members with these values.
type Click struct {
	Mark  string         `json:"mark"`
	Where map[string]any `json:"where"`
}

// Drawing is what came of a job.
type Drawing struct {
	SVG      string   `json:"svg"`
	Messages []string `json:"messages"` // warnings and errors of Vega
	Filters  []Call   `json:"filters"`  // that clicks asked of Kibana
}

// Call is of a function that Kibana adds to Vega's expressions.
type Call struct {
	Function  string            `json:"function"`
	Arguments []json.RawMessage `json:"arguments"`
}

// Renderer draws.
type Renderer struct{ folder string }

// New makes a renderer. It installs Vega into the cache when it is not there.
func New(ctx context.Context, log acctest.Logf) (*Renderer, error) {
	folder, err := acctest.NodePackages(ctx, manifest, lock, log)
	if err != nil {
		return nil, err
	}
	return &Renderer{folder: folder}, nil
}

// Draw makes a drawing of each job.
func (r *Renderer) Draw(ctx context.Context, jobs ...Job) ([]Drawing, error) {
	if len(jobs) == 0 {
		return nil, nil
	}
	input, err := json.Marshal(map[string]any{"jobs": jobs, "widths": widths, "other": otherWidth})
	if err != nil {
		return nil, fmt.Errorf("unable to draw: %w", err)
	}
	cmd := exec.CommandContext(ctx, "node", "--input-type=module", "--eval", program, filepath.Clean(r.folder))
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), &stdout, &stderr
	cmd.Env = append(os.Environ(), "TZ=UTC", "LC_ALL=C.UTF-8")
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("unable to draw: node: %w: %s", err, strings.TrimSpace(stderr.String()))
	}
	var drawings []Drawing
	if err := json.Unmarshal(stdout.Bytes(), &drawings); err != nil {
		return nil, fmt.Errorf("unable to draw: what node says is no JSON: %w", err)
	}
	if len(drawings) != len(jobs) {
		return nil, fmt.Errorf("unable to draw: %d drawings of %d jobs", len(drawings), len(jobs))
	}
	return drawings, nil
}
