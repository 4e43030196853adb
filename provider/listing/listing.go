// Package listing is what list resources share, wherever what they list lives: which of it is wanted, and how the results come.
//
// Terraform lists with `terraform query`, to bring what is there already under its management.
package listing

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	tfpath "github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Timeout bounds a listing, with all that is read for it.
const Timeout = 5 * time.Minute

// Found is something that there is.
type Found struct {
	Names []string // what tells it from others of its kind, in the order of ids: SPACE, TYPE, NAME
	More  string   // what people want to know besides the name, such as the version; may be empty
}

// name is what a pattern is about.
func (f Found) name() string { return f.Names[len(f.Names)-1] }

const patternAttribute = "name_pattern"

// Schema describes the block of a list resource. The description is Markdown: what is listed; name is the attribute of the resource that a pattern is about.
func Schema(description, name string, attributes map[string]schema.Attribute) schema.Schema {
	attributes = maps.Clone(attributes)
	if attributes == nil {
		attributes = map[string]schema.Attribute{}
	}
	attributes[patternAttribute] = schema.StringAttribute{
		Optional:            true,
		MarkdownDescription: "Only those whose `" + name + "` matches: `*` stands for any text, `?` for one character, `[a-z]` for one of several. Default: all.",
		Validators:          []validator.String{pattern{}},
	}
	return schema.Schema{
		MarkdownDescription: description + "\n\nList resources are for `terraform query`, which needs Terraform 1.14; OpenTofu has none yet. There is a [guide](../guides/take-over.md).",
		Attributes:          attributes,
	}
}

// pattern accepts patterns of path.Match.
type pattern struct{}

// Description implements validator.String.
func (pattern) Description(context.Context) string {
	return "must be a pattern such as elastic*"
}

// MarkdownDescription implements validator.String.
func (p pattern) MarkdownDescription(ctx context.Context) string { return p.Description(ctx) }

// ValidateString implements validator.String.
func (p pattern) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if _, err := path.Match(req.ConfigValue.ValueString(), ""); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Unable to match names", req.ConfigValue.String()+" "+p.Description(ctx)+": a [ needs its ].")
	}
}

// Wanted are those of found whose name the configuration asks for, in order, no more than the request wants.
func Wanted(ctx context.Context, req list.ListRequest, found []Found) ([]Found, diag.Diagnostics) {
	var asked types.String
	if diags := req.Config.GetAttribute(ctx, tfpath.Root(patternAttribute), &asked); diags.HasError() {
		return nil, diags
	}
	wanted := slices.DeleteFunc(slices.Clone(found), func(f Found) bool {
		matches, err := path.Match(asked.ValueString(), f.name())
		return !asked.IsNull() && (err != nil || !matches) // a pattern that is none was refused before
	})
	slices.SortFunc(wanted, func(a, b Found) int {
		return cmp.Or(slices.Compare(a.Names, b.Names), strings.Compare(a.More, b.More))
	})
	if limit := int(req.Limit); limit > 0 && len(wanted) > limit {
		wanted = wanted[:limit]
	}
	return wanted, nil
}

// atOnce is how many are read at the same time: a host gathers them to one round trip.
const atOnce = 16

// Results are those of a list request. find names what there is; fill completes the result of one of it, and reports false when it is gone meanwhile.
func Results(
	ctx context.Context, req list.ListRequest,
	find func(context.Context) ([]Found, diag.Diagnostics),
	fill func(context.Context, Found, *list.ListResult) (there bool),
) iter.Seq[list.ListResult] {
	return func(push func(list.ListResult) bool) {
		ctx, cancel := context.WithTimeout(ctx, Timeout)
		defer cancel()
		found, diags := find(ctx)
		if !diags.HasError() {
			var more diag.Diagnostics
			found, more = Wanted(ctx, req, found)
			diags.Append(more...)
		}
		if len(diags) > 0 && !push(list.ListResult{Diagnostics: diags}) || diags.HasError() {
			return
		}
		for some := range slices.Chunk(found, atOnce) {
			results := make([]*list.ListResult, len(some))
			var reads sync.WaitGroup
			for i, one := range some {
				reads.Go(func() {
					result := req.NewListResult(ctx)
					result.DisplayName = one.display()
					if fill(ctx, one, &result) || result.Diagnostics.HasError() {
						results[i] = &result
					}
				})
			}
			reads.Wait()
			for _, result := range results {
				if result != nil && !push(*result) {
					return
				}
			}
		}
	}
}

// Identify puts what tells one of its kind from others into its identity, and into the resource, by the attributes that have it.
func Identify(ctx context.Context, result *list.ListResult, attributes, values []string) {
	for i, attribute := range attributes {
		value := types.StringValue(values[i])
		result.Diagnostics.Append(result.Identity.SetAttribute(ctx, tfpath.Root(attribute), value)...)
		result.Diagnostics.Append(result.Resource.SetAttribute(ctx, tfpath.Root(attribute), value)...)
	}
}

// display is what people see.
func (f Found) display() string {
	text := strings.Join(f.Names, "/")
	if f.More != "" {
		text += " (" + f.More + ")"
	}
	return text
}

// Failed is the first error of a configuration that cannot be read, which is a defect of the schema.
func Failed(diags diag.Diagnostics) error {
	return errors.New(diags.Errors()[0].Detail())
}

// Text is an attribute of the configuration that is a text; empty when it is null.
func Text(ctx context.Context, config tfsdk.Config, attribute string) (string, diag.Diagnostics) {
	var value types.String
	diags := config.GetAttribute(ctx, tfpath.Root(attribute), &value)
	return value.ValueString(), diags
}
