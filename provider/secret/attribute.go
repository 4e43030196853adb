package secret

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

// Attribute is a write-only attribute.
type Attribute struct {
	Name  string // of the attribute: "content_wo"
	Key   string // where private state keeps the verifier
	Thing string // for diagnostics: "content"
	// Text makes one text of several attributes, or of one that is none; null when there is nothing secret, unknown while any of it is. Nil: the attribute
	// Name is a text.
	Text func(ctx context.Context, config *tfsdk.Config) (types.String, diag.Diagnostics)
}

// Load reads the verifier; it is nil when there is none.
func (a Attribute) Load(ctx context.Context, private hostresource.Private) (*Verifier, diag.Diagnostics) {
	data, diags := private.GetKey(ctx, a.Key)
	if diags.HasError() || len(data) == 0 {
		return nil, diags
	}
	var v *Verifier
	if err := json.Unmarshal(data, &v); err != nil {
		diags.AddError("Unable to read the private state", fmt.Sprintf("The hash of the %s: %v", a.Thing, err))
		return nil, diags
	}
	return v, diags
}

// save keeps a verifier; nil forgets it.
func (a Attribute) save(ctx context.Context, private hostresource.Private, v *Verifier) diag.Diagnostics {
	data, err := json.Marshal(v)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Unable to write the private state", err.Error())}
	}
	return private.SetKey(ctx, a.Key, data)
}

// Configured is the secret in the configuration; null when there is none or no configuration.
func (a Attribute) Configured(ctx context.Context, c hostresource.Context) (types.String, diag.Diagnostics) {
	value := types.StringNull()
	if c.Config == nil {
		return value, nil
	}
	if a.Text != nil {
		return a.Text(ctx, c.Config)
	}
	diags := c.Config.GetAttribute(ctx, path.Root(a.Name), &value)
	return value, diags
}

// Plan plans a new revision when the configured secret is not the one of the verifier. The secret itself never gets into the plan. A null prior
// revision is of a resource that had no secret. An apply that failed before it began has kept the verifier of its secret, but not the revision: that
// is still the one of the secret before, and the same secret is new once more.
func (a Attribute) Plan(ctx context.Context, prior types.String, c hostresource.Context) (revision types.String, diags diag.Diagnostics) {
	value, diags := a.Configured(ctx, c)
	known, more := a.Load(ctx, c.Private)
	if diags.Append(more...); diags.HasError() {
		return types.StringNull(), diags
	}
	switch {
	case value.IsNull():
		return types.StringNull(), diags
	case !prior.IsNull() && !value.IsUnknown() && known.is(prior.ValueString()) && known.Matches([]byte(value.ValueString())):
		return prior, diags
	}
	return types.StringUnknown(), diags
}

// Prepare settles the revision that was planned, and makes the verifier of a new secret.
func (a Attribute) Prepare(ctx context.Context, planned types.String, c hostresource.Context) (revision types.String, diags diag.Diagnostics) {
	value, diags := a.Configured(ctx, c)
	v, more := a.Load(ctx, c.Private)
	if diags.Append(more...); diags.HasError() {
		return planned, diags
	}
	if value.IsNull() {
		if v != nil {
			diags.Append(a.save(ctx, c.Private, nil)...)
		}
		return planned, diags
	}
	if !v.Matches([]byte(value.ValueString())) {
		var err error
		if v, err = newVerifier(value.ValueString()); err != nil {
			diags.AddError("Unable to hash the "+a.Thing, err.Error())
			return planned, diags
		}
		// An ephemeral secret may be another one in the apply than in the plan, which then stands.
		if !planned.IsUnknown() {
			v.Revision = planned.ValueString()
		}
		diags.Append(a.save(ctx, c.Private, v)...)
	}
	if planned.IsUnknown() {
		planned = types.StringValue(v.Revision)
	}
	return planned, diags
}
