package sysctl

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
)

func TestImportTakesTheSettingsOfTheFile(t *testing.T) {
	model := &Model{Name: types.StringValue("x")}
	const file = "file /etc/sysctl.d/60-x.conf"
	imported(t.Context(), model, host.Facts{
		file: "present", file + ": mode": "0644", file + ": owner": "root:root",
		file + ": vm.swappiness": "1", file + ": -net.ipv4.conf.lo.rp_filter": "excluded",
	})
	if got := model.KnownSettings(); !cmp.Equal(got, map[string]string{"vm.swappiness": "1"}) {
		t.Errorf("imported %v", got)
	}
}

func TestGone(t *testing.T) {
	desired := items("x", map[string]string{"vm.swappiness": "1"})
	facts := desired.Facts()
	if gone(desired, facts) {
		t.Error("what is there is gone")
	}
	for name := range facts {
		facts[name] = host.Absent
	}
	facts["sysctl vm.swappiness"] = "60"
	if !gone(desired, facts) {
		t.Error("without file, at another value, it is still there")
	}
	facts["sysctl vm.swappiness"] = "1"
	if gone(desired, facts) {
		t.Error("a live value is gone")
	}
}

func TestProfilesAreValid(t *testing.T) {
	for name, settings := range Profiles {
		if err := items("x", settings).Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
