package elasticsearch_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch"
)

func TestReasons(t *testing.T) {
	for name, c := range map[string]struct {
		log  string
		want []string
	}{
		"bootstrap checks": {
			`[2026-11-27T10:00:00,000][INFO ][o.e.n.Node               ] [a] version[7.17.29], pid[12], build[x], OS[Linux]
[2026-11-27T10:00:01,000][ERROR][o.e.b.Bootstrap          ] [a] node validation exception
[2] bootstrap checks failed. You must address the points described in the following [2] lines before starting Elasticsearch.
bootstrap check failure [1] of [2]: memory locking requested for elasticsearch process but memory is not locked
bootstrap check failure [2] of [2]: max virtual memory areas vm.max_map_count [65530] is too low, increase to at least [262144]
`,
			[]string{
				"node validation exception",
				"bootstrap check failure [1] of [2]: memory locking requested for elasticsearch process but memory is not locked " +
					"(the host does not let the service lock memory, as containers often do not: give memory_lock = false, and take care that nothing is swapped out)",
				"bootstrap check failure [2] of [2]: max virtual memory areas vm.max_map_count [65530] is too low, increase to at least [262144] " +
					"(set vm.max_map_count with flowstack_sysctl and sysctl_profile(\"elasticsearch\"))",
			},
		},
		"an earlier start does not count": {
			`[2026-11-27T09:00:00,000][INFO ][o.e.n.Node] [a] version[7.17.29], pid[1]
bootstrap check failure [1] of [1]: old
[2026-11-27T10:00:00,000][INFO ][o.e.n.Node] [a] version[7.17.29], pid[2]
[2026-11-27T10:00:01,000][INFO ][o.e.n.Node] [a] started
`, nil,
		},
		"innermost cause": {
			`[2026-11-27T10:00:01,000][ERROR][o.e.b.ElasticsearchUncaughtExceptionHandler] [a] uncaught exception in thread [main]
org.elasticsearch.bootstrap.StartupException: ElasticsearchSecurityException[failed to load SSL configuration [xpack.security.http.ssl]]; nested: x
	at org.elasticsearch.bootstrap.Elasticsearch.init(Elasticsearch.java:170)
Caused by: org.elasticsearch.ElasticsearchSecurityException: failed to load SSL configuration [xpack.security.http.ssl]
	... 6 more
Caused by: java.nio.file.NoSuchFileException: /etc/elasticsearch/certs/http.key
	at sun.nio.fs.UnixException.translateToIOException(UnixException.java:92)
`, []string{"java.nio.file.NoSuchFileException: /etc/elasticsearch/certs/http.key"},
		},
		"journal": {
			`uncaught exception in thread [main]
java.lang.IllegalArgumentException: unknown setting [foo.bar] please check that any required plugins are installed, or check the breaking changes documentation for removed settings
	at org.elasticsearch.common.settings.AbstractScopedSettings.validate(AbstractScopedSettings.java:561)
For complete error details, refer to the log at /var/log/elasticsearch/flows.log
`, []string{"java.lang.IllegalArgumentException: unknown setting [foo.bar] please check that any required plugins are installed, or check the breaking changes documentation for removed settings"},
		},
		"no master": {
			`[2026-11-27T10:00:00,000][INFO ][o.e.n.Node] [a] version[7.17.29], pid[2]
[2026-11-27T10:00:20,000][WARN ][o.e.c.c.ClusterFormationFailureHelper] [a] master not discovered yet, this node has not previously joined a bootstrapped (v7+) cluster, and this node must discover master-eligible nodes [a, b] to bootstrap a cluster: have discovered [{a}]
`, []string{"master not discovered yet, this node has not previously joined a bootstrapped (v7+) cluster, and this node must discover master-eligible nodes [a, b] to bootstrap a cluster: have discovered [{a}]"},
		},
		"nothing": {"", nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, elasticsearch.Reasons(c.log)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
