package host

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestPackageLife(t *testing.T) {
	l := newLocal(t)
	desired := Desired{Package{Name: "flowcollector", Version: "1.2.3", Debs: map[string][]byte{
		"amd64": []byte("flowcollector 1.2.3\n"), "arm64": []byte("flowcollector arm\n"),
	}}}
	if got := probe(t, l, desired)["package flowcollector"]; got != Absent {
		t.Errorf("before it is %q", got)
	}
	o := apply(t, l, desired)
	log := l.log()
	if len(log) != 2 || !strings.Contains(log[0], "install --no-install-recommends /") || !strings.Contains(log[0], "Lock::Timeout") ||
		!strings.Contains(log[0], "--force-confold") || strings.Contains(log[0], "downgrade") {
		t.Errorf("apt-get was asked %q", log)
	}
	if left := entries(t, filepath.Join(l.root, "cache")); len(left) != 0 {
		t.Errorf("the cache has %q", left)
	}
	l.runs = 0
	apply(t, l, desired)
	if l.runs != 1 || len(l.log()) != 0 {
		t.Errorf("the second Apply took %d round trips", l.runs)
	}

	l.write("state/packages/flowcollector", "half-configured 1.2.3\n")
	if got := probe(t, l, desired)["package flowcollector"]; got != "1.2.3 (half-configured)" {
		t.Errorf("half configured it is %q", got)
	}
	apply(t, l, desired)

	remove(t, l, desired, o.Before)
	if log := l.log(); len(log) != 5 || !strings.Contains(log[3], " purge -- flowcollector") || log[4] != "systemctl daemon-reload" {
		t.Errorf("apt-get was asked %q", log)
	}
	remove(t, l, desired, o.Before)
}

func TestPackageThatWasThere(t *testing.T) {
	l := newLocal(t)
	desired := Desired{Package{Name: "x1", Version: "2", Debs: map[string][]byte{"all": []byte("x1 2\n")}, AllowDowngrade: true}}
	l.write("state/architecture", "riscv64\n")
	apply(t, l, desired) // makes the folder
	l.write("state/packages/x1", "installed 3\n")
	l.log()
	o := apply(t, l, desired)
	if log := l.log(); !strings.Contains(log[0], "--allow-downgrades") {
		t.Errorf("apt-get was asked %q", log)
	}
	if got := o.Before.Packages["x1"]; !reflect.DeepEqual(got, PackageBefore{Installed: true, Version: "3"}) {
		t.Errorf("Before is %+v", got)
	}
	remove(t, l, desired, o.Before)
	if log := l.log(); len(log) != 0 {
		t.Errorf("a package that was there before was touched: %q", log)
	}
}

func TestPackageFailures(t *testing.T) {
	l := newLocal(t)
	desired := Desired{Package{Name: "flowcollector", Version: "1", Debs: map[string][]byte{"amd64": []byte("flowcollector 1\n")}}}
	cache := filepath.Join(l.root, "cache")

	l.write("state/apt-fails", "")
	_, err := Apply(t.Context(), l, desired)
	wantError(t, err, "package flowcollector", "install 1", "status 100", "Sub-process /usr/bin/dpkg returned an error code")
	if left := entries(t, cache); len(left) != 0 {
		t.Errorf("a failed installation left %q", left)
	}

	l.stdin = func(r io.Reader) io.Reader {
		if l.runs%2 == 1 {
			return r
		}
		return io.LimitReader(r, 5)
	}
	l.runs = 0
	_, err = Apply(t.Context(), l, desired)
	wantError(t, err, "only 5 of 16 bytes", "nothing was installed")
	if left := entries(t, cache); len(left) != 0 {
		t.Errorf("a cut link left %q", left)
	}
	l.stdin = nil

	l.write("state/dpkg-down", "")
	_, err = Probe(t.Context(), l, desired)
	wantError(t, err, "package flowcollector", "could not tell", "parsing file /var/lib/dpkg/status")
	l.moved["dpkg-query"] = "no-such-program"
	_, err = Probe(t.Context(), l, desired)
	wantError(t, err, "package flowcollector", "could not tell", "not found")
	delete(l.moved, "dpkg-query")

	l = newLocal(t)
	l.write("state/interrupted", "")
	apply(t, l, desired)
	if log := l.log(); !slices.ContainsFunc(log, func(s string) bool { return strings.HasSuffix(s, "--configure -a") }) {
		t.Errorf("an interrupted dpkg was not healed: %q", log)
	}
	l.write("state/simulation", "Purg flowcollector [1]\nRemv their-thing [2]\n")
	wantError(t, Remove(t.Context(), l, desired, Before{}), "package flowcollector", "other packages need flowcollector: their-thing")

	l.write("state/architecture", "s390x\n")
	desired[0] = Package{Name: "flowcollector", Version: "2", Debs: map[string][]byte{"amd64": {1}, "arm64": {1}}}
	_, err = Apply(t.Context(), l, desired)
	wantError(t, err, "no package for architecture s390x (there is amd64, arm64)")
	desired[0] = Package{Name: "flowcollector", Version: "2"}
	_, err = Apply(t.Context(), l, desired)
	wantError(t, err, "no package file was given")
}

func TestPackageFromRepositories(t *testing.T) {
	l := newLocal(t)
	if err := os.MkdirAll(filepath.Join(l.root, "state", "available"), 0o755); err != nil {
		t.Fatal(err)
	}
	l.write("state/available/tiny", "2.0\n1.2\n1.1\n")
	one := Package{Name: "tiny", Version: "1.*", FromApt: true, Hold: new(true)}
	desired := Desired{one}
	if got := desired.Facts()["package tiny"]; !IsOpen(got) {
		t.Errorf("which version it will be is said to be %q", got)
	}
	o, err := Apply(t.Context(), l, desired)
	if err != nil || o.Facts["package tiny"] != "1.2" || o.Facts["package tiny: hold"] != "yes" {
		t.Fatalf("%v, %v", err, o.Facts)
	}
	if got := desired.Settled(o.Facts).Facts()["package tiny"]; got != "1.2" {
		t.Errorf("what is installed leaves open %q", got)
	}
	l.log()
	if _, err := Apply(t.Context(), l, desired); err != nil || len(l.log()) != 0 {
		t.Errorf("a second Apply: %v", err)
	}

	// While another process has the lock.
	l.write("state/dpkg-locked", "")
	higher := Desired{Package{Name: "tiny", Version: "2.0", FromApt: true, Recommends: true}}
	if _, err := Apply(t.Context(), l, higher); err != nil {
		t.Fatal(err)
	}
	log := l.log()
	if len(log) != 4 || log[0] != "dpkg install tiny" || !strings.HasSuffix(log[1], "--force-confold install -- tiny=2.0") || log[2] != "dpkg hold tiny" {
		t.Errorf("a held package was upgraded by %q", log)
	}
	_, err = Apply(t.Context(), l, desired)
	wantError(t, err, "package tiny: install 1.*", "version 2.0 is installed, which is higher; a downgrade has to be allowed")
	if got := probe(t, l, desired)["package tiny: hold"]; got != "yes" {
		t.Errorf("after what was refused the hold is %q", got)
	}
	one.AllowDowngrade, one.Hold = true, new(false)
	if _, err := Apply(t.Context(), l, Desired{one}); err != nil {
		t.Fatal(err)
	}
	if got := probe(t, l, Desired{one}); got["package tiny"] != "1.2" || got["package tiny: hold"] != "no" {
		t.Errorf("after the downgrade: %v", got)
	}
	l.log()

	for _, c := range []struct {
		p    Package
		want string
	}{
		{Package{Name: "tiny", Version: "9", FromApt: true}, "versions that the repositories of the host have: 2.0 1.2 1.1"},
		{Package{Name: "nonesuch", FromApt: true}, "none; has apt-get update read the one that has it?"},
	} {
		_, err := Apply(t.Context(), l, Desired{c.p})
		wantError(t, err, c.want)
	}
	l.log()

	// What was installed for it alone goes with it; what nothing needed before stays.
	l.write("state/unneeded", "Remv old [1]\n")
	l.write("state/unneeded-later", "Remv needed [1]\nRemv old [1]\n")
	l.write("state/packages/needed", "installed 1\n")
	l.write("state/packages/old", "installed 1\n")
	if err := Remove(t.Context(), l, Desired{one}, o.Before); err != nil {
		t.Fatal(err)
	}
	if got := entries(t, filepath.Join(l.root, "state/packages")); !slices.Equal(got, []string{"old"}) {
		t.Errorf("after the removal there are %q", got)
	}
}

func TestHoldOfPackageThatWasThere(t *testing.T) {
	l := newLocal(t)
	for _, folder := range []string{"packages", "held"} {
		if err := os.MkdirAll(filepath.Join(l.root, "state", folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	l.write("state/packages/tiny", "installed 1\n")
	l.write("state/held/tiny", "")
	desired := Desired{Package{Name: "tiny", FromApt: true, Hold: new(false)}}
	o, err := Apply(t.Context(), l, desired)
	if err != nil || o.Facts["package tiny: hold"] != "no" || !reflect.DeepEqual(o.Before.Packages["tiny"], PackageBefore{Installed: true, Version: "1", Held: true}) {
		t.Fatalf("%v, %v, %v", err, o.Facts, o.Before)
	}
	remove(t, l, desired, o.Before)
	if got := probe(t, l, desired); got["package tiny"] != "1" || got["package tiny: hold"] != "yes" {
		t.Errorf("after the removal: %v", got)
	}
	// Of a package that somebody purged there is no hold to put back.
	if err := os.Remove(filepath.Join(l.root, "state/packages/tiny")); err != nil {
		t.Fatal(err)
	}
	remove(t, l, desired, o.Before)
}

// TestConfigurationFilesThatWereThere: of a package that somebody removed and did not purge, the configuration stays.
func TestConfigurationFilesThatWereThere(t *testing.T) {
	l := newLocal(t)
	for _, folder := range []string{"packages", "available"} {
		if err := os.MkdirAll(filepath.Join(l.root, "state", folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	l.write("state/available/tiny", "2\n")
	l.write("state/packages/tiny", "config-files 1\n")
	desired := Desired{Package{Name: "tiny", FromApt: true}}

	l.write("state/apt-fails", "")
	o, err := Apply(t.Context(), l, desired)
	wantError(t, err, "dpkg returned an error code")
	if got := o.Before.Packages["tiny"]; !reflect.DeepEqual(got, PackageBefore{ConfigFiles: true}) {
		t.Errorf("Before is %+v", got)
	}
	remove(t, l, desired, o.Before)
	if got := l.read("state/packages/tiny"); got != "config-files 1\n" {
		t.Errorf("after a failed installation was undone it is %q", got)
	}
	if err := os.Remove(filepath.Join(l.root, "state/apt-fails")); err != nil {
		t.Fatal(err)
	}

	if o, err = Apply(t.Context(), l, desired); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second finds nothing to do
		remove(t, l, desired, o.Before)
		if got := l.read("state/packages/tiny"); got != "config-files 2\n" {
			t.Errorf("after the removal it is %q", got)
		}
	}
	for _, line := range l.log() {
		if strings.Contains(line, "purge") {
			t.Errorf("apt-get was asked %q", line)
		}
	}

	// One that was not there at all is purged.
	remove(t, l, desired, Before{Packages: map[string]PackageBefore{"tiny": {}}})
	if left := entries(t, filepath.Join(l.root, "state/packages")); len(left) != 0 {
		t.Errorf("after the purge there are %q", left)
	}
}

// TestUnneededThatOthersNeed: what came with a package stays when others have asked for it, or depend on it, since apt was asked.
func TestUnneededThatOthersNeed(t *testing.T) {
	l := newLocal(t)
	for _, folder := range []string{"packages", "dependents"} {
		if err := os.MkdirAll(filepath.Join(l.root, "state", folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"tiny", "alone", "asked", "below", "needed", "theirs"} {
		l.write("state/packages/"+name, "installed 1\n")
	}
	l.write("state/dependents/below", "upper\n")
	l.write("state/packages/upper", "installed 1\n")
	l.write("state/dependents/needed", "theirs\n")
	l.write("state/unneeded", "")
	l.write("state/unneeded-later", "Remv alone [1]\nRemv asked [1]\nRemv below [1]\nRemv needed [1]\nRemv upper [1]\n")
	l.write("state/unneeded-last", "Remv alone [1]\nRemv below [1]\nRemv needed [1]\nRemv upper [1]\n")
	remove(t, l, Desired{Package{Name: "tiny", FromApt: true}}, Before{})
	if got := entries(t, filepath.Join(l.root, "state/packages")); !slices.Equal(got, []string{"asked", "needed", "theirs"}) {
		t.Errorf("after the removal there are %q", got)
	}
	if log := l.log(); slices.Index(log, "dpkg install needed") < slices.Index(log, "dpkg --purge -- needed") {
		t.Errorf("dpkg keeps in mind to purge what it refused to: %q", log)
	}
}

// TestPackageInTwoRuns: a removal lets an installation that was begun before come to its end.
func TestPackageInTwoRuns(t *testing.T) {
	l := newLocal(t)
	desired := Desired{Package{Name: "tiny", Version: "1", Debs: map[string][]byte{"all": []byte("tiny 1\n")}}}
	l.write("state/apt-waits", "")
	until := func(what string, holds func() bool) {
		t.Helper()
		for !holds() {
			if t.Context().Err() != nil {
				t.Fatalf("never: %s", what)
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	logged := func(name, what string) int {
		content, err := os.ReadFile(filepath.Join(l.root, "state", name))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Error(err)
		}
		return strings.Count(string(content), what)
	}
	installed, removed := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := Apply(t.Context(), l, desired)
		installed <- err
	}()
	until("apt installs", func() bool { return logged("log", " install ") == 1 || len(installed) == 1 })
	other := *l
	go func() { removed <- Remove(t.Context(), &other, desired, Before{}) }()
	until("the removal waits", func() bool { return logged("flocks", "-w ") == 2 || len(removed) == 1 })
	if len(removed) == 1 {
		t.Error("the removal did not wait")
	}
	if err := os.Remove(filepath.Join(l.root, "state/apt-waits")); err != nil {
		t.Fatal(err)
	}
	// The removal may come before the installation is verified: then that finds nothing.
	if err := <-installed; err != nil && !strings.Contains(err.Error(), "not as desired after the apply") {
		t.Error(err)
	}
	if err := <-removed; err != nil {
		t.Error(err)
	}
	for _, folder := range []string{"cache", "state/packages"} {
		if left := entries(t, filepath.Join(l.root, folder)); len(left) != 0 {
			t.Errorf("%s has %q", folder, left)
		}
	}

	l.write("state/flock-times-out", "")
	wantError(t, Remove(t.Context(), l, desired, Before{}), "another installation or removal of tiny has not ended", "nothing was done")
}
