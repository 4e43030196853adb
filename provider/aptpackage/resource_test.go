package aptpackage_test

import (
	"fmt"
	"os"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/flowstack/terraform-provider-flowstack/provider/aptpackage"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

const (
	address = aptpackage.ResourceType + ".test"
	fact    = "package tiny"
	hold    = "package tiny: hold"
)

func config(h *providertest.Host, body string) string {
	return h.Provider() + fmt.Sprintf("resource %q \"test\" {\n  name = \"tiny\"\n%s\n}\n", aptpackage.ResourceType, body)
}

func effective(fact string) tfjsonpath.Path { return tfjsonpath.New("effective").AtMapKey(fact) }

func expect(action plancheck.ResourceActionType, checks ...plancheck.PlanCheck) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: append(checks, plancheck.ExpectResourceAction(address, action))}
}

func empty() resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
}

func is(h *providertest.Host, want string) func(*terraform.State) error {
	return func(*terraform.State) error {
		if got := h.Package("tiny"); got != want {
			return fmt.Errorf("the package is %q, not %q", got, want)
		}
		return nil
	}
}

// TestVersions goes through versions that leave something open, and through those that do not.
func TestVersions(t *testing.T) {
	h := providertest.StartHost(t, nil)
	h.Offer("tiny", "2.0", "1.2", "1.1")
	ones := config(h, `version = "1.*"`)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{
			{ // which version it will be only apt can tell
				Config:            ones,
				ConfigPlanChecks:  expect(plancheck.ResourceActionCreate, plancheck.ExpectUnknownValue(address, effective(fact))),
				ConfigStateChecks: []statecheck.StateCheck{providertest.Fact(address, fact, "1.2"), providertest.Fact(address, hold, "yes")},
				Check:             is(h, "hold 1.2"),
			},
			{Config: ones, ConfigPlanChecks: empty()},
			{ // a later one that begins so is as good as the one installed
				PreConfig:        func() { h.Offer("tiny", "2.0", "1.3", "1.2", "1.1") },
				Config:           ones,
				ConfigPlanChecks: empty(),
			},
			{ // moved by hand, within what is asked for, but for the hold
				PreConfig:        func() { h.SetPackage("tiny", "install 1.3") },
				Config:           ones,
				ConfigPlanChecks: expect(plancheck.ResourceActionUpdate, providertest.Drifts(address, hold, "no", "yes"), providertest.Drifts(address, fact, "1.3", "1.3")),
				Check:            is(h, "hold 1.3"),
			},
			{ // and out of it
				PreConfig:   func() { h.SetPackage("tiny", "install 2.0") },
				Config:      ones,
				ExpectError: regexp.MustCompile(`(?s)Unable to update the package of host flow1.*version 2.0 is installed, which is higher; a\s+downgrade has to be allowed`),
			},
			{
				Config:           config(h, `version = "1.*"`+"\nallow_downgrade = true"),
				ConfigPlanChecks: expect(plancheck.ResourceActionUpdate, plancheck.ExpectUnknownValue(address, effective(fact))),
				Check:            is(h, "hold 1.3"),
			},
			{ // an upgrade goes past the hold
				Config:           config(h, `version = "2.0"`),
				ConfigPlanChecks: expect(plancheck.ResourceActionUpdate, providertest.Drifts(address, fact, "1.3", "2.0")),
				Check:            is(h, "hold 2.0"),
			},
			{
				Config:           config(h, "hold = false"),
				ConfigPlanChecks: expect(plancheck.ResourceActionUpdate, providertest.Drifts(address, hold, "yes", "no"), providertest.Drifts(address, fact, "2.0", "2.0")),
				Check:            is(h, "install 2.0"),
			},
			{
				Config:      config(h, `version = "9"`),
				ExpectError: regexp.MustCompile(`(?s)Version '9' for 'tiny' was\s+not found.*versions that the repositories of the host\s+have: 2.0 1.3 1.2 1.1`),
			},
			{
				ResourceName: address, ImportState: true, ImportStateVerify: true,
				ImportStateVerifyIgnore: []string{"version", "hold", "effective"}, // that of the step that failed
			},
		},
		CheckDestroy: is(h, ""),
	})
}

// TestPackageThatWasThere stays, and is held as it was.
func TestPackageThatWasThere(t *testing.T) {
	h := providertest.StartHost(t, nil)
	h.Offer("tiny", "1.2", "1.1")
	h.SetPackage("tiny", "hold 1.1")
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{
			{ // Terraform replaces what could not be made: what was there is remembered
				Config:      config(h, `version = "9"`),
				ExpectError: regexp.MustCompile(`was\s+not found`),
			},
			{
				Config: config(h, "version = \"1.2\"\nhold = false"),
				Check:  is(h, "install 1.2"),
			},
		},
		CheckDestroy: is(h, "hold 1.2"),
	})
}

// TestConfigurationFilesThatWereThere stay, after a creation that failed and after a destroy.
func TestConfigurationFilesThatWereThere(t *testing.T) {
	h := providertest.StartHost(t, nil)
	h.Offer("tiny", "1.2", "1.1")
	h.SetPackage("tiny", "deinstall 1.1")
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{
			{
				Config:      config(h, `version = "9"`),
				ExpectError: regexp.MustCompile(`was\s+not found`),
			},
			{
				PreConfig: func() {
					if err := is(h, "deinstall 1.1")(nil); err != nil {
						t.Error(err)
					}
				},
				Config: config(h, "version = \"1.2\"\nhold = false"),
				Check:  is(h, "install 1.2"),
			},
		},
		CheckDestroy: is(h, "deinstall 1.2"),
	})
}

func TestMistakesAreFoundInThePlan(t *testing.T) {
	h := providertest.StartHost(t, nil)
	for name, c := range map[string]struct{ body, message string }{
		"name":    {`name = "Tiny Package"`, `"Tiny Package" is not a package name`},
		"option":  {`name = "-oDebug=1"`, `is not a package name`},
		"version": {"name = \"tiny\"\nversion = \"1.0; rm\"", `"1.0; rm" is not a package version`},
		"pattern": {"name = \"tiny\"\nversion = \"1.*.2\"", `is not a package version`},
	} {
		t.Run(name, func(t *testing.T) {
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: providertest.Factories(t),
				Steps: []resource.TestStep{{
					Config:      h.Provider() + fmt.Sprintf("resource %q \"test\" {\n%s\n}\n", aptpackage.ResourceType, c.body),
					PlanOnly:    true,
					ExpectError: regexp.MustCompile(c.message),
				}},
			})
		})
	}
	if n := h.Sessions(); n != 0 {
		t.Errorf("%d commands were run on the host to find mistakes in a configuration", n)
	}
}

// TestPackageLife lives the life that all resources have in common.
func TestPackageLife(t *testing.T) {
	h := providertest.StartHost(t, nil)
	h.Offer("tiny", "2.0", "1.2", "1.1")
	has := func(want string) func() error { return func() error { return is(h, want)(nil) } }
	providertest.Life{
		Host:    h,
		Type:    aptpackage.ResourceType,
		Body:    "name = \"tiny\"\nversion = \"1.1\"\nallow_downgrade = true",
		Changed: "name = \"tiny\"\nversion = \"1.2\"\nhold = false\nallow_downgrade = true",
		Check:   has("hold 1.1"), CheckChanged: has("install 1.2"),
		Drifts: []providertest.Drift{
			{Name: "the hold", By: func() { h.SetPackage("tiny", "install 1.1") }, Fact: hold, From: "no", To: "yes"},
			{Name: "the version", By: func() { h.SetPackage("tiny", "hold 2.0") }, Fact: fact, From: "2.0", To: "1.1"},
		},
		Vanish: func() {
			if err := os.RemoveAll(h.Path("/etc/fake/packages")); err != nil {
				t.Fatal(err)
			}
		},
		ImportID: "flow1/tiny", Identity: map[string]string{"host": "flow1", "name": "tiny"},
		NotImported: []string{"allow_downgrade"}, // a host does not know what is allowed
	}.Run(t)
}
