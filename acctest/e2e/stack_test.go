package e2e

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
	"github.com/flowstack/terraform-provider-flowstack/acctest/chain"
)

// stackSecrets are in variables, and nowhere else that others could see. The collector's password is not among them: the module makes it, see madePassword.
var stackSecrets = map[string]string{
	"bootstrap_password":     "bootstrap-password-canary",
	"elastic_password":       "elastic-password-canary",
	"kibana_system_password": "kibana-password-canary",
}

// TestStack is one apply of modules/flow-stack, from a bare host to flows in an Elasticsearch that this very apply has installed, with certificates,
// passwords, a role, Kibana and a firewall that it has made; and a destroy, back to the bare host.
func TestStack(t *testing.T) {
	ctx := t.Context()
	given, err := acctest.GivenDebs(ctx, "KIBANA", t.Logf)
	must(t, err)
	var kibana []string // StartElasticHosts takes given ones by itself
	if len(given) == 0 {
		kibana, err = acctest.KibanaDebs(ctx, t.TempDir(), t.Logf, "7.17.29")
		must(t, err)
	}
	s, err := acctest.StartElasticHosts(ctx, acctest.ElasticHostsOptions{Names: []string{"flow1"}, Debs: kibana, Log: t.Logf})
	must(t, err)
	cleanup(t, s.Stop)
	h := s.Hosts[0]
	tofu, remove, err := chain.Workspace(ctx, repository, filepath.Join(repository, "modules", "flow-stack"), stackVariables(t, s))
	must(t, err)
	cleanup(t, remove)
	trace := filepath.Join(tofu.Dir, "trace.log")
	tofu.SetEnv("TF_LOG", "TRACE")
	tofu.SetEnv("TF_LOG_PATH", trace)
	before := list(ctx, t, h)

	must(t, tofu.Apply(ctx))
	expectNothingToDo(ctx, t, tofu)
	authority := run(ctx, t, h, "cat", "/etc/elasticsearch/certs/ca.crt")
	es := acctest.NewElasticsearchClient(h, "127.0.0.1:9200", authority, "elastic", stackSecrets["elastic_password"])

	t.Run("flows are stored", func(t *testing.T) {
		exporter, err := acctest.StartExporter(ctx, h, []string{"127.0.0.1:2055"}, "9")
		must(t, err)
		sent, err := exporter.Send(ctx, acctest.Traffic{})
		must(t, err)
		must(t, exporter.Flush(ctx))
		expectSums(ctx, t, es, sent)
		must(t, exporter.Stop(ctx))
	})
	t.Run("Kibana speaks TLS with a certificate of the authority", func(t *testing.T) {
		kibana := acctest.NewElasticsearchClient(h, "127.0.0.1:5601", authority, "elastic", stackSecrets["elastic_password"])
		var got struct {
			Status struct{ Overall struct{ Level string } }
		}
		must(t, kibana.Do(ctx, http.MethodGet, "/api/status?v8format=true", nil, &got))
		if got.Status.Overall.Level != "available" {
			t.Errorf("Kibana is %q", got.Status.Overall.Level)
		}
	})
	t.Run("people find the password", func(t *testing.T) {
		output, err := tofu.Output(ctx, "password_command") // as JSON
		must(t, err)
		var command string
		must(t, json.Unmarshal([]byte(output), &command))
		if _, file, _ := strings.Cut(command, " cat "); string(run(ctx, t, h, "cat", file)) != stackSecrets["elastic_password"]+"\n" {
			t.Errorf("%q does not print the password of elastic", command)
		}
	})
	t.Run("drift shows by name and is repaired", func(t *testing.T) { testStackDrift(ctx, t, tofu, h, es) })
	t.Run("a password changes", func(t *testing.T) { testPasswordRotation(ctx, t, tofu, h, authority) })
	t.Run("certificates change", func(t *testing.T) { testCertificateRotation(ctx, t, tofu, h) })
	t.Run("secrets stay secret", func(t *testing.T) { testStackSecrets(ctx, t, tofu, h, trace) })

	must(t, tofu.Destroy(ctx))
	expectAsBefore(ctx, t, h, before)
}

// stackVariables are those of modules/flow-stack: the host, the repository of the tests, a small heap, and what this machine cannot have left out.
func stackVariables(t *testing.T, s *acctest.ElasticHosts) map[string]string {
	t.Helper()
	variables := chain.Variables(s.Hosts[0], nil)
	maps.Copy(variables, stackSecrets)
	maps.Copy(variables, map[string]string{
		"repository": repositoryOf(t, s), "elastic_version": s.Versions[len(s.Versions)-1], "elasticsearch_settings": nodeSettings(t),
		"heap_size": "384m", "memory_lock": "false", "delete_data": "true", "retention": "", // their Elasticsearch has no lifecycle management
		"dns_names": `["flow1.example"]`, "exporters": `["192.0.2.0/24"]`, "people": `["198.51.100.0/24"]`,
	})
	return variables
}

// repositoryOf is the repository of the tests, as the module and the examples take it.
func repositoryOf(t *testing.T, s *acctest.ElasticHosts) string {
	t.Helper()
	return asJSON(t, map[string]any{"uris": []string{s.Repository}, "key": s.Signer.Key, "key_fingerprints": []string{s.Signer.Fingerprint}})
}

// nodeSettings are what a node needs on this machine.
func nodeSettings(t *testing.T) string {
	t.Helper()
	limits, err := acctest.MachineLimits()
	must(t, err)
	return asJSON(t, map[string]string{
		"node.store.allow_mmap":                             strconv.FormatBool(limits.MemoryMaps >= acctest.ElasticsearchLimits.MemoryMaps),
		"cluster.routing.allocation.disk.threshold_enabled": "false",
	})
}

// testStackDrift changes something of each part by hand: one plan has to show each under its own name, and no other part; one apply repairs them all.
func testStackDrift(ctx context.Context, t *testing.T, tofu *acctest.Tofu, h *acctest.Host, es *acctest.ElasticsearchClient) {
	script := func(text string) func() {
		return func() { run(ctx, t, h, "sh", "-c", text) }
	}
	ask := func(path string, body any) func() {
		return func() { must(t, es.Do(ctx, http.MethodPut, path, body, nil)) }
	}
	drifts := []struct {
		name          string
		do            func()
		address, fact string
		found         string
	}{
		{
			"a setting of the node", script("sed -i 's/^cluster.name:.*/cluster.name: other/' /etc/elasticsearch/elasticsearch.yml"),
			"flowstack_elasticsearch_node.this", "file /etc/elasticsearch/elasticsearch.yml: cluster.name", "other",
		},
		{"the hold of the package", script("apt-mark unhold elasticsearch"), "flowstack_elasticsearch_node.this", "package elasticsearch: hold", "no"},
		{
			"a right of the role", ask("/_security/role/flow_writer", map[string]any{"cluster": []string{"all"}}),
			"flowstack_elasticsearch_role.flow_writer", "cluster privileges", "all",
		},
		{
			"the collector's password", ask("/_security/user/flowcollector/_password", map[string]string{"password": "another one"}),
			"flowstack_elasticsearch_user.flowcollector", "", "", // only a plan has the password to ask with
		},
		{
			"a setting of the collector", script(`sed -i 's/^    username: .*/    username: nobody/' /etc/flowcollector/flowcollector.yml`),
			"flowstack_collector.this", "file /etc/flowcollector/flowcollector.yml: output.elasticsearch.username", "nobody",
		},
	}
	for _, drift := range drifts {
		drift.do()
	}
	plan, err := tofu.Plan(ctx)
	must(t, err)
	drifted := map[string]bool{}
	for _, drift := range drifts {
		drifted[drift.address] = true
		change, planned := plan.Changes[drift.address]
		was, _ := change.Before["effective"].(map[string]any)
		if got := fmt.Sprint(was[drift.fact]); !planned || drift.fact != "" && got != drift.found {
			t.Errorf("%s: the plan shows %q for %q, want %q; it shows:\n%v", drift.name, got, drift.fact, drift.found, was)
		}
	}
	for address := range plan.Changes {
		if !drifted[address] {
			t.Errorf("the plan changes %s, too", address)
		}
	}
	must(t, tofu.Apply(ctx))
	expectNothingToDo(ctx, t, tofu)
}

// testStackSecrets looks for the secrets where others could see them.
func testStackSecrets(ctx context.Context, t *testing.T, tofu *acctest.Tofu, h *acctest.Host, trace string) {
	state, err := tofu.StateFile()
	must(t, err)
	plan, err := tofu.Plan(ctx)
	must(t, err)
	log, err := os.ReadFile(trace)
	must(t, err)
	if len(log) < 1<<20 {
		t.Fatalf("the trace has %d bytes: that cannot be all", len(log))
	}
	authority := string(run(ctx, t, h, "sh", "-c", "cat /etc/flowstack/pki/*/*.key"))
	node := string(run(ctx, t, h, "cat", "/etc/elasticsearch/certs/node.key"))
	kibana := string(run(ctx, t, h, "cat", "/etc/flowstack/tls/host.key"))
	secrets := map[string]string{
		"the authority's private key": keyLine(t, authority), "the node's private key": keyLine(t, node), "Kibana's private key": keyLine(t, kibana),
		"the collector's password": madePassword(h.Address.String(), "flowcollector", string(h.PrivateKey)),
	}
	maps.Copy(secrets, stackSecrets)
	words := strings.Join(slices.Collect(maps.Values(secrets)), "\n")
	readable, err := h.RunInput(ctx, []byte(words), "sh", "-c",
		`umask 077 && cat >/root/words && find / -xdev -type f -perm -004 -not -path '/proc/*' -not -path '/usr/*' -exec grep -lF -f /root/words {} + ; rm /root/words`)
	must(t, err)
	if len(readable) > 0 {
		t.Errorf("secrets are in files that everybody may read: %s", readable)
	}
	for place, text := range map[string]string{
		"the state": string(state), "the plan": string(plan.Raw), "the trace": string(log),
		"the journal":    string(run(ctx, t, h, "journalctl", "--no-pager", "--quiet")),
		"a command line": string(run(ctx, t, h, "sh", "-c", "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' ' '")),
	} {
		for name, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%s is in %s", name, place)
			}
		}
	}
}

// madePassword is what modules/flow-stack makes of address and private key for a user whose password is not given.
func madePassword(address, user, privateKey string) string {
	sum := sha256.Sum256([]byte("flow-stack " + address + " " + user + " " + strings.TrimSpace(privateKey)))
	return hex.EncodeToString(sum[:])[:48]
}

// keyLine is a line of a PEM private key that no other one has.
func keyLine(t *testing.T, pem string) string {
	t.Helper()
	lines := strings.Split(pem, "\n")
	if len(lines) < 4 || !strings.Contains(lines[0], "PRIVATE KEY") {
		t.Fatal("there is no private key")
	}
	return lines[2]
}
