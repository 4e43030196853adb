package elasticsearch

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch"
	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

// DirectoryType is the type of the resource that makes a place for certificates.
const DirectoryType = "flowstack_elasticsearch_directory"

// Directory is the resource in Terraform's terms.
type Directory struct {
	hostresource.Common
	Certificates types.String `tfsdk:"certificates"`
	Group        types.String `tfsdk:"group"`
}

// NewDirectory makes the resource.
var NewDirectory = hostresource.New[Directory, *Directory](hostresource.Kind[Directory]{
	Type:  DirectoryType,
	Thing: "directory of Elasticsearch's configuration",
	Description: "What has to be on a host before a node of Elasticsearch, for its certificates: the account `elasticsearch`, `" + elasticsearch.Directory + "`, and in it `certs`, for whoever is in the " +
		"group to read. Elasticsearch reads files in its own directory alone, and the node that reads them needs them at its start, before its package would make any of this.\n\n" +
		"Destroying the resource removes what it made and nobody has put anything into.",
	Attributes: map[string]schema.Attribute{
		"certificates": schema.StringAttribute{Computed: true, MarkdownDescription: "The directory for certificates, `" + elasticsearch.CertificateFolder + "`."},
		"group":        schema.StringAttribute{Computed: true, MarkdownDescription: "The group that reads them, `" + elasticsearch.Account + "`."},
	},
	Plan: func(_ context.Context, _, plan *Directory, _ hostresource.Context) diag.Diagnostics {
		plan.known()
		return nil
	},
	Desired: func(_ context.Context, _ *Directory, _ hostresource.Context) (host.Desired, bool, diag.Diagnostics) {
		return elasticsearch.CertificateDirectory(), true, nil
	},
	Import: func(_ context.Context, m *Directory, _ host.Facts) diag.Diagnostics {
		m.known()
		return nil
	},
})

func (m *Directory) known() {
	m.Certificates, m.Group = types.StringValue(elasticsearch.CertificateFolder), types.StringValue(elasticsearch.Account)
}
