// Package action has the Terraform actions: what is done to a host on demand, and leaves no state.
//
// A failed action is forgotten by Terraform. What has to be so in the end is a resource's business: flowstack_systemd_service restarts a
// stale unit, and tries again.
package action

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/systemd"
)

// kind is what one action adds to what all have in common.
type kind struct {
	name        string // flowstack_service_restart
	verb        string // of the summary: "restart the service"
	description string
	attributes  map[string]schema.Attribute
	limit       time.Duration // the default of timeout
	invoke      func(ctx context.Context, on *connection.Host, m *model, progress func(string)) error
}

// model has the attributes of all actions. Those that an action has not are null.
type model struct {
	Host        types.String
	Unit        types.String
	StableFor   types.String
	WaitForPort types.Int64
	Timeout     types.String
}

// New are the constructors of the actions.
func New() []func() action.Action {
	kinds := []kind{restart, reload, reboot}
	all := make([]func() action.Action, 0, len(kinds))
	for _, k := range kinds {
		all = append(all, func() action.Action { return &hostAction{kind: k} })
	}
	return all
}

type hostAction struct {
	kind
	data *connection.Data
}

var (
	_ action.ActionWithConfigure      = (*hostAction)(nil)
	_ action.ActionWithModifyPlan     = (*hostAction)(nil)
	_ action.ActionWithValidateConfig = (*hostAction)(nil)
)

// Metadata implements action.Action.
func (a *hostAction) Metadata(_ context.Context, _ action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = a.name
}

// Schema implements action.Action.
func (a *hostAction) Schema(_ context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	attributes := map[string]schema.Attribute{
		"host": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "The host, by its name in the provider's `hosts`. May be left out when there is only one.",
			Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
		},
		"timeout": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: fmt.Sprintf("How long it may take, such as `90s` or `20m`. Default `%dm`.", a.limit/time.Minute),
		},
	}
	for name, attribute := range a.attributes {
		attributes[name] = attribute
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: a.description + "\n\nActions need Terraform 1.14; OpenTofu has none yet.",
		Attributes:          attributes,
	}
}

// Configure implements action.ActionWithConfigure.
func (a *hostAction) Configure(_ context.Context, req action.ConfigureRequest, resp *action.ConfigureResponse) {
	if req.ProviderData == nil {
		return // Terraform only validates
	}
	data, ok := req.ProviderData.(*connection.Data)
	if !ok {
		resp.Diagnostics.AddError("Unable to configure the action",
			fmt.Sprintf("The provider handed over %T. This is a defect of the provider.", req.ProviderData))
		return
	}
	a.data = data
}

// read takes the attributes that the action has from its configuration.
func (a *hostAction) read(ctx context.Context, config tfsdk.Config) (*model, diag.Diagnostics) {
	var m model
	var diags diag.Diagnostics
	for name, to := range map[string]any{"host": &m.Host, "unit": &m.Unit, "stable_for": &m.StableFor, "wait_for_port": &m.WaitForPort, "timeout": &m.Timeout} {
		if _, has := a.attributes[name]; has || name == "host" || name == "timeout" {
			diags.Append(config.GetAttribute(ctx, path.Root(name), to)...)
		}
	}
	return &m, diags
}

// ValidateConfig implements action.ActionWithValidateConfig.
func (a *hostAction) ValidateConfig(ctx context.Context, req action.ValidateConfigRequest, resp *action.ValidateConfigResponse) {
	m, diags := a.read(ctx, req.Config)
	if resp.Diagnostics.Append(diags...); diags.HasError() {
		return
	}
	if limit, err := systemd.Duration(m.Timeout); err != nil || !m.Timeout.IsNull() && !m.Timeout.IsUnknown() && limit == 0 {
		resp.Diagnostics.AddAttributeError(path.Root("timeout"), "Unable to limit the time", fmt.Sprintf("%s is not a time such as 90s or 20m.", m.Timeout))
	}
	if _, err := systemd.Duration(m.StableFor); err != nil {
		resp.Diagnostics.AddAttributeError(path.Root("stable_for"), "Unable to wait for the unit", connection.Explain(err)+".")
	}
}

// ModifyPlan implements action.ActionWithModifyPlan: a host that there is not is better found in the plan.
func (a *hostAction) ModifyPlan(ctx context.Context, req action.ModifyPlanRequest, resp *action.ModifyPlanResponse) {
	m, diags := a.read(ctx, req.Config)
	if resp.Diagnostics.Append(diags...); diags.HasError() || a.data == nil || m.Host.IsUnknown() {
		return
	}
	if _, err := a.host(m); err != nil && !errors.Is(err, connection.ErrUnknown) {
		resp.Diagnostics.AddAttributeError(path.Root("host"), "Unable to "+a.verb, connection.Explain(err)+".")
	}
}

// host finds the host. ErrUnknown: which there are is not known yet.
func (a *hostAction) host(m *model) (*connection.Host, error) {
	name := m.Host.ValueString()
	if name == "" {
		var err error
		if name, err = a.data.Hosts.Default(); err != nil {
			return nil, err
		}
		if name == "" {
			return nil, connection.ErrUnknown
		}
	}
	return a.data.Hosts.Lookup(name)
}

// Invoke implements action.Action.
func (a *hostAction) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	m, diags := a.read(ctx, req.Config)
	if resp.Diagnostics.Append(diags...); diags.HasError() {
		return
	}
	on, err := a.host(m)
	if err != nil {
		resp.Diagnostics.AddAttributeError(path.Root("host"), "Unable to "+a.verb, connection.Explain(err)+".")
		return
	}
	limit, err := systemd.Duration(m.Timeout)
	if err != nil {
		resp.Diagnostics.AddAttributeError(path.Root("timeout"), "Unable to "+a.verb, connection.Explain(err)+".")
		return
	}
	if limit == 0 {
		limit = a.limit
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("the time for it ran out after %s (see timeout)", limit))
	defer cancel()
	err = a.invoke(ctx, on, m, func(text string) {
		resp.SendProgress(action.InvokeProgressEvent{Message: "host " + on.Name + ": " + text})
	})
	if err != nil {
		resp.Diagnostics.AddError("Unable to "+a.verb+" of host "+on.Name, connection.Explain(err))
	}
}
