package hostresource

import (
	"context"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/provider/upgrade"
)

// EffectiveDescription documents the attribute effective.
const EffectiveDescription = "What is there, fact by fact. A plan shows what will be there, so a difference is drift (or work to do), named setting by setting: " +
	"`\"sysctl vm.max_map_count\" = \"65530\" -> \"262144\"`."

// Metadata implements resource.Resource.
func (r *Resource[M, P]) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = r.kind.Type
}

// Schema implements resource.Resource.
func (r *Resource[M, P]) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	attributes := map[string]schema.Attribute{
		"id": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "The name of the host, followed by `/` and what tells the resource from others of this kind on the host.",
		},
		"host": schema.StringAttribute{
			Optional: true,
			Computed: true,
			MarkdownDescription: "The host, by its name in the provider's `hosts`. May be left out when there is only one. " +
				"Changing it removes the resource from the old host and makes it on the new one.",
			Validators:    []validator.String{stringvalidator.LengthAtLeast(1)},
			PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown(), stringplanmodifier.RequiresReplace()},
		},
		"effective": schema.MapAttribute{
			Computed:            true,
			ElementType:         types.StringType,
			MarkdownDescription: EffectiveDescription,
		},
		"timeouts": Timeouts(ctx, readTimeout, r.kind.limit()),
	}
	if r.kind.Settings != nil {
		attributes["settings"] = *r.kind.Settings
	}
	if name := r.kind.nameAttribute(); name != "" {
		attributes[name] = standardName(r.kind.DefaultName)
	}
	maps.Copy(attributes, r.kind.Attributes)
	resp.Schema = schema.Schema{Version: upgrade.Version(r.kind.Upgrades), MarkdownDescription: r.kind.Description, Attributes: attributes}
}

// IdentitySchema implements resource.ResourceWithIdentity.
func (r *Resource[M, P]) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	attributes := map[string]identityschema.Attribute{
		"host": identityschema.StringAttribute{RequiredForImport: true, Description: "The host, by its name in the provider's hosts."},
	}
	if name := r.kind.nameAttribute(); name != "" {
		attributes[name] = identityschema.StringAttribute{
			RequiredForImport: r.kind.DefaultName == "", OptionalForImport: r.kind.DefaultName != "",
			Description: "Which one of this kind on the host.",
		}
	}
	if r.kind.Part != nil {
		attributes[r.kind.Part.Attribute] = identityschema.StringAttribute{RequiredForImport: true, Description: "Which one of this name."}
	}
	resp.IdentitySchema = identityschema.Schema{Attributes: attributes}
}

// UpgradeState implements resource.ResourceWithUpgradeState.
func (r *Resource[M, P]) UpgradeState(context.Context) map[int64]resource.StateUpgrader {
	return upgrade.Upgraders(r.kind.Upgrades)
}
