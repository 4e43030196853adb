package image

import (
	"slices"
	"strings"
	"testing"
)

// TestArchitectures: arm64 boots by UEFI alone, so that there is no OVA; what the kernel is told and how root is found is its own.
func TestArchitectures(t *testing.T) {
	s := valid()
	if !slices.Equal(s.formats(), Formats()) {
		t.Errorf("amd64 has the formats %v", s.formats())
	}
	s.Architecture = "arm64"
	if err := s.Validate(); err != nil || slices.Contains(s.formats(), OVA) || len(s.formats()) != len(Formats())-1 {
		t.Errorf("arm64: %v, %v", s.formats(), err)
	}
	s.Formats = []Format{OVA}
	if err := s.Validate(); err == nil || !strings.Contains(err.Error(), `"ova" is for amd64 alone`) {
		t.Errorf("an OVA for arm64: %v", err)
	}
	for name, want := range map[string][2]string{
		"amd64": {"type=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709", "console=tty0 console=ttyS0,115200 quiet"},
		"arm64": {"type=B921B045-1DF0-41C3-AF44-4C6F280D3FAE", "console=tty0 console=ttyS0,115200 console=ttyAMA0,115200 quiet"},
	} {
		a := architectures[name]
		if !slices.Contains(a.loaders, "shim-helpers-"+name+"-signed") || a.kernel != "linux-image-cloud-"+name {
			t.Errorf("%s has the kernel %s and the boot loaders %v", name, a.kernel, a.loaders)
		}
		if table := partitionTable(a); !strings.Contains(table, want[0]) || strings.Contains(table, "type=,") {
			t.Errorf("%s: %q is missing in\n%s", name, want[0], table)
		}
		if config := grubConfig(a); !strings.Contains(config, want[1]) {
			t.Errorf("%s: %q is missing in\n%s", name, want[1], config)
		}
	}
}
