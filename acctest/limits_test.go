package acctest

import (
	"math"
	"strings"
	"testing"
)

func TestMachineLimits(t *testing.T) {
	l, err := MachineLimits()
	if err != nil || l.OpenFiles < 1024 || l.MemoryMaps < 1024 || l.LockedMemory == 0 {
		t.Errorf("%+v, %v", l, err)
	}
}

func TestPackagedJavaOptions(t *testing.T) {
	for files, want := range map[uint64]bool{1024: true, 65534: true, 65535: false, math.MaxUint64: false} {
		if got := strings.Contains(packagedJavaOptions(Limits{OpenFiles: files}, t.Logf), "--limit-modules="); got != want {
			t.Errorf("where %d files may be open, modules are kept from the server: %t, want %t", files, got, want)
		}
	}
}
