package kibana

import (
	"slices"
	"strings"
	"testing"
)

func TestReadObjects(t *testing.T) {
	objects, err := ReadObjects([]byte(pattern + "\r\n\n" + board + "\n" + `{"exportedCount":2,"missingRefCount":0,"missingReferences":[]}` + "\n"))
	if err != nil || len(objects) != 2 || objects[0].Title() != "flows-*" || objects[1].Name().String() != "dashboard/overview" {
		t.Fatalf("%+v, %v", objects, err)
	}
	needs := Needs(objects)
	if len(needs) != 1 || needs[0].String() != "dashboard/overview refers to visualization/top (0:panel_0)" {
		t.Errorf("%v", needs)
	}
	for content, message := range map[string]string{
		"":                              "no saved object",
		"\n" + pattern + "\n" + pattern: "line 3: index-pattern/flows-* is in line 2 already",
		pattern + "\n[]":                "line 2: it is no JSON object",
		"{}":                            "line 1: it has no type, or no id",
		`{"type":"a","id":"b"}`:         "line 1: a/b has no attributes",
		`{"type":"a","id":"b","attributes":{},"references":{}}`: "line 1: it is no saved object",
	} {
		if _, err := ReadObjects([]byte(content)); err == nil || !strings.Contains(err.Error(), message) {
			t.Errorf("%q: %v", content, err)
		}
	}
	if id, ok := ParseObjectID("index-pattern/flows/*"); !ok || id != (ObjectID{"index-pattern", "flows/*"}) {
		t.Errorf("%v, %t", id, ok)
	}
	for _, text := range []string{"", "a", "a/", "/a"} {
		if _, ok := ParseObjectID(text); ok {
			t.Errorf("%q names an object", text)
		}
	}
}

func TestParts(t *testing.T) {
	one := Object{Attributes: map[string]any{
		"title": "T", "hits": 1.0, "description": "", "optionsJSON": `{"a":1,"b":[2]}`, "fieldAttrs": `{"x":{"count":3},"y":{"count":1,"customLabel":"Y"}}`,
		"kibanaSavedObjectMeta": map[string]any{"searchSourceJSON": `{"query":{"language":"kuery","query":""}}`},
	}, References: []Reference{{"a", "t", "1"}, {"b", "t", "2"}}}
	two := Object{Attributes: map[string]any{
		"title": "T", "optionsJSON": "{ \"b\": [2], \"a\": 1 }", "fieldAttrs": `{"y":{"customLabel":"Y"}}`, "version": nil,
		"kibanaSavedObjectMeta": map[string]any{"searchSourceJSON": `{"query":{"query":"","language":"kuery"}}`},
	}, References: []Reference{{"b", "t", "2"}, {"a", "t", "1"}}}
	if changed := Changed(one.Parts(), two.Parts()); len(changed) > 0 || one.Digest() != two.Digest() {
		t.Errorf("changed: %q", changed)
	}
	two.Attributes["optionsJSON"] = "not JSON"
	two.Attributes["fieldAttrs"] = `{"y":{"customLabel":"Z"}}`
	two.References = nil
	if changed := Changed(one.Parts(), two.Parts()); !slices.Equal(changed, []string{"fieldAttrs", "optionsJSON", "references"}) {
		t.Errorf("changed: %q", changed)
	}
}

func FuzzReadObjects(f *testing.F) {
	f.Add([]byte(pattern + "\n" + chart + "\n" + board))
	f.Fuzz(func(_ *testing.T, content []byte) {
		objects, err := ReadObjects(content)
		if err != nil {
			return
		}
		for _, object := range objects { // must not panic
			object.Parts()
		}
		Needs(objects)
	})
}
