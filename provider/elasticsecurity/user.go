package elasticsecurity

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/security"
	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/provider/elasticresource"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

// UserType is the type of the resource for native users.
const UserType = "flowstack_elasticsearch_user"

// UserModel is a native user in Terraform's terms.
type UserModel struct {
	elasticresource.Common
	Login
	Roles    types.Set    `tfsdk:"roles"`
	FullName types.String `tfsdk:"full_name"`
	Email    types.String `tfsdk:"email"`
	Enabled  types.Bool   `tfsdk:"enabled"`
}

// NewUser makes the resource.
var NewUser = elasticresource.New[UserModel, account, *UserModel](userKind)

var userKind = elasticresource.Kind[UserModel, account]{
	Type:          UserType,
	Thing:         "Elasticsearch user",
	Description:   userDescription,
	Privileges:    []string{"manage_security"},
	Attributes:    userAttributes,
	Name:          func(m *UserModel) *types.String { return &m.Username },
	NameAttribute: "username",
	Sources:       []elasticresource.Source{{Provider: elasticresource.Elasticstack, Type: "elasticstack_elasticsearch_security_user"}},
	Plan:          planLogin[UserModel],
	Prepare:       prepareLogin[UserModel],
	Desired:       desiredUser,
	Facts:         userFacts,
	Ours:          func(a account) bool { return security.Marked(a.Metadata) },
	// Elasticsearch refuses a user who is not enabled whatever the password: only that it was set tells which it is.
	Unseen: func(prior, plan *UserModel) bool {
		return !plan.Enabled.ValueBool() && (prior == nil || !prior.PasswordRevision.Equal(plan.PasswordRevision))
	},
	Read: func(ctx context.Context, m *UserModel, c elasticresource.Context) (found account, there bool, err error) {
		found.User, there, err = security.GetUser(ctx, c.Client, m.Username.ValueString())
		if err == nil && there {
			found.password, err = m.seen(ctx, found.Enabled, c)
		}
		return found, there, err
	},
	Write: writeUser,
	Remove: func(ctx context.Context, m *UserModel, c elasticresource.Context) error {
		return security.DeleteUser(ctx, c.Client, m.Username.ValueString())
	},
	Import: importUser,
}

const userDescription = "A user of Elasticsearch's native realm, such as the one that a collector writes as. Its password is set only when authenticating with it fails, so one that " +
	"somebody else changed is drift, seen by the next plan. The built-in users' passwords are [flowstack_elasticsearch_user_password](elasticsearch_user_password.md)."

var userAttributes = map[string]schema.Attribute{
	"username": schema.StringAttribute{
		Required:            true,
		MarkdownDescription: "The name to log in with. Changing it replaces the user.",
		Validators: []validator.String{
			stringvalidator.LengthBetween(1, 507),
			stringvalidator.RegexMatches(printable, "must be printable ASCII characters, without a space at the beginning or end"),
			stringvalidator.NoneOf(security.BuiltIn...),
		},
		PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
	},
	"password_wo":         passwordAttribute(true),
	"password_wo_version": versionAttribute,
	"password_revision":   revisionAttribute,
	"roles": schema.SetAttribute{
		Required: true, ElementType: types.StringType,
		MarkdownDescription: "Names of the roles that say what the user may do. Elasticsearch does not ask whether they exist.",
	},
	"full_name": schema.StringAttribute{
		Optional: true, MarkdownDescription: "Name for people to read.", Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
	},
	"email": schema.StringAttribute{
		Optional: true, MarkdownDescription: "Address of electronic mail.", Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
	},
	"enabled": schema.BoolAttribute{
		Optional: true, Computed: true, Default: booldefault.StaticBool(true),
		MarkdownDescription: "Whether the user is let in. Default `true`.",
	},
}

// printable is what Elasticsearch takes for a name of a user or a role.
var printable = regexp.MustCompile(`^[!-~]([ -~]*[!-~])?$`)

func desiredUser(_ context.Context, m *UserModel, _ elasticresource.Context) (want account, known bool, diags diag.Diagnostics) {
	roles, known := hostresource.Strings(m.Roles)
	if !known || m.FullName.IsUnknown() || m.Email.IsUnknown() || m.Enabled.IsUnknown() {
		return want, false, nil
	}
	return account{
		security.User{
			Roles: roles, FullName: m.FullName.ValueString(), Email: m.Email.ValueString(), Enabled: m.Enabled.ValueBool(), Metadata: security.Mark(),
		},
		m.shown(),
	}, true, nil
}

func userFacts(a account) host.Facts {
	facts := host.Facts{"enabled": strconv.FormatBool(a.Enabled), "roles": strings.Join(slices.Sorted(slices.Values(a.Roles)), ", ")}
	for name, value := range map[string]string{"full name": a.FullName, "email": a.Email, "password": a.password} {
		if value != "" {
			facts[name] = value
		}
	}
	for name, value := range a.Metadata {
		facts["metadata "+name] = fmt.Sprint(value)
	}
	return facts
}

func writeUser(ctx context.Context, change elasticresource.Change[UserModel, account]) error {
	value, err := wanted(ctx, change.Context)
	switch {
	case !change.There: // gone since the plan, perhaps
		value, err = configured(ctx, password.Name, change.Context)
		if value == "" && err == nil {
			err = errors.New("a new user needs password_wo")
		}
	case change.Found.password != different && change.Found.Enabled:
		value = "" // Elasticsearch has it
	}
	if err != nil {
		return err
	}
	return security.PutUser(ctx, change.Client, change.Plan.Username.ValueString(), change.Want.User, value)
}

func importUser(_ context.Context, m *UserModel, found account) diag.Diagnostics {
	roles := make([]attr.Value, len(found.Roles))
	for i, role := range found.Roles {
		roles[i] = types.StringValue(role)
	}
	m.Roles = types.SetValueMust(types.StringType, roles)
	m.FullName, m.Email = orNull(found.FullName), orNull(found.Email)
	m.Enabled = types.BoolValue(found.Enabled)
	return nil
}

// orNull is a text, or null for an empty one.
func orNull(text string) types.String {
	if text == "" {
		return types.StringNull()
	}
	return types.StringValue(text)
}
