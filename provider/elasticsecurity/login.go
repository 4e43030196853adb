package elasticsecurity

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/security"
	"github.com/flowstack/terraform-provider-flowstack/provider/elasticresource"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
	"github.com/flowstack/terraform-provider-flowstack/provider/secret"
)

// Login is a user's name and password; models embed it.
type Login struct {
	Username         types.String `tfsdk:"username"`
	Password         types.String `tfsdk:"password_wo"`
	PasswordVersion  types.Int64  `tfsdk:"password_wo_version"`
	PasswordRevision types.String `tfsdk:"password_revision"`
}

func (l *Login) login() *Login { return l }

// loginModel is a model that embeds Login.
type loginModel[M any] interface {
	*M
	login() *Login
	Shared() *elasticresource.Common
}

// account is a user as far as it can be seen.
type account struct {
	security.User
	password string // its revision, or different
}

// planLogin plans a new revision when the configured password is another one than before, or is not in force in Elasticsearch any more. A refresh
// cannot show the latter, since only a configuration has a password to try: a warning does. It has none while the version of another one stays.
func planLogin[M any, P loginModel[M]](ctx context.Context, prior, plan *M, c elasticresource.Context) diag.Diagnostics {
	to := P(plan).login()
	var before secret.Prior
	if prior != nil {
		before = secret.Prior{Revision: P(prior).login().PasswordRevision, Facts: P(prior).Shared().Effective}
	}
	revision, diags := password.Plan(ctx, before, c.Context)
	to.PasswordRevision = revision
	value, err := wanted(ctx, c)
	if diags.HasError() || revision.IsUnknown() || revision.IsNull() || c.Client == nil || err != nil || value == "" || disabled(before.Facts) {
		return diags
	}
	// Whatever else comes of the question than a no is for the reads to tell.
	if accepted, err := security.Accepts(ctx, c.Client, to.Username.ValueString(), value); err == nil && !accepted {
		diags.AddAttributeWarning(path.Root(password.Name), "Elasticsearch has another password of user "+to.Username.ValueString(),
			"Somebody else has changed it: password_wo is what flowstack set, and Elasticsearch refuses it. The apply sets it again.")
		to.PasswordRevision = types.StringUnknown()
	}
	return diags
}

// disabled tells whether a user, as last seen, is not let in, whatever the password.
func disabled(seen types.Map) bool {
	enabled, known := seen.Elements()["enabled"]
	return known && enabled.Equal(types.StringValue("false"))
}

// prepareLogin settles the revision of the password.
func prepareLogin[M any, P loginModel[M]](ctx context.Context, plan *M, c elasticresource.Context) (diags diag.Diagnostics) {
	l := P(plan).login()
	l.PasswordRevision, diags = password.Prepare(ctx, l.PasswordRevision, c.Context)
	return diags
}

// shown is the revision as a fact.
func (l *Login) shown() string {
	if l.PasswordRevision.IsUnknown() {
		return hostresource.Unknown
	}
	return l.PasswordRevision.ValueString()
}

// seen is the fact of a password: in an apply Elasticsearch is asked whether it takes the wanted one, else the last revision is taken for
// true, since nobody can read a password. A user who is not enabled is not let in with any.
func (l *Login) seen(ctx context.Context, enabled bool, c elasticresource.Context) (string, error) {
	value, err := wanted(ctx, c)
	if err != nil || value == "" || !enabled {
		return l.PasswordRevision.ValueString(), err
	}
	accepted, err := security.Accepts(ctx, c.Client, l.Username.ValueString(), value)
	if err == nil && !accepted {
		return different, nil
	}
	return l.PasswordRevision.ValueString(), err
}
