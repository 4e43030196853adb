package elasticcluster_test

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/flowstack/terraform-provider-flowstack/provider/elasticcluster"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

func are(e *providertest.Elasticsearch, want string) func() error {
	return func() error {
		if got := fmt.Sprint(e.ClusterSettings()); got != want {
			return fmt.Errorf("the settings are %s, not %s", got, want)
		}
		return nil
	}
}

const awareness = "cluster.routing.allocation.awareness.attributes"

// TestSettingsLife: one setting was at another value before, one was not set, and one is somebody else's.
func TestSettingsLife(t *testing.T) {
	h, e := providertest.StartHost(t, nil), providertest.StartElasticsearch(t)
	before := func() {
		for name, value := range map[string]any{"search.max_buckets": "30000", "cluster.max_shards_per_node": nil, awareness: nil} {
			e.SetClusterSetting(false, name, value)
		}
	}
	before()
	body := func(more string) string {
		return `settings = {` + "\n" + `"search.max_buckets" = 100000` + "\n" + more + "\n}"
	}
	providertest.Life{
		Host: h, Elasticsearch: e, Type: elasticcluster.SettingsType,
		Body:         body(fmt.Sprintf("%q = \"rack, zone\"", awareness)),
		Changed:      body(`"cluster.max_shards_per_node" = 2000`),
		Check:        are(e, "map["+awareness+":rack, zone search.max_buckets:100000]"),
		CheckChanged: are(e, "map[cluster.max_shards_per_node:2000 search.max_buckets:100000]"),
		Drifts: []providertest.Drift{
			{Name: "a value", By: func() { e.SetClusterSetting(false, "search.max_buckets", "5") }, Fact: "setting search.max_buckets", From: "5", To: "100000"},
			{Name: "a default", By: func() { e.SetClusterSetting(false, "search.max_buckets", nil) }, Fact: "setting search.max_buckets", From: "", To: "100000"},
			{
				Name: "a transient one", By: func() { e.SetClusterSetting(true, "search.max_buckets", "7") },
				Fact: "setting search.max_buckets", From: "7 (transient)", To: "100000",
			},
		},
		ImportID: "cluster", Identity: map[string]string{"name": "cluster"},
		Vanish: func() {
			e.SetClusterSetting(false, "search.max_buckets", nil)
			e.SetClusterSetting(false, awareness, nil)
		},
		Left: func() error {
			got := fmt.Sprint(e.ClusterSettings())
			if got != "map[search.max_buckets:30000]" && got != "map[]" { // the latter after it was gone by hand
				return fmt.Errorf("the settings are %s", got)
			}
			return nil
		},
	}.Run(t)
}

func TestSettingsArePutBack(t *testing.T) {
	h, e := providertest.StartHost(t, nil), providertest.StartElasticsearch(t)
	e.SetClusterSetting(false, "search.max_buckets", "30000")
	e.SetClusterSetting(false, "cluster.max_shards_per_node", "500")
	config := func(settings string) string {
		return e.Provider(h) + fmt.Sprintf("resource %q \"test\" {\n settings = {\n%s\n}\n}\n", elasticcluster.SettingsType, settings)
	}
	tofu := providertest.NewCLI(t)
	for _, step := range []struct{ settings, want string }{
		{`"search.max_buckets" = 1`, "map[cluster.max_shards_per_node:500 search.max_buckets:1]"},
		{`"cluster.max_shards_per_node" = 600`, "map[cluster.max_shards_per_node:600 search.max_buckets:30000]"},
		{fmt.Sprintf("%q = \"rack\"", awareness), "map[cluster.max_shards_per_node:500 " + awareness + ":rack search.max_buckets:30000]"},
		{`"cluster.max_shards_per_node" = 500`, "map[cluster.max_shards_per_node:500 search.max_buckets:30000]"},
	} {
		tofu.Write(config(step.settings))
		if got := tofu.Apply(); len(got.Errors)+len(got.Warnings) > 0 {
			t.Fatalf("%s: %+v", step.settings, got)
		}
		if err := are(e, step.want)(); err != nil {
			t.Errorf("%s: %v", step.settings, err)
		}
		if got := tofu.Plan(); got.Changes > 0 {
			t.Errorf("%s: there is more to do: %+v", step.settings, got)
		}
	}
	if got := tofu.Destroy(); len(got.Errors) > 0 {
		t.Fatal(got.Errors)
	}
	if err := are(e, "map[cluster.max_shards_per_node:500 search.max_buckets:30000]")(); err != nil {
		t.Error(err)
	}
}

func TestSettingsErrors(t *testing.T) {
	h, e := providertest.StartHost(t, nil), providertest.StartElasticsearch(t)
	steps := make([]resource.TestStep, 0, 5)
	for settings, want := range map[string]string{
		`"search.max_bucket" = 1`:                   `(?s)Unable to create Elasticsearch cluster settings.*not\s+recognized;\s+did\s+you\s+mean\s+"search.max_buckets"`,
		`"indices.query.bool.max_clause_count" = 1`: `(?s)not\s+dynamically\s+updateable.*in\s+elasticsearch.yml`,
		`"search.*" = 1`:                            `It is no name of a setting`,
		`"search.max_buckets" = null`:               `It has no value`,
		``:                                          `at least 1`,
	} {
		steps = append(steps, resource.TestStep{
			Config:      e.Provider(h) + fmt.Sprintf("resource %q \"test\" {\n settings = {\n%s\n}\n}\n", elasticcluster.SettingsType, settings),
			ExpectError: regexp.MustCompile(want),
		})
	}
	steps = append(steps, resource.TestStep{Config: e.Provider(h)})
	resource.UnitTest(t, resource.TestCase{ProtoV6ProviderFactories: providertest.Factories(t), Steps: steps})
}
