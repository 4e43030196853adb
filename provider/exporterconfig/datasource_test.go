package exporterconfig_test

import (
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/flowstack/terraform-provider-flowstack/provider/exporterconfig"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

const address = "data." + exporterconfig.DataSourceType + ".test"

func config(body string) string {
	return providertest.Preamble + "data \"" + exporterconfig.DataSourceType + "\" \"test\" {\n" + body + "\n}\n"
}

func TestExporterConfig(t *testing.T) {
	is := func(attribute string, check knownvalue.Check) statecheck.StateCheck {
		return statecheck.ExpectKnownValue(address, tfjsonpath.New(attribute), check)
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{
			{
				Config: config(`platform = "edgeos"
  collector  = "192.0.2.10"
  interfaces = ["eth0"]`),
				ConfigStateChecks: []statecheck.StateCheck{
					is("port", knownvalue.Int64Exact(2055)), is("protocol", knownvalue.StringExact("netflow9")), is("direction", knownvalue.StringExact("both")),
					is("active_timeout", knownvalue.StringExact("1m")), is("inactive_timeout", knownvalue.StringExact("15s")), is("template_refresh", knownvalue.Null()),
					is("sampling", knownvalue.Int64Exact(1)),
					is("configuration", knownvalue.StringRegexp(regexp.MustCompile(`(?m)^set system flow-accounting netflow server 192\.0\.2\.10 port 2055$`))),
					is("removal", knownvalue.StringRegexp(regexp.MustCompile(`(?m)^delete system flow-accounting$`))),
					is("warnings", knownvalue.ListPartial(map[int]knownvalue.Check{0: knownvalue.StringRegexp(regexp.MustCompile("every 18 packets"))})),
					is("sources", knownvalue.ListSizeExact(2)),
				},
			},
			{
				Config: config(`platform = "softflowd"
  collector  = "192.0.2.10"
  interfaces = ["eth0"]
  max_flows  = 65536
  filter     = "tcp or udp"
  track      = "vlan"`),
				ConfigStateChecks: []statecheck.StateCheck{is("configuration", knownvalue.StringRegexp(regexp.MustCompile(` -m 65536 -T vlan -6 -- tcp or udp"\n$`)))},
			},
			{ // as it is written, though the platform counts in minutes
				Config: config(`platform = "panos"
  collector      = "flows.example.net"
  interfaces     = ["ethernet1/1"]
  active_timeout = "60s"`),
				ConfigStateChecks: []statecheck.StateCheck{
					is("active_timeout", knownvalue.StringExact("60s")),
					is("configuration", knownvalue.StringRegexp(regexp.MustCompile(`(?m)^set shared server-profile netflow FLOWSTACK active-timeout 1$`))),
				},
				ConfigPlanChecks: resource.ConfigPlanChecks{PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
			},
		},
	})
}

func TestMistakesAreFoundInThePlan(t *testing.T) {
	for body, want := range map[string]string{
		"platform = \"ios\"\n collector = \"192.0.2.10\"":                                                                         `value must be one of`,
		"platform = \"edgeos\"\n collector = \"192.0.2.10\"\n interfaces = [\"eth0\"]\n filter = \"tcp\"":                         `EdgeOS\s+\(EdgeRouter\)\s+does\s+not\s+let\s+one\s+set\s+it`,
		"platform = \"edgeos\"\n collector = \"192.0.2.10\"":                                                                      `Say\s+which,\s+as\s+EdgeOS`,
		"platform = \"panos\"\n collector = \"192.0.2.10\"\n interfaces = [\"ethernet1/1\"]\n sampling = 10":                      `looks\s+at\s+every\s+packet`,
		"platform = \"edgeos\"\n collector = \"192.0.2.10\"\n interfaces = [\"eth0\"]\n active_timeout = \"soon\"":                `is\s+not\s+a\s+duration`,
		"platform = \"edgeos\"\n collector = \"192.0.2.10\"\n interfaces = [\"eth0\"]\n active_timeout = \"0s\"":                  `no\s+time\s+to\s+wait`,
		"platform = \"edgeos\"\n collector = \"192.0.2.10\"\n interfaces = [\"eth0\"]\n port = 70000":                             `between 1 and 65535`,
		"platform = \"cisco-nx-os\"\n collector = \"192.0.2.10\"\n interfaces = [\"Ethernet1/1\"]":                                `without\s+it\s+the\s+exporter\s+stays\s+inactive`,
		"platform = \"vyos\"\n collector = \"192.0.2.10\"\n interfaces = [\"eth0; reboot\"]":                                      `is\s+not\s+what\s+VyOS`,
		"platform = \"edgeos\"\n collector = \"192.0.2.10\"\n interfaces = [\"eth0\"]\n protocol = \"sflow\"\n sampling = 1000\n": `not\s+sflow`,
	} {
		resource.UnitTest(t, resource.TestCase{
			ProtoV6ProviderFactories: providertest.Factories(t),
			Steps:                    []resource.TestStep{{Config: config(body), PlanOnly: true, ExpectError: regexp.MustCompile(want)}},
		})
	}
}
