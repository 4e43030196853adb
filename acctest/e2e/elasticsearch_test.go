package e2e

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
)

// TestElasticsearchByHand installs Elasticsearch as an engineer would, over SSH with apt and systemctl: a secured node, which is upgraded and purged. What
// the resources do is measured against this, and it is what the hosts and the package of acctest promise. TestElasticsearchNode has three.
func TestElasticsearchByHand(t *testing.T) {
	ctx := t.Context()
	authority, err := acctest.NewAuthority()
	must(t, err)
	s, err := acctest.StartElasticHosts(ctx, acctest.ElasticHostsOptions{Names: []string{"es1"}, Log: t.Logf})
	must(t, err)
	cleanup(t, s.Stop)
	oldest, newest := s.Versions[0], s.Versions[len(s.Versions)-1]
	first := s.Hosts[0]

	installElasticsearch(ctx, t, s, first, oldest)
	const bootstrap, password = "the bootstrap password", "the elastic password"
	_, err = first.RunInput(ctx, []byte(bootstrap), "/usr/share/elasticsearch/bin/elasticsearch-keystore", "add", "-x", "bootstrap.password")
	must(t, err)
	expectStat(ctx, t, first, "/etc/elasticsearch/elasticsearch.keystore", "root:elasticsearch 660")
	configureElasticsearch(ctx, t, authority, first, "discovery.type: single-node\n")
	restartElasticsearch(ctx, t, first)

	es := acctest.NewElasticsearchClient(first, "127.0.0.1:9200", authority.Certificate, "elastic", bootstrap)
	must(t, es.Do(ctx, http.MethodPut, "/_security/user/elastic/_password", map[string]string{"password": password}, nil))
	if err := es.Do(ctx, http.MethodGet, "/", nil, nil); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("the bootstrap password after the change: %v", err)
	}
	es.Password = password
	must(t, es.Do(ctx, http.MethodPut, "/_security/role/reader", map[string]any{"cluster": []string{"monitor"}}, nil))
	var certificates []struct {
		Path    string
		Subject string    `json:"subject_dn"`
		Expiry  time.Time `json:"expiry"`
	}
	must(t, es.Do(ctx, http.MethodGet, "/_ssl/certificates", nil, &certificates))
	var own bool
	for _, c := range certificates {
		own = own || c.Subject == "CN=es1" && strings.HasSuffix(c.Path, "certs/node.crt") && time.Until(c.Expiry) > 24*time.Hour
	}
	if !own {
		t.Errorf("of the node's own certificate nothing is said: %+v", certificates)
	}
	// An upgrade does not restart by itself, and data and passwords are there after it.
	must(t, es.Do(ctx, http.MethodPut, "/kept", map[string]any{"settings": map[string]any{"number_of_replicas": 0}}, nil))
	must(t, es.Do(ctx, http.MethodPut, "/kept/_doc/1?refresh=true", map[string]int{"n": 1}, nil))
	aptInstall(ctx, t, s, first, newest)
	restartElasticsearch(ctx, t, first)
	waitForNodes(ctx, t, es, map[string]string{"es1": newest})
	var count struct{ Count int }
	if must(t, es.Do(ctx, http.MethodGet, "/kept/_count", nil, &count)); count.Count != 1 {
		t.Errorf("after the upgrade there are %d documents", count.Count)
	}

	run(ctx, t, first, "apt-get", "-y", "purge", "elasticsearch")
	for _, gone := range []string{"/usr/share/elasticsearch", "/var/log/elasticsearch", "/usr/lib/systemd/system/elasticsearch.service"} {
		run(ctx, t, first, "test", "!", "-e", gone)
	}
	// Data, a keystore that was written to, and what was put beside the package's files stay, their owner does not.
	run(ctx, t, first, "test", "-d", "/var/lib/elasticsearch/nodes", "-a", "-f", "/etc/elasticsearch/certs/node.crt", "-a", "-f", "/etc/elasticsearch/elasticsearch.keystore")
	run(ctx, t, first, "sh", "-c", "! id elasticsearch")
}

// installElasticsearch makes the repository known to apt, and expects the package to do no more than a package of Elastic does.
func installElasticsearch(ctx context.Context, t *testing.T, s *acctest.ElasticHosts, h *acctest.Host, version string) {
	t.Helper()
	run(ctx, t, h, "mkdir", "-p", "/etc/apt/keyrings")
	put(ctx, t, h, "/etc/apt/keyrings/elastic.asc", "0644", []byte(s.Signer.Key))
	put(ctx, t, h, "/etc/apt/sources.list.d/elastic.list", "0644", []byte("deb [signed-by=/etc/apt/keyrings/elastic.asc] "+s.Repository+" stable main\n"))
	aptInstall(ctx, t, s, h, version)
	for path, want := range map[string]string{
		"/etc/elasticsearch":                        "root:elasticsearch 2750",
		"/etc/elasticsearch/jvm.options.d":          "root:elasticsearch 2750",
		"/etc/elasticsearch/elasticsearch.yml":      "root:elasticsearch 660",
		"/etc/elasticsearch/elasticsearch.keystore": "root:elasticsearch 660",
		"/etc/default/elasticsearch":                "root:elasticsearch 660",
		"/var/lib/elasticsearch":                    "elasticsearch:elasticsearch 2750",
		"/var/log/elasticsearch":                    "elasticsearch:elasticsearch 2750",
	} {
		expectStat(ctx, t, h, path, want)
	}
	out, err := h.Run(ctx, "sh", "-c", "systemctl is-enabled elasticsearch; systemctl is-active elasticsearch; true")
	if err != nil || string(out) != "disabled\ninactive\n" {
		t.Errorf("after the installation the service of %s is %q, %v", h.Name, out, err)
	}
}

func aptInstall(ctx context.Context, t *testing.T, s *acctest.ElasticHosts, h *acctest.Host, version string) {
	t.Helper()
	// The hosts do not reach Debian's mirrors, and apt would try for long.
	run(ctx, t, h, "apt-get", "update", "-o", "Dir::Etc::sourcelist=sources.list.d/elastic.list", "-o", "Dir::Etc::sourceparts=-")
	run(ctx, t, h, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-y", "install", "elasticsearch="+version)
	if got := string(run(ctx, t, h, "dpkg-query", "-W", "-f", "${Version} ${db:Status-Status}", "elasticsearch")); got != version+" installed" {
		t.Fatalf("apt installed %q from %s, want %s", got, s.Repository, version)
	}
}

func expectStat(ctx context.Context, t *testing.T, h *acctest.Host, path, want string) {
	t.Helper()
	if got := strings.TrimSpace(string(run(ctx, t, h, "stat", "-c", "%U:%G %a", path))); got != want {
		t.Errorf("%s of %s is %s, want %s", path, h.Name, got, want)
	}
}

// configureElasticsearch writes settings and certificates of a node that listens to the network, where the bootstrap checks are enforced.
func configureElasticsearch(ctx context.Context, t *testing.T, authority *acctest.Authority, h *acctest.Host, discovery string) {
	t.Helper()
	limits, err := acctest.MachineLimits()
	must(t, err)
	issued, err := authority.Issue(h.Name, "localhost", "127.0.0.1", h.LANAddress.String())
	must(t, err)
	run(ctx, t, h, "install", "-d", "-g", "elasticsearch", "-m", "2750", "/etc/elasticsearch/certs")
	for name, content := range map[string][]byte{"ca.crt": authority.Certificate, "node.crt": issued.Certificate, "node.key": issued.Key} {
		put(ctx, t, h, "/etc/elasticsearch/certs/"+name, "0640", content)
	}
	put(ctx, t, h, "/etc/elasticsearch/jvm.options.d/heap.options", "0640", []byte("-Xms384m\n-Xmx384m\n"))
	put(ctx, t, h, "/etc/elasticsearch/elasticsearch.yml", "0660", fmt.Appendf(nil, `cluster.name: flows
node.name: %s
path.data: /var/lib/elasticsearch
path.logs: /var/log/elasticsearch
network.host: [_local_, _site_]
network.publish_host: _site_
node.store.allow_mmap: %t
cluster.routing.allocation.disk.threshold_enabled: false
xpack.security.enabled: true
xpack.security.http.ssl.enabled: true
xpack.security.http.ssl.key: certs/node.key
xpack.security.http.ssl.certificate: certs/node.crt
xpack.security.http.ssl.certificate_authorities: certs/ca.crt
xpack.security.transport.ssl.enabled: true
xpack.security.transport.ssl.verification_mode: full
xpack.security.transport.ssl.client_authentication: required
xpack.security.transport.ssl.key: certs/node.key
xpack.security.transport.ssl.certificate: certs/node.crt
xpack.security.transport.ssl.certificate_authorities: certs/ca.crt
%s`, h.Name, limits.MemoryMaps >= acctest.ElasticsearchLimits.MemoryMaps, discovery))
}

// restartElasticsearch returns when the node has told systemd that it is ready. It says what that took.
func restartElasticsearch(ctx context.Context, t *testing.T, h *acctest.Host) {
	t.Helper()
	began := time.Now()
	if _, err := h.Run(ctx, "systemctl", "restart", "elasticsearch"); err != nil {
		log, logErr := h.Run(ctx, "sh", "-c", "tail -n 40 /var/log/elasticsearch/flows.log; journalctl --no-pager -n 40 -u elasticsearch")
		t.Fatalf("%v\n%s%s", err, log, errorText(logErr))
	}
	out, err := h.Run(ctx, "sh", "-c", "grep VmRSS /proc/$(systemctl show -p MainPID --value elasticsearch)/status")
	t.Logf("%s: ready after %.1f s, %s %s", h.Name, time.Since(began).Seconds(), strings.Join(strings.Fields(string(out)), " "), errorText(err))
}

// waitForNodes waits for nodes of these versions, and for every shard to have its copies.
func waitForNodes(ctx context.Context, t *testing.T, es *acctest.ElasticsearchClient, want map[string]string) {
	t.Helper()
	waitFor(ctx, t, fmt.Sprintf("a green cluster of %v", want), func() (bool, string) {
		var nodes struct {
			Nodes map[string]struct{ Name, Version string }
		}
		if err := es.Do(ctx, http.MethodGet, "/_nodes/_all/info?filter_path=nodes.*.name,nodes.*.version", nil, &nodes); err != nil {
			return false, err.Error()
		}
		got := map[string]string{}
		for _, n := range nodes.Nodes {
			got[n.Name] = n.Version
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			return false, fmt.Sprint(got)
		}
		var health struct{ Status string }
		if err := es.Do(ctx, http.MethodGet, "/_cluster/health", nil, &health); err != nil {
			return false, err.Error()
		}
		return health.Status == "green", health.Status
	})
}
