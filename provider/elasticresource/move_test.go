package elasticresource_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/flowstack/terraform-provider-flowstack/provider/elasticresource"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

// both is a configuration with what Elastic's provider manages as well.
const both = `
resource "flowstack_elasticsearch_role" "this" {
  name    = "reader"
  cluster = ["monitor"]
  indices = [{ names = ["flows"], privileges = ["read"] }]
}
resource "flowstack_elasticsearch_user" "this" {
  username    = "anna"
  password_wo = "a secret of hers"
  roles       = ["reader"]
}
resource "flowstack_elasticsearch_user_password" "this" {
  username    = "kibana_system"
  password_wo = "a secret of its own"
}
resource "flowstack_elasticsearch_snapshot_repository" "this" {
  name     = "backup"
  type     = "fs"
  settings = { location = "/srv/snapshots/a" }
}
resource "flowstack_elasticsearch_slm_policy" "this" {
  name       = "nightly"
  schedule   = "0 30 1 * * ?"
  repository = flowstack_elasticsearch_snapshot_repository.this.name
}
resource "flowstack_elasticsearch_cluster_settings" "this" {
  settings = { "search.max_buckets" = "70000" }
}
resource "flowstack_kibana_space" "this" {
  space_id = "ops"
  name     = "Operations"
}
`

// moved are the types of Elastic's provider, with what their states say, by the type here.
var moved = map[string]struct {
	from       string
	attributes map[string]any
}{
	"flowstack_elasticsearch_role":                {"elasticstack_elasticsearch_security_role", map[string]any{"id": "uuid/reader", "name": "reader", "run_as": nil}},
	"flowstack_elasticsearch_user":                {"elasticstack_elasticsearch_security_user", map[string]any{"id": "uuid/anna", "username": "anna", "password_hash": nil}},
	"flowstack_elasticsearch_user_password":       {"elasticstack_elasticsearch_security_system_user", map[string]any{"username": "kibana_system"}},
	"flowstack_elasticsearch_snapshot_repository": {"elasticstack_elasticsearch_snapshot_repository", map[string]any{"name": "backup", "elasticsearch_connection": []any{}}},
	"flowstack_elasticsearch_slm_policy":          {"elasticstack_elasticsearch_snapshot_lifecycle", map[string]any{"name": "nightly"}},
	"flowstack_elasticsearch_cluster_settings": {"elasticstack_elasticsearch_cluster_settings", map[string]any{"id": "uuid/cluster-settings", "persistent": []any{
		map[string]any{"setting": []any{map[string]any{"name": "search.max_buckets", "value": "70000", "value_list": []any{}}}},
	}}},
	"flowstack_kibana_space": {"elasticstack_kibana_space", map[string]any{"space_id": "ops"}},
}

// TestMovedFromElasticsProvider hands over what Elastic's provider made, by moved blocks.
func TestMovedFromElasticsProvider(t *testing.T) {
	s := start(t)
	tofu := providertest.NewCLI(t)
	config := strings.Replace(s.elasticsearch.Provider(s.host), "  elasticsearch = {", "  kibana = "+s.kibana.Config()+"\n  elasticsearch = {", 1) + both
	tofu.Write(config)
	if said := tofu.Apply(); len(said.Errors) > 0 {
		t.Fatalf("%q\n%s", said.Errors, config)
	}
	handOver(t, filepath.Join(tofu.Dir, "terraform.tfstate"))
	tofu.Former = []string{elasticresource.Elasticstack}
	// Drift is not hidden by what the other provider believed.
	s.elasticsearch.SetRole("reader", map[string]any{"cluster": []string{"monitor", "manage"}, "indices": []any{map[string]any{"names": []string{"flows"}, "privileges": []string{"read"}}}})
	var blocks strings.Builder
	for to, m := range moved {
		fmt.Fprintf(&blocks, "moved {\n  from = %s.this\n  to   = %s.this\n}\n", m.from, to)
	}
	tofu.Write(config + blocks.String())
	plan, said := tofu.Show()
	if len(said.Errors)+len(said.Warnings) > 0 {
		t.Fatalf("%q, %q", said.Errors, said.Warnings)
	}
	// Nobody can read passwords: that they are the configured ones is settled by the apply.
	want := map[string]tfjson.Actions{
		"flowstack_elasticsearch_role": {tfjson.ActionUpdate}, "flowstack_elasticsearch_user": {tfjson.ActionUpdate}, "flowstack_elasticsearch_user_password": {tfjson.ActionUpdate},
	}
	for _, change := range plan.ResourceChanges {
		actions := tfjson.Actions{tfjson.ActionNoop}
		if other, ok := want[change.Type]; ok {
			actions = other
		}
		if !slices.Equal(change.Change.Actions, actions) || change.PreviousAddress != moved[change.Type].from+".this" {
			t.Errorf("%s, once %s: %v from %v to %v", change.Address, change.PreviousAddress, change.Change.Actions, change.Change.Before, change.Change.After)
		}
	}
	if len(plan.ResourceChanges) != len(moved) {
		t.Errorf("the plan has %d resources, want %d", len(plan.ResourceChanges), len(moved))
	}
	if said := tofu.Apply(); len(said.Errors)+len(said.Warnings) > 0 {
		t.Fatalf("%q, %q", said.Errors, said.Warnings)
	}
	if said := tofu.Plan(); said.Changes != 0 || len(said.Errors)+len(said.Warnings) > 0 {
		t.Errorf("after the apply there is something to do: %+v", said)
	}
	if role := s.elasticsearch.Security("role/reader"); !strings.Contains(fmt.Sprint(role), "cluster:[monitor]") {
		t.Errorf("the role is %v", role)
	}
}

// handOver rewrites a state: Elastic's provider has what ours made.
func handOver(t *testing.T, file string) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var state map[string]any
	if err := json.Unmarshal(content, &state); err != nil {
		t.Fatal(err)
	}
	resources, ok := state["resources"].([]any)
	if !ok || len(resources) != len(moved) {
		t.Fatalf("the state has %v", state["resources"])
	}
	for _, one := range resources {
		r := elasticresource.Object(one)
		m := moved[fmt.Sprint(r["type"])]
		r["type"], r["provider"] = m.from, strings.Replace(fmt.Sprint(r["provider"]), "flowstack/flowstack", elasticresource.Elasticstack, 1)
		r["instances"] = []any{map[string]any{"schema_version": 0, "attributes": m.attributes}}
	}
	if content, err = json.Marshal(state); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
