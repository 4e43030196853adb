package firewall_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	appliance "github.com/flowstack/terraform-provider-flowstack/appliance/firewall"
	"github.com/flowstack/terraform-provider-flowstack/provider/firewall"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

const (
	address = firewall.ResourceType + ".test"
	file    = "/etc/flowstack/firewall.nft"
	unit    = "flowstack-firewall.service"
	table   = "table inet flowstack"
)

// fake is a fake host whose nft is the real one, in a network namespace of the host's own.
type fake struct {
	*providertest.Host
	netns string
	t     *testing.T
}

func start(t *testing.T) fake {
	t.Helper()
	h := fake{providertest.StartHost(t, nil), filepath.Join(t.TempDir(), "netns"), t}
	h.Systemd()
	if err := os.WriteFile(h.netns, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	h.run("unshare", "--net="+h.netns, "true")
	t.Cleanup(func() {
		if out, err := exec.CommandContext(context.WithoutCancel(t.Context()), "umount", h.netns).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	h.SetProgram("nft", "#!/bin/sh\nexec nsenter --net="+h.netns+" /usr/sbin/nft \"$@\"\n")
	h.SetProgram("ss", "#!/bin/sh\ncase $* in *:2222*) echo 'LISTEN 0 128 *:2222 *:* users:((\"sshd\",pid=1,fd=3))' ;; esac\n")
	return h
}

func (h fake) run(argv ...string) string {
	h.t.Helper()
	out, err := exec.CommandContext(h.t.Context(), argv[0], argv[1:]...).CombinedOutput()
	if err != nil {
		h.t.Fatalf("%q: %v: %s", argv, err, out)
	}
	return string(out)
}

func (h fake) nft(arguments string) string {
	h.t.Helper()
	return h.run(append([]string{h.Path("/sbin/nft")}, strings.Fields(arguments)...)...)
}

func (h fake) config(groups string) string {
	return h.Provider() + fmt.Sprintf("resource %q \"test\" {\n  groups = {\n%s\n  }\n}\n", firewall.ResourceType, groups)
}

func TestFirewallLife(t *testing.T) {
	h := start(t)
	h.nft("add table inet mine")
	h.nft("add chain inet mine c")
	found := h.nft("list ruleset")
	one := h.config(`flows = { allowed = ["192.0.2.0/24", "2001:db8::/32"] }
		elasticsearch = { allowed = [] }`)
	two := h.config(`flows = { udp = [2055, 6343], tcp = [4739], allowed = ["192.0.2.0/24", "198.51.100.7"] }`)
	empty := resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{
			{
				Config:           one,
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: providertest.Action(address, plancheck.ResourceActionCreate)},
				ConfigStateChecks: []statecheck.StateCheck{
					providertest.Fact(address, table+": flows: udp", "2055"), providertest.Fact(address, table+": flows: allowed", "192.0.2.0/24, 2001:db8::/32"),
					providertest.Fact(address, table+": elasticsearch: tcp", "9200"), providertest.Fact(address, table+": elasticsearch: allowed", "none"),
					providertest.Fact(address, table+": rules", "complete"), providertest.Fact(address, "file "+file+": rules", "complete"),
					providertest.Fact(address, "unit "+unit+": enabled", "enabled"),
					statecheck.ExpectKnownValue(address, tfjsonpath.New("id"), knownvalue.StringExact("flow1")),
					providertest.ExpectIdentity(t, address, map[string]knownvalue.Check{"host": knownvalue.StringExact("flow1")}),
				},
			},
			{Config: one, ConfigPlanChecks: empty},
			{ // the kernel's table by hand
				PreConfig:        func() { h.nft("add element inet flowstack flows_ip4 { 203.0.113.9 }") },
				Config:           one,
				ConfigPlanChecks: providertest.Update(address, [3]string{table + ": flows: allowed", "192.0.2.0/24, 203.0.113.9/32, 2001:db8::/32", "192.0.2.0/24, 2001:db8::/32"}),
			},
			{
				PreConfig:        func() { h.nft("insert rule inet flowstack input accept") },
				Config:           one,
				ConfigPlanChecks: providertest.Update(address, [3]string{table + ": rules", "0 missing, 1 of others", "complete"}),
			},
			{ // as a restart of nftables.service does
				PreConfig:        func() { h.nft("delete table inet flowstack") },
				Config:           one,
				ConfigPlanChecks: providertest.Update(address, [3]string{table, "absent", "present"}),
			},
			{ // what the next boot would load
				PreConfig: func() {
					content, _ := h.Read(file)
					h.Write(file, strings.Replace(content, "{ 9200 }", "{ 9300 }", 1))
				},
				Config:           one,
				ConfigPlanChecks: providertest.Update(address, [3]string{"file " + file + ": elasticsearch: tcp", "9300", "9200"}),
			},
			{
				PreConfig:        func() { h.SetSystemd(unit, "enabled", "disabled") },
				Config:           one,
				ConfigPlanChecks: providertest.Update(address, [3]string{"unit " + unit + ": enabled", "disabled", "enabled"}),
			},
			{ResourceName: address, ImportState: true, ImportStateId: "flow1", ImportStateVerify: true, ImportStateVerifyIgnore: []string{"timeouts"}},
			providertest.ImportByIdentity(t, address),
			{
				Config:           two,
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: providertest.Action(address, plancheck.ResourceActionUpdate)},
				ConfigStateChecks: []statecheck.StateCheck{
					providertest.Fact(address, table+": flows: udp", "2055, 6343"), providertest.Fact(address, table+": flows: tcp", "4739"),
					providertest.Fact(address, table+": flows: allowed", "192.0.2.0/24, 198.51.100.7/32"),
				},
				Check: func(*terraform.State) error {
					if rules := h.nft("list table inet flowstack"); strings.Contains(rules, "elasticsearch") {
						return fmt.Errorf("the group that was left out is still there:\n%s", rules)
					}
					return nil
				},
			},
			{Config: two, ConfigPlanChecks: empty},
			{ResourceName: address, ImportState: true, ImportStateId: "flow1", ImportStateVerify: true, ImportStateVerifyIgnore: []string{"timeouts"}},
			{ // all of it gone
				PreConfig: func() {
					h.nft("delete table inet flowstack")
					h.Remove(file)
					h.Remove("/etc/systemd/system/" + unit)
					h.run("rm", "-r", h.Path("/etc/fake/systemd/"+unit), h.Path(appliance.DropInFolder))
				},
				Config:           two,
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: providertest.Action(address, plancheck.ResourceActionCreate)},
			},
		},
		CheckDestroy: func(*terraform.State) error {
			if got := h.nft("list ruleset"); got != found {
				return fmt.Errorf("after the destroy there is\n%s", got)
			}
			for _, path := range []string{file, "/etc/systemd/system/" + unit} {
				if _, exists := h.Read(path); exists {
					return fmt.Errorf("%s is still there", path)
				}
			}
			return nil
		},
	})
}

// TestFirewallWholeLife has the links cut, too.
func TestFirewallWholeLife(t *testing.T) {
	h := start(t)
	shows := func(want string) func() error {
		return func() error {
			for _, rules := range []string{h.nft("list table inet flowstack"), first(h.Read(file))} {
				if !strings.Contains(rules, "{ "+want+" }") || strings.Count(rules, "counter") != 1 {
					return fmt.Errorf("no %s in\n%s", want, rules)
				}
			}
			return nil
		}
	}
	providertest.Life{
		Host: h.Host, Type: firewall.ResourceType,
		Body:    `groups = { flows = { allowed = ["192.0.2.0/24", "2001:db8::1"] } }`,
		Changed: `groups = { exporters = { udp = [6343], allowed = ["198.51.100.0/24"] } }`,
		Check:   shows("2055"), CheckChanged: shows("6343"),
		Drifts: []providertest.Drift{
			{Name: "the table", By: func() { h.nft("delete table inet flowstack") }, Fact: table, From: "absent", To: "present"},
			{Name: "the file", By: func() { h.Remove(file) }, Fact: "file " + file, From: "absent", To: "present"},
			{
				Name: "the drop-in", By: func() { h.Remove(appliance.DropInPath) },
				Fact: "file " + appliance.DropInPath + ": [Unit] Wants", From: "absent", To: unit,
			},
			{Name: "the unit", By: func() { h.SetSystemd(unit, "active", "inactive") }, Fact: "unit " + unit + ": active", From: "inactive", To: "active"},
		},
		Vanish: func() {
			h.nft("delete table inet flowstack")
			h.Remove("/etc/systemd/system/" + unit)
			h.run("rm", "-r", h.Path("/etc/fake/systemd/"+unit), h.Path("/etc/flowstack"), h.Path(appliance.DropInFolder))
		},
		ImportID: "flow1", Identity: map[string]string{"host": "flow1"},
		Ignore: []string{"etc/fake"},
		Left: func() error {
			if rules := h.nft("list ruleset"); rules != "" {
				return fmt.Errorf("there are rules:\n%s", rules)
			}
			return nil
		},
	}.Run(t)
}

func first(text string, _ bool) string { return text }

func TestFirewallMistakes(t *testing.T) {
	h := start(t)
	for name, c := range map[string]struct{ groups, message string }{
		"no ports":    {`mine = { allowed = [] }`, `Group mine has no port`},
		"name":        {`Mine = { udp = [1], allowed = [] }`, `is not the name of a group`},
		"SSH":         {`mine = { tcp = [22], allowed = [] }`, `TCP port 22 is SSH's`},
		"two groups":  {"flows = { allowed = [] }\nmine = { udp = [2055], allowed = [] }", `UDP port 2055 is in the groups flows and mine`},
		"port":        {`mine = { udp = [65536], allowed = [] }`, `between 1 and 65535`},
		"network":     {`flows = { allowed = ["192.0.2.1/24"] }`, `the network is 192.0.2.0/24, the address alone\s+192.0.2.1`},
		"name of one": {`flows = { allowed = ["router.example"] }`, `neither a network such as`},
		"mapped":      {`flows = { allowed = ["::ffff:192.0.2.0/120"] }`, `write the network that way`},
		"zone":        {`flows = { allowed = ["fe80::1%eth0"] }`, `(?i)an address with a zone`},
		"nothing":     {``, `at least 1`},
	} {
		t.Run(name, func(t *testing.T) {
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: providertest.Factories(t),
				Steps:                    []resource.TestStep{{Config: h.config(c.groups), PlanOnly: true, ExpectError: regexp.MustCompile(c.message)}},
			})
		})
	}
	if n := h.Sessions(); n != 0 {
		t.Errorf("%d commands were run on the host to find mistakes in a configuration", n)
	}
}

// TestFirewallRefused: what the host does not take changes nothing.
func TestFirewallRefused(t *testing.T) {
	h := start(t)
	refused := func(groups, message string) {
		t.Helper()
		resource.UnitTest(t, resource.TestCase{
			ProtoV6ProviderFactories: providertest.Factories(t),
			Steps:                    []resource.TestStep{{Config: h.config(groups), ExpectError: regexp.MustCompile(message)}},
		})
		if rules := h.nft("list ruleset"); rules != "" {
			t.Errorf("there are rules:\n%s", rules)
		}
		if _, exists := h.Read(file); exists {
			t.Error("the file is there")
		}
	}
	refused(`mine = { tcp = [2222], allowed = [] }`, `TCP port 2222 is the\s+SSH\s+server's`)
	h.SetProgram("nft", "#!/bin/sh\ncase $1 in -c) echo 'the kernel says no' >&2; exit 1 ;; *) exec nsenter --net="+h.netns+" /usr/sbin/nft \"$@\" ;; esac\n")
	refused(`flows = { allowed = [] }`, `the\s+kernel\s+says\s+no`)
}

// TestOtherFirewalls: who else drops packets is named, at each plan and apply.
func TestOtherFirewalls(t *testing.T) {
	h := start(t)
	tofu := providertest.NewCLI(t)
	tofu.Write(h.config(`flows = { allowed = ["192.0.2.0/24"] }`))
	if got := tofu.Apply(); len(got.Errors)+len(got.Warnings) != 0 {
		t.Fatalf("alone: %q %q", got.Errors, got.Warnings)
	}
	h.nft("add table ip filter")
	h.nft("add chain ip filter INPUT { type filter hook input priority 0 ; policy drop ; }")
	h.run("mkdir", "-p", h.Path("/etc/ufw"))
	h.Write("/etc/ufw/ufw.conf", "# on\nENABLED=yes\n")
	h.SetSystemd("firewalld.service", "active", "active")
	got := tofu.Plan()
	if len(got.Errors) != 0 || got.Changes != 0 || len(got.Warnings) != 1 ||
		!strings.Contains(got.Warnings[0], "may still be dropped by firewalld, ufw, the chain ip filter INPUT of nftables") {
		t.Errorf("beside others: %d changes, %q %q", got.Changes, got.Errors, got.Warnings)
	}
	if got := tofu.Destroy(); len(got.Errors) != 0 {
		t.Fatal(got.Errors)
	}
	if rules := h.nft("list ruleset"); !strings.Contains(rules, "table ip filter") || strings.Contains(rules, "flowstack") {
		t.Errorf("after the destroy:\n%s", rules)
	}
}
