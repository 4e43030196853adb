// Package hostresource is what all resources that live on a host share, written once: configuration, host lookup, timeouts, plans that
// show facts, reads with three outcomes, import and identity.
package hostresource

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
)

// Resource is a resource on a host.
type Resource[M any, P model[M]] struct {
	Configured
	kind Kind[M]
}

// New makes the constructor of a resource that provider.Resources lists.
func New[M any, P model[M]](kind Kind[M]) func() resource.Resource {
	return func() resource.Resource {
		var r resource.ResourceWithConfigure = &Resource[M, P]{kind: kind}
		_ = r.(interface { //nolint:forcetypeassert // checked here once for all kinds
			resource.ResourceWithIdentity
			resource.ResourceWithImportState
			resource.ResourceWithModifyPlan
			resource.ResourceWithUpgradeState
			resource.ResourceWithValidateConfig
		})
		return r
	}
}

// Configure implements resource.ResourceWithConfigure.
func (r *Resource[M, P]) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.Set(req, resp)
}

// ValidateConfig implements resource.ResourceWithValidateConfig.
func (r *Resource[M, P]) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	if r.kind.Validate == nil {
		return
	}
	var config M
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(r.kind.Validate(ctx, &config)...)
	}
}

// summary is the first line of a diagnostic.
func (r *Resource[M, P]) summary(verb string, m P) string {
	text := "Unable to " + verb + " the " + r.kind.Thing
	if name := m.Shared().Host; !name.IsNull() && !name.IsUnknown() {
		text += " of host " + name.ValueString()
	}
	return text
}

// id names the resource among all of its kind: the host, and the name where there is one.
func (r *Resource[M, P]) id(m P) types.String {
	common := m.Shared()
	if common.Host.IsUnknown() {
		return types.StringUnknown()
	}
	var name types.String
	if r.kind.Name != nil {
		name = *r.kind.Name((*M)(m))
	}
	id := r.kind.idOf(common.Host.ValueString(), name.ValueString())
	if r.kind.Part != nil {
		part := *r.kind.Part.Of((*M)(m))
		if part.IsUnknown() {
			return types.StringUnknown()
		}
		id += "/" + part.ValueString()
	}
	if name.IsUnknown() {
		return types.StringUnknown()
	}
	return types.StringValue(id)
}

// host finds the host of a model whose host is known.
func (r *Resource[M, P]) host(m P, verb string, diags *diag.Diagnostics) *connection.Host {
	found, err := r.Data().Hosts.Lookup(m.Shared().Host.ValueString())
	if err != nil {
		diags.AddAttributeError(path.Root("host"), r.summary(verb, m), connection.Explain(err)+
			".\n\nA resource stays on the host it was made on. Put the entry back to change or destroy it; if the host is gone for good, "+
			"forget the resource with `terraform state rm`.")
		return nil
	}
	return found
}

// identify sets the identity of the resource.
func (r *Resource[M, P]) identify(ctx context.Context, m P, identity interface {
	SetAttribute(ctx context.Context, at path.Path, value any) diag.Diagnostics
},
) diag.Diagnostics {
	diags := identity.SetAttribute(ctx, path.Root("host"), m.Shared().Host)
	if r.kind.Name != nil {
		diags.Append(identity.SetAttribute(ctx, path.Root(r.kind.nameAttribute()), *r.kind.Name((*M)(m)))...)
	}
	if r.kind.Part != nil {
		diags.Append(identity.SetAttribute(ctx, path.Root(r.kind.Part.Attribute), *r.kind.Part.Of((*M)(m)))...)
	}
	return diags
}
