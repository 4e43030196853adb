// Pictures draws the pictures of the dashboards that the documentation shows: each Vega view as Kibana draws it, and each dashboard as a whole, of invented
// traffic in a real Elasticsearch. The same definitions make the same pictures.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
	"github.com/flowstack/terraform-provider-flowstack/acctest/render"
	"github.com/flowstack/terraform-provider-flowstack/acctest/render/picture"
	"github.com/flowstack/terraform-provider-flowstack/acctest/render/sample"
	"github.com/flowstack/terraform-provider-flowstack/appliance/dashboards"
	"github.com/flowstack/terraform-provider-flowstack/appliance/dashboards/vega"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// indices are where documents of a kind are.
var indices = map[*schema.Documents]string{schema.Flows: dashboards.DefaultIndex, schema.Health: dashboards.DefaultHealthIndex}

const index = dashboards.DefaultIndex

// end is when the traffic ends, so that pictures only change when the views do.
var end = time.Date(2030, time.May, 17, 12, 0, 0, 0, time.UTC)

func main() {
	out := flag.String("out", "docs/img/dashboards", "folder to write to")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := run(ctx, *out)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "pictures:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out string) error {
	return acctest.OnElasticsearch(ctx, acctest.HostOptions{Name: "pictures", Log: say}, acctest.ElasticsearchOptions{Log: say}, func(ctx context.Context, server *acctest.Elasticsearch) error {
		return draw(ctx, server, out)
	})
}

// draw draws all views, of a sample that it puts into Elasticsearch.
func draw(ctx context.Context, server *acctest.Elasticsearch, out string) error {
	renderer, err := render.New(ctx, say)
	if err := errors.Join(err, render.Load(ctx, server, index, sample.Flows(end))); err != nil {
		return err
	}
	if err := render.LoadDocuments(ctx, server, schema.Health, indices[schema.Health], sample.Health(end)); err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	ask := func(ctx context.Context, of *schema.Documents, requests map[string]json.RawMessage) (map[string]json.RawMessage, error) {
		return render.Ask(ctx, server, indices[of], requests)
	}
	if err := drawVega(ctx, out, renderer, ask); err != nil {
		return err
	}
	window := dashboards.Window{From: end.Add(-sample.Span), To: end}
	for _, view := range dashboards.Views() {
		svg, err := picture.Dashboard(ctx, renderer, ask, view, window, dashboards.Options{Index: index, Speeds: speeds()})
		if err != nil {
			return err
		}
		if err := write(out, view.Name+".svg", svg); err != nil {
			return err
		}
	}
	return nil
}

// drawVega draws the views that package vega makes by themselves.
func drawVega(ctx context.Context, out string, renderer *render.Renderer, ask picture.Ask) error {
	levels := []vega.Level{{Field: "source.ip", Title: "Source"}, {Field: "network.application", Title: "Application"}, {Field: "destination.ip", Title: "Destination"}}
	systems := []vega.Level{{Field: "source.as.organization.name", Title: "From"}, {Field: "destination.as.organization.name", Title: "To"}}
	world := vega.WorldMap(index, vega.MapOptions{})
	flows := vega.Sankey(index, levels, vega.SankeyOptions{})
	var jobs []render.Job
	views := []struct {
		file          string
		spec          vega.Spec
		width, height int
		dark          bool
	}{
		{"vega-flows.svg", flows, 1200, 560, false},
		{"vega-flows-dark.svg", flows, 1200, 560, true},
		{"vega-as.svg", vega.Sankey(index, systems, vega.SankeyOptions{}), 900, 460, false},
		{"vega-map.svg", world, 1200, 560, false},
		{"vega-map-dark.svg", world, 1200, 560, true},
		{"vega-interfaces.svg", vega.InterfaceUtilisation(index, vega.InterfaceOptions{Speeds: speeds()}), 1200, 620, false},
	}
	for _, v := range views {
		if err := v.spec.Check(); err != nil {
			return fmt.Errorf("%s: %w", v.file, err)
		}
		responses, err := ask(ctx, schema.Flows, v.spec.RequestsOf(end.Add(-sample.Span), end))
		if err != nil {
			return fmt.Errorf("%s: %w", v.file, err)
		}
		background := "#ffffff"
		if v.dark {
			background = "#1d1e24"
		}
		jobs = append(jobs, render.Job{Spec: v.spec.JSON(), Responses: responses, Width: v.width, Height: v.height, Dark: v.dark, Background: background})
	}
	drawings, err := renderer.Draw(ctx, jobs...)
	if err != nil {
		return err
	}
	for i, d := range drawings {
		if len(d.Messages) > 0 {
			return fmt.Errorf("%s: Vega says %s", views[i].file, d.Messages[0])
		}
		if err := write(out, views[i].file, picture.Tidy(d.SVG)+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// speeds are those of the interfaces of the sample.
func speeds() []vega.Speed {
	all := make([]vega.Speed, 0, len(sample.Interfaces))
	for _, i := range sample.Interfaces {
		all = append(all, vega.Speed{Exporter: i.Exporter, Interface: strconv.FormatUint(uint64(i.Index), 10), BitsPerSecond: i.Speed})
	}
	return all
}

func write(folder, name, svg string) error {
	path := filepath.Join(folder, name)
	if err := os.WriteFile(path, []byte(svg), 0o644); err != nil {
		return err
	}
	_, err := fmt.Printf("%s (%d KiB)\n", path, len(svg)>>10)
	return err
}

func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
