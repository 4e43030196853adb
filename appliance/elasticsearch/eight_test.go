package elasticsearch_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch"
)

// problemOf is what is found about a setting; nil: nothing.
func problemOf(problems []elasticsearch.Problem, setting string) *elasticsearch.Problem {
	i := slices.IndexFunc(problems, func(p elasticsearch.Problem) bool { return p.Setting == setting })
	if i < 0 {
		return nil
	}
	return &problems[i]
}

// TestRemovedIn8: what 8 does not start with is an error for it, and a warning for 7.17.
func TestRemovedIn8(t *testing.T) {
	for name, value := range map[string]string{
		"bootstrap.system_call_filter": "false", "cluster.join.timeout": "30s", "cluster.remote.connect": "false", "cluster.routing.allocation.include._tier": "data_hot",
		"cluster.routing.allocation.disk.include_relocations": "true", "discovery.zen.minimum_master_nodes": "2", "gateway.auto_import_dangling_indices": "true",
		"gateway.expected_nodes": "3", "gateway.recover_after_master_nodes": "2", "http.content_type.required": "true", "http.tcp_no_delay": "true",
		"network.tcp.connect_timeout": "30s", "node.data": "true", "node.master": "true", "node.ml": "false", "node.local_storage": "true", "node.max_local_storage_nodes": "1",
		"pidfile": "/run/x", "processors": "2", "search.remote.connect": "true", "search.remote.two.seeds": "a:9300", "transport.profiles.p.tcp_no_delay": "true",
		"transport.profiles.p.xpack.security.type": "node", "transport.tcp.port": "9300", "transport.tcp_no_delay": "true", "xpack.ilm.enabled": "true",
		"xpack.monitoring.enabled": "true", "xpack.security.authc.accept_default_password": "true", "xpack.security.authz.store.roles.index.cache.ttl": "1m",
		"xpack.vectors.enabled": "true",
	} {
		for version, warning := range map[string]bool{"7.17.29": true, "8.19.3": false} {
			s := good()
			s.Version, s.Settings = version, map[string]string{name: value}
			switch found := problemOf(s.Check(), name); {
			case found == nil:
				t.Errorf("%s %s: nothing", version, name)
			case found.Warning != warning || !warning && !strings.Contains(found.Text, "Elasticsearch 8 does not start with it."):
				t.Errorf("%s %s: %+v", version, name, *found)
			}
		}
	}
	for _, name := range []string{"xpack.monitoring.collection.enabled", "transport.port", "node.roles", "node.attr.data", "transport.tcp.no_delay", "xpack.security.enabled"} {
		s := good()
		s.Version, s.Settings = "8.19.3", map[string]string{name: map[bool]string{true: "master", false: "true"}[name == "node.roles"]}
		if name == "transport.port" {
			s.Settings[name] = "9300"
		}
		if found := problemOf(s.Check(), name); found != nil && !found.Warning {
			t.Errorf("%s is refused for 8: %s", name, found.Text)
		}
	}
}

// TestStricterIn8: 8 is stricter than 7.17 about values, and about what belongs together.
func TestStricterIn8(t *testing.T) {
	const realm = "xpack.security.authc.realms.ldap.l1."
	for name, c := range map[string]struct {
		settings      map[string]string
		roles         []string
		setting, text string // empty: nothing but warnings
		warning       bool
	}{
		"single data node": {
			settings: map[string]string{"cluster.routing.allocation.disk.watermark.enable_for_single_data_node": "false"},
			setting:  "cluster.routing.allocation.disk.watermark.enable_for_single_data_node", text: "nothing but true",
		},
		"single data node, true": {settings: map[string]string{"cluster.routing.allocation.disk.watermark.enable_for_single_data_node": "true"}},
		"clauses": {
			settings: map[string]string{"indices.query.bool.max_clause_count": "8192"}, setting: "indices.query.bool.max_clause_count", text: "no effect in 8", warning: true,
		},
		"interval":          {settings: map[string]string{"indices.lifecycle.poll_interval": "500ms"}, setting: "indices.lifecycle.poll_interval", text: "no less than 1s"},
		"interval, a while": {settings: map[string]string{"indices.lifecycle.poll_interval": "1000ms"}},
		"cache without frozen data": {
			settings: map[string]string{"xpack.searchable.snapshot.shared_cache.size": "1gb"}, roles: []string{"master", "data_hot"},
			setting: "xpack.searchable.snapshot.shared_cache.size", text: "data_frozen",
		},
		"cache with frozen data": {settings: map[string]string{"xpack.searchable.snapshot.shared_cache.size": "1gb"}, roles: []string{"master", "data_frozen"}},
		"PKCS#11": {
			settings: map[string]string{"xpack.security.http.ssl.truststore.type": "PKCS11"}, setting: "xpack.security.http.ssl.truststore.type", text: "no PKCS#11",
		},
		"realm without an order": {settings: map[string]string{realm + "url": "ldaps://a"}, setting: realm + "url", text: "give xpack.security.authc.realms.ldap.l1.order"},
		"realm with an order":    {settings: map[string]string{realm + "url": "ldaps://a", realm + "order": "1"}},
		"TLS that is not said to be": {
			settings: map[string]string{"xpack.security.transport.ssl.verification_mode": "full"},
			setting:  "xpack.security.transport.ssl.verification_mode", text: "unless xpack.security.transport.ssl.enabled is set",
		},
		"TLS without a certificate": {
			settings: map[string]string{"xpack.security.transport.ssl.enabled": "true"}, setting: "xpack.security.transport.ssl.enabled", text: "neither a certificate",
		},
		"TLS that is off": {
			settings: map[string]string{"xpack.security.transport.ssl.enabled": "false", "xpack.security.transport.ssl.verification_mode": "full"},
		},
		"TLS with a keystore": {settings: map[string]string{"xpack.security.transport.ssl.enabled": "true", "xpack.security.transport.ssl.keystore.path": "certs/t.p12"}},
	} {
		for _, version := range []string{"7.17.29", "8.19.3"} {
			s := good()
			s.Version, s.Settings, s.Roles = version, c.settings, c.roles
			problems := s.Check()
			if c.setting == "" || version == "7.17.29" {
				for _, p := range problems {
					if !p.Warning {
						t.Errorf("%s: %s refuses %+v", name, version, p)
					}
				}
				continue
			}
			if found := problemOf(problems, c.setting); found == nil || found.Warning != c.warning || !strings.Contains(found.Text, c.text) {
				t.Errorf("%s: %+v", name, problems)
			}
		}
	}
	// What is chosen for the user is good for 8, too: alone and in a cluster.
	for name, change := range map[string]func(*elasticsearch.Spec){
		"alone":   func(*elasticsearch.Spec) {},
		"cluster": func(s *elasticsearch.Spec) { s.SeedHosts, s.Transport = []string{"b"}, s.HTTP },
	} {
		s := good()
		s.Version = "8.19.3"
		change(&s)
		if problems := s.Check(); len(problems) > 0 {
			t.Errorf("%s: %+v", name, problems)
		}
	}
}
