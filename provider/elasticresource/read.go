package elasticresource

import (
	"context"
	"errors"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

// Read implements resource.Resource. It has three outcomes: the object is there; it is proven absent, and only then removed from the state; or it
// could not be told, and then the state stays as it is.
func (r *Resource[M, O, P]) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	state := P(new(M))
	if resp.Diagnostics.Append(req.State.Get(ctx, state)...); resp.Diagnostics.HasError() {
		return
	}
	// Terraform and OpenTofu 1.11 keep no identities, and each answer must have one: also when nothing could be read, and when the resource is gone.
	if resp.Diagnostics.Append(r.identify(ctx, state, resp.Identity)...); resp.Diagnostics.HasError() {
		return
	}
	common := state.Shared()
	limit, diags := common.Timeouts.Read(ctx, timeout)
	resp.Diagnostics.Append(diags...)
	at := r.server(r.summary("read", state), &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	imported := common.Effective.IsNull()
	found, there, err := r.find(ctx, at, state, req.Private)
	switch {
	case err != nil && (imported || !r.kind.warn(at, err, &resp.Diagnostics)):
		resp.Diagnostics.AddError(r.summary("read", state), r.kind.explain(err))
	case err != nil: // worded above; the state stays
	case !there:
		resp.State.RemoveResource(ctx)
	default:
		if imported && r.kind.Import != nil {
			resp.Diagnostics.Append(r.kind.Import(ctx, (*M)(state), found)...)
		}
		resp.Diagnostics.Append(r.complete(ctx, state, found)...)
		if resp.Diagnostics.HasError() {
			return
		}
		resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
	}
}

var errUnknown = errors.New("how to reach it is known only during the apply")

// find reads the object while the server is not waited for.
func (r *Resource[M, O, P]) find(ctx context.Context, at connection.Server, state P, private hostresource.Private) (found O, there bool, err error) {
	if at.On() == nil {
		return found, false, errUnknown
	}
	if err := at.On().Reach(ctx); err != nil {
		return found, false, err
	}
	return r.kind.Read(ctx, (*M)(state), r.context(at, hostresource.Context{Private: private}))
}

// complete sets what the object tells.
func (r *Resource[M, O, P]) complete(ctx context.Context, m P, found O) diag.Diagnostics {
	common := m.Shared()
	common.ID = r.kind.id((*M)(m))
	common.Effective = hostresource.Effective(r.kind.Facts(found))
	if r.kind.Observe == nil {
		return nil
	}
	return r.kind.Observe(ctx, (*M)(m), found)
}

// elsewhere tells whether an error is about another host than the one the server is reached from.
func elsewhere(at connection.Server, err error) bool {
	var asked *connection.Error
	return errors.As(err, &asked) && asked.Host != at.On().Name
}

// warn words why the server could not be asked while planning, once for all resources: nothing speaks against what the state says. It reports
// false when the error is an answer.
func (k Kind[M, O]) warn(at connection.Server, err error, diags *diag.Diagnostics) bool {
	unknown, name := errors.Is(err, errUnknown), string(k.server())
	switch {
	case !unknown && !client.Away(err):
		return false
	case at.On() != nil && !elsewhere(at, err) && hostresource.WarnOrFail(diags, at.On(), err):
	case !at.FirstWarning():
	case unknown:
		diags.AddWarning("Unable to read from "+name+" yet",
			"How to reach it is known only during the apply. The plan takes what the state says for true; the apply reads it first.")
	default:
		diags.AddWarning("Unable to read from "+name, connection.Explain(err)+"\n\nThe plan takes what the state says for true. An apply needs "+name+".")
	}
	return true
}
