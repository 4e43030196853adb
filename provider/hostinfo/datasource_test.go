package hostinfo_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/flowstack/terraform-provider-flowstack/provider/hostinfo"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

const (
	address = "data." + hostinfo.DataSourceType + ".test"
	block   = "data \"" + hostinfo.DataSourceType + "\" \"test\" {\n%s\n}\n"
)

func config(provider, body string) string { return provider + fmt.Sprintf(block, body) }

func TestHost(t *testing.T) {
	h := providertest.StartHost(t, nil)
	machine, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	expect := func(check knownvalue.Check, path ...any) statecheck.StateCheck {
		at := tfjsonpath.New(path[0].(string)) //nolint:forcetypeassert // of this test
		for _, key := range path[1:] {
			at = at.AtMapKey(key.(string)) //nolint:forcetypeassert // of this test
		}
		return statecheck.ExpectKnownValue(address, at, check)
	}
	positive := knownvalue.Int64Func(func(v int64) error {
		if v <= 0 {
			return fmt.Errorf("%d is not more than nothing", v)
		}
		return nil
	})
	text := func(check knownvalue.Check) knownvalue.Check {
		return knownvalue.ObjectExact(map[string]knownvalue.Check{
			"id": knownvalue.StringExact("debian"), "version": check, "name": knownvalue.StringExact("Debian GNU/Linux 12 (bookworm)"),
		})
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{
			{
				Config: config(h.Provider(), ""),
				ConfigStateChecks: []statecheck.StateCheck{
					expect(knownvalue.StringExact("flow1"), "host"),
					expect(knownvalue.StringExact(machine), "hostname"),
					expect(knownvalue.StringExact("amd64"), "architecture"),
					expect(text(knownvalue.StringExact("12")), "distribution"),
					expect(knownvalue.StringRegexp(regexp.MustCompile(`^\d+\.\d+`)), "kernel"),
					expect(knownvalue.StringExact("none"), "virtualization"),
					expect(knownvalue.Int64Exact(252), "systemd_version"),
					expect(positive, "processors"),
					expect(positive, "memory"),
					expect(positive, "mounts", "/", "size"),
					expect(positive, "mounts", "/", "free"),
					expect(knownvalue.NotNull(), "addresses"),
					expect(knownvalue.Bool(false), "reboot_required"),
				},
			},
			{
				PreConfig: func() { h.Write("/etc/os-release", "ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n") },
				Config:    config(h.Provider(), `host = "flow1"`),
				ConfigStateChecks: []statecheck.StateCheck{
					expect(text(knownvalue.Null()), "distribution"),
				},
			},
			{
				Config:      config(h.Provider(), `host = "flow9"`),
				ExpectError: regexp.MustCompile(`no entry\s+"flow9"`),
			},
			{
				Config:      config(strings.Replace(h.Provider(), "flow1 =", "other = "+h.Config()+"\n flow1 =", 1), ""),
				ExpectError: regexp.MustCompile(`several\s+hosts\s+\(flow1, other\)`),
			},
		},
	})
}

// TestHostIsReadWithTheResources: beside resources of the host it costs no connection of its own.
func TestHostIsReadWithTheResources(t *testing.T) {
	h := providertest.StartHost(t, map[string]string{"vm.swappiness": "60"})
	tofu := providertest.NewCLI(t)
	tofu.Write(config(h.Provider(), "") + "resource \"flowstack_sysctl\" \"one\" {\n  settings = { \"vm.swappiness\" = \"1\" }\n}\n")
	if got := tofu.Apply(); len(got.Errors) > 0 || h.Handshakes() != 1 {
		t.Errorf("%d connections: %+v", h.Handshakes(), got)
	}
	if got := tofu.Plan(); len(got.Errors) > 0 || got.Changes != 0 || h.Handshakes() != 2 {
		t.Errorf("%d connections after a plan: %+v", h.Handshakes(), got)
	}
}

// TestHostThatIsNotThere: there is no state to take for true, so the error says what to do.
func TestHostThatIsNotThere(t *testing.T) {
	h := providertest.StartHost(t, nil)
	later := "resource \"terraform_data\" \"later\" {\n  input = \"" + h.Host + "\"\n}\n"
	unknown := providertest.Preamble + "provider \"flowstack\" {\n  hosts = { flow1 = merge(" + h.Config() + ", { address = terraform_data.later.output }) }\n}\n"
	none := providertest.Preamble + "provider \"flowstack\" {\n  hosts = terraform_data.later.id == \"\" ? {} : { flow1 = " + h.Config() + " }\n}\n"
	for name, provider := range map[string]string{"an unknown host": unknown, "unknown hosts": none} {
		tofu := providertest.NewCLI(t)
		tofu.Write(config(provider, "") + later)
		got := tofu.Plan()
		said := strings.Join(got.Errors, "\n")
		explained := strings.Contains(said, "not known before the apply") && strings.Contains(said, "depends_on")
		if with := providertest.CommandLineOf(t); with.OpenTofu && with.Minor < 12 { // it takes a deferral for an error, with words of its own
			explained = strings.HasPrefix(said, "Provider configuration is incomplete")
		}
		if len(got.Errors) != 1 || !explained {
			t.Errorf("%s: %+v", name, got)
		}
		tofu.Write(config(provider, "depends_on = [terraform_data.later]") + later)
		if got := tofu.Apply(); len(got.Errors) > 0 {
			t.Errorf("%s, read in the apply: %+v", name, got)
		}
	}

	tofu := providertest.NewCLI(t)
	tofu.Write(config(strings.ReplaceAll(h.Provider(), `"5s"`, `"1s"`), ""))
	h.Stop()
	if got := tofu.Plan(); len(got.Errors) != 1 || !strings.Contains(got.Errors[0], "Unable to read host flow1\nHost flow1: unable to connect") {
		t.Errorf("a host that is off: %+v", got)
	}
}
