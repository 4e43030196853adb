package sysctl_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
	"github.com/flowstack/terraform-provider-flowstack/provider/sysctl"
)

const address = sysctl.ResourceType + ".test"

const file = "file /etc/sysctl.d/60-flowstack.conf"

func config(h *providertest.Host, settings string) string {
	return h.Provider() + fmt.Sprintf("resource %q \"test\" {\n  settings = {\n%s\n  }\n}\n", sysctl.ResourceType, settings)
}

func effective(fact string) tfjsonpath.Path { return tfjsonpath.New("effective").AtMapKey(fact) }

func plans(fact, value string) plancheck.PlanCheck {
	return plancheck.ExpectKnownValue(address, effective(fact), knownvalue.StringExact(value))
}

func empty() resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
}

func TestSysctlLife(t *testing.T) {
	h := providertest.StartHost(t, map[string]string{"vm.max_map_count": "65530", "net.core.rmem_max": "212992", "net.ipv4.udp_mem": "1\t2\t3"})
	one := config(h, `"vm.max_map_count" = "262144"`)
	two := config(h, `"vm/max_map_count" = "262144"
"net.ipv4.udp_mem" = "4  5 6"`)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{
			{
				Config: one,
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: append(providertest.Action(address, plancheck.ResourceActionCreate),
					plans("sysctl vm.max_map_count", "262144"), plans(file+": vm.max_map_count", "262144"))},
				ConfigStateChecks: []statecheck.StateCheck{
					providertest.Fact(address, "sysctl vm.max_map_count", "262144"),
					providertest.Fact(address, file, "present"),
					statecheck.ExpectKnownValue(address, tfjsonpath.New("host"), knownvalue.StringExact("flow1")),
					statecheck.ExpectKnownValue(address, tfjsonpath.New("id"), knownvalue.StringExact("flow1/flowstack")),
					providertest.ExpectIdentity(t, address, map[string]knownvalue.Check{
						"host": knownvalue.StringExact("flow1"), "name": knownvalue.StringExact("flowstack"),
					}),
				},
			},
			{Config: one, ConfigPlanChecks: empty()},
			{ // the live value changed by hand
				PreConfig: func() { h.SetSysctl("vm.max_map_count", "65530") },
				Config:    one,
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: append(providertest.Action(address, plancheck.ResourceActionUpdate),
					providertest.Drifts(address, "sysctl vm.max_map_count", "65530", "262144"))},
			},
			{ // the file changed by hand, with a setting too many
				PreConfig: func() { h.Write("/etc/sysctl.d/60-flowstack.conf", "vm.max_map_count=1\nvm.swappiness=10\n") },
				Config:    one,
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: append(providertest.Action(address, plancheck.ResourceActionUpdate),
					providertest.Drifts(address, file+": vm.max_map_count", "1", "262144"),
					providertest.Drifts(address, file+": vm.swappiness", "10", ""))},
				ConfigStateChecks: []statecheck.StateCheck{providertest.Fact(address, file+": vm.max_map_count", "262144")},
			},
			{ // the file removed by hand: the live value is still there, so the resource is
				PreConfig: func() { h.Remove("/etc/sysctl.d/60-flowstack.conf") },
				Config:    one,
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: append(providertest.Action(address, plancheck.ResourceActionUpdate),
					providertest.Drifts(address, file, "absent", "present"))},
			},
			{ // all of it gone
				PreConfig: func() {
					h.Remove("/etc/sysctl.d/60-flowstack.conf")
					h.SetSysctl("vm.max_map_count", "65530")
				},
				Config:           one,
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: providertest.Action(address, plancheck.ResourceActionCreate)},
			},
			{
				Config: two,
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: append(providertest.Action(address, plancheck.ResourceActionUpdate),
					plans("sysctl net.ipv4.udp_mem", "4 5 6"))},
				ConfigStateChecks: []statecheck.StateCheck{
					providertest.Fact(address, "sysctl net.ipv4.udp_mem", "4 5 6"),
					statecheck.ExpectKnownValue(address, tfjsonpath.New("settings").AtMapKey("net.ipv4.udp_mem"), knownvalue.StringExact("4  5 6")),
				},
			},
			{Config: two, ConfigPlanChecks: empty()},
			{ // a parameter left out again gets back the value it had
				Config:           one,
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: providertest.Action(address, plancheck.ResourceActionUpdate)},
				Check: func(*terraform.State) error {
					if got := h.Sysctl("net.ipv4.udp_mem"); got != "1 2 3" {
						return fmt.Errorf("net.ipv4.udp_mem is %q", got)
					}
					return nil
				},
			},
			{
				ResourceName:            address,
				ImportState:             true,
				ImportStateVerify:       true,
				ImportStateVerifyIgnore: []string{"timeouts"},
			},
			providertest.ImportByIdentity(t, address),
		},
		CheckDestroy: func(*terraform.State) error {
			if _, exists := h.Read("/etc/sysctl.d/60-flowstack.conf"); exists || h.Sysctl("vm.max_map_count") != "65530" {
				return fmt.Errorf("the host is not what it was: vm.max_map_count is %s, the file exists: %t", h.Sysctl("vm.max_map_count"), exists)
			}
			return nil
		},
	})
}

// TestSysctlCutAndHealed lives the life that all resources have in common.
func TestSysctlCutAndHealed(t *testing.T) {
	h := providertest.StartHost(t, map[string]string{"vm.max_map_count": "65530", "vm.swappiness": "60"})
	is := func(maps, swappiness string) func() error {
		return func() error {
			if a, b := h.Sysctl("vm.max_map_count"), h.Sysctl("vm.swappiness"); a != maps || b != swappiness {
				return fmt.Errorf("vm.max_map_count is %s and vm.swappiness %s", a, b)
			}
			return nil
		}
	}
	providertest.Life{
		Host:    h,
		Type:    sysctl.ResourceType,
		Body:    `settings = { "vm.max_map_count" = "262144" }`,
		Changed: `settings = { "vm.max_map_count" = "262145", "vm.swappiness" = "1" }`,
		Check:   is("262144", "60"), CheckChanged: is("262145", "1"),
		Drifts: []providertest.Drift{
			{Name: "a value", By: func() { h.SetSysctl("vm.max_map_count", "1") }, Fact: "sysctl vm.max_map_count", From: "1", To: "262144"},
			{Name: "the file", By: func() { h.Remove("/etc/sysctl.d/60-flowstack.conf") }, Fact: file, From: "absent", To: "present"},
		},
		Vanish: func() {
			h.Remove("/etc/sysctl.d/60-flowstack.conf")
			h.SetSysctl("vm.max_map_count", "65530")
		},
		ImportID: "flow1/flowstack", Identity: map[string]string{"host": "flow1", "name": "flowstack"},
	}.Run(t)
}

func TestSysctlMistakesAreFoundInThePlan(t *testing.T) {
	h := providertest.StartHost(t, nil)
	for name, c := range map[string]struct{ settings, message string }{
		"syntax":  {`"vm.max map count" = "1"`, `(?s)Unable to set kernel parameter vm.max map count.*is not the name of a\s+kernel parameter`},
		"escape":  {`"../../etc/passwd" = "1"`, `is not the name of a\s+kernel parameter`},
		"twice":   {`"vm.swappiness" = "1", "vm/swappiness" = "2"`, `also written "vm.swappiness"`},
		"empty":   {`"vm.swappiness" = " "`, `is not a value`},
		"nothing": {``, `at least 1`},
	} {
		t.Run(name, func(t *testing.T) {
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: providertest.Factories(t),
				Steps: []resource.TestStep{{
					Config:      config(h, c.settings),
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

func TestSysctlUnknownToTheKernel(t *testing.T) {
	h := providertest.StartHost(t, map[string]string{"vm.swappiness": "60"})
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{
			{
				Config:      config(h, `"vm.nonesuch" = "1"`),
				ExpectError: regexp.MustCompile(`(?s)Unable to set up the kernel parameters of host flow1.*no such parameter`),
			},
			{
				Config:      config(h, `"vm.swapiness" = "1"`),
				ExpectError: regexp.MustCompile(`did you\s+mean\s+vm.swappiness\?`),
			},
			{ // what was done before the failure is undone, and the next apply works
				Config:            config(h, `"vm.swappiness" = "1"`),
				ConfigStateChecks: []statecheck.StateCheck{providertest.Fact(address, "sysctl vm.swappiness", "1")},
			},
		},
	})
}

// TestSysctlOverridden: what another file takes over at boot has a name, in the plan and in the error, and a name that sorts later is a way out.
func TestSysctlOverridden(t *testing.T) {
	h := providertest.StartHost(t, map[string]string{"vm.swappiness": "60"})
	h.Write("/etc/sysctl.conf", "# local\nvm.swappiness = 30\n")
	h.Symlink("../sysctl.conf", "/etc/sysctl.d/99-sysctl.conf")
	const fact = "sysctl vm.swappiness: overridden by /etc/sysctl.d/99-sysctl.conf → /etc/sysctl.conf"
	one := config(h, `"vm.swappiness" = "1"`)
	refused := regexp.MustCompile(`(?s)at\s+the\s+next\s+boot\s+a\s+file\s+that\s+is\s+read\s+later\s+sets\s+vm.swappiness\s+to\s+30\s+\(/etc/sysctl.d/99-sysctl.conf`)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{
			{Config: one, ExpectError: refused},
			{
				PreConfig: func() {
					if _, exists := h.Read("/etc/sysctl.d/60-flowstack.conf"); exists || h.Sysctl("vm.swappiness") != "60" {
						t.Errorf("what was refused has changed something: the file is there %t, vm.swappiness is %s", exists, h.Sysctl("vm.swappiness"))
					}
					h.Write("/etc/sysctl.conf", "# local\nvm.swappiness = 1\n")
				},
				Config:            one,
				ConfigStateChecks: []statecheck.StateCheck{providertest.Fact(address, "sysctl vm.swappiness", "1")},
			},
			{Config: one, ConfigPlanChecks: empty()},
			{ // somebody edits it later
				PreConfig: func() { h.Write("/etc/sysctl.conf", "vm.swappiness = 30\n") },
				Config:    one,
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: append(providertest.Action(address, plancheck.ResourceActionUpdate),
					providertest.Drifts(address, fact, "30", ""))},
				ExpectError: refused,
			},
			{ // a name with its own place in the order
				Config:            strings.Replace(one, "settings", "name = \"99-zz\"\n  settings", 1),
				ConfigPlanChecks:  resource.ConfigPlanChecks{PreApply: providertest.Action(address, plancheck.ResourceActionDestroyBeforeCreate)},
				ConfigStateChecks: []statecheck.StateCheck{providertest.Fact(address, "file /etc/sysctl.d/99-zz.conf: vm.swappiness", "1")},
			},
		},
		CheckDestroy: func(*terraform.State) error {
			if _, exists := h.Read("/etc/sysctl.d/99-zz.conf"); exists || h.Sysctl("vm.swappiness") != "60" {
				return fmt.Errorf("left: the file %t, vm.swappiness %s", exists, h.Sysctl("vm.swappiness"))
			}
			return nil
		},
	})
}

// TestSysctlWarnings: what plugin-testing cannot see.
func TestSysctlWarnings(t *testing.T) {
	h := providertest.StartHost(t, map[string]string{"vm.swappiness": "60", "kernel.modules_disabled": "1"})
	tofu := providertest.NewCLI(t)
	tofu.Write(config(h, `"vm.swappiness" = "1", "kernel.modules_disabled" = "0"`))
	waits := func(what string, got providertest.Outcome) {
		t.Helper()
		if len(got.Errors) != 0 || len(got.Warnings) != 1 || !strings.Contains(got.Warnings[0], "does not turn back kernel.modules_disabled") {
			t.Errorf("%s: %q %q", what, got.Errors, got.Warnings)
		}
	}
	waits("apply", tofu.Apply())
	got := tofu.Plan()
	waits("plan", got)
	if got.Changes != 0 {
		t.Error("there is something to do where only a reboot helps")
	}
	h.SetSysctl("kernel.modules_disabled", "0") // after the reboot
	if got := tofu.Plan(); len(got.Errors)+len(got.Warnings)+got.Changes != 0 {
		t.Errorf("after a reboot: %+v", got)
	}
	h.Write("/etc/sysctl.d/70-x.conf", "vm.swappiness=2\n")
	got = tofu.Plan()
	if len(got.Warnings) != 1 || !strings.Contains(got.Warnings[0], "Unable to keep kernel parameter vm.swappiness over a reboot") ||
		!strings.Contains(got.Warnings[0], "/etc/sysctl.d/70-x.conf is read after /etc/sysctl.d/60-flowstack.conf and sets it to \"2\"") {
		t.Errorf("beside a later file: %+v", got)
	}
}

func TestSysctlRebootRequired(t *testing.T) {
	h := providertest.StartHost(t, map[string]string{"kernel.kexec_load_disabled": "1"})
	required := func(value bool) []statecheck.StateCheck {
		return []statecheck.StateCheck{statecheck.ExpectKnownValue(address, tfjsonpath.New("reboot_required"), knownvalue.Bool(value))}
	}
	one := config(h, `"kernel.kexec_load_disabled" = "0"`)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{
			{Config: one, ConfigStateChecks: required(true)},
			{Config: one, ConfigPlanChecks: empty(), ConfigStateChecks: required(true)},
			{
				PreConfig:         func() { h.SetSysctl("kernel.kexec_load_disabled", "0") },
				Config:            one,
				ConfigPlanChecks:  empty(),
				ConfigStateChecks: required(false),
			},
		},
	})
}

// TestProfilesAreTheManualProcedure: the values of the walk-through that flowstack replaces can be had exactly.
func TestProfilesAreTheManualProcedure(t *testing.T) {
	want := map[string]map[string]string{
		"elasticsearch": {"vm.max_map_count": "262144"},
		"collector": {
			"net.core.netdev_max_backlog": "4096", "net.core.rmem_default": "262144", "net.core.rmem_max": "67108864",
			"net.ipv4.udp_rmem_min": "131072", "net.ipv4.udp_mem": "2097152 4194304 8388608",
		},
	}
	if diff := cmp.Diff(want, sysctl.Profiles); diff != "" {
		t.Error(diff)
	}
	for name, path := range map[string]string{"net": "/etc/sysctl.d/60-net.conf", "70-elasticsearch": "/etc/sysctl.d/70-elasticsearch.conf", "9-x": "/etc/sysctl.d/60-9-x.conf"} {
		if got := sysctl.FilePath(name); got != path {
			t.Errorf("%s is kept in %s", name, got)
		}
	}
}

func TestProfile(t *testing.T) {
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{
			{
				Config: providertest.Preamble + `output "profile" { value = provider::flowstack::sysctl_profile("collector") }`,
				ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownOutputValue("profile", knownvalue.MapExact(map[string]knownvalue.Check{
					"net.core.netdev_max_backlog": knownvalue.StringExact("4096"),
					"net.core.rmem_default":       knownvalue.StringExact("262144"),
					"net.core.rmem_max":           knownvalue.StringExact("67108864"),
					"net.ipv4.udp_rmem_min":       knownvalue.StringExact("131072"),
					"net.ipv4.udp_mem":            knownvalue.StringExact("2097152 4194304 8388608"),
				}))},
			},
			{
				Config:      providertest.Preamble + `output "profile" { value = provider::flowstack::sysctl_profile("kibana") }`,
				ExpectError: regexp.MustCompile(`(?s)there is no profile "kibana".*collector,\s+elasticsearch`),
			},
		},
	})
}
