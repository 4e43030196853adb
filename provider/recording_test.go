package provider_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// recordings has a folder for each resource type, and in it a file for each version of its schema.
const recordings = "testdata/states"

// recording is a version of a resource's schema, and a state that has all of its attributes.
type recording struct {
	Schema         shape          `json:"schema"`
	State          map[string]any `json:"state"`
	IdentitySchema shape          `json:"identity_schema"`
	Identity       map[string]any `json:"identity"`
}

func file(name string, version int64) string {
	return filepath.Join(recordings, name, fmt.Sprintf("%d.json", version))
}

func recorded(name string, version int64) (r recording, err error) {
	content, err := os.ReadFile(file(name, version))
	if err == nil {
		err = json.Unmarshal(content, &r)
	}
	return r, err
}

// record adds to a recording, or makes it. It takes nothing away, and leaves former versions alone.
func record(t *testing.T, name string, now *tfprotov6.Schema, identity *tfprotov6.ResourceIdentitySchema) {
	t.Helper()
	r, err := recorded(name, now.Version)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	all, state := shapeOf(now.Block.Attributes), sampleOf(now.Block.Attributes)
	maps.Copy(all, r.Schema)
	if r.State != nil {
		state = merged(r.State, state).(map[string]any) //nolint:forcetypeassert // of two maps
	}
	r.Schema, r.State = all, state
	if r.IdentitySchema == nil {
		r.IdentitySchema, r.Identity = identityShape(identity), map[string]any{}
		for _, a := range identity.IdentityAttributes {
			r.Identity[a.Name] = sample(a.Name, a.Type)
		}
	}
	content, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(file(name, now.Version)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file(name, now.Version), append(content, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// shape has the type of each attribute by its path, such as tls.http.key. An attribute with attributes of its own has its nesting as type.
type shape map[string]string

// change is an attribute that one shape has and another has not.
type change struct{ at, was, is string }

func (c change) String() string {
	if c.is == "" {
		return fmt.Sprintf("%s, a %s, is gone or has another name", c.at, c.was)
	}
	return fmt.Sprintf("%s was a %s and is a %s", c.at, c.was, c.is)
}

// lost are the attributes that are gone in another shape, or of another type.
func (s shape) lost(now shape) (changes []change) {
	for _, at := range slices.Sorted(maps.Keys(s)) {
		if s[at] != now[at] {
			changes = append(changes, change{at, s[at], now[at]})
		}
	}
	return changes
}

// of is the part below an attribute, and itself.
func (s shape) of(attribute string) shape {
	part := shape{}
	for at, kind := range s {
		if at == attribute || strings.HasPrefix(at, attribute+".") {
			part[at] = kind
		}
	}
	return part
}

func shapeOf(attributes []*tfprotov6.SchemaAttribute) shape {
	s := shape{}
	for _, a := range attributes {
		if a.NestedType == nil {
			s[a.Name] = typeName(a.Type)
			continue
		}
		s[a.Name] = strings.ToLower(a.NestedType.Nesting.String())
		for at, kind := range shapeOf(a.NestedType.Attributes) {
			s[a.Name+"."+at] = kind
		}
	}
	return s
}

func identityShape(identity *tfprotov6.ResourceIdentitySchema) shape {
	s := shape{}
	for _, a := range identity.IdentityAttributes {
		s[a.Name] = typeName(a.Type)
	}
	return s
}

// typeName is such as "list of string".
func typeName(of tftypes.Type) string {
	switch of := of.(type) {
	case tftypes.List:
		return "list of " + typeName(of.ElementType)
	case tftypes.Set:
		return "set of " + typeName(of.ElementType)
	case tftypes.Map:
		return "map of " + typeName(of.ElementType)
	case tftypes.Object:
		var names []string
		for _, name := range slices.Sorted(maps.Keys(of.AttributeTypes)) {
			names = append(names, name+" "+typeName(of.AttributeTypes[name]))
		}
		return "object of " + strings.Join(names, ", ")
	}
	return strings.ToLower(strings.TrimPrefix(of.String(), "tftypes."))
}

// merged is what was recorded, with what a sample has besides.
func merged(was, sample any) any {
	switch sample := sample.(type) {
	case map[string]any:
		if was, ok := was.(map[string]any); ok {
			all := maps.Clone(sample)
			for name, value := range was {
				all[name] = merged(value, sample[name])
			}
			return all
		}
	case []any:
		if was, ok := was.([]any); ok && len(was) == 1 && len(sample) == 1 {
			return []any{merged(was[0], sample[0])}
		}
	}
	return was
}

// sampleOf is a state with all that it can have; write-only attributes are in none.
func sampleOf(attributes []*tfprotov6.SchemaAttribute) map[string]any {
	state := map[string]any{}
	for _, a := range attributes {
		switch {
		case a.WriteOnly:
			state[a.Name] = nil
		case a.NestedType == nil:
			state[a.Name] = sample(a.Name, a.Type)
		case a.NestedType.Nesting == tfprotov6.SchemaObjectNestingModeSingle:
			state[a.Name] = sampleOf(a.NestedType.Attributes)
		case a.NestedType.Nesting == tfprotov6.SchemaObjectNestingModeMap:
			state[a.Name] = map[string]any{"one": sampleOf(a.NestedType.Attributes)}
		default:
			state[a.Name] = []any{sampleOf(a.NestedType.Attributes)}
		}
	}
	return state
}

// samples are texts for attributes that not any text will do for.
var samples = map[string]string{"create": "10m", "read": "1m", "update": "10m", "delete": "10m", "host": "flow1"}

func sample(name string, of tftypes.Type) any {
	switch of := of.(type) {
	case tftypes.List:
		return []any{sample(name, of.ElementType)}
	case tftypes.Set:
		return []any{sample(name, of.ElementType)}
	case tftypes.Map:
		return map[string]any{"one": sample(name, of.ElementType)}
	}
	switch {
	case of.Is(tftypes.Bool):
		return true
	case of.Is(tftypes.Number):
		return 1
	case samples[name] != "":
		return samples[name]
	}
	return "some " + strings.ReplaceAll(name, "_", " ")
}

// TestLost: what a schema must not lose is named, and what is new is no loss.
func TestLost(t *testing.T) {
	then := shape{"path": "string", "tls": "single", "tls.key": "string", "ports": "set of number"}
	for name, c := range map[string]struct {
		now  shape
		want []string
	}{
		"the same":         {then, nil},
		"one more":         {shape{"path": "string", "tls": "single", "tls.key": "string", "tls.new": "bool", "ports": "set of number", "new": "string"}, nil},
		"one renamed":      {shape{"file": "string", "tls": "single", "tls.key": "string", "ports": "set of number"}, []string{"path, a string, is gone or has another name"}},
		"one inside gone":  {shape{"path": "string", "tls": "single", "ports": "set of number"}, []string{"tls.key, a string, is gone or has another name"}},
		"another nesting":  {shape{"path": "string", "tls": "list", "tls.key": "string", "ports": "set of number"}, []string{"tls was a single and is a list"}},
		"another elements": {shape{"path": "string", "tls": "single", "tls.key": "string", "ports": "set of string"}, []string{"ports was a set of number and is a set of string"}},
	} {
		lost := then.lost(c.now)
		got := make([]string, len(lost))
		for i := range lost {
			got[i] = lost[i].String()
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	if got := then.of("tls"); !maps.Equal(got, shape{"tls": "single", "tls.key": "string"}) {
		t.Errorf("tls is %v", got)
	}
}

// TestRecordingsStay: what is recorded is kept, and what is new is added inside of it.
func TestRecordingsStay(t *testing.T) {
	was := map[string]any{"path": "/etc/motd", "views": []any{map[string]any{"name": "overview"}}, "gone": true}
	got := merged(was, map[string]any{"path": "some path", "views": []any{map[string]any{"name": "some name", "new": 1}}, "more": "some more"})
	want := map[string]any{"path": "/etc/motd", "views": []any{map[string]any{"name": "overview", "new": 1}}, "gone": true, "more": "some more"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
