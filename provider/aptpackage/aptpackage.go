// Package aptpackage is the resource flowstack_package: a Debian package from the repositories that a host's apt knows.
package aptpackage

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

// ResourceType is the type of the resource.
const ResourceType = "flowstack_package"

// Model is the resource in Terraform's terms.
type Model struct {
	hostresource.Common
	Name              types.String `tfsdk:"name"`
	Version           types.String `tfsdk:"version"`
	Hold              types.Bool   `tfsdk:"hold"`
	AllowDowngrade    types.Bool   `tfsdk:"allow_downgrade"`
	InstallRecommends types.Bool   `tfsdk:"install_recommends"`
}

// NewResource makes the resource.
var NewResource = hostresource.New[Model, *Model](kind)

var kind = hostresource.Kind[Model]{
	Type:        ResourceType,
	Thing:       "package",
	Description: description,
	Attributes:  attributes,
	Name:        func(m *Model) *types.String { return &m.Name },
	Validate:    validate,
	Plan:        plan,
	Desired:     desired,
	Import:      imported,
}

// item is what the model asks for.
func (m *Model) item() host.Package {
	p := host.Package{
		Name:           m.Name.ValueString(),
		Version:        m.Version.ValueString(),
		FromApt:        true,
		Recommends:     m.InstallRecommends.ValueBool(),
		AllowDowngrade: m.AllowDowngrade.ValueBool(),
		Hold:           new(true),
	}
	if !m.Hold.IsNull() {
		*p.Hold = m.Hold.ValueBool()
	}
	return p
}

func validate(_ context.Context, m *Model) diag.Diagnostics {
	var diags diag.Diagnostics
	check := func(attribute string, value types.String, p host.Package) {
		if value.IsUnknown() || value.IsNull() {
			return
		}
		if err := (host.Desired{p}).Validate(); err != nil {
			diags.AddAttributeError(path.Root(attribute), "Unable to install a package", connection.Explain(hostresource.Cause(err))+".")
		}
	}
	check("name", m.Name, host.Package{Name: m.Name.ValueString(), FromApt: true})
	check("version", m.Version, host.Package{Name: "any", Version: m.Version.ValueString(), FromApt: true})
	return diags
}

// plan hands over what is installed, as far as it is known: a version that leaves something open is satisfied by that.
func plan(_ context.Context, prior, plan *Model, _ hostresource.Context) diag.Diagnostics {
	plan.Effective = hostresource.Effective(nil)
	if prior != nil {
		plan.Effective = prior.Effective
	}
	return nil
}

func desired(_ context.Context, m *Model, _ hostresource.Context) (host.Desired, bool, diag.Diagnostics) {
	if m.Name.IsUnknown() || m.Version.IsUnknown() || m.Hold.IsUnknown() || m.AllowDowngrade.IsUnknown() || m.InstallRecommends.IsUnknown() {
		return nil, false, nil
	}
	// In an apply these are the facts that were planned.
	return host.Desired{m.item()}.Settled(m.Facts()), true, nil
}

// imported pins the version that is installed.
func imported(_ context.Context, m *Model, facts host.Facts) diag.Diagnostics {
	p := m.item()
	m.Version = types.StringNull()
	if settled, ok := (host.Desired{host.Package{Name: p.Name, FromApt: true}}).Settled(facts)[0].(host.Package); ok && settled.Version != "" {
		m.Version = types.StringValue(settled.Version)
	}
	m.Hold = types.BoolValue(facts[p.HoldFact()] == "yes")
	m.AllowDowngrade, m.InstallRecommends = types.BoolValue(false), types.BoolValue(false)
	return nil
}
