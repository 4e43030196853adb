package elasticsearch_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch"
	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/appliance/stack"
)

// seed is elasticsearch.yml of the manual procedure that flowstack replaces, with plain names of files where its are garbled.
const seed = `
cluster.name: elastiflow
path.data: /var/lib/elasticsearch
path.logs: /var/log/elasticsearch
bootstrap.memory_lock: true
network.host: 0.0.0.0
http.port: 9200
discovery.type: 'single-node'
indices.query.bool.max_clause_count: 8192
search.max_buckets: 250000
action.destructive_requires_name: 'true'
xpack.security.http.ssl.enabled: 'true'
xpack.security.http.ssl.verification_mode: 'none'
xpack.security.http.ssl.certificate_authorities: /etc/elasticsearch/certs/ca/ca.crt
xpack.security.http.ssl.key: /etc/elasticsearch/certs/hostname/hostname.key
xpack.security.http.ssl.certificate: /etc/elasticsearch/certs/hostname/hostname.crt
xpack.monitoring.enabled: 'true'
xpack.monitoring.collection.enabled: 'true'
xpack.monitoring.collection.interval: 30s
xpack.security.enabled: 'true'
xpack.security.audit.enabled: 'false'
`

func seedSpec() elasticsearch.Spec {
	certs := elasticsearch.CertificateFolder
	return elasticsearch.Spec{
		ClusterName: "elastiflow", NetworkHost: []string{"0.0.0.0"}, HTTPPort: 9200, Heap: "12g",
		DataPaths: []string{"/var/lib/elasticsearch"}, LogPath: "/var/log/elasticsearch",
		HTTP: &elasticsearch.TLS{
			Certificate: certs + "/hostname/hostname.crt", Key: certs + "/hostname/hostname.key", Authorities: []string{certs + "/ca/ca.crt"},
		},
		Settings: map[string]string{
			"indices.query.bool.max_clause_count": "8192", "search.max_buckets": "250000", "action.destructive_requires_name": "true",
			"xpack.security.http.ssl.verification_mode": "none", "xpack.monitoring.enabled": "true", "xpack.monitoring.collection.enabled": "true",
			"xpack.monitoring.collection.interval": "30s", "xpack.security.audit.enabled": "false",
		},
	}
}

// TestEverySettingOfTheSeedIsExpressible compares what we write with what the manual procedure has, by Elasticsearch's own reading of the two files.
func TestEverySettingOfTheSeedIsExpressible(t *testing.T) {
	want, err := stack.Read([]byte(seed))
	if err != nil {
		t.Fatal(err)
	}
	got, err := stack.Read(file(t, seedSpec(), elasticsearch.SettingsPath).Content)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	problems := seedSpec().Check()
	warned := make([]string, 0, len(problems))
	for _, problem := range problems {
		if !problem.Warning {
			t.Errorf("%s: %s", problem.Setting, problem.Text)
		}
		warned = append(warned, problem.Setting)
	}
	wantWarned := []string{
		"xpack.monitoring.collection.enabled", "xpack.monitoring.collection.interval", "xpack.monitoring.enabled", "xpack.security.http.ssl.verification_mode",
	}
	if diff := cmp.Diff(wantWarned, warned); diff != "" {
		t.Errorf("warnings: %s", diff)
	}
	if got := string(file(t, seedSpec(), elasticsearch.HeapPath).Content); !strings.HasSuffix(got, "\n-Xms12g\n-Xmx12g\n") {
		t.Errorf("heap.options is %q", got)
	}
	dropIn := string(file(t, seedSpec(), elasticsearch.DropInPath).Content)
	for _, line := range []string{"LimitNOFILE=131072", "LimitNPROC=8192", "LimitMEMLOCK=infinity", "LimitFSIZE=infinity", "LimitAS=infinity", "TimeoutStartSec=900"} {
		if !strings.Contains(dropIn, "\n"+line+"\n") {
			t.Errorf("the drop-in lacks %s: %s", line, dropIn)
		}
	}
}

func file(t *testing.T, s elasticsearch.Spec, path string) host.File {
	t.Helper()
	for _, item := range elasticsearch.Desired(s) {
		if f, ok := item.(host.File); ok && f.Path == path {
			return f
		}
	}
	t.Fatalf("there is no file %s", path)
	return host.File{}
}

// TestOrder holds what depends on it: files before the package, which finds them; the keystore behind it, by its program; the unit last.
func TestOrder(t *testing.T) {
	keys, err := host.ReadKeyring(elasticsearch.Key)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(keys.Fingerprints, []string{elasticsearch.KeyFingerprint}) {
		t.Errorf("the key's fingerprints are %v", keys.Fingerprints)
	}
	s := seedSpec()
	repository := elasticsearch.Repository("7.17.29", nil, keys)
	s.Repository = &repository
	s.Keystore.Names = []string{elasticsearch.BootstrapPassword}
	desired := elasticsearch.Desired(s)
	if err := desired.Validate(); err != nil {
		t.Fatal(err)
	}
	order := make([]string, len(desired))
	for i, item := range desired {
		order[i] = item.ID()
	}
	at := func(id string) int { return slices.Index(order, id) }
	sequence := []string{
		"file /etc/apt/sources.list.d/elastic.sources", "account elasticsearch", "directory /etc/elasticsearch", "file /etc/elasticsearch/elasticsearch.yml",
		"package elasticsearch", "keystore /etc/elasticsearch/elasticsearch.keystore", "unit elasticsearch.service",
	}
	for i, id := range sequence {
		if at(id) < 0 || i > 0 && at(id) < at(sequence[i-1]) {
			t.Errorf("%s is at %d of %q", id, at(id), order)
		}
	}
	facts := desired.Facts()
	for fact, want := range map[string]string{
		"package elasticsearch":                                    "7.17.29",
		"package elasticsearch: hold":                              "yes",
		"file /etc/elasticsearch/jvm.options.d/heap.options: -Xmx": "12g",
		"file /etc/elasticsearch/jvm.options.d/flowstack.options: -Des.enforce.bootstrap.checks":      "true",
		"file /etc/elasticsearch/elasticsearch.yml: network.host":                                     "0.0.0.0",
		"unit elasticsearch.service: TCP port 9200":                                                   "listening",
		"keystore /etc/elasticsearch/elasticsearch.keystore: entry bootstrap.password":                "present",
		"keystore /etc/elasticsearch/elasticsearch.keystore: owner":                                   "root:elasticsearch",
		"file /etc/apt/sources.list.d/elastic.sources: Signed-By":                                     "/etc/apt/keyrings/elastic.gpg",
		"file /etc/apt/sources.list.d/elastic.sources: URIs":                                          "https://artifacts.elastic.co/packages/7.x/apt",
		"file /etc/systemd/system/elasticsearch.service.d/elasticsearch.conf: [Service] LimitMEMLOCK": "infinity",
	} {
		if facts[fact] != want {
			t.Errorf("%s is %q, not %q", fact, facts[fact], want)
		}
	}
}

// TestCluster: a node of a cluster has what forms it only while it is to form it.
func TestCluster(t *testing.T) {
	s := elasticsearch.Spec{
		ClusterName: "flows", NodeName: "a", SeedHosts: []string{"a", "b"}, InitialMasterNodes: []string{"a"}, Heap: "1g",
		HTTP: &elasticsearch.TLS{Certificate: "http.crt", Key: "http.key"}, Transport: &elasticsearch.TLS{Certificate: "t.crt", Key: "t.key"},
		Roles: []string{"master", "data"},
	}
	settings := s.EffectiveSettings()
	for name, want := range map[string]string{
		"discovery.type": "", "discovery.seed_hosts": "a, b", "cluster.initial_master_nodes": "", "node.roles": "master, data",
		"xpack.security.transport.ssl.client_authentication": "required", "xpack.security.transport.ssl.verification_mode": "certificate",
		"xpack.security.transport.ssl.enabled": "true",
	} {
		if settings[name] != want {
			t.Errorf("%s is %q, not %q", name, settings[name], want)
		}
	}
	s.Forming = true
	if got := s.EffectiveSettings()["cluster.initial_master_nodes"]; got != "a" {
		t.Errorf("in the node that forms the cluster, initial_master_nodes is %q", got)
	}
	if problems := s.Check(); len(problems) > 0 {
		t.Errorf("%+v", problems)
	}
	if got := s.LogFile(); got != "/var/log/elasticsearch/flows.log" {
		t.Errorf("the log is %s", got)
	}
	s.Roles = []string{}
	if got, ok := s.EffectiveSettings()["node.roles"]; got != "" || !ok {
		t.Errorf("a node that only coordinates has the roles %q", got)
	}
}

// TestSettingsAreReadAsWritten, whatever the values are.
func TestSettingsAreReadAsWritten(t *testing.T) {
	want := map[string]string{
		"cluster.name": "it's \"a\": #\\ ü\t[x]", "http.port": "9200", "bootstrap.memory_lock": "true", "node.attr.rack": "007", "network.host": "_local_, ::1",
		"node.attr.a": "", "node.attr.b": "null", "node.attr.c": "no", "node.attr.d": "1e3", "node.attr.e": "${HOSTNAME}",
	}
	s := elasticsearch.Spec{Settings: want, Heap: "1g"}
	got, err := stack.Read(file(t, s, elasticsearch.SettingsPath).Content)
	if err != nil {
		t.Fatal(err)
	}
	maps.DeleteFunc(got, func(name, _ string) bool { _, ok := want[name]; return !ok })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzReasons(f *testing.F) {
	f.Add("bootstrap check failure [1] of [2]: x\nCaused by: y.Z: q")
	f.Fuzz(func(t *testing.T, log string) {
		for _, reason := range elasticsearch.Reasons(log) {
			if reason == "" || strings.Contains(reason, "\n") {
				t.Errorf("%q has the reason %q", log, reason)
			}
		}
	})
}
