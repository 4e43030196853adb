package acctest

import (
	"context"
	"fmt"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// qemuARM64 is how QEMU for arm64 is called, whose machine has no serial port of PCs, and no BIOS.
var qemuARM64 = []string{"qemu-system-aarch64", "-machine", "virt", "-cpu", "cortex-a72"}

// newEmulated prepares a host that QEMU emulates, which is reached over SSH at a free port of 127.0.0.1, and over UDP at others for those of its ports that are asked for.
// The arguments, behind qemuAMD64 or qemuARM64, are those of any such; a disk has to be added. Options of QEMU's network are those that are not here anyway.
//
// KVM is not used even where there is a /dev/kvm: nested virtualisation that fails half way costs more than emulation.
func newEmulated(ctx context.Context, r *run, name string, memoryMiB int, udp []int, privateKey []byte, options ...string) (h *Host, qemu []string, err error) {
	h = &Host{
		Name: name, Address: netip.AddrFrom4([4]byte{127, 0, 0, 1}), User: "root", PrivateKey: privateKey,
		run: r, console: filepath.Join(r.dir, "console.log"), grace: 10 * time.Second, udp: map[int]int{},
	}
	if h.signer, err = ssh.ParsePrivateKey(privateKey); err != nil {
		return nil, nil, fmt.Errorf("private key: %w", err)
	}
	if h.Port, err = freePort(ctx); err != nil {
		return nil, nil, err
	}
	forwards := append([]string{"user", "id=n", fmt.Sprintf("hostfwd=tcp:127.0.0.1:%d-:22", h.Port)}, options...)
	for _, port := range udp {
		if h.udp[port], err = freePort(ctx); err != nil {
			return nil, nil, err
		}
		forwards = append(forwards, fmt.Sprintf("hostfwd=udp:127.0.0.1:%d-:%d", h.udp[port], port))
	}
	return h, []string{
		"-accel", "tcg", "-smp", "2", "-m", strconv.Itoa(memoryMiB), "-nodefaults", "-display", "none",
		"-netdev", strings.Join(forwards, ","), "-device", "virtio-net-pci,netdev=n,romfile=", "-device", "virtio-rng-pci", "-serial", "file:" + h.console,
	}, nil
}
