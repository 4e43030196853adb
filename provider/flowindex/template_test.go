package flowindex

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
	"github.com/flowstack/terraform-provider-flowstack/provider/elasticresource"
)

func TestInnerFacts(t *testing.T) {
	const template = `{
		"settings": {"index": {"codec": "x", "sort": {"field": ["f", "g"]}}, "number_of_shards": "2"},
		"mappings": {"dynamic": "false", "_source": {"enabled": true}, "_data_stream_timestamp": {"enabled": true}, "properties": {
			"plain": {"type": "ip"},
			"object": {"properties": {"inner": {"type": "keyword", "index": false, "fields": {"raw": {"type": "text"}}}}}
		}},
		"aliases": {"name": {"is_write_index": true}}
	}`
	var body map[string]any
	if err := json.Unmarshal([]byte(template), &body); err != nil {
		t.Fatal(err)
	}
	want := host.Facts{
		"setting index.codec":                 "x",
		"setting index.sort.field":            "f, g",
		"setting index.number_of_shards":      "2",
		"mapping dynamic":                     "false",
		"mapping source.enabled":              "true",
		"field plain":                         "ip",
		"field object.inner":                  "keyword",
		"field object.inner: index":           "false",
		"field object.inner: fields.raw.type": "text",
		"alias.name.is_write_index":           "true",
	}
	found := host.Facts{}
	innerFacts(found, body)
	if diff := cmp.Diff(want, found); diff != "" {
		t.Error(diff)
	}
}

// TestFactsNameEveryField: whatever the profile of the documents, its fields are mapped.
func TestFactsNameEveryField(t *testing.T) {
	for target := range words {
		d := spec{name: "flows", documents: schema.Flows, target: target, lifecycle: &lifecycle{}}.wanted()
		got := facts(d)
		for _, field := range schema.Fields {
			if got["field "+field.Name] != field.Type {
				t.Errorf("%s: field %s is %q, not %s", target, field.Name, got["field "+field.Name], field.Type)
			}
		}
		if got["meta.managed_by"] != schema.ManagedByTerraform || got["target"] != target || got["setting index.lifecycle.name"] != "flows" {
			t.Errorf("%s: %v", target, got)
		}
	}
}

// TestKindOfDocuments: an imported index is of the kind whose fields it has, of another version too.
func TestKindOfDocuments(t *testing.T) {
	for _, kind := range schema.Kinds {
		d := spec{name: "some", documents: kind, target: schema.TargetAlias}.wanted()
		if got := d.documents(); got != kind {
			t.Errorf("the mappings of %s are taken for those of %s", kind.Name, got.Name)
		}
		mappings := elasticresource.Object(elasticresource.Object(d.mappings["template"])["mappings"])
		properties := elasticresource.Object(mappings["properties"])
		delete(properties, "ecs")
		properties["new"] = map[string]any{"type": "long"}
		if got := d.documents(); got != kind {
			t.Errorf("the mappings of another version of %s are taken for those of %s", kind.Name, got.Name)
		}
	}
}

func TestDesign(t *testing.T) {
	two := int64(2)
	d := spec{
		name: "lab", documents: schema.Flows, target: schema.TargetAlias, priority: 700, shards: 3, replicas: &two, settings: map[string]string{"index.refresh_interval": "30s"},
		lifecycle: &lifecycle{retention: "30d"},
	}.wanted()
	got := facts(d)
	for fact, want := range map[string]string{
		"priority": "700", "setting index.number_of_shards": "3", "setting index.number_of_replicas": "2", "setting index.auto_expand_replicas": "false",
		"setting index.refresh_interval": "30s", "setting index.lifecycle.rollover_alias": "lab", "index patterns": "lab-*", "composed of": "lab-settings, lab-mappings",
		"lifecycle delete: after": "30d", "lifecycle hot: rollover.max_age": "1d", "write index: mappings": asWanted, "data stream": "",
	} {
		if got[fact] != want {
			t.Errorf("%s: %q, want %q", fact, got[fact], want)
		}
	}
	// The table of package schema, which others share, is as it was.
	if again := facts(spec{name: "lab", documents: schema.Flows, target: schema.TargetAlias}.wanted()); again["priority"] != "203" || again["setting index.refresh_interval"] != "10s" {
		t.Errorf("a design changed another one: %v", again)
	}
}

func TestOldFields(t *testing.T) {
	wanted := host.Facts{
		"field a": "ip", "field b": "long", "field b: index": "false", "field c": "keyword", "field d.e": "keyword", "mapping dynamic": "false", "setting index.codec": "x",
	}
	for name, c := range map[string]struct {
		mapping string
		want    []string
	}{
		"the same": {`{"dynamic":"false","properties":{"a":{"type":"ip"},"b":{"type":"long","index":false},"c":{"type":"keyword"},"d":{"properties":{"e":{"type":"keyword"}}}}}`, nil},
		"more":     {`{"dynamic":"false","_meta":{"v":1},"properties":{"a":{"type":"ip"},"b":{"type":"long","index":false},"c":{"type":"keyword"},"d":{"properties":{"e":{"type":"keyword"},"f":{"type":"ip"}}}}}`, nil},
		"others":   {`{"properties":{"a":{"type":"text"},"b":{"type":"long"},"c":{"type":"keyword","doc_values":false}}}`, []string{"a", "b", "c", "d.e", "dynamic"}},
	} {
		var mapping map[string]any
		if err := json.Unmarshal([]byte(c.mapping), &mapping); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, oldFields(wanted, mapping)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if got := difference([]string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10"}); got != "old: 1, 2, 3, 4, 5, 6, 7, 8 and 2 more" {
		t.Error(got)
	}
}

func TestSettle(t *testing.T) {
	everything := features{featureStreams: true, featureLifecycle: true}
	made := func(kind string) map[string]any { return schema.Flows.Templates("flows", kind)[2].Body }
	for name, c := range map[string]struct {
		mode     string
		can      features
		there    string
		template map[string]any
		want     string
		fails    string
	}{
		"fresh":                        {mode: ModeAuto, can: everything, want: schema.TargetDataStream},
		"fresh, without x-pack":        {mode: ModeAuto, want: schema.TargetAlias},
		"what is there":                {mode: ModeAuto, can: everything, there: schema.TargetIndex, want: schema.TargetIndex},
		"what the template is for":     {mode: ModeAuto, can: everything, template: made(schema.TargetAlias), want: schema.TargetAlias},
		"what a data stream is for":    {mode: ModeAuto, template: made(schema.TargetDataStream), want: schema.TargetDataStream},
		"what an index is for":         {mode: ModeAuto, template: made(schema.TargetIndex), want: schema.TargetIndex},
		"a template of somebody else":  {mode: ModeAuto, can: everything, template: map[string]any{"index_patterns": []any{"flows"}}, want: schema.TargetDataStream},
		"as asked":                     {mode: schema.TargetAlias, can: everything, want: schema.TargetAlias},
		"as asked, and there":          {mode: schema.TargetAlias, can: everything, there: schema.TargetAlias, want: schema.TargetAlias},
		"something else is there":      {mode: schema.TargetDataStream, can: everything, there: schema.TargetAlias, fails: `there is an alias of this name, not a data stream: remove it, or set mode to "alias"`},
		"a data stream, where none is": {mode: schema.TargetDataStream, fails: `this Elasticsearch has no data streams, which are in Elastic's default distribution: set mode to "alias"`},
	} {
		got, err := settle(c.mode, "flows", c.can, target{kind: c.there}, c.template)
		if got != c.want || (err == nil) != (c.fails == "") || err != nil && err.Error() != c.fails {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}
