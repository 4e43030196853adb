package secret

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

// VersionAttribute describes the version of a write-only attribute. What becomes of a secret that somebody else changed is up to the kind.
func VersionAttribute(of, changed string) schema.Int64Attribute {
	return schema.Int64Attribute{
		Optional: true,
		MarkdownDescription: "A number to count up when `" + of + "` is to be written. With it another value alone changes nothing, so that may be a new one in each run, as an ephemeral " +
			"resource has it. " + changed + " Without it another value is noticed by itself.",
		Validators: []validator.Int64{int64validator.AlsoRequires(path.MatchRoot(of))},
	}
}

// version is the configured one; null when there is none or no configuration.
func (a Attribute) version(ctx context.Context, c hostresource.Context) (types.Int64, diag.Diagnostics) {
	version := types.Int64Null()
	if c.Config == nil {
		return version, nil
	}
	name, diags := a.Name, diag.Diagnostics(nil)
	if a.From != nil {
		name, diags = a.From(ctx, c.Config)
	}
	diags.Append(c.Config.GetAttribute(ctx, path.Root(name+"_version"), &version)...)
	return version, diags
}

// pinned tells whether the secret was written with this version: then it stays, whatever is configured.
func (v *Verifier) pinned(version types.Int64) bool {
	return v != nil && v.Version != nil && !version.IsNull() && !version.IsUnknown() && *v.Version == version.ValueInt64()
}

// Recognised tells whether the configured secret is the one that was written last. It need not be while its version stays, and cannot be tried then.
func (a Attribute) Recognised(ctx context.Context, c hostresource.Context) (bool, diag.Diagnostics) {
	value, version, v, diags := a.look(ctx, c)
	if diags.HasError() || !v.pinned(version) {
		return true, diags // Plan and Prepare have seen to it
	}
	return !value.IsUnknown() && v.Matches([]byte(value.ValueString())), diags
}
