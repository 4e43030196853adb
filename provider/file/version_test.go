package file_test

import (
	"fmt"
	"os"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/flowstack/terraform-provider-flowstack/provider/file"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

func TestVersionOfASecretFile(t *testing.T) {
	h := providertest.StartHost(t, nil)
	const path = "/etc/token"
	providertest.Pinned{
		Provider: h.Provider(), Type: file.ResourceType, Attribute: "content_wo_version", Revision: "content_revision",
		Body: func(value, version string, other bool) string {
			return fmt.Sprintf("path = %q\ncontent_wo = %q\n%s\nmode = %q", path, value, version, map[bool]string{false: "0600", true: "0640"}[other])
		},
		InForce: func() string { content, _ := h.Read(path); return content },
		Drift:   func() { h.Write(path, "by hand") },
	}.Run(t)
}

// TestSecretFileThatIsLostLate: what an apply finds lost, where the plan did not look, is written, and from then on recognised.
func TestSecretFileThatIsLostLate(t *testing.T) {
	h := providertest.StartHost(t, nil)
	const path = "/etc/token"
	c := providertest.NewCLI(t)
	c.Env = append(c.Env, "TF_CLI_ARGS_apply=-refresh=false")
	apply := func(content, mode string) {
		t.Helper()
		c.Write(configuration(h, fmt.Sprintf("path = %q\ncontent_wo = %q\ncontent_wo_version = 1\nmode = %q", path, content, mode)))
		if said := c.Apply(); len(said.Errors) > 0 {
			t.Fatalf("%q", said.Errors)
		}
	}
	apply("one", "0600")
	must(t, os.Remove(h.Path(path)))
	apply("two", "0640")
	must(t, is(h, path, "two", 0o640)())
	c.Env = nil
	apply("two", "0640")
	must(t, is(h, path, "two", 0o640)())
	if said := c.Plan(); said.Changes != 0 {
		t.Errorf("the next plan has %d changes", said.Changes)
	}
}

func TestVersionNeedsASecret(t *testing.T) {
	h := providertest.StartHost(t, nil)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{{
			Config:      configuration(h, "path = \"/etc/x\"\ncontent = \"x\"\ncontent_wo_version = 1"),
			ExpectError: regexp.MustCompile(`(?s)"content_wo"\s+must\s+be\s+specified`),
		}},
	})
}
