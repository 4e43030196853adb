package collector

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/flowstack/terraform-provider-flowstack/appliance/flowcollector"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
	"github.com/flowstack/terraform-provider-flowstack/provider/secret"
)

var password = secret.Attribute{Name: "elasticsearch_password_wo", Key: "elasticsearch_password", Thing: "Elasticsearch password"}

// credential is what the host shall have: with its content while there is a configuration, else only recognised.
func (m *Model) credential(ctx context.Context, c hostresource.Context) (*flowcollector.Credential, diag.Diagnostics) {
	revision := m.CredentialsRevision.ValueString()
	if m.CredentialsRevision.IsUnknown() {
		revision = hostresource.Unknown
	}
	if c.Config == nil {
		if m.CredentialsRevision.IsNull() {
			return nil, nil
		}
		v, diags := password.Load(ctx, c.Private)
		return &flowcollector.Credential{Revision: revision, Verify: v.Matches}, diags
	}
	configured, diags := password.Configured(ctx, c)
	if configured.IsNull() {
		return nil, diags
	}
	return &flowcollector.Credential{Revision: revision, Content: []byte(configured.ValueString())}, diags
}
