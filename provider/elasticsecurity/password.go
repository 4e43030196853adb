package elasticsecurity

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/security"
	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/provider/elasticresource"
)

// PasswordType is the type of the resource for passwords of built-in users.
const PasswordType = "flowstack_elasticsearch_user_password" // a name, not a password

// PasswordModel is the password of a built-in user in Terraform's terms.
type PasswordModel struct {
	elasticresource.Common
	Login
	BootstrapPassword types.String `tfsdk:"bootstrap_password_wo"`
}

// NewPassword makes the resource.
var NewPassword = elasticresource.New[PasswordModel, account, *PasswordModel](elasticresource.Kind[PasswordModel, account]{
	Type:          PasswordType,
	Thing:         "the password of Elasticsearch user",
	Description:   passwordDescription,
	Privileges:    []string{"manage_security"},
	Attributes:    passwordAttributes,
	Name:          func(m *PasswordModel) *types.String { return &m.Username },
	NameAttribute: "username",
	Sources:       []elasticresource.Source{{Provider: elasticresource.Elasticstack, Type: "elasticstack_elasticsearch_security_system_user"}},
	Plan:          planLogin[PasswordModel],
	Prepare:       prepareLogin[PasswordModel],
	Desired: func(_ context.Context, m *PasswordModel, _ elasticresource.Context) (account, bool, diag.Diagnostics) {
		return account{security.User{Enabled: true}, m.shown()}, true, nil
	},
	Facts: func(a account) host.Facts {
		return host.Facts{"enabled": strconv.FormatBool(a.Enabled), "password": a.password}
	},
	Ours:   func(account) bool { return true }, // every server has it
	Read:   readPassword,
	Write:  writePassword,
	Remove: func(context.Context, *PasswordModel, elasticresource.Context) error { return nil },
})

const passwordDescription = "The password of one of Elasticsearch's built-in users: `elastic`, `kibana_system`, … It is set only when authenticating with it fails, so a password that " +
	"somebody else changed is drift, seen by the next plan, and a second apply does nothing.\n\n`elastic` of a new cluster has the `bootstrap.password` of the keystore; give it " +
	"as `bootstrap_password_wo`, or as `previous_password` of the provider's `elasticsearch`. When `elastic` is the user the provider asks as, one apply can change its password: give " +
	"the new one to both, and the former one as `previous_password` for that apply. The order does not matter: whichever of them is in force is used, and an apply that was cut off " +
	"is made good by the next one.\n\nDestroying the resource changes nothing in Elasticsearch: a built-in user cannot be removed, and keeps its last password."

var passwordAttributes = map[string]schema.Attribute{
	"username": schema.StringAttribute{
		Required: true,
		MarkdownDescription: "The user: `elastic`, `kibana_system`, `logstash_system`, `beats_system`, `apm_system`, `remote_monitoring_user`, or the deprecated `kibana`. Others are " +
			"[flowstack_elasticsearch_user](elasticsearch_user.md).",
		Validators:    []validator.String{stringvalidator.OneOf(security.BuiltIn...)},
		PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
	},
	"password_wo":         passwordAttribute(true),
	"password_wo_version": versionAttribute,
	bootstrapPassword: schema.StringAttribute{
		Optional: true, WriteOnly: true, Sensitive: true,
		MarkdownDescription: "Another password that `elastic` may have so far: the `bootstrap.password` of the keystore. It is tried when neither the credentials of the provider nor " +
			"`password_wo` are accepted. Write-only.",
		Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
	},
	"password_revision": revisionAttribute,
}

// asking is a client that is let in: as the provider says, or, for the user who may do everything, with any password that the user may have.
func asking(ctx context.Context, m *PasswordModel, c elasticresource.Context) (*client.Client, error) {
	if m.Username.ValueString() != security.Superuser || c.Config == nil {
		return c.Client, nil
	}
	var who []client.Credentials
	for _, attribute := range []string{password.Name, bootstrapPassword} {
		value, err := configured(ctx, attribute, c)
		if err != nil {
			return nil, err
		}
		if value != "" {
			who = append(who, client.Credentials{Username: security.Superuser, Password: value})
		}
	}
	return c.Client.Or(who...), nil
}

func readPassword(ctx context.Context, m *PasswordModel, c elasticresource.Context) (found account, there bool, err error) {
	on, err := asking(ctx, m, c)
	if err != nil {
		return found, false, err
	}
	name := m.Username.ValueString()
	found.User, there, err = security.GetBuiltIn(ctx, on, name)
	if err == nil && !there {
		return found, false, client.Conclude(errors.New("this server has no such built-in user"))
	}
	if err == nil {
		found.password, err = m.seen(ctx, found.Enabled, c)
	}
	return found, there, err
}

func writePassword(ctx context.Context, change elasticresource.Change[PasswordModel, account]) error {
	on, err := asking(ctx, change.Plan, change.Context)
	if err != nil {
		return err
	}
	name := change.Plan.Username.ValueString()
	if !change.Found.Enabled {
		if err := security.Enable(ctx, on, name); err != nil {
			return fmt.Errorf("enabling it: %w", err)
		}
	}
	value, err := wanted(ctx, change.Context)
	if err != nil || value == "" {
		return err
	}
	if accepted, err := security.Accepts(ctx, change.Client, name, value); err != nil || accepted {
		return err
	}
	if err := security.ChangePassword(ctx, on, name, value); err != nil {
		return err
	}
	change.Client.Learn(client.Credentials{Username: name, Password: value})
	return nil
}
