package host

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Inventory is what there is on a host that no resource brings about.
type Inventory struct {
	System
	Addresses      []netip.Addr // of IPv4 and IPv6, in order; without those of the loopback and of a link
	Mounts         []Mount      // in order of their paths
	Systemd        int          // its version; 0: there is none
	RebootRequired bool         // Debian's packages asked for it since the last one
}

// Mount is a file system that keeps data: no memory, no image.
type Mount struct {
	Path, Filesystem string // "/", "ext4"
	Size, Free       uint64 // bytes; Free is what users other than root may still take
}

var inventoryRequest = request{kind: "inventory"}

// TakeInventory reads all of it in one round trip, together with the probes that come at the same time.
func TakeInventory(ctx context.Context, runner Runner) (Inventory, error) {
	answers, err := ask(ctx, runner, []request{systemRequest, inventoryRequest})
	if err != nil {
		return Inventory{}, err
	}
	system, err := parseSystem(answers[0])
	if err != nil {
		return Inventory{}, err
	}
	inventory, err := parseInventory(answers[1])
	if err != nil {
		// Where what is asked for is not there, the reason may be that it never is on such a system.
		return Inventory{}, errors.Join(err, system.Supported())
	}
	inventory.System = system
	return inventory, nil
}

func parseInventory(a answer) (Inventory, error) {
	if a.failed != "" {
		return Inventory{}, fmt.Errorf("could not tell what the host has: %s", a.failed)
	}
	addresses, err := parseAddresses(a.text("addresses"))
	if err != nil {
		return Inventory{}, err
	}
	mounts, err := parseMounts(a.text("mounts"))
	if err != nil {
		return Inventory{}, err
	}
	i := Inventory{Addresses: addresses, Mounts: mounts, RebootRequired: a.line("reboot") == "yes"}
	// "systemd 252 (252.39-1~deb12u1)"
	if words := strings.Fields(a.text("systemd")); len(words) > 1 && words[0] == "systemd" {
		digits, _, _ := strings.Cut(words[1], "~") // 256~rc3
		if i.Systemd, err = strconv.Atoi(digits); err != nil {
			return Inventory{}, fmt.Errorf("version of systemd: %w", err)
		}
	}
	return i, nil
}

// parseAddresses reads what hostname -I prints.
func parseAddresses(text string) ([]netip.Addr, error) {
	var addresses []netip.Addr
	for word := range strings.FieldsSeq(text) {
		address, err := netip.ParseAddr(word)
		if err != nil {
			return nil, fmt.Errorf("hostname -I: %w", err)
		}
		if address.IsGlobalUnicast() {
			addresses = append(addresses, address)
		}
	}
	slices.SortFunc(addresses, netip.Addr.Compare)
	return slices.Compact(addresses), nil
}

// withoutData are file systems in memory and images that cannot be written to.
var withoutData = []string{"tmpfs", "devtmpfs", "ramfs", "squashfs", "iso9660", "efivarfs"}

// parseMounts reads df's columns fstype, size, avail and target, in bytes.
func parseMounts(text string) ([]Mount, error) {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	var mounts []Mount
	for _, line := range lines[1:] { // the first is the heading
		words := strings.Fields(line)
		if len(words) < 4 {
			return nil, fmt.Errorf("df says %q", line)
		}
		// "-" is a figure that it does not know.
		if slices.Contains(withoutData, words[0]) || words[1] == "-" || words[2] == "-" {
			continue
		}
		size, err := strconv.ParseUint(words[1], 10, 63)
		if err != nil {
			return nil, fmt.Errorf("df says %q: %w", line, err)
		}
		free, err := strconv.ParseUint(words[2], 10, 63)
		if err != nil {
			return nil, fmt.Errorf("df says %q: %w", line, err)
		}
		_, path, ok := strings.Cut(line, "/") // it may have spaces
		if !ok {
			return nil, fmt.Errorf("df says %q", line)
		}
		mounts = append(mounts, Mount{Path: "/" + path, Filesystem: words[0], Size: size, Free: free})
	}
	slices.SortFunc(mounts, func(a, b Mount) int { return strings.Compare(a.Path, b.Path) })
	return mounts, nil
}
