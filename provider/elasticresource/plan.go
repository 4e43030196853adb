package elasticresource

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

// ModifyPlan implements resource.ResourceWithModifyPlan: it plans the facts that Elasticsearch will show, so that drift and work to do are visible
// by name, and nothing is planned when there is nothing to do.
func (r *Resource[M, O, P]) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
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
	at := r.server(r.summary("plan", plan), &resp.Diagnostics)
	if at == nil {
		return
	}
	c := r.context(at, hostresource.Context{Config: &req.Config, Private: req.Private, Creating: prior == nil})
	common := plan.Shared()
	common.ID = r.kind.id((*M)(plan))
	if r.kind.Plan != nil {
		if !reachable(ctx, at) {
			c.Client, c.Kibana = nil, nil
		}
		resp.Diagnostics.Append(r.kind.Plan(ctx, prior, (*M)(plan), c)...)
	}
	want, known, diags := r.kind.Desired(ctx, (*M)(plan), c)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	common.Effective = types.MapUnknown(types.StringType)
	if known {
		common.Effective = hostresource.Effective(r.kind.Facts(want))
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
}

// reachable tells whether the server's host can be asked now. Why it cannot is what the reads warn of.
func reachable(ctx context.Context, at connection.Server) bool {
	return at.Known() && at.On().Reach(ctx) == nil
}
