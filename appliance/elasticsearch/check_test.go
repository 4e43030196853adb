package elasticsearch_test

import (
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch"
)

// good is a Spec that nothing is wrong with.
func good() elasticsearch.Spec {
	return elasticsearch.Spec{
		ClusterName: "flows", Heap: "1g",
		HTTP: &elasticsearch.TLS{Certificate: "certs/http.crt", Key: "certs/http.key", Authorities: []string{"certs/ca.crt"}},
	}
}

func setting(name, value string) func(*elasticsearch.Spec) {
	return func(s *elasticsearch.Spec) { s.Settings = map[string]string{name: value} }
}

func TestCheck(t *testing.T) {
	const refused, warned = false, true
	type change = func(*elasticsearch.Spec)
	for name, c := range map[string]struct {
		change  change
		setting string
		warning bool
		text    string
	}{
		"typing mistake":        {setting("netwrk.host", "0.0.0.0"), "netwrk.host", refused, "did you mean network.host?"},
		"typing mistake inside": {setting("indices.query.bool.max_clauses_count", "1"), "indices.query.bool.max_clauses_count", refused, "did you mean indices.query.bool.max_clause_count?"},
		"no such setting":       {setting("xpack.security.nonsense.at.all.of.it", "1"), "xpack.security.nonsense.at.all.of.it", refused, "has no such setting"},
		"plugin":                {setting("readonlyrest.enable", "true"), "readonlyrest.enable", warned, "unless a plugin has it"},
		"of an index":           {setting("index.number_of_replicas", "0"), "index.number_of_replicas", refused, "index template"},
		"boolean":               {setting("action.destructive_requires_name", "yes"), "action.destructive_requires_name", refused, `"yes" is not true or false`},
		"time":                  {setting("indices.lifecycle.poll_interval", "10"), "indices.lifecycle.poll_interval", refused, "a time such as 30s"},
		"integer":               {setting("search.max_buckets", "250k"), "search.max_buckets", refused, "a whole number"},
		"secure":                {setting("bootstrap.password", "canary"), "bootstrap.password", refused, "belongs into the keystore"},
		"plain secret":          {setting("xpack.security.http.ssl.keystore.password", "canary"), "xpack.security.http.ssl.keystore.password", refused, "would be in the state"},
		"deprecated role":       {setting("node.master", "false"), "node.master", warned, "Use roles"},
		"deprecated zen":        {setting("discovery.zen.minimum_master_nodes", "2"), "discovery.zen.minimum_master_nodes", warned, "no effect since 7.0"},
		"deprecated otherwise":  {setting("xpack.logstash.enabled", "true"), "xpack.logstash.enabled", warned, "deprecated in 7.17"},
		"monitoring":            {setting("xpack.monitoring.enabled", "true"), "xpack.monitoring.enabled", warned, "no effect since 7.8"},
		"exporter of monitoring": {
			setting("xpack.monitoring.exporters.a.type", "http"), "xpack.monitoring.exporters.a.type", warned, "Metricbeat",
		},
		"initial masters as a setting": {setting("cluster.initial_master_nodes", "a"), "cluster.initial_master_nodes", refused, "Give initial_master_nodes"},
		"twice": {
			func(s *elasticsearch.Spec) { s.Settings = map[string]string{"cluster.name": "other"} }, "cluster.name", refused, "given twice",
		},
		"nobody is looked at": {setting("xpack.security.http.ssl.verification_mode", "none"), "xpack.security.http.ssl.verification_mode", warned, "Leave it out"},
		"key elsewhere": {
			func(s *elasticsearch.Spec) { s.HTTP.Key = "/etc/ssl/private/a.key" }, "xpack.security.http.ssl.key", refused, "outside of /etc/elasticsearch",
		},
		"key that climbs out": {
			func(s *elasticsearch.Spec) { s.HTTP.Key = "../ssl/a.key" }, "xpack.security.http.ssl.key", refused, "outside of /etc/elasticsearch",
		},
		"garbled path": {
			func(s *elasticsearch.Spec) { s.HTTP.Key = "/etc/elasticsearch//certs/a.key" }, "xpack.security.http.ssl.key", refused, "not the plain name of a file",
		},
		"authority elsewhere, by a setting": {
			setting("xpack.security.authc.realms.ldap.l1.ssl.certificate_authorities", "/etc/ssl/ca.crt"),
			"xpack.security.authc.realms.ldap.l1.ssl.certificate_authorities", refused, "outside of /etc/elasticsearch",
		},
		"cluster of one that has initial masters": {
			func(s *elasticsearch.Spec) { s.InitialMasterNodes = []string{"a"} }, "cluster.initial_master_nodes", refused, "looks for no others",
		},
		"alone with others": {
			func(s *elasticsearch.Spec) {
				s.SeedHosts, s.Transport = []string{"b"}, s.HTTP
				s.Settings = map[string]string{"discovery.type": "single-node"}
			}, "discovery.type", refused, "no use for seed_hosts",
		},
		"alone without master":      {func(s *elasticsearch.Spec) { s.Roles = []string{"data"} }, "node.roles", refused, "has to be master"},
		"no such role":              {func(s *elasticsearch.Spec) { s.Roles = []string{"master", "dta"} }, "node.roles", refused, `"dta" is not a role`},
		"only votes and is nothing": {func(s *elasticsearch.Spec) { s.Roles = []string{"master", "voting_only"} }, "", warned, ""},
		"cluster without TLS between nodes": {
			func(s *elasticsearch.Spec) { s.SeedHosts = []string{"b"} }, "xpack.security.transport.ssl.enabled", refused, "Give tls.transport",
		},
		"two masters": {
			func(s *elasticsearch.Spec) {
				s.SeedHosts, s.Transport, s.InitialMasterNodes = []string{"b"}, s.HTTP, []string{"a", "b"}
			}, "cluster.initial_master_nodes", warned, "Name one, or three",
		},
		"the same master twice": {
			func(s *elasticsearch.Spec) {
				s.SeedHosts, s.Transport, s.InitialMasterNodes = []string{"b"}, s.HTTP, []string{"a", "a", "b"}
			}, "cluster.initial_master_nodes", refused, "named twice",
		},
		"passwords in the clear": {func(s *elasticsearch.Spec) { s.HTTP = nil }, "xpack.security.http.ssl.enabled", warned, "in the clear"},
		"heap too large":         {func(s *elasticsearch.Spec) { s.Heap = "31g" }, "heap", refused, "more than 30g"},
		"no heap":                {func(s *elasticsearch.Spec) { s.Heap = "12 GB" }, "heap", refused, "not the size of a heap"},
		"heap among the options": {
			func(s *elasticsearch.Spec) { s.JVMOptions = []string{"-Xmx2g"} }, "jvm_options", refused, "heap has an attribute of its own",
		},
		"checks switched off": {
			func(s *elasticsearch.Spec) { s.JVMOptions = []string{"-Des.enforce.bootstrap.checks=false"} }, "jvm_options", refused, "always enforced",
		},
		"no option": {func(s *elasticsearch.Spec) { s.JVMOptions = []string{"Xss1m"} }, "jvm_options", refused, "not an option of the JVM"},
		"version":   {func(s *elasticsearch.Spec) { s.Version = "7.10.2" }, "version", refused, "not a release that is known to work"},
		"open version": {
			func(s *elasticsearch.Spec) { s.Version = "7.17.*" }, "version", refused, "not a release that is known to work",
		},
		"8 has others": {
			func(s *elasticsearch.Spec) {
				s.Version, s.Settings = "8.11.1", map[string]string{"xpack.security.enrollment.enabled": "false"}
			}, "xpack.security.enrollment.enabled", warned, "whether 8.11.1 has it is not known here",
		},
		"name of a cluster": {func(s *elasticsearch.Spec) { s.ClusterName = "my flows" }, "cluster.name", refused, "is no name"},
		"name of a node":    {func(s *elasticsearch.Spec) { s.NodeName = "a,b" }, "node.name", refused, "is no name"},
		"port":              {func(s *elasticsearch.Spec) { s.HTTPPort = 70000 }, "http.port", refused, "not a TCP port"},
		"data path":         {func(s *elasticsearch.Spec) { s.DataPaths = []string{"data"} }, "path.data", refused, "data"},
		"several data paths": {
			func(s *elasticsearch.Spec) { s.DataPaths = []string{"/a", "/b"} }, "path.data", warned, "deprecated since 7.13",
		},
		"no secret in the keystore": {
			func(s *elasticsearch.Spec) { s.Keystore.Names = []string{"http.port"} }, "keystore http.port", refused, "belongs into settings",
		},
		"no such entry": {
			func(s *elasticsearch.Spec) { s.Keystore.Names = []string{"bootstrap.pasword"} }, "keystore bootstrap.pasword", refused, "did you mean bootstrap.password?",
		},
		"short password": {
			func(s *elasticsearch.Spec) {
				s.Keystore.Names = []string{"bootstrap.password"}
				s.Keystore.Values = map[string][]byte{"bootstrap.password": []byte("x1y2z")}
			}, "keystore bootstrap.password", refused, "at least 6 characters",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := good()
			c.change(&s)
			problems := s.Check()
			if c.setting == "" {
				if len(problems) > 0 {
					t.Errorf("%+v", problems)
				}
				return
			}
			found := false
			for _, problem := range problems {
				if strings.Contains(problem.Text, "canary") || strings.Contains(problem.Text, "x1y2z") {
					t.Errorf("a secret is shown: %s", problem.Text)
				}
				found = found || problem.Setting == c.setting && problem.Warning == c.warning && strings.Contains(problem.Text, c.text)
			}
			if !found {
				t.Errorf("there is %+v", problems)
			}
		})
	}
	if problems := good().Check(); len(problems) > 0 {
		t.Errorf("of what is good: %+v", problems)
	}
}

// TestKnownSettings are in the list, those with names of the user's own, too.
func TestKnownSettings(t *testing.T) {
	for name, value := range map[string]string{
		"node.attr.rack": "a", "logger.org.elasticsearch.discovery": "DEBUG", "thread_pool.write.queue_size": "1000", "cluster.remote.two.seeds": "a:9300",
		"xpack.security.authc.realms.native.native1.order": "0", "cluster.routing.allocation.awareness.force.zone.values": "a, b", "discovery.seed_hosts.0": "a",
		"cluster.routing.allocation.disk.watermark.low": "85%", "indices.memory.index_buffer_size": "10%", "xpack.ml.enabled": "false", "path.repo": "/srv/a",
		"s3.client.default.endpoint": "x", "http.max_content_length": "200mb", "transport.port": "9300", "network.publish_host": "_site_", "node.processors": "2",
		"indices.breaker.total.limit": "70%", "cluster.max_shards_per_node": "2000", "ingest.geoip.downloader.enabled": "false", "search.default_search_timeout": "30s",
	} {
		s := good()
		s.Settings = map[string]string{name: value}
		if problems := s.Check(); len(problems) > 0 {
			t.Errorf("%s: %+v", name, problems)
		}
	}
}
