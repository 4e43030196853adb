package hostresource

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/upgrade"
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

	// Upgrades lead from the first version of the schema to the present one, a step for each change that states do not survive otherwise. None: the schema
	// is still the first.
	Upgrades []upgrade.Step

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
	// Apply makes the host as desired, in another way than host.Apply alone does: a service that is one of several must not be restarted while others are.
	// It may set what is unknown in the plan. prior is nil for a creation. Nil: host.Apply.
	Apply func(ctx context.Context, on *connection.Host, prior, plan *M, desired host.Desired, c Context) (host.Observation, error)
	// Look adds to the facts of a read what a service on the host says itself. What it cannot tell it leaves as it is. Nil: nothing.
	Look func(ctx context.Context, on *connection.Host, model *M, facts host.Facts, c Context) diag.Diagnostics
	// Limit is how long a creation, an update or a removal may take; 0 is the standard.
	Limit time.Duration
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
	// Prior is the model (*M) of the state that an apply or a plan starts from; nil: there is none.
	Prior any
	// Removing: the resource is destroyed.
	Removing bool
	// Data is what the provider was configured with.
	Data *connection.Data
	// Host is the one of the model; nil in a plan while it is not known, or does not answer.
	Host *connection.Host
}

// limit is how long a change may take.
func (k Kind[M]) limit() time.Duration {
	if k.Limit == 0 {
		return applyTimeout
	}
	return k.Limit
}

type model[M any] interface {
	*M
	Shared() *Common
}
