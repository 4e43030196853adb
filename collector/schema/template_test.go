package schema

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// inside follows keys through a body.
func inside(t *testing.T, body map[string]any, keys ...string) map[string]any {
	t.Helper()
	for _, key := range keys {
		next, is := body[key].(map[string]any)
		if !is {
			t.Fatalf("%v is no object in %v", key, body)
		}
		body = next
	}
	return body
}

// sameThroughJSON: what is put compares with what is read back.
func sameThroughJSON(t *testing.T, body map[string]any) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	var back map[string]any
	if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(body, back) {
		t.Errorf("the body changes on its way through JSON: %v", err)
	}
}

func TestMappingsAreThoseOfTheTable(t *testing.T) {
	for _, d := range Kinds {
		body := d.Templates("name", TargetIndex)[1].Body
		mapped := inside(t, body, "template", "mappings")
		for _, f := range d.Fields {
			at := mapped
			for part := range strings.SplitSeq(f.Name, ".") {
				at = inside(t, at, "properties", part)
			}
			if at["type"] != f.Type || (at["index"] == false) == f.Index || (at["doc_values"] == false) == f.DocValues {
				t.Errorf("%s: %s is mapped as %v", d.Name, f.Name, at)
			}
		}
		at := mapped
		for part := range strings.SplitSeq(d.Mark, ".") {
			at = inside(t, at, "properties", part)
		}
		if at["type"] != d.MarkType() || d.MarkType() == "" || d.MarkType() == "text" {
			t.Errorf("%s: the mark %s is %v", d.Name, d.Mark, at)
		}
		for _, other := range Kinds {
			if other != d && slices.ContainsFunc(other.Fields, func(f Field) bool { return f.Name == d.Mark }) {
				t.Errorf("%s has the mark of %s", other.Name, d.Name)
			}
		}
	}
}

func TestUses(t *testing.T) {
	table := map[string]Use{}
	for _, f := range Fields {
		table[f.Name] = f.Use
		if f.Source == "" || f.Since < 1 || f.Since > Version {
			t.Errorf("%s comes from %q since %d", f.Name, f.Source, f.Since)
		}
	}
	for name, want := range map[string]Use{
		"network.community_id": {Index: true}, "event.start": {}, "event.end": {}, "network.bytes": {DocValues: true}, "source.packets": {DocValues: true},
		"client.bytes": {DocValues: true}, "source.ip": {true, true}, "flow.min_ttl": {true, true}, "@timestamp": {true, true},
	} {
		if table[name] != want {
			t.Errorf("%s is of use as %+v, want %+v", name, table[name], want)
		}
	}
}

// TestPrioritiesDiffer: Elasticsearch refuses a template whose patterns overlap those of another one of the same priority.
func TestPrioritiesDiffer(t *testing.T) {
	for _, target := range []string{TargetAlias, TargetIndex} {
		short, long := Flows.Templates("flows", target)[2].Body["priority"], Flows.Templates("flows-lab", target)[2].Body["priority"]
		if short != float64(TemplatePriority+len("flows")) || short.(float64) >= long.(float64) { //nolint:forcetypeassert // a panic would say so
			t.Errorf("%s: %v for flows, %v for flows-lab", target, short, long)
		}
	}
}

func TestTemplates(t *testing.T) {
	for target, patterns := range map[string]string{TargetDataStream: "[flows]", TargetAlias: "[flows-*]", TargetIndex: "[flows flows-*]"} {
		set := Flows.Templates("flows", target)
		var paths []string
		for _, one := range set {
			paths = append(paths, one.Path)
			sameThroughJSON(t, one.Body)
			if meta := inside(t, one.Body, "_meta"); meta["schema_version"] != float64(Version) || meta["ecs_version"] != ECSVersion || meta["managed_by"] != "flowstack" {
				t.Errorf("%s has %v", one.Path, meta)
			}
		}
		if got := fmt.Sprint(paths); got != "[/_component_template/flows-settings /_component_template/flows-mappings /_index_template/flows]" {
			t.Fatalf("%s: %s", target, got)
		}
		index := set[2].Body
		if fmt.Sprint(index["index_patterns"]) != patterns || fmt.Sprint(index["composed_of"]) != "[flows-settings flows-mappings]" || index["priority"] != float64(TemplatePriority+len("flows")) {
			t.Errorf("%s: %v", target, index)
		}
		if _, is := index["data_stream"]; is != (target == TargetDataStream) {
			t.Errorf("%s: data stream %v", target, is)
		}
	}
	got := inside(t, Flows.Templates("flows", TargetIndex)[0].Body, "template", "settings", "index")
	if got["auto_expand_replicas"] != "0-1" || got["codec"] != "best_compression" || got["number_of_replicas"] != nil ||
		!reflect.DeepEqual(got["sort"], map[string]any{"field": "@timestamp", "order": "asc"}) {
		t.Errorf("settings %v", got)
	}
	if limit := inside(t, got, "mapping", "total_fields")["limit"]; limit != fieldLimit {
		t.Errorf("limit %v", limit)
	}
}
