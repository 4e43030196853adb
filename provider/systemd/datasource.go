package systemd

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

// ServiceData is the data source in Terraform's terms.
type ServiceData struct {
	Host          types.String `tfsdk:"host"`
	Name          types.String `tfsdk:"name"`
	Inputs        types.Set    `tfsdk:"inputs"`
	Exists        types.Bool   `tfsdk:"exists"`
	Description   types.String `tfsdk:"description"`
	Enabled       types.String `tfsdk:"enabled"`
	Active        types.String `tfsdk:"active"`
	Sub           types.String `tfsdk:"sub"`
	Result        types.String `tfsdk:"result"`
	Stale         types.Bool   `tfsdk:"stale"`
	Configuration types.String `tfsdk:"configuration"`
	StartedAt     types.String `tfsdk:"started_at"`
	MainPID       types.Int64  `tfsdk:"main_pid"`
	Restarts      types.Int64  `tfsdk:"restarts"`
	UnitFile      types.String `tfsdk:"unit_file"`
	DropIns       types.List   `tfsdk:"dropins"`
}

type serviceDataSource struct{ hostresource.DataSource }

var _ datasource.DataSourceWithConfigure = (*serviceDataSource)(nil)

// NewServiceDataSource makes the data source.
func NewServiceDataSource() datasource.DataSource { return &serviceDataSource{} }

// Metadata implements datasource.DataSource.
func (*serviceDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = ServiceType
}

// Schema implements datasource.DataSource.
func (*serviceDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "What systemd says of a unit on a host, a service as a rule. A unit that is not there is no error: `exists` says so. A host that does not " +
			"answer is one.",
		Attributes: map[string]schema.Attribute{
			"host": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "The host, by its name in the provider's `hosts`. May be left out when there is only one.",
			},
			"name": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "The name of the unit with its type, such as `elasticsearch.service`.",
				Validators:          []validator.String{UnitName{}},
			},
			"inputs": schema.SetAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "Paths of files that the unit reads only when it starts: `stale` looks at them, too.",
			},
			"exists":        schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether systemd knows the unit."},
			"description":   text("What its unit file calls it."),
			"enabled":       text("Whether it starts at boot: `enabled`, `disabled`, `static`, `masked` and others of `systemctl is-enabled`."),
			"active":        text("`active`, `inactive`, `failed`, `activating` and others."),
			"sub":           text("The same in more detail, such as `running` or `exited`."),
			"result":        text("How it ended or runs: `success`, `exit-code`, `watchdog` and others."),
			"stale":         schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether it runs since before something that it reads at its start changed."},
			"configuration": text("`current`, `not running`, or why it is stale."),
			"started_at":    text("When its main process started (RFC 3339, UTC)."),
			"main_pid":      schema.Int64Attribute{Computed: true, MarkdownDescription: "Its main process."},
			"restarts":      schema.Int64Attribute{Computed: true, MarkdownDescription: "How often systemd started it again by itself."},
			"unit_file":     text("The path of its unit file."),
			"dropins":       schema.ListAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "The paths of its drop-ins."},
		},
	}
}

// Read implements datasource.DataSource.
func (d *serviceDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m ServiceData
	if resp.Diagnostics.Append(req.Config.Get(ctx, &m)...); resp.Diagnostics.HasError() {
		return
	}
	thing := "the service " + m.Name.ValueString()
	on := d.Host(req, resp, &m.Host, thing)
	if on == nil {
		return
	}
	inputs, _ := hostresource.Strings(m.Inputs) // a data source is read when all is known
	var status host.UnitStatus
	if d.Ask(ctx, on, &resp.Diagnostics, thing, func(ctx context.Context) (err error) {
		status, err = host.ReadUnit(ctx, on, m.Name.ValueString(), inputs)
		return err
	}) {
		m.set(status)
		resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
	}
}

func (m *ServiceData) set(s host.UnitStatus) {
	m.Exists, m.Stale = types.BoolValue(s.Exists), types.BoolValue(s.Stale())
	m.StartedAt, m.MainPID = types.StringNull(), types.Int64Null()
	for to, text := range map[*types.String]string{
		&m.Description: s.Description, &m.Enabled: s.Enabled, &m.Active: s.Active, &m.Sub: s.Sub, &m.Result: s.Result,
		&m.Configuration: s.Configuration, &m.UnitFile: s.UnitFile,
	} {
		*to = types.StringNull()
		if text != "" {
			*to = types.StringValue(text)
		}
	}
	if !s.Started.IsZero() {
		m.StartedAt = types.StringValue(s.Started.UTC().Format(time.RFC3339Nano))
	}
	if s.MainPID != 0 {
		m.MainPID = types.Int64Value(int64(s.MainPID))
	}
	m.Restarts = types.Int64Value(int64(s.Restarts))
	m.DropIns = listOf(s.DropIns)
}

func listOf(texts []string) types.List {
	values := make([]attr.Value, len(texts))
	for i, text := range texts {
		values[i] = types.StringValue(text)
	}
	return types.ListValueMust(types.StringType, values)
}
