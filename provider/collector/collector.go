// Package collector is the resource flowstack_collector: the flow collector on a host, with its package, settings, credentials and service.
package collector

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/flowcollector"
	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/appliance/pki"
	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
	"github.com/flowstack/terraform-provider-flowstack/provider/secret"
)

// ResourceType is the type of the resource.
const ResourceType = "flowstack_collector"

// Model is the resource in Terraform's terms.
type Model struct {
	hostresource.Common
	hostresource.WithSettings
	PackageVersion        types.String `tfsdk:"package_version"`
	ElasticsearchCA       types.String `tfsdk:"elasticsearch_ca_certificate"`
	ElasticsearchPassword types.String `tfsdk:"elasticsearch_password_wo"`
	PasswordVersion       types.Int64  `tfsdk:"elasticsearch_password_wo_version"`
	ElasticsearchKeyFile  types.String `tfsdk:"elasticsearch_api_key_file"`
	ElasticsearchKeyID    types.String `tfsdk:"elasticsearch_api_key_id"`
	CredentialsRevision   types.String `tfsdk:"credentials_revision"`
}

// packages are those built into the provider.
var packages = flowcollector.Packages

// caFile is the setting that names the file of ElasticsearchCA.
const caFile = "output.elasticsearch.ca_file"

// NewResource makes the resource.
var NewResource = hostresource.New[Model, *Model](hostresource.Kind[Model]{
	Type:        ResourceType,
	Thing:       "flow collector",
	Description: description,
	Settings:    settingsAttribute,
	Attributes:  attributes,
	Validate:    validate,
	Plan:        plan,
	Prepare:     prepare,
	Desired:     desired,
	Import:      imported,
})

// settingsFormat reads the settings file for facts.
type settingsFormat struct{}

// Facts implements host.Format.
func (settingsFormat) Facts(content []byte) (map[string]string, error) {
	return config.Settings(content)
}

func validate(_ context.Context, m *Model) diag.Diagnostics {
	var diags diag.Diagnostics
	settings := m.KnownSettings()
	if _, known := m.AllSettings(); known {
		_, err := config.FromSettings(settings)
		diags.Append(settingDiagnostics(settings, err)...)
	} else {
		// What concerns several settings can only be told when all are known.
		for _, key := range slices.Sorted(maps.Keys(settings)) {
			_, err := config.FromSettings(map[string]string{key: settings[key]})
			for _, d := range settingDiagnostics(settings, err) {
				if located, ok := d.(diag.DiagnosticWithPath); ok && located.Path().Equal(path.Root("settings").AtMapKey(key)) {
					diags.Append(d)
				}
			}
		}
	}
	diags.Append(m.validateUser()...)
	diags.Append(m.validateKeyFile()...)
	if m.ElasticsearchCA.IsNull() {
		return diags
	}
	if _, both := m.Settings.Elements()[caFile]; both {
		diags.AddAttributeError(path.Root("settings").AtMapKey(caFile), "Unable to use two certificate authorities",
			"elasticsearch_ca_certificate puts its own file into this setting. Give one of the two.")
	}
	if !m.ElasticsearchCA.IsUnknown() {
		if _, err := (pki.BundleFormat{}).Facts([]byte(m.ElasticsearchCA.ValueString())); err != nil {
			diags.AddAttributeError(path.Root("elasticsearch_ca_certificate"), "Unable to use the certificate authority", connection.Explain(err)+".")
		}
	}
	return diags
}

// settingDiagnostics puts each mistake at the setting that is to blame.
func settingDiagnostics(settings map[string]string, err error) diag.Diagnostics {
	var diags diag.Diagnostics
	var mistakes config.Errors
	if !errors.As(err, &mistakes) {
		if err != nil {
			diags.AddAttributeError(path.Root("settings"), "Unable to use the settings", connection.Explain(err))
		}
		return diags
	}
	for _, mistake := range mistakes {
		at := path.Root("settings")
		if _, ok := settings[mistake.Key]; ok {
			at = at.AtMapKey(mistake.Key)
		}
		diags.AddAttributeError(at, "Unable to use setting "+mistake.Key, connection.Explain(errors.New(mistake.Message)))
	}
	return diags
}

// settings are those of the file: the user's, and what other attributes put there.
func (m *Model) settings() (settings map[string]string, known bool) {
	settings, known = m.AllSettings()
	if known && !m.ElasticsearchCA.IsNull() {
		settings = maps.Clone(settings)
		settings[caFile] = flowcollector.CertificateAuthorityPath
	}
	return settings, known && !m.ElasticsearchCA.IsUnknown()
}

func plan(ctx context.Context, prior, plan *Model, c hostresource.Context) diag.Diagnostics {
	plan.PackageVersion = types.StringUnknown()
	if version, _, err := packages(); err == nil {
		plan.PackageVersion = types.StringValue(version)
	} else if prior != nil {
		plan.PackageVersion = prior.PackageVersion
	}
	var before secret.Prior
	if prior != nil {
		before = secret.Prior{Revision: prior.CredentialsRevision, Facts: prior.Effective}
	}
	var diags diag.Diagnostics
	plan.CredentialsRevision, diags = password.Plan(ctx, before, c)
	return diags
}

func prepare(ctx context.Context, plan *Model, c hostresource.Context) diag.Diagnostics {
	var diags diag.Diagnostics
	version, _, err := packages()
	switch {
	case !plan.PackageVersion.IsUnknown():
	case err != nil:
		diags.AddError("Unable to install the flow collector", connection.Explain(err)+".")
		return diags
	default:
		plan.PackageVersion = types.StringValue(version)
	}
	plan.CredentialsRevision, diags = password.Prepare(ctx, plan.CredentialsRevision, c)
	return diags
}

func desired(ctx context.Context, m *Model, c hostresource.Context) (host.Desired, bool, diag.Diagnostics) {
	settings, known := m.settings()
	if !known || m.PackageVersion.IsUnknown() || m.ElasticsearchKeyFile.IsUnknown() {
		return nil, false, nil
	}
	checked, err := config.FromSettings(settings)
	if err != nil {
		return nil, false, settingDiagnostics(settings, err)
	}
	file, err := checked.YAML()
	if err != nil {
		return nil, false, diag.Diagnostics{diag.NewErrorDiagnostic("Unable to write the settings", connection.Explain(err))}
	}
	spec := flowcollector.Spec{
		Version:        m.PackageVersion.ValueString(),
		AllowDowngrade: true, // the version of the provider decides
		Settings:       file,
		SettingsFormat: settingsFormat{},
		Foreign:        c.Creating,
	}
	if m.PackageVersion.IsNull() {
		spec.Version = "0" // an import: what is there will be seen
	}
	if version, debs, err := packages(); err == nil && version == spec.Version {
		spec.Packages = debs
	}
	if !m.ElasticsearchCA.IsNull() {
		spec.CertificateAuthority = []byte(m.ElasticsearchCA.ValueString())
	}
	credential, diags := m.credential(ctx, c)
	if credential != nil {
		spec.Credentials = map[string]flowcollector.Credential{flowcollector.ElasticsearchPassword: *credential}
	}
	if file := m.ElasticsearchKeyFile.ValueString(); file != "" {
		spec.CredentialFiles = map[string]string{flowcollector.ElasticsearchAPIKey: file}
	}
	return flowcollector.Desired(spec), true, diags
}

// imported takes the settings from the facts of the settings file, and the version from those of the package.
func imported(_ context.Context, m *Model, facts host.Facts) diag.Diagnostics {
	file := host.File{Path: flowcollector.SettingsPath, Content: []byte{}, Format: settingsFormat{}}
	own := host.Desired{file}.Facts()
	settings := map[string]string{}
	for name, value := range facts {
		key, ok := strings.CutPrefix(name, file.ID()+": ")
		if _, attribute := own[name]; ok && !attribute && (key != caFile || value != flowcollector.CertificateAuthorityPath) {
			settings[key] = value
		}
	}
	if len(settings) > 0 {
		m.SetSettings(settings)
	}
	version := facts[host.Package{Name: flowcollector.PackageName}.ID()]
	if strings.HasPrefix(version, host.Absent) {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Unable to import the flow collector",
			"Its package is not installed on the host. Leave the import out: an apply installs it.")}
	}
	m.PackageVersion = types.StringValue(strings.Fields(version)[0])
	return nil
}
