package elasticsearch

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/appliance/stack"
)

// removed are the settings of 7.17 that Elasticsearch 8 does not start with, with * for a word that the user chooses; one that ends in a dot is all that begin
// so. Source: Elasticsearch's reference, Migrating to 8.0, Cluster and node setting changes.
var removed = strings.Fields(`
	bootstrap.system_call_filter
	cluster.join.timeout
	cluster.remote.connect
	cluster.routing.allocation.disk.include_relocations
	cluster.routing.allocation.exclude._tier
	cluster.routing.allocation.include._tier
	cluster.routing.allocation.require._tier
	discovery.zen.
	gateway.auto_import_dangling_indices
	gateway.expected_master_nodes
	gateway.expected_nodes
	gateway.recover_after_master_nodes
	gateway.recover_after_nodes
	http.content_type.required
	http.tcp_no_delay
	network.tcp.connect_timeout
	node.data
	node.ingest
	node.local_storage
	node.master
	node.max_local_storage_nodes
	node.ml
	node.remote_cluster_client
	node.transform
	node.voting_only
	pidfile
	processors
	search.remote.
	thread_pool.listener.
	transport.profiles.*.receive_buffer_size
	transport.profiles.*.reuse_address
	transport.profiles.*.send_buffer_size
	transport.profiles.*.tcp_keep_alive
	transport.profiles.*.tcp_no_delay
	transport.profiles.*.xpack.security.type
	transport.tcp.compress
	transport.tcp.connect_timeout
	transport.tcp.port
	transport.tcp_no_delay
	xpack.enrich.enabled
	xpack.flattened.enabled
	xpack.ilm.enabled
	xpack.monitoring.enabled
	xpack.monitoring.exporters.*.auth.password
	xpack.rollup.enabled
	xpack.security.authc.accept_default_password
	xpack.security.authz.store.roles.index.cache.
	xpack.slm.enabled
	xpack.sql.enabled
	xpack.transform.enabled
	xpack.vectors.enabled
`)

// removedIn8 tells whether Elasticsearch 8 does not start with a setting that 7.17 knows.
func removedIn8(name string) bool {
	return slices.ContainsFunc(removed, func(pattern string) bool {
		return pattern == name || stack.IsPattern(pattern) && stack.Matches(pattern, name)
	})
}

var (
	storeType = regexp.MustCompile(`\.ssl\.(keystore|truststore)\.type$`)
	realm     = regexp.MustCompile(`^(xpack\.security\.authc\.realms\.[^.]+\.[^.]+)\.`)
	// underASecond is a time that is less than that.
	underASecond = regexp.MustCompile(`^(-1|0|-?[0-9]+(nanos|micros)|[0-9]{1,3}ms)$`)
)

// eight checks what 8 is stricter about than 7.17. Source: as of removed.
func (c *check) eight() {
	if !c.spec.major8() {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(c.settings)) {
		value := c.settings[name]
		switch {
		case name == "cluster.routing.allocation.disk.watermark.enable_for_single_data_node" && value == "false":
			c.wrong(name, "Elasticsearch 8 takes nothing but true. To fill a disk to the end, set cluster.routing.allocation.disk.threshold_enabled to false.")
		case name == "indices.query.bool.max_clause_count":
			c.warn(name, "It has no effect in 8, which computes the limit from heap and processors. Leave it out.")
		case name == "indices.lifecycle.poll_interval" && underASecond.MatchString(value):
			c.wrong(name, "Elasticsearch 8 takes no less than 1s.")
		case name == "xpack.searchable.snapshot.shared_cache.size" && c.spec.Roles != nil && !slices.Contains(c.spec.Roles, "data_frozen"):
			c.wrong(name, "Elasticsearch 8 does not start with it on a node without the role data_frozen.")
		case storeType.MatchString(name) && strings.EqualFold(value, "PKCS11"):
			c.wrong(name, "Elasticsearch 8 takes no PKCS#11 here, only as the store of its JVM.")
		}
		if m := realm.FindStringSubmatch(name); m != nil && c.settings[m[1]+".order"] == "" {
			c.wrong(name, "Elasticsearch 8 does not start with a realm that has no order: give %s.order, too.", m[1])
		}
	}
	for _, side := range []string{"http", "transport"} {
		c.eightSSL("xpack.security." + side + ".ssl.")
	}
}

// eightSSL checks the settings of TLS that begin so: 8 wants it said whether they are in force, and what with.
func (c *check) eightSSL(prefix string) {
	switch enabled := c.settings[prefix+"enabled"]; {
	case enabled == "true" && c.settings[prefix+"keystore.path"] == "" && (c.settings[prefix+"certificate"] == "" || c.settings[prefix+"key"] == ""):
		c.wrong(prefix+"enabled", "Elasticsearch 8 does not start with TLS that has neither a certificate and its key nor a keystore.")
	case enabled == "":
		for name := range c.settings {
			if strings.HasPrefix(name, prefix) {
				c.wrong(name, "Elasticsearch 8 does not start with it unless %senabled is set, too.", prefix)
			}
		}
	}
}
