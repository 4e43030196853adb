package hostresource

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
)

// Create implements resource.Resource.
func (r *Resource[M, P]) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	plan := P(new(M))
	if resp.Diagnostics.Append(req.Plan.Get(ctx, plan)...); resp.Diagnostics.HasError() {
		return
	}
	limit, diags := plan.Shared().Timeouts.Create(ctx, r.kind.limit())
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	began := r.apply(ctx, "set up", nil, plan, Context{Config: &req.Config, Private: resp.Private, Creating: true}, &resp.Diagnostics)
	if began {
		resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
		resp.Diagnostics.Append(r.identify(ctx, plan, resp.Identity)...)
	}
}

// Update implements resource.Resource.
func (r *Resource[M, P]) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	prior, plan := P(new(M)), P(new(M))
	resp.Diagnostics.Append(req.State.Get(ctx, prior)...)
	if resp.Diagnostics.Append(req.Plan.Get(ctx, plan)...); resp.Diagnostics.HasError() {
		return
	}
	limit, diags := plan.Shared().Timeouts.Update(ctx, r.kind.limit())
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	began := r.apply(ctx, "update", prior, plan, Context{Config: &req.Config, Private: resp.Private}, &resp.Diagnostics)
	if began {
		resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
		resp.Diagnostics.Append(r.identify(ctx, plan, resp.Identity)...)
	}
}

// apply makes the host as planned and completes the plan to a state. It reports whether something may have been done on the host: then the
// state is to be kept even when the apply failed, so that the next one goes on from there and a destroy undoes it.
func (r *Resource[M, P]) apply(ctx context.Context, verb string, prior, plan P, c Context, diags *diag.Diagnostics) (began bool) {
	common := plan.Shared()
	if common.Host.IsUnknown() {
		name, err := r.Data().Hosts.Default()
		if err == nil && name == "" {
			err = errors.New("the provider's hosts are still not known")
		}
		if err != nil {
			diags.AddAttributeError(path.Root("host"), r.summary(verb, plan), connection.Explain(err))
			return false
		}
		common.Host = types.StringValue(name)
	}
	common.ID = r.id(plan)
	on := r.host(plan, verb, diags)
	if on == nil {
		return false
	}
	c.Data, c.Host = r.Data(), on
	if prior != nil {
		c.Prior = (*M)(prior)
	}
	if r.kind.Prepare != nil {
		diags.Append(r.kind.Prepare(ctx, (*M)(plan), c)...)
	}
	if diags.HasError() {
		return false
	}
	desired, known, more := r.kind.Desired(ctx, (*M)(plan), c)
	diags.Append(more...)
	if !known && !diags.HasError() {
		diags.AddError(r.summary(verb, plan), "A setting is still unknown in the apply. This is a defect of the provider.")
	}
	if diags.HasError() {
		return false
	}
	common.Effective = Effective(nil)
	before, recorded, err := before(ctx, c.Private)
	imported := prior != nil && !recorded
	var observation host.Observation
	var former host.Desired
	if err == nil && prior != nil {
		former, err = r.former(ctx, prior, c)
	}
	if superfluous := former.Without(desired); err == nil && len(superfluous) > 0 {
		if err = host.Remove(ctx, on, superfluous, before); err == nil {
			before, began = before.Without(superfluous), true
		}
	}
	if err == nil {
		observation, err = r.change(ctx, on, prior, plan, desired, c)
		common.Effective = Effective(observation.Facts)
		began = began || err == nil || !reflect.DeepEqual(observation.Before, host.Before{})
	}
	diags.Append(r.observe(ctx, plan, observation)...)
	if began {
		// What the prior state had was recorded when it was made. All that the first apply after an import finds is ours: a destroy
		// takes it away.
		if !imported {
			before = before.Merge(observation.Before.Without(former))
		}
		diags.Append(keep(ctx, c.Private, before)...)
	}
	if err != nil {
		text := r.explain(on, err)
		if began && prior == nil && undo(ctx, on, desired, before) == nil {
			began = false
			text += "\n\nWhat was done until then is undone."
		}
		diags.AddError(r.summary(verb, plan), text)
	}
	return began
}

// change makes the host as desired.
func (r *Resource[M, P]) change(ctx context.Context, on *connection.Host, prior, plan P, desired host.Desired, c Context) (host.Observation, error) {
	if r.kind.Apply == nil {
		return host.Apply(ctx, on, desired)
	}
	return r.kind.Apply(ctx, on, (*M)(prior), (*M)(plan), desired, c)
}

// undo takes back a creation that failed half-way. Terraform would call the resource tainted, and remove it before it creates it again, but
// without the private state: what had been on the host before would be lost.
func undo(ctx context.Context, on *connection.Host, desired host.Desired, before host.Before) error {
	for name, file := range before.Files {
		if file.Existed && !file.Kept && !file.Backup {
			return errors.New("what " + name + " was is not known")
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout) // the time for the creation may be over
	defer cancel()
	return host.Remove(ctx, on, desired, before)
}

// former is what the prior state asked for.
func (r *Resource[M, P]) former(ctx context.Context, prior P, c Context) (host.Desired, error) {
	c.Config, c.Prior = nil, nil // the prior state had others
	desired, known, diags := r.kind.Desired(ctx, (*M)(prior), c)
	if diags.HasError() || !known {
		return nil, fmt.Errorf("the prior state does not say what there was: %v", diags)
	}
	return desired, nil
}

// Delete implements resource.Resource: the host becomes what it was before.
func (r *Resource[M, P]) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	state := P(new(M))
	if resp.Diagnostics.Append(req.State.Get(ctx, state)...); resp.Diagnostics.HasError() {
		return
	}
	limit, diags := state.Shared().Timeouts.Delete(ctx, r.kind.limit())
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	on := r.host(state, "remove", &resp.Diagnostics)
	if on == nil {
		return
	}
	desired, known, diags := r.kind.Desired(ctx, (*M)(state), Context{Private: req.Private, Removing: true, Data: r.Data(), Host: on})
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	previous, _, err := before(ctx, req.Private)
	if err == nil && !known {
		err = errors.New("what it consists of is not known to this build of the provider")
	}
	if err == nil {
		err = host.Remove(ctx, on, desired, previous)
	}
	if err == nil && r.kind.Stays != nil {
		var observation host.Observation
		if observation, err = host.Probe(ctx, on, desired); err == nil {
			if why := r.kind.Stays(desired, observation.Facts, previous); why != "" {
				resp.Diagnostics.AddWarning("Something of the "+r.kind.Thing+" stays on host "+on.Name, why)
			}
		}
	}
	if err != nil {
		resp.Diagnostics.AddError(r.summary("remove", state), r.explain(on, err))
	}
}

func (r *Resource[M, P]) explain(on *connection.Host, err error) string {
	var asked *connection.Error
	if errors.As(err, &asked) {
		if errors.Is(err, context.DeadlineExceeded) {
			return fmt.Sprintf("Host %s: the time for it ran out (see timeouts).", on.Name)
		}
		err = asked
	}
	return connection.Explain(err)
}

// beforeKey is where private state keeps what was on the host before.
const beforeKey = "before"

// before reads the record; recorded is false as long as nothing was applied, as after an import.
func before(ctx context.Context, private Private) (record host.Before, recorded bool, err error) {
	data, diags := private.GetKey(ctx, beforeKey)
	if diags.HasError() {
		return record, false, fmt.Errorf("unable to read the private state: %v", diags)
	}
	if len(data) == 0 {
		return record, false, nil
	}
	if err := json.Unmarshal(data, &record); err != nil {
		return record, false, fmt.Errorf("unable to read the record of what was on the host before: %w", err)
	}
	return record, true, nil
}

func keep(ctx context.Context, private Private, record host.Before) diag.Diagnostics {
	data, err := json.Marshal(record)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Unable to keep what was on the host before", err.Error())}
	}
	return private.SetKey(ctx, beforeKey, data)
}
