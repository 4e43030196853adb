// Package picture draws whole dashboards of their definitions, with the answers of a real Elasticsearch: charts by Vega, everything else by itself. It
// shows what a dashboard says and where; Kibana's own drawing differs in style.
package picture

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/acctest/render"
	"github.com/flowstack/terraform-provider-flowstack/appliance/dashboards"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// Ask sends searches for documents of a kind to Elasticsearch, and returns the answers.
type Ask func(ctx context.Context, of *schema.Documents, requests map[string]json.RawMessage) (map[string]json.RawMessage, error)

// Sizes in pixels: those of Kibana's grid, on a screen that is 1400 wide.
const (
	column  = 29
	row     = 28
	gap     = 8
	header  = 26 // of a panel: its title
	margin  = 8
	caption = 64
)

// panel is one that is being drawn.
type panel struct {
	dashboards.Panel
	x, y, width, height int // of what is inside
	content             string
	chart               int // number of the job whose drawing it is; -1 where there is none
}

// Dashboard draws a view for the time range of a window as an SVG picture.
func Dashboard(ctx context.Context, r *render.Renderer, ask Ask, view dashboards.View, window dashboards.Window, options dashboards.Options) (string, error) {
	var jobs []render.Job
	var panels []panel
	bottom := 0
	for _, p := range view.Panels() {
		one := panel{
			Panel: p, x: margin + p.X*column, y: caption + p.Y*row, width: p.Width*column - gap - 16, height: p.Height*row - gap - header - 8, chart: -1,
		}
		content, job, err := one.draw(ctx, ask, window, options)
		if err != nil {
			return "", fmt.Errorf("%s: %s: %w", view.Name, p.Visual.About().Name, err)
		}
		if one.content = content; job != nil {
			one.chart = len(jobs)
			jobs = append(jobs, *job)
		}
		panels = append(panels, one)
		bottom = max(bottom, p.Y+p.Height)
	}
	drawings, err := r.Draw(ctx, jobs...)
	if err != nil {
		return "", err
	}
	for i, d := range drawings {
		if len(d.Messages) > 0 {
			return "", fmt.Errorf("%s: Vega says of chart %d: %s", view.Name, i, strings.Join(d.Messages, "; "))
		}
	}
	width, height := dashboards.Columns*column+2*margin-gap, caption+bottom*row+margin
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="%[1]d" height="%[2]d" viewBox="0 0 %[1]d %[2]d" font-family="Inter, 'Liberation Sans', Arial, sans-serif">`, width, height)
	fmt.Fprintf(&b, "\n<rect width=\"%d\" height=\"%d\" fill=\"#f5f7fa\"/>\n", width, height)
	b.WriteString(words(margin+4, 28, 20, 600, strong, view.Title))
	b.WriteString(words(margin+4, 48, 12, 400, weak, view.Description+" Invented traffic; drawn from the same queries; Kibana's own drawing differs in style."))
	for i, p := range panels {
		fmt.Fprintf(&b, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"5\" fill=\"#fff\" stroke=\"#d3dae6\"/>\n", p.x, p.y, p.Width*column-gap, p.Height*row-gap)
		b.WriteString(words(p.x+8, p.y+18, 13, 600, strong, cut(p.Visual.About().Title, p.width, 13)))
		fmt.Fprintf(&b, "<svg x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\">\n", p.x+8, p.y+header, p.width, p.height)
		if p.chart >= 0 {
			b.WriteString(inner(drawings[p.chart].SVG, fmt.Sprintf("p%d-", i)))
		}
		b.WriteString(p.content)
		b.WriteString("</svg>\n")
	}
	b.WriteString("</svg>\n")
	return Tidy(b.String()), nil
}

var (
	identifier = regexp.MustCompile(`(id="|url\(#|xlink:href="#)`)
	attribute  = regexp.MustCompile(`[a-z-]+="[^"]*"`)
	digits     = regexp.MustCompile(`(\d\.\d{2})\d+`)
	spoken     = regexp.MustCompile(` (aria-[a-z]+|role)="[^"]*"`)
)

// inner is a picture within another, whose identifiers are not those of its neighbours.
func inner(svg, prefix string) string {
	return identifier.ReplaceAllString(svg, "${1}"+prefix) + "\n"
}

// Tidy shortens a picture: numbers in attributes to what can be seen, and what is said of each mark to those who cannot see, which the text beside a
// picture replaces. Texts are left alone: addresses look like numbers.
func Tidy(svg string) string {
	return attribute.ReplaceAllStringFunc(spoken.ReplaceAllString(svg, ""), func(a string) string { return digits.ReplaceAllString(a, "$1") })
}

// draw makes the inside of a panel, or the job that does.
func (p panel) draw(ctx context.Context, ask Ask, window dashboards.Window, options dashboards.Options) (content string, job *render.Job, err error) {
	if v, is := p.Visual.(dashboards.Vega); is {
		spec := v.Spec(options)
		responses, err := ask(ctx, v.Documents(), spec.RequestsOf(window.From, window.To))
		return "", &render.Job{Spec: spec.JSON(), Responses: responses, Width: p.width, Height: p.height}, err
	}
	responses, err := ask(ctx, p.Visual.About().Documents(), p.Visual.Requests(window))
	if err != nil {
		return "", nil, err
	}
	response := responses[p.Visual.About().Name]
	switch v := p.Visual.(type) {
	case dashboards.Text:
		return p.markdown(v.Markdown(func(string) (string, bool) { return "#", true })), nil, nil
	case dashboards.Controls:
		return p.controls(v), nil, nil
	case dashboards.Documents:
		content, err = p.documents(v, response)
	case dashboards.Table:
		content, err = p.table(v.Query, response)
	case dashboards.Figures:
		content, err = p.figures(v.Query, response)
	case dashboards.Rate:
		content, err = p.rate(v, window, response)
	case dashboards.Donut:
		return p.donut(v, response)
	case dashboards.TimeSeries:
		return p.timeSeries(v, window, response)
	default:
		err = fmt.Errorf("no way to draw a %T", v)
	}
	return content, nil, err
}
