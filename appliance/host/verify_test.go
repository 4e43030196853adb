package host

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/appliance/ssh"
)

// TestUnitFilesAreVerifiedWithoutTmp: the folder of temporary files may be full, or read-only.
func TestUnitFilesAreVerifiedWithoutTmp(t *testing.T) {
	l := newLocal(t)
	l.write("new", "[Service]\n")
	l.moved["export LC_ALL=C"] = "export LC_ALL=C TMPDIR=" + filepath.Join(l.root, "none")
	l.moved["command -v systemd-analyze"] = "command -v sh"
	l.moved["systemd-analyze verify --man=no"] = "echo x.service: it says"
	result, err := l.Run(t.Context(), ssh.Command{Argv: []string{"sh", "-c", verifyUnitScript, "verify", filepath.Join(l.root, "new"), "x.service", ""}})
	if err != nil || result.ExitCode != 1 || !strings.HasPrefix(string(result.Stderr), "x.service: it says") {
		t.Errorf("status %d, %q, %v", result.ExitCode, result.Stderr, err)
	}
}
