package sysctl_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
	"github.com/flowstack/terraform-provider-flowstack/provider/sysctl"
)

// TestImageHasTheProfile: the appliance boots with what sysctl_profile("collector") gives.
func TestImageHasTheProfile(t *testing.T) {
	text, err := os.ReadFile(providertest.Root(t) + "/appliance/image/files/etc/sysctl.d/50-flowcollector.conf")
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range sysctl.Profiles["collector"] {
		if line := fmt.Sprintf("%s = %s\n", name, value); !strings.Contains(string(text), line) {
			t.Errorf("%q is missing", line)
		}
	}
	if got, want := strings.Count(string(text), " = "), len(sysctl.Profiles["collector"]); got != want {
		t.Errorf("the image has %d parameters, the profile %d", got, want)
	}
}
