package swap_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
	"github.com/flowstack/terraform-provider-flowstack/provider/swap"
)

const (
	address = swap.ResourceType + ".test"
	fstab   = "# a comment\nUUID=1 / ext4 defaults 0 1\n/etc/swapfile none swap sw 0 0\n#/old none swap sw 0 0\n/spare none swap noauto 0 0\n"
	heading = "Filename Type Size Used Priority\n"
	areas   = heading + "/etc/swapfile file 1048572 0 7\n"
)

const swapon = `#!/bin/sh
priority=-2
while [ $# -gt 0 ]; do
	case $1 in
	-a)
		for area in $(sed -n 's/^\([^#][^ ]*\) none swap sw .*/\1/p' /etc/fstab); do
			grep -q "^$area " /proc/swaps || echo "$area file 1048572 0 -2" >>/proc/swaps
		done
		;;
	-p)
		priority=$2
		shift
		;;
	-- | -e) ;;
	*) echo "$1 file 1048572 0 $priority" >>/proc/swaps ;;
	esac
	shift
done
`

const swapoff = `#!/bin/sh
[ ! -e /etc/fake/full ] || { echo 'swapoff: /etc/swapfile: swapoff failed: Cannot allocate memory' >&2; exit 1; }
echo 'Filename Type Size Used Priority' >/proc/swaps
`

func start(t *testing.T) *providertest.Host {
	t.Helper()
	h := providertest.StartHost(t, map[string]string{"vm.swappiness": "60"})
	h.Systemd("swap.target", "zramswap.service")
	h.SetSystemd("swap.target", "enabled", "static")
	h.SetSystemd("zramswap.service", "enabled", "enabled")
	h.SetSystemd("zramswap.service", "active", "active")
	h.SetProgram("swapon", swapon)
	h.SetProgram("swapoff", swapoff)
	h.Write("/etc/fstab", fstab)
	h.Write("/etc/swapfile", "")
	h.Write("/proc-swaps", areas)
	return h
}

func config(h *providertest.Host, attributes string) string {
	return h.Provider() + fmt.Sprintf("resource %q \"test\" {\n%s\n}\n", swap.ResourceType, attributes)
}

// state is what a host shows of its swap.
func state(h *providertest.Host) string {
	table, _ := h.Read("/etc/fstab")
	swaps, _ := h.Read("/proc-swaps")
	persisted, _ := h.Read(swap.SysctlPath)
	return strings.Join([]string{
		table, swaps, persisted, h.Sysctl("vm.swappiness"),
		h.SystemdState("swap.target", "enabled"), h.SystemdState("zramswap.service", "enabled"), h.SystemdState("zramswap.service", "active"),
	}, "|")
}

func TestSwapLife(t *testing.T) {
	h := start(t)
	found := state(h)
	first, second := config(h, "swappiness = 1"), config(h, "state = \"on\"\nswappiness = 10")
	empty := resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
	isOff := func(*terraform.State) error {
		const want = "# a comment\nUUID=1 / ext4 defaults 0 1\n# off by flowstack: /etc/swapfile none swap sw 0 0\n#/old none swap sw 0 0\n/spare none swap noauto 0 0\n|" + heading +
			"|# Managed by flowstack: a change by hand is undone by the next apply.\nvm.swappiness = 1\n|1|masked|masked|inactive"
		if got := state(h); got != want {
			return fmt.Errorf("the host shows\n%s\nnot\n%s", got, want)
		}
		return nil
	}
	var offState string
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{
			{
				Config:           first,
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: providertest.Action(address, plancheck.ResourceActionCreate)},
				ConfigStateChecks: []statecheck.StateCheck{
					providertest.Fact(address, "swap", "off"), providertest.Fact(address, "unit swap.target: enabled", "masked"), providertest.Fact(address, "sysctl vm.swappiness", "1"),
					statecheck.ExpectKnownValue(address, tfjsonpath.New("id"), knownvalue.StringExact("flow1")),
					statecheck.ExpectKnownValue(address, tfjsonpath.New("memory_lock_possible"), knownvalue.Bool(true)),
					providertest.ExpectIdentity(t, address, map[string]knownvalue.Check{"host": knownvalue.StringExact("flow1")}),
				},
				Check: resource.ComposeTestCheckFunc(isOff, func(*terraform.State) error {
					offState = state(h)
					return nil
				}),
			},
			{Config: first, ConfigPlanChecks: empty},
			{ // turned on by hand
				PreConfig:        func() { h.Write("/proc-swaps", areas) },
				Config:           first,
				ConfigPlanChecks: providertest.Update(address, [3]string{"swap", "on", "off"}, [3]string{"swap /etc/swapfile: active", "yes", ""}),
				Check:            isOff,
			},
			{ // at every boot again, in each way there is
				PreConfig: func() {
					h.Write("/etc/fstab", fstab)
					h.Remove("/etc/systemd/system/swap.target")
					h.Remove("/etc/systemd/system/zramswap.service")
				},
				Config: first,
				ConfigPlanChecks: providertest.Update(address, [3]string{"swap /etc/swapfile: in /etc/fstab", "yes", ""}, [3]string{"unit swap.target: enabled", "static", "masked"},
					[3]string{"unit zramswap.service: enabled", "enabled", ""}),
				Check: isOff,
			},
			{
				PreConfig:        func() { h.SetSysctl("vm.swappiness", "60") },
				Config:           first,
				ConfigPlanChecks: providertest.Update(address, [3]string{"sysctl vm.swappiness", "60", "1"}),
				Check:            isOff,
			},
			{ // a file that is read later
				PreConfig:        func() { h.Write("/etc/sysctl.d/99-x.conf", "vm.swappiness=30\n") },
				Config:           first,
				ConfigPlanChecks: providertest.Update(address, [3]string{"sysctl vm.swappiness: overridden by /etc/sysctl.d/99-x.conf", "30", ""}),
				ExpectError:      regexp.MustCompile(`(?s)at the next boot a file\s+that is read later sets vm.swappiness to 30\s+\(/etc/sysctl.d/99-x.conf\)`),
			},
			{
				PreConfig:    func() { h.Remove("/etc/sysctl.d/99-x.conf") },
				RefreshState: true,
			},
			{
				ResourceName:            address,
				ImportState:             true,
				ImportStateId:           "flow1",
				ImportStateVerify:       true,
				ImportStateVerifyIgnore: []string{"timeouts"},
			},
			providertest.ImportByIdentity(t, address),
			{
				Config:            second,
				ConfigPlanChecks:  resource.ConfigPlanChecks{PreApply: providertest.Action(address, plancheck.ResourceActionUpdate)},
				ConfigStateChecks: []statecheck.StateCheck{providertest.Fact(address, "swap", "on"), providertest.Fact(address, "sysctl vm.swappiness", "10")},
				Check: func(*terraform.State) error {
					want := strings.NewReplacer("||60|", "|# Managed by flowstack: a change by hand is undone by the next apply.\nvm.swappiness = 10\n|10|").Replace(found)
					if got := state(h); got != want {
						return fmt.Errorf("with swap on the host shows\n%s\nnot\n%s", got, want)
					}
					return nil
				},
			},
			{Config: second, ConfigPlanChecks: empty},
			{
				Config: first,
				Check: func(*terraform.State) error {
					if got := state(h); got != offState {
						return fmt.Errorf("off again the host shows\n%s", got)
					}
					return nil
				},
			},
		},
		CheckDestroy: func(*terraform.State) error {
			if got := state(h); got != found {
				return fmt.Errorf("after the destroy the host shows\n%s\nnot\n%s", got, found)
			}
			return nil
		},
	})
}

// TestSwapWholeLife has the links cut, too: a creation that failed half-way is replaced without anybody knowing what there was before, and the end is
// still as the beginning.
func TestSwapWholeLife(t *testing.T) {
	h := start(t)
	h.Write("/proc-swaps", strings.Replace(areas, " 7", " -2", 1)) // as the fstab has it
	check := func(swappiness string) func() error {
		return func() error {
			if swaps, _ := h.Read("/proc-swaps"); swaps != heading || h.Sysctl("vm.swappiness") != swappiness || h.SystemdState("zramswap.service", "active") != "inactive" {
				return fmt.Errorf("the host shows\n%s", state(h))
			}
			return nil
		}
	}
	providertest.Life{
		Host: h, Type: swap.ResourceType, Body: "swappiness = 1", Changed: "swappiness = 10",
		Check: check("1"), CheckChanged: check("10"),
		Drifts: []providertest.Drift{
			{Name: "an area", By: func() { h.Write("/proc-swaps", areas) }, Fact: "swap /etc/swapfile: active", From: "yes"},
			{Name: "the target", By: func() { h.Remove("/etc/systemd/system/swap.target") }, Fact: "unit swap.target: enabled", From: "static", To: "masked"},
			{Name: "a service", By: func() { h.Remove("/etc/systemd/system/zramswap.service") }, Fact: "unit zramswap.service: enabled", From: "enabled"},
		},
		ImportID: "flow1", Identity: map[string]string{"host": "flow1"},
		Ignore: []string{"etc/fake/systemd", "etc/fake/log"},
	}.Run(t)
}

func TestSwapMistakes(t *testing.T) {
	for name, c := range map[string]struct{ attributes, message string }{
		"state":      {`state = "sometimes"`, `value must be one of: \["off"\s+"on"\]`},
		"swappiness": {`swappiness = 201`, `between 0 and 200`},
		"pointless":  {`state = "on"`, `Unable to leave the swappiness out`},
	} {
		t.Run(name, func(t *testing.T) {
			h := start(t)
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: providertest.Factories(t),
				Steps:                    []resource.TestStep{{Config: config(h, c.attributes), PlanOnly: true, ExpectError: regexp.MustCompile(c.message)}},
			})
		})
	}
}

func TestSwapCannotBeTurned(t *testing.T) {
	h := start(t)
	h.Write("/etc/fake/full", "")
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{
			{
				Config:      config(h, ""),
				ExpectError: regexp.MustCompile(`(?s)Unable to set up the swap of host flow1.*not enough free\s+memory for what is swapped out`),
			},
			{ // the next apply goes on from there
				PreConfig:         func() { h.Remove("/etc/fake/full") },
				Config:            config(h, ""),
				ConfigStateChecks: []statecheck.StateCheck{providertest.Fact(address, "swap", "off")},
			},
		},
		CheckDestroy: func(*terraform.State) error {
			if swaps, _ := h.Read("/proc-swaps"); swaps != areas {
				return fmt.Errorf("after the destroy: %s", swaps)
			}
			return nil
		},
	})
	none := start(t)
	none.Write("/etc/fstab", "")
	none.Write("/proc-swaps", heading)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{{
			Config:      config(none, "state = \"on\"\nswappiness = 1"),
			ExpectError: regexp.MustCompile(`the host has no swap that could be\s+turned on`),
		}},
	})
}
