package hostresource

import (
	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
)

// Common are the attributes that every resource on a host has; models embed it.
type Common struct {
	ID        types.String   `tfsdk:"id"`
	Host      types.String   `tfsdk:"host"`
	Effective types.Map      `tfsdk:"effective"`
	Timeouts  timeouts.Value `tfsdk:"timeouts"`
}

// WithSettings is the attribute settings, for models of kinds that have it; these embed it beside Common.
type WithSettings struct {
	Settings types.Map `tfsdk:"settings"`
}

// Shared gives the envelope access to the common attributes of a model.
func (c *Common) Shared() *Common { return c }

// Unknown stands, as the value of a fact, for what only the apply will tell.
const Unknown = "\x00unknown"

// Effective makes the attribute of facts.
func Effective(facts host.Facts) types.Map {
	values := make(map[string]attr.Value, len(facts))
	for name, value := range facts {
		if host.IsOpen(value) {
			values[name] = types.StringUnknown()
			continue
		}
		values[name] = types.StringValue(value)
	}
	return types.MapValueMust(types.StringType, values)
}

// Facts are those of the attribute effective that are known: what a host showed or, in an apply, what was planned.
func (c *Common) Facts() host.Facts {
	facts := host.Facts{}
	for name, value := range c.Effective.Elements() {
		if text, ok := value.(types.String); ok && !text.IsUnknown() && !text.IsNull() {
			facts[name] = text.ValueString()
		}
	}
	return facts
}

// AllSettings reads the settings; known is false when any of them is unknown. One that is null is as if it were not there.
func (c *WithSettings) AllSettings() (settings map[string]string, known bool) {
	if c.Settings.IsUnknown() {
		return nil, false
	}
	for _, value := range c.Settings.Elements() {
		if value.IsUnknown() {
			return nil, false
		}
	}
	return c.KnownSettings(), true
}

// KnownSettings are those of the settings whose value is known, to check as much as possible as early as possible.
func (c *WithSettings) KnownSettings() map[string]string {
	settings := map[string]string{}
	for name, value := range c.Settings.Elements() {
		if text, ok := value.(types.String); ok && !text.IsUnknown() && !text.IsNull() {
			settings[name] = text.ValueString()
		}
	}
	return settings
}

// SetSettings replaces the settings.
func (c *WithSettings) SetSettings(settings map[string]string) {
	values := make(map[string]attr.Value, len(settings))
	for name, value := range settings {
		values[name] = types.StringValue(value)
	}
	c.Settings = types.MapValueMust(types.StringType, values)
}
