package providertest

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/appliance/ssh/sshtest"
)

//go:embed fakehost
var programs embed.FS

// Host is a fake host: a real SSH server whose commands run in a mount namespace of their own, with an /etc, a /proc/sys and package and
// service managers that belong to the test. The appliance's real scripts run on it. It is gone with the test.
type Host struct {
	*sshtest.Server
	Root string // where its files are on this machine: etc, proc-sys
	t    *testing.T
}

// StartHost starts a host whose kernel parameters have these values.
func StartHost(t *testing.T, sysctls map[string]string) *Host {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("the fake host needs root, for its mount namespaces: run make test as root")
	}
	root := t.TempDir()
	h := &Host{Root: root, t: t}
	for _, folder := range []string{
		"etc/sysctl.d", "etc/systemd/system", "etc/apt/apt.conf.d", "etc/apt/keyrings", "etc/apt/sources.list.d", "etc/fake/available", "etc/fake/vendor", "etc/fake/systemd",
		"proc-sys/kernel", "sbin", "bin", "cache", "var/lib/apt/lists/partial",
	} {
		if err := os.MkdirAll(filepath.Join(root, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	h.Write("/etc/os-release", "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n")
	h.Write("/proc-swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n")
	h.Write("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
	h.Write("/etc/group", "root:x:0:\n")
	for key, value := range sysctls {
		h.SetSysctl(key, value)
	}
	for name, folder := range map[string]string{
		"apt-get": "sbin", "apt-cache": "sbin", "apt-mark": "sbin", "dpkg": "sbin", "dpkg-query": "sbin", "systemctl": "sbin", "journalctl": "sbin", "systemd-detect-virt": "sbin",
		"sudo":          "sbin",
		"flowcollector": "bin", "login": ".",
	} {
		program, err := fs.ReadFile(programs, "fakehost/"+name+".sh")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, folder, name), program, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	h.Server = sshtest.Start(t, sshtest.Options{Login: []string{filepath.Join(root, "login")}, Env: []string{"FAKE_ROOT=" + root}})
	return h
}

// Config is the host's entry for the provider's hosts.
func (h *Host) Config() string { return h.ConfigWithKey(h.HostKey) }

// ConfigWithKey is Config with another host key.
func (h *Host) ConfigWithKey(key string) string {
	return fmt.Sprintf(`{
      address         = %q
      port            = %d
      host_keys       = [%q]
      connect_timeout = "5s"
      private_key     = <<-EOT
%s
      EOT
    }`, h.Host, h.Port, key, strings.TrimSpace(h.PrivateKey))
}

// Provider is a provider block with this host as flow1.
func (h *Host) Provider() string {
	return Preamble + fmt.Sprintf("provider \"flowstack\" {\n  hosts = {\n    flow1 = %s\n  }\n}\n", h.Config())
}

// Path is where a file of the host is on this machine.
func (h *Host) Path(path string) string { return filepath.Join(h.Root, path) }

// Write writes a file on the host.
func (h *Host) Write(path, content string) {
	h.t.Helper()
	if err := os.WriteFile(h.Path(path), []byte(content), 0o644); err != nil {
		h.t.Fatal(err)
	}
}

// Read reads a file of the host; absent is what it is not to have.
func (h *Host) Read(path string) (content string, exists bool) {
	h.t.Helper()
	found, err := os.ReadFile(h.Path(path))
	if err != nil && !os.IsNotExist(err) {
		h.t.Fatal(err)
	}
	return string(found), err == nil
}

// Remove removes a file of the host.
func (h *Host) Remove(path string) {
	h.t.Helper()
	if err := os.Remove(h.Path(path)); err != nil {
		h.t.Fatal(err)
	}
}

func sysctlPath(key string) string { return "/proc-sys/" + strings.ReplaceAll(key, ".", "/") }

// SetSysctl sets a kernel parameter of the host by hand.
func (h *Host) SetSysctl(key, value string) {
	h.t.Helper()
	path := sysctlPath(key)
	if err := os.MkdirAll(filepath.Dir(h.Path(path)), 0o755); err != nil {
		h.t.Fatal(err)
	}
	h.Write(path, value+"\n")
}

// Sysctl is the value of a kernel parameter.
func (h *Host) Sysctl(key string) string {
	h.t.Helper()
	value, _ := h.Read(sysctlPath(key))
	return strings.TrimSpace(value)
}

// Offer lets the host's repositories have these versions of a package, the highest first.
func (h *Host) Offer(name string, versions ...string) {
	h.t.Helper()
	h.Write("/etc/fake/available/"+name, strings.Join(versions, "\n")+"\n")
}

// Package is an installed package: whether apt wants to "install" or "hold" it, and its version; "deinstall" and a version when it is
// not, but its configuration files are left; empty when there is nothing of it.
func (h *Host) Package(name string) string {
	h.t.Helper()
	value, _ := h.Read("/etc/fake/packages/" + name)
	return strings.TrimSpace(value)
}

// SetPackage installs a package by hand, in the form of Package.
func (h *Host) SetPackage(name, state string) {
	h.t.Helper()
	if err := os.MkdirAll(h.Path("/etc/fake/packages"), 0o755); err != nil {
		h.t.Fatal(err)
	}
	h.Write("/etc/fake/packages/"+name, state+"\n")
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
