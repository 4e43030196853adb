package hostresource

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
)

// Kind is what one kind of resource adds to the envelope: a schema, and the pair settings ⇄ desired state of its host. M is its
// model, which embeds Common.
type Kind[M any] struct {
	Type        string                      // the resource type: flowstack_sysctl
	Thing       string                      // what it is, for diagnostics: "kernel parameters"
	Description string                      // Markdown
	Settings    *schema.MapAttribute        // nil: the kind has none
	Attributes  map[string]schema.Attribute // besides the common ones

	// Name distinguishes several resources of this kind on one host; nil: there can be one.
	Name func(*M) *types.String
	// NameAttribute is the attribute that Name is about: "path"; empty is "name". Attributes may describe it, as one that forces replacement.
	NameAttribute string
	// DefaultName is the name meant by a configuration or an import that gives none; empty: it has to be given.
	DefaultName string
	// Part tells several resources of one name apart, as the drop-ins of one unit. Nil: a name is enough.
	Part *Part[M]

	// Validate checks what is known of the configuration; nil: nothing to check.
	Validate func(ctx context.Context, config *M) diag.Diagnostics
	// Plan completes a plan with computed attributes; prior is nil for a new resource. Nil: there are none.
	Plan func(ctx context.Context, prior, plan *M, c Context) diag.Diagnostics
	// Prepare makes known, just before an apply, what Plan left unknown. Nil: nothing.
	Prepare func(ctx context.Context, plan *M, c Context) diag.Diagnostics
	// Desired is the state of the host that a model asks for. known is false while something unknown in the model decides about it.
	Desired func(ctx context.Context, model *M, c Context) (desired host.Desired, known bool, diags diag.Diagnostics)
	// Import sets the model's attributes to what the facts of an imported resource say. It is called with what a host shows for the
	// resource that has its name alone. With settings, what it shows besides these are the settings. Nil: there is nothing to set.
	Import func(ctx context.Context, model *M, facts host.Facts) diag.Diagnostics
	// Observe sets computed attributes from what a host showed, and warns of what is worth it. It is called after each read and each apply;
	// after an apply that failed before it could look, with nothing observed. Nil: there is nothing to set.
	Observe func(ctx context.Context, model *M, seen host.Observation) diag.Diagnostics
	// Gone tells whether all that the resource owns is proven absent. Nil: when every fact is Absent.
	Gone func(desired host.Desired, facts host.Facts) bool
	// Stays tells, of what a host still shows after a destroy that went well, what stays and why, for a warning. Nil: nothing does.
	Stays func(desired host.Desired, facts host.Facts, before host.Before) string
}

// Part is the attribute that comes after the name in ids and identities: HOST/NAME/PART. Kind.Attributes describes it.
type Part[M any] struct {
	Attribute string
	Of        func(*M) *types.String
}

// Private is state that no plan and no output shows.
type Private interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// Context is what a kind may look at besides its model.
type Context struct {
	// Config is the configuration, the only place where write-only attributes have values; nil when a resource is read or destroyed.
	Config  *tfsdk.Config
	Private Private
	// Creating: what the host has so far is not ours.
	Creating bool
}

type model[M any] interface {
	*M
	Shared() *Common
}
