package geoip

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/geoip"
	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

// askTimeout is how long a plan waits for a source to say what it has.
const askTimeout = 30 * time.Second

var now = time.Now // another time in tests

func errNotThere(kind geoip.Kind) error {
	return fmt.Errorf("%s is not on the host, or it is not a database", geoip.Path(kind))
}

// source is where the database comes from, with the key of the configuration, which is nowhere else.
func (m *Model) source(ctx context.Context, c hostresource.Context) (geoip.Source, diag.Diagnostics) {
	from := m.from()
	var key types.String
	diags := c.Config.GetAttribute(ctx, path.Root("license_key_wo"), &key)
	from.Key = key.ValueString()
	return from, diags
}

// at is the attribute that says where the database comes from.
func (m *Model) at() path.Path {
	switch {
	case !m.Source.IsNull():
		return path.Root("source")
	case !m.URL.IsNull():
		return path.Root("url")
	}
	return path.Root("edition_id")
}

// plan settles which database it will be, as far as that can be known without downloading it. One that is on the host stays as long as its
// source has nothing else, or is not asked because max_age did not come.
func plan(ctx context.Context, prior, plan *Model, c hostresource.Context) diag.Diagnostics {
	plan.Path = types.StringUnknown()
	if !plan.Kind.IsUnknown() {
		plan.Path = types.StringValue(geoip.Path(plan.kind()))
	}
	plan.setUnknown()
	if !plan.known() {
		return nil
	}
	from, diags := plan.source(ctx, c)
	if diags.HasError() {
		return diags
	}
	if from.File != "" {
		diags.Append(plan.fetch(ctx, from)...)
		return append(diags, plan.warnOfAge("Put a newer one in its place.")...)
	}
	if prior == nil || prior.info().SHA256 == "" || prior.PublishedSHA256.ValueString() == "" || !from.Moves() && from.SHA256 != prior.PublishedSHA256.ValueString() {
		return diags // the apply fetches it
	}
	if !from.Moves() {
		plan.set(prior.PublishedSHA256.ValueString(), prior.info())
		return append(diags, plan.warnOfAge("Set url and sha256 to those of a newer one.")...)
	}
	if !from.Same(prior.from()) || prior.drifted() {
		return diags
	}
	plan.set(prior.PublishedSHA256.ValueString(), prior.info())
	if age := plan.tooOld(); age == "" {
		return diags
	}
	var key types.String
	if diags.Append(c.Config.GetAttribute(ctx, path.Root("license_key_wo"), &key)...); key.IsUnknown() {
		plan.setUnknown() // an ephemeral key: the apply asks
		return diags
	}
	return append(diags, plan.askForNewer(ctx, from)...)
}

// drifted tells whether the host has another database than was put there.
func (m *Model) drifted() bool {
	content, ok := m.Effective.Elements()[host.File{Path: geoip.Path(m.kind())}.ID()+": content"].(types.String)
	return ok && content.ValueString() != host.Digest(m.DatabaseSHA256.ValueString(), m.DatabaseSize.ValueInt64())
}

// askForNewer plans another database when the source has one. A source that does not answer is no reason to plan nothing else.
func (m *Model) askForNewer(ctx context.Context, from geoip.Source) diag.Diagnostics {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	digest, err := from.Digest(ctx)
	if err != nil {
		return append(m.warnOfAge(""), diag.NewAttributeWarningDiagnostic(m.at(), "Unable to ask for a newer GeoIP database",
			connection.Explain(fmt.Errorf("%s: %w", from, err))+"\n\nThe one on the host stays."))
	}
	if digest == m.PublishedSHA256.ValueString() {
		return m.warnOfAge("Its source has no newer one.")
	}
	m.setUnknown()
	return nil
}

// tooOld says how old the database is when it is older than max_age.
func (m *Model) tooOld() string {
	limit, err := parseAge(m.MaxAge.ValueString())
	age := now().Sub(m.info().Built)
	if err != nil || m.MaxAge.IsNull() || m.MaxAge.IsUnknown() || m.info().SHA256 == "" || age <= limit {
		return ""
	}
	return formatAge(age)
}

func (m *Model) warnOfAge(remedy string) diag.Diagnostics {
	age := m.tooOld()
	if age == "" {
		return nil
	}
	text := fmt.Sprintf("%s was made on %s, %s ago; max_age is %s.", m.DatabaseType.ValueString(), m.info().Built.Format(time.DateOnly), age, m.MaxAge.ValueString())
	if remedy != "" {
		text += " " + remedy
	}
	return diag.Diagnostics{diag.NewAttributeWarningDiagnostic(path.Root("max_age"), "The GeoIP database is old", text)}
}

// prepare fetches and checks the database whose digest the plan did not know.
func prepare(ctx context.Context, plan *Model, c hostresource.Context) diag.Diagnostics {
	plan.Path = types.StringValue(geoip.Path(plan.kind()))
	if !plan.DatabaseSHA256.IsUnknown() {
		return nil
	}
	from, diags := plan.source(ctx, c)
	if diags.HasError() {
		return diags
	}
	return append(diags, plan.fetch(ctx, from)...)
}

// fetch brings the database to this machine, unless it is there, and says what it is.
func (m *Model) fetch(ctx context.Context, from geoip.Source) diag.Diagnostics {
	published, info, err := fetch(ctx, from, m.kind())
	if err != nil {
		return diag.Diagnostics{diag.NewAttributeErrorDiagnostic(m.at(), "Unable to use the GeoIP database", connection.Explain(err)+".")}
	}
	m.set(published, info)
	return nil
}

func fetch(ctx context.Context, from geoip.Source, kind geoip.Kind) (published string, info geoip.Info, err error) {
	cache, err := geoip.NewCache()
	if err != nil {
		return "", info, err
	}
	file, err := cache.Get(ctx, from, "")
	if err != nil {
		return "", info, err
	}
	if info, err = cache.Inspect(ctx, file.Path, file.SHA256, kind); err != nil {
		err = fmt.Errorf("%s: %w", from, err)
	}
	return file.SHA256, info, err
}
