package elasticcluster

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/cluster"
	"github.com/flowstack/terraform-provider-flowstack/provider/elasticresource"
)

// CertificatesType is the type of the data source.
const CertificatesType = "flowstack_elasticsearch_certificates"

// CertificatesModel are the certificates of a node in Terraform's terms.
type CertificatesModel struct {
	DaysLeft     types.Int64        `tfsdk:"days_left"`
	Certificates []certificateModel `tfsdk:"certificates"`
}

type certificateModel struct {
	Path       string `tfsdk:"path"`
	Format     string `tfsdk:"format"`
	Subject    string `tfsdk:"subject"`
	Serial     string `tfsdk:"serial_number"`
	PrivateKey bool   `tfsdk:"has_private_key"`
	NotAfter   string `tfsdk:"not_after"`
	DaysLeft   int64  `tfsdk:"days_left"`
}

type certificatesSource struct{ elasticresource.DataSource }

var _ datasource.DataSourceWithConfigure = (*certificatesSource)(nil)

// NewCertificatesSource makes the data source.
func NewCertificatesSource() datasource.DataSource { return &certificatesSource{} }

// Metadata implements datasource.DataSource.
func (*certificatesSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = CertificatesType
}

// Schema implements datasource.DataSource.
func (*certificatesSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "The certificates that the node of Elasticsearch which the provider asks has in its files, for HTTP and between nodes: which end when. For the other nodes, use " +
			"a provider block each, with an `alias`.\n\nThe user of the provider's `elasticsearch` needs the cluster privilege `monitor`.",
		Attributes: map[string]schema.Attribute{
			"days_left": schema.Int64Attribute{
				Computed: true, MarkdownDescription: "Whole days until the first of them ends; negative when one has ended; null when there are none. For a `check` block.",
			},
			"certificates": schema.ListNestedAttribute{
				Computed: true, MarkdownDescription: "The certificates, by path.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"path":            text("The file, relative to the directory of `elasticsearch.yml`."),
					"format":          text("`PEM`, `PKCS12` or `jks`."),
					"subject":         text("Whose it is: `CN=flow1`."),
					"serial_number":   text("Its number, hexadecimal."),
					"has_private_key": schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether the node proves its own identity with it; else it only recognises others by it."},
					"not_after":       text("When it ends, as in RFC 3339."),
					"days_left":       schema.Int64Attribute{Computed: true, MarkdownDescription: "Whole days until then; negative when it has ended."},
				}},
			},
		},
	}
}

// now is another time in tests.
var now = time.Now

// Read implements datasource.DataSource.
func (s *certificatesSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	if s.Deferred(req, resp) {
		return
	}
	var found []cluster.Certificate
	if !s.Ask(ctx, &resp.Diagnostics, "read the certificates of Elasticsearch", []string{"monitor"}, func(ctx context.Context, on *client.Client) (err error) {
		found, err = cluster.GetCertificates(ctx, on)
		return err
	}) {
		return
	}
	model := CertificatesModel{DaysLeft: types.Int64Null()}
	for _, c := range found {
		left := daysUntil(c.NotAfter)
		model.Certificates = append(model.Certificates, certificateModel{c.Path, c.Format, c.Subject, c.Serial, c.PrivateKey, c.NotAfter.UTC().Format(time.RFC3339), left})
		if model.DaysLeft.IsNull() || left < model.DaysLeft.ValueInt64() {
			model.DaysLeft = types.Int64Value(left)
		}
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

// daysUntil are whole days, rounded down: less than a day after the end is -1 already.
func daysUntil(end time.Time) int64 {
	left := end.Sub(now())
	days := int64(left / (24 * time.Hour))
	if left < 0 && left%(24*time.Hour) != 0 {
		days--
	}
	return days
}
