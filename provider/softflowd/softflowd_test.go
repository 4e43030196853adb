package softflowd_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	appliance "github.com/flowstack/terraform-provider-flowstack/appliance/softflowd"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
	"github.com/flowstack/terraform-provider-flowstack/provider/softflowd"
)

const wan = "/etc/softflowd/wan.conf"

func start(t *testing.T) *providertest.Host {
	t.Helper()
	h := providertest.StartHost(t, nil)
	h.Systemd()
	h.Offer(appliance.PackageName, "1.1.0-2")
	h.Content(appliance.PackageName, map[string]string{
		"/etc/softflowd/default.conf":            "interface=''\noptions=''\n",
		"/etc/fake/vendor/softflowd@.service":    "[Service]\nExecStart=/usr/sbin/softflowd\n",
		"/etc/fake/vendor/softflowd@wan.service": "[Service]\nExecStart=/usr/sbin/softflowd\n",
		"/etc/fake/vendor/softflowd@lan.service": "[Service]\nExecStart=/usr/sbin/softflowd\n",
	})
	return h
}

func TestSoftflowdLife(t *testing.T) {
	h := start(t)
	check := func(instances ...string) func() error {
		return func() error {
			for _, name := range instances {
				text, _ := h.Read(appliance.Path(name))
				if !strings.Contains(text, `-n 192.0.2.10:2055 -v 9 -t maxlife=60`) || h.SystemdState(appliance.Unit(name), "active") != "active" {
					return fmt.Errorf("instance %s is not as wanted: %q", name, text)
				}
			}
			for _, name := range []string{"wan", "lan"} {
				if _, there := h.Read(appliance.Path(name)); there != strings.Contains(strings.Join(instances, " "), name) {
					return fmt.Errorf("the settings of instance %s: %t", name, there)
				}
			}
			return nil
		}
	}
	of := func(name string) string {
		if name == "wan" {
			return `    wan = { interface = "eth_wan", collector = "192.0.2.10", max_flows = 65536, filter = "tcp or udp", track = "vlan" }` + "\n"
		}
		return fmt.Sprintf("    %s = { interface = \"eth_%s\", collector = \"192.0.2.10\" }\n", name, name)
	}
	providertest.Life{
		Host: h, Type: softflowd.ResourceType,
		Body: "  instances = {\n" + of("wan") + "  }", Changed: "  instances = {\n" + of("wan") + of("lan") + "  }",
		Check: check("wan"), CheckChanged: check("wan", "lan"),
		Drifts: []providertest.Drift{
			{
				Name: "the collector's address", By: func() {
					text, _ := h.Read(wan)
					h.Write(wan, strings.Replace(text, "192.0.2.10", "192.0.2.66", 1))
				}, Fact: "file " + wan + ": -n", From: "192.0.2.66:2055", To: "192.0.2.10:2055",
			},
			{
				Name: "the filter", By: func() {
					text, _ := h.Read(wan)
					h.Write(wan, strings.Replace(text, "tcp or udp", "tcp", 1))
				}, Fact: "file " + wan + ": filter", From: "tcp", To: "tcp or udp",
			},
			{
				Name: "the service", By: func() { h.SetSystemd(appliance.Unit("wan"), "active", "inactive") },
				Fact: "unit softflowd@wan.service: active", From: "inactive", To: "active",
			},
		},
		Vanish: func() {
			h.Systemctl("stop", appliance.Unit("wan"))
			for _, path := range []string{"/etc/fake/packages", "/etc/fake/vendor/softflowd@.service", "/etc/fake/vendor/softflowd@wan.service", "/etc/fake/vendor/softflowd@lan.service", "/etc/softflowd"} {
				if err := os.RemoveAll(h.Path(path)); err != nil {
					t.Fatal(err)
				}
			}
		},
		ImportID: "flow1", Identity: map[string]string{"host": "flow1"}, NotImported: []string{"instances", "effective"},
		Ignore: []string{"etc/fake", "var/lib/apt"},
	}.Run(t)
}

func TestMistakesAreFoundInThePlan(t *testing.T) {
	h := start(t)
	for body, want := range map[string]string{
		`a-b = { interface = "eth0", collector = "192.0.2.10" }`:                            `is\s+not\s+a\s+name\s+for\s+an\s+instance`,
		`default = { interface = "eth0", collector = "192.0.2.10" }`:                        `package's\s+own`,
		`wan = { interface = "eth0; reboot", collector = "192.0.2.10" }`:                    `not\s+what\s+softflowd`,
		`wan = { interface = "eth0", collector = "1.2.3.4.5" }`:                             `neither\s+an\s+address\s+nor\s+a\s+name`,
		`wan = { interface = "eth0", collector = "192.0.2.10", protocol = "sflow" }`:        `not\s+sflow`,
		`wan = { interface = "eth0", collector = "192.0.2.10", sampling = 100000 }`:         `65535\s+packets\s+at\s+most`,
		`wan = { interface = "eth0", collector = "192.0.2.10", active_timeout = "now" }`:    `not\s+a\s+duration`,
		`wan = { interface = "eth0", collector = "192.0.2.10", max_flows = 0 }`:             `at least 1`,
		`wan = { interface = "eth0", collector = "192.0.2.10", filter = "host $HOSTNAME" }`: `without\s+quotes`,
		`wan = { interface = "eth0", collector = "192.0.2.10", track = "port" }`:            `tracks\s+full,\s+ip,\s+proto`,
	} {
		resource.UnitTest(t, resource.TestCase{
			ProtoV6ProviderFactories: providertest.Factories(t),
			Steps: []resource.TestStep{{
				Config: h.Provider() + fmt.Sprintf("resource %q \"test\" {\n  instances = {\n    %s\n  }\n}\n", softflowd.ResourceType, body), PlanOnly: true, ExpectError: regexp.MustCompile(want),
			}},
		})
	}
}
