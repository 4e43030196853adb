package host

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// bootFolders moves the folders that systemd-sysctl reads into the stand-in machine.
func (l *local) bootFolders(files map[string]string) {
	l.t.Helper()
	for _, folder := range []string{"/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/etc/sysctl.d", "/run/sysctl.d"} {
		if err := os.MkdirAll(filepath.Join(l.root, folder), 0o755); err != nil {
			l.t.Fatal(err)
		}
	}
	const all = "/etc/sysctl.d/*.conf /run/sysctl.d/*.conf /usr/local/lib/sysctl.d/*.conf /usr/lib/sysctl.d/*.conf /lib/sysctl.d/*.conf"
	l.moved[all] = l.root + "/etc/sysctl.d/*.conf " + l.root + "/run/sysctl.d/*.conf " + l.root + "/usr/local/lib/sysctl.d/*.conf " + l.root + "/usr/lib/sysctl.d/*.conf"
	for name, content := range files {
		l.write(name, content)
	}
}

// TestSysctlOrder has the rules of sysctl.d(5).
func TestSysctlOrder(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  Facts // FILE without the folder of the test = VALUE
	}{
		"nothing": {nil, Facts{}},
		"earlier": {map[string]string{"etc/sysctl.d/10-a.conf": "vm.max_map_count=1\n", "etc/sysctl.d/60-flowstack-swap.conf": "vm.max_map_count=1\n"}, Facts{}},
		"ourself": {map[string]string{"etc/sysctl.d/60-flowstack.conf": "vm.max_map_count=1\n"}, Facts{}},
		"later":   {map[string]string{"etc/sysctl.d/99-a.conf": "vm.max_map_count=1\n"}, Facts{"/etc/sysctl.d/99-a.conf": "1"}},
		"of a package": {
			map[string]string{"usr/lib/sysctl.d/elasticsearch.conf": "# by the package\nvm/max_map_count = 1048576\n"},
			Facts{"/usr/lib/sysctl.d/elasticsearch.conf": "1048576"},
		},
		"of this boot":   {map[string]string{"run/sysctl.d/70-a.conf": "vm.max_map_count=1"}, Facts{"/run/sysctl.d/70-a.conf": "1"}},
		"same value":     {map[string]string{"etc/sysctl.d/99-a.conf": "vm.max_map_count =\t262144  \n"}, Facts{}},
		"set back":       {map[string]string{"etc/sysctl.d/98-a.conf": "vm.max_map_count=1\n", "run/sysctl.d/99-b.conf": "vm.max_map_count=262144\n"}, Facts{}},
		"hidden":         {map[string]string{"etc/sysctl.d/99-a.conf": "", "usr/lib/sysctl.d/99-a.conf": "vm.max_map_count=1\n"}, Facts{}},
		"pattern":        {map[string]string{"etc/sysctl.d/99-a.conf": "vm.*=1\n"}, Facts{}},
		"another":        {map[string]string{"etc/sysctl.d/99-a.conf": "vm.swappiness=1\n"}, Facts{}},
		"among nonsense": {map[string]string{"etc/sysctl.d/99-a.conf": "nonsense\n=\n-vm.max_map_count = 2"}, Facts{"/etc/sysctl.d/99-a.conf": "2"}},
		"taken out":      {map[string]string{"etc/sysctl.d/99-a.conf": "-vm.max_map_count\n"}, Facts{"/etc/sysctl.d/99-a.conf": "excluded"}},
		"not a .conf":    {map[string]string{"etc/sysctl.d/99-a.conf.dpkg-old": "vm.max_map_count=1\n"}, Facts{}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLocal(t)
			l.bootFolders(c.files)
			item := SysctlOrder{Path: "/etc/sysctl.d/60-flowstack.conf", Settings: map[string]string{"vm.max_map_count": "262144"}}
			want := Facts{}
			for file, value := range c.want {
				want["sysctl vm.max_map_count: overridden by "+l.root+file] = value
			}
			if diff := cmp.Diff(want, probe(t, l, Desired{item})); diff != "" {
				t.Error(diff)
			}
			_, err := Apply(t.Context(), l, Desired{item})
			for file, value := range c.want {
				wantError(t, err, "at the next boot", "vm.max_map_count to "+value, l.root+file)
			}
			if err != nil && len(c.want) == 0 {
				t.Error(err)
			}
		})
	}
}

// TestSysctlOrderLinks: Debian's 99-sysctl.conf is a link to /etc/sysctl.conf, and a link to /dev/null hides a file.
func TestSysctlOrderLinks(t *testing.T) {
	l := newLocal(t)
	l.bootFolders(map[string]string{"etc/sysctl.conf": "vm.max_map_count=65530\n", "usr/lib/sysctl.d/99-null.conf": "vm.max_map_count=5\n"})
	for name, target := range map[string]string{"99-sysctl.conf": "../sysctl.conf", "99-null.conf": "/dev/null", "99-broken.conf": "/nonexistent"} {
		if err := os.Symlink(target, filepath.Join(l.root, "etc/sysctl.d", name)); err != nil {
			t.Fatal(err)
		}
	}
	item := SysctlOrder{Path: "/etc/sysctl.d/60-flowstack.conf", Settings: map[string]string{"vm/max_map_count": "262144"}}
	want := Facts{"sysctl vm.max_map_count: overridden by " + l.root + "/etc/sysctl.d/99-sysctl.conf → " + l.root + "/etc/sysctl.conf": "65530"}
	if diff := cmp.Diff(want, probe(t, l, Desired{item})); diff != "" {
		t.Error(diff)
	}
}

func TestSysctlUnknownHints(t *testing.T) {
	l := newLocal(t)
	l.write("proc/vm/max_map_count", "65530\n")
	for key, hint := range map[string]string{
		"vm.max_map_cuont":                 "did you mean vm.max_map_count?",
		"net.bridge.bridge-nf-call":        "it comes with the module br_netfilter, which is not loaded (modprobe br_netfilter;",
		"net.netfilter.nf_conntrack_max":   "module nf_conntrack",
		"vm.something_else_altogether":     "is its module loaded?",
		"net.no.such.folder.and.no.module": "is its module loaded?",
	} {
		_, err := Apply(t.Context(), l, Desired{Sysctl{key, "1"}})
		wantError(t, err, "sysctl "+key, "no such parameter", hint)
	}
}

// TestSysctlOneWay: a switch that the kernel does not turn back waits for a reboot, without an error and without drift.
func TestSysctlOneWay(t *testing.T) {
	l := newLocal(t)
	l.write("proc/kernel/modules_disabled", "0\n")
	on, off := Desired{Sysctl{"kernel.modules_disabled", "1"}}, Desired{Sysctl{"kernel.modules_disabled", "0"}}
	o := apply(t, l, on)
	if got := o.RebootRequired(); len(got) != 0 {
		t.Errorf("turning it on waits: %q", got)
	}
	refused := "echo 'write error: Operation not permitted' >&2; exit 1; :"
	l.moved[`env printf '%s\n' "$2"`] = refused
	if got := apply(t, l, off); !cmp.Equal(got.RebootRequired(), []string{"kernel.modules_disabled"}) || got.Notes["sysctl kernel.modules_disabled: until a reboot"] != "1" {
		t.Errorf("turning it off: %q, %v", got.RebootRequired(), got.Notes)
	}
	remove(t, l, on, o.Before) // back to 0: nothing that could be done
	l.write("proc/kernel/modules_disabled", "0\n")
	if got := apply(t, l, off); len(got.RebootRequired()) != 0 {
		t.Errorf("after the reboot: %q", got.RebootRequired())
	}
	_, err := Apply(t.Context(), l, on)
	wantError(t, err, "sysctl kernel.modules_disabled", "Operation not permitted")
}
