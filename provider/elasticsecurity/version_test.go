package elasticsecurity_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/provider/elasticsecurity"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

// bodies are a user and a built-in user with a password, and either of two settings besides.
var bodies = map[string]struct {
	user string
	body func(value, version string, other bool) string
}{
	elasticsecurity.UserType: {"writer", func(value, version string, other bool) string {
		return fmt.Sprintf("username = \"writer\"\npassword_wo = %q\n%s\nroles = [\"flow_writer\"]\nfull_name = \"%t\"", value, version, other)
	}},
	elasticsecurity.PasswordType: {"kibana_system", func(value, version string, other bool) string {
		return fmt.Sprintf("username = \"kibana_system\"\npassword_wo = %q\n%s\ntimeouts = { read = %q }", value, version, map[bool]string{false: "1m", true: "2m"}[other])
	}},
}

func TestVersionOfAPassword(t *testing.T) {
	for kind, of := range bodies {
		t.Run(kind, func(t *testing.T) {
			h, e := providertest.StartHost(t, nil), providertest.StartElasticsearch(t)
			providertest.Pinned{
				Provider: e.Provider(h), Type: kind, Body: of.body, Attribute: "password_wo_version", Revision: "password_revision",
				InForce: func() string { return e.UserPassword(of.user) },
			}.Run(t)
		})
	}
}

// TestPasswordChangedUnderAVersion: only with the password that was set can be tried whether it is in force.
func TestPasswordChangedUnderAVersion(t *testing.T) {
	for kind, of := range bodies {
		t.Run(kind, func(t *testing.T) {
			h, e := providertest.StartHost(t, nil), providertest.StartElasticsearch(t)
			tofu := providertest.NewCLI(t)
			step := func(what, value, want string, changes int, warned bool) {
				t.Helper()
				tofu.Write(e.Provider(h) + fmt.Sprintf("resource %q \"test\" {\n%s\n}\n", kind, of.body(value, "password_wo_version = 1", false)))
				said := tofu.Plan()
				if len(said.Errors) > 0 || said.Changes != changes || strings.Contains(strings.Join(said.Warnings, "\n"), "Elasticsearch has another password") != warned {
					t.Errorf("the plan of %s: %+v", what, said)
				}
				if said := tofu.Apply(); len(said.Errors) > 0 {
					t.Fatalf("%s: %q", what, said.Errors)
				}
				if err := hasPassword(e, of.user, want)(); err != nil {
					t.Errorf("%s: %v", what, err)
				}
			}
			step("creation", "secret-one", "secret-one", 1, false)
			e.SetPassword(of.user, "by hand")
			step("a password that cannot be tried", "secret-two", "by hand", 0, false)
			step("a password that was changed by hand", "secret-one", "secret-one", 1, true)
			e.EnableUser(of.user, false)
			step("a user who was disabled", "secret-two", "secret-one", 1, false)
			if err := has(e, "user/"+of.user, "enabled", "true")(); err != nil {
				t.Error(err)
			}
		})
	}
}
