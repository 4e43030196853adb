// Package provider is the Terraform provider flowstack: what Terraform sees of hosts, the collector and Elasticsearch.
package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	hostaction "github.com/flowstack/terraform-provider-flowstack/provider/action"
	"github.com/flowstack/terraform-provider-flowstack/provider/aptpackage"
	"github.com/flowstack/terraform-provider-flowstack/provider/aptrepository"
	"github.com/flowstack/terraform-provider-flowstack/provider/collector"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/directory"
	"github.com/flowstack/terraform-provider-flowstack/provider/elasticcluster"
	"github.com/flowstack/terraform-provider-flowstack/provider/elasticsearch"
	"github.com/flowstack/terraform-provider-flowstack/provider/elasticsecurity"
	"github.com/flowstack/terraform-provider-flowstack/provider/exporterconfig"
	"github.com/flowstack/terraform-provider-flowstack/provider/exporterseen"
	"github.com/flowstack/terraform-provider-flowstack/provider/file"
	"github.com/flowstack/terraform-provider-flowstack/provider/firewall"
	"github.com/flowstack/terraform-provider-flowstack/provider/flowindex"
	"github.com/flowstack/terraform-provider-flowstack/provider/flowsummary"
	"github.com/flowstack/terraform-provider-flowstack/provider/functions"
	"github.com/flowstack/terraform-provider-flowstack/provider/geoip"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostinfo"
	"github.com/flowstack/terraform-provider-flowstack/provider/kibana"
	"github.com/flowstack/terraform-provider-flowstack/provider/limits"
	"github.com/flowstack/terraform-provider-flowstack/provider/pki"
	"github.com/flowstack/terraform-provider-flowstack/provider/snapshot"
	"github.com/flowstack/terraform-provider-flowstack/provider/softflowd"
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

	_ provider.ProviderWithEphemeralResources = (*flowstack)(nil)
	_ provider.ProviderWithListResources      = (*flowstack)(nil)
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
	inKibana, diags := connection.NewKibana(ctx, hosts, model.Kibana)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	data := &connection.Data{Hosts: hosts, Elasticsearch: elasticsearch, Kibana: inKibana}
	resp.ResourceData, resp.DataSourceData, resp.ActionData, resp.EphemeralResourceData = data, data, data, data
	resp.ListResourceData = data
}

// Resources implements provider.Provider.
func (*flowstack) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		softflowd.NewResource, sysctl.NewResource, swap.NewResource, firewall.NewResource, file.NewResource, directory.NewResource,
		aptrepository.NewResource, aptpackage.NewResource, systemd.NewUnit, systemd.NewDropIn, systemd.NewService, limits.NewResource,
		geoip.NewResource, collector.NewResource, pki.NewAuthority, pki.NewCertificate, pki.NewRequest,
		elasticsearch.NewResource, elasticsearch.NewDirectory, elasticcluster.NewSettings,
		elasticsecurity.NewPassword, elasticsecurity.NewUser, elasticsecurity.NewRole, elasticsecurity.NewAPIKey,
		flowindex.NewResource, flowsummary.NewResource, snapshot.NewRepository, snapshot.NewPolicy,
		kibana.NewResource, kibana.NewSpace, kibana.NewObject, kibana.NewDashboards,
	}
}

// DataSources implements provider.Provider.
func (*flowstack) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{
		hostinfo.NewDataSource, systemd.NewServiceDataSource,
		elasticcluster.NewClusterSource, elasticcluster.NewCertificatesSource, elasticcluster.NewDeprecationsSource,
		exporterconfig.NewDataSource, exporterseen.NewDataSource,
	}
}

// EphemeralResources implements provider.ProviderWithEphemeralResources.
func (*flowstack) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return []func() ephemeral.EphemeralResource{elasticsecurity.NewEphemeralKey}
}

// ListResources implements provider.ProviderWithListResources.
func (*flowstack) ListResources(context.Context) []func() list.ListResource {
	return []func() list.ListResource{
		sysctl.NewList, aptpackage.NewList, aptrepository.NewList, systemd.NewUnitList,
		elasticsecurity.NewUserList, elasticsecurity.NewRoleList, kibana.NewSpaceList, kibana.NewObjectList,
	}
}

// Actions implements provider.ProviderWithActions.
func (*flowstack) Actions(context.Context) []func() action.Action { return hostaction.New() }

// Functions implements provider.ProviderWithFunctions.
func (*flowstack) Functions(context.Context) []func() function.Function {
	return []func() function.Function{sysctl.NewProfileFunction, functions.NewHeap, functions.NewDisk, elasticsecurity.NewCollectorRole}
}
