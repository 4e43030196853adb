package systemd

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

// ServiceType is the type of the resource and of the data source.
const ServiceType = "flowstack_systemd_service"

// ServiceModel is the resource in Terraform's terms.
type ServiceModel struct {
	hostresource.Common
	Restart
	Name        types.String `tfsdk:"name"`
	Enabled     types.Bool   `tfsdk:"enabled"`
	Active      types.Bool   `tfsdk:"active"`
	Masked      types.Bool   `tfsdk:"masked"`
	WaitForPort types.Int64  `tfsdk:"wait_for_port"`
	Triggers    types.Map    `tfsdk:"triggers"`
}

// NewService makes the resource.
var NewService = hostresource.New[ServiceModel, *ServiceModel](hostresource.Kind[ServiceModel]{
	Type:  ServiceType,
	Thing: "systemd service",
	Description: "The state of a unit that is on a host already, a service as a rule: whether it starts at boot, whether it runs, and that it runs with what is on disk. " +
		"What is left out is not looked at, but for a mask. Destroying the resource puts back the state it found; the unit stays.\n\n" +
		"A start counts only when the unit keeps running and, with `wait_for_port`, listens. Otherwise the error has the last lines of its journal.",
	Attributes: RestartAttributes(map[string]schema.Attribute{
		"name":    UnitAttribute("The name of the unit with its type, such as `elasticsearch.service`."),
		"enabled": schema.BoolAttribute{Optional: true, MarkdownDescription: "Whether it starts at boot."},
		"active":  schema.BoolAttribute{Optional: true, MarkdownDescription: "Whether it runs."},
		"masked": schema.BoolAttribute{
			Optional: true, Computed: true, Default: booldefault.StaticBool(false),
			MarkdownDescription: "Keep everybody from starting it, other units included. It is stopped. Default `false`: a mask is taken away, and put back when " +
				"the resource is destroyed.",
		},
		"wait_for_port": portAttribute(),
		"triggers":      hostresource.Triggers("the unit"),
	}),
	Name:          func(m *ServiceModel) *types.String { return &m.Name },
	NameAttribute: "name",
	Validate:      validateService,
	Desired:       desiredService,
	Import:        importedService,
	Gone: func(desired host.Desired, facts host.Facts) bool {
		for name := range desired.Facts() {
			if facts[name] == host.Absent {
				return true
			}
		}
		return false
	},
})

func is(b types.Bool, value bool) bool {
	return !b.IsNull() && !b.IsUnknown() && b.ValueBool() == value
}

func validateService(_ context.Context, m *ServiceModel) diag.Diagnostics {
	diags := m.Validate()
	for name, value := range map[string]types.Bool{"enabled": m.Enabled, "active": m.Active} {
		if is(m.Masked, true) && is(value, true) {
			diags.AddAttributeError(path.Root(name), "Unable to mask the service", "A masked unit can neither be enabled nor run. Leave "+name+" or masked out.")
		}
	}
	return append(diags, validatePort(m.WaitForPort, m.Active.IsNull() || is(m.Active, false))...)
}

func desiredService(_ context.Context, m *ServiceModel, _ hostresource.Context) (host.Desired, bool, diag.Diagnostics) {
	if m.Name.IsUnknown() || m.Enabled.IsUnknown() || m.Active.IsUnknown() || m.Masked.IsUnknown() || m.WaitForPort.IsUnknown() || !m.Known() {
		return nil, false, nil
	}
	// An import looks at everything once.
	look := m.Effective.IsNull() || m.Masked.ValueBool()
	return host.Desired{m.Unit(host.Unit{
		Name: m.Name.ValueString(), Borrowed: true,
		Enabled: m.Enabled.ValueBool(), AnyEnabled: m.Enabled.IsNull() && !look,
		Active: m.Active.ValueBool(), AnyActive: m.Active.IsNull() && !look,
		Masked: m.Masked.ValueBool(), Unmasked: is(m.Masked, false),
		Health: host.Health{Port: int(m.WaitForPort.ValueInt64())},
	})}, true, nil
}

func importedService(_ context.Context, m *ServiceModel, facts host.Facts) diag.Diagnostics {
	m.SetDefaults()
	enabled := facts["unit "+m.Name.ValueString()+": enabled"]
	m.Masked = types.BoolValue(strings.HasPrefix(enabled, "masked"))
	if !m.Masked.ValueBool() {
		m.Enabled = types.BoolValue(enabled == "enabled")
		m.Active = types.BoolValue(facts["unit "+m.Name.ValueString()+": active"] == "active")
	}
	return nil
}
