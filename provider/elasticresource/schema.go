package elasticresource

import (
	"context"
	"maps"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
	"github.com/flowstack/terraform-provider-flowstack/provider/upgrade"
)

// timeout is for what is asked of a server that runs, and for one that is just starting.
const timeout = 2 * time.Minute

// Metadata implements resource.Resource.
func (r *Resource[M, O, P]) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = r.kind.Type
}

// Schema implements resource.Resource.
func (r *Resource[M, O, P]) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	attributes := map[string]schema.Attribute{
		"id": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: r.kind.idDescription(),
		},
		"effective": schema.MapAttribute{
			Computed:    true,
			ElementType: types.StringType,
			MarkdownDescription: "What " + string(r.kind.server()) + " has, fact by fact. A plan shows what it will have, so a difference is drift (or work to do), by name: " +
				r.kind.example(),
		},
		"timeouts": hostresource.Timeouts(ctx, timeout, timeout),
	}
	maps.Copy(attributes, r.kind.Attributes)
	resp.Schema = schema.Schema{Version: upgrade.Version(r.kind.Upgrades), MarkdownDescription: r.kind.Description + r.kind.needs(), Attributes: attributes}
}

// needs is a paragraph on the privileges of the user; empty where none is needed.
func (k Kind[M, O]) needs() string {
	if len(k.Privileges) == 0 {
		return ""
	}
	return "\n\nThe user of the provider's `" + k.server().block() + "` needs " + k.server().needed(k.Privileges, "`") + "."
}

// IdentitySchema implements resource.ResourceWithIdentity.
func (r *Resource[M, O, P]) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	attributes := map[string]identityschema.Attribute{}
	for _, part := range r.kind.Within {
		attributes[part.Attribute] = identityschema.StringAttribute{
			RequiredForImport: part.Default == "", OptionalForImport: part.Default != "",
			Description: "The " + strings.ReplaceAll(part.Attribute, "_", " ") + " it is in.",
		}
	}
	attributes[r.kind.nameAttribute()] = identityschema.StringAttribute{RequiredForImport: true, Description: "The name of the " + strings.TrimPrefix(r.kind.Thing, "the ") + "."}
	resp.IdentitySchema = identityschema.Schema{Attributes: attributes}
}

// idDescription documents the attribute id.
func (k Kind[M, O]) idDescription() string {
	if len(k.Within) == 0 {
		return "The name."
	}
	var names []string
	for _, part := range k.parts() {
		names = append(names, "`"+part.Attribute+"`")
	}
	return strings.Join(names, ", ") + ", with slashes between."
}

// example is a change that a plan shows.
func (k Kind[M, O]) example() string {
	if k.Kibana {
		return "`\"dashboard/overview: panelsJSON\" = \"changed\" -> null`."
	}
	return "`\"setting index.codec\" = \"default\" -> \"best_compression\"`."
}

// UpgradeState implements resource.ResourceWithUpgradeState.
func (r *Resource[M, O, P]) UpgradeState(context.Context) map[int64]resource.StateUpgrader {
	return upgrade.Upgraders(r.kind.Upgrades)
}
