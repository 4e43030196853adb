package elasticresource

import (
	"context"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/appliance/kibana"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
	"github.com/flowstack/terraform-provider-flowstack/provider/upgrade"
)

// Kind is what one kind of resource adds to the envelope: a schema, and how its object is read from Elasticsearch and written to it. M is its
// model, which embeds Common; O is the object as both a model asks for it and Elasticsearch has it.
type Kind[M, O any] struct {
	Type        string                      // the resource type: flowstack_flow_index
	Thing       string                      // what it is, for diagnostics: "flow index"
	Description string                      // Markdown
	Privileges  []string                    // of the cluster, that the user needs
	Attributes  map[string]schema.Attribute // besides the common ones; the one of the name among them

	// Name tells several of this kind apart. NameAttribute is the attribute that it is about; empty is "name".
	Name          func(*M) *types.String
	NameAttribute string
	// Within are attributes that come before the name in ids and identities, where the name alone does not tell: SPACE/NAME.
	Within []Part[M]

	// NotImported says why an object that is there already cannot be imported; empty: it can.
	NotImported string
	// Sources are what a moved block can come from. None: from nothing.
	Sources []Source
	// Kibana: the object is Kibana's, not Elasticsearch's.
	Kibana bool

	// Upgrades lead from the first version of the schema to the present one, a step for each change that states do not survive otherwise. None: the schema
	// is still the first.
	Upgrades []upgrade.Step

	// Validate checks what is known of the configuration; nil: nothing to check.
	Validate func(ctx context.Context, config *M) diag.Diagnostics
	// Plan completes a plan with computed attributes; prior is nil for a new resource. Nil: there are none.
	Plan func(ctx context.Context, prior, plan *M, c Context) diag.Diagnostics
	// Prepare makes known, just before an apply, what Plan left unknown. Nil: nothing.
	Prepare func(ctx context.Context, plan *M, c Context) diag.Diagnostics
	// Desired is the object that a model asks for. known is false while something unknown in the model decides about it.
	Desired func(ctx context.Context, model *M, c Context) (object O, known bool, diags diag.Diagnostics)
	// Facts are what a person would say about an object. Two objects with equal facts are equal.
	Facts func(object O) host.Facts
	// Read is the object that Elasticsearch has; there is false when it is proven that there is none.
	Read func(ctx context.Context, model *M, c Context) (object O, there bool, err error)
	// Unseen tells whether there is work to do that Read does not see, though all that is wanted is there: plan leaves out what prior asked for, or has a
	// secret that cannot be looked at. prior is nil for a new resource. Nil: never.
	Unseen func(prior, plan *M) bool
	// Write makes the object as wanted. It is called only when there is something to do.
	Write func(ctx context.Context, change Change[M, O]) error
	// Remove removes what the model is about; that there is nothing is as wanted.
	Remove func(ctx context.Context, state *M, c Context) error
	// Stays tells, after a destroy that went well, what stays and why, for a warning; empty: nothing does. Nil: nothing ever does.
	Stays func(ctx context.Context, state *M, c Context) (why string, err error)
	// Ours tells whether flowstack made an object, so that a creation that was cut off can be taken up again. Nil: one cannot tell, and a creation
	// takes over only what is exactly as wanted.
	Ours func(found O) bool
	// Import sets the attributes of an imported resource to what the object says. Nil: there is nothing to set.
	Import func(ctx context.Context, model *M, found O) diag.Diagnostics
	// Observe sets computed attributes after each read and each apply. Nil: there is nothing to set.
	Observe func(ctx context.Context, model *M, found O) diag.Diagnostics
}

// Part is an attribute of an id. Kind.Attributes describes it.
type Part[M any] struct {
	Attribute string
	Of        func(*M) *types.String
	Default   string // what an import without it means; empty: it has to be given
}

// parts are the attributes of an id, the name last.
func (k Kind[M, O]) parts() []Part[M] {
	return append(slices.Clone(k.Within), Part[M]{Attribute: k.nameAttribute(), Of: k.Name})
}

// id is what tells a model's resource from others; unknown while part of it is.
func (k Kind[M, O]) id(m *M) types.String {
	var texts []string
	for _, part := range k.parts() {
		value := *part.Of(m)
		if value.IsUnknown() {
			return types.StringUnknown()
		}
		texts = append(texts, value.ValueString())
	}
	return types.StringValue(strings.Join(texts, "/"))
}

// Common are the attributes that every resource in Elasticsearch has; models embed it.
type Common struct {
	ID        types.String   `tfsdk:"id"`
	Effective types.Map      `tfsdk:"effective"`
	Timeouts  timeouts.Value `tfsdk:"timeouts"`
}

// Shared gives the envelope access to the common attributes of a model.
func (c *Common) Shared() *Common { return c }

type model[M any] interface {
	*M
	Shared() *Common
}

// Context is what a kind may look at besides its model.
type Context struct {
	hostresource.Context
	Client *client.Client // nil in a plan when Elasticsearch cannot be asked, and for kinds of Kibana's objects
	Kibana *kibana.Client // nil in a plan when Kibana cannot be asked, and for kinds of Elasticsearch's objects
	Hosts  *connection.Hosts
	Home   *connection.Host // the one the server is reached from; nil when it is not known
}

// Change is work to do.
type Change[M, O any] struct {
	Context
	Prior *M // nil: the resource is new
	Plan  *M // may be completed by what only the work tells
	Want  O
	Found O // what there is now
	There bool
}

func (k Kind[M, O]) nameAttribute() string {
	if k.NameAttribute == "" {
		return "name"
	}
	return k.NameAttribute
}
