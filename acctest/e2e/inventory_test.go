package e2e

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
)

// TestInventory compares what the data source flowstack_host shows with what a real host's own programs say.
func TestInventory(t *testing.T) {
	ctx := t.Context()
	h := startHost(t, "inventory")
	c := connect(t, h, h.Address.String(), h.Port)
	i, err := host.TakeInventory(ctx, c)
	must(t, err)
	if i.Hostname != "inventory" || i.ID != "debian" || i.VersionID != "12" || i.Virtualization != "systemd-nspawn" || i.RebootRequired || i.Supported() != nil {
		t.Errorf("system %+v", i)
	}
	if !slices.Contains(i.Addresses, h.Address) || !slices.Contains(i.Addresses, h.Address6) || len(i.Addresses) != 2 {
		t.Errorf("addresses %v, want %s and %s", i.Addresses, h.Address, h.Address6)
	}
	if version := string(run(ctx, t, h, "systemctl", "--version")); !strings.HasPrefix(version, fmt.Sprintf("systemd %d ", i.Systemd)) {
		t.Errorf("systemd %d of %s", i.Systemd, version)
	}
	if said := strings.Fields(string(run(ctx, t, h, "sh", "-c", "nproc; uname -r; dpkg --print-architecture"))); !slices.Equal(said, []string{strconv.Itoa(i.CPUs), i.Kernel, i.Architecture}) {
		t.Errorf("%d processors, kernel %s, %s of %q", i.CPUs, i.Kernel, i.Architecture, said)
	}
	for _, script := range []string{"touch /run/reboot-required", "mkdir '/srv/with space' && mount --bind /root '/srv/with space'", "mount -t tmpfs tmpfs /mnt"} {
		run(ctx, t, h, "sh", "-c", script)
	}
	i, err = host.TakeInventory(ctx, c)
	must(t, err)
	root := slices.IndexFunc(i.Mounts, func(m host.Mount) bool { return m.Path == "/" })
	if !i.RebootRequired || root < 0 || i.Mounts[root].Size == 0 || slices.ContainsFunc(i.Mounts, func(m host.Mount) bool { return m.Path == "/mnt" }) {
		t.Errorf("mounts %+v, reboot %v", i.Mounts, i.RebootRequired)
	}
}
