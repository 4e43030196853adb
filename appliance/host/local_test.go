package host

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/appliance/ssh"
)

// local runs the engine's scripts on this machine with its own /bin/sh, moved away from what belongs to the machine: kernel
// parameters and caches are folders of the test, and systemctl, journalctl, dpkg-query and apt-get are stand-ins from
// testdata/bin that keep their state in a folder.
type local struct {
	t     *testing.T
	root  string // proc/, cache/, state/
	runs  int    // round trips
	stdin func(io.Reader) io.Reader
	uid   uint32 // 0: as the test itself
	moved map[string]string
}

func newLocal(t *testing.T) *local {
	t.Helper()
	l := &local{t: t, root: t.TempDir(), moved: map[string]string{}}
	for _, folder := range []string{"proc/kernel", "proc/vm", "cache", "state"} {
		if err := os.MkdirAll(filepath.Join(l.root, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	l.moved["/proc/sys"] = filepath.Join(l.root, "proc")
	l.moved["/var/cache/apt"] = filepath.Join(l.root, "cache")
	l.moved["/etc/os-release"] = filepath.Join(l.root, "os-release")
	l.write("os-release", "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n")
	return l
}

// write puts a file of the stand-in machine in place.
func (l *local) write(name, content string) {
	l.t.Helper()
	if err := os.WriteFile(filepath.Join(l.root, name), []byte(content), 0o644); err != nil {
		l.t.Fatal(err)
	}
}

func (l *local) read(name string) string {
	l.t.Helper()
	content, err := os.ReadFile(filepath.Join(l.root, name))
	if err != nil {
		l.t.Fatal(err)
	}
	return string(content)
}

// log is what the stand-ins were asked to do; it is forgotten then.
func (l *local) log() []string {
	l.t.Helper()
	name := filepath.Join(l.root, "state", "log")
	content, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		l.t.Fatal(err)
	}
	if err := os.Remove(name); err != nil {
		l.t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(content)), "\n")
}

func (l *local) Run(ctx context.Context, command ssh.Command) (ssh.Result, error) {
	l.runs++
	argv := slices.Clone(command.Argv)
	for from, to := range l.moved {
		argv[2] = strings.ReplaceAll(argv[2], from, to) // the script, never its arguments
	}
	bin, err := filepath.Abs("testdata/bin")
	if err != nil {
		return ssh.Result{}, err
	}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = []string{"PATH=" + bin + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "STATE=" + filepath.Join(l.root, "state")}
	cmd.Dir = "/"
	cmd.Stdin = command.Stdin
	if l.stdin != nil {
		cmd.Stdin = l.stdin(command.Stdin)
	}
	if l.uid != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: l.uid, Gid: l.uid}}
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return ssh.Result{}, err
	}
	return ssh.Result{Stdout: stdout.Bytes(), Stderr: stderr.Bytes(), ExitCode: cmd.ProcessState.ExitCode()}, nil
}

// shell runs a command as a person on the machine would.
func (l *local) shell(script string) error {
	result, err := l.Run(l.t.Context(), ssh.Command{Argv: []string{"sh", "-c", script}})
	if err == nil && result.ExitCode != 0 {
		err = &ssh.ExitError{Program: script, ExitCode: result.ExitCode, Stderr: string(result.Stderr)}
	}
	return err
}

func statOf(t *testing.T, info os.FileInfo) *syscall.Stat_t {
	t.Helper()
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		t.Fatalf("%s has no owner", info.Name())
	}
	return stat
}

// me is who runs the test, as owner and group of what it makes.
func me(t *testing.T) (owner, group string) {
	t.Helper()
	u, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	g, err := user.LookupGroupId(u.Gid)
	if err != nil {
		t.Fatal(err)
	}
	return u.Username, g.Name
}

// mine gives files and directories to who runs the test.
func mine(t *testing.T, desired Desired) Desired {
	t.Helper()
	owner, group := me(t)
	for i, item := range desired {
		switch item := item.(type) {
		case File:
			item.Owner, item.Group = owner, group
			desired[i] = item
		case Directory:
			item.Owner, item.Group = owner, group
			desired[i] = item
		}
	}
	return desired
}

func probe(t *testing.T, r Runner, desired Desired) Facts {
	t.Helper()
	o, err := Probe(t.Context(), r, desired)
	if err != nil {
		t.Fatal(err)
	}
	return o.Facts
}

func apply(t *testing.T, r Runner, desired Desired) Observation {
	t.Helper()
	o, err := Apply(t.Context(), r, desired)
	if err != nil {
		t.Fatal(err)
	}
	if changes := o.Facts.Changes(desired.Facts()); len(changes) > 0 {
		t.Fatalf("after an Apply without error there is still %+v", changes)
	}
	return o
}

func remove(t *testing.T, r Runner, desired Desired, before Before) {
	t.Helper()
	if err := Remove(t.Context(), r, desired, before); err != nil {
		t.Fatal(err)
	}
}

// wantError checks that an error holds all of these.
func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; want one with %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error %q lacks %q", err, part)
		}
	}
}

func entries(t *testing.T, folder string) []string {
	t.Helper()
	found, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, 0, len(found))
	for _, entry := range found {
		names = append(names, entry.Name())
	}
	return names
}
