package elasticsecurity_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/flowstack/terraform-provider-flowstack/provider/elasticsecurity"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

// TestEphemeralKey: in force while the run goes on, in no state, invalidated at the end.
func TestEphemeralKey(t *testing.T) {
	h, e := providertest.StartHost(t, nil), providertest.StartElasticsearch(t)
	tofu := providertest.NewCLI(t)
	log := filepath.Join(tofu.Dir, "trace.log")
	t.Setenv("TF_ACC_LOG_PATH", log)
	tofu.Env = append(tofu.Env, "TF_LOG=TRACE", "TF_LOG_PATH="+log)
	tofu.Write(e.Provider(h) + fmt.Sprintf(`
ephemeral %q "test" {
  name    = "run"
  cluster = ["monitor"]
}
resource "flowstack_file" "test" {
  path       = "/etc/key"
  content_wo = ephemeral.%[1]s.test.credentials
}
`, elasticsecurity.APIKeyType))
	if got := tofu.Apply(); len(got.Errors)+len(got.Warnings) > 0 {
		t.Fatalf("%+v", got)
	}
	content, _ := h.Read("/etc/key")
	if !regexp.MustCompile(`^key-id-canary-\d+:key-secret-canary-\d+$`).MatchString(content) {
		t.Errorf("the file has %q", content)
	}
	if keys := e.APIKeys(); len(keys) > 0 {
		t.Errorf("after the run there are in force %v", keys)
	}
	for _, name := range []string{"terraform.tfstate", "trace.log"} {
		text, err := os.ReadFile(filepath.Join(tofu.Dir, name))
		if err != nil || len(text) == 0 || strings.Contains(string(text), "key-secret-canary") {
			t.Errorf("the secret is in %s, or there is none: %v", name, err)
		}
	}
}

func TestEphemeralKeyErrors(t *testing.T) {
	h, e := providertest.StartHost(t, nil), providertest.StartElasticsearch(t)
	steps := make([]resource.TestStep, 0, 3)
	for body, want := range map[string]string{
		``:                                       `may do nothing`,
		`cluster = ["monitr"]`:                   `Unable to use privilege monitr`,
		`cluster = ["monitor"]` + "\nname=\"_\"": `must not begin`,
	} {
		if !strings.Contains(body, "name") {
			body += "\nname = \"run\""
		}
		steps = append(steps, resource.TestStep{
			Config:      e.Provider(h) + fmt.Sprintf("ephemeral %q \"test\" {\n%s\n}\n", elasticsecurity.APIKeyType, body),
			ExpectError: regexp.MustCompile(want),
		})
	}
	resource.UnitTest(t, resource.TestCase{ProtoV6ProviderFactories: providertest.Factories(t), Steps: steps})
}

func TestCollectorRole(t *testing.T) {
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{
			{
				Config: providertest.Preamble + `
output "role" {
  value = jsonencode(provider::flowstack::collector_role("flows"))
}`,
				Check: resource.TestCheckOutput("role",
					`{"cluster":["monitor"],"indices":[{"names":["flows","flows-*"],"privileges":["create_doc","view_index_metadata"]}]}`),
			},
			{
				Config: providertest.Preamble + `
output "role" {
  value = jsonencode(provider::flowstack::collector_role("flows", "health-flows").indices[0].names)
}`,
				Check: resource.TestCheckOutput("role", `["flows","flows-*","health-flows","health-flows-*"]`),
			},
			{
				Config:      providertest.Preamble + `output "role" { value = provider::flowstack::collector_role("flows", "Health*") }`,
				ExpectError: regexp.MustCompile(`(?s)collector_role.*Health`),
			},
			{
				Config:      providertest.Preamble + `output "role" { value = provider::flowstack::collector_role("Flows*") }`,
				ExpectError: regexp.MustCompile(`(?s)collector_role.*index`),
			},
		},
	})
}
