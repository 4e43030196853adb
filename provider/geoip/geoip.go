// Package geoip is the resource flowstack_geoip_database: a database of places or autonomous systems on a host.
package geoip

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/geoip"
	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

// ResourceType is the type of the resource.
const ResourceType = "flowstack_geoip_database"

// Model is the resource in Terraform's terms.
type Model struct {
	hostresource.Common
	Kind types.String `tfsdk:"kind"`

	Source      types.String `tfsdk:"source"`
	URL         types.String `tfsdk:"url"`
	SHA256      types.String `tfsdk:"sha256"`
	ChecksumURL types.String `tfsdk:"checksum_url"`
	EditionID   types.String `tfsdk:"edition_id"`
	MaxMindURL  types.String `tfsdk:"maxmind_url"`
	AccountID   types.String `tfsdk:"account_id"`
	LicenseKey  types.String `tfsdk:"license_key_wo"`
	MaxAge      types.String `tfsdk:"max_age"`

	Path            types.String `tfsdk:"path"`
	PublishedSHA256 types.String `tfsdk:"published_sha256"`
	DatabaseSHA256  types.String `tfsdk:"database_sha256"`
	DatabaseSize    types.Int64  `tfsdk:"database_size"`
	DatabaseType    types.String `tfsdk:"database_type"`
	BuildDate       types.String `tfsdk:"build_date"`
}

// NewResource makes the resource.
var NewResource = hostresource.New[Model, *Model](hostresource.Kind[Model]{
	Type:          ResourceType,
	Thing:         "GeoIP database",
	Description:   description,
	Attributes:    attributes,
	Name:          func(m *Model) *types.String { return &m.Kind },
	NameAttribute: "kind",
	Validate:      validate,
	Plan:          plan,
	Prepare:       prepare,
	Desired:       desired,
	Import:        imported,
})

func (m *Model) kind() geoip.Kind { return geoip.Kind(m.Kind.ValueString()) }

// from is where the database comes from, without the key.
func (m *Model) from() geoip.Source {
	return geoip.Source{
		File: m.Source.ValueString(), URL: m.URL.ValueString(), ChecksumURL: m.ChecksumURL.ValueString(), SHA256: strings.ToLower(m.SHA256.ValueString()),
		Edition: m.EditionID.ValueString(), Base: m.MaxMindURL.ValueString(), Account: m.AccountID.ValueString(),
	}
}

// known tells whether it is known where the database comes from. The key need not be.
func (m *Model) known() bool {
	for _, value := range []types.String{m.Kind, m.Source, m.URL, m.ChecksumURL, m.SHA256, m.EditionID, m.MaxMindURL, m.AccountID} {
		if value.IsUnknown() {
			return false
		}
	}
	return true
}

// info is what is known of the database; it is zero when that is not known.
func (m *Model) info() geoip.Info {
	built, err := time.Parse(time.RFC3339, m.BuildDate.ValueString())
	if err != nil {
		return geoip.Info{}
	}
	return geoip.Info{Type: m.DatabaseType.ValueString(), Built: built, Size: m.DatabaseSize.ValueInt64(), SHA256: m.DatabaseSHA256.ValueString()}
}

// set makes the computed attributes.
func (m *Model) set(published string, info geoip.Info) {
	m.PublishedSHA256 = types.StringValue(published)
	m.setInfo(info)
}

func (m *Model) setInfo(info geoip.Info) {
	m.DatabaseSHA256, m.DatabaseSize = types.StringValue(info.SHA256), types.Int64Value(info.Size)
	m.DatabaseType, m.BuildDate = types.StringValue(info.Type), types.StringValue(info.Built.UTC().Format(time.RFC3339))
}

func (m *Model) setUnknown() {
	m.PublishedSHA256, m.DatabaseSHA256, m.DatabaseSize = types.StringUnknown(), types.StringUnknown(), types.Int64Unknown()
	m.DatabaseType, m.BuildDate = types.StringUnknown(), types.StringUnknown()
}

// desired is the host's state. The database itself is fetched when the host turns out not to have it.
func desired(ctx context.Context, m *Model, c hostresource.Context) (host.Desired, bool, diag.Diagnostics) {
	if m.Kind.IsUnknown() {
		return nil, false, nil
	}
	source := &host.Source{}
	info := m.info()
	if c.Config == nil { // it is read or removed
		return geoip.Desired(m.kind(), info, "not known", source, false), true, nil
	}
	from, diags := m.source(ctx, c)
	published := m.PublishedSHA256.ValueString()
	kind := m.kind()
	source.Open = func(ctx context.Context) (io.ReadCloser, error) {
		cache, err := geoip.NewCache()
		if err != nil {
			return nil, err
		}
		return cache.Open(ctx, from, published, kind, info)
	}
	return geoip.Desired(kind, info, hostresource.Unknown, source, c.Creating), true, diags
}

// imported takes what is known of the database from the host. Where it came from no host knows.
func imported(_ context.Context, m *Model, facts host.Facts) diag.Diagnostics {
	info := geoip.Observed(m.kind(), facts)
	if info.SHA256 == "" {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Unable to import the GeoIP database",
			connection.Explain(errNotThere(m.kind()))+" Leave the import out: an apply puts it there.")}
	}
	m.Path = types.StringValue(geoip.Path(m.kind()))
	m.setInfo(info)
	return nil
}
