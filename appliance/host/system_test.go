package host

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSystem(t *testing.T) {
	l := newLocal(t)
	l.write("os-release", "NAME=\"Ubuntu\"\n# VERSION_ID=x\nID=ubuntu\nVERSION_ID=\"24.04\"\nPRETTY_NAME=\"Ubuntu 24.04.1 \\\"LTS\\\"\"\n")
	o, err := Probe(t.Context(), l, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := o.System
	if s.ID != "ubuntu" || s.VersionID != "24.04" || s.PrettyName != `Ubuntu 24.04.1 "LTS"` || s.Architecture != "amd64" ||
		s.MemoryBytes < 64<<20 || s.CPUs < 1 || s.Hostname == "" || s.Kernel == "" || s.Supported() != nil {
		t.Errorf("system %+v, %v", s, s.Supported())
	}
	for _, c := range [][3]string{{"amd64", "x86_64", "amd64"}, {"", "x86_64", "amd64"}, {"", "aarch64", "arm64"}, {"", "riscv64", "riscv64"}} {
		if got := architecture(c[0], c[1]); got != c[2] {
			t.Errorf("architecture %q, %q is %q", c[0], c[1], got)
		}
	}
}

// TestDistributions reads the os-release files of distributions, ours and others'. Of those that are not supported the error gives their own name,
// nothing is changed, and looking is allowed.
func TestDistributions(t *testing.T) {
	refused := map[string]string{
		"rhel-9":             "Red Hat Enterprise Linux 9.4 (Plow)",
		"fedora-42":          "Fedora Linux 42 (Server Edition)",
		"opensuse-leap-15.6": "openSUSE Leap 15.6",
		"sles-15":            "SUSE Linux Enterprise Server 15 SP6",
		"alpine-3.22":        "Alpine Linux v3.22",
		"debian-sid":         "Debian GNU/Linux forky/sid",
		"linuxmint-22":       "Linux Mint 22",
	}
	files, err := filepath.Glob("testdata/os-release/*")
	if err != nil {
		t.Fatal(err)
	}
	releases := map[string]string{"debian 11": "ID=debian\nVERSION_ID=11\n", "nothing": ""}
	refused["debian 11"], refused["nothing"] = "debian 11", "a system without /etc/os-release"
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		releases[filepath.Base(file)] = string(content)
	}
	var accepted []string
	for release, content := range releases {
		l, name := newLocal(t), filepath.Join(t.TempDir(), "x")
		l.write("os-release", content)
		desired := mine(t, Desired{File{Path: name, Content: []byte("x")}})
		_, err := Apply(t.Context(), l, desired)
		says, unsupported := refused[release]
		if !unsupported {
			accepted = append(accepted, release)
			if err != nil {
				t.Errorf("%s: %v", release, err)
			}
			continue
		}
		wantError(t, err, says+" is not supported yet (supported: Debian 12 and 13, Ubuntu 22.04 and 24.04)")
		if facts := probe(t, l, desired); facts["file "+name] != Absent {
			t.Errorf("%s: %v", release, facts)
		}
	}
	if slices.Sort(accepted); !slices.Equal(accepted, []string{"debian-12", "debian-13", "ubuntu-22.04", "ubuntu-24.04"}) {
		t.Errorf("accepted %q", accepted)
	}
}

func TestInventory(t *testing.T) {
	l := newLocal(t)
	i, err := TakeInventory(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	if l.runs != 1 || i.ID != "debian" || i.MemoryBytes == 0 || i.Systemd != 252 || i.RebootRequired {
		t.Errorf("after %d round trips: %+v", l.runs, i)
	}
	root := slices.IndexFunc(i.Mounts, func(m Mount) bool { return m.Path == "/" })
	if root < 0 || i.Mounts[root].Size == 0 || i.Mounts[root].Free > i.Mounts[root].Size || i.Mounts[root].Filesystem == "" {
		t.Errorf("mounts %+v", i.Mounts)
	}
	flag := filepath.Join(l.root, "reboot-required")
	l.moved["/run/reboot-required"] = flag
	l.write("reboot-required", "")
	if i, err = TakeInventory(t.Context(), l); err != nil || !i.RebootRequired {
		t.Errorf("with %s: %+v, %v", flag, i, err)
	}
}

// TestInventoryBesideAProbe: both are one round trip where probes gather.
func TestInventoryBesideAProbe(t *testing.T) {
	g, file := newGathering(t), files(t, 2)[1]
	done := make(chan error, 3)
	take := func() { _, err := TakeInventory(t.Context(), g); done <- err }
	go take()
	<-g.began
	go take()
	go func() { _, err := Probe(t.Context(), g, file); done <- err }()
	g.wait(t, 2)
	for range cap(g.proceed) {
		g.proceed <- struct{}{}
	}
	for range cap(done) {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if n := g.trips.Load(); n != 2 {
		t.Errorf("%d round trips", n)
	}
}

func TestInventoryThatCannotBeTold(t *testing.T) {
	l := newLocal(t)
	l.moved["$(hostname -I 2"] = "$(hostname --no-such-option 2"
	_, err := TakeInventory(t.Context(), l)
	wantError(t, err, "could not tell what the host has", "hostname -I: ")
	l.write("os-release", "ID=alpine\nPRETTY_NAME='Alpine Linux v3.22'\n")
	_, err = TakeInventory(t.Context(), l)
	wantError(t, err, "could not tell what the host has", "Alpine Linux v3.22 is not supported yet")
}

func TestParseInventory(t *testing.T) {
	addresses, err := parseAddresses("192.0.2.2 fd00::2 198.51.100.7 169.254.1.1 fe80::1 2001:db8::1 192.0.2.2 \n")
	want := []netip.Addr{
		netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("198.51.100.7"), netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("fd00::2"),
	}
	if err != nil || !slices.Equal(addresses, want) {
		t.Errorf("addresses %v, %v", addresses, err)
	}
	mounts, err := parseMounts(strings.TrimPrefix(`
Type        1B-blocks       Avail Mounted on
tmpfs     25276502016 25209757696 /dev/shm
xfs       1000000000000 900000000000 /var/lib/with two  spaces
fuse.x              -           - /mnt/x
ext4     270553174016 60272123904 /
`, "\n"))
	if diff := cmp.Diff([]Mount{{"/", "ext4", 270553174016, 60272123904}, {"/var/lib/with two  spaces", "xfs", 1000000000000, 900000000000}}, mounts); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	for _, line := range []string{"ext4 1 1", "ext4 x 1 /", "ext4 1 x /", "ext4 1 1 nowhere"} {
		if _, err := parseMounts("heading\n" + line); err == nil {
			t.Errorf("%q was read", line)
		}
	}
	if _, err := parseAddresses("localhost"); err == nil {
		t.Error("a name was taken for an address")
	}
	for text, version := range map[string]int{"systemd 256~rc3 (256~rc3-1)\n+PAM": 256, "systemd 255 (255.4-1ubuntu8)": 255, "": 0} {
		i, err := parseInventory(answer{values: []value{{"systemd", []byte(text)}}})
		if err != nil || i.Systemd != version {
			t.Errorf("%q is version %d, %v", text, i.Systemd, err)
		}
	}
}
