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

// ClusterType is the type of the data source.
const ClusterType = "flowstack_elasticsearch_cluster"

// ClusterModel is a cluster in Terraform's terms.
type ClusterModel struct {
	Name             types.String `tfsdk:"name"`
	UUID             types.String `tfsdk:"uuid"`
	Version          types.String `tfsdk:"version"`
	Health           types.String `tfsdk:"health"`
	Master           types.String `tfsdk:"master"`
	ActiveShards     types.Int64  `tfsdk:"active_shards"`
	UnassignedShards types.Int64  `tfsdk:"unassigned_shards"`
	Nodes            []nodeModel  `tfsdk:"nodes"`
}

type nodeModel struct {
	Name        string   `tfsdk:"name"`
	Version     string   `tfsdk:"version"`
	Roles       []string `tfsdk:"roles"`
	Address     string   `tfsdk:"address"`
	HTTPAddress string   `tfsdk:"http_address"`
}

type clusterSource struct{ elasticresource.DataSource }

var _ datasource.DataSourceWithConfigure = (*clusterSource)(nil)

// NewClusterSource makes the data source.
func NewClusterSource() datasource.DataSource { return &clusterSource{} }

// Metadata implements datasource.DataSource.
func (*clusterSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = ClusterType
}

// Schema implements datasource.DataSource.
func (*clusterSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	count := func(description string) schema.Int64Attribute {
		return schema.Int64Attribute{Computed: true, MarkdownDescription: description}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "The Elasticsearch cluster of the provider: what it is, and how well.\n\nThe user of the provider's `elasticsearch` needs the cluster privilege `monitor`.",
		Attributes: map[string]schema.Attribute{
			"name":              text("Name of the cluster."),
			"uuid":              text("Its unique id."),
			"version":           text("Version of the node that was asked: `7.17.29`."),
			"health":            text("`green`: all is there; `yellow`: copies are missing; `red`: data are missing."),
			"master":            text("Name of the node that is the master."),
			"active_shards":     count("Shards in use, copies included."),
			"unassigned_shards": count("Shards that no node has, copies included."),
			"nodes": schema.ListNestedAttribute{
				Computed: true, MarkdownDescription: "The nodes, by name.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"name":         text("Name of the node."),
					"version":      text("Its version."),
					"roles":        schema.ListAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "What it does: `master`, `data_hot`, `ingest`, …"},
					"address":      text("Its address in the cluster."),
					"http_address": text("Where its API is, as it tells others: `192.0.2.10:9200`."),
				}},
			},
		},
	}
}

// Read implements datasource.DataSource.
func (s *clusterSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	if s.Deferred(req, resp) {
		return
	}
	var info cluster.Info
	if !s.Ask(ctx, &resp.Diagnostics, "read the Elasticsearch cluster", []string{"monitor"}, func(ctx context.Context, on *client.Client) (err error) {
		info, err = cluster.GetInfo(ctx, on)
		return err
	}) {
		return
	}
	model := ClusterModel{
		Name: types.StringValue(info.Name), UUID: types.StringValue(info.UUID), Version: types.StringValue(info.Version),
		Health: types.StringValue(info.Health.Status), Master: types.StringValue(info.Master),
		ActiveShards: types.Int64Value(info.Health.ActiveShards), UnassignedShards: types.Int64Value(info.Health.UnassignedShards),
	}
	for _, node := range info.Nodes {
		model.Nodes = append(model.Nodes, nodeModel{node.Name, node.Version, node.Roles, node.Address, node.HTTP.Address})
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}
