package elasticresource

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

// Create implements resource.Resource.
func (r *Resource[M, O, P]) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	plan := P(new(M))
	if resp.Diagnostics.Append(req.Plan.Get(ctx, plan)...); resp.Diagnostics.HasError() {
		return
	}
	limit, diags := plan.Shared().Timeouts.Create(ctx, timeout)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	c := hostresource.Context{Config: &req.Config, Private: resp.Private, Creating: true}
	left := r.apply(limited, "create", nil, plan, c, &resp.Diagnostics)
	if left {
		resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
		resp.Diagnostics.Append(r.identify(ctx, plan, resp.Identity)...)
	}
}

// Update implements resource.Resource.
func (r *Resource[M, O, P]) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	prior, plan := P(new(M)), P(new(M))
	resp.Diagnostics.Append(req.State.Get(ctx, prior)...)
	if resp.Diagnostics.Append(req.Plan.Get(ctx, plan)...); resp.Diagnostics.HasError() {
		return
	}
	limit, diags := plan.Shared().Timeouts.Update(ctx, timeout)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	r.apply(limited, "update", prior, plan, hostresource.Context{Config: &req.Config, Private: resp.Private}, &resp.Diagnostics)
	if !resp.Diagnostics.HasError() { // else the next read tells how far it got
		resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
		resp.Diagnostics.Append(r.identify(ctx, plan, resp.Identity)...)
	}
}

// errTaken is for a creation that would change what somebody else made.
var errTaken = errors.New("there is one of this name that flowstack did not make: import it to let flowstack change it, or choose another name")

// TakenError is for a Write that did nothing, since it would have changed what somebody else made.
type TakenError struct{ Message string }

func (e *TakenError) Error() string { return e.Message }

// apply makes the object as planned, unless it is so already, and completes the plan to a state. It reports whether the object is there, even
// though the apply may have failed.
func (r *Resource[M, O, P]) apply(ctx context.Context, verb string, prior, plan P, with hostresource.Context, diags *diag.Diagnostics) (left bool) {
	fail := func(err error) { diags.AddError(r.summary(verb, plan), r.kind.explain(err)) }
	at := r.server(r.summary(verb, plan), diags)
	if at == nil {
		return false
	}
	if !at.Known() {
		fail(errors.New("how to reach " + string(r.kind.server()) + " is still not known"))
		return false
	}
	c := r.context(at, with)
	if r.kind.Prepare != nil {
		if diags.Append(r.kind.Prepare(ctx, (*M)(plan), c)...); diags.HasError() {
			return false
		}
	}
	want, known, more := r.kind.Desired(ctx, (*M)(plan), c)
	diags.Append(more...)
	if !known && !diags.HasError() {
		fail(errors.New("a setting is still unknown in the apply; this is a defect of the provider"))
	}
	if diags.HasError() {
		return false
	}
	change := Change[M, O]{Context: c, Prior: (*M)(prior), Plan: (*M)(plan), Want: want}
	err := client.Await(ctx, func(ctx context.Context) (err error) {
		change.Found, change.There, err = r.kind.Read(ctx, (*M)(plan), c)
		return err
	})
	if err == nil {
		left, err = r.change(ctx, &change)
	}
	if left {
		diags.Append(r.complete(ctx, plan, change.Found)...)
	}
	if err != nil {
		fail(err)
	}
	return left
}

// change does the work that there is, and reads what came out of it. It reports whether something of the object is there.
func (r *Resource[M, O, P]) change(ctx context.Context, change *Change[M, O]) (left bool, err error) {
	unseen := r.kind.Unseen != nil && r.kind.Unseen(change.Prior, change.Plan)
	if change.There && !unseen && len(r.kind.Facts(change.Found).Changes(r.kind.Facts(change.Want))) == 0 {
		return true, nil
	}
	if change.There && change.Creating && (r.kind.Ours == nil || !r.kind.Ours(change.Found)) {
		return false, errTaken
	}
	isNew := change.Creating && !change.There
	err = r.kind.Write(ctx, *change)
	var taken *TakenError
	if errors.As(err, &taken) {
		return change.Prior != nil, err
	}
	if err == nil {
		change.Found, change.There, err = r.kind.Read(ctx, change.Plan, change.Context)
	}
	if err == nil && !change.There {
		err = errors.New("it is not there after it was accepted")
	}
	if err == nil {
		err = r.kind.unlike(r.kind.Facts(change.Found).Changes(r.kind.Facts(change.Want)))
	}
	if err != nil && isNew && r.undo(ctx, change) {
		return false, err
	}
	return true, err
}

// unlike is an error when the server made something else of an object than was wanted.
func (k Kind[M, O]) unlike(changes []host.Change) error {
	var texts []string
	for _, change := range changes {
		if !host.IsOpen(change.To) {
			texts = append(texts, fmt.Sprintf("%s is %q instead of %q", change.Fact, change.From, change.To))
		}
	}
	if len(texts) == 0 {
		return nil
	}
	return errors.New(string(k.server()) + " accepted it but has something else: " + strings.Join(texts, ", "))
}

// undo takes back a creation that failed half-way, so that nothing is left of what no state knows. It reports whether that worked.
func (r *Resource[M, O, P]) undo(ctx context.Context, change *Change[M, O]) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout) // the time for the creation may be over
	defer cancel()
	return r.kind.Remove(ctx, change.Plan, change.Context) == nil
}

// Delete implements resource.Resource.
func (r *Resource[M, O, P]) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	state := P(new(M))
	if resp.Diagnostics.Append(req.State.Get(ctx, state)...); resp.Diagnostics.HasError() {
		return
	}
	limit, diags := state.Shared().Timeouts.Delete(ctx, timeout)
	resp.Diagnostics.Append(diags...)
	at := r.server(r.summary("remove", state), &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err, why := errUnknown, ""
	if at.Known() {
		c := r.context(at, hostresource.Context{Private: req.Private})
		err = r.kind.Remove(ctx, (*M)(state), c)
		if err == nil && r.kind.Stays != nil {
			why, err = r.kind.Stays(ctx, (*M)(state), c)
		}
	}
	switch {
	case err != nil:
		resp.Diagnostics.AddError(r.summary("remove", state), r.kind.explain(err))
	case why != "":
		resp.Diagnostics.AddWarning("Something of "+r.called(state)+" stays in "+string(r.kind.server()), why)
	}
}
