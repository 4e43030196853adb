package systemd_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

func emptyPlan() resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
}

// TestOneRestart: limits, two drop-ins and the state of a unit change in one apply, and the unit is restarted once.
func TestOneRestart(t *testing.T) {
	h := providertest.StartHost(t, nil)
	h.Systemd(unit)
	h.Systemctl("enable", unit)
	h.Systemctl("start", unit)
	config := func(value int) string {
		return h.Provider() + fmt.Sprintf(`
resource "flowstack_service_limits" "test" {
  unit       = "demo.service"
  nofile     = "%[1]d"
  stable_for = "0s"
}
resource "flowstack_systemd_dropin" "a" {
  unit       = "demo.service"
  name       = "a"
  content    = "[Service]\nEnvironment=A=%[1]d\n"
  stable_for = "0s"
}
resource "flowstack_systemd_dropin" "b" {
  unit       = "demo.service"
  name       = "b"
  content    = "[Service]\nEnvironment=B=%[1]d\n"
  stable_for = "0s"
}
resource "flowstack_systemd_service" "test" {
  name       = "demo.service"
  active     = true
  stable_for = "0s"
  depends_on = [flowstack_service_limits.test, flowstack_systemd_dropin.a, flowstack_systemd_dropin.b]
}
`, value)
	}
	h.SystemdLog()
	once := func(*terraform.State) error {
		log := h.SystemdLog()
		log = slices.DeleteFunc(log, func(line string) bool { return line == "daemon-reload" || line == "reset-failed demo.service" })
		if !slices.Equal(log, []string{"restart demo.service"}) {
			return fmt.Errorf("systemctl was asked %q", log)
		}
		return nil
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{
			{Config: config(1), Check: once},
			{Config: config(1), ConfigPlanChecks: emptyPlan()},
			{Config: config(2), Check: once},
			{Config: config(2), ConfigPlanChecks: emptyPlan()},
		},
		CheckDestroy: func(*terraform.State) error { return state(h, "enabled", "active") },
	})
}

// TestTriggers: a drop-in that restarts nothing, and a service that looks again because of it.
func TestTriggers(t *testing.T) {
	h := providertest.StartHost(t, nil)
	h.Systemd(unit)
	h.Systemctl("start", unit)
	config := func(value int) string {
		return h.Provider() + fmt.Sprintf(`
resource "flowstack_systemd_dropin" "test" {
  unit               = "demo.service"
  name               = "a"
  content            = "[Service]\nEnvironment=A=%d\n"
  restart_when_stale = false
}
resource "flowstack_systemd_service" "test" {
  name       = "demo.service"
  active     = true
  stable_for = "0s"
  triggers   = { dropin = flowstack_systemd_dropin.test.content }
}
`, value)
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{
			{Config: config(1), PreConfig: func() { h.SystemdLog() }},
			{Config: config(1), ConfigPlanChecks: emptyPlan(), PreConfig: func() { h.SystemdLog() }},
			{
				Config: config(2),
				Check: func(*terraform.State) error {
					if log := h.SystemdLog(); !slices.Equal(log, []string{"daemon-reload", "restart demo.service"}) {
						return fmt.Errorf("systemctl was asked %q", log)
					}
					return nil
				},
			},
			{Config: config(2), ConfigPlanChecks: emptyPlan()},
		},
	})
}

// TestMaskLeftOut: a mask goes with the setting, though nothing else of the unit is looked at.
func TestMaskLeftOut(t *testing.T) {
	h := providertest.StartHost(t, nil)
	h.Systemd(unit)
	config := func(more string) string {
		return h.Provider() + fmt.Sprintf("resource \"flowstack_systemd_service\" \"test\" {\n  name = %q\n%s\n}\n", unit, more)
	}
	masked := func(want bool) func(*terraform.State) error {
		return func(*terraform.State) error {
			if _, is := h.Link("/etc/systemd/system/" + unit); is != want {
				return fmt.Errorf("that it is masked is %t", is)
			}
			return nil
		}
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{
			{Config: config("masked = true"), Check: masked(true)},
			{Config: config(""), Check: masked(false)},
			{Config: config(""), ConfigPlanChecks: emptyPlan()},
		},
		CheckDestroy: masked(false),
	})
}

// TestUnitOfATimer: whether a job runs that a timer starts is nobody's business, until it is destroyed. One that vanishes is seen.
func TestUnitOfATimer(t *testing.T) {
	h := providertest.StartHost(t, nil)
	h.Systemd()
	config := func(description string) string {
		return h.Provider() + fmt.Sprintf(`
resource "flowstack_systemd_unit" "job" {
  name               = "demo.service"
  enabled            = false
  restart_when_stale = false
  content            = "[Unit]\nDescription=%s\n[Service]\nExecStart=/bin/true\n"
}
`, description)
	}
	is := func(active string) func(*terraform.State) error {
		return func(*terraform.State) error { return state(h, "disabled", active) }
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{
			{Config: config("one"), Check: is("inactive")},
			{Config: config("one"), ConfigPlanChecks: emptyPlan(), PreConfig: func() { h.Systemctl("start", unit) }},
			{Config: config("two"), Check: is("active")},
			{
				Config: config("two"), Check: is("inactive"),
				PreConfig: func() {
					h.Systemctl("stop", unit)
					h.Remove("/etc/systemd/system/" + unit)
					h.Systemctl("daemon-reload")
				},
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction("flowstack_systemd_unit.job", plancheck.ResourceActionCreate),
				}},
			},
			{Config: config("two"), ConfigPlanChecks: emptyPlan(), PreConfig: func() { h.Systemctl("start", unit) }},
		},
		CheckDestroy: is("inactive"),
	})
}

// TestFailures: the error says what the unit said, and nothing is forgotten.
func TestFailures(t *testing.T) {
	h := providertest.StartHost(t, nil)
	h.Systemd(unit)
	h.Write("/etc/fake/refuse", "demo: cannot listen\n") // the journal
	config := func(more string) string {
		return h.Provider() + fmt.Sprintf("resource \"flowstack_systemd_service\" \"test\" {\n  name = %q\n%s\n}\n", unit, more)
	}
	running := config(`  active = true
  stable_for = "2s"`)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{
			{
				PreConfig:   func() { h.SetSystemd(unit, "fails", "no socket") },
				Config:      running,
				ExpectError: regexp.MustCompile(`(?s)Unable to set up the systemd service of host flow1.*StatusText=no socket.*demo: cannot listen`),
			},
			{ // it starts, and is gone a moment later
				PreConfig: func() {
					h.SetSystemd(unit, "fails", "")
					h.SetSystemd(unit, "dies", "yes")
				},
				Config:      running,
				ExpectError: regexp.MustCompile(`(?s)did\s+not\s+keep\s+running.*demo: cannot listen`),
			},
			{ // tried again
				PreConfig: func() { h.SetSystemd(unit, "dies", "") },
				Config:    running,
				ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownValue("flowstack_systemd_service.test",
					tfjsonpath.New("effective").AtMapKey("unit demo.service: active"), knownvalue.StringExact("active"))},
			},
			{Config: running, ConfigPlanChecks: emptyPlan()},
		},
	})
}

func TestMistakes(t *testing.T) {
	h := providertest.StartHost(t, nil)
	h.Systemd(unit)
	for name, c := range map[string]struct{ kind, body, message string }{
		"a name without type": {"flowstack_systemd_service", `name = "demo"`, `elasticsearch.service`},
		"masked and enabled": {
			"flowstack_systemd_service", "name = \"demo.service\"\nmasked = true\nenabled = true", `masked unit can neither be enabled nor run`,
		},
		"a port of nobody": {"flowstack_systemd_service", "name = \"demo.service\"\nwait_for_port = 80", `listens on none`},
		"a time":           {"flowstack_systemd_service", "name = \"demo.service\"\nstable_for = \"soon\"", `not a time such as\s+10s`},
		"no setting":       {"flowstack_systemd_dropin", "unit = \"demo.service\"\nname = \"a\"\ncontent = \"# nothing\"", `has no setting`},
		"a path":           {"flowstack_systemd_dropin", "unit = \"demo.service\"\nname = \"../a\"\ncontent = \"[Service]\\nA=b\"", `beginning with a\s+letter`},
		"no limit":         {"flowstack_service_limits", `unit = "demo.service"`, `Give at least one`},
		"a soft limit":     {"flowstack_service_limits", "unit = \"demo.service\"\nnofile = \"infinity:1\"", `above the\s+hard one`},
		"a number":         {"flowstack_service_limits", "unit = \"demo.service\"\nnproc = \"many\"", `must be a number or\s+infinity`},
	} {
		t.Run(name, func(t *testing.T) {
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: providertest.Factories(t),
				Steps: []resource.TestStep{{
					Config:      h.Provider() + fmt.Sprintf("resource %q \"test\" {\n%s\n}\n", c.kind, c.body),
					PlanOnly:    true,
					ExpectError: regexp.MustCompile(c.message),
				}},
			})
		})
	}
}

func TestServiceDataSource(t *testing.T) {
	h := providertest.StartHost(t, nil)
	h.Systemd(unit)
	h.Systemctl("start", unit)
	started := time.Now()
	for { // the kernel's time of a change may be some milliseconds behind the clock
		h.Write("/etc/demo.conf", "")
		if info, err := os.Stat(h.Path("/etc/demo.conf")); err != nil || info.ModTime().After(started) {
			break
		}
	}
	config := h.Provider() + `
data "flowstack_systemd_service" "demo" {
  name   = "demo.service"
  inputs = ["/etc/demo.conf"]
}
data "flowstack_systemd_service" "none" { name = "none.service" }
`
	at := func(name, attribute string, check knownvalue.Check) statecheck.StateCheck {
		return statecheck.ExpectKnownValue("data.flowstack_systemd_service."+name, tfjsonpath.New(attribute), check)
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{{
			Config: config,
			ConfigStateChecks: []statecheck.StateCheck{
				at("demo", "host", knownvalue.StringExact("flow1")),
				at("demo", "exists", knownvalue.Bool(true)),
				at("demo", "active", knownvalue.StringExact("active")),
				at("demo", "enabled", knownvalue.StringExact("disabled")),
				at("demo", "stale", knownvalue.Bool(true)),
				at("demo", "configuration", knownvalue.StringExact("stale: /etc/demo.conf is newer")),
				at("demo", "unit_file", knownvalue.StringExact("/etc/fake/vendor/demo.service")),
				at("none", "exists", knownvalue.Bool(false)),
				at("none", "enabled", knownvalue.Null()),
			},
		}},
	})
}
