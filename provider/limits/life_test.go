package limits_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/flowstack/terraform-provider-flowstack/provider/limits"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

func TestLimitsLife(t *testing.T) {
	h := providertest.StartHost(t, nil)
	h.Systemd("demo.service")
	const folder = "/etc/systemd/system/demo.service.d"
	const path = folder + "/" + limits.FileName
	check := func(lines string) func() error {
		return func() error {
			if got, _ := h.Read(path); !strings.HasSuffix(got, "[Service]\n"+lines) {
				return fmt.Errorf("the drop-in is %q", got)
			}
			return nil
		}
	}
	const common = "unit = \"demo.service\"\nstable_for = \"0s\"\n"
	providertest.Life{
		Host: h, Type: limits.ResourceType,
		Body: common + "nofile = \"1024:4096\"\nmemlock = \"infinity\"", Changed: common + "nofile = \"65536\"\nas = \"16G\"",
		Check: check("LimitNOFILE=1024:4096\nLimitMEMLOCK=infinity\n"), CheckChanged: check("LimitNOFILE=65536\nLimitAS=16G\n"),
		Drifts: []providertest.Drift{{
			Name: "a limit", By: func() { h.Write(path, "[Service]\nLimitNOFILE=7\nLimitMEMLOCK=infinity\n") },
			Fact: "file " + path + ": [Service] LimitNOFILE", From: "7", To: "1024:4096",
		}},
		Vanish: func() {
			h.Remove(path)
			h.Remove(folder)
		},
		ImportID: "flow1/demo.service", Identity: map[string]string{"host": "flow1", "unit": "demo.service"},
		NotImported: []string{"stable_for"},
		Ignore:      []string{"etc/fake"},
	}.Run(t)
}

// TestLimitsThatAnotherDropInTakesOver: a drop-in that is read later is named, in the plan and by the apply that cannot help it.
func TestLimitsThatAnotherDropInTakesOver(t *testing.T) {
	h := providertest.StartHost(t, nil)
	h.Systemd("demo.service")
	const later = "/etc/systemd/system/demo.service.d/90-later.conf"
	const address = limits.ResourceType + ".test"
	config := h.Provider() + fmt.Sprintf("resource %q \"test\" {\nunit = \"demo.service\"\nnofile = \"65536\"\nmemlock = \"64M\"\n}\n", limits.ResourceType)
	const fact = "unit demo.service: LimitNOFILE: overridden by " + later
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{
			{Config: config},
			{
				PreConfig:        func() { h.Write(later, "[Service]\nLimitNOFILE=1024\nLimitMEMLOCK=65536K\n") },
				Config:           config,
				ConfigPlanChecks: providertest.Update(address, [3]string{fact, "1024", ""}),
				ExpectError:      regexp.MustCompile(`(?s)LimitNOFILE\s+is\s+1024\s+\(` + regexp.QuoteMeta(later) + `\);\s+take\s+the\s+line\s+out`),
			},
			{
				PreConfig: func() { h.Remove(later) },
				Config:    config,
			},
		},
	})
}
