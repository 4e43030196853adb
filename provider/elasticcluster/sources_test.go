package elasticcluster_test

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/flowstack/terraform-provider-flowstack/provider/elasticcluster"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

// The text of _migration/deprecations is the example of Elastic's reference for 7.17.
const deprecations = `{"cluster_settings":[{"level":"critical","message":"Cluster name cannot contain ':'","url":"https://www.elastic.co/guide/x","details":"This cluster is named [mycompany:logging]"}],
"node_settings":[],"index_settings":{"logs:apache":[{"level":"warning","message":"Index name cannot contain ':'","url":"https://www.elastic.co/guide/y","details":"logs:apache"}]},"ml_settings":[]}`

func TestDataSources(t *testing.T) {
	h, e := providertest.StartHost(t, nil), providertest.StartElasticsearch(t)
	config := func(kind string) string { return e.Provider(h) + fmt.Sprintf("data %q \"test\" {}\n", kind) }
	expect := func(kind string, pairs ...string) resource.TestStep {
		checks := make([]resource.TestCheckFunc, 0, len(pairs)/2)
		for i := 0; i < len(pairs); i += 2 {
			checks = append(checks, resource.TestCheckResourceAttr("data."+kind+".test", pairs[i], pairs[i+1]))
		}
		return resource.TestStep{Config: config(kind), Check: resource.ComposeTestCheckFunc(checks...)}
	}
	withDeprecations := expect(elasticcluster.DeprecationsType, "critical", "1", "deprecations.#", "2", "deprecations.0.kind", "cluster_settings",
		"deprecations.0.level", "critical", "deprecations.1.index", "logs:apache", "deprecations.1.message", "Index name cannot contain ':'")
	withDeprecations.PreConfig = func() { e.SetDeprecations(deprecations) }
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{
			expect(elasticcluster.ClusterType, "name", "flows", "uuid", "D3KmwSXERhyBTJyhX5ZJUg", "version", "7.17.29", "health", "yellow", "master", "node-1",
				"active_shards", "3", "unassigned_shards", "2", "nodes.#", "1", "nodes.0.name", "node-1", "nodes.0.roles.1", "master", "nodes.0.http_address", "192.0.2.10:9200"),
			expect(elasticcluster.CertificatesType, "days_left", "100", "certificates.#", "2", "certificates.0.path", "ca.crt", "certificates.0.days_left", "101",
				"certificates.1.subject", "CN=localhost", "certificates.1.has_private_key", "true"),
			{Config: config(elasticcluster.DeprecationsType), ExpectError: regexp.MustCompile(`(?s)Unable to read the deprecations of Elasticsearch.*has\s+no\s+deprecation\s+API`)},
			withDeprecations,
			{
				Config:      h.Provider() + fmt.Sprintf("data %q \"test\" {}\n", elasticcluster.ClusterType),
				ExpectError: regexp.MustCompile(`(?s)Unable to read the Elasticsearch cluster.*add elasticsearch = \{`),
			},
		},
	})
}
