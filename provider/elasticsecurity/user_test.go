package elasticsecurity_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/flowstack/terraform-provider-flowstack/provider/elasticsecurity"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
	"github.com/flowstack/terraform-provider-flowstack/provider/secret"
)

func init() { secret.Iterations = secret.StandardIterations / 1000 }

// hasPassword expects a user to have a password.
func hasPassword(e *providertest.Elasticsearch, user, want string) func() error {
	return func() error {
		if got := e.UserPassword(user); got != want {
			return fmt.Errorf("the password of %s is %q, not %q", user, got, want)
		}
		return nil
	}
}

func TestUserLife(t *testing.T) {
	h, e := providertest.StartHost(t, nil), providertest.StartElasticsearch(t)
	body := func(password, role string) string {
		return fmt.Sprintf("username = \"writer\"\n password_wo = %q\n roles = [%q, \"flow_reader\"]\n full_name = \"A writer\"", password, role)
	}
	providertest.Life{
		Host: h, Elasticsearch: e, Type: elasticsecurity.UserType,
		Body: body("password-canary", "flow_writer"), Changed: body("another-canary", "flow_keeper"),
		Check:        hasPassword(e, "writer", "password-canary"),
		CheckChanged: hasPassword(e, "writer", "another-canary"),
		Drifts: []providertest.Drift{
			{Name: "being disabled", By: func() { e.EnableUser("writer", false) }, Fact: "enabled", From: "false", To: "true"},
			{Name: "the password", By: func() { e.SetPassword("writer", "by-hand") }, Warning: "Elasticsearch has another password of user writer"},
		},
		Vanish:   func() { e.RemoveUser("writer") },
		ImportID: "writer", Identity: map[string]string{"username": "writer"},
		NotImported: []string{"password_revision", "effective"},
		Secrets:     []string{"password-canary", "another-canary"},
		Left:        gone(e, "user/writer"),
	}.Run(t)
}

// TestPasswordOfADisabledUser: Elasticsearch refuses such a user with any password, so only what was set tells which one it has.
func TestPasswordOfADisabledUser(t *testing.T) {
	h, e := providertest.StartHost(t, nil), providertest.StartElasticsearch(t)
	tofu := providertest.NewCLI(t)
	const change = "PUT /_security/user/writer"
	apply := func(what, password string, enabled bool, writes int) {
		t.Helper()
		e.Requests()
		tofu.Write(e.Provider(h) + fmt.Sprintf("resource %q \"writer\" {\n username = \"writer\"\n password_wo = %q\n roles = []\n enabled = %t\n}\n",
			elasticsecurity.UserType, password, enabled))
		if got := tofu.Apply(); len(got.Errors)+len(got.Warnings) > 0 {
			t.Fatalf("%s: %+v", what, got)
		}
		if err := hasPassword(e, "writer", password)(); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if got := strings.Count(strings.Join(e.Requests(), "\n")+"\n", change+"\n"); got != writes {
			t.Errorf("%s: the user was written %d times, not %d", what, got, writes)
		}
		if got := tofu.Plan(); len(got.Errors)+len(got.Warnings)+got.Changes > 0 {
			t.Errorf("after %s: %+v", what, got)
		}
	}
	apply("a new user", "first-canary", false, 1)
	apply("another password", "second-canary", false, 1)
	apply("the same again", "second-canary", false, 0)
	apply("enabling with the same password", "second-canary", true, 1)
	apply("disabling with another one", "third-canary", false, 1)
	apply("enabling with another one", "fourth-canary", true, 1)

	// A creation that is cut off once the user is there goes on with the password that is configured then.
	e.RemoveUser("writer")
	tofu.Write(e.Provider(h))
	if got := tofu.Apply(); len(got.Errors) > 0 {
		t.Fatalf("%+v", got)
	}
	e.LeaveDisabledUser("writer", "of-the-creation")
	apply("a creation that is taken up again", "fifth-canary", false, 1)
}

func TestPasswordLife(t *testing.T) {
	h, e := providertest.StartHost(t, nil), providertest.StartElasticsearch(t)
	body := func(password string) string {
		return fmt.Sprintf("username = \"kibana_system\"\n password_wo = %q", password)
	}
	providertest.Life{
		Host: h, Elasticsearch: e, Type: elasticsecurity.PasswordType,
		Body: body("password-canary"), Changed: body("another-canary"),
		Check: hasPassword(e, "kibana_system", "password-canary"), CheckChanged: hasPassword(e, "kibana_system", "another-canary"),
		Drifts: []providertest.Drift{
			{Name: "being disabled", By: func() { e.EnableUser("kibana_system", false) }, Fact: "enabled", From: "false", To: "true"},
			{Name: "the password", By: func() { e.SetPassword("kibana_system", "by-hand") }, Warning: "Elasticsearch has another password of user kibana_system"},
		},
		ImportID: "kibana_system", Identity: map[string]string{"username": "kibana_system"},
		NotImported: []string{"password_revision", "effective"},
		Secrets:     []string{"password-canary", "another-canary"},
	}.Run(t)
}

// TestPasswordOfTheVeryUser: the provider asks as elastic, and one apply changes elastic's password: of a new cluster, and later.
func TestPasswordOfTheVeryUser(t *testing.T) {
	h, e := providertest.StartHost(t, nil), providertest.StartElasticsearch(t)
	const change = "PUT /_security/user/elastic/_password"
	config := func(provider, previous, password, more string) string {
		block := strings.Replace(e.Provider(h), fmt.Sprintf("password       = %q", e.Password), fmt.Sprintf("password = %q\n    previous_password = %s", provider, previous), 1)
		return block + fmt.Sprintf("resource %q \"elastic\" {\n username = \"elastic\"\n password_wo = %q\n %s\n}\n", elasticsecurity.PasswordType, password, more) +
			fmt.Sprintf("resource %q \"after\" {\n name = \"after\"\n depends_on = [%s.elastic]\n}\n", elasticsecurity.RoleType, elasticsecurity.PasswordType)
	}
	e.Password = "bootstrap-canary"
	tofu := providertest.NewCLI(t)
	apply := func(what, want string, changes int, config string) {
		t.Helper()
		tofu.Write(config)
		if got := tofu.Apply(); len(got.Errors)+len(got.Warnings) > 0 || got.Changes != changes {
			t.Fatalf("%s: %+v", what, got)
		}
		if err := hasPassword(e, "elastic", want)(); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	unwanted := func(what string) {
		t.Helper()
		if slices.Contains(e.Requests(), change) {
			t.Errorf("%s: the password was set once more", what)
		}
	}
	tofu.Write(config("first-canary", "null", "first-canary", ""))
	if got := tofu.Apply(); len(got.Errors) != 1 || !strings.Contains(got.Errors[0], "401 Unauthorized") {
		t.Errorf("with neither of the passwords in force: %+v", got)
	}
	first := config("first-canary", "null", "first-canary", `bootstrap_password_wo = "bootstrap-canary"`)
	apply("a new cluster", "first-canary", 2+2, first)
	e.Requests()
	apply("the same again", "first-canary", 0, first)
	unwanted("the same again")
	apply("a new password", "second-canary", 1+1, config("second-canary", `"first-canary"`, "second-canary", ""))
	e.Requests()
	apply("without the former one", "second-canary", 0, config("second-canary", "null", "second-canary", ""))
	unwanted("without the former one")

	// The password is set, and then the apply is cut off.
	e.CutAt(0, "")
	for n := 1; n < 20; n++ {
		next := fmt.Sprintf("canary-after-%d", n)
		tofu.Write(config(next, fmt.Sprintf("%q", e.UserPassword("elastic")), next, ""))
		e.CutAt(n, "after")
		failed := len(tofu.Apply().Errors) > 0
		pending := e.CutPending()
		e.CutAt(0, "")
		if pending {
			break
		}
		if !failed {
			t.Errorf("cut off at request %d: nothing failed", n)
		}
		got := tofu.Apply()
		if err := hasPassword(e, "elastic", next)(); err != nil || len(got.Errors)+len(got.Warnings) > 0 {
			t.Errorf("after being cut off at request %d: %v, %+v", n, err, got)
		}
	}
}

func TestUserErrors(t *testing.T) {
	h, e := providertest.StartHost(t, nil), providertest.StartElasticsearch(t)
	config := func(kind, body string) string {
		return e.Provider(h) + fmt.Sprintf("resource %q \"test\" {\n%s\n}\n", kind, body)
	}
	user := func(name, password string) string {
		return config(elasticsecurity.UserType, fmt.Sprintf("username = %q\n password_wo = %q\n roles = []", name, password))
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{
			{
				Config:      config(elasticsecurity.PasswordType, "username = \"elastic\"\n password_wo = \"short\""),
				ExpectError: regexp.MustCompile(`(?s)password_wo.*at least 6`),
			},
			{
				Config:      config(elasticsecurity.PasswordType, "username = \"writer\"\n password_wo = \"long enough\""),
				ExpectError: regexp.MustCompile(`(?s)username.*value must be one of`),
			},
			{Config: user("elastic", "long enough"), ExpectError: regexp.MustCompile(`(?s)username.*value must be none of`)},
			{Config: user("writer", "short"), ExpectError: regexp.MustCompile(`(?s)password_wo.*at least 6`)},
			{
				PreConfig: func() {
					e.Fail(&providertest.Failure{Status: http.StatusForbidden, Body: `{"error":{"type":"security_exception","reason":"action is unauthorized"},"status":403}`})
				},
				Config:      user("writer", "long enough"),
				ExpectError: regexp.MustCompile(`(?s)Unable to create Elasticsearch user writer.*403 Forbidden.*the\s+cluster\s+privilege\s+manage_security`),
			},
			{PreConfig: func() { e.Fail(nil) }, Config: user("writer", "long enough")},
		},
	})
}
