// Package exporterseen is the data source flowstack_exporter_seen: whether flows of an exporter arrive, so that an apply can end with "and it works".
package exporterseen

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/flowcollector"
	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

// DataSourceType is the type of the data source.
const DataSourceType = "flowstack_exporter_seen"

const (
	// defaultWait is two times what exporters take to report a flow that goes on and to repeat their templates, as they should.
	defaultWait = 2 * time.Minute
	pause       = 2 * time.Second // between two questions
)

// Model is the data source in Terraform's terms.
type Model struct {
	Host     types.String `tfsdk:"host"`
	Address  types.String `tfsdk:"address"`
	Endpoint types.String `tfsdk:"endpoint"`
	Wait     types.String `tfsdk:"wait"`

	Name        types.String `tfsdk:"name"`
	Formats     []string     `tfsdk:"formats"`
	Flows       types.Int64  `tfsdk:"flows"`
	Packets     types.Int64  `tfsdk:"packets"`
	Templates   types.Int64  `tfsdk:"templates"`
	WaitingSets types.Int64  `tfsdk:"waiting_sets"`
	Lost        types.Int64  `tfsdk:"lost"`
	LastSeen    types.String `tfsdk:"last_seen"`
}

// dataSource implements datasource.DataSource.
type dataSource struct{ hostresource.DataSource }

var _ datasource.DataSourceWithConfigure = (*dataSource)(nil)

// NewDataSource makes the data source.
func NewDataSource() datasource.DataSource { return &dataSource{} }

// Metadata implements datasource.DataSource.
func (*dataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = DataSourceType
}

// Read implements datasource.DataSource.
func (d *dataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m Model
	if resp.Diagnostics.Append(req.Config.Get(ctx, &m)...); resp.Diagnostics.HasError() {
		return
	}
	thing, look := "any exporter", lookFor(flowcollector.AskAnyExporter)
	if !m.Address.IsNull() {
		thing = "the exporter " + m.Address.ValueString()
		address, err := netip.ParseAddr(m.Address.ValueString())
		if err != nil {
			resp.Diagnostics.AddAttributeError(path.Root("address"), "Unable to look for "+thing, m.Address.ValueString()+" is not an address.")
			return
		}
		look = func(ctx context.Context, dial flowcollector.Dial, endpoint string) (*flowcollector.Exporter, string, error) {
			return flowcollector.AskExporter(ctx, dial, endpoint, address.Unmap())
		}
	}
	wait := defaultWait
	if !m.Wait.IsNull() {
		parsed, err := config.ParseDuration(m.Wait.ValueString())
		if err != nil || parsed < 0 {
			resp.Diagnostics.AddAttributeError(path.Root("wait"), "Unable to look for "+thing, fmt.Sprintf("%q is no time to wait; write it like 30s or 5m.", m.Wait.ValueString()))
			return
		}
		wait = time.Duration(parsed)
	}
	endpoint := flowcollector.DefaultEndpoint
	if !m.Endpoint.IsNull() {
		endpoint = m.Endpoint.ValueString()
	}
	on := d.Host(req, resp, &m.Host, thing)
	if on == nil {
		return
	}
	if err := reach(ctx, on, wait); err != nil {
		resp.Diagnostics.AddError("Unable to look for "+thing, connection.Explain(err))
		return
	}
	e, err := await(ctx, on, endpoint, look, wait)
	if err != nil {
		resp.Diagnostics.AddError("No flows of "+thing,
			fmt.Sprintf("The collector on host %s has decoded no flow of %s within %s. %s", on.Name, thing, config.Duration(wait), sentence(connection.Explain(err))))
		return
	}
	m.set(e)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

// reach connects to the host, for as long as there is to wait: one that is only looked at once is not waited for.
func reach(ctx context.Context, on *connection.Host, wait time.Duration) error {
	if wait == 0 {
		return on.Reach(ctx)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, wait, fmt.Errorf("it did not answer within %s", config.Duration(wait)))
	defer cancel()
	return on.Await(ctx)
}

// lookFor asks a collector for the exporter that is meant, as flowcollector.AskExporter does.
type lookFor func(ctx context.Context, dial flowcollector.Dial, endpoint string) (*flowcollector.Exporter, string, error)

// await looks until a flow of the exporter was decoded, or the time to wait is over; then the error says what is there instead.
func await(ctx context.Context, on *connection.Host, endpoint string, look lookFor, wait time.Duration) (*flowcollector.Exporter, error) {
	for deadline := time.Now().Add(wait); ; {
		e, why, err := look(ctx, on.DialContext, endpoint)
		switch {
		case err == nil && e != nil && e.Flows > 0:
			return e, nil
		case err == nil && e != nil && e.WaitingSets > 0:
			err = fmt.Errorf("%d packets came, and %d data sets wait for their template, which exporters repeat by the minute, or by the half hour", e.Packets, e.WaitingSets)
		case err == nil && e != nil && e.Malformed > 0:
			err = fmt.Errorf("%d packets came, of which %d could not be decoded to their end; the collector's log says why", e.Packets, e.Malformed)
		case err == nil && e != nil:
			err = fmt.Errorf("%d packets came, without a flow in them yet", e.Packets)
		case err == nil:
			err = errors.New(why)
		}
		if time.Until(deadline) < pause {
			return nil, err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, errors.Join(context.Cause(ctx), err)
		}
	}
}

// sentence ends a text, unless it asks something.
func sentence(text string) string {
	if strings.HasSuffix(text, "?") {
		return text
	}
	return text + "."
}

func (m *Model) set(e *flowcollector.Exporter) {
	if m.Address.IsNull() {
		m.Address = types.StringValue(e.Address)
	}
	m.Name = types.StringNull()
	if e.Name != "" {
		m.Name = types.StringValue(e.Name)
	}
	m.Formats = append([]string{}, e.Formats...)
	m.Flows, m.Packets = types.Int64Value(e.Flows), types.Int64Value(e.Packets)
	m.Templates, m.WaitingSets, m.Lost = types.Int64Value(e.Templates), types.Int64Value(e.WaitingSets), types.Int64Value(e.Lost)
	m.LastSeen = types.StringValue(e.LastSeen.UTC().Format(time.RFC3339))
}
