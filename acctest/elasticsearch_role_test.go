package acctest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/security"
)

// TestWriterHasTheRoleOfCollectors: what works in the tests works with what collector_role gives.
func TestWriterHasTheRoleOfCollectors(t *testing.T) {
	type indices struct{ Names, Privileges []string }
	var roles map[string]struct {
		Cluster []string
		Indices []indices
	}
	if err := yaml.Unmarshal([]byte(elasticsearchRoles), &roles); err != nil {
		t.Fatal(err)
	}
	role, got := security.CollectorRole("flows", "health-flows"), roles["flow_writer"]
	want := make([]indices, 0, len(role.Indices))
	for _, i := range role.Indices {
		want = append(want, indices{i.Names, i.Privileges})
	}
	if diff := cmp.Diff(role.Cluster, got.Cluster) + cmp.Diff(want, got.Indices); diff != "" {
		t.Errorf("collector_role (-) and the role of the tests (+):\n%s", diff)
	}
}
