package collector_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/flowstack/terraform-provider-flowstack/appliance/flowcollector"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

func TestCollectorWithAPIKey(t *testing.T) {
	withPackage(t, "1.0.0")
	h := providertest.StartHost(t, nil)
	h.Write("/etc/collector.key", "id:secret")
	body := func(more string) string {
		return config(h, "elasticsearch_api_key_file = \"/etc/collector.key\"\n"+more)
	}
	const proofs = `Unable to use two proofs`
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{
			{Config: body(`elasticsearch_password_wo = "x"`), ExpectError: regexp.MustCompile(proofs)},
			{Config: body(`settings = { "output.elasticsearch.username" = "x" }`), ExpectError: regexp.MustCompile(proofs)},
			{Config: config(h, `elasticsearch_api_key_file = "/etc/%n"`), ExpectError: regexp.MustCompile(`must be an absolute path of letters`)},
			{
				Config: body(""),
				Check: func(*terraform.State) error {
					dropIn, _ := h.Read(flowcollector.CredentialDropIn)
					if want := "LoadCredential=elasticsearch-api-key:/etc/collector.key\n"; !strings.HasSuffix(dropIn, want) {
						return fmt.Errorf("the drop-in says %q, not %q", dropIn, want)
					}
					return nil
				},
			},
			{Config: config(h, ""), Check: func(*terraform.State) error {
				if dropIn, exists := h.Read(flowcollector.CredentialDropIn); exists {
					return fmt.Errorf("there still is a drop-in: %q", dropIn)
				}
				return nil
			}},
		},
	})
	if content, _ := h.Read("/etc/collector.key"); content != "id:secret" {
		t.Errorf("the key file has %q: it is somebody else's", content)
	}
}
