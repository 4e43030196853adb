// Package kibana is the resource flowstack_kibana, Kibana on a host, and those for what is in a Kibana: spaces, saved objects, dashboards.
package kibana

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch"
	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	kbn "github.com/flowstack/terraform-provider-flowstack/appliance/kibana"
	"github.com/flowstack/terraform-provider-flowstack/appliance/stack"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

// ResourceType is the type of the resource.
const ResourceType = "flowstack_kibana"

// Model is the resource in Terraform's terms.
type Model struct {
	hostresource.Common
	hostresource.WithSettings
	PackageVersion        types.String `tfsdk:"package_version"`
	Repository            types.Object `tfsdk:"repository"`
	PublicBaseURL         types.String `tfsdk:"public_base_url"`
	ElasticsearchHosts    types.List   `tfsdk:"elasticsearch_hosts"`
	ElasticsearchCAFile   types.String `tfsdk:"elasticsearch_ca_file"`
	ElasticsearchPassword types.String `tfsdk:"elasticsearch_password_wo"`
	PasswordVersion       types.Int64  `tfsdk:"elasticsearch_password_wo_version"`
	TLS                   types.Object `tfsdk:"tls"`
	Keystore              types.Map    `tfsdk:"keystore_wo"`
	KeystoreVersion       types.Int64  `tfsdk:"keystore_wo_version"`
	SecretRevisions       types.Map    `tfsdk:"secret_revisions"`
	Triggers              types.Map    `tfsdk:"triggers"`
}

// limit is how long a change may take: the package is large, and the first start migrates what is there.
const limit = 20 * time.Minute

// NewResource makes the resource.
var NewResource = hostresource.New[Model, *Model](hostresource.Kind[Model]{
	Type:        ResourceType,
	Thing:       "Kibana server",
	Description: description,
	Settings:    settingsAttribute,
	Attributes:  attributes,
	Validate:    validate,
	Plan:        plan,
	Prepare:     prepare,
	Desired:     desired,
	Import:      imported,
	Apply:       apply,
	Look:        look,
	Limit:       limit,
})

// member is an attribute of an object, null when the object is.
func member(of types.Object, name string) types.String {
	if of.IsUnknown() {
		return types.StringUnknown()
	}
	text, ok := of.Attributes()[name].(types.String)
	if !ok {
		return types.StringNull()
	}
	return text
}

// chosen are the settings that attributes stand for, by the attribute.
func (m *Model) chosen() (settings, by map[string]string, known bool) {
	settings, by, known = map[string]string{}, map[string]string{}, true
	put := func(attribute, setting string, value types.String) {
		switch {
		case value.IsUnknown():
			known = false
			by[setting] = attribute
		case !value.IsNull():
			settings[setting], by[setting] = value.ValueString(), attribute
		}
	}
	put("public_base_url", "server.publicBaseUrl", m.PublicBaseURL)
	put("elasticsearch_ca_file", "elasticsearch.ssl.certificateAuthorities", m.ElasticsearchCAFile)
	hosts, all := hostresource.Strings(m.ElasticsearchHosts)
	switch {
	case !all:
		put("elasticsearch_hosts", "elasticsearch.hosts", types.StringUnknown())
	case !m.ElasticsearchHosts.IsNull():
		put("elasticsearch_hosts", "elasticsearch.hosts", types.StringValue(strings.Join(hosts, ", ")))
	}
	if !m.TLS.IsNull() {
		put("tls", "server.ssl.enabled", types.StringValue("true"))
		put("tls", "server.ssl.certificate", member(m.TLS, "certificate"))
		put("tls", "server.ssl.key", member(m.TLS, "key"))
	}
	return settings, by, known
}

// settings are those of the file, but for the standard ones: the user's, and what other attributes stand for.
func (m *Model) settings() (settings map[string]string, known bool) {
	settings, known = m.AllSettings()
	chosen, _, all := m.chosen()
	settings = maps.Clone(settings)
	if settings == nil {
		settings = map[string]string{}
	}
	maps.Copy(settings, chosen)
	return settings, known && all
}

const unableToUse = "Unable to use setting "

func validate(_ context.Context, m *Model) diag.Diagnostics {
	var diags diag.Diagnostics
	chosen, by, known := m.chosen()
	_, all := m.AllSettings()
	settings := m.KnownSettings()
	for _, name := range slices.Sorted(maps.Keys(by)) {
		if _, both := m.Settings.Elements()[name]; both {
			diags.AddAttributeError(at("settings", name), unableToUse+name, "The attribute "+by[name]+" stands for it. Give one of the two.")
		}
	}
	maps.Copy(settings, chosen)
	for _, finding := range kbn.Check(kbn.AllSettings(settings), known && all) {
		where := path.Root("settings")
		if attribute, ok := by[finding.Setting]; ok {
			where = path.Root(attribute)
		} else if _, ok := settings[finding.Setting]; ok {
			where = where.AtMapKey(finding.Setting)
		}
		text := connection.Explain(errors.New(finding.Message)) + "."
		if strings.HasSuffix(finding.Message, "?") {
			text = connection.Explain(errors.New(finding.Message))
		}
		if finding.Warning {
			diags.AddAttributeWarning(where, "Setting "+finding.Setting+" is accepted, but not advised", text)
			continue
		}
		diags.AddAttributeError(where, unableToUse+finding.Setting, text)
	}
	diags.Append(m.checkSecrets()...)
	diags.Append(m.checkRepository()...)
	return diags
}

func (m *Model) checkRepository() diag.Diagnostics {
	if m.Repository.IsUnknown() {
		return nil
	}
	if _, _, err := m.repository(); err != nil {
		return diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root("repository"), "Unable to use the repository of Kibana's package", connection.Explain(err)+".")}
	}
	return nil
}

// repository is where the package comes from; nil: from those that the host has.
func (m *Model) repository() (repository *host.AptRepository, known bool, err error) {
	key, managed := member(m.Repository, "key"), true
	var uris []string
	known = !m.Repository.IsUnknown() && !key.IsUnknown()
	if list, ok := m.Repository.Attributes()["uris"].(types.List); ok {
		values, all := hostresource.Strings(list)
		uris, known = values, known && all
	}
	if flag, ok := m.Repository.Attributes()["managed"].(types.Bool); ok && !flag.IsNull() {
		managed, known = flag.ValueBool(), known && !flag.IsUnknown()
	}
	switch {
	case !known:
		return nil, false, nil
	case !managed && (len(uris) > 0 || !key.IsNull()):
		return nil, true, errors.New("with managed = false it is the host's own business: leave out uris and key")
	case !managed:
		return nil, true, nil
	}
	armored := elasticsearch.Key
	if !key.IsNull() {
		armored = []byte(key.ValueString())
	}
	keys, err := host.ReadKeyring(armored)
	if err != nil {
		return nil, true, err
	}
	for _, uri := range uris {
		if err := host.RepositoryURI(uri); err != nil {
			return nil, true, err
		}
	}
	r := elasticsearch.Repository(m.version(), uris, keys)
	return &r, true, nil
}

// version is that of the package; before it is known it is the standard one.
func (m *Model) version() string {
	if version := m.PackageVersion.ValueString(); version != "" {
		return version
	}
	return kbn.DefaultVersion
}

func plan(ctx context.Context, prior, plan *Model, c hostresource.Context) diag.Diagnostics {
	if prior == nil {
		prior = new(Model)
	}
	var diags diag.Diagnostics
	plan.SecretRevisions, diags = planSecrets(ctx, prior, c)
	return diags
}

func desired(ctx context.Context, m *Model, c hostresource.Context) (host.Desired, bool, diag.Diagnostics) {
	settings, known := m.settings()
	repository, repositoryKnown, err := m.repository()
	if err != nil {
		return nil, false, m.checkRepository()
	}
	secrets, secretsKnown, diags := m.secrets(ctx, c)
	if !known || !repositoryKnown || !secretsKnown || m.PackageVersion.IsUnknown() || diags.HasError() {
		return nil, false, diags
	}
	ever, more := noted(ctx, c)
	diags.Append(more...)
	spec := kbn.Spec{
		Version: m.PackageVersion.ValueString(), AllowDowngrade: false, Repository: repository, Settings: settings, Secrets: secrets, Forget: ever,
	}
	if m.PackageVersion.IsNull() { // an import: what is there will be seen
		spec.Version, spec.Repository = "*", nil
	}
	items, err := kbn.Desired(spec)
	if err != nil {
		var mistake *stack.SettingError
		where := path.Root("settings")
		if errors.As(err, &mistake) {
			where = where.AtMapKey(mistake.Name)
		}
		diags.AddAttributeError(where, "Unable to use the settings of Kibana", connection.Explain(err)+".")
	}
	return items, err == nil, diags
}

// imported takes the settings from the facts of the settings file, and the version from those of the package.
func imported(_ context.Context, m *Model, facts host.Facts) diag.Diagnostics {
	version := facts[host.Package{Name: kbn.PackageName}.ID()]
	if strings.HasPrefix(version, host.Absent) {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Unable to import Kibana", "Its package is not installed on the host. Leave the import out: an apply installs it.")}
	}
	m.PackageVersion = types.StringValue(strings.Fields(version)[0])
	file := host.File{Path: kbn.SettingsPath, Content: []byte{}, Format: stack.Format{}}
	own := host.Desired{file}.Facts()
	settings := map[string]string{}
	for name, value := range facts {
		key, ok := strings.CutPrefix(name, file.ID()+": ")
		if _, attribute := own[name]; ok && !attribute && kbn.Standard[key] != value && value != host.Absent {
			settings[key] = value
		}
	}
	if len(settings) > 0 {
		m.SetSettings(settings)
	}
	// Where the package came from cannot be seen; the configuration says where it comes from.
	m.Repository = types.ObjectValueMust(repositoryType, map[string]attr.Value{
		"uris": types.ListNull(types.StringType), "key": types.StringNull(), "managed": types.BoolValue(false),
	})
	m.TLS = types.ObjectNull(tlsType)
	m.ElasticsearchHosts = types.ListNull(types.StringType)
	m.SecretRevisions, m.Triggers = types.MapNull(types.StringType), types.MapNull(types.StringType)
	return nil
}
