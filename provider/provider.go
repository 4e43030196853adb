// Package provider is the Terraform provider flowstack: what Terraform sees of hosts, the collector and Elasticsearch.
package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	hostaction "github.com/flowstack/terraform-provider-flowstack/provider/action"
	"github.com/flowstack/terraform-provider-flowstack/provider/aptpackage"
	"github.com/flowstack/terraform-provider-flowstack/provider/aptrepository"
	"github.com/flowstack/terraform-provider-flowstack/provider/collector"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/directory"
	"github.com/flowstack/terraform-provider-flowstack/provider/file"
	"github.com/flowstack/terraform-provider-flowstack/provider/firewall"
	"github.com/flowstack/terraform-provider-flowstack/provider/flowindex"
	"github.com/flowstack/terraform-provider-flowstack/provider/functions"
	"github.com/flowstack/terraform-provider-flowstack/provider/geoip"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostinfo"
	"github.com/flowstack/terraform-provider-flowstack/provider/limits"
	"github.com/flowstack/terraform-provider-flowstack/provider/swap"
	"github.com/flowstack/terraform-provider-flowstack/provider/sysctl"
	"github.com/flowstack/terraform-provider-flowstack/provider/systemd"
)

// Address is the provider's in the registry.
const Address = "registry.terraform.io/flowstack/flowstack"

type flowstack struct {
	version     string
	connections *connection.Pool
}

var (
	_ provider.Provider              = (*flowstack)(nil)
	_ provider.ProviderWithFunctions = (*flowstack)(nil)
	_ provider.ProviderWithActions   = (*flowstack)(nil)
)

// New makes the constructor of the provider. Its connections stay in the pool, which the caller closes at the end.
func New(version string, connections *connection.Pool) func() provider.Provider {
	return func() provider.Provider { return &flowstack{version, connections} }
}

// Metadata implements provider.Provider.
func (p *flowstack) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName, resp.Version = "flowstack", p.version
}

// Configure implements provider.Provider. Everything may be unknown until the apply; nothing is connected here.
func (p *flowstack) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var model connection.Model
	if resp.Diagnostics.Append(req.Config.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	hosts, diags := connection.NewHosts(ctx, p.connections, model.Hosts)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	elasticsearch, diags := connection.NewElasticsearch(ctx, hosts, model.Elasticsearch)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	data := &connection.Data{Hosts: hosts, Elasticsearch: elasticsearch}
	resp.ResourceData, resp.DataSourceData, resp.ActionData = data, data, data
}

// Resources implements provider.Provider.
func (*flowstack) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		sysctl.NewResource, swap.NewResource, firewall.NewResource, file.NewResource, directory.NewResource,
		aptrepository.NewResource, aptpackage.NewResource, systemd.NewUnit, systemd.NewDropIn, systemd.NewService, limits.NewResource,
		geoip.NewResource, collector.NewResource, flowindex.NewResource,
	}
}

// DataSources implements provider.Provider.
func (*flowstack) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{hostinfo.NewDataSource, systemd.NewServiceDataSource}
}

// Actions implements provider.ProviderWithActions.
func (*flowstack) Actions(context.Context) []func() action.Action { return hostaction.New() }

// Functions implements provider.ProviderWithFunctions.
func (*flowstack) Functions(context.Context) []func() function.Function {
	return []func() function.Function{sysctl.NewProfileFunction, functions.NewHeap, functions.NewDisk}
}
