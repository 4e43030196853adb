package providertest

import (
	"os"
	"path/filepath"
	"strings"
)

// Units gives the host a systemctl that knows these units, disabled and inactive, and every one that has a file in /etc/systemd/system.
func (h *Host) Units(names ...string) {
	h.t.Helper()
	program, err := programs.ReadFile("fakehost/units.sh")
	if err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(h.Path("sbin/systemctl"), program, 0o755); err != nil {
		h.t.Fatal(err)
	}
	for _, name := range names {
		h.SetUnitOf(name, "enabled", "disabled")
		h.SetUnitOf(name, "active", "inactive")
	}
}

func unitPath(name, what string) string { return "/etc/fake/units/" + name + "/" + what }

// SetUnitOf changes one of Units by hand: enabled (enabled, disabled, static) or active (active, inactive).
func (h *Host) SetUnitOf(name, what, value string) {
	h.t.Helper()
	if err := os.MkdirAll(filepath.Dir(h.Path(unitPath(name, what))), 0o755); err != nil {
		h.t.Fatal(err)
	}
	h.Write(unitPath(name, what), value+"\n")
}

// UnitOf is a word about one of Units; one that is masked is so whatever it was.
func (h *Host) UnitOf(name, what string) string {
	h.t.Helper()
	if target, err := os.Readlink(h.Path("/etc/systemd/system/" + name)); err == nil && target == "/dev/null" && what == "enabled" {
		return "masked"
	}
	value, _ := h.Read(unitPath(name, what))
	return strings.TrimSpace(value)
}

// SetProgram puts a program of the test's own into the host's path, before others of this name.
func (h *Host) SetProgram(name, script string) {
	h.t.Helper()
	if err := os.WriteFile(h.Path("sbin/"+name), []byte(script), 0o755); err != nil {
		h.t.Fatal(err)
	}
}

// Symlink makes a symbolic link on the host.
func (h *Host) Symlink(target, path string) {
	h.t.Helper()
	if err := os.Symlink(target, h.Path(path)); err != nil {
		h.t.Fatal(err)
	}
}
