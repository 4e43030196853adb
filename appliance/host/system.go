package host

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// System is what a host says about itself. A field it does not know is zero.
type System struct {
	Hostname       string
	Architecture   string // as Debian names it: amd64, arm64
	ID             string // os-release ID: debian, ubuntu
	VersionID      string // os-release VERSION_ID: 12, 22.04
	PrettyName     string // os-release PRETTY_NAME
	Kernel         string // uname -r
	Virtualization string // systemd-detect-virt: none, kvm, systemd-nspawn
	MemoryBytes    uint64 // MemTotal
	CPUs           int    // processors online
}

// supported lists the distributions this package is tested with.
var supported = map[string][]string{
	"debian": {"12", "13"},
	"ubuntu": {"22.04", "24.04"},
}

// Supported says by name when the host's distribution is not one that Apply changes.
func (s System) Supported() error {
	if slices.Contains(supported[s.ID], s.VersionID) {
		return nil
	}
	name := s.PrettyName
	if name == "" {
		name = strings.TrimSpace(s.ID + " " + s.VersionID)
	}
	if name == "" {
		name = "a system without /etc/os-release"
	}
	return fmt.Errorf("%s is not supported yet: supported are Debian 12 and 13, Ubuntu 22.04 and 24.04", name)
}

// systemRequest asks for all of System; it goes first in every probe.
var systemRequest = request{kind: "system"}

func parseSystem(a answer) (System, error) {
	if a.failed != "" {
		return System{}, fmt.Errorf("could not tell what system it is: %s", a.failed)
	}
	release := parseOSRelease(a.text("os-release"))
	s := System{
		Hostname:       a.line("hostname"),
		Architecture:   a.line("architecture"),
		ID:             release["ID"],
		VersionID:      release["VERSION_ID"],
		PrettyName:     release["PRETTY_NAME"],
		Kernel:         a.line("kernel"),
		Virtualization: a.line("virtualization"),
	}
	if fields := strings.Fields(a.text("memory")); len(fields) >= 2 {
		kib, err := strconv.ParseUint(fields[1], 10, 53)
		if err != nil {
			return System{}, fmt.Errorf("MemTotal of /proc/meminfo: %w", err)
		}
		s.MemoryBytes = kib << 10
	}
	if n, err := strconv.Atoi(a.line("cpus")); err == nil {
		s.CPUs = n
	}
	return s, nil
}

// parseOSRelease reads os-release(5): shell assignments with optional quotes. Lines that are none are skipped, as the
// manual page asks for.
func parseOSRelease(text string) map[string]string {
	values := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok || strings.HasPrefix(name, "#") {
			continue
		}
		if n := len(value); n >= 2 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] {
			quote := value[0]
			value = value[1 : n-1]
			if quote == '"' {
				value = strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\$`, `$`, "\\`", "`").Replace(value)
			}
		}
		values[name] = value
	}
	return values
}

// kindOfMachine is for errors that depend on it.
func (s System) kindOfMachine() string {
	switch s.Virtualization {
	case "":
		return "kind of machine unknown"
	case "none":
		return "a physical machine"
	}
	return "virtualization: " + s.Virtualization
}
