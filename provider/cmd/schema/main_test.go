package main

import (
	"bytes"
	"encoding/json"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"
)

// TestEverythingIsDescribed reads the output as the generator of the reference does.
func TestEverythingIsDescribed(t *testing.T) {
	var out bytes.Buffer
	if err := write(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	var read tfjson.ProviderSchemas
	if err := json.Unmarshal(out.Bytes(), &read); err != nil {
		t.Fatal(err)
	}
	schema := read.Schemas["flowstack"]
	if schema == nil {
		t.Fatal("the provider is not in it")
	}
	if len(schema.Functions) == 0 || len(schema.ResourceSchemas) < 3 || len(schema.ResourceIdentitySchemas) != len(schema.ResourceSchemas) {
		t.Errorf("%d functions, %d resources, %d identities", len(schema.Functions), len(schema.ResourceSchemas), len(schema.ResourceIdentitySchemas))
	}
	described(t, "provider", schema.ConfigSchema.Block.Attributes)
	for name, one := range schema.ResourceSchemas {
		if one.Block.Description == "" {
			t.Errorf("%s has no description", name)
		}
		described(t, name, one.Block.Attributes)
	}
	for name, one := range schema.ListResourceSchemas {
		if schema.ResourceSchemas[name] == nil || one.Block.Description == "" {
			t.Errorf("list resource %s is of no resource, or has no description", name)
		}
		described(t, "list "+name, one.Block.Attributes)
	}
}

func described(t *testing.T, where string, attributes map[string]*tfjson.SchemaAttribute) {
	t.Helper()
	for name, attribute := range attributes {
		name = where + "." + name
		if attribute.Description == "" {
			t.Errorf("%s has no description", name)
		}
		if attribute.AttributeNestedType != nil {
			described(t, name, attribute.AttributeNestedType.Attributes)
		}
	}
}
