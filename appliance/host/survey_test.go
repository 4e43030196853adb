package host

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flowstack/terraform-provider-flowstack/appliance/ssh"
)

// told is a host that answers one question with these lines of the protocol, each without its base64.
type told []string

func (lines told) Run(context.Context, ssh.Command) (ssh.Result, error) {
	var out strings.Builder
	out.WriteString("\n" + probeBegin + "\n")
	for _, line := range lines {
		name, text, _ := strings.Cut(line, "|")
		fmt.Fprintf(&out, "%s %s\n", name, base64.StdEncoding.EncodeToString([]byte(text)))
	}
	out.WriteString("d 0\n" + probeEnd + "\n")
	return ssh.Result{Stdout: []byte(out.String())}, nil
}

func TestInstalledPackages(t *testing.T) {
	got, err := InstalledPackages(t.Context(), told{
		"v 0 packages|installed install libc6 2.36-9\ninstalled install libc6 2.36-9\nconfig-files deinstall gone 1.0\ninstalled hold nginx 1.22.1\nhalf-configured install half 2\ninstalled install vim 2:9.0\n",
		"v 0 manual|nginx\nvim:i386\nvim\n",
	})
	want := []InstalledPackage{{Name: "libc6", Version: "2.36-9"}, {Name: "nginx", Version: "1.22.1", Held: true, Manual: true}, {Name: "vim", Version: "2:9.0", Manual: true}}
	if err != nil || !cmp.Equal(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	_, err = InstalledPackages(t.Context(), told{"e 0|dpkg-query: error: parsing file"})
	wantError(t, err, "could not tell which packages the host has: dpkg-query: error: parsing file")
}

func TestOwnSysctls(t *testing.T) {
	got, err := OwnSysctls(t.Context(), told{
		"v 0 path|/etc/sysctl.d/60-flows.conf", "v 0 content|# ours\nnet/core/rmem_max = 1\n-vm.swappiness=1\n",
		"v 0 path|/etc/sysctl.d/10-patterns.conf", "v 0 content|net.ipv4.conf.*.rp_filter = 1\n",
		"v 0 path|/etc/sysctl.d/11-excluded.conf", "v 0 content|vm.swappiness = 1\n-net.ipv4.conf.all.rp_filter\n",
		"v 0 path|/etc/sysctl.d/12-broken.conf", "v 0 content|what is that\n",
		"v 0 path|/etc/sysctl.d/13-empty.conf", "v 0 content|# nothing\n",
		"v 0 path|/etc/sysctl.d/99-sysctl.conf", "v 0 target|/etc/sysctl.conf", "v 0 content|vm.swappiness = 1\n",
		"v 0 path|/usr/lib/sysctl.d/50-default.conf", "v 0 content|vm.swappiness = 1\n",
	})
	if err != nil || !slices.Equal(got, []string{"/etc/sysctl.d/60-flows.conf"}) {
		t.Errorf("%q, %v", got, err)
	}
	_, err = OwnSysctls(t.Context(), told{"e 0|no permission"})
	wantError(t, err, "could not tell which kernel parameters the host has: no permission")
}

// furnish makes a folder of the stand-in machine with these files.
func furnish(t *testing.T, l *local, folder string, files map[string]string) {
	t.Helper()
	l.moved[folder] = t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(l.moved[folder], name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOwnUnits(t *testing.T) {
	l := newLocal(t)
	furnish(t, l, "/etc/systemd/system", map[string]string{"a.service": "", "a@.service": "", "a@b.service": "", "README.md": "", "private.timer": ""})
	in := func(name string) string { return filepath.Join(l.moved["/etc/systemd/system"], name) }
	for _, err := range []error{
		os.Chmod(in("private.timer"), 0o640), os.Symlink("/dev/null", in("masked.service")), os.Symlink(in("a.service"), in("alias.service")), os.Mkdir(in("b.service.d"), 0o755),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if got, err := OwnUnits(t.Context(), l); err != nil || !slices.Equal(got, []string{"a.service", "a@b.service"}) {
		t.Errorf("%q, %v", got, err)
	}
}

func TestOwnRepositories(t *testing.T) {
	l := newLocal(t)
	const one = "Types: deb\nURIs: https://example.net/a https://example.org/a\nSuites: stable\nComponents: main\n"
	furnish(t, l, "/etc/apt/sources.list.d", map[string]string{
		"one.sources": "# a remark\n" + one, "off.sources": "Enabled: no\n" + one, "two.sources": one + "\n" + one, "Capital.sources": one,
		"broken.sources": "nothing", "source.sources": strings.Replace(one, "deb", "deb-src", 1), "line.list": "deb https://example.net/b stable main\n",
	})
	got, err := OwnRepositories(t.Context(), l)
	if want := []FoundRepository{{"one", []string{"https://example.net/a", "https://example.org/a"}}}; err != nil || !cmp.Equal(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
}
