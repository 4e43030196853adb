package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporterconfig"
)

func TestExporterConfig(t *testing.T) {
	stdout, stderr, err := execute(t, "exporter-config", "vyos", "--collector", "192.0.2.10", "--interface", "eth0", "--interface", "eth1", "--active-timeout", "1m", "--sampling", "10")
	if err != nil || !strings.Contains(stdout, "set system flow-accounting interface eth1\n") || !strings.Contains(stdout, "sampling-rate 10\n") {
		t.Errorf("%v: %s", err, stdout)
	}
	if strings.Contains(stdout, "source:") || !strings.Contains(stderr, "source: VyOS documentation") || !strings.Contains(stderr, "warning: It repeats templates by packets") {
		t.Errorf("the remarks are %s", stderr)
	}
	stdout, _, err = execute(t, "exporter-config", "vyos", "--collector", "192.0.2.10", "--interface", "eth0", "--remove")
	if err != nil || !strings.Contains(stdout, "delete system flow-accounting\n") {
		t.Errorf("%v: %s", err, stdout)
	}
	stdout, _, err = execute(t, "exporter-config", "panos", "--collector", "192.0.2.10", "--interface", "ethernet1/1", "--json")
	var r exporterconfig.Result
	if err != nil || json.Unmarshal([]byte(stdout), &r) != nil || r.Platform != "panos" || r.Configuration == "" || r.Removal == "" || len(r.Sources) == 0 {
		t.Errorf("%v: %s", err, stdout)
	}
	for want, args := range map[string][]string{
		"--sampling: Palo Alto PAN-OS looks at every packet":   {"panos", "--collector", "192.0.2.10", "--interface", "ethernet1/1", "--sampling", "4"},
		"--max-flows: EdgeOS (EdgeRouter) does not let one":    {"edgeos", "--collector", "192.0.2.10", "--interface", "eth0", "--max-flows", "4"},
		"--filter: \"host $HOSTNAME\" cannot be passed on":     {"softflowd", "--collector", "192.0.2.10", "--interface", "eth0", "--filter", "host $HOSTNAME"},
		"--interface: say which":                               {"edgeos", "--collector", "192.0.2.10"},
		"--active-timeout: Palo Alto PAN-OS takes multiples":   {"panos", "--collector", "192.0.2.10", "--interface", "ethernet1/1", "--active-timeout", "61s"},
		`platform: there is no "junos"; there are arista-eos,`: {"junos", "--collector", "192.0.2.10"},
		`required flag(s) "collector" not set`:                 {"edgeos"},
		`is not a duration; write it like`:                     {"edgeos", "--collector", "192.0.2.10", "--active-timeout", "a minute"},
	} {
		if _, _, err := execute(t, append([]string{"exporter-config"}, args...)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: the error is %v, want %q", args, err, want)
		}
	}
	stdout, _, err = execute(t, "__complete", "exporter-config", "cisco-")
	if err != nil || !strings.Contains(stdout, "cisco-asa\tCisco ASA") {
		t.Errorf("%v: completions are %s", err, stdout)
	}
}

func TestDurationsInDays(t *testing.T) {
	var o flowsOptions
	if err := (durationFlag{&o.since}).Set("30d"); err != nil || o.since.Hours() != 720 {
		t.Errorf("%s, %v", o.since, err)
	}
	if _, _, err := execute(t, "flows", "--since", "a month"); err == nil || !strings.Contains(err.Error(), "30d") {
		t.Errorf("the error is %v", err)
	}
}
