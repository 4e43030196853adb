// Package hostinfo is the data source flowstack_host: what a host is, to size and to decide things by.
package hostinfo

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

// DataSourceType is the type of the data source.
const DataSourceType = "flowstack_host"

// Model is the data source in Terraform's terms.
type Model struct {
	Host           types.String     `tfsdk:"host"`
	Hostname       types.String     `tfsdk:"hostname"`
	Architecture   types.String     `tfsdk:"architecture"`
	Distribution   *distribution    `tfsdk:"distribution"`
	Kernel         types.String     `tfsdk:"kernel"`
	SystemdVersion types.Int64      `tfsdk:"systemd_version"`
	Virtualization types.String     `tfsdk:"virtualization"`
	Processors     types.Int64      `tfsdk:"processors"`
	Memory         types.Int64      `tfsdk:"memory"`
	Addresses      []string         `tfsdk:"addresses"`
	Mounts         map[string]mount `tfsdk:"mounts"`
	RebootRequired types.Bool       `tfsdk:"reboot_required"`
}

type distribution struct {
	ID      types.String `tfsdk:"id"`
	Version types.String `tfsdk:"version"`
	Name    types.String `tfsdk:"name"`
}

type mount struct {
	Filesystem string `tfsdk:"filesystem"`
	Size       int64  `tfsdk:"size"`
	Free       int64  `tfsdk:"free"`
}

// dataSource implements datasource.DataSource.
type dataSource struct{ hostresource.DataSource }

var _ datasource.DataSourceWithConfigure = (*dataSource)(nil)

// NewDataSource makes the data source.
func NewDataSource() datasource.DataSource { return &dataSource{} }

// Metadata implements datasource.DataSource.
func (*dataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = DataSourceType
}

// Read implements datasource.DataSource.
func (d *dataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model Model
	if resp.Diagnostics.Append(req.Config.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	on := d.Host(req, resp, &model.Host, strings.TrimSpace("host "+model.Host.ValueString()))
	if on == nil {
		return
	}
	var inventory host.Inventory
	if d.Ask(ctx, on, &resp.Diagnostics, "host "+on.Name, func(ctx context.Context) (err error) {
		inventory, err = host.TakeInventory(ctx, on)
		return err
	}) {
		model.set(inventory)
		resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
	}
}

func (m *Model) set(i host.Inventory) {
	m.Hostname = types.StringValue(i.Hostname)
	m.Architecture = types.StringValue(i.Architecture)
	m.Distribution = &distribution{ID: known(i.ID), Version: known(i.VersionID), Name: known(i.PrettyName)}
	m.Kernel = types.StringValue(i.Kernel)
	m.Virtualization = known(i.Virtualization)
	m.Processors = types.Int64Value(int64(i.CPUs))
	m.Memory = types.Int64Value(int64(i.MemoryBytes))
	m.RebootRequired = types.BoolValue(i.RebootRequired)
	m.SystemdVersion = types.Int64Null()
	if i.Systemd > 0 {
		m.SystemdVersion = types.Int64Value(int64(i.Systemd))
	}
	m.Addresses = make([]string, len(i.Addresses))
	for n, address := range i.Addresses {
		m.Addresses[n] = address.String()
	}
	m.Mounts = make(map[string]mount, len(i.Mounts))
	for _, at := range i.Mounts {
		m.Mounts[at.Path] = mount{at.Filesystem, int64(at.Size), int64(at.Free)}
	}
}

// known is null for what the host does not say.
func known(text string) types.String {
	if text == "" {
		return types.StringNull()
	}
	return types.StringValue(text)
}
