// Package elasticresource is what all resources that live in Elasticsearch or in Kibana share, written once: configuration, waiting for a server that starts,
// timeouts, plans that show facts, reads with three outcomes, nothing written that is there already, import and identity.
package elasticresource

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

// Resource is a resource in Elasticsearch.
type Resource[M, O any, P model[M]] struct {
	hostresource.Configured
	kind Kind[M, O]
}

// New makes the constructor of a resource that provider.Resources lists.
func New[M, O any, P model[M]](kind Kind[M, O]) func() resource.Resource {
	return func() resource.Resource {
		var r resource.ResourceWithConfigure = &Resource[M, O, P]{kind: kind}
		_ = r.(interface { //nolint:forcetypeassert // checked here once for all kinds
			resource.ResourceWithIdentity
			resource.ResourceWithImportState
			resource.ResourceWithModifyPlan
			resource.ResourceWithMoveState
			resource.ResourceWithUpgradeState
			resource.ResourceWithValidateConfig
		})
		return r
	}
}

// Configure implements resource.ResourceWithConfigure.
func (r *Resource[M, O, P]) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.Set(req, resp)
}

// ValidateConfig implements resource.ResourceWithValidateConfig.
func (r *Resource[M, O, P]) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
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
func (r *Resource[M, O, P]) summary(verb string, m P) string {
	return "Unable to " + verb + " " + r.called(m)
}

// called is the object as people call it.
func (r *Resource[M, O, P]) called(m P) string {
	text := r.kind.Thing
	var names []string
	for _, part := range r.kind.parts() {
		if name := part.Of((*M)(m)).ValueString(); name != "" && name != part.Default {
			names = append(names, name)
		}
	}
	if len(names) > 0 {
		text += " " + strings.Join(names, "/")
	}
	return text
}

// server is the provider's Elasticsearch or Kibana; nil after an error that there is none, whose first line is the summary.
func (r *Resource[M, O, P]) server(summary string, diags *diag.Diagnostics) connection.Server {
	if data := r.Data(); r.kind.Kibana && data.Kibana != nil {
		return data.Kibana
	} else if !r.kind.Kibana && data.Elasticsearch != nil {
		return data.Elasticsearch
	}
	diags.AddError(summary, r.kind.server().missing())
	return nil
}

// server is what has the objects.
func (k Kind[M, O]) server() server {
	if k.Kibana {
		return inKibana
	}
	return inElasticsearch
}

// explain words an error for people who read a diagnostic.
func (k Kind[M, O]) explain(err error) string { return k.server().explain(err, k.Privileges) }

// context is what a kind may look at.
func (r *Resource[M, O, P]) context(at connection.Server, with hostresource.Context) Context {
	c := Context{Context: with, Hosts: r.Data().Hosts, Home: at.On()}
	switch at := at.(type) {
	case *connection.Elasticsearch:
		c.Client = at.Client()
	case *connection.Kibana:
		c.Kibana = at.Client()
	}
	return c
}

// identify sets the identity of the resource.
func (r *Resource[M, O, P]) identify(ctx context.Context, m P, identity interface {
	SetAttribute(ctx context.Context, at path.Path, value any) diag.Diagnostics
},
) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, part := range r.kind.parts() {
		diags.Append(identity.SetAttribute(ctx, path.Root(part.Attribute), *part.Of((*M)(m)))...)
	}
	return diags
}
