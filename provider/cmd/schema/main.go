// Schema prints the provider's schema as "terraform providers schema -json" would, for the generator of the reference. It needs no
// Terraform.
//
//	go run ./provider/cmd/schema
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/flowstack/terraform-provider-flowstack/provider"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
)

func main() {
	if err := write(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "schema:", err)
		os.Exit(1)
	}
}

func write(ctx context.Context, out io.Writer) error {
	server := providerserver.NewProtocol6(provider.New("dev", &connection.Pool{})())()
	schemas, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return err
	}
	if err := failed(schemas.Diagnostics); err != nil {
		return err
	}
	identities, err := server.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		return err
	}
	if err := failed(identities.Diagnostics); err != nil {
		return err
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(object{
		"format_version": "1.0",
		"provider_schemas": object{"flowstack": object{ // the generator looks for the short name
			"provider":                   schema(schemas.Provider),
			"resource_schemas":           each(schemas.ResourceSchemas, schema),
			"data_source_schemas":        each(schemas.DataSourceSchemas, schema),
			"ephemeral_resource_schemas": each(schemas.EphemeralResourceSchemas, schema),
			"list_resource_schemas":      each(schemas.ListResourceSchemas, schema),
			"action_schemas":             each(schemas.ActionSchemas, action),
			"functions":                  each(schemas.Functions, function),
			"resource_identity_schemas":  each(identities.IdentitySchemas, identity),
		}},
	})
}

func failed(diagnostics []*tfprotov6.Diagnostic) error {
	var errs []error
	for _, d := range diagnostics {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			errs = append(errs, fmt.Errorf("%s: %s", d.Summary, d.Detail))
		}
	}
	return errors.Join(errs...)
}

type object map[string]any

func each[T any](of map[string]T, convert func(T) object) object {
	converted := object{}
	for name, one := range of {
		converted[name] = convert(one)
	}
	return converted
}

func schema(s *tfprotov6.Schema) object { return object{"version": s.Version, "block": block(s.Block)} }

func action(a *tfprotov6.ActionSchema) object { return schema(a.Schema) }

func block(b *tfprotov6.SchemaBlock) object {
	return object{"attributes": attributes(b.Attributes), "description": b.Description, "description_kind": kind(b.DescriptionKind)}
}

func attributes(list []*tfprotov6.SchemaAttribute) object {
	converted := object{}
	for _, a := range list {
		one := object{
			"description": a.Description, "description_kind": kind(a.DescriptionKind),
			"required": a.Required, "optional": a.Optional, "computed": a.Computed,
			"sensitive": a.Sensitive, "write_only": a.WriteOnly, "deprecated": a.Deprecated,
		}
		if a.NestedType != nil {
			one["nested_type"] = object{"nesting_mode": nesting(a.NestedType.Nesting), "attributes": attributes(a.NestedType.Attributes)}
		} else {
			one["type"] = a.Type
		}
		converted[a.Name] = one
	}
	return converted
}

func identity(s *tfprotov6.ResourceIdentitySchema) object {
	list := object{}
	for _, a := range s.IdentityAttributes {
		list[a.Name] = object{
			"type": a.Type, "description": a.Description,
			"required_for_import": a.RequiredForImport, "optional_for_import": a.OptionalForImport,
		}
	}
	return object{"version": s.Version, "attributes": list}
}

func function(f *tfprotov6.Function) object {
	parameters := make([]object, len(f.Parameters))
	for i, p := range f.Parameters {
		parameters[i] = parameter(p)
	}
	converted := object{"summary": f.Summary, "description": f.Description, "return_type": f.Return.Type, "parameters": parameters}
	if f.VariadicParameter != nil {
		converted["variadic_parameter"] = parameter(f.VariadicParameter)
	}
	return converted
}

func parameter(p *tfprotov6.FunctionParameter) object {
	return object{"name": p.Name, "description": p.Description, "type": p.Type, "is_nullable": p.AllowNullValue}
}

func kind(k tfprotov6.StringKind) string {
	if k == tfprotov6.StringKindMarkdown {
		return "markdown"
	}
	return "plain"
}

func nesting(mode tfprotov6.SchemaObjectNestingMode) string {
	return map[tfprotov6.SchemaObjectNestingMode]string{
		tfprotov6.SchemaObjectNestingModeSingle: "single",
		tfprotov6.SchemaObjectNestingModeList:   "list",
		tfprotov6.SchemaObjectNestingModeSet:    "set",
		tfprotov6.SchemaObjectNestingModeMap:    "map",
	}[mode]
}
