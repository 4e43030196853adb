package elasticcluster

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/cluster"
	"github.com/flowstack/terraform-provider-flowstack/provider/elasticresource"
)

// DeprecationsType is the type of the data source.
const DeprecationsType = "flowstack_elasticsearch_deprecations"

// DeprecationsModel are the deprecations of a cluster in Terraform's terms.
type DeprecationsModel struct {
	Critical     types.Int64        `tfsdk:"critical"`
	Deprecations []deprecationModel `tfsdk:"deprecations"`
}

type deprecationModel struct {
	Kind    string       `tfsdk:"kind"`
	Index   types.String `tfsdk:"index"`
	Level   string       `tfsdk:"level"`
	Message string       `tfsdk:"message"`
	Details types.String `tfsdk:"details"`
	URL     types.String `tfsdk:"url"`
}

type deprecationsSource struct{ elasticresource.DataSource }

var _ datasource.DataSourceWithConfigure = (*deprecationsSource)(nil)

// NewDeprecationsSource makes the data source.
func NewDeprecationsSource() datasource.DataSource { return &deprecationsSource{} }

// Metadata implements datasource.DataSource.
func (*deprecationsSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = DeprecationsType
}

// Schema implements datasource.DataSource.
func (*deprecationsSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "What a cluster has to change before an upgrade to the next major version of Elasticsearch.\n\nThe user of the provider's `elasticsearch` needs the " +
			"cluster privilege `manage`, and `manage` on all indices.",
		Attributes: map[string]schema.Attribute{
			"critical": schema.Int64Attribute{Computed: true, MarkdownDescription: "How many of them keep the next version from starting. For a `check` block."},
			"deprecations": schema.ListNestedAttribute{
				Computed: true, MarkdownDescription: "All of them, by kind and index.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"kind":    text("`cluster_settings`, `node_settings`, `ml_settings` or `index_settings`."),
					"index":   text("The index, of `index_settings`; null otherwise."),
					"level":   text("`critical`: the next version does not take it; `warning`: it behaves differently."),
					"message": text("What is deprecated."),
					"details": text("Where, and what to do; may be null."),
					"url":     text("Elastic's page about it; may be null."),
				}},
			},
		},
	}
}

// Read implements datasource.DataSource.
func (s *deprecationsSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	if s.Deferred(req, resp) {
		return
	}
	var found []cluster.Deprecation
	if !s.Ask(ctx, &resp.Diagnostics, "read the deprecations of Elasticsearch", []string{"manage"}, func(ctx context.Context, on *client.Client) (err error) {
		found, err = cluster.GetDeprecations(ctx, on)
		return err
	}) {
		return
	}
	model := DeprecationsModel{Deprecations: []deprecationModel{}}
	critical := int64(0)
	for _, d := range found {
		if d.Level == "critical" {
			critical++
		}
		model.Deprecations = append(model.Deprecations, deprecationModel{d.Kind, orNull(d.Index), d.Level, d.Message, orNull(d.Details), orNull(d.URL)})
	}
	model.Critical = types.Int64Value(critical)
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

// orNull is a text, or null for an empty one.
func orNull(text string) types.String {
	if text == "" {
		return types.StringNull()
	}
	return types.StringValue(text)
}
