package image

import (
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// foreign is a specification for another architecture than this machine's.
func foreign() Spec {
	s := valid()
	if s.Architecture == builder {
		s.Architecture = "arm64"
	}
	return s
}

// TestProgramsThatDoNothing: the one that shows whether emulation works is a program, of this machine's architecture and, where there is QEMU, of the other.
func TestProgramsThatDoNothing(t *testing.T) {
	for name, a := range architectures {
		path := filepath.Join(t.TempDir(), "true")
		if err := os.WriteFile(path, a.program(), 0o700); err != nil {
			t.Fatal(err)
		}
		argv := []string{path}
		if name != builder {
			emulator, err := exec.LookPath(a.emulators()[0])
			if err != nil {
				t.Logf("%s: not run: %v", name, err)
				continue
			}
			argv = []string{emulator, path}
		}
		if out, err := exec.CommandContext(t.Context(), argv[0], argv[1:]...).CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", name, err, out)
		}
	}
}

// TestRule: the kernel is told of programs and shared objects, of whatever system, of one processor, and of no others.
func TestRule(t *testing.T) {
	for name, a := range architectures {
		fields := strings.Split(a.rule("name", "/usr/bin/qemu"), ":")
		if len(fields) != 8 || fields[1] != "name" || fields[2] != "M" || fields[3] != "0" || fields[6] != "/usr/bin/qemu" || !strings.Contains(fields[7], "F") {
			t.Fatalf("%s: %q", name, fields)
		}
		magic, mask := unescape(t, fields[4]), unescape(t, fields[5])
		matches := func(file []byte) bool {
			for i := range magic {
				if (file[i]^magic[i])&mask[i] != 0 {
					return false
				}
			}
			return true
		}
		shared := a.program()
		shared[7], shared[16] = 3, 3 // for Linux; a shared object
		object := a.program()
		object[16] = 1 // what a linker takes
		if !matches(a.program()) || !matches(shared) || matches(object) {
			t.Errorf("%s: a program %t, a shared object %t, an object file %t", name, matches(a.program()), matches(shared), matches(object))
		}
		for other, b := range architectures {
			if other != name && matches(b.program()) {
				t.Errorf("the rule for %s takes programs for %s", name, other)
			}
		}
	}
}

func unescape(t *testing.T, s string) []byte {
	t.Helper()
	octets, err := hex.DecodeString(strings.ReplaceAll(s, `\x`, ""))
	if err != nil || len(octets) != 20 {
		t.Fatalf("%s: %d octets, %v", s, len(octets), err)
	}
	return octets
}

// TestNoEmulator: a build without what it needs says what to install, and leaves nothing behind.
func TestNoEmulator(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	t.Setenv("TMPDIR", dir)
	_, err := foreign().emulate(t.Context())
	if err == nil || !strings.Contains(err.Error(), "apt-get install qemu-user-static") {
		t.Errorf("the build says: %v", err)
	}
	expectEmpty(t, dir)
}

// TestEmulatorThatDoesNotRun: one that needs anything of this machine's files is found out before a build.
func TestEmulatorThatDoesNotRun(t *testing.T) {
	requireRoot(t)
	dir, bin := t.TempDir(), t.TempDir()
	script := filepath.Join(bin, foreign().machine().emulators()[1])
	if err := os.WriteFile(script, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin)
	t.Setenv("TMPDIR", dir)
	_, err := foreign().emulate(t.Context())
	if err == nil || !strings.Contains(err.Error(), script+" does not run them in a system of its own") {
		t.Errorf("the build says: %v", err)
	}
	expectEmpty(t, dir)
}

// TestEmulationIsUndone: a build changes this machine for as long as it takes.
func TestEmulationIsUndone(t *testing.T) {
	requireRoot(t)
	if _, err := exec.LookPath(foreign().machine().emulators()[0]); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	undo, err := foreign().emulate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if rules, err := filepath.Glob(filepath.Join(dir, "*", "binfmt_misc", "flowstack-image-*")); err != nil || len(rules) == 0 {
		t.Errorf("rules: %v, %v", rules, err)
	}
	if err := undo(); err != nil {
		t.Error(err)
	}
	expectEmpty(t, dir)
	mounts, err := os.ReadFile("/proc/mounts")
	if err != nil || strings.Contains(string(mounts), dir) {
		t.Errorf("%v, mounts:\n%s", err, mounts)
	}
}

// TestNoEmulationAtHome: nothing is needed for an image of this machine's architecture.
func TestNoEmulationAtHome(t *testing.T) {
	t.Setenv("PATH", "")
	s := valid()
	s.Architecture = builder
	undo, err := s.emulate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := undo(); err != nil {
		t.Error(err)
	}
}

func requireRoot(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root mounts binfmt_misc")
	}
}

func expectEmpty(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}
