package image

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestSettingsAfterReset: /etc is what it was, whatever an apply did to it, and has what upgrades brought.
func TestSettingsAfterReset(t *testing.T) {
	root := newSystem(t)
	finish(t, root)
	want := listed(t, filepath.Join(root, "etc"))
	for name, content := range map[string]string{
		"flowcollector/credentials/elasticsearch-password": "secret", "flowcollector/flowcollector.yml": "output: {}\n",
		"systemd/system/flowcollector.service.d/credentials.conf": "[Service]\nLoadCredential=x:/etc/flowcollector/credentials/x\n",
		"systemd/system/flowstack-firewall.service":               "[Unit]\n", "systemd/system/nftables.service.d/flowstack.conf": "[Unit]\n",
		"systemd/system/elasticsearch.service.d/elasticsearch.conf": "[Service]\n", "systemd/system/swap.target": "-> /dev/null",
		"systemd/network/10-cloud-init-ens3.network": "[Match]\n", "sysctl.d/60-flowstack.conf": "vm.swappiness = 1\n", "sysctl.d/60-flowstack-swap.conf": "",
		"apt/apt.conf.d/60-lab.conf": "x", "apt/sources.list.d/flowstack-lab.sources": "x", "apt/keyrings/flowstack-lab.gpg": "x", "flowstack/pki/default/key.pem": "secret",
		"elasticsearch/a name with blanks": "x", "ssh/ssh_host_ed25519_key": "this machine's", "nftables.conf": "flush ruleset\n",
	} {
		grow(t, filepath.Join(root, "etc"), name, content)
	}
	if err := os.Remove(filepath.Join(root, "etc/systemd/system/multi-user.target.wants/ssh.service")); err != nil {
		t.Fatal(err)
	}
	// What upgrades and packages' own scripts make.
	grow(t, root, "var/lib/dpkg/info/new.list", "/.\n/etc\n/etc/new\n/etc/new/setting\n")
	for name, content := range map[string]string{"new/": "", "new/setting": "1", "ssl/certs/new.pem": "x", "alternatives/new": "-> /usr/bin/new"} {
		want[name] = content
		grow(t, filepath.Join(root, "etc"), name, content)
	}
	mustRun(t, "appliance-settings", root)
	got := listed(t, filepath.Join(root, "etc"))
	for name, content := range want {
		if there, is := got[name]; !is || there != content {
			t.Errorf("%s is %q, want %q", name, there, content)
		}
	}
	for name := range got {
		if _, is := want[name]; !is {
			t.Errorf("%s is left", name)
		}
	}
}

// TestContainersAreGivenNoDisk: what is put back is nothing that containers are without.
func TestContainersAreGivenNoDisk(t *testing.T) {
	root := newSystem(t)
	finish(t, root)
	f, err := os.Open(filepath.Join(root, "usr/share/flowstack/settings.tar"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // read only
	var names []string
	for in := tar.NewReader(f); ; {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, header.Name)
		if left(header.Name) {
			t.Errorf("%s is put back", header.Name)
		}
	}
	for _, want := range []string{"etc/nftables.conf", "etc/flowcollector/flowcollector.yml", "etc/systemd/system/multi-user.target.wants/ssh.service"} {
		if !slices.Contains(names, want) {
			t.Errorf("%s is not put back", want)
		}
	}
}

// TestResetAtBoot: GRUB reads a block of 1024 octets, which says a reset or none.
func TestResetAtBoot(t *testing.T) {
	dir := tree(t, map[string]string{"EFI/debian/grubenv": grubEnvironment()})
	block := filepath.Join(dir, "EFI/debian/grubenv")
	for _, c := range []struct {
		word string
		is   bool
	}{{"yes", true}, {"no", false}} {
		mustRun(t, "appliance-reset-at-boot", c.word, dir)
		content, err := os.ReadFile(block)
		if err != nil {
			t.Fatal(err)
		}
		if len(content) != 1024 || !strings.HasPrefix(string(content), "# GRUB Environment Block\n") || strings.Contains(string(content), "\nfactory_reset=yes\n#") != c.is {
			t.Errorf("%s: %d octets: %q", c.word, len(content), content)
		}
		if !c.is && string(content) != grubEnvironment() {
			t.Error("after the reset it is not what the image has")
		}
	}
	if said, err := program(t, "appliance-reset-at-boot", "perhaps", dir); err == nil {
		t.Errorf("a word that it does not know is taken: %s", said)
	}
}

// TestResetIsErasedOnce: GRUB asks for it until the partition is erased, and the unit that does so is started where nothing holds the partition.
func TestResetIsErasedOnce(t *testing.T) {
	if strings.Contains(grubTemplate, "save_env") {
		t.Error("GRUB forgets a reset before it is done")
	}
	entries := strings.Split(grubTemplate, "menuentry ")
	if !strings.Contains(entries[0], "set default=0\nset fallback=1\n") || !strings.Contains(entries[0], "  set default=2\n") || !strings.Contains(entries[3], " systemd.factory_reset=yes\n") {
		t.Errorf("the entries are others:\n%s", grubTemplate)
	}
	unit, err := files.ReadFile("files/usr/lib/systemd/system/appliance-erase.service")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"ConditionKernelCommandLine=systemd.factory_reset=yes", "DefaultDependencies=no", "WantedBy=sysinit.target", "ExecStart=/usr/bin/systemd-repart --dry-run=no --factory-reset=yes"} {
		if !strings.Contains(string(unit), "\n"+line+"\n") {
			t.Errorf("%q is missing", line)
		}
	}
	for word := range strings.FieldsSeq("local-fs-pre.target systemd-repart.service systemd-udevd.service systemd-udev-trigger.service") {
		if !strings.Contains(string(unit), word) {
			t.Errorf("it is not before %s", word)
		}
	}
	data, err := files.ReadFile("files/etc/repart.d/20-data.conf")
	if err != nil || !strings.Contains(string(data), "\nFactoryReset=yes\n") || !strings.Contains(string(data), "\nLabel=data\n") {
		t.Errorf("the data partition is none that is erased: %v", err)
	}
	for _, name := range []string{"appliance-erase", "appliance-keys"} {
		if !strings.Contains(customize, " "+name) {
			t.Errorf("%s is not enabled", name)
		}
	}
}

// TestResetLocksNobodyOut: what lets the owner in goes last, after the marks that have a new way made.
func TestResetLocksNobodyOut(t *testing.T) {
	script, err := files.ReadFile("files/usr/sbin/appliance-factory-reset")
	if err != nil {
		t.Fatal(err)
	}
	last := 0
	for _, step := range []string{"appliance-reset-at-boot yes", " purge ", "\ncloud-init clean", "/appliance-settings\n", "userdel ", "\nrm -rf /root/.ssh\n", "\nsystemctl reboot\n"} {
		at := strings.Index(string(script), step)
		if at < last {
			t.Errorf("%q is at %d, and what is before it at %d", step, at, last)
		}
		last = at
	}
}
