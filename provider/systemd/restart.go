// Package systemd is what Terraform sees of a host's systemd: unit files, drop-ins, and the state of services.
package systemd

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
	"github.com/flowstack/terraform-provider-flowstack/provider/semantic"
)

// StableFor is the default of stable_for.
const StableFor = "3s"

// Restart are the attributes about when a unit is restarted and what it has to prove then; models embed it.
type Restart struct {
	RestartWhenStale types.Bool   `tfsdk:"restart_when_stale"`
	Inputs           types.Set    `tfsdk:"inputs"`
	StableFor        types.String `tfsdk:"stable_for"`
}

// RestartAttributes are the attributes of Restart, together with more.
func RestartAttributes(more map[string]schema.Attribute) map[string]schema.Attribute {
	attributes := map[string]schema.Attribute{
		"restart_when_stale": schema.BoolAttribute{
			Optional: true,
			Computed: true,
			Default:  booldefault.StaticBool(true),
			MarkdownDescription: "Restart the unit when it runs since before its unit files, its drop-ins, its program or one of `inputs` last changed, or when its last " +
				"start failed. This is read from the host: a restart that failed is tried again by the next apply, a change by hand is noticed, and several changes " +
				"cost one restart, also those of other resources in the same apply. Default `true`.",
		},
		"inputs": schema.SetAttribute{
			Optional:            true,
			ElementType:         types.StringType,
			MarkdownDescription: "Paths of further files on the host that the unit reads only when it starts, such as `/etc/elasticsearch/elasticsearch.yml`.",
			Validators:          []validator.Set{setvalidator.ValueStringsAre(stringvalidator.LengthAtLeast(1))},
		},
		"stable_for": schema.StringAttribute{
			Optional:            true,
			Computed:            true,
			Default:             stringdefault.StaticString(StableFor),
			MarkdownDescription: "How long the unit has to keep running after a start, in whole seconds, such as `10s`; `0s` trusts systemd. Default `" + StableFor + "`.",
			PlanModifiers:       []planmodifier.String{semantic.Duration()},
		},
	}
	maps.Copy(attributes, more)
	return attributes
}

// UnitAttribute is the attribute with the name of a unit.
func UnitAttribute(text string) schema.StringAttribute {
	return schema.StringAttribute{
		Required:            true,
		MarkdownDescription: text + " Changing it replaces the resource.",
		PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
		Validators:          []validator.String{UnitName{}},
	}
}

// UnitName accepts names of units, with their type.
type UnitName struct{}

// Description implements validator.String.
func (UnitName) Description(context.Context) string {
	return "must be the name of a unit with its type, such as elasticsearch.service"
}

// MarkdownDescription implements validator.String.
func (n UnitName) MarkdownDescription(ctx context.Context) string { return n.Description(ctx) }

// ValidateString implements validator.String.
func (n UnitName) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if err := host.ValidUnitName(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Unable to name the unit", connection.Explain(err)+": it "+n.Description(ctx)+".")
	}
}

// Duration reads a time such as 10s; null is zero.
func Duration(text types.String) (time.Duration, error) {
	if text.IsNull() || text.IsUnknown() {
		return 0, nil
	}
	d, err := time.ParseDuration(text.ValueString())
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is not a time such as 10s or 2m", text.ValueString())
	}
	return d, nil
}

// Validate checks what is known of the attributes.
func (r *Restart) Validate() diag.Diagnostics {
	var diags diag.Diagnostics
	if _, err := Duration(r.StableFor); err != nil {
		diags.AddAttributeError(path.Root("stable_for"), "Unable to wait for the unit", connection.Explain(err)+".")
	}
	return diags
}

// SetDefaults gives the attributes of an imported resource their defaults.
func (r *Restart) SetDefaults() {
	r.RestartWhenStale = types.BoolValue(true)
	r.StableFor = types.StringValue(StableFor)
}

// Known tells whether nothing of the attributes is unknown.
func (r *Restart) Known() bool {
	if r.RestartWhenStale.IsUnknown() || r.StableFor.IsUnknown() || r.Inputs.IsUnknown() {
		return false
	}
	for _, input := range r.Inputs.Elements() {
		if input.IsUnknown() {
			return false
		}
	}
	return true
}

// Wanted tells whether the unit is to be restarted. What is not configured, as just after an import, means so.
func (r *Restart) Wanted() bool { return r.RestartWhenStale.IsNull() || r.RestartWhenStale.ValueBool() }

// Unit adds the attributes to a unit. They are valid and known.
func (r *Restart) Unit(u host.Unit) host.Unit {
	u.AnyAge = !r.Wanted()
	u.Inputs, _ = hostresource.Strings(r.Inputs)
	u.Health.StableFor, _ = Duration(r.StableFor) // checked by Validate
	return u
}
