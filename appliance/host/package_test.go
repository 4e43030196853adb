package host

import (
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
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
	if got := o.Before.Packages["x1"]; got != (PackageBefore{Installed: true, Version: "3"}) {
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
