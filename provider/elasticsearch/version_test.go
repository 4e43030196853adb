package elasticsearch_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/flowstack/terraform-provider-flowstack/provider/elasticsearch"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

const store = "/etc/elasticsearch/elasticsearch.keystore"

// entry is the value of an entry of a node's keystore.
func entry(h *providertest.Host, name string) string {
	content, _ := h.Read(store)
	_, rest, _ := strings.Cut(content, "\n"+name+" ")
	value, _, _ := strings.Cut(rest, "\n")
	return value
}

// startOpenNode is a node that lets everybody in: the password in force may be another one than the configured one.
func startOpenNode(t *testing.T) (*providertest.Host, *providertest.ElasticsearchNode) {
	h, c, n := startNode(t)
	trust(t, n)
	c.Password = ""
	return h, n
}

func TestVersionOfTheKeystore(t *testing.T) {
	h, n := startOpenNode(t)
	providertest.Pinned{
		Provider: h.Provider(), Type: elasticsearch.ResourceType, Attribute: "keystore_wo_version", Revision: "keystore_revision",
		Body: func(value, version string, other bool) string {
			return body(n, value, fmt.Sprintf("memory_lock = %t\n%s", other, version))
		},
		InForce: func() string { return entry(h, "bootstrap.password") },
		Drift:   func() { h.Write(store, "1\nbootstrap.password by-hand\n") },
	}.Run(t)
}

// TestEntriesUnderAVersion: that there are others is a change of what was asked for, and another mode is none of the entries.
func TestEntriesUnderAVersion(t *testing.T) {
	h, n := startOpenNode(t)
	c := providertest.NewCLI(t)
	const second = "xpack.security.http.ssl.secure_key_passphrase"
	apply := func(what, more, password, wantPassword, wantSecond string) {
		t.Helper()
		c.Write(h.Provider() + fmt.Sprintf("resource %q \"test\" {\n%s\n}\n", elasticsearch.ResourceType, body(n, password, "keystore_wo_version = 1\n"+more)))
		if said := c.Apply(); len(said.Errors) > 0 {
			t.Fatalf("%s: %q", what, said.Errors)
		}
		if said := c.Plan(); said.Changes != 0 || len(said.Errors) > 0 {
			t.Errorf("after %s: %+v", what, said)
		}
		if got := entry(h, "bootstrap.password"); got != wantPassword {
			t.Errorf("%s: the password is %q", what, got)
		}
		if got := entry(h, second); got != wantSecond {
			t.Errorf("%s: the second entry is %q", what, got)
		}
	}
	two := fmt.Sprintf("keystore_wo = { %q = \"passphrase\" }", second)
	apply("creation", "", "secret-one", "secret-one", "")
	if err := os.Chmod(h.Path(store), 0o644); err != nil {
		t.Fatal(err)
	}
	apply("another mode", "", "secret-two", "secret-one", "")
	apply("one more entry", two, "secret-three", "secret-three", "passphrase")
	apply("another value", two, "secret-four", "secret-three", "passphrase")
	apply("one entry less", "", "secret-five", "secret-five", "")
}

// TestVersionNeedsEntries: either of the attributes that have some will do.
func TestVersionNeedsEntries(t *testing.T) {
	h, n := startOpenNode(t)
	for attributes, message := range map[string]*regexp.Regexp{
		"": regexp.MustCompile(`(?s)"keystore_wo"\s+must\s+be\s+specified`),
		"keystore_wo = { \"xpack.security.http.ssl.secure_key_passphrase\" = \"passphrase\" }": nil,
		"bootstrap_password_wo = \"password-canary\"":                                          nil,
	} {
		resource.UnitTest(t, resource.TestCase{
			ProtoV6ProviderFactories: providertest.Factories(t),
			Steps: []resource.TestStep{{
				Config: h.Provider() + fmt.Sprintf("resource %q \"test\" {\ncluster_name = \"flows\"\nhttp_port = %d\nheap_size = \"1g\"\nkeystore_wo_version = 1\n%s\n}\n",
					elasticsearch.ResourceType, n.Port, attributes),
				PlanOnly: true, ExpectNonEmptyPlan: true, ExpectError: message,
			}},
		})
	}
}
