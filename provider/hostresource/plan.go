package hostresource

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
)

// ModifyPlan implements resource.ResourceWithModifyPlan: it plans the facts that the host will show, so that drift and work to do are
// visible by name, and nothing is planned when there is nothing to do.
func (r *Resource[M, P]) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() || r.Data() == nil {
		return
	}
	plan := P(new(M))
	var prior *M
	resp.Diagnostics.Append(req.Plan.Get(ctx, plan)...)
	if !req.State.Raw.IsNull() {
		prior = new(M)
		resp.Diagnostics.Append(req.State.Get(ctx, prior)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	r.planHost(ctx, req, resp, plan)
	if resp.Diagnostics.HasError() {
		return
	}
	c := Context{Config: &req.Config, Private: req.Private, Data: r.Data(), Host: r.answering(ctx, plan)}
	common := plan.Shared()
	if prior != nil {
		c.Prior = prior
	}
	common.ID = r.id(plan)
	if prior == nil && resp.Private != nil {
		if resp.Diagnostics.Append(seen.recall(ctx, r.recordKey(plan), resp.Private)...); resp.Diagnostics.HasError() {
			return
		}
	}
	if r.kind.Plan != nil {
		resp.Diagnostics.Append(r.kind.Plan(ctx, prior, (*M)(plan), c)...)
	}
	desired, known, diags := r.kind.Desired(ctx, (*M)(plan), c)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	if err := desired.Validate(); err != nil {
		resp.Diagnostics.AddError(r.summary("plan", plan), connection.Explain(err))
		return
	}
	common.Effective = types.MapUnknown(types.StringType)
	if known {
		common.Effective = Effective(desired.Facts())
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
}

// answering is the host of a plan, if it is known and answers. planHost has asked it already.
func (r *Resource[M, P]) answering(ctx context.Context, plan P) *connection.Host {
	name := plan.Shared().Host
	if name.IsUnknown() {
		return nil
	}
	on, err := r.Data().Hosts.Lookup(name.ValueString())
	if err != nil || !on.Known() || on.Reach(ctx) != nil {
		return nil
	}
	return on
}

// planHost settles which host the plan is about, and connects to it if that can be done already: a host key that is refused is better seen
// now than in the middle of an apply.
func (r *Resource[M, P]) planHost(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse, plan P) {
	at := path.Root("host")
	common := plan.Shared()
	var configured types.String
	if resp.Diagnostics.Append(req.Config.GetAttribute(ctx, at, &configured)...); resp.Diagnostics.HasError() {
		return
	}
	hosts := r.Data().Hosts
	if configured.IsNull() && (common.Host.IsUnknown() || !hosts.Has(common.Host.ValueString())) {
		name, err := hosts.Default()
		if err != nil {
			resp.Diagnostics.AddAttributeError(at, r.summary("choose the host for", plan), connection.Explain(err)+".")
			return
		}
		if !common.Host.IsUnknown() {
			resp.RequiresReplace.Append(at)
		}
		common.Host = types.StringUnknown()
		if name != "" {
			common.Host = types.StringValue(name)
		}
	}
	if common.Host.IsUnknown() {
		return
	}
	host := r.host(plan, "plan", &resp.Diagnostics)
	if host == nil || !host.Known() {
		return
	}
	if err := host.Reach(ctx); err != nil {
		WarnOrFail(&resp.Diagnostics, host, err)
	}
}
