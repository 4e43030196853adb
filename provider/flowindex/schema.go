package flowindex

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

// Metadata implements resource.Resource.
func (*flowIndex) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = ResourceType
}

// Schema implements resource.Resource.
func (*flowIndex) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "How Elasticsearch stores flows: the index template, with a field for each one of the [documents](../fields.md), put through the SSH " +
			"connection of the host that the provider's `elasticsearch` names. Indices made before keep the template they were made with. " +
			"Destroying the resource removes the template and keeps every index: no data is lost.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "The name.",
			},
			"name": schema.StringAttribute{
				Optional: true,
				Computed: true,
				Default:  stringdefault.StaticString(DefaultName),
				MarkdownDescription: "Name of the template. It is for the index (alias, data stream) of this name and those that begin with it and a `-`; the " +
					"collector's `output.elasticsearch.index` has to be one of them. Default `" + DefaultName + "`. Changing it replaces the template.",
				PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"effective": schema.MapAttribute{
				Computed:    true,
				ElementType: types.StringType,
				MarkdownDescription: "What the template says, fact by fact. A plan shows what it will say, so a difference is drift (or work to do), by name: " +
					"`\"setting index.codec\" = \"default\" -> \"best_compression\"`.",
			},
			"timeouts": hostresource.Timeouts(ctx, timeout, timeout),
		},
	}
}

// IdentitySchema implements resource.ResourceWithIdentity.
func (*flowIndex) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"name": identityschema.StringAttribute{RequiredForImport: true, Description: "The name of the template."},
	}}
}
