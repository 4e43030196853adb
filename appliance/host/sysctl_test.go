package host

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSysctlLife(t *testing.T) {
	l, folder := newLocal(t), t.TempDir()
	name := filepath.Join(folder, "60-flowstack.conf")
	l.write("proc/vm/max_map_count", "65530\n")
	l.write("proc/vm/udp_mem", "1\t2\t3\n")
	settings := map[string]string{"vm.max_map_count": "262144", "vm/udp_mem": "4  5 6"}
	desired := mine(t, Desired{SysctlFile(name, settings), Sysctl{"vm.max_map_count", "262144"}, Sysctl{"vm/udp_mem", "4  5 6"}})
	o := apply(t, l, desired)
	want := Facts{
		"file " + name:                        Present,
		"file " + name + ": mode":             "0644",
		"file " + name + ": owner":            o.Facts["file "+name+": owner"],
		"file " + name + ": vm.max_map_count": "262144",
		"file " + name + ": vm.udp_mem":       "4 5 6",
		"sysctl vm.max_map_count":             "262144",
		"sysctl vm.udp_mem":                   "4 5 6",
	}
	if diff := cmp.Diff(want, o.Facts); diff != "" {
		t.Error(diff)
	}
	if got := l.read("proc/vm/udp_mem"); got != "4 5 6\n" {
		t.Errorf("live value %q", got)
	}
	l.write("proc/vm/udp_mem", "4\t5\t6\n") // as the kernel shows it
	l.runs = 0
	apply(t, l, desired)
	if l.runs != 1 {
		t.Errorf("%d round trips", l.runs)
	}

	drifts := []struct {
		file, content string
		want          []Change
	}{
		{"proc/vm/max_map_count", "1\n", []Change{{"sysctl vm.max_map_count", "1", "262144"}}},
		{name, "# by hand\nvm/udp_mem=4 5 6\n-vm.max_map_count = 262144", nil},
		{name, "vm.max_map_count=1\nvm.udp_mem=4 5 6\nvm.swappiness=1\n", []Change{
			{"file " + name + ": vm.max_map_count", "1", "262144"},
			{"file " + name + ": vm.swappiness", "1", Absent},
		}},
		{name, "vm.udp_mem=4 5 6\n", []Change{{"file " + name + ": vm.max_map_count", Absent, "262144"}}},
		{name, "vm.udp_mem=4 5 6\nnonsense\n", []Change{
			{"file " + name, `unreadable: line 2: "nonsense" is not an assignment`, Present},
			{"file " + name + ": vm.max_map_count", "unreadable", "262144"},
			{"file " + name + ": vm.udp_mem", "unreadable", "4 5 6"},
		}},
	}
	for _, drift := range drifts {
		path := drift.file
		if !filepath.IsAbs(path) {
			path = filepath.Join(l.root, path)
		}
		if err := os.WriteFile(path, []byte(drift.content), 0o644); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(drift.want, probe(t, l, desired).Changes(desired.Facts())); diff != "" {
			t.Errorf("%q: %s", drift.content, diff)
		}
		apply(t, l, desired)
	}

	remove(t, l, desired, o.Before)
	if got := l.read("proc/vm/max_map_count") + l.read("proc/vm/udp_mem"); got != "65530\n1 2 3\n" {
		t.Errorf("values after Remove %q", got)
	}
	if left := entries(t, folder); len(left) != 0 {
		t.Errorf("Remove left %q", left)
	}
}

// A parameter that has gone with its module cannot be put back, and need not be.
func TestSysctlThatIsGone(t *testing.T) {
	l := newLocal(t)
	if err := os.MkdirAll(filepath.Join(l.root, "proc/net/bridge"), 0o755); err != nil {
		t.Fatal(err)
	}
	l.write("proc/net/bridge/bridge-nf-call-iptables", "1\n")
	desired := mine(t, Desired{Sysctl{"net.bridge.bridge-nf-call-iptables", "0"}})
	o := apply(t, l, desired)
	if err := os.RemoveAll(filepath.Join(l.root, "proc/net/bridge")); err != nil {
		t.Fatal(err)
	}
	remove(t, l, desired, o.Before)
}

func TestSysctlCannotBeSet(t *testing.T) {
	l := newLocal(t)
	_, err := Apply(t.Context(), l, Desired{Sysctl{"vm.no_such", "1"}})
	wantError(t, err, "sysctl vm.no_such", "no such parameter")
	if !errors.Is(err, ErrUnknownSysctl) {
		t.Errorf("not an ErrUnknownSysctl: %v", err)
	}
	if got := probe(t, l, Desired{Sysctl{"vm.no_such", "1"}})["sysctl vm.no_such"]; got != Absent {
		t.Errorf("it is %q", got)
	}
	_, err = Probe(t.Context(), l, Desired{Sysctl{"vm", "1"}})
	wantError(t, err, "sysctl vm", "could not tell", "Is a directory")

	// A value the kernel does not take is seen by reading it again.
	l.write("proc/vm/clamped", "5\n")
	const set = `env printf '%s\n' "$2"`
	l.moved[set] = "echo 5"
	_, err = Apply(t.Context(), l, Desired{Sysctl{"vm.clamped", "7"}})
	wantError(t, err, `sysctl vm.clamped is "5", not "7"`)
	l.moved[set] = "echo 'cannot create: Read-only file system' >&2; exit 2; :"
	_, err = Apply(t.Context(), l, Desired{Sysctl{"vm.clamped", "7"}})
	wantError(t, err, "sysctl vm.clamped", "/proc/sys is read-only")

	if err := os.RemoveAll(filepath.Join(l.root, "proc")); err != nil {
		t.Fatal(err)
	}
	_, err = Probe(t.Context(), l, Desired{Sysctl{"vm.clamped", "7"}})
	wantError(t, err, "sysctl vm.clamped", "could not tell")
}

func TestSysctlKey(t *testing.T) {
	for key, want := range map[string][2]string{
		"vm.max_map_count":               {"vm/max_map_count", "vm.max_map_count"},
		"vm/max_map_count":               {"vm/max_map_count", "vm.max_map_count"},
		"net.ipv4.conf.eth0/1.rp_filter": {"net/ipv4/conf/eth0.1/rp_filter", "net.ipv4.conf.eth0/1.rp_filter"},
		"net/ipv4/conf/eth0.1/rp_filter": {"net/ipv4/conf/eth0.1/rp_filter", "net.ipv4.conf.eth0/1.rp_filter"},
	} {
		if got := [2]string{sysctlPath(key), SysctlKey(key)}; got != want {
			t.Errorf("%s: %q", key, got)
		}
	}
	for _, key := range []string{"", ".", "vm.", "..", "../etc/passwd", "vm/../../x", "/vm", "vm.a b", "vm.*", "vm.a=b", "a\n"} {
		if (Desired{Sysctl{key, "1"}}).Validate() == nil {
			t.Errorf("%q is accepted", key)
		}
	}
}

func FuzzSysctlFormat(f *testing.F) {
	for _, seed := range []string{"a.b=1\n", "# c\n;c\n-a = 1\t2\n", "net/ipv4/conf/eth0.1/x=1", "-a\n", "=", "a\n", "a=b=c"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		settings, err := SysctlFormat{}.Facts(content)
		if err != nil {
			return
		}
		for key := range settings {
			if key[0] == '-' || key[0] == '#' || key[0] == ';' { // not what SysctlFile writes
				return
			}
		}
		again, err := SysctlFormat{}.Facts(SysctlFile("/x.conf", settings).Content)
		if err != nil {
			t.Fatalf("its own file: %v", err)
		}
		if diff := cmp.Diff(settings, again); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestUnitFileFormat(t *testing.T) {
	got, err := UnitFileFormat{}.Facts([]byte("# c\n[Service]\nLoadCredential=a:/x\nLoadCredential=b:/y\n[Install]\nWantedBy = a.target\n"))
	want := map[string]string{"[Service] LoadCredential": "a:/x; b:/y", "[Install] WantedBy": "a.target"}
	if err != nil || !cmp.Equal(got, want) {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := (UnitFileFormat{}).Facts([]byte("[Service\nx")); err == nil {
		t.Errorf("nonsense reads as %q", got)
	}
}
