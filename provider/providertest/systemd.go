package providertest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Systemd gives the host units that packages brought, disabled and inactive, and lets it write down what systemctl is asked to do.
func (h *Host) Systemd(vendor ...string) {
	h.t.Helper()
	h.Write(systemdLog, "")
	for _, unit := range vendor {
		h.Write("/etc/fake/vendor/"+unit, "[Service]\nExecStart=/bin/true\n")
	}
}

const systemdLog = "/etc/fake/log"

func (h *Host) systemd(unit, what string) string { return "/etc/fake/systemd/" + unit + "/" + what }

// Systemctl has something done by hand on the host, as systemctl would: "start x.service". See Systemd for what it knows.
func (h *Host) Systemctl(words ...string) {
	h.t.Helper()
	command := exec.CommandContext(h.t.Context(), h.Path("login"), "-c", "systemctl "+strings.Join(words, " "))
	command.Env = append(os.Environ(), "FAKE_ROOT="+h.Root)
	if out, err := command.CombinedOutput(); err != nil {
		h.t.Fatalf("systemctl %q: %v\n%s", words, err, out)
	}
}

// SystemdState is a word about a unit: enabled (enabled, disabled, masked) or active (active, inactive, failed).
func (h *Host) SystemdState(unit, what string) string {
	h.t.Helper()
	if target, _ := h.Link("/etc/systemd/system/" + unit); target == os.DevNull && what == "enabled" {
		return "masked"
	}
	value, exists := h.Read(h.systemd(unit, what))
	if !exists {
		return map[string]string{"enabled": "disabled", "active": "inactive"}[what]
	}
	return strings.TrimSpace(value)
}

// SetSystemd changes the state of a unit by hand; empty removes what is said of it.
func (h *Host) SetSystemd(unit, what, value string) {
	h.t.Helper()
	at := h.systemd(unit, what)
	if value == "" {
		h.Remove(at)
		return
	}
	if err := os.MkdirAll(filepath.Dir(h.Path(at)), 0o755); err != nil {
		h.t.Fatal(err)
	}
	h.Write(at, value+"\n")
}

// SystemdLog is what systemctl was asked to do since the last call, without questions: "restart x.service".
func (h *Host) SystemdLog() []string {
	h.t.Helper()
	text, _ := h.Read(systemdLog)
	h.Write(systemdLog, "")
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSpace(text), "\n")
}

// Link is where a symbolic link of the host leads to; exists is false for what is none.
func (h *Host) Link(path string) (target string, exists bool) {
	h.t.Helper()
	target, err := os.Readlink(h.Path(path))
	return target, err == nil
}
