package render_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
	"github.com/flowstack/terraform-provider-flowstack/acctest/render"
	"github.com/flowstack/terraform-provider-flowstack/acctest/render/picture"
	"github.com/flowstack/terraform-provider-flowstack/acctest/render/sample"
	"github.com/flowstack/terraform-provider-flowstack/appliance/dashboards"
	"github.com/flowstack/terraform-provider-flowstack/appliance/dashboards/vega"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

const index = "flows"

var end = time.Date(2030, time.May, 17, 12, 0, 0, 0, time.UTC)

// studio is a real Elasticsearch with the flows of the sample, and what draws.
type studio struct {
	server   *acctest.Elasticsearch
	renderer *render.Renderer
	flows    []flow.Record
}

// TestVegaViews draws each Vega view with the answers of a real Elasticsearch, and compares what is drawn with what the flows add up to.
func TestVegaViews(t *testing.T) {
	s := open(t)
	t.Run("key order is not the order of bytes", s.keyOrder)
	t.Run("sankey", s.sankey)
	t.Run("sankey with what is unknown", s.unknown)
	t.Run("sankey whose levels were asked at different times", s.apart)
	t.Run("map", s.worldMap)
	t.Run("interfaces", s.interfaces)
	t.Run("nothing", s.nothing)
	t.Run("whole dashboard", s.dashboard)
}

func open(t *testing.T) *studio {
	t.Helper()
	s := &studio{flows: sample.Flows(end)}
	ctx, closing := t.Context(), context.WithoutCancel(t.Context())
	host, err := acctest.StartHost(ctx, acctest.HostOptions{Name: "render", Log: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := host.Stop(closing); err != nil {
			t.Error(err)
		}
	})
	if s.server, err = acctest.StartElasticsearch(ctx, acctest.ElasticsearchOptions{Host: host, Log: t.Logf}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.server.Close(closing); err != nil {
			t.Error(err)
		}
	})
	s.renderer, err = render.New(ctx, t.Logf)
	if err := errors.Join(err, render.Load(ctx, s.server, index, s.flows)); err != nil {
		t.Fatal(err)
	}
	return s
}

// draw asks what a view asks for a time range, and draws it. Nothing that Vega warns of is let pass.
func (s *studio) draw(t *testing.T, spec vega.Spec, from, to time.Time, clicks ...render.Click) (render.Drawing, render.Element) {
	t.Helper()
	if err := spec.Check(); err != nil {
		t.Fatal(err)
	}
	return s.drawOf(t, spec, s.ask(t, spec, from, to), clicks...)
}

// ask is what a view asks for a time range, answered.
func (s *studio) ask(t *testing.T, spec vega.Spec, from, to time.Time) map[string]json.RawMessage {
	t.Helper()
	responses, err := render.Ask(t.Context(), s.server, index, spec.RequestsOf(from, to))
	if err != nil {
		t.Fatal(err)
	}
	return responses
}

func (s *studio) drawOf(t *testing.T, spec vega.Spec, responses map[string]json.RawMessage, clicks ...render.Click) (render.Drawing, render.Element) {
	t.Helper()
	drawings, err := s.renderer.Draw(t.Context(), render.Job{Spec: spec.JSON(), Responses: responses, Width: 1000, Height: 500, Clicks: clicks})
	if err != nil {
		t.Fatal(err)
	}
	d := drawings[0]
	for _, m := range d.Messages {
		t.Errorf("Vega says %s", m)
	}
	root, err := d.Elements()
	if err != nil {
		t.Fatal(err)
	}
	return d, root
}

func (s *studio) whole(t *testing.T, spec vega.Spec, clicks ...render.Click) (render.Drawing, render.Element) {
	t.Helper()
	return s.draw(t, spec, end.Add(-sample.Span), end, clicks...)
}

// sums adds up the bytes of flows by a key; an empty one is left out.
func sums[K comparable](flows []flow.Record, key func(*flow.Record) (K, bool)) map[K]uint64 {
	all := map[K]uint64{}
	for i := range flows {
		if k, has := key(&flows[i]); has {
			all[k] += flows[i].Bytes
		}
	}
	return all
}

// greatest are the n keys with the most bytes.
func greatest(all map[string]uint64, n int) []string {
	keys := make([]string, 0, len(all))
	for k := range all {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int {
		if all[a] != all[b] {
			return map[bool]int{true: -1, false: 1}[all[a] > all[b]]
		}
		return strings.Compare(a, b)
	})
	return keys[:min(n, len(keys))]
}

func total(flows []flow.Record) (octets uint64) {
	for i := range flows {
		octets += flows[i].Bytes
	}
	return octets
}

// quantity is a number of something as the views say it.
func quantity(n float64, unit string) string {
	prefixes := []string{"", "k", "M", "G", "T"}
	i := 0
	for n >= 1000 {
		n, i = n/1000, i+1
	}
	digits := 2 - int(math.Floor(math.Log10(n)))
	text := strconv.FormatFloat(n, 'f', max(0, digits), 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text + " " + prefixes[i] + unit
}

// level is a column of a Sankey, and how a flow is found in it.
type level struct {
	vega.Level
	value func(*flow.Record) string
}

var levels = []level{
	{vega.Level{Field: "source.ip", Title: "Source"}, func(r *flow.Record) string { return r.Source.Addr.String() }},
	{vega.Level{Field: "network.application", Title: "Application", Size: 5}, func(r *flow.Record) string { return strings.Trim(string(r.Application), `"`) }},
	{vega.Level{Field: "destination.ip", Title: "Destination"}, func(r *flow.Record) string { return r.Destination.Addr.String() }},
}

// key is the value of a flow, which each has.
func (l level) key(r *flow.Record) (string, bool) { return l.value(r), true }

func spec(levels ...level) vega.Spec {
	of := make([]vega.Level, len(levels))
	for i, l := range levels {
		of[i] = l.Level
	}
	return vega.Sankey(index, of, vega.SankeyOptions{})
}

// keyOrder holds what the other tests take for granted: whoever takes the first thousand pairs in the order of their keys has none of the great ones.
func (s *studio) keyOrder(t *testing.T) {
	term := func(name string) any {
		return map[string]any{name: map[string]any{"terms": map[string]any{"field": name}}}
	}
	var answer struct {
		Aggregations struct {
			Pairs struct {
				Buckets []struct {
					Sum struct{ Value float64 }
				}
			}
		}
	}
	if err := s.server.Do(t.Context(), http.MethodPost, "/"+index+"/_search", map[string]any{"size": 0, "aggs": map[string]any{"pairs": map[string]any{
		"composite": map[string]any{"size": 1000, "sources": []any{term("source.ip"), term("destination.ip")}},
		"aggs":      map[string]any{"sum": map[string]any{"sum": map[string]any{"field": "network.bytes"}}},
	}}}, &answer); err != nil {
		t.Fatal(err)
	}
	var octets float64
	for _, b := range answer.Aggregations.Pairs.Buckets {
		octets += b.Sum.Value
	}
	if n := len(answer.Aggregations.Pairs.Buckets); n != 1000 || octets > 0.001*float64(total(s.flows)) {
		t.Errorf("the first %d pairs have %.0f of %d bytes", n, octets, total(s.flows))
	}
}

// expected are the nodes of each level, and the ribbons between levels, in bytes. "" is Other.
func (s *studio) expected(levels []level) (nodes []map[string]uint64, ribbons map[[3]string]uint64) {
	named := make([]map[string]bool, len(levels))
	for i, l := range levels {
		size := l.Size
		if size == 0 {
			size = 10
		}
		named[i] = map[string]bool{}
		for _, k := range greatest(sums(s.flows, func(r *flow.Record) (string, bool) { return l.value(r), true }), size) {
			named[i][k] = true
		}
	}
	node := func(i int, r *flow.Record) string {
		v := levels[i].value(r)
		switch {
		case !named[i][v]:
			return "Other"
		case v == "":
			return "unknown"
		}
		return v
	}
	ribbons = map[[3]string]uint64{}
	for i := range levels {
		nodes = append(nodes, sums(s.flows, func(r *flow.Record) (string, bool) { return node(i, r), true }))
		if i > 0 {
			for k, octets := range sums(s.flows, func(r *flow.Record) ([3]string, bool) {
				return [3]string{strconv.Itoa(i), node(i-1, r), node(i, r)}, true
			}) {
				ribbons[k] += octets
			}
		}
	}
	return nodes, ribbons
}

// compare holds a drawing against what the flows add up to: what is named, how much it is, and that lengths and widths are in proportion.
func (s *studio) compare(t *testing.T, root render.Element, levels []level) {
	t.Helper()
	nodes, ribbons := s.expected(levels)
	texts := root.Texts()
	drawn := root.Mark("node")
	bars := make([]float64, 0, len(drawn))
	for _, n := range drawn {
		bars = append(bars, height(t, n))
	}
	most := uint64(0)
	for _, level := range nodes {
		for _, octets := range level {
			most = max(most, octets)
		}
	}
	if len(bars) == 0 {
		t.Fatal("nothing is drawn")
	}
	perByte := slices.Max(bars) / float64(most)
	columns := make([]float64, 0, len(ribbons))
	var want []float64
	for i, level := range nodes {
		if !slices.Contains(texts, levels[i].Title) {
			t.Errorf("no title %q among %q", levels[i].Title, texts)
		}
		for label, octets := range level {
			if text := label + " · " + quantity(float64(octets), "B"); !slices.Contains(texts, text) {
				t.Errorf("no %q among %q", text, texts)
			}
			want = append(want, max(1, float64(octets)*perByte))
		}
	}
	alike(t, "heights of nodes", bars, want)
	widths := make([]float64, 0, len(ribbons))
	for _, r := range root.Mark("ribbon") {
		widths = append(widths, r.Number("stroke-width"))
	}
	for _, octets := range ribbons {
		columns = append(columns, max(0.5, float64(octets)*perByte))
	}
	alike(t, "widths of ribbons", widths, columns)
}

// height is that of a rectangle, which Vega draws as a path: M x,y h width v height h -width Z, or with round corners.
func height(t *testing.T, e render.Element) float64 {
	t.Helper()
	path := e.Attr("d")
	least, most := math.Inf(1), math.Inf(-1)
	// Bounds of a rectangle with rounded corners: its lines are absolute.
	for _, part := range strings.FieldsFunc(path, func(r rune) bool { return strings.ContainsRune("MLCAZ", r) }) {
		numbers := strings.Split(part, ",")
		y, err := strconv.ParseFloat(numbers[len(numbers)-1], 64)
		if err != nil {
			t.Fatalf("the path %q", path)
		}
		least, most = min(least, y), max(most, y)
	}
	return most - least
}

// alike compares numbers in any order: to a hundredth of a pixel and a thousandth of what they are.
func alike(t *testing.T, what string, got, want []float64) {
	t.Helper()
	slices.Sort(got)
	slices.Sort(want)
	if len(got) != len(want) {
		t.Errorf("%s: %d, not %d", what, len(got), len(want))
		return
	}
	for i := range want {
		if math.Abs(got[i]-want[i]) > 0.01+want[i]/1000 {
			t.Errorf("%s: %.3f, not %.3f", what, got[i], want[i])
		}
	}
}

func (s *studio) sankey(t *testing.T) {
	nodes, _ := s.expected(levels)
	first := map[int]string{}
	for i := range levels {
		first[i] = greatest(nodes[i], 1)[0]
	}
	d, root := s.whole(t, spec(levels...),
		render.Click{Mark: "node", Where: map[string]any{"level": 0, "label": first[0]}},
		render.Click{Mark: "node", Where: map[string]any{"level": 0, "label": "Other"}}, // is no filter
		render.Click{Mark: "ribbon", Where: map[string]any{"from": first[1], "to": first[2]}})
	s.compare(t, root, levels)
	if len(d.Filters) != 2 {
		t.Fatalf("the clicks asked for %v, not for two filters", d.Filters)
	}
	s.filters(t, d.Filters[0], nodes[0][first[0]])
	_, ribbons := s.expected(levels)
	s.filters(t, d.Filters[1], ribbons[[3]string{"2", first[1], first[2]}])
}

// filters sends the search of a filter to Elasticsearch: what it leaves adds up to what was clicked on.
func (s *studio) filters(t *testing.T, call render.Call, want uint64) {
	t.Helper()
	if call.Function != "kibanaAddFilter" || len(call.Arguments) != 3 || string(call.Arguments[1]) != strconv.Quote(index) {
		t.Fatalf("%s%s", call.Function, call.Arguments)
	}
	var answer struct {
		Aggregations struct{ Sum struct{ Value float64 } }
	}
	if err := s.server.Do(t.Context(), http.MethodPost, "/"+index+"/_search", map[string]any{
		"size": 0, "query": call.Arguments[0], "aggs": map[string]any{"sum": map[string]any{"sum": map[string]any{"field": "network.bytes"}}},
	}, &answer); err != nil {
		t.Fatal(err)
	}
	if got := answer.Aggregations.Sum.Value; got != float64(want) {
		t.Errorf("the filter %s leaves %.0f bytes, not %d", call.Arguments[0], got, want)
	}
}

// unknown is a Sankey whose flows do not all have what it is about.
func (s *studio) unknown(t *testing.T) {
	organization := func(of func(*flow.Record) *flow.Address) func(*flow.Record) string {
		return func(r *flow.Record) string {
			if of(r) == nil {
				return ""
			}
			var known struct {
				AS struct{ Organization struct{ Name string } }
			}
			if err := json.Unmarshal([]byte("{"+string(of(r).Members())+"}"), &known); err != nil {
				t.Fatal(err)
			}
			return known.AS.Organization.Name
		}
	}
	two := []level{
		{vega.Level{Field: "source.as.organization.name", Title: "From", Size: 20}, organization(func(r *flow.Record) *flow.Address { return r.Source.Known })},
		{vega.Level{Field: "destination.as.organization.name", Title: "To", Size: 3}, organization(func(r *flow.Record) *flow.Address { return r.Destination.Known })},
	}
	d, root := s.whole(t, spec(two...), render.Click{Mark: "node", Where: map[string]any{"level": 0, "label": "unknown"}})
	s.compare(t, root, two)
	nodes, _ := s.expected(two)
	if len(d.Filters) != 1 || nodes[0]["unknown"] == 0 {
		t.Fatalf("the click asked for %v; unknown are %d bytes", d.Filters, nodes[0]["unknown"])
	}
	s.filters(t, d.Filters[0], nodes[0]["unknown"])
}

// apart is a Sankey one of whose levels was asked before the first flow was there: what would end in it is left out.
func (s *studio) apart(t *testing.T) {
	of := spec(levels...)
	from := end.Add(-sample.Span)
	responses := s.ask(t, of, from, end)
	responses["level2"] = s.ask(t, of, from.Add(-time.Hour), from.Add(-time.Minute))["level2"]
	_, root := s.drawOf(t, of, responses)
	ribbons := root.Mark("ribbon")
	for _, r := range ribbons {
		if path := r.Attr("d"); path == "" || strings.Contains(path, "NaN") || strings.Contains(path, "undefined") {
			t.Errorf("a ribbon goes along %q", path)
		}
	}
	_, all := s.expected(levels)
	want := 0
	for r := range all {
		if r[0] == "1" {
			want++
		}
	}
	if len(ribbons) != want || want == 0 {
		t.Errorf("%d ribbons, not the %d between the levels that are there", len(ribbons), want)
	}

	// The whole is newer than a level that names all of its values: what came between them is no Other of that level.
	of = spec(level{Level: vega.Level{Field: "network.transport", Title: "Protocol"}}, level{Level: vega.Level{Field: "destination.ip", Title: "To"}})
	newer := s.ask(t, of, from, end)
	responses = s.ask(t, of, from, end.Add(-sample.Span/2))
	responses["level1"] = newer["level1"]
	_, root = s.drawOf(t, of, responses)
	others := 0
	for _, text := range root.Texts() {
		if strings.HasPrefix(text, "Other · ") {
			others++
		}
	}
	if others != 1 {
		t.Errorf("%d levels have Other, not the second one alone: %q", others, root.Texts())
	}
}

// place is what is known of where an address is.
func place(a *flow.Address) (country, city string) {
	if a == nil {
		return "", ""
	}
	var known struct {
		Geo struct {
			Country string `json:"country_iso_code"`
			City    string `json:"city_name"`
		}
	}
	if err := json.Unmarshal([]byte("{"+string(a.Members())+"}"), &known); err != nil {
		return "", ""
	}
	return known.Geo.Country, known.Geo.City
}

func (s *studio) worldMap(t *testing.T) {
	view := vega.WorldMap(index, vega.MapOptions{})
	check := func(t *testing.T, root render.Element, side func(*flow.Record) *flow.Address) map[string]uint64 {
		t.Helper()
		countries := sums(s.flows, func(r *flow.Record) (string, bool) { c, _ := place(side(r)); return c, c != "" })
		cities := sums(s.flows, func(r *flow.Record) (string, bool) { _, c := place(side(r)); return c, c != "" })
		if got := len(root.Mark("city")); got != len(cities) {
			t.Errorf("%d cities, not %d", got, len(cities))
		}
		colored := 0
		for _, c := range root.Mark("country") {
			if c.Attr("fill") == "#0072b2" {
				colored++
			}
		}
		if want := len(countries) - 1; colored != want { // Singapore has no shape at this scale
			t.Errorf("%d countries with traffic, not %d", colored, want)
		}
		if got := len(root.Mark("country")); got < 170 {
			t.Errorf("the world has %d countries", got)
		}
		located := uint64(0)
		for _, octets := range countries {
			located += octets
		}
		said := fmt.Sprintf("%s by country, %s of it in countries too small to be drawn; %s without a country",
			quantity(float64(located), "B"), quantity(float64(countries["SG"]), "B"), quantity(float64(total(s.flows)-located), "B"))
		if texts := root.Texts(); located < total(s.flows) && !slices.Contains(texts, said) {
			t.Errorf("no %q among %q", said, texts)
		}
		return countries
	}
	from := func(r *flow.Record) *flow.Address { return r.Source.Known }
	d, root := s.whole(t, view, render.Click{Mark: "country", Where: map[string]any{"id": "US"}}, render.Click{Mark: "city", Where: map[string]any{"city": "San Jose"}})
	countries := check(t, root, from)
	texts := root.Texts()
	for i, name := range []string{"Germany", "United States of America", "Austria"} {
		code := greatest(countries, 3)[i]
		if text := name + " · " + quantity(float64(countries[code]), "B"); !slices.Contains(texts, text) {
			t.Errorf("no %q among %q", text, texts)
		}
	}
	if len(d.Filters) != 2 {
		t.Fatalf("the clicks asked for %v", d.Filters)
	}
	s.filters(t, d.Filters[0], countries["US"])
	s.filters(t, d.Filters[1], sums(s.flows, func(r *flow.Record) (string, bool) { _, c := place(from(r)); return c, true })["San Jose"])

	d, root = s.whole(t, view, render.Click{Mark: "choice", Where: map[string]any{"side": "destination"}}, render.Click{Mark: "country", Where: map[string]any{"id": "JP"}})
	to := check(t, root, func(r *flow.Record) *flow.Address { return r.Destination.Known })
	if len(d.Filters) != 1 {
		t.Fatalf("the clicks asked for %v", d.Filters)
	}
	s.filters(t, d.Filters[0], to["JP"])
}

func (s *studio) interfaces(t *testing.T) {
	speeds := make([]vega.Speed, 0, len(sample.Interfaces))
	for _, i := range sample.Interfaces {
		speeds = append(speeds, vega.Speed{Exporter: i.Exporter, Interface: strconv.FormatUint(uint64(i.Index), 10), BitsPerSecond: i.Speed})
	}
	first := sample.Interfaces[0]
	d, root := s.whole(t, vega.InterfaceUtilisation(index, vega.InterfaceOptions{Speeds: speeds}), render.Click{Mark: "interface", Where: map[string]any{"exporter": first.Exporter, "interface": "1"}})
	texts := strings.Join(root.Texts(), "\n")
	begin := end.Add(-sample.Span)
	for _, i := range sample.Interfaces {
		peak := func(passes func(*flow.Record) bool) float64 {
			most := uint64(0)
			for _, octets := range sums(s.flows, func(r *flow.Record) (int, bool) {
				step := int(time.Unix(0, r.Timestamp).Sub(begin) / sample.Step)
				return step, passes(r) && r.Exporter.String() == i.Exporter
			}) {
				most = max(most, octets)
			}
			return float64(most) * 8 / sample.Step.Seconds()
		}
		in, out := peak(func(r *flow.Record) bool { return r.Input == i.Index }), peak(func(r *flow.Record) bool { return r.Output == i.Index })
		for _, want := range []string{
			i.Name + " of " + i.Exporter, "peak in " + quantity(in, "bit/s") + " (", "out " + quantity(out, "bit/s") + " (", " of " + quantity(float64(i.Speed), "bit/s"),
		} {
			if !strings.Contains(texts, want) {
				t.Errorf("%s: no %q in\n%s", i.Name, want, texts)
			}
		}
	}
	near := 0
	for _, line := range append(root.Mark("inSpeed"), root.Mark("outSpeed")...) {
		if line.Attr("opacity") != "0" {
			near++
		}
	}
	if near != 3 { // the two to the internet in, the laboratory's out
		t.Errorf("%d lines of speeds, not 3", near)
	}
	if len(d.Filters) != 1 {
		t.Fatalf("the click asked for %v", d.Filters)
	}
	passing := sums(s.flows, func(r *flow.Record) (bool, bool) {
		return r.Exporter.String() == first.Exporter && (r.Input == first.Index || r.Output == first.Index), true
	})
	s.filters(t, d.Filters[0], passing[true])
}

// nothing is a time range without flows: the views say so.
func (s *studio) nothing(t *testing.T) {
	for name, view := range map[string]vega.Spec{
		"sankey": spec(levels...), "map": vega.WorldMap(index, vega.MapOptions{}), "interfaces": vega.InterfaceUtilisation(index, vega.InterfaceOptions{}),
	} {
		_, root := s.draw(t, view, end.Add(24*time.Hour), end.Add(25*time.Hour))
		if texts := strings.Join(root.Texts(), "\n"); !strings.Contains(texts, "No flows in this time range.") || strings.Contains(texts, " · ") {
			t.Errorf("%s says %q", name, texts)
		}
		if n := len(root.Mark("ribbon")) + len(root.Mark("city")); n != 0 {
			t.Errorf("%s draws %d marks", name, n)
		}
	}
}

// dashboard is the picture of a whole one: it says the sums that its queries ask for, and addresses as they are.
func (s *studio) dashboard(t *testing.T) {
	views := dashboards.Views()
	at := slices.IndexFunc(views, func(v dashboards.View) bool { return v.Name == "overview" })
	svg, err := picture.Dashboard(t.Context(), s.renderer, func(ctx context.Context, _ *schema.Documents, requests map[string]json.RawMessage) (map[string]json.RawMessage, error) {
		return render.Ask(ctx, s.server, index, requests)
	}, views[at], dashboards.Window{From: end.Add(-sample.Span), To: end}, dashboards.Options{Index: index})
	if err != nil {
		t.Fatal(err)
	}
	root, err := render.Drawing{SVG: svg}.Elements()
	if err != nil {
		t.Fatal(err)
	}
	texts := root.Texts()
	sources := sums(s.flows, levels[0].key)
	first := greatest(sources, 1)[0]
	for _, want := range []string{
		views[at].Title, first, strconv.FormatFloat(float64(total(s.flows))/1e9, 'f', 1, 64) + " GB", strconv.FormatFloat(float64(sources[first])/1e9, 'f', 1, 64) + " GB",
	} {
		if !slices.Contains(texts, want) {
			t.Errorf("no %q among %q", want, texts)
		}
	}
	for _, p := range views[at].Panels() {
		if title := p.Visual.About().Title; !slices.Contains(texts, title) {
			t.Errorf("no panel %q", title)
		}
	}
}
