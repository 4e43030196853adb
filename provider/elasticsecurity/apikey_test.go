package elasticsecurity_test

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/flowstack/terraform-provider-flowstack/provider/elasticsecurity"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

const (
	keyAddress = elasticsecurity.APIKeyType + ".test"
	keyFile    = "/etc/collector.key"
)

// oneKey expects one key in force, which is in the file, and returns its id.
func oneKey(h *providertest.Host, e *providertest.Elasticsearch, file string) (string, error) {
	content, exists := h.Read(file)
	keys := e.APIKeys()
	id, _, _ := strings.Cut(content, ":")
	if _, valid := keys[id]; !exists || !valid || len(keys) != 1 {
		return id, fmt.Errorf("the file has %q; in force are %v", content, keys)
	}
	info, err := os.Stat(h.Path(file))
	if err == nil && info.Mode().Perm() != 0o600 {
		err = fmt.Errorf("the file has mode %s", info.Mode())
	}
	return id, err
}

// TestAPIKey: every change and every drift is another key in the same file, and the one before ends.
func TestAPIKey(t *testing.T) {
	h, e := providertest.StartHost(t, nil), providertest.StartElasticsearch(t)
	config := func(body string) string {
		return e.Provider(h) + fmt.Sprintf("resource %q \"test\" {\n name = \"collector\"\n%s\n}\n", elasticsecurity.APIKeyType, body)
	}
	body := fmt.Sprintf("file = %q\n expiration = \"40d\"\n", keyFile) + `indices = [{ names = ["flows"], privileges = ["create_doc"] }]`
	var last string
	another := func(*terraform.State) error {
		id, err := oneKey(h, e, keyFile)
		if err == nil && id == last {
			err = errors.New("the key is the same")
		}
		last = id
		return err
	}
	same := func(*terraform.State) error {
		id, err := oneKey(h, e, keyFile)
		if err == nil && id != last {
			err = errors.New("the key is another one")
		}
		return err
	}
	content := "file " + keyFile + ": content"
	step := func(by func(), check func(*terraform.State) error, checks ...plancheck.PlanCheck) resource.TestStep {
		return resource.TestStep{PreConfig: by, Config: config(body), Check: check, ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: checks}}
	}
	update := plancheck.ExpectResourceAction(keyAddress, plancheck.ResourceActionUpdate)
	create := plancheck.ExpectResourceAction(keyAddress, plancheck.ResourceActionCreate)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{
			step(nil, another, create),
			step(nil, same, plancheck.ExpectEmptyPlan()),
			{Config: config(strings.Replace(body, "create_doc", "index", 1)), Check: another, ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				update, providertest.Drifts(keyAddress, "indices flows", "create_doc", "index"),
			}}},
			step(nil, another, update),
			step(func() { h.Remove(keyFile) }, another, update, providertest.Drifts(keyAddress, content, "absent", "")),
			step(func() { h.Write(keyFile, last+":not the secret") }, another, update, providertest.Drifts(keyAddress, content, "different", "")),
		},
		CheckDestroy: func(*terraform.State) error {
			if _, exists := h.Read(keyFile); exists || len(e.APIKeys()) > 0 {
				return fmt.Errorf("after the destroy the file exists: %t, and in force are %v", exists, e.APIKeys())
			}
			return nil
		},
	})
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{
			step(nil, another, create),
			step(func() {
				if err := os.Chmod(h.Path(keyFile), 0o644); err != nil {
					t.Fatal(err)
				}
			}, same, update, providertest.Drifts(keyAddress, "file "+keyFile+": mode", "0644", "0600")),
			step(func() { e.InvalidateAPIKeys() }, another, update, providertest.Drifts(keyAddress, "key", "invalid", "")),
			step(func() { e.InvalidateAPIKeys(); h.Remove(keyFile) }, another, create),
			step(func() { e.ExpireAPIKeys(time.Now().Add(9 * 24 * time.Hour)) }, another, update), // a quarter of 40 days before its end
			step(func() { e.ExpireAPIKeys(time.Now().Add(11 * 24 * time.Hour)) }, same, plancheck.ExpectEmptyPlan()),
			step(func() { e.ExpireAPIKeys(time.Now().Add(-time.Hour)) }, another, update),
			{Config: config(strings.Replace(body, keyFile, "/etc/other.key", 1)), Check: func(*terraform.State) error {
				_, err := oneKey(h, e, "/etc/other.key")
				if _, exists := h.Read(keyFile); exists && err == nil {
					err = errors.New("the former file is still there")
				}
				return err
			}},
			{
				PreConfig:   func() { h.Write(keyFile, "something else") },
				Config:      config(body),
				ExpectError: regexp.MustCompile(`(?s)Unable to update Elasticsearch API key collector.*has\s+something\s+else\s+than\s+a\s+key\s+that\s+flowstack`),
			},
			{
				PreConfig: func() { h.Remove(keyFile) },
				Config:    config(body),
			},
			{ResourceName: keyAddress, ImportState: true, ImportStateId: "collector", ExpectError: regexp.MustCompile(`(?s)Unable to import.*Nobody can read the secret`)},
		},
	})
}

func TestAPIKeyErrors(t *testing.T) {
	h, e := providertest.StartHost(t, nil), providertest.StartElasticsearch(t)
	const grant = "\n" + `indices = [{ names = ["flows"], privileges = ["create_doc"] }]`
	steps := make([]resource.TestStep, 0, 6)
	for body, want := range map[string]string{
		`file = "/etc/x"`:    `(?s)Unable to use the API key.*may do nothing`,
		`file = "x"` + grant: `absolute path`,
		`file = "/etc/x"` + "\n" + `expiration = "forever"` + grant:                            `must be a number and d, h or m`,
		`file = "/etc/x"` + "\n" + `renew_before = "1d"` + grant:                               `never ends`,
		`file = "/etc/x"` + "\n" + `expiration = "1d"` + "\n" + `renew_before = "24h"` + grant: `less than the expiration`,
		`file = "/etc/x"` + "\n" + `cluster = ["monitr"]`:                                      `Unable to use privilege monitr`,
	} {
		steps = append(steps, resource.TestStep{
			Config:      e.Provider(h) + fmt.Sprintf("resource %q \"test\" {\n name = \"collector\"\n%s\n}\n", elasticsecurity.APIKeyType, body),
			ExpectError: regexp.MustCompile(want),
		})
	}
	steps = append(steps, resource.TestStep{Config: e.Provider(h)})
	resource.UnitTest(t, resource.TestCase{ProtoV6ProviderFactories: providertest.Factories(t), Steps: steps})
}

// TestAPIKeyIsNowhere looks for the secret where it must not be, and heals what was cut off.
func TestAPIKeyIsNowhere(t *testing.T) {
	h, e := providertest.StartHost(t, nil), providertest.StartElasticsearch(t)
	body := func(privilege string) string {
		return fmt.Sprintf("name = \"collector\"\n file = %q\n indices = [{ names = [\"flows\"], privileges = [%q] }]", keyFile, privilege)
	}
	providertest.Life{
		Host: h, Elasticsearch: e, Type: elasticsecurity.APIKeyType,
		Body: body("create_doc"), Changed: body("index"),
		Check:        func() error { _, err := oneKey(h, e, keyFile); return err },
		CheckChanged: func() error { _, err := oneKey(h, e, keyFile); return err },
		Vanish:       func() { e.InvalidateAPIKeys(); h.Remove(keyFile) },
		Secrets:      []string{"key-secret-canary"},
		Left: func() error {
			if keys := e.APIKeys(); len(keys) > 0 {
				return fmt.Errorf("in force are %v", keys)
			}
			return nil
		},
	}.Run(t)
}
