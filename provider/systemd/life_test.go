package systemd_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
	"github.com/flowstack/terraform-provider-flowstack/provider/systemd"
)

const unit = "demo.service"

// state tells whether a unit is so.
func state(h *providertest.Host, enabled, active string) error {
	if e, a := h.SystemdState(unit, "enabled"), h.SystemdState(unit, "active"); e != enabled || a != active {
		return fmt.Errorf("%s is %s and %s, not %s and %s", unit, e, a, enabled, active)
	}
	return nil
}

func TestUnitLife(t *testing.T) {
	h := providertest.StartHost(t, nil)
	h.Systemd()
	const path = "/etc/systemd/system/demo.service"
	body := func(description, more string) string {
		return fmt.Sprintf(`
  name       = %q
  active     = true
  stable_for = "0s"
  content    = <<-EOT
    [Unit]
    Description=%s
    [Service]
    ExecStart=/bin/sleep infinity
    [Install]
    WantedBy=multi-user.target
  EOT
%s`, unit, description, more)
	}
	providertest.Life{
		Host: h, Type: systemd.UnitType, Body: body("one", ""), Changed: body("two", "enabled = false"),
		Check:        func() error { return state(h, "enabled", "active") },
		CheckChanged: func() error { return state(h, "disabled", "active") },
		Drifts: []providertest.Drift{
			{
				Name: "a setting", By: func() {
					h.Write(path, "[Unit]\nDescription=hand\n[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n")
				},
				Fact: "file " + path + ": [Unit] Description", From: "hand", To: "one",
			},
			{Name: "enabled", By: func() { h.Systemctl("disable", unit) }, Fact: "unit demo.service: enabled", From: "disabled", To: "enabled"},
			{Name: "active", By: func() { h.Systemctl("stop", unit) }, Fact: "unit demo.service: active", From: "inactive", To: "active"},
		},
		Vanish: func() {
			h.Systemctl("stop", unit)
			h.Systemctl("disable", unit)
			h.Remove(path)
			h.Systemctl("daemon-reload")
		},
		ImportID: "flow1/demo.service", Identity: map[string]string{"host": "flow1", "name": unit},
		NotImported: []string{"content", "stable_for"},
		Ignore:      []string{"etc/fake"},
		Left:        func() error { return state(h, "disabled", "inactive") },
	}.Run(t)
}

func TestDropInLife(t *testing.T) {
	h := providertest.StartHost(t, nil)
	h.Systemd(unit)
	h.Systemctl("start", unit)
	const path = "/etc/systemd/system/demo.service.d/50-env.conf"
	body := func(value string) string {
		return fmt.Sprintf("unit = %q\nname = \"50-env\"\nstable_for = \"0s\"\ncontent = \"[Service]\\nEnvironment=A=%s\\n\"\n", unit, value)
	}
	check := func() error { return state(h, "disabled", "active") }
	providertest.Life{
		Host: h, Type: systemd.DropInType, Body: body("1"), Changed: body("2"),
		Check: check, CheckChanged: check,
		Drifts: []providertest.Drift{
			{
				Name: "a setting", By: func() { h.Write(path, "[Service]\nEnvironment=A=9\n") },
				Fact: "file " + path + ": [Service] Environment", From: "A=sha256:19581e27de7ced00", To: "A=sha256:6b86b273ff34fce1",
			},
			{
				Name: "a setting that systemd was told of", By: func() {
					h.Write(path, "[Service]\nEnvironment=A=1\n")
					h.Systemctl("daemon-reload")
				},
				Fact: "unit demo.service: configuration", From: "stale: " + path + " is newer", To: "current",
			},
			{Name: "a failed start", By: func() { h.SetSystemd(unit, "active", "failed") }, Fact: "unit demo.service: configuration", From: "failed", To: "current"},
		},
		Vanish: func() {
			h.Remove(path)
			h.Remove("/etc/systemd/system/demo.service.d")
		},
		ImportID: "flow1/demo.service/50-env", Identity: map[string]string{"host": "flow1", "unit": unit, "name": "50-env"},
		NotImported: []string{"content", "stable_for"},
		Ignore:      []string{"etc/fake"},
		Left:        check,
	}.Run(t)
}

// TestEnvironmentIsNotShown: who marks a variable as sensitive finds its value in no plan, though it is in the environment of a unit; neither do those
// find it that were there before.
func TestEnvironmentIsNotShown(t *testing.T) {
	const canary, older = "environment-canary", "older-canary"
	h := providertest.StartHost(t, nil)
	h.Systemd(unit)
	c := providertest.NewCLI(t)
	configure := func(value string) {
		c.Write(h.Provider() + fmt.Sprintf(`
variable "token" {
  default   = %q
  sensitive = true
}
resource %q "test" {
  unit       = %q
  name       = "token"
  stable_for = "0s"
  content    = "[Service]\nEnvironment=\"API_TOKEN=${var.token}\" MODE=fast\nSetCredential=id:${var.token}\n"
}
`, value, systemd.DropInType, unit))
	}
	configure(older)
	said := c.Apply()
	if len(said.Errors) > 0 || len(said.Warnings) == 0 || !strings.Contains(strings.Join(strings.Fields(said.Warnings[0]), " "), "API_TOKEN") {
		t.Fatalf("the apply says %q and warns %q", said.Errors, said.Warnings)
	}
	configure(canary)
	text := c.PlanText()
	for _, secret := range []string{canary, older} {
		if strings.Contains(text, secret) {
			t.Errorf("%s is in the plan:\n%s", secret, text)
		}
	}
	if !strings.Contains(text, "API_TOKEN=sha256:") || !strings.Contains(text, "id:sha256:") {
		t.Errorf("the plan does not tell what changes:\n%s", text)
	}
}

// TestDropInFolder: the folder belongs to all drop-ins of the unit, so no removal trips over another one that took it away.
func TestDropInFolder(t *testing.T) {
	desired := systemd.DropIn(unit, "a.conf", []byte("[Service]\nEnvironment=A=1\n"), &systemd.Restart{})
	if folder, ok := desired[0].(host.Directory); !ok || folder.Path != "/etc/systemd/system/demo.service.d" || !folder.Shared {
		t.Errorf("the folder is %+v", desired[0])
	}
}

func TestServiceLife(t *testing.T) {
	h := providertest.StartHost(t, nil)
	h.Systemd(unit)
	body := func(more string) string {
		return fmt.Sprintf("name = %q\nstable_for = \"0s\"\ninputs = [\"/etc/demo.conf\"]\n%s", unit, more)
	}
	h.Write("/etc/demo.conf", "1\n")
	providertest.Life{
		Host: h, Type: systemd.ServiceType, Body: body("enabled = true\nactive = true"), Changed: body("masked = true"),
		Check: func() error { return state(h, "enabled", "active") },
		CheckChanged: func() error {
			if target, _ := h.Link("/etc/systemd/system/" + unit); target != "/dev/null" {
				return fmt.Errorf("it is not masked: %q", target)
			}
			if active := h.SystemdState(unit, "active"); active != "inactive" {
				return fmt.Errorf("it is %s", active)
			}
			return nil
		},
		Drifts: []providertest.Drift{
			{Name: "active", By: func() { h.Systemctl("stop", unit) }, Fact: "unit demo.service: active", From: "inactive", To: "active"},
			{Name: "enabled", By: func() { h.Systemctl("disable", unit) }, Fact: "unit demo.service: enabled", From: "disabled", To: "enabled"},
			{
				Name: "an input", By: func() { h.Write("/etc/demo.conf", "1\n") },
				Fact: "unit demo.service: configuration", From: "stale: /etc/demo.conf is newer", To: "current",
			},
		},
		ImportID: "flow1/demo.service", Identity: map[string]string{"host": "flow1", "name": unit},
		NotImported: []string{"inputs", "stable_for"},
		Ignore:      []string{"etc/fake"},
		Left:        func() error { return state(h, "disabled", "inactive") },
	}.Run(t)
}
