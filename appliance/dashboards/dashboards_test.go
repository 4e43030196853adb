package dashboards_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/appliance/dashboards"
	"github.com/flowstack/terraform-provider-flowstack/appliance/kibana"
)

func build(t *testing.T, o dashboards.Options) []kibana.Object {
	t.Helper()
	objects, err := dashboards.Build(o)
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

// TestObjects holds the form of saved objects of Kibana 7.14 to 7.17: attributes that are JSON as a text, the versions they are in, references that lead to an
// object of the set, panels that have a reference and do not overlap.
func TestObjects(t *testing.T) {
	objects := build(t, dashboards.Options{})
	if needs := kibana.Needs(objects); len(needs) > 0 {
		t.Errorf("references that lead out: %v", needs)
	}
	versions := map[string]string{"index-pattern": "7.11.0", "visualization": "7.14.0", "dashboard": "7.14.0", "search": "7.9.3"}
	texts := map[string][]string{"index-pattern": {"fields", "fieldFormatMap", "fieldAttrs", "runtimeFieldMap", "typeMeta"}, "visualization": {"visState", "uiStateJSON"}, "dashboard": {"panelsJSON", "optionsJSON"}}
	kinds := map[string]int{}
	seen := map[kibana.ObjectID]bool{}
	for _, o := range objects {
		kinds[o.Type]++
		if seen[o.Name()] {
			t.Errorf("%s: twice", o.Name())
		}
		seen[o.Name()] = true
		if got := o.MigrationVersion; len(got) != 1 || got[o.Type] != versions[o.Type] || got[o.Type] == "" {
			t.Errorf("%s: migrationVersion %v", o.Name(), got)
		}
		if o.Title() == "" {
			t.Errorf("%s has no title", o.Name())
		}
		for _, name := range texts[o.Type] {
			asText(t, o, o.Attributes[name], name, new(any))
		}
		names := map[string]bool{}
		for _, r := range o.References {
			if names[r.Name] {
				t.Errorf("%s: two references %s", o.Name(), r.Name)
			}
			names[r.Name] = true
		}
		content := string(encode(t, o.Attributes))
		for _, key := range []string{"indexRefName", "panelRefName", "indexPatternRefName"} {
			for name := range named(t, o.Attributes, key) {
				if key == "panelRefName" {
					name = strings.TrimPrefix(name, "panel_") + ":" + name
				}
				if !names[name] {
					t.Errorf("%s: %s %q without a reference", o.Name(), key, name)
				}
				delete(names, name)
			}
		}
		for name := range names {
			if !strings.Contains(name, ":drilldown:") || !strings.Contains(content, strings.Split(name, ":")[3]) {
				t.Errorf("%s: nothing uses the reference %s", o.Name(), name)
			}
		}
		if o.Type != "index-pattern" {
			meta, _ := o.Attributes["kibanaSavedObjectMeta"].(map[string]any)
			asText(t, o, meta["searchSourceJSON"], "searchSourceJSON", new(any))
		}
		if o.Type == "dashboard" {
			panels(t, o)
		}
	}
	if kinds["dashboard"] != len(dashboards.Names()) || kinds["index-pattern"] != 2 || kinds["search"] != 1 || kinds["visualization"] < 50 {
		t.Errorf("%v", kinds)
	}
}

func asText(t *testing.T, o kibana.Object, value any, name string, into any) {
	t.Helper()
	text, ok := value.(string)
	if !ok {
		t.Fatalf("%s: %s is %T, not a text", o.Name(), name, value)
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Errorf("%s: %s: %v", o.Name(), name, err)
	}
}

func encode(t *testing.T, value any) []byte {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// named are the values that a key has anywhere inside, in JSON as a text too.
func named(t *testing.T, value any, key string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	var walk func(value any)
	walk = func(value any) {
		switch value := value.(type) {
		case map[string]any:
			for k, v := range value {
				if name, ok := v.(string); ok && k == key {
					found[name] = true
				}
				walk(v)
			}
		case []any:
			for _, v := range value {
				walk(v)
			}
		case string:
			var inside any
			if strings.HasPrefix(value, "{") || strings.HasPrefix(value, "[") {
				if json.Unmarshal([]byte(value), &inside) == nil {
					walk(inside)
				}
			}
		}
	}
	walk(value)
	return found
}

func panels(t *testing.T, o kibana.Object) {
	t.Helper()
	var panels []struct {
		Version, Type, PanelIndex, PanelRefName string
		GridData                                struct {
			X, Y, W, H int
			I          string
		}
	}
	asText(t, o, o.Attributes["panelsJSON"], "panelsJSON", &panels)
	taken := map[[2]int]string{}
	for _, p := range panels {
		at := slices.IndexFunc(o.References, func(r kibana.Reference) bool { return r.Name == p.PanelIndex+":"+p.PanelRefName })
		if at < 0 || o.References[at].Type != p.Type || p.GridData.I != p.PanelIndex || p.Version != "7.14.0" {
			t.Errorf("%s: %+v", o.Name(), p)
		}
		if g := p.GridData; g.X < 0 || g.W < 1 || g.H < 1 || g.X+g.W > dashboards.Columns {
			t.Errorf("%s: panel %s is beside the dashboard: %+v", o.Name(), p.PanelIndex, g)
		}
		for x := range p.GridData.W {
			for y := range p.GridData.H {
				cell := [2]int{p.GridData.X + x, p.GridData.Y + y}
				if taken[cell] != "" {
					t.Fatalf("%s: panels %s and %s overlap", o.Name(), taken[cell], p.PanelIndex)
				}
				taken[cell] = p.PanelIndex
			}
		}
	}
}

// TestBounds walks all searches of all views: none returns more than it has to.
func TestBounds(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, span := range []time.Duration{time.Minute, time.Hour, 24 * time.Hour, 30 * 24 * time.Hour, 2 * 365 * 24 * time.Hour, 90 * 365 * 24 * time.Hour} {
		window := dashboards.Window{From: now.Add(-span), To: now}
		if bars := span / window.Interval(); bars > dashboards.MaxBars {
			t.Errorf("%s has %d bars", span, bars)
		}
		for _, view := range dashboards.Views() {
			for _, panel := range view.Panels() {
				values := dashboards.MaxTerms
				if _, drawn := panel.Visual.(dashboards.Vega); drawn {
					values = dashboards.MaxDrawn
				}
				for name, body := range panel.Visual.Requests(window) {
					var search struct {
						Size  *int           `json:"size"`
						Aggs  map[string]any `json:"aggs"`
						Query map[string]any `json:"query"`
					}
					if err := json.Unmarshal(body, &search); err != nil {
						t.Fatalf("%s: %v", name, err)
					}
					if search.Size == nil || *search.Size > dashboards.MaxTerms || search.Query == nil {
						t.Errorf("%s: size %v, query %v", name, search.Size, search.Query)
					}
					if n := bucketsOf(t, name, search.Aggs, span, values); n > dashboards.MaxBuckets {
						t.Errorf("%s: up to %d buckets", name, n)
					}
				}
			}
		}
	}
}

// bucketsOf are how many buckets aggregations can have, the innermost ones. A field may have so many values.
func bucketsOf(t *testing.T, request string, aggregations map[string]any, span time.Duration, values int) int {
	t.Helper()
	most := 1
	for name, value := range aggregations {
		aggregation, _ := value.(map[string]any)
		inner, _ := aggregation["aggs"].(map[string]any)
		own := 0
		for kind, value := range aggregation {
			parameters, _ := value.(map[string]any)
			switch kind {
			case "terms", "multi_terms", "geotile_grid", "geohash_grid":
				size, _ := parameters["size"].(float64)
				if own = int(size); own < 1 || own > values {
					t.Errorf("%s: %s asks for %d values", request, name, own)
				}
			case "filters":
				filters, _ := parameters["filters"].(map[string]any)
				own = len(filters)
			case "date_histogram":
				interval, err := time.ParseDuration(fmt.Sprint(parameters["fixed_interval"]))
				if err != nil {
					t.Fatalf("%s: %v", request, err)
				}
				own = int(span/interval) + 1
			case "auto_date_histogram":
				size, _ := parameters["buckets"].(float64)
				own = int(size)
			case "composite", "histogram", "significant_terms", "rare_terms":
				t.Errorf("%s: %s is a %s, whose buckets have no bound here", request, name, kind)
			}
		}
		most = max(most, max(own, 1)*bucketsOf(t, request, inner, span, values))
	}
	return most
}

// TestOrder compares the search of a query with what Kibana is told of it: the direction, and how many values each shard says.
func TestOrder(t *testing.T) {
	orders := map[string]string{"new-ports": "desc 10000", "new-source-countries": "desc 10000", "new-destination-countries": "desc 10000", "last-seen": "asc 10000", "scans-ports": "desc"}
	found := 0
	objects := build(t, dashboards.Options{})
	for _, view := range dashboards.Views() {
		for _, panel := range view.Panels() {
			name := panel.Visual.About().Name
			want, there := orders[name]
			if !there {
				continue
			}
			found++
			var search struct {
				Aggs map[string]struct {
					Terms struct {
						Order     map[string]string
						ShardSize int `json:"shard_size"`
					}
				}
			}
			if err := json.Unmarshal(panel.Visual.Requests(dashboards.Window{})[name], &search); err != nil {
				t.Fatal(err)
			}
			for _, aggregation := range search.Aggs {
				if got := orderText(aggregation.Terms.Order["1"], aggregation.Terms.ShardSize); got != want {
					t.Errorf("%s asks for %s, not %s", name, got, want)
				}
			}
			at := slices.IndexFunc(objects, func(o kibana.Object) bool { return o.Type == "visualization" && o.ID == "flows-"+name })
			if at < 0 {
				t.Fatalf("%s is not among the objects", name)
			}
			var state struct {
				Aggs []struct {
					Type   string
					Params struct{ Order, JSON string }
				}
			}
			asText(t, objects[at], objects[at].Attributes["visState"], "visState", &state)
			for _, aggregation := range state.Aggs {
				if aggregation.Type != "terms" {
					continue
				}
				var added struct {
					ShardSize int `json:"shard_size"`
				}
				if text := aggregation.Params.JSON; text != "" {
					asText(t, objects[at], text, "json", &added)
				}
				if got := orderText(aggregation.Params.Order, added.ShardSize); got != want {
					t.Errorf("Kibana asks for %s of %s, not %s", got, name, want)
				}
			}
		}
	}
	if found != len(orders) {
		t.Errorf("%d of %d are in views", found, len(orders))
	}
}

func orderText(direction string, shardSize int) string {
	if shardSize == 0 {
		return direction
	}
	return fmt.Sprintf("%s %d", direction, shardSize)
}

func TestSameOptionsSameObjects(t *testing.T) {
	title := "Site: "
	options := dashboards.Options{Prefix: "site", Index: "flows-*", Title: &title, Deduplicate: dashboards.DeduplicateIngress}
	first, second := dashboards.NDJSON(build(t, options)), dashboards.NDJSON(build(t, options))
	if !bytes.Equal(first, second) {
		t.Error("two runs make different objects")
	}
	read, err := kibana.ReadObjects(first)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range read {
		if !strings.HasPrefix(o.ID, "site-") {
			t.Errorf("%s", o.Name())
		}
		if o.Type == "dashboard" && !strings.HasPrefix(o.Title(), "Site: ") {
			t.Errorf("%s: %s", o.Name(), o.Title())
		}
		if o.Type == "dashboard" && !strings.Contains(string(o.Raw), `\"disabled\":false`) {
			t.Errorf("%s: the filter that counts packets once is not on", o.Name())
		}
	}
	if strings.Contains(string(dashboards.NDJSON(build(t, dashboards.Options{}))), `\"disabled\":false`) {
		t.Error("without deduplicate a filter is on")
	}
	if !strings.Contains(string(first), `\"index_pattern\":\"flows-*\"`) || !strings.Contains(string(first), `"title":"flows-*"`) {
		t.Error("the pattern of the indices is not in the objects")
	}
}

func TestSomeViews(t *testing.T) {
	objects := build(t, dashboards.Options{Views: []string{"top", "details"}})
	var titles []string
	for _, o := range objects {
		if o.Type == "dashboard" {
			titles = append(titles, o.ID)
		}
	}
	if !slices.Equal(titles, []string{"flows-top", "flows-details"}) {
		t.Errorf("%q", titles)
	}
	if needs := kibana.Needs(objects); len(needs) > 0 {
		t.Errorf("references that lead out: %v", needs)
	}
	if content := string(dashboards.NDJSON(objects)); strings.Contains(content, "health-index-pattern") {
		t.Error("there is an index pattern of documents that no view is about")
	}
	if content := string(dashboards.NDJSON(build(t, dashboards.Options{Views: []string{"health"}, HealthIndex: "lab-health"}))); !strings.Contains(content, `\"index_pattern\":\"lab-health\"`) || !strings.Contains(content, `"title":"lab-health"`) {
		t.Error("the index of health is not in the objects")
	}
	if content := string(dashboards.NDJSON(objects)); strings.Contains(content, "#/view/flows-overview") || !strings.Contains(content, "#/view/flows-details") {
		t.Error("the links are not to the views that there are")
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, c := range []struct {
		options dashboards.Options
		wrong   string
	}{
		{dashboards.Options{Deduplicate: "both"}, `deduplicate is none, ingress or egress, not "both"`},
		{dashboards.Options{Index: "Flows"}, `"Flows" is no name of an index`},
		{dashboards.Options{Index: `x","y`}, "is no name of an index"},
		{dashboards.Options{HealthIndex: "Health"}, `"Health" is no name of an index`},
		{dashboards.Options{Speeds: []dashboards.Speed{{Exporter: "edge", Interface: "1", BitsPerSecond: 1}}}, `"edge" is no address of an exporter`},
		{dashboards.Options{Speeds: []dashboards.Speed{{Exporter: "192.0.2.1", Interface: "eth0", BitsPerSecond: 1}}}, `"eth0" is no ifIndex of an interface of 192.0.2.1`},
		{dashboards.Options{Speeds: []dashboards.Speed{{Exporter: "192.0.2.1", Interface: "1"}}}, "interface 1 of 192.0.2.1 has the speed 0"},
		{dashboards.Options{Speeds: slices.Repeat([]dashboards.Speed{{Exporter: "192.0.2.1", Interface: "1", BitsPerSecond: 1}}, 2)}, "is there twice"},
		{dashboards.Options{Views: []string{"overview", "none"}}, `there is no view "none"; there are overview, top, flows`},
	} {
		if _, err := dashboards.Build(c.options); err == nil || !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%+v: %v", c.options, err)
		}
	}
}
