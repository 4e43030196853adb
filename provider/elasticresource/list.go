package elasticresource

import (
	"context"
	"errors"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"

	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
	"github.com/flowstack/terraform-provider-flowstack/provider/listing"
)

// Listing is how resources of a kind are found that Elasticsearch or Kibana has already.
type Listing struct {
	Description string                      // Markdown: which are listed
	Attributes  map[string]schema.Attribute // that say which are wanted, besides the common ones

	// Find names those that there are. The configuration has the Attributes.
	Find func(ctx context.Context, c Context, config tfsdk.Config) ([]listing.Found, error)
}

// lister is the list resource of a kind.
type lister[M, O any, P model[M]] struct {
	Resource[M, O, P]
	listing Listing
}

// NewList makes the constructor of a list resource that provider.ListResources lists.
func NewList[M, O any, P model[M]](kind Kind[M, O], listing Listing) func() list.ListResource {
	return func() list.ListResource {
		var l list.ListResourceWithConfigure = &lister[M, O, P]{Resource[M, O, P]{kind: kind}, listing}
		return l
	}
}

// ListResourceConfigSchema implements list.ListResource.
func (l *lister[M, O, P]) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = listing.Schema(l.listing.Description+l.kind.needs(), l.kind.nameAttribute(), l.listing.Attributes)
}

// List implements list.ListResource.
func (l *lister[M, O, P]) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var diags diag.Diagnostics
	at := l.server(l.unable(), &diags)
	if diags.HasError() {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	with := l.context(at, hostresource.Context{Private: hostresource.NoPrivate{}, Data: l.Data()})
	stream.Results = listing.Results(ctx, req,
		func(ctx context.Context) ([]listing.Found, diag.Diagnostics) {
			return l.find(ctx, at, with, req.Config)
		},
		func(ctx context.Context, found listing.Found, result *list.ListResult) bool {
			return l.fill(ctx, with, req.IncludeResource, found, result)
		})
}

// unable is the first line of a diagnostic.
func (l *lister[M, O, P]) unable() string { return "Unable to list " + l.kind.Type }

// errNoServer is for a provider block that is not known: nothing in a query will make it known.
var errNoServer = errors.New("how to reach it is not known: what the provider block refers to has to be there")

// find names what there is. A query makes nothing, so a server that does not answer is not waited for.
func (l *lister[M, O, P]) find(ctx context.Context, at connection.Server, with Context, config tfsdk.Config) (found []listing.Found, diags diag.Diagnostics) {
	err := errNoServer
	if at.On() != nil {
		err = at.On().Reach(ctx)
	}
	if err == nil {
		found, err = l.listing.Find(ctx, with, config)
	}
	if err != nil {
		diags.AddError(l.unable(), l.kind.explain(err)+".")
	}
	return found, diags
}

// fill makes the result of one that was found, with the resource as an import would read it where that is wanted.
func (l *lister[M, O, P]) fill(ctx context.Context, with Context, whole bool, found listing.Found, result *list.ListResult) (there bool) {
	parts := l.kind.parts()
	attributes := make([]string, len(parts))
	for i, part := range parts {
		attributes[i] = part.Attribute
	}
	listing.Identify(ctx, result, attributes, found.Names)
	if !whole || result.Diagnostics.HasError() {
		return true
	}
	m := P(new(M))
	if result.Diagnostics.Append(result.Resource.Get(ctx, m)...); result.Diagnostics.HasError() {
		return true
	}
	object, there, err := l.kind.Read(ctx, (*M)(m), with)
	if err != nil {
		result.Diagnostics.AddError(l.summary("read", m), l.kind.explain(err)+".")
	}
	if err != nil || !there {
		return there
	}
	if l.kind.Import != nil {
		result.Diagnostics.Append(l.kind.Import(ctx, (*M)(m), object)...)
	}
	result.Diagnostics.Append(l.complete(ctx, m, object)...)
	result.Diagnostics.Append(result.Resource.Set(ctx, m)...)
	return true
}
