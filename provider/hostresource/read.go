package hostresource

import (
	"context"
	"errors"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
)

const (
	readTimeout  = 2 * time.Minute
	applyTimeout = 10 * time.Minute
	// undoTimeout is for what a cancelled apply began and the host still finishes (the package script waits 5 minutes for that, and apt as
	// long for others), and for the removal.
	undoTimeout = 15 * time.Minute
)

// Read implements resource.Resource. It has three outcomes: the resource is there; it is proven absent, and only then removed from the
// state; or it could not be told, and then the state stays as it is.
func (r *Resource[M, P]) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	state := P(new(M))
	if resp.Diagnostics.Append(req.State.Get(ctx, state)...); resp.Diagnostics.HasError() {
		return
	}
	// Terraform and OpenTofu 1.11 keep no identities, and each answer must have one: also when nothing could be read, and when the resource is gone.
	if resp.Diagnostics.Append(r.identify(ctx, state, resp.Identity)...); resp.Diagnostics.HasError() {
		return
	}
	common := state.Shared()
	limit, diags := common.Timeouts.Read(ctx, readTimeout)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()

	if resp.Diagnostics.Append(seen.remember(ctx, r.recordKey(state), req.Private)...); resp.Diagnostics.HasError() {
		return
	}
	on, err := r.Data().Hosts.Lookup(common.Host.ValueString())
	if err != nil {
		resp.Diagnostics.AddWarning(r.summary("read", state), connection.Explain(err)+". The plan takes what the state says for true.")
		return
	}
	imported := common.Effective.IsNull()
	gone, err := r.read(ctx, on, state, Context{Private: req.Private, Data: r.Data(), Host: on}, &resp.Diagnostics)
	switch {
	case resp.Diagnostics.HasError():
	case err != nil && (imported || !WarnOrFail(&resp.Diagnostics, on, err)):
		resp.Diagnostics.AddError(r.summary("read", state), connection.Explain(err))
	case err != nil: // worded above; the state stays
	case gone:
		seen.forget(r.recordKey(state))
		resp.State.RemoveResource(ctx)
	default:
		common.ID = r.id(state)
		resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
	}
}

// read fills the model with what the host shows; gone means that nothing of the resource is left.
func (r *Resource[M, P]) read(ctx context.Context, on *connection.Host, state P, c Context, told *diag.Diagnostics) (gone bool, err error) {
	if err := on.Reach(ctx); err != nil {
		return false, err
	}
	common := state.Shared()
	rounds := 1
	if common.Effective.IsNull() {
		rounds = 2 // first what its settings are, then the facts these ask for
	}
	for round := 1; ; round++ {
		desired, known, diags := r.kind.Desired(ctx, (*M)(state), c)
		if told.Append(diags...); told.HasError() {
			return false, nil
		}
		if !known {
			return false, errors.New("what it consists of is not known to this build of the provider")
		}
		observation, err := host.Probe(ctx, on, desired)
		if err != nil {
			return false, err
		}
		if r.gone(desired, observation.Facts) {
			return true, nil
		}
		if r.kind.Look != nil {
			told.Append(r.kind.Look(ctx, on, (*M)(state), observation.Facts, c)...)
		}
		common.Effective = Effective(observation.Facts)
		if round == rounds || r.kind.Import == nil {
			told.Append(r.observe(ctx, state, observation)...)
			return false, nil
		}
		if told.Append(r.kind.Import(ctx, (*M)(state), observation.Facts)...); told.HasError() {
			return false, nil
		}
	}
}

// observe hands what a host showed to the kind.
func (r *Resource[M, P]) observe(ctx context.Context, m P, seen host.Observation) diag.Diagnostics {
	if r.kind.Observe == nil {
		return nil
	}
	return r.kind.Observe(ctx, (*M)(m), seen)
}

func (r *Resource[M, P]) gone(desired host.Desired, facts host.Facts) bool {
	if r.kind.Gone != nil {
		return r.kind.Gone(desired, facts)
	}
	for name := range desired.Facts() {
		if facts[name] != host.Absent {
			return false
		}
	}
	return true
}
