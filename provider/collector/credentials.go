package collector

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/flowstack/terraform-provider-flowstack/appliance/flowcollector"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
	"github.com/flowstack/terraform-provider-flowstack/provider/secret"
)

var password = secret.Attribute{Name: "elasticsearch_password_wo", Key: "elasticsearch_password", Thing: "Elasticsearch password"}

// credential is what the host shall have; nil: none.
func (m *Model) credential(ctx context.Context, c hostresource.Context) (*flowcollector.Credential, diag.Diagnostics) {
	revision := m.CredentialsRevision.ValueString()
	if m.CredentialsRevision.IsUnknown() {
		revision = hostresource.Unknown
	}
	if c.Config == nil && m.CredentialsRevision.IsNull() {
		return nil, nil
	}
	wanted, diags := password.Wanted(ctx, c)
	if c.Config != nil && wanted.Content == nil {
		return nil, diags
	}
	return &flowcollector.Credential{Revision: revision, Content: wanted.Content, Verify: wanted.Verify}, diags
}
