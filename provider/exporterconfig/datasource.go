// Package exporterconfig is the data source flowstack_exporter_config: what to type on a router so that it sends its flows to a collector.
package exporterconfig

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/exporterconfig"
)

// DataSourceType is the type of the data source.
const DataSourceType = "flowstack_exporter_config"

// Model is the data source in Terraform's terms.
type Model struct {
	Platform        types.String `tfsdk:"platform"`
	Collector       types.String `tfsdk:"collector"`
	Port            types.Int64  `tfsdk:"port"`
	Interfaces      []string     `tfsdk:"interfaces"`
	Protocol        types.String `tfsdk:"protocol"`
	Direction       types.String `tfsdk:"direction"`
	Source          types.String `tfsdk:"source"`
	ActiveTimeout   types.String `tfsdk:"active_timeout"`
	InactiveTimeout types.String `tfsdk:"inactive_timeout"`
	TemplateRefresh types.String `tfsdk:"template_refresh"`
	Sampling        types.Int64  `tfsdk:"sampling"`
	Domain          types.Int64  `tfsdk:"domain"`
	MaxFlows        types.Int64  `tfsdk:"max_flows"`
	Filter          types.String `tfsdk:"filter"`
	Track           types.String `tfsdk:"track"`

	Configuration types.String `tfsdk:"configuration"`
	Removal       types.String `tfsdk:"removal"`
	Warnings      []string     `tfsdk:"warnings"`
	Notes         []string     `tfsdk:"notes"`
	Sources       []string     `tfsdk:"sources"`
}

// dataSource implements datasource.DataSource. It asks no host.
type dataSource struct{}

var _ datasource.DataSource = dataSource{}

// NewDataSource makes the data source.
func NewDataSource() datasource.DataSource { return dataSource{} }

// Metadata implements datasource.DataSource.
func (dataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = DataSourceType
}

// Read implements datasource.DataSource.
func (dataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m Model
	if resp.Diagnostics.Append(req.Config.Get(ctx, &m)...); resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(m.render()...)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
	}
}

// render fills in all that follows from what is said.
func (m *Model) render() diag.Diagnostics {
	var diags diag.Diagnostics
	s := exporterconfig.Settings{
		Collector: m.Collector.ValueString(), Port: int(m.Port.ValueInt64()), Interfaces: m.Interfaces,
		Protocol: exporterconfig.Protocol(m.Protocol.ValueString()), Direction: exporterconfig.Direction(m.Direction.ValueString()),
		Source: m.Source.ValueString(), Sampling: int(m.Sampling.ValueInt64()), Domain: int(m.Domain.ValueInt64()),
		MaxFlows: int(m.MaxFlows.ValueInt64()), Filter: m.Filter.ValueString(), Track: exporterconfig.Track(m.Track.ValueString()),
	}
	for _, d := range []struct {
		name string
		text types.String
		into *time.Duration
	}{
		{"active_timeout", m.ActiveTimeout, &s.Active}, {"inactive_timeout", m.InactiveTimeout, &s.Inactive}, {"template_refresh", m.TemplateRefresh, &s.Template},
	} {
		if d.text.IsNull() {
			continue
		}
		parsed, err := config.ParseDuration(d.text.ValueString())
		if err == nil && parsed <= 0 {
			err = fmt.Errorf("%s is no time to wait", d.text.ValueString())
		}
		if err != nil {
			diags.AddAttributeError(path.Root(d.name), "Unable to configure the exporter", err.Error()+".")
		}
		*d.into = time.Duration(parsed)
	}
	if diags.HasError() {
		return diags
	}
	r, err := exporterconfig.Render(m.Platform.ValueString(), s)
	var wrong *exporterconfig.SettingError
	switch {
	case errors.As(err, &wrong):
		diags.AddAttributeError(path.Root(wrong.Setting), "Unable to configure the exporter", strings.ToUpper(wrong.Problem[:1])+wrong.Problem[1:]+".")
		return diags
	case err != nil:
		diags.AddError("Unable to configure the exporter", err.Error()+".")
		return diags
	}
	m.set(r)
	return diags
}

func (m *Model) set(r exporterconfig.Result) {
	s := r.Settings
	m.Port = types.Int64Value(int64(s.Port))
	m.Protocol, m.Direction = types.StringValue(string(s.Protocol)), types.StringValue(string(s.Direction))
	m.Sampling = types.Int64Value(int64(max(s.Sampling, 1)))
	for text, value := range map[*types.String]time.Duration{&m.ActiveTimeout: s.Active, &m.InactiveTimeout: s.Inactive, &m.TemplateRefresh: s.Template} {
		if text.IsNull() && value > 0 {
			*text = types.StringValue(config.Duration(value).String())
		}
	}
	m.Configuration, m.Removal = types.StringValue(r.Configuration), types.StringValue(r.Removal)
	m.Warnings, m.Notes = append([]string{}, r.Warnings...), append([]string{}, r.Notes...)
	m.Sources = make([]string, 0, len(r.Sources))
	for _, source := range r.Sources {
		m.Sources = append(m.Sources, source.Title+": "+source.URL)
	}
}
