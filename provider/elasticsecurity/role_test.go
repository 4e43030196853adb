package elasticsecurity_test

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/flowstack/terraform-provider-flowstack/provider/elasticsecurity"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

// has expects an object of Elasticsearch to look so, printed.
func has(e *providertest.Elasticsearch, path, attribute, want string) func() error {
	return func() error {
		if got := fmt.Sprint(e.Security(path)[attribute]); got != want {
			return fmt.Errorf("the %s of %s are %s, not %s", attribute, path, got, want)
		}
		return nil
	}
}

// gone expects there to be no such object.
func gone(e *providertest.Elasticsearch, path string) func() error {
	return func() error {
		if found := e.Security(path); found != nil {
			return fmt.Errorf("there is %s: %v", path, found)
		}
		return nil
	}
}

func TestRoleLife(t *testing.T) {
	h, e := providertest.StartHost(t, nil), providertest.StartElasticsearch(t)
	body := func(cluster string) string {
		return `name = "writer"
  cluster = ["` + cluster + `"]
  indices = [
    { names = ["flows", "flows-*"], privileges = ["view_index_metadata", "create_doc"] },
    { names = [".own"], privileges = ["read"], allow_restricted_indices = true },
  ]
  applications = [{ application = "kibana-.kibana", privileges = ["feature_dashboard.read"], resources = ["space:default"] }]
  run_as = ["reader"]`
	}
	by := func(change func(role map[string]any)) func() {
		return func() {
			role := e.Security("role/writer")
			change(role)
			e.SetRole("writer", role)
		}
	}
	providertest.Life{
		Host: h, Elasticsearch: e, Type: elasticsecurity.RoleType,
		Body: body("monitor"), Changed: body("manage"),
		Check: has(e, "role/writer", "cluster", "[monitor]"), CheckChanged: has(e, "role/writer", "cluster", "[manage]"),
		Drifts: []providertest.Drift{
			{
				Name: "a privilege", By: by(func(role map[string]any) { role["cluster"] = []string{"monitor", "all"} }),
				Fact: "cluster privileges", From: "all, monitor", To: "monitor",
			},
			{
				Name: "indices", By: by(func(role map[string]any) {
					role["indices"] = []any{map[string]any{"names": []string{"flows", "flows-*"}, "privileges": []string{"all"}, "query": `{"match_all":{}}`}}
				}),
				Fact: "indices flows, flows-*", From: "all", To: "create_doc, view_index_metadata",
			},
			{
				Name: "metadata", By: by(func(role map[string]any) { role["metadata"] = map[string]any{} }),
				Fact: "metadata managed_by", From: "", To: "flowstack",
			},
		},
		Vanish:   func() { e.SetRole("writer", nil) },
		ImportID: "writer", Identity: map[string]string{"name": "writer"},
		Left: gone(e, "role/writer"),
	}.Run(t)
}

func TestRoleErrors(t *testing.T) {
	h, e := providertest.StartHost(t, nil), providertest.StartElasticsearch(t)
	config := func(body string) string {
		return e.Provider(h) + fmt.Sprintf("resource %q \"test\" {\n%s\n}\n", elasticsecurity.RoleType, body)
	}
	e.SetRole("taken", map[string]any{"cluster": []string{"all"}, "indices": []any{}, "metadata": map[string]any{}})
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{
			{
				Config:      config(`name = "x"` + "\n" + `cluster = ["monitr"]`),
				ExpectError: regexp.MustCompile(`(?s)Unable to use privilege monitr.*monitor_ml`),
			},
			{
				Config:      config(`name = "x"` + "\n" + `indices = [{ names = ["a"], privileges = ["create_docs"] }]`),
				ExpectError: regexp.MustCompile(`(?s)Unable to use privilege create_docs`),
			},
			{
				Config:      config(`name = " x"`),
				ExpectError: regexp.MustCompile(`printable ASCII`),
			},
			{
				Config:      config(`name = "taken"` + "\n" + `cluster = ["monitor"]`),
				ExpectError: regexp.MustCompile(`(?s)Unable to create Elasticsearch role taken.*flowstack\s+did\s+not\s+make`),
			},
			{Config: config(`name = "x"` + "\n" + `cluster = ["cluster:monitor/*"]`)},
		},
	})
}
