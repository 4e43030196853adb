// Package aptrepository is the resource flowstack_apt_repository: a repository that a host's apt installs from.
package aptrepository

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

// ResourceType is the type of the resource.
const ResourceType = "flowstack_apt_repository"

// Model is the resource in Terraform's terms.
type Model struct {
	hostresource.Common
	Name          types.String `tfsdk:"name"`
	URIs          types.List   `tfsdk:"uris"`
	Suites        types.List   `tfsdk:"suites"`
	Components    types.List   `tfsdk:"components"`
	Packages      types.List   `tfsdk:"packages"`
	Architectures types.List   `tfsdk:"architectures"`
	Key           types.String `tfsdk:"key"`
	Fingerprints  types.List   `tfsdk:"key_fingerprints"`
	Trusted       types.Bool   `tfsdk:"trusted"`
	Proxy         types.String `tfsdk:"proxy"`
}

// NewResource makes the resource.
var NewResource = hostresource.New[Model, *Model](kind)

var kind = hostresource.Kind[Model]{
	Type:        ResourceType,
	Thing:       "apt repository",
	Description: description,
	Attributes:  attributes,
	Name:        func(m *Model) *types.String { return &m.Name },
	Validate:    validate,
	Prepare:     prepare,
	Desired:     desired,
	Import:      imported,
	Gone:        gone,
}

// repository is what the model asks for, but for the key.
func (m *Model) repository() (r host.AptRepository, known bool) {
	known = !m.Name.IsUnknown() && !m.Proxy.IsUnknown() && !m.Trusted.IsUnknown()
	r.Name, r.Proxy, r.Trusted = m.Name.ValueString(), m.Proxy.ValueString(), m.Trusted.ValueBool()
	for _, attribute := range []struct {
		from types.List
		to   *[]string
	}{{m.URIs, &r.URIs}, {m.Suites, &r.Suites}, {m.Components, &r.Components}, {m.Architectures, &r.Architectures}} {
		values, all := hostresource.Strings(attribute.from)
		*attribute.to, known = values, known && all
	}
	return r, known
}

const unable = "Unable to use the repository"

func validate(_ context.Context, m *Model) diag.Diagnostics {
	var diags diag.Diagnostics
	if !m.Packages.IsNull() {
		return m.validatePackages()
	}
	for name, value := range map[string]types.List{"uris": m.URIs, "suites": m.Suites} {
		if value.IsNull() {
			diags.AddAttributeError(path.Root(name), unable, "It needs uris and suites, to know where it is; or packages, to be made of.")
		}
	}
	r, known := m.repository()
	for i, uri := range r.URIs {
		at := path.Root("uris")
		if known {
			at = at.AtListIndex(i)
		}
		if err := host.RepositoryURI(uri); err != nil {
			diags.AddAttributeError(at, unable, connection.Explain(err)+".")
		}
	}
	if r.Proxy != "" {
		if err := host.RepositoryProxy(r.Proxy); err != nil {
			diags.AddAttributeError(path.Root("proxy"), unable, connection.Explain(err)+".")
		}
	}
	if known && !diags.HasError() {
		if err := r.Desired().Validate(); err != nil {
			diags.AddError(unable, connection.Explain(hostresource.Cause(err))+".")
		}
	}
	switch {
	case m.Key.IsUnknown() || m.Trusted.IsUnknown():
	case m.Key.IsNull() && !m.Trusted.ValueBool():
		diags.AddAttributeError(path.Root("key"), unable, "It needs the key that signs it; or trusted = true, to trust whatever is there.")
	case !m.Key.IsNull() && m.Trusted.ValueBool():
		diags.AddAttributeError(path.Root("trusted"), unable, "A repository with a key is checked by it; it cannot be trusted without, too.")
	}
	switch {
	case m.Fingerprints.IsUnknown() || m.Key.IsUnknown():
	case m.Fingerprints.IsNull() && !m.Key.IsNull():
		text := "The fingerprints that you expect of the key are needed, from another place than the key."
		if k, err := m.keyring(); err == nil {
			text += " It has: " + strings.Join(k.Fingerprints, ", ") + "."
		}
		diags.AddAttributeError(path.Root("key_fingerprints"), unable, text)
	case !m.Fingerprints.IsNull() && m.Key.IsNull():
		diags.AddAttributeError(path.Root("key_fingerprints"), unable, "There is no key to compare them with.")
	}
	diags.Append(m.checkKey(true)...)
	return diags
}

// keyring reads the key.
func (m *Model) keyring() (host.Keyring, error) {
	content := []byte(m.Key.ValueString())
	if !strings.Contains(m.Key.ValueString(), "-----BEGIN ") {
		decoded, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(m.Key.ValueString()), ""))
		if err != nil {
			return host.Keyring{}, fmt.Errorf("it is neither an armored key nor base64: %w", err)
		}
		content = decoded
	}
	return host.ReadKeyring(content)
}

// checkKey compares the key with the fingerprints, as far as they are known.
func (m *Model) checkKey(warn bool) diag.Diagnostics {
	var diags diag.Diagnostics
	expected, known := hostresource.Strings(m.Fingerprints)
	for i, fingerprint := range expected {
		if err := host.ValidFingerprint(fingerprint); err != nil {
			diags.AddAttributeError(path.Root("key_fingerprints"), unable, connection.Explain(err)+".")
		}
		expected[i] = host.Fingerprint(fingerprint)
	}
	if m.Key.IsNull() || m.Key.IsUnknown() || diags.HasError() {
		return diags
	}
	k, err := m.keyring()
	if err != nil {
		diags.AddAttributeError(path.Root("key"), unable, connection.Explain(err)+".")
		return diags
	}
	if warn {
		for _, problem := range k.Problems(time.Now()) {
			diags.AddAttributeWarning(path.Root("key"), "The key of the repository is no longer good", connection.Explain(fmt.Errorf("%s: apt will refuse what it signs", problem))+".")
		}
	}
	slices.Sort(expected)
	if known && len(expected) > 0 && !slices.Equal(expected, k.Fingerprints) {
		diags.AddAttributeError(path.Root("key"), "Unable to trust the key of the repository", fmt.Sprintf(
			"Its fingerprints are not those expected.\n\nin the key: %s\nexpected:   %s",
			strings.Join(k.Fingerprints, ", "), strings.Join(expected, ", ")))
	}
	return diags
}

func desired(ctx context.Context, m *Model, c hostresource.Context) (host.Desired, bool, diag.Diagnostics) {
	r, known := m.repository()
	_, fingerprints := hostresource.Strings(m.Fingerprints)
	_, files := hostresource.Strings(m.Packages)
	if !known || !fingerprints || !files || m.Key.IsUnknown() {
		return nil, false, nil
	}
	switch {
	case !m.Packages.IsNull():
		debs, err := m.debs(ctx, c.Config != nil)
		if err != nil {
			return nil, false, diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root("packages"), unable, connection.Explain(err)+".")}
		}
		r.Debs = debs
	case !m.Key.IsNull():
		if diags := m.checkKey(false); diags.HasError() {
			return nil, false, diags
		}
		k, err := m.keyring()
		if err != nil {
			return nil, false, diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root("key"), unable, connection.Explain(err)+".")}
		}
		r.Keyring = k.Content
	case c.Config != nil && !r.Trusted:
		return nil, false, diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root("key"), unable, "There is no key to check it with.")}
	}
	if m.Effective.IsNull() && c.Config == nil {
		r.Proxy = "DIRECT" // an import: whether there is one will be seen
	}
	return r.Desired(), true, nil
}

// imported takes the attributes from the facts of the files. The key itself is in no fact: it is asked for by its fingerprints.
func imported(_ context.Context, m *Model, facts host.Facts) diag.Diagnostics {
	r := host.AptRepository{Name: m.Name.ValueString()}
	field := func(file, name string) string {
		if value := facts[host.File{Path: file}.ID()+": "+name]; value != host.Absent {
			return value
		}
		return ""
	}
	source := func(name string) types.List {
		return hostresource.StringList(strings.Fields(field(r.SourcesFile(), name)))
	}
	m.URIs, m.Suites, m.Components, m.Architectures = source("URIs"), source("Suites"), source("Components"), source("Architectures")
	m.Trusted = types.BoolValue(field(r.SourcesFile(), "Trusted") == "yes")
	m.Fingerprints = types.ListNull(types.StringType)
	if keys := field(r.KeyringFile(), "keys"); keys != "" && !m.Trusted.ValueBool() {
		m.Fingerprints = hostresource.StringList(strings.Split(keys, ", "))
	}
	m.Proxy = types.StringNull()
	for name, value := range facts {
		if strings.HasPrefix(name, host.File{Path: r.ProxyFile()}.ID()+": Acquire::") {
			m.Proxy = types.StringValue(value)
		}
	}
	return nil
}

// gone: neither a file of it is left nor the folder for its packages. Lists of packages alone are no repository.
func gone(desired host.Desired, facts host.Facts) bool {
	return !slices.ContainsFunc(desired, func(item host.Item) bool {
		switch item := item.(type) {
		case host.File:
			return facts[item.ID()] != host.Absent
		case host.Directory:
			return item.Path != host.KeyringFolder && facts[item.ID()] != host.Absent
		}
		return false
	})
}
