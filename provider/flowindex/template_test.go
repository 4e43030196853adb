package flowindex

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

func TestFacts(t *testing.T) {
	const template = `{
		"index_patterns": ["a", "b"], "priority": 7, "composed_of": [], "version": null, "data_stream": {"hidden": false},
		"_meta": {"managed_by": "me", "deep": {"er": 1.5}},
		"template": {
			"settings": {"index": {"codec": "x", "sort": {"field": ["f", "g"]}}, "number_of_shards": "2"},
			"mappings": {"dynamic": "false", "_source": {"enabled": true}, "properties": {
				"plain": {"type": "ip"},
				"object": {"properties": {"inner": {"type": "keyword", "index": false, "fields": {"raw": {"type": "text"}}}}}
			}},
			"aliases": {"name": {"is_write_index": true}}
		}
	}`
	var body map[string]any
	if err := json.Unmarshal([]byte(template), &body); err != nil {
		t.Fatal(err)
	}
	want := host.Facts{
		"index patterns":                      "a, b",
		"priority":                            "7",
		"data stream.hidden":                  "false",
		"meta.managed_by":                     "me",
		"meta.deep.er":                        "1.5",
		"setting index.codec":                 "x",
		"setting index.sort.field":            "f, g",
		"setting index.number_of_shards":      "2",
		"mapping dynamic":                     "false",
		"mapping _source.enabled":             "true",
		"field plain":                         "ip",
		"field object.inner":                  "keyword",
		"field object.inner: index":           "false",
		"field object.inner: fields.raw.type": "text",
		"alias.name.is_write_index":           "true",
	}
	if diff := cmp.Diff(want, facts(body)); diff != "" {
		t.Error(diff)
	}
}

func TestFactsNameEveryField(t *testing.T) {
	got := facts(schema.IndexTemplate("flows"))
	for _, field := range schema.Fields {
		if got["field "+field.Name] != field.Type {
			t.Errorf("field %s is %q, not %s", field.Name, got["field "+field.Name], field.Type)
		}
	}
	if got["meta.managed_by"] != "flowstack" {
		t.Errorf("managed by %q", got["meta.managed_by"])
	}
}

func TestStatusError(t *testing.T) {
	for name, c := range map[string]struct {
		status     int
		body, want string
	}{
		"object": {
			400, `{"error":{"type":"mapper_parsing_exception","reason":"bad field","caused_by":{"reason":"no such type"}},"status":400}`,
			"Elasticsearch answered 400 Bad Request: mapper_parsing_exception: bad field (no such type)",
		},
		"text":  {400, `{"error":"no handler found","status":400}`, "Elasticsearch answered 400 Bad Request: no handler found"},
		"proxy": {502, `<html>`, "Elasticsearch answered 502 Bad Gateway"},
	} {
		if got := newStatusError(c.status, []byte(c.body)).Error(); got != c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}
