package kibana_test

import (
	"fmt"
	"testing"

	kbn "github.com/flowstack/terraform-provider-flowstack/appliance/kibana"
	"github.com/flowstack/terraform-provider-flowstack/provider/kibana"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

// TestVersionsOfTheKeystore: the password has a version of its own. By hand somebody puts the first keystore back.
func TestVersionsOfTheKeystore(t *testing.T) {
	for attribute, of := range map[string]struct{ entry, lines string }{
		"elasticsearch_password_wo_version": {kbn.Password, `keystore_wo = { "server.ssl.keyPassphrase" = "passphrase" }`},
		"keystore_wo_version":               {"server.ssl.keyPassphrase", `elasticsearch_password_wo = "a password"`},
	} {
		t.Run(attribute, func(t *testing.T) {
			h, k := start(t)
			k.InForce = func() string { return entries(t, h)[kbn.Password] }
			var first string
			written := map[string]string{
				"elasticsearch_password_wo_version": "elasticsearch_password_wo = %q\n%s\n",
				"keystore_wo_version":               "keystore_wo = { \"server.ssl.keyPassphrase\" = %q }\n%s\n",
			}[attribute]
			providertest.Pinned{
				Provider: h.Provider(), Type: kibana.ResourceType, Attribute: attribute, Revision: "secret_revisions",
				Body: func(value, version string, other bool) string {
					return fmt.Sprintf("repository = { managed = false }\ntls = { certificate = %q, key = \"/etc/tls/kibana.key\" }\n", certificate) +
						fmt.Sprintf("settings = { \"server.port\" = \"%s\", \"server.name\" = \"%t\" }\n", k.Port(), other) + fmt.Sprintf(written, value, version) + of.lines
				},
				InForce: func() string {
					if first == "" {
						first, _ = h.Read(kbn.KeystorePath)
					}
					return entries(t, h)[of.entry]
				},
				Drift: func() { h.Write(kbn.KeystorePath, first) },
			}.Run(t)
		})
	}
}

// TestPasswordAmongTheEntries: the password that is given in keystore_wo has the version of that.
func TestPasswordAmongTheEntries(t *testing.T) {
	h, k := start(t)
	k.InForce = func() string { return entries(t, h)[kbn.Password] }
	c := providertest.NewCLI(t)
	apply := func(password, passphrase string, version int, want string) {
		t.Helper()
		c.Write(h.Provider() + fmt.Sprintf("resource %q \"test\" {\nrepository = { managed = false }\ntls = { certificate = %q, key = \"/etc/tls/kibana.key\" }\nsettings = { \"server.port\" = %q }\n"+
			"keystore_wo = { %q = %q, %s }\nkeystore_wo_version = %d\n}\n", kibana.ResourceType, certificate, k.Port(), kbn.Password, password, passphrase, version))
		if said := c.Apply(); len(said.Errors) > 0 {
			t.Fatalf("%q", said.Errors)
		}
		if got := entries(t, h); got[kbn.Password] != want || passphrase != "" && got["server.ssl.keyPassphrase"] != "passphrase" {
			t.Errorf("the entries are %q", got)
		}
	}
	apply("one", "", 1, "one")
	apply("two", "", 1, "one")
	apply("three", `"server.ssl.keyPassphrase" = "passphrase"`, 1, "one") // one that is new is written
	apply("four", `"server.ssl.keyPassphrase" = "passphrase"`, 2, "four")
}
