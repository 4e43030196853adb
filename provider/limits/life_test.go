package limits_test

import (
	"fmt"
	"strings"
	"testing"

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
