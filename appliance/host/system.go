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

// distribution is one that Apply changes.
type distribution struct {
	id, name string
	versions []string // as VERSION_ID has them
	packages packageManager
}

// distributions are those that this package is tested with.
var distributions = []distribution{
	{id: "debian", name: "Debian", versions: []string{"12", "13"}, packages: apt},
	{id: "ubuntu", name: "Ubuntu", versions: []string{"22.04", "24.04"}, packages: apt},
}

// distribution is the one that the host has, in whatever version; ok is false when it is none of ours.
func (s System) distribution() (d distribution, ok bool) {
	i := slices.IndexFunc(distributions, func(d distribution) bool { return d.id == s.ID })
	if i < 0 {
		return distribution{}, false
	}
	return distributions[i], true
}

// supported lists the distributions for people: "Debian 12 and 13, Ubuntu 22.04 and 24.04".
func supported() string {
	names := make([]string, len(distributions))
	for i, d := range distributions {
		names[i] = d.name + " " + strings.Join(d.versions, " and ")
	}
	return strings.Join(names, ", ")
}

// Supported says by name when the host's distribution is not one that Apply changes.
func (s System) Supported() error {
	if d, ok := s.distribution(); ok && slices.Contains(d.versions, s.VersionID) {
		return nil
	}
	name := s.PrettyName
	if name == "" {
		name = strings.TrimSpace(s.ID + " " + s.VersionID)
	}
	if name == "" {
		name = "a system without /etc/os-release"
	}
	return fmt.Errorf("%s is not supported yet (supported: %s)", name, supported())
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
		Architecture:   architecture(a.line("architecture"), a.line("machine")),
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

// architecture is Debian's name of it: what dpkg says or, where there is none, of what the kernel says.
func architecture(dpkg, machine string) string {
	if dpkg != "" {
		return dpkg
	}
	switch machine {
	case "x86_64":
		return "amd64"
	case "aarch64":
		return "arm64"
	}
	return machine
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
