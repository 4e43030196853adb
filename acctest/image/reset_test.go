package image

import (
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
)

// use is what owners do to an appliance: a package, a user, settings, certificates, flows.
const use = `set -e
mkdir -p /tmp/lab/DEBIAN
printf 'Package: lab\nVersion: 1\nArchitecture: all\nMaintainer: tests <tests@flowstack.example>\nDescription: a package for tests\n' >/tmp/lab/DEBIAN/control
dpkg-deb --build /tmp/lab /tmp/lab.deb >&2
dpkg --install /tmp/lab.deb >&2
useradd --create-home owner
mkdir -p /etc/flowstack/pki/default
echo secret >/etc/flowstack/pki/default/key.pem
echo 'output: {recent: {keep: 1d}}' >/etc/flowcollector/flowcollector.yml
echo 'flush ruleset' >/etc/nftables.conf
echo 1 >/srv/mine`

// used is what is left of that, a line for each.
const used = `dpkg-query --show lab 2>/dev/null
getent passwd owner
ls -d /home/owner /etc/flowstack /srv/mine 2>/dev/null
grep -x 'output: {recent: {keep: 1d}}' /etc/flowcollector/flowcollector.yml
true`

// testReset gives the key by QEMU's fw_cfg, which the reset has to take it from again.
func testReset(t *testing.T, raw string) {
	a := start(t, acctest.ApplianceOptions{Image: raw, DiskMiB: 12 << 10, UDP: []int{2055}, Key: acctest.ByFirmware})
	sendFlows(t, a)
	run(t, a, "sh", "-c", use)
	if got := strings.Count(run(t, a, "sh", "-c", used), "\n"); got != 6 {
		t.Fatalf("%d of 6 things are there before the reset", got)
	}
	own := strings.Fields(a.HostKey + " " + run(t, a, "sh", "-c", "cat /etc/machine-id; blkid -s UUID -o value /dev/disk/by-partlabel/data"))

	must(t, a.Restart(t.Context(), "appliance-factory-reset", "--yes"))
	if left := run(t, a, "sh", "-c", used); left != "" {
		t.Errorf("after the reset there still is\n%s", left)
	}
	now := strings.Fields(a.HostKey + " " + run(t, a, "sh", "-c", "cat /etc/machine-id; blkid -s UUID -o value /dev/disk/by-partlabel/data"))
	for i, what := range []string{1: "host key", 2: "machine-id", 3: "data partition"} {
		if what != "" && (len(now) != 4 || now[i] == own[i]) {
			t.Errorf("%s: %q is what it was: %q", what, now, own)
		}
	}
	expectFlows(t, a, "there are no recent flows")
	testState(t, a)
	if asked := run(t, a, "sh", "-c", "mount /boot/efi && grep -c factory_reset=yes /boot/efi/EFI/debian/grubenv; umount /boot/efi"); asked != "0\n" {
		t.Errorf("the next boot erases again: %q", asked)
	}
}
