package hostresource

import (
	"context"
	"errors"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"

	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/listing"
)

// Listing is how resources of a kind are found that a host has already. M is the model of the kind.
type Listing[M any] struct {
	Description string                      // Markdown: which are listed
	Attributes  map[string]schema.Attribute // that say which are wanted, besides the common ones

	// Find names those that the host has. The configuration has the Attributes.
	Find func(ctx context.Context, on *connection.Host, config tfsdk.Config) ([]listing.Found, error)
	// Complete sets what an import leaves to the configuration, so that one can be generated. Nil: there is nothing.
	Complete func(ctx context.Context, on *connection.Host, model *M) error
}

// lister is the list resource of a kind.
type lister[M any, P model[M]] struct {
	Resource[M, P]
	listing Listing[M]
}

// NewList makes the constructor of a list resource that provider.ListResources lists.
func NewList[M any, P model[M]](kind Kind[M], listing Listing[M]) func() list.ListResource {
	return func() list.ListResource {
		var l list.ListResourceWithConfigure = &lister[M, P]{Resource[M, P]{kind: kind}, listing}
		return l
	}
}

// ListResourceConfigSchema implements list.ListResource.
func (l *lister[M, P]) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	attributes := map[string]schema.Attribute{"host": schema.StringAttribute{
		Optional:            true,
		MarkdownDescription: "The host, by its name in the provider's `hosts`. May be left out when there is only one.",
	}}
	maps.Copy(attributes, l.listing.Attributes)
	resp.Schema = listing.Schema(l.listing.Description, l.kind.nameAttribute(), attributes)
}

// List implements list.ListResource.
func (l *lister[M, P]) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	on, diags := l.on(ctx, req.Config)
	if diags.HasError() {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	stream.Results = listing.Results(ctx, req,
		func(ctx context.Context) (found []listing.Found, diags diag.Diagnostics) {
			err := on.Reach(ctx)
			if err == nil {
				found, err = l.listing.Find(ctx, on, req.Config)
			}
			if err != nil {
				diags.AddError(l.unable(on), reason(err))
			}
			return found, diags
		},
		func(ctx context.Context, found listing.Found, result *list.ListResult) bool {
			return l.fill(ctx, on, req.IncludeResource, found, result)
		})
}

// unable is the first line of a diagnostic.
func (l *lister[M, P]) unable(on *connection.Host) string {
	return "Unable to list " + l.kind.Type + " of host " + on.Name
}

// reason words an error; the summary names the host.
func reason(err error) string {
	var asked *connection.Error
	if errors.As(err, &asked) {
		err = asked.Cause
	}
	return connection.Explain(err) + "."
}

// on is the host that is asked for.
func (l *lister[M, P]) on(ctx context.Context, config tfsdk.Config) (on *connection.Host, diags diag.Diagnostics) {
	at := path.Root("host")
	name, diags := listing.Text(ctx, config, "host")
	if diags.HasError() {
		return nil, diags
	}
	const unable = "Unable to choose the host to list"
	if name == "" {
		var err error
		switch name, err = l.Data().Hosts.Default(); {
		case err != nil:
			diags.AddAttributeError(at, unable, connection.Explain(err)+".")
			return nil, diags
		case name == "":
			diags.AddAttributeError(at, unable, "Which hosts the provider has is not known. A query makes nothing: what the provider's hosts refer to has to be there.")
			return nil, diags
		}
	}
	on, err := l.Data().Hosts.Lookup(name)
	if err != nil {
		diags.AddAttributeError(at, unable, connection.Explain(err)+".")
	}
	return on, diags
}

// fill makes the result of one that was found, with the resource as an import would read it where that is wanted.
func (l *lister[M, P]) fill(ctx context.Context, on *connection.Host, whole bool, found listing.Found, result *list.ListResult) (there bool) {
	listing.Identify(ctx, result, []string{"host", l.kind.nameAttribute()}, []string{on.Name, found.Names[0]})
	if !whole || result.Diagnostics.HasError() {
		return true
	}
	m := P(new(M))
	if result.Diagnostics.Append(result.Resource.Get(ctx, m)...); result.Diagnostics.HasError() {
		return true
	}
	gone, err := l.read(ctx, on, m, Context{Private: NoPrivate{}, Data: l.Data(), Host: on}, &result.Diagnostics)
	if err == nil && !gone && l.listing.Complete != nil {
		err = l.listing.Complete(ctx, on, (*M)(m))
	}
	switch {
	case err != nil:
		result.Diagnostics.AddError(l.summary("read", m), found.Names[0]+": "+reason(err))
	case !gone && !result.Diagnostics.HasError():
		m.Shared().ID = l.id(m)
		result.Diagnostics.Append(result.Resource.Set(ctx, m)...)
	}
	return !gone
}

// NoPrivate is the private state of what is in no state.
type NoPrivate struct{}

// GetKey implements Private.
func (NoPrivate) GetKey(context.Context, string) ([]byte, diag.Diagnostics) { return nil, nil }

// SetKey implements Private.
func (NoPrivate) SetKey(context.Context, string, []byte) diag.Diagnostics { return nil }
