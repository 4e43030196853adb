package elasticsearch

import (
	"context"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch"
	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

// spec is what the model asks for, without secrets and repository; known is false while anything in it is unknown.
func (m *Model) spec(ctx context.Context) (s elasticsearch.Spec, known bool, diags diag.Diagnostics) {
	settings, known := m.AllSettings()
	for _, value := range []attr.Value{m.Version, m.ClusterName, m.NodeName, m.HTTPPort, m.MemoryLock, m.Security, m.LogPath, m.HeapSize} {
		known = known && !value.IsUnknown()
	}
	lists := func(value attr.Value) []string {
		texts, all := stringsOf(value)
		known = known && all
		return texts
	}
	s = elasticsearch.Spec{
		Version: m.Version.ValueString(), ClusterName: m.ClusterName.ValueString(), NodeName: m.NodeName.ValueString(),
		Roles: lists(m.Roles), NetworkHost: lists(m.NetworkHost), HTTPPort: int(m.HTTPPort.ValueInt32()),
		SeedHosts: lists(m.SeedHosts), InitialMasterNodes: lists(m.InitialMasterNodes),
		NoMemoryLock: !m.MemoryLock.IsNull() && !m.MemoryLock.ValueBool(), Insecure: !m.Security.IsNull() && !m.Security.ValueBool(),
		DataPaths: lists(m.DataPaths), LogPath: m.LogPath.ValueString(), Heap: m.HeapSize.ValueString(), JVMOptions: lists(m.JVMOptions),
		Settings: settings,
	}
	slices.Sort(s.Roles)
	if tls, all, more := object[sides](ctx, m.TLS); tls != nil {
		known = known && all
		diags.Append(more...)
		for _, side := range []struct {
			name string
			of   types.Object
			to   **elasticsearch.TLS
		}{{"http", tls.HTTP, &s.HTTP}, {"transport", tls.Transport, &s.Transport}} {
			given, all, more := object[files](ctx, side.of)
			known = known && all
			diags.Append(more...)
			if given != nil {
				*side.to = given.files(side.name, lists, &known)
			}
		}
	} else {
		known = known && all
		diags.Append(more...)
	}
	from, all, more := object[repository](ctx, m.Repository)
	known = known && all
	diags.Append(more...)
	if from != nil {
		lists(from.URIs)
		lists(from.Fingerprints)
		known = known && !from.Key.IsUnknown()
	}
	return s, known && !diags.HasError(), diags
}

// object reads an object; it is nil when it is null, or not known.
func object[T any](ctx context.Context, value types.Object) (of *T, known bool, diags diag.Diagnostics) {
	if value.IsNull() || value.IsUnknown() {
		return nil, !value.IsUnknown(), nil
	}
	of = new(T)
	diags = value.As(ctx, of, basetypes.ObjectAsOptions{})
	return of, true, diags
}

// stringsOf reads a list or a set; null is nil, and an empty one is not.
func stringsOf(value attr.Value) (texts []string, known bool) {
	var elements []attr.Value
	switch value := value.(type) {
	case types.List:
		elements = value.Elements()
	case types.Set:
		elements = value.Elements()
	}
	if value.IsUnknown() {
		return nil, false
	}
	if value.IsNull() {
		return nil, true
	}
	texts = make([]string, 0, len(elements))
	for _, element := range elements {
		text, ok := element.(types.String)
		if !ok || text.IsUnknown() {
			return nil, false
		}
		texts = append(texts, text.ValueString())
	}
	return texts, true
}

// files are those of a side, or the usual ones.
func (f *files) files(side string, lists func(attr.Value) []string, known *bool) *elasticsearch.TLS {
	usual := func(value types.String, ending string) string {
		*known = *known && !value.IsUnknown()
		if value.IsNull() {
			return elasticsearch.CertificateFolder + "/" + side + ending
		}
		return value.ValueString()
	}
	tls := &elasticsearch.TLS{Certificate: usual(f.Certificate, ".crt"), Key: usual(f.Key, ".key"), Authorities: lists(f.Authorities)}
	if f.Authorities.IsNull() {
		tls.Authorities = []string{elasticsearch.CertificateFolder + "/ca.crt"}
	}
	return tls
}

const unableRepository = "Unable to use the repository of Elasticsearch's package"

// keyring are the keys that sign the repository: Elastic's, unless others are given.
func (r *repository) keyring() (host.Keyring, diag.Diagnostics) {
	at := path.Root("repository").AtName("key")
	content := elasticsearch.Key
	if !r.Key.IsNull() {
		content = []byte(r.Key.ValueString())
	}
	keys, err := host.ReadKeyring(content)
	if err != nil {
		return keys, diag.Diagnostics{diag.NewAttributeErrorDiagnostic(at, unableRepository, connection.Explain(err)+".")}
	}
	expected, _ := hostresource.Strings(r.Fingerprints)
	if r.Fingerprints.IsNull() {
		expected = []string{elasticsearch.KeyFingerprint}
	}
	for i, fingerprint := range expected {
		if err := host.ValidFingerprint(fingerprint); err != nil {
			return keys, diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root("repository").AtName("key_fingerprints"), unableRepository, connection.Explain(err)+".")}
		}
		expected[i] = host.Fingerprint(fingerprint)
	}
	slices.Sort(expected)
	if !slices.Equal(expected, keys.Fingerprints) {
		return keys, diag.Diagnostics{diag.NewAttributeErrorDiagnostic(at, unableRepository, "The fingerprints of the key are not those expected, which are Elastic's unless "+
			"key_fingerprints says otherwise.\n\nin the key: "+elasticsearch.List(keys.Fingerprints)+"\nexpected:   "+elasticsearch.List(expected))}
	}
	return keys, nil
}

// problems warns of a key that apt will refuse.
func (r *repository) problems(keys host.Keyring) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, problem := range keys.Problems(time.Now()) {
		diags.AddAttributeWarning(path.Root("repository").AtName("key"), "The key of the repository is no longer good", problem+": apt will refuse what it signs.")
	}
	return diags
}
