package elasticsearch

import "strings"

// instead says what to do about a deprecated setting, by its name or, with a dot in the end, by how its name begins. Sources: Elasticsearch's reference of 7.17, Breaking
// changes in 8.0 and the settings' own pages.
var instead = map[string]string{
	"xpack.monitoring.enabled":                          "It has no effect since 7.8, and 8 does not start with it. Leave it out.",
	"xpack.monitoring.collection.":                      "Collection by Elasticsearch itself goes away; Metricbeat collects from outside. Leave it out unless you look at Stack Monitoring.",
	"xpack.monitoring.exporters.":                       "Collection by Elasticsearch itself goes away; Metricbeat collects from outside.",
	"xpack.monitoring.elasticsearch.collection.enabled": "Collection by Elasticsearch itself goes away; Metricbeat collects from outside.",

	"node.master":                                         "Use roles, with or without master.",
	"node.data":                                           "Use roles, with or without data.",
	"node.ingest":                                         "Use roles, with or without ingest.",
	"node.ml":                                             "Use roles, with or without ml.",
	"node.transform":                                      "Use roles, with or without transform.",
	"node.remote_cluster_client":                          "Use roles, with or without remote_cluster_client.",
	"node.voting_only":                                    "Use roles with voting_only.",
	"node.max_local_storage_nodes":                        "Give each node a data path of its own.",
	"node.local_storage":                                  "Give nodes without data a data path all the same.",
	"discovery.zen.ping.unicast.hosts":                    "Use seed_hosts.",
	"discovery.zen.hosts_provider":                        "Use discovery.seed_providers.",
	"discovery.zen.minimum_master_nodes":                  "It has no effect since 7.0: leave it out.",
	"discovery.zen.":                                      "It has no effect since 7.0, or belongs to discovery before 7.0: leave it out.",
	"pidfile":                                             "Use node.pidfile.",
	"processors":                                          "Use node.processors.",
	"gateway.expected_nodes":                              "Use gateway.expected_data_nodes.",
	"gateway.expected_master_nodes":                       "Use gateway.expected_data_nodes.",
	"gateway.recover_after_nodes":                         "Use gateway.recover_after_data_nodes.",
	"gateway.recover_after_master_nodes":                  "Use gateway.recover_after_data_nodes.",
	"bootstrap.system_call_filter":                        "System call filters cannot be switched off in 8. Leave it out.",
	"cluster.join.timeout":                                "It has no effect any more. Leave it out.",
	"http.tcp_no_delay":                                   "Use http.tcp.no_delay.",
	"network.tcp.connect_timeout":                         "Use transport.connect_timeout.",
	"transport.tcp.port":                                  "Use transport.port.",
	"transport.tcp.compress":                              "Use transport.compress.",
	"transport.tcp.connect_timeout":                       "Use transport.connect_timeout.",
	"transport.tcp_no_delay":                              "Use transport.tcp.no_delay.",
	"search.remote.":                                      "Use cluster.remote.",
	"indices.lifecycle.step.master_timeout":               "It has no effect any more. Leave it out.",
	"xpack.ilm.enabled":                                   "Index lifecycle management cannot be switched off any more. Leave it out.",
	"xpack.slm.enabled":                                   "Snapshot lifecycle management cannot be switched off any more. Leave it out.",
	"xpack.sql.enabled":                                   "It has no effect any more. Leave it out.",
	"xpack.eql.enabled":                                   "It has no effect any more. Leave it out.",
	"xpack.rollup.enabled":                                "It has no effect any more. Leave it out.",
	"xpack.transform.enabled":                             "It has no effect any more. Leave it out.",
	"xpack.vectors.enabled":                               "It has no effect any more. Leave it out.",
	"xpack.flattened.enabled":                             "It has no effect any more. Leave it out.",
	"xpack.security.authc.accept_default_password":        "It has no effect any more. Leave it out.",
	"cluster.routing.allocation.disk.include_relocations": "It has no effect any more. Leave it out.",
}

// advice is what to do about a deprecated setting; empty when the list has nothing special.
func advice(name string) string {
	if text, ok := instead[name]; ok {
		return text
	}
	best := ""
	for prefix := range instead {
		if strings.HasSuffix(prefix, ".") && strings.HasPrefix(name, prefix) && len(prefix) > len(best) {
			best = prefix
		}
	}
	return instead[best]
}

// isDeprecated tells whether a setting is deprecated: as its class says, or as only the documentation does.
func (s setting) isDeprecated(name string) bool { return s.deprecated || advice(name) != "" }
