// Package hostinfo is the data source flowstack_host: what a host is, to size and to decide things by.
package hostinfo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
)

// DataSourceType is the type of the data source.
const DataSourceType = "flowstack_host"

// readTimeout bounds a read of a host that answers; how long to wait for one that does not is its connect_timeout.
const readTimeout = 2 * time.Minute

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
type dataSource struct{ data *connection.Data }

var _ datasource.DataSourceWithConfigure = (*dataSource)(nil)

// NewDataSource makes the data source.
func NewDataSource() datasource.DataSource { return &dataSource{} }

// Metadata implements datasource.DataSource.
func (*dataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = DataSourceType
}

// Configure implements datasource.DataSourceWithConfigure.
func (d *dataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	if req.ProviderData == nil {
		return // Terraform only validates
	}
	data, ok := req.ProviderData.(*connection.Data)
	if !ok {
		resp.Diagnostics.AddError("Unable to configure the data source",
			fmt.Sprintf("The provider handed over %T. This is a defect of the provider.", req.ProviderData))
		return
	}
	d.data = data
}

// Read implements datasource.DataSource. Unlike a resource it has no state to take for true: a host that cannot be asked is an error.
func (d *dataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model Model
	if resp.Diagnostics.Append(req.Config.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	const choose = "Unable to choose the host to read"
	if model.Host.IsNull() {
		name, err := d.data.Hosts.Default()
		switch {
		case err != nil:
			resp.Diagnostics.AddAttributeError(path.Root("host"), choose, connection.Explain(err)+".")
			return
		case name == "" && deferred(req, resp):
			return
		case name == "":
			resp.Diagnostics.AddError(choose, "Which hosts the provider has is not known before the apply. "+later)
			return
		}
		model.Host = types.StringValue(name)
	}
	summary := "Unable to read host " + model.Host.ValueString()
	on, err := d.data.Hosts.Lookup(model.Host.ValueString())
	if err != nil {
		resp.Diagnostics.AddAttributeError(path.Root("host"), summary, connection.Explain(err)+".")
		return
	}
	if !on.Known() && deferred(req, resp) {
		return
	}
	inventory, err := read(ctx, on)
	switch {
	case errors.Is(err, connection.ErrUnknown):
		resp.Diagnostics.AddError(summary, "How to reach it is not known before the apply. "+later)
	case err != nil:
		var asked *connection.Error
		if errors.As(err, &asked) {
			err = asked // without the step it happened in
		}
		resp.Diagnostics.AddError(summary, connection.Explain(err))
	default:
		model.set(inventory)
		resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
	}
}

// later says how a data source is read in the apply.
const later = "Let the data source depend on what makes the host, by depends_on: then it is read when the host is there."

// deferred leaves the read to a later run where Terraform can do that.
func deferred(req datasource.ReadRequest, resp *datasource.ReadResponse) bool {
	if !req.ClientCapabilities.DeferralAllowed {
		return false
	}
	resp.Deferred = &datasource.Deferred{Reason: datasource.DeferredReasonProviderConfigUnknown}
	return true
}

// read waits for a host that is still starting: it may have been made in this very apply.
func read(ctx context.Context, on *connection.Host) (host.Inventory, error) {
	if err := on.Await(ctx); err != nil {
		return host.Inventory{}, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, readTimeout, fmt.Errorf("no answer within %s", readTimeout))
	defer cancel()
	return host.TakeInventory(ctx, on)
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
