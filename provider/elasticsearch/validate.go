package elasticsearch

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
)

// places are the attributes that settings, and other things of a Problem, come from.
var places = map[string]path.Path{
	"version":                      path.Root("version"),
	"heap":                         path.Root("heap_size"),
	"jvm_options":                  path.Root("jvm_options"),
	"cluster.name":                 path.Root("cluster_name"),
	"node.name":                    path.Root("node_name"),
	"node.roles":                   path.Root("roles"),
	"network.host":                 path.Root("network_host"),
	"http.port":                    path.Root("http_port"),
	"discovery.seed_hosts":         path.Root("seed_hosts"),
	"discovery.type":               path.Root("seed_hosts"),
	"cluster.initial_master_nodes": path.Root("initial_master_nodes"),
	"bootstrap.memory_lock":        path.Root("memory_lock"),
	"xpack.security.enabled":       path.Root("security"),
	"path.data":                    path.Root("data_paths"),
	"path.logs":                    path.Root("log_path"),
}

// place is the attribute to blame for a Problem.
func (m *Model) place(setting string) path.Path {
	if entry, ok := strings.CutPrefix(setting, "keystore "); ok {
		if entry == elasticsearch.BootstrapPassword && !m.BootstrapPassword.IsNull() {
			return path.Root(bootstrapAttribute)
		}
		return path.Root(keystoreAttribute).AtMapKey(entry)
	}
	if _, ok := m.Settings.Elements()[setting]; ok {
		return path.Root("settings").AtMapKey(setting)
	}
	if at, ok := places[setting]; ok {
		return at
	}
	for _, side := range []string{"http", "transport"} {
		name, ok := strings.CutPrefix(setting, "xpack.security."+side+".ssl.")
		if !ok {
			continue
		}
		at := path.Root("tls").AtName(side)
		switch name {
		case "certificate", "key":
			return at.AtName(name)
		case "certificate_authorities":
			return at.AtName("authorities")
		}
		return at
	}
	return path.Root("settings")
}

func validate(ctx context.Context, m *Model) diag.Diagnostics {
	spec, known, diags := m.spec(ctx)
	spec.Keystore = configuredEntries(m.Keystore, m.BootstrapPassword)
	problems := spec.Check()
	if !known {
		// What concerns several settings can only be told when all are known.
		alone := elasticsearch.Spec{Version: m.Version.ValueString(), Settings: m.KnownSettings(), Keystore: spec.Keystore}
		problems = nil
		for _, problem := range alone.Check() {
			_, free := alone.Settings[problem.Setting]
			if free || strings.HasPrefix(problem.Setting, "keystore ") {
				problems = append(problems, problem)
			}
		}
	}
	for _, problem := range problems {
		at, text := m.place(problem.Setting), connection.Explain(sentence(problem.Text))
		switch {
		case problem.Warning:
			diags.AddAttributeWarning(at, "Elasticsearch's "+problem.Setting+" is better otherwise", text)
		default:
			diags.AddAttributeError(at, "Unable to use Elasticsearch's "+problem.Setting, text)
		}
	}
	if _, twice := m.Keystore.Elements()[elasticsearch.BootstrapPassword]; twice && !m.BootstrapPassword.IsNull() {
		diags.AddAttributeError(path.Root(bootstrapAttribute), "Unable to use two bootstrap passwords", "It is the entry bootstrap.password of keystore_wo. Give one of the two.")
	}
	from, _, more := object[repository](ctx, m.Repository)
	diags.Append(more...)
	if from != nil && !from.Key.IsUnknown() && !from.Fingerprints.IsUnknown() {
		keys, more := from.keyring()
		diags.Append(more...)
		if !more.HasError() {
			diags.Append(from.problems(keys)...)
		}
	}
	if m.WaitForStatus.ValueString() == waitForNothing && !m.InitialMasterNodes.IsNull() {
		diags.AddAttributeError(path.Root("initial_master_nodes"), "Unable to form a cluster without asking whether there is one",
			"With wait_for_status = \"none\" nobody sees when the cluster is there, so initial_master_nodes would be taken out too early, or come back when the node is stopped. Leave "+
				"wait_for_status out and give bootstrap_password_wo or credentials in the provider's elasticsearch.")
	}
	if m.WaitForStatus.ValueString() == "green" && known && spec.Alone() {
		diags.AddAttributeWarning(path.Root("wait_for_status"), "A single node may never be green", "An index with a replica stays yellow: there is no other node for it.")
	}
	return diags
}

// sentence is a text as an error.
type sentence string

func (s sentence) Error() string { return string(s) }
