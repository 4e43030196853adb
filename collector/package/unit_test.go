// Package unit holds what is said about the systemd unit of the package.
package unit

import (
	"os"
	"os/exec"
	"regexp"
	"testing"
)

// TestUnitIsConfined holds the exposure that systemd-analyze gives the unit: at most 1.2 of 10.
func TestUnitIsConfined(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Fatalf("this test needs Debian's package systemd: %v", err)
	}
	text, err := exec.CommandContext(t.Context(), analyze, "security", "--no-pager", "--offline=true", "--threshold=12", "flowcollector.service").CombinedOutput()
	if err != nil || !regexp.MustCompile(`Overall exposure level for flowcollector\.service: [01]\.[0-9]`).Match(text) {
		t.Errorf("%v\n%s", err, text)
	}
}

// TestUnitReloads: without ExecReload systemctl reload would be refused.
func TestUnitReloads(t *testing.T) {
	text, err := os.ReadFile("flowcollector.service")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"Type=notify", `ExecReload=/bin/sh -c "kill -HUP $MAINPID"`, "WatchdogSec=30", "Restart=on-failure", "TimeoutStopSec=30"} {
		if !regexp.MustCompile("(?m)^" + regexp.QuoteMeta(line) + "$").Match(text) {
			t.Errorf("the unit has no line %s", line)
		}
	}
}
