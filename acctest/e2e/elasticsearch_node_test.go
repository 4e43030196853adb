package e2e

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
	"github.com/flowstack/terraform-provider-flowstack/acctest/chain"
)

const elasticPassword = "elastic-password-canary" // of the tests

// accountCopies are what useradd and its like keep of the files before their last change.
var accountCopies = regexp.MustCompile(` /etc/(passwd|group|shadow|gshadow)- `)

// expectAsBefore expects a destroy to have left a host as it was.
func expectAsBefore(ctx context.Context, t *testing.T, h *acctest.Host, before acctest.Listing) {
	t.Helper()
	for _, difference := range before.Differences(list(ctx, t, h)) {
		if !accountCopies.MatchString(difference) {
			t.Errorf("after the destroy, %s: %s", h.Name, difference)
		}
	}
}

// TestElasticsearchNode brings up one node, changes and breaks it, makes a cluster of three of it, upgrades that node by node, and takes it all away
// again. TestExamplesOfSeveralHosts forms a cluster from nothing.
func TestElasticsearchNode(t *testing.T) {
	ctx := t.Context()
	s, err := acctest.StartElasticHosts(ctx, acctest.ElasticHostsOptions{Names: []string{"es1", "es2", "es3"}, Log: t.Logf})
	must(t, err)
	cleanup(t, s.Stop)
	authority, err := acctest.NewAuthority()
	must(t, err)
	oldest, newest := s.Versions[0], s.Versions[len(s.Versions)-1]
	variables := elasticVariables(t, s, authority)
	variables["members"], variables["node_version"] = `["es1"]`, oldest
	tofu, remove, err := chain.Workspace(ctx, repository, "testdata/elasticsearch", variables)
	must(t, err)
	cleanup(t, remove)
	trace := tofu.Dir + "/trace.log"
	tofu.SetEnv("TF_LOG", "TRACE")
	tofu.SetEnv("TF_LOG_PATH", trace)
	before := make([]acctest.Listing, len(s.Hosts))
	for i, h := range s.Hosts {
		before[i] = list(ctx, t, h)
	}
	first := s.Hosts[0]
	es := acctest.NewElasticsearchClient(first, "127.0.0.1:9200", authority.Certificate, "elastic", elasticPassword)
	const address = `flowstack_elasticsearch_node.this["es1"]`
	must(t, tofu.Apply(ctx))
	expectNothingToDo(ctx, t, tofu)

	t.Run("one node", func(t *testing.T) {
		waitForNodes(ctx, t, es, map[string]string{"es1": oldest})
		expectStat(ctx, t, first, "/etc/elasticsearch/elasticsearch.keystore", "root:elasticsearch 660")
		expectStat(ctx, t, first, "/etc/elasticsearch/elasticsearch.yml", "root:elasticsearch 640")
		// The limits are the process's, the heap the JVM's, and the checks are enforced though the node is alone.
		out := string(run(ctx, t, first, "sh", "-c", "systemctl show -p LimitNOFILE -p TimeoutStartUSec elasticsearch; apt-mark showhold; "+
			"tr '\\0' '\\n' </proc/$(systemctl show -p MainPID --value elasticsearch)/cmdline"))
		for _, want := range []string{"LimitNOFILE=131072", "TimeoutStartUSec=15min", "elasticsearch", "-Xms384m", "-Xmx384m", "-Des.enforce.bootstrap.checks=true"} {
			if !strings.Contains(out, "\n"+want+"\n") && !strings.HasPrefix(out, want+"\n") {
				t.Errorf("%s is not in force: %s", want, out)
			}
		}
	})
	t.Run("drift", func(t *testing.T) {
		run(ctx, t, first, "sed", "-i", "s/^search.max_buckets:.*/search.max_buckets: 7/", "/etc/elasticsearch/elasticsearch.yml")
		expectDrift(ctx, t, tofu, address, "file /etc/elasticsearch/elasticsearch.yml: search.max_buckets", "7", "250000")
		run(ctx, t, first, "sh", "-c", "echo wrong | /usr/share/elasticsearch/bin/elasticsearch-keystore add -x -f bootstrap.password")
		expectDrift(ctx, t, tofu, address, "keystore /etc/elasticsearch/elasticsearch.keystore: content", "different", "")
		must(t, tofu.Apply(ctx))
		expectNothingToDo(ctx, t, tofu)
	})
	t.Run("a start that fails", func(t *testing.T) {
		tofu.Set("key_file", "/etc/elasticsearch/certs/nowhere.key")
		expectError(t, tofu.Apply(ctx), "What /var/log/elasticsearch/flows.log says", "/etc/elasticsearch/certs/nowhere.key")
		tofu.Set("key_file", "/etc/elasticsearch/certs/node.key")
		must(t, tofu.Apply(ctx))
		expectNothingToDo(ctx, t, tofu)
	})

	const documents = 10
	for i := range documents {
		must(t, es.Do(ctx, http.MethodPut, fmt.Sprintf("/kept/_doc/%d?refresh=true", i), map[string]int{"n": i}, nil))
	}
	all := map[string]string{"es1": oldest, "es2": oldest, "es3": oldest}
	t.Run("one node becomes a cluster", func(t *testing.T) {
		tofu.Set("members", `["es1", "es2", "es3"]`)
		tofu.Set("cluster", "true")
		must(t, tofu.Apply(ctx))
		expectNothingToDo(ctx, t, tofu)
		waitForNodes(ctx, t, es, all)
		expectDocuments(ctx, t, es, documents)
	})
	t.Run("upgrade node by node", func(t *testing.T) {
		tofu.Set("node_version", newest)
		must(t, tofu.Apply(ctx))
		expectNothingToDo(ctx, t, tofu)
		for name := range all {
			all[name] = newest
		}
		waitForNodes(ctx, t, es, all)
		expectDocuments(ctx, t, es, documents)
		var settings struct{ Persistent map[string]any }
		must(t, es.Do(ctx, http.MethodGet, "/_cluster/settings", nil, &settings))
		if len(settings.Persistent) > 0 {
			t.Errorf("the cluster's settings are left with %v", settings.Persistent)
		}
	})
	t.Run("nothing is left", func(t *testing.T) {
		must(t, tofu.Destroy(ctx))
		for i, h := range s.Hosts {
			expectAsBefore(ctx, t, h, before[i])
		}
	})

	for _, file := range []string{trace, tofu.Dir + "/terraform.tfstate.backup"} {
		content, err := os.ReadFile(file)
		must(t, err)
		if strings.Contains(string(content), elasticPassword) {
			t.Errorf("the password is in %s", file)
		}
	}
}

// elasticVariables are those of testdata/elasticsearch for all hosts.
func elasticVariables(t *testing.T, s *acctest.ElasticHosts, authority *acctest.Authority) map[string]string {
	t.Helper()
	limits, err := acctest.MachineLimits()
	must(t, err)
	hosts, private, certificates, keys := map[string]any{}, map[string]string{}, map[string]string{}, map[string]string{}
	for _, h := range s.Hosts {
		issued, err := authority.Issue(h.Name, "localhost", "127.0.0.1", h.LANAddress.String())
		must(t, err)
		hosts[h.Name] = map[string]any{"address": h.Address.String(), "port": h.Port, "host_keys": []string{h.HostKey}}
		private[h.Name] = string(h.PrivateKey)
		certificates[h.Name], keys[h.Name] = string(issued.Certificate), string(issued.Key)
	}
	return map[string]string{
		"hosts": asJSON(t, hosts), "private_keys": asJSON(t, private), "certificates": asJSON(t, certificates), "keys": asJSON(t, keys),
		"authority": string(authority.Certificate), "password": elasticPassword,
		"uri": s.Repository, "key": s.Signer.Key, "key_fingerprint": s.Signer.Fingerprint,
		"allow_mmap": strconv.FormatBool(limits.MemoryMaps >= acctest.ElasticsearchLimits.MemoryMaps),
	}
}

// expectDrift expects a plan to say that a fact is one thing and will be another; an empty one is not looked at.
func expectDrift(ctx context.Context, t *testing.T, tofu *acctest.Tofu, address, fact, from, to string) {
	t.Helper()
	plan, err := tofu.Plan(ctx)
	must(t, err)
	change := plan.Changes[address]
	was, _ := change.Before["effective"].(map[string]any)
	will, _ := change.After["effective"].(map[string]any)
	if got := fmt.Sprint(was[fact]); got != from {
		t.Errorf("the plan shows %q for %s, not %q", got, fact, from)
	}
	if got := fmt.Sprint(will[fact]); to != "" && got != to {
		t.Errorf("the plan wants %q for %s, not %q", got, fact, to)
	}
}

func expectDocuments(ctx context.Context, t *testing.T, es *acctest.ElasticsearchClient, want int) {
	t.Helper()
	var count struct{ Count int }
	must(t, es.Do(ctx, http.MethodGet, "/kept/_count", nil, &count))
	if count.Count != want {
		t.Errorf("there are %d documents, want %d", count.Count, want)
	}
}
