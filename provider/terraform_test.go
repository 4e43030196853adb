package provider_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/acctest/kibanafake"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

// TestTerraformQuery finds what somebody made by hand, writes the configuration for it, and plans that: it imports all, and changes nothing but what the guide says.
func TestTerraformQuery(t *testing.T) {
	providertest.NeedTerraform(t, 14)
	h, e := start(t)
	h.SetPackage("elasticsearch", "hold 7.17.28")
	e.LeaveDisabledUser("writer", "secret-canary")
	e.SetRole("flow_reader", map[string]any{"cluster": []string{"monitor"}})
	k := providertest.StartKibana(t)
	k.SetSpace(kibanafake.Space{ID: "noc", Name: "Operations", DisabledFeatures: []string{}})
	k.SetObject("noc", kibanafake.Object{Type: "index-pattern", ID: "flows-*", Attributes: map[string]any{"title": "flows-*", "timeFieldName": "@timestamp"}})
	tofu := providertest.NewCLI(t)
	tofu.Write(providertest.Preamble + fmt.Sprintf("provider \"flowstack\" {\n  hosts = {\n    flow1 = %s\n  }\n  elasticsearch = %s\n  kibana = %s\n}\n", h.Config(), e.Config(), k.Config()))
	files, err := filepath.Glob(filepath.Join(providertest.Root(t), "examples", "list-resources", "*", "*.tfquery.hcl"))
	if err != nil || len(files) < 7 {
		t.Fatalf("%q, %v", files, err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(tofu.Dir, filepath.Base(filepath.Dir(file))+".tfquery.hcl"), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	said := tofu.Query("found.tf")
	if len(said.Errors)+len(said.Warnings) > 0 {
		t.Fatalf("%q, %q", said.Errors, said.Warnings)
	}
	found := slices.Sorted(slices.Values(said.Found))
	if want := []string{
		"flowstack_elasticsearch_role flow_reader (monitor)", "flowstack_elasticsearch_user writer", "flowstack_kibana_object noc/index-pattern/flows-* (flows-*)",
		"flowstack_kibana_space default (Default)", "flowstack_kibana_space noc (Operations)", "flowstack_package elasticsearch (7.17.28, held)",
	}; !slices.Equal(found, want) {
		t.Errorf("it found %q, want %q", found, want)
	}
	generated := filepath.Join(tofu.Dir, "found.tf")
	content, err := os.ReadFile(generated)
	if err != nil {
		t.Fatal(err)
	}
	// What nobody can read is for the user to fill in.
	filled := bytes.Replace(content, []byte("password_wo = null # sensitive"), []byte(`password_wo = "secret-canary"`), 1)
	if err := os.WriteFile(generated, filled, 0o600); err != nil {
		t.Fatal(err)
	}
	plan, said := tofu.Show()
	if len(said.Errors)+len(said.Warnings) > 0 {
		t.Fatalf("%q, %q\n%s", said.Errors, said.Warnings, filled)
	}
	for _, change := range plan.ResourceChanges {
		marked := change.Type == "flowstack_elasticsearch_role" || change.Type == "flowstack_elasticsearch_user" // they get a mark that flowstack manages them
		if change.Change.Importing == nil || !marked && !change.Change.Actions.NoOp() || marked && !change.Change.Actions.Update() {
			t.Errorf("%s: %v from %v to %v", change.Address, change.Change.Actions, change.Change.Before, change.Change.After)
		}
	}
	if len(plan.ResourceChanges) != len(found) {
		t.Errorf("%d resources are imported, want %d", len(plan.ResourceChanges), len(found))
	}
	if said := tofu.Apply(); len(said.Errors)+len(said.Warnings) > 0 {
		t.Fatalf("%q, %q", said.Errors, said.Warnings)
	}
	if said := tofu.Plan(); said.Changes > 0 || len(said.Errors)+len(said.Warnings) > 0 {
		t.Errorf("after the apply there is something to do: %+v", said)
	}
}

// TestTerraformActions plans the examples of actions, and lets a resource and a user invoke one.
func TestTerraformActions(t *testing.T) {
	providertest.NeedTerraform(t, 14)
	h := providertest.StartHost(t, nil)
	h.Systemd("flowcollector.service")
	h.Systemctl("start", "flowcollector.service")
	h.SystemdLog()
	var config strings.Builder
	fmt.Fprintf(&config, "%sprovider \"flowstack\" {\n  hosts = {\n    flow1 = %s\n  }\n}\n", providertest.Preamble, h.Config())
	files, err := filepath.Glob(filepath.Join(providertest.Root(t), "examples", "actions", "*", "action.tf"))
	if err != nil || len(files) < 3 {
		t.Fatalf("%q, %v", files, err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		config.Write(content)
	}
	tofu := providertest.NewCLI(t)
	tofu.Write(config.String())
	for _, action := range []string{"flowstack_host_reboot.flow1", "flowstack_service_reload.collector", "flowstack_service_restart.kibana"} {
		if said := tofu.Invoke("plan", "action."+action); len(said.Errors)+len(said.Warnings) > 0 {
			t.Errorf("%s: %q, %q", action, said.Errors, said.Warnings)
		}
	}
	if log := h.SystemdLog(); log != nil {
		t.Errorf("a plan did %q", log)
	}
	invoked := func(how string, said providertest.Outcome) {
		t.Helper()
		if log := h.SystemdLog(); len(said.Errors)+len(said.Warnings) > 0 || !slices.Equal(log, []string{"reload flowcollector.service"}) {
			t.Errorf("%s: systemctl was asked %q; %q, %q", how, log, said.Errors, said.Warnings)
		}
	}
	invoked("apply -invoke", tofu.Invoke("apply", "action.flowstack_service_reload.collector"))
	tofu.Write(config.String() + `
resource "terraform_data" "settings" {
  lifecycle {
    action_trigger {
      events  = [after_create]
      actions = [action.flowstack_service_reload.collector]
    }
  }
}
`)
	invoked("action_trigger", tofu.Apply())
}
