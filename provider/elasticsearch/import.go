package elasticsearch

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch"
	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

// settingsIn are the settings of a file in facts.
func settingsIn(facts host.Facts, path string) map[string]string {
	prefix := host.File{Path: path}.ID() + ": "
	settings := map[string]string{}
	for name, value := range facts {
		key, ok := strings.CutPrefix(name, prefix)
		if ok && key != "mode" && key != "owner" && value != host.Absent {
			settings[key] = value
		}
	}
	return settings
}

// imported takes the attributes from what is on the host.
func imported(ctx context.Context, m *Model, facts host.Facts) diag.Diagnostics {
	version := facts["package "+elasticsearch.PackageName]
	if strings.HasPrefix(version, host.Absent) {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Unable to import the Elasticsearch node",
			"Its package is not installed on the host. Leave the import out: an apply installs it.")}
	}
	m.Version = types.StringValue(strings.Fields(version)[0])
	settings := settingsIn(facts, elasticsearch.SettingsPath)
	take := func(name, usual string) types.String {
		value, ok := settings[name]
		delete(settings, name)
		if !ok || value == usual {
			return types.StringNull()
		}
		return types.StringValue(value)
	}
	list := func(name, usual string) types.List {
		return hostresource.StringList(elasticsearch.Elements(take(name, usual).ValueString()))
	}
	m.ClusterName, m.NodeName = types.StringValue(settings["cluster.name"]), take("node.name", "")
	delete(settings, "cluster.name")
	m.NetworkHost, m.SeedHosts = list("network.host", ""), list("discovery.seed_hosts", "")
	m.InitialMasterNodes = types.ListNull(types.StringType)
	m.DataPaths, m.LogPath = list("path.data", elasticsearch.DefaultDataPath), take("path.logs", elasticsearch.DefaultLogPath)
	m.Roles = types.SetNull(types.StringType)
	if roles, ok := settings["node.roles"]; ok {
		m.Roles = types.SetValueMust(types.StringType, texts(elasticsearch.Elements(roles)))
		delete(settings, "node.roles")
	}
	port, err := strconv.ParseInt(settings["http.port"], 10, 32)
	if err != nil {
		port = elasticsearch.DefaultHTTPPort
	}
	m.HTTPPort = types.Int32Value(int32(port))
	m.MemoryLock = types.BoolValue(settings["bootstrap.memory_lock"] != "false")
	m.Security = types.BoolValue(settings["xpack.security.enabled"] != "false")
	for _, name := range []string{"http.port", "bootstrap.memory_lock", "xpack.security.enabled"} {
		delete(settings, name)
	}
	if settings["discovery.type"] == "single-node" && m.SeedHosts.IsNull() {
		delete(settings, "discovery.type")
	}
	m.importTLS(settings)
	m.Settings = types.MapNull(types.StringType)
	if len(settings) > 0 {
		m.SetSettings(settings)
	}
	m.importJVM(facts)
	m.Keystore, m.KeystoreEntries = types.MapNull(types.StringType), types.SetNull(types.StringType)
	m.Repository = types.ObjectNull(m.Repository.AttributeTypes(ctx))
	m.DeleteData = types.BoolValue(false)
	m.Beside = types.SetValueMust(types.StringType, texts([]string{"collector", "kibana"}))
	return nil
}

func texts(of []string) []attr.Value {
	values := make([]attr.Value, len(of))
	for i, text := range of {
		values[i] = types.StringValue(text)
	}
	return values
}

// importJVM takes heap and options from their files.
func (m *Model) importJVM(facts host.Facts) {
	m.HeapSize = types.StringNull()
	if heap, ok := settingsIn(facts, elasticsearch.HeapPath)["-Xmx"]; ok {
		m.HeapSize = types.StringValue(heap)
	}
	options := settingsIn(facts, elasticsearch.JVMOptionsPath)
	delete(options, "-Des.enforce.bootstrap.checks")
	lines := make([]string, 0, len(options))
	for _, name := range slices.Sorted(maps.Keys(options)) {
		lines = append(lines, elasticsearch.JVMLine(name, options[name]))
	}
	m.JVMOptions = hostresource.StringList(lines)
}

// importTLS takes the files of both sides out of settings.
func (m *Model) importTLS(settings map[string]string) {
	inner := map[string]attr.Type{"certificate": types.StringType, "key": types.StringType, "authorities": types.ListType{ElemType: types.StringType}}
	outer := map[string]attr.Type{"http": types.ObjectType{AttrTypes: inner}, "transport": types.ObjectType{AttrTypes: inner}}
	given := map[string]attr.Value{}
	for side, usual := range map[string]map[string]string{
		"http": {}, "transport": {"verification_mode": "certificate", "client_authentication": "required"},
	} {
		given[side] = types.ObjectNull(inner)
		prefix := "xpack.security." + side + ".ssl."
		if settings[prefix+"enabled"] != "true" || settings[prefix+"certificate"] == "" || settings[prefix+"key"] == "" {
			continue
		}
		file := func(name, usual string) attr.Value {
			value := settings[prefix+name]
			delete(settings, prefix+name)
			if value == elasticsearch.CertificateFolder+"/"+usual {
				return types.StringNull()
			}
			return types.StringValue(value)
		}
		authorities := hostresource.StringList(elasticsearch.Elements(settings[prefix+"certificate_authorities"]))
		if settings[prefix+"certificate_authorities"] == elasticsearch.CertificateFolder+"/ca.crt" {
			authorities = types.ListNull(types.StringType)
		}
		given[side] = types.ObjectValueMust(inner, map[string]attr.Value{
			"certificate": file("certificate", side+".crt"), "key": file("key", side+".key"), "authorities": authorities,
		})
		delete(settings, prefix+"certificate_authorities")
		delete(settings, prefix+"enabled")
		for name, value := range usual {
			if settings[prefix+name] == value {
				delete(settings, prefix+name)
			}
		}
	}
	m.TLS = types.ObjectNull(outer)
	if !given["http"].IsNull() || !given["transport"].IsNull() {
		m.TLS = types.ObjectValueMust(outer, given)
	}
}
