package vega_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/appliance/dashboards/vega"
)

// specs are one of each, with all their options.
func specs() map[string]vega.Spec {
	return map[string]vega.Spec{
		"sankey of two": vega.Sankey("flows", []vega.Level{{Field: "source.as.number", Title: "From"}, {Field: "destination.as.number", Title: "To", Size: 20}}, vega.SankeyOptions{
			Field: "network.packets", Unit: vega.Packets, Empty: "It's empty.",
		}),
		"sankey of four": vega.Sankey("flows", []vega.Level{
			{Field: "source.ip", Title: "Source"},
			{Field: "network.application", Title: "Application"},
			{Field: "destination.ip", Title: "Destination"},
			{Field: "destination.geo.country_iso_code", Title: "Country"},
		}, vega.SankeyOptions{}),
		"map":        vega.WorldMap("flows", vega.MapOptions{}),
		"interfaces": vega.InterfaceUtilisation("flows", vega.InterfaceOptions{Speeds: []vega.Speed{{Exporter: "192.0.2.1", Interface: "1", BitsPerSecond: 1e9}}}),
	}
}

func TestSpecsAreAsKibanaTakesThem(t *testing.T) {
	again := specs()
	for name, spec := range specs() {
		t.Run(name, func(t *testing.T) {
			if err := spec.Check(); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(spec.JSON(), again[name].JSON()) {
				t.Error("the same options make another specification")
			}
			var read struct {
				Schema string `json:"$schema"`
				Width  any    `json:"width"`
				Data   []struct {
					Name string
					URL  map[string]any
				}
			}
			if err := json.Unmarshal(spec.JSON(), &read); err != nil {
				t.Fatal(err)
			}
			if read.Schema != "https://vega.github.io/schema/vega/v5.json" || read.Width != nil {
				t.Errorf("schema %q, width %v: Kibana sets the width, and warns of one", read.Schema, read.Width)
			}
			asked := 0
			for _, d := range read.Data {
				if d.URL == nil {
					continue
				}
				asked++
				body, _ := d.URL["body"].(map[string]any)
				if d.URL["%context%"] != true || d.URL["%timefield%"] != "@timestamp" || d.URL["index"] != "flows" {
					t.Errorf("data %s: %v", d.Name, d.URL)
				}
				if body == nil || body["query"] != nil {
					t.Errorf("data %s: Kibana refuses a query together with its own", d.Name)
				}
			}
			if asked != len(spec.Requests()) || asked == 0 {
				t.Errorf("%d searches in the specification, %d as requests", asked, len(spec.Requests()))
			}
			if size := len(spec.JSON()); size > 120_000 {
				t.Errorf("%d bytes are too many for a saved object that is read with each dashboard", size)
			}
		})
	}
}

var dataInExpression = regexp.MustCompile(`data\('([^']*)'\)`)

// TestDataAreThere: Vega takes data that nobody declares for empty, without a word.
func TestDataAreThere(t *testing.T) {
	for name, spec := range specs() {
		var whole any
		if err := json.Unmarshal(spec.JSON(), &whole); err != nil {
			t.Fatal(err)
		}
		declared, used := map[string]bool{}, map[string]bool{}
		var walk func(key string, value any)
		walk = func(key string, value any) {
			switch v := value.(type) {
			case map[string]any:
				if list, ok := v["data"].([]any); ok {
					for _, one := range list {
						if named, ok := one.(map[string]any)["name"].(string); ok {
							declared[named] = true
						}
					}
				}
				if facet, ok := v["facet"].(map[string]any); ok {
					declared[fmt.Sprint(facet["name"])] = true
				}
				for inner, of := range v {
					walk(inner, of)
				}
			case []any:
				for _, of := range v {
					walk(key, of)
				}
			case string:
				if key == "source" || key == "data" {
					used[v] = true
				}
				for _, found := range dataInExpression.FindAllStringSubmatch(v, -1) {
					used[found[1]] = true
				}
			}
		}
		walk("", whole)
		for of := range used {
			if !declared[of] {
				t.Errorf("%s: nobody declares the data %s", name, of)
			}
		}
		if len(used) == 0 {
			t.Errorf("%s uses no data", name)
		}
	}
}

func TestRequestsAreBoundedAndCanBeSent(t *testing.T) {
	for name, spec := range specs() {
		for data, body := range spec.Requests() {
			if strings.Contains(string(body), "%") {
				t.Errorf("%s, %s has a token of Kibana's: %s", name, data, body)
			}
			var request struct {
				Size *int
				Aggs map[string]json.RawMessage
			}
			if err := json.Unmarshal(body, &request); err != nil {
				t.Fatal(err)
			}
			if request.Size == nil || *request.Size != 0 {
				t.Errorf("%s, %s asks for documents", name, data)
			}
			buckets := 0
			for aggregation, text := range request.Aggs {
				n := bound(t, text)
				if n < 0 {
					t.Errorf("%s, %s: %s has no bound", name, data, aggregation)
				}
				buckets += n
			}
			if most := 5000; buckets > most {
				t.Errorf("%s, %s asks for up to %d innermost buckets, more than %d", name, data, buckets, most)
			}
		}
	}
}

// bound is how many innermost buckets an aggregation has at most; -1 when nothing says so.
func bound(t *testing.T, text json.RawMessage) int {
	t.Helper()
	var a struct {
		Aggs          map[string]json.RawMessage
		Terms         *struct{ Size int }
		DateHistogram map[string]any `json:"date_histogram"`
	}
	if err := json.Unmarshal(text, &a); err != nil {
		t.Fatal(err)
	}
	own := 1
	if a.Terms != nil {
		own = a.Terms.Size
		if own == 0 {
			return -1
		}
	}
	if a.DateHistogram != nil {
		if a.DateHistogram["fixed_interval"] != "60000ms" { // of an hour
			return -1
		}
		own = 61
	}
	inner := 0
	for _, text := range a.Aggs {
		n := bound(t, text)
		if n < 0 {
			return -1
		}
		inner = max(inner, n)
	}
	return own * max(1, inner)
}

func TestTokensAreReplaced(t *testing.T) {
	from := time.Date(2030, 5, 17, 6, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		span     time.Duration
		interval string
	}{{15 * time.Minute, "30000ms"}, {time.Hour, "60000ms"}, {6 * time.Hour, "300000ms"}, {24 * time.Hour, "1800000ms"}, {30 * 24 * time.Hour, "43200000ms"}} {
		body := string(specs()["interfaces"].RequestsOf(from, from.Add(c.span))["inAnswer"])
		if !strings.Contains(body, `"fixed_interval":"`+c.interval+`"`) {
			t.Errorf("%s: no interval %s in %s", c.span, c.interval, body)
		}
		for _, want := range []string{
			fmt.Sprintf(`"extended_bounds":{"max":%d,"min":%d}`, from.Add(c.span).UnixMilli(), from.UnixMilli()), `"gte":"2030-05-17T06:00:00.000Z"`,
		} {
			if !strings.Contains(body, want) {
				t.Errorf("%s: no %s in %s", c.span, want, body)
			}
		}
		if strings.Contains(body, "%") {
			t.Errorf("%s: a token is left in %s", c.span, body)
		}
	}
}

func TestWhatIsWrongIsSaid(t *testing.T) {
	level := func(fields ...string) []vega.Level {
		levels := make([]vega.Level, len(fields))
		for i, f := range fields {
			levels[i] = vega.Level{Field: f, Title: f}
		}
		return levels
	}
	for want, spec := range map[string]vega.Spec{
		"two to four levels, not 1":                     vega.Sankey("flows", level("source.ip"), vega.SankeyOptions{}),
		"two to four levels, not 5":                     vega.Sankey("flows", level("source.ip", "source.port", "source.mac", "destination.ip", "destination.mac"), vega.SankeyOptions{}),
		"field source.name: documents of flows have no": vega.Sankey("flows", level("source.name", "destination.ip"), vega.SankeyOptions{}),
		"network.bytes cannot be searched":              vega.Sankey("flows", level("source.ip", "network.bytes"), vega.SankeyOptions{}),
		"source.ip cannot be summed up":                 vega.Sankey("flows", level("source.ip", "destination.ip"), vega.SankeyOptions{Field: "source.ip"}),
		"has no title":                                  vega.Sankey("flows", []vega.Level{{Field: "source.ip"}, {Field: "destination.ip", Title: "To"}}, vega.SankeyOptions{}),
		"up to 50 values, not 51":                       vega.Sankey("flows", []vega.Level{{Field: "source.ip", Title: "From", Size: 51}, {Field: "destination.ip", Title: "To"}}, vega.SankeyOptions{}),
		"up to 500 cities, not 501":                     vega.WorldMap("flows", vega.MapOptions{Cities: 501}),
		"up to 12 interfaces":                           vega.InterfaceUtilisation("flows", vega.InterfaceOptions{Size: 13}),
	} {
		if err := spec.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, which says nothing of %q", err, want)
		}
	}
}
