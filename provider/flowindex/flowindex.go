// Package flowindex is the resource flowstack_flow_index: how Elasticsearch stores flows.
package flowindex

import (
	"context"
	"errors"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

// ResourceType is the type of the resource.
const ResourceType = "flowstack_flow_index"

// DefaultName is the name that the collector writes to when nothing else is said.
const DefaultName = "flows"

const timeout = 2 * time.Minute

// Model is the resource in Terraform's terms.
type Model struct {
	ID        types.String   `tfsdk:"id"`
	Name      types.String   `tfsdk:"name"`
	Effective types.Map      `tfsdk:"effective"`
	Timeouts  timeouts.Value `tfsdk:"timeouts"`
}

type flowIndex struct{ hostresource.Configured }

var _ interface {
	resource.ResourceWithConfigure
	resource.ResourceWithIdentity
	resource.ResourceWithImportState
	resource.ResourceWithModifyPlan
	resource.ResourceWithValidateConfig
} = (*flowIndex)(nil)

// NewResource makes the resource.
func NewResource() resource.Resource { return &flowIndex{} }

// Configure implements resource.ResourceWithConfigure.
func (r *flowIndex) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.Set(req, resp)
}

// ValidateConfig implements resource.ResourceWithValidateConfig: the name must be one that the collector can be told, too.
func (*flowIndex) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	at := path.Root("name")
	var name types.String
	if resp.Diagnostics.Append(req.Config.GetAttribute(ctx, at, &name)...); name.IsNull() || name.IsUnknown() {
		return
	}
	if _, err := config.Canonical("output.elasticsearch.index", name.ValueString()); err != nil {
		var mistake *config.Error
		if errors.As(err, &mistake) {
			err = errors.New(mistake.Message)
		}
		resp.Diagnostics.AddAttributeError(at, "Unable to use the name of the flow index", connection.Explain(err)+".")
	}
}

// ModifyPlan implements resource.ResourceWithModifyPlan.
func (r *flowIndex) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() || r.Data() == nil {
		return
	}
	var plan Model
	if resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...); resp.Diagnostics.HasError() {
		return
	}
	r.elasticsearch(&resp.Diagnostics, "plan")
	plan.ID = plan.Name
	plan.Effective = types.MapUnknown(types.StringType)
	if !plan.Name.IsUnknown() {
		plan.Effective = hostresource.Effective(facts(schema.IndexTemplate(plan.Name.ValueString())))
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
}

// elasticsearch is the provider's; nil after an error that there is none.
func (r *flowIndex) elasticsearch(diags *diag.Diagnostics, verb string) *connection.Elasticsearch {
	configured := r.Data().Elasticsearch
	if configured == nil {
		diags.AddError("Unable to "+verb+" the flow index", "The provider does not say where Elasticsearch is: add elasticsearch = { … } to its block.")
	}
	return configured
}

// Read implements resource.Resource.
func (r *flowIndex) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state Model
	if resp.Diagnostics.Append(req.State.Get(ctx, &state)...); resp.Diagnostics.HasError() {
		return
	}
	limit, diags := state.Timeouts.Read(ctx, timeout)
	resp.Diagnostics.Append(diags...)
	at := r.elasticsearch(&resp.Diagnostics, "read")
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	template, err := read(ctx, at, state.Name.ValueString())
	switch {
	case err != nil:
		r.unread(at, state, err, &resp.Diagnostics)
	case template == nil:
		resp.State.RemoveResource(ctx)
	default:
		state.ID = state.Name
		state.Effective = hostresource.Effective(facts(template))
		resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
		resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("name"), state.Name)...)
	}
}

var errUnknown = errors.New("how to reach it is known only during the apply")

func read(ctx context.Context, at *connection.Elasticsearch, name string) (map[string]any, error) {
	if at.Host == nil {
		return nil, errUnknown
	}
	if err := at.Host.Reach(ctx); err != nil {
		return nil, err
	}
	return api{at}.get(ctx, name)
}

// unread words why the template could not be read: a warning as long as nothing speaks against it being there, except for an import, which
// has no state to fall back on.
func (r *flowIndex) unread(at *connection.Elasticsearch, state Model, err error, diags *diag.Diagnostics) {
	switch {
	case state.Effective.IsNull() || !errors.Is(err, errUnknown) && !away(err):
		diags.AddError("Unable to read flow index "+state.Name.ValueString(), connection.Explain(err))
	case at.Host != nil && hostresource.WarnOrFail(diags, at.Host, err):
	case !at.FirstWarning():
	case errors.Is(err, errUnknown):
		diags.AddWarning("Unable to read from Elasticsearch yet",
			"How to reach it is known only during the apply. The plan takes what the state says for true; the apply reads it first.")
	default:
		diags.AddWarning("Unable to read from Elasticsearch", connection.Explain(err)+"\n\nThe plan takes what the state says for true. An apply needs Elasticsearch.")
	}
}

// Create implements resource.Resource.
func (r *flowIndex) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan Model
	if resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...); resp.Diagnostics.HasError() {
		return
	}
	limit, diags := plan.Timeouts.Create(ctx, timeout)
	resp.Diagnostics.Append(diags...)
	if !resp.Diagnostics.HasError() {
		r.apply(ctx, limit, "create", &plan, &resp.Diagnostics)
	}
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
		resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("name"), plan.Name)...)
	}
}

// Update implements resource.Resource.
func (r *flowIndex) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan Model
	if resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...); resp.Diagnostics.HasError() {
		return
	}
	limit, diags := plan.Timeouts.Update(ctx, timeout)
	resp.Diagnostics.Append(diags...)
	if !resp.Diagnostics.HasError() {
		r.apply(ctx, limit, "update", &plan, &resp.Diagnostics)
	}
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
		resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("name"), plan.Name)...)
	}
}

// apply puts the template unless it is there already, and reads it back.
func (r *flowIndex) apply(ctx context.Context, limit time.Duration, verb string, plan *Model, diags *diag.Diagnostics) {
	at := r.elasticsearch(diags, verb)
	if at == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	name := plan.Name.ValueString()
	found, err := ensure(ctx, at, name, schema.IndexTemplate(name), verb == "create")
	if err != nil {
		diags.AddError("Unable to "+verb+" flow index "+name, connection.Explain(err))
		return
	}
	plan.ID = plan.Name
	plan.Effective = hostresource.Effective(facts(found))
}

var errTaken = errors.New("there is an index template of this name that flowstack did not make: import it to let flowstack change it, or choose another name")

func ensure(ctx context.Context, at *connection.Elasticsearch, name string, want map[string]any, isNew bool) (map[string]any, error) {
	if !at.Known() {
		return nil, errors.New("how to reach Elasticsearch is still not known")
	}
	a := api{at}
	found, err := a.await(ctx, name)
	if err != nil {
		return nil, err
	}
	if found != nil {
		if len(facts(found).Changes(facts(want))) == 0 {
			return found, nil
		}
		if isNew && object(found["_meta"])["managed_by"] != object(want["_meta"])["managed_by"] {
			return nil, errTaken
		}
	}
	if err := a.put(ctx, name, want); err != nil {
		return nil, err
	}
	if found, err = a.get(ctx, name); err == nil && found == nil {
		err = errors.New("the template is not there after it was accepted")
	}
	return found, err
}

// Delete implements resource.Resource.
func (r *flowIndex) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state Model
	if resp.Diagnostics.Append(req.State.Get(ctx, &state)...); resp.Diagnostics.HasError() {
		return
	}
	limit, diags := state.Timeouts.Delete(ctx, timeout)
	resp.Diagnostics.Append(diags...)
	at := r.elasticsearch(&resp.Diagnostics, "remove")
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := errUnknown
	if at.Known() {
		err = api{at}.remove(ctx, state.Name.ValueString())
	}
	if err != nil {
		resp.Diagnostics.AddError("Unable to remove flow index "+state.Name.ValueString(), connection.Explain(err))
	}
}

// ImportState implements resource.ResourceWithImportState: by the name as id, or by identity.
func (*flowIndex) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	resource.ImportStatePassthroughWithIdentity(ctx, path.Root("name"), path.Root("name"), req, resp)
}
