package secret

import (
	"bytes"
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
	// From is the attribute whose version counts, where that is not always Name. Nil: it is.
	From func(ctx context.Context, config *tfsdk.Config) (name string, diags diag.Diagnostics)
}

// Prior is what the state has of a secret; the zero value is of a resource that had none.
type Prior struct {
	Revision types.String
	Facts    types.Map // as last seen: the revision is among them while the secret is where it was written
}

// shown tells whether the secret was where it was written. While nobody looked nothing speaks against it.
func (p Prior) shown() bool {
	facts := p.Facts.Elements()
	for _, fact := range facts {
		if fact.Equal(p.Revision) {
			return true
		}
	}
	return len(facts) == 0
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

// look is the secret and its version in the configuration, and the verifier of the one that was written.
func (a Attribute) look(ctx context.Context, c hostresource.Context) (value types.String, version types.Int64, known *Verifier, diags diag.Diagnostics) {
	value, diags = a.Configured(ctx, c)
	version, more := a.version(ctx, c)
	diags.Append(more...)
	known, more = a.Load(ctx, c.Private)
	diags.Append(more...)
	return value, version, known, diags
}

// Wanted is a secret that a host shall have.
type Wanted struct {
	Content []byte                    // nil while there is none in the configuration
	Verify  func(content []byte) bool // whether what is found is the secret; nil compares with Content
}

// Wanted is itself while there is a configuration, else only recognised. One that is pinned is both: what was written stays, and only what is there in its
// place gives way to what is configured.
func (a Attribute) Wanted(ctx context.Context, c hostresource.Context) (w Wanted, diags diag.Diagnostics) {
	value, version, v, diags := a.look(ctx, c)
	if diags.HasError() {
		return w, diags
	}
	if !value.IsNull() {
		w.Content = []byte(value.ValueString())
	}
	switch {
	case value.IsNull() && v != nil:
		w.Verify = v.Matches
	case v.pinned(version):
		w.Verify = func(content []byte) bool { return bytes.Equal(content, w.Content) || v.Matches(content) }
	}
	return w, diags
}

// Plan plans a new revision when the configured secret is not the one of the verifier, or, where it has a version, when that is another one, or the host
// has lost it. The secret itself never gets into the plan. An apply that failed before it began has kept the verifier of its secret, but not the revision:
// that is still the one of the secret before, and the same secret is new once more.
func (a Attribute) Plan(ctx context.Context, prior Prior, c hostresource.Context) (revision types.String, diags diag.Diagnostics) {
	value, version, known, diags := a.look(ctx, c)
	if diags.HasError() {
		return types.StringNull(), diags
	}
	switch {
	case value.IsNull():
		return types.StringNull(), diags
	case prior.Revision.IsNull() || !known.is(prior.Revision.ValueString()):
	case known.pinned(version) && prior.shown(), !value.IsUnknown() && known.Matches([]byte(value.ValueString())):
		return prior.Revision, diags
	}
	return types.StringUnknown(), diags
}

// Prepare settles the revision that was planned, and makes the verifier of a new secret.
func (a Attribute) Prepare(ctx context.Context, planned types.String, c hostresource.Context) (revision types.String, diags diag.Diagnostics) {
	value, version, v, diags := a.look(ctx, c)
	if diags.HasError() {
		return planned, diags
	}
	switch {
	case value.IsNull():
		if v != nil {
			diags.Append(a.save(ctx, c.Private, nil)...)
		}
		return planned, diags
	case !planned.IsUnknown() && v.pinned(version):
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
	}
	v.Version = version.ValueInt64Pointer()
	diags.Append(a.save(ctx, c.Private, v)...)
	if planned.IsUnknown() {
		planned = types.StringValue(v.Revision)
	}
	return planned, diags
}
