package elasticsecurity_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

// TestAway: without Elasticsearch, and without its host, a plan takes the state for true, and says so once.
func TestAway(t *testing.T) {
	h, e := providertest.StartHost(t, nil), providertest.StartElasticsearch(t)
	tofu := providertest.NewCLI(t)
	tofu.Write(e.Provider(h) + fmt.Sprintf(`
resource "flowstack_elasticsearch_user_password" "kibana" {
  username    = "kibana_system"
  password_wo = "kibana-canary"
}
resource "flowstack_elasticsearch_role" "writer" {
  name    = "writer"
  cluster = ["monitor"]
}
resource "flowstack_elasticsearch_user" "writer" {
  username    = "writer"
  password_wo = "writer-canary"
  roles       = ["writer"]
}
resource "flowstack_elasticsearch_api_key" "collector" {
  name    = "collector"
  file    = %q
  cluster = ["monitor"]
}
`, keyFile))
	if got := tofu.Apply(); len(got.Errors)+len(got.Warnings) > 0 {
		t.Fatalf("%+v", got)
	}
	expect := func(what, warning string) {
		t.Helper()
		got := tofu.Plan()
		if got.Changes != 0 || len(got.Errors) > 0 || len(got.Warnings) != 1 || !strings.Contains(got.Warnings[0], warning) {
			t.Errorf("%s: %+v", what, got)
		}
	}
	e.Fail(&providertest.Failure{Status: 503, Body: `{"error":{"type":"master_not_discovered_exception"},"status":503}`})
	expect("an Elasticsearch that is not ready", "Unable to read from Elasticsearch")
	e.Close()
	expect("no Elasticsearch", "Unable to read from Elasticsearch")
	h.Stop()
	expect("no host", "Unable to read from host flow1")
}
