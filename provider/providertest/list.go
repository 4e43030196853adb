package providertest

import (
	"context"
	"math/big"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Query is a list block of Terraform's.
type Query struct {
	Type            string
	Config          map[string]tftypes.Value
	Limit           int64
	IncludeResource bool
}

// Listed is what came of a query.
type Listed struct {
	Results []ListedResource
	Errors  []string // summary, a line feed, and the detail; of the validation or of the query itself
}

// ListedResource is one result.
type ListedResource struct {
	DisplayName string
	Identity    map[string]any // in Go's terms: texts, bools, lists and maps
	Resource    map[string]any // nil: not asked for
}

// List runs a query as `terraform query` would, by the provider protocol: OpenTofu has none.
func List(ctx context.Context, t *testing.T, block Block, query Query) Listed {
	t.Helper()
	configured, schemas := configure(ctx, t, block)
	//nolint:staticcheck // until plugin-go has moved these methods into ProviderServer
	server, ok := configured.(tfprotov6.ProviderServerWithListResource)
	if !ok {
		t.Fatal("the provider has no list resources")
	}
	schema, ok := schemas.ListResourceSchemas[query.Type]
	if !ok {
		t.Fatalf("there is no list resource %s", query.Type)
	}
	config := dynamic(t, object(t, schema.ValueType(), query.Config))
	validated, err := server.ValidateListResourceConfig(ctx, &tfprotov6.ValidateListResourceConfigRequest{TypeName: query.Type, Config: config})
	must(t, err, nil)
	if said := errorsOf(validated.Diagnostics); len(said) > 0 {
		return Listed{Errors: said}
	}
	stream, err := server.ListResource(ctx, &tfprotov6.ListResourceRequest{
		TypeName: query.Type, Config: config, IncludeResource: query.IncludeResource, Limit: query.Limit,
	})
	must(t, err, nil)
	identities, err := configured.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	must(t, err, identities.Diagnostics)
	var listed Listed
	for result := range stream.Results {
		listed.Errors = append(listed.Errors, errorsOf(result.Diagnostics)...)
		if len(errorsOf(result.Diagnostics)) > 0 {
			continue
		}
		if len(result.Diagnostics) > 0 {
			t.Errorf("%s: %s: %s", result.DisplayName, result.Diagnostics[0].Summary, result.Diagnostics[0].Detail)
		}
		one := ListedResource{DisplayName: result.DisplayName, Identity: plain(t, result.Identity.IdentityData, identities.IdentitySchemas[query.Type].ValueType())}
		if query.IncludeResource {
			one.Resource = plain(t, result.Resource, schemas.ResourceSchemas[query.Type].ValueType())
		}
		listed.Results = append(listed.Results, one)
	}
	return listed
}

// Names are the display names of the results.
func (l Listed) Names() []string {
	names := make([]string, len(l.Results))
	for i, one := range l.Results {
		names[i] = one.DisplayName
	}
	return names
}

// plain unpacks an object: texts, numbers as *big.Float, lists and maps.
func plain(t *testing.T, packed *tfprotov6.DynamicValue, of tftypes.Type) map[string]any {
	t.Helper()
	value, err := packed.Unmarshal(of)
	if err != nil {
		t.Fatal(err)
	}
	content, ok := inGo(t, value).(map[string]any)
	if !ok {
		t.Fatalf("%s is no object", value)
	}
	return content
}

// inGo is a value that is known; what is null is nil, and left out of objects.
func inGo(t *testing.T, value tftypes.Value) any {
	t.Helper()
	if value.IsNull() {
		return nil
	}
	as := func(into any) {
		t.Helper()
		if err := value.As(into); err != nil {
			t.Fatal(err)
		}
	}
	switch kind := value.Type(); {
	case kind.Is(tftypes.String):
		var text string
		as(&text)
		return text
	case kind.Is(tftypes.Bool):
		var is bool
		as(&is)
		return is
	case kind.Is(tftypes.Number):
		var number *big.Float
		as(&number)
		return number
	case kind.Is(tftypes.Map{}), kind.Is(tftypes.Object{}):
		var values map[string]tftypes.Value
		as(&values)
		object := map[string]any{}
		for name, value := range values {
			if inside := inGo(t, value); inside != nil {
				object[name] = inside
			}
		}
		return object
	}
	var values []tftypes.Value
	as(&values)
	list := make([]any, len(values))
	for i, value := range values {
		list[i] = inGo(t, value)
	}
	return list
}
