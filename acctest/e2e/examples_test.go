package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
	"github.com/flowstack/terraform-provider-flowstack/acctest/chain"
)

// TestExamplesOfSeveralHosts applies examples/cluster to three bare hosts, then examples/several-collectors to two more, sends flows to both, and takes
// everything away again. What differs from what a user applies is in testdata of the same names.
func TestExamplesOfSeveralHosts(t *testing.T) {
	ctx := t.Context()
	s, err := acctest.StartElasticHosts(ctx, acctest.ElasticHostsOptions{Names: []string{"es1", "es2", "es3", "flow1", "flow2"}, Log: t.Logf})
	must(t, err)
	cleanup(t, s.Stop)
	oneKeyForAll(ctx, t, s.Hosts)
	before := make([]acctest.Listing, len(s.Hosts))
	for i, h := range s.Hosts {
		before[i] = list(ctx, t, h)
	}

	members, collecting := s.Hosts[:3], s.Hosts[3:]
	nodes := workspace(ctx, t, "cluster", clusterVariables(t, s, members, collecting))
	must(t, nodes.Apply(ctx))
	expectNothingToDo(ctx, t, nodes)
	first, version := s.Hosts[0], s.Versions[len(s.Versions)-1]
	authority := run(ctx, t, first, "cat", "/etc/elasticsearch/certs/ca.crt")
	es := acctest.NewElasticsearchClient(first, "127.0.0.1:9200", authority, "elastic", elasticPassword)
	waitForNodes(ctx, t, es, map[string]string{"es1": version, "es2": version, "es3": version})
	for _, h := range members {
		if out := string(run(ctx, t, h, "cat", "/etc/elasticsearch/elasticsearch.yml")); strings.Contains(out, "initial_master_nodes") {
			t.Errorf("%s still has what forms a cluster: %s", h.Name, out)
		}
	}

	variables := collectorsVariables(ctx, t, nodes, collecting)
	variables["private_key"] = string(first.PrivateKey)
	collectors := workspace(ctx, t, "several-collectors", variables)
	must(t, collectors.Apply(ctx))
	expectNothingToDo(ctx, t, collectors)
	sent := map[acctest.Pair]acctest.Sums{}
	for _, h := range collecting {
		exporter, err := acctest.StartExporter(ctx, h, []string{"127.0.0.1:2055"}, "9")
		must(t, err)
		sums, err := exporter.Send(ctx, acctest.Traffic{})
		must(t, err)
		must(t, exporter.Stop(ctx))
		addSums(sent, sums)
	}
	expectSums(ctx, t, es, sent)
	waitFor(ctx, t, "what both collectors say about themselves", func() (bool, string) {
		var answer struct {
			Aggregations struct {
				Hosts struct{ Buckets []struct{ Key string } }
			}
		}
		hosts := map[string]any{"size": 0, "aggs": map[string]any{"hosts": map[string]any{"terms": map[string]any{"field": "collector.host"}}}}
		if err := es.Do(ctx, http.MethodPost, "/health-flows/_search", hosts, &answer); err != nil {
			return false, err.Error()
		}
		return len(answer.Aggregations.Hosts.Buckets) == len(collecting), fmt.Sprint(answer)
	})

	must(t, collectors.Destroy(ctx))
	must(t, nodes.Destroy(ctx))
	for i, h := range s.Hosts {
		expectAsBefore(ctx, t, h, before[i])
	}
}

// workspace is one of an example, with what testdata has to add to it.
func workspace(ctx context.Context, t *testing.T, example string, variables map[string]string) *acctest.Tofu {
	t.Helper()
	tofu, remove, err := chain.Workspace(ctx, repository, filepath.Join(repository, "examples", example), variables)
	must(t, err)
	cleanup(t, remove) //nolint:contextcheck // the context of a test ends before its cleanups
	addFiles(t, tofu, filepath.Join("testdata", example, "*.tf"))
	return tofu
}

// addFiles copies files into the folder of a configuration.
func addFiles(t *testing.T, tofu *acctest.Tofu, pattern string) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	must(t, err)
	if len(files) == 0 {
		t.Fatalf("there is no %s", pattern)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		must(t, err)
		must(t, os.WriteFile(filepath.Join(tofu.Dir, filepath.Base(file)), content, 0o600))
	}
}

// oneKeyForAll lets the key of the first host into the others.
func oneKeyForAll(ctx context.Context, t *testing.T, hosts []*acctest.Host) {
	t.Helper()
	signer, err := ssh.ParsePrivateKey(hosts[0].PrivateKey)
	must(t, err)
	for _, h := range hosts[1:] {
		_, err := h.RunInput(ctx, ssh.MarshalAuthorizedKey(signer.PublicKey()), "sh", "-c", "cat >>/root/.ssh/authorized_keys")
		must(t, err)
	}
}

func clusterVariables(t *testing.T, s *acctest.ElasticHosts, members, clients []*acctest.Host) map[string]string {
	t.Helper()
	addresses := make([]string, len(clients))
	for i, h := range clients {
		addresses[i] = h.LANAddress.String()
	}
	nodes := map[string]any{}
	for _, h := range members {
		nodes[h.Name] = map[string]any{"address": h.Address.String(), "cluster_address": h.LANAddress.String(), "port": h.Port, "host_keys": []string{h.HostKey}}
	}
	return map[string]string{
		"nodes": asJSON(t, nodes), "clients": asJSON(t, addresses), "private_key": string(members[0].PrivateKey), "tune_kernel": "false",
		"bootstrap_password": stackSecrets["bootstrap_password"], "elastic_password": elasticPassword, "elastic_version": s.Versions[len(s.Versions)-1],
		"repository": repositoryOf(t, s), "settings": nodeSettings(t),
	}
}

// collectorsVariables are those of examples/several-collectors: what the cluster gives out, as its outputs say.
func collectorsVariables(ctx context.Context, t *testing.T, cluster *acctest.Tofu, hosts []*acctest.Host) map[string]string {
	t.Helper()
	collectors, passwords := map[string]any{}, map[string]string{}
	for i, h := range hosts {
		collectors[h.Name] = map[string]any{"address": h.Address.String(), "port": h.Port, "host_keys": []string{h.HostKey}}
		passwords[h.Name] = fmt.Sprintf("collector-password-canary-%d", i)
	}
	endpoints, err := cluster.Output(ctx, "endpoints")
	must(t, err)
	text, err := cluster.Output(ctx, "authority")
	must(t, err)
	var authority string
	must(t, json.Unmarshal([]byte(text), &authority))
	return map[string]string{
		"collectors": asJSON(t, collectors), "collector_passwords": asJSON(t, passwords), "tune_kernel": "false",
		"exporters": `["192.0.2.0/24"]`, "elasticsearch_endpoints": endpoints, "elasticsearch_password": elasticPassword, "elasticsearch_ca_certificate": authority,
	}
}

func asJSON(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	must(t, err)
	return string(text)
}
