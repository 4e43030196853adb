package acctest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// VMOptions says what virtual machine to start.
type VMOptions struct {
	MemoryMiB int   // 1024 when 0
	UDP       []int // ports that DialContext reaches over UDP
	Log       Logf  // progress
}

const (
	vmName = "vm"
	// A boot takes 20 s on an idle machine with two cores; emulated, everything is several times slower than native.
	vmBootLimit = 15 * time.Minute
	vmDisk      = "1500M"
)

// vmSettings makes it a machine that finds its disk and its address.
var vmSettings = map[string]string{
	"etc/fstab":                             "/dev/vda / ext4 defaults 0 1\n",
	"etc/systemd/network/80-dhcp.network":   "[Match]\nType=ether\n\n[Network]\nDHCP=ipv4\n",
	"etc/systemd/system.conf.d/timing.conf": "[Manager]\nDefaultTimeoutStartSec=300\n", // emulation is slow
}

// vmImage is a disk with the keys of the machine on it.
type vmImage struct {
	disk, kernel, initrd string // files, all of them
	hostKey, privateKey  string
}

func imageIn(dir string) vmImage {
	file := func(name string) string { return filepath.Join(dir, name) }
	return vmImage{disk: file("disk"), kernel: file("vmlinuz"), initrd: file("initrd"), hostKey: file("host_key.pub"), privateKey: file("user_key")}
}

// StartVM starts an emulated virtual machine with a kernel of its own: the place for sysctls. It is reached over SSH at a free port of
// 127.0.0.1; its disk forgets every change. The context bounds the start, not the machine's life: call Stop.
func StartVM(ctx context.Context, options VMOptions) (*Host, error) {
	if options.MemoryMiB == 0 {
		options.MemoryMiB = 1024
	}
	r, err := newRun(ctx)
	if err != nil {
		return nil, err
	}
	h, err := startVM(ctx, r, options)
	if err != nil {
		return nil, r.abandon(ctx, fmt.Errorf("start virtual machine: %w", err))
	}
	return h, nil
}

func startVM(ctx context.Context, r *run, options VMOptions) (*Host, error) {
	image, err := virtualMachineImage(ctx, options.Log)
	if err != nil {
		return nil, err
	}
	options.Log.printf("starting a virtual machine (emulated: about half a minute)")
	hostKey, err := os.ReadFile(image.hostKey)
	if err != nil {
		return nil, fmt.Errorf("host key: %w", err)
	}
	privateKey, err := os.ReadFile(image.privateKey)
	if err != nil {
		return nil, fmt.Errorf("private key: %w", err)
	}
	h, qemu, err := newEmulated(ctx, r, vmName, options.MemoryMiB, options.UDP, privateKey)
	if err != nil {
		return nil, err
	}
	h.HostKey = strings.TrimSpace(string(hostKey))
	emulator, err := qemuAMD64(ctx, options.Log)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	h.machine, err = r.start(ctx, startSpec{name: "qemu", args: slices.Concat(emulator, qemu, []string{
		"-kernel", image.kernel, "-initrd", image.initrd, "-append", "root=/dev/vda rw console=ttyS0 quiet", "-drive", "file=" + image.disk + ",format=raw,if=virtio,snapshot=on",
	})})
	if err != nil {
		return nil, err
	}
	// The disk forgets everything: switching off is enough.
	h.stop = func(context.Context) error { return h.machine.id.signal(syscall.SIGTERM) }
	if err := h.waitReady(ctx, vmBootLimit); err != nil {
		return nil, err
	}
	options.Log.printf("the virtual machine answers at %s:%d after %.1f s", h.Address, h.Port, time.Since(began).Seconds())
	return h, nil
}

// freePort finds a TCP port of 127.0.0.1 that nobody has at the moment.
func freePort(ctx context.Context) (int, error) {
	var c net.ListenConfig
	l, err := c.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	address, ok := l.Addr().(*net.TCPAddr)
	if err := l.Close(); err != nil || !ok {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	return address.Port, nil
}

// virtualMachineImage returns the image in the cache.
func virtualMachineImage(ctx context.Context, log Logf) (vmImage, error) {
	inputs := append([]string{Debian12.Suite, customize, vmDisk, fmt.Sprint(vmSettings)}, vmPackages...)
	dir, err := cached(ctx, "vm", inputs, func(ctx context.Context, dir string) error { return buildImage(ctx, log, dir) })
	return imageIn(dir), err
}

func buildImage(ctx context.Context, log Logf, dir string) error {
	if err := bootstrap(ctx, log, dir, Debian12, vmPackages); err != nil {
		return err
	}
	root, image := filepath.Join(dir, "root"), imageIn(dir)
	hostKey, err := newKeyPair()
	if err != nil {
		return err
	}
	userKey, err := newKeyPair()
	if err != nil {
		return err
	}
	if err := (identity{name: vmName, hostKey: hostKey, authorized: userKey.public}).writeTo(root); err != nil {
		return err
	}
	for name, content := range vmSettings {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			return err
		}
	}
	// Nothing here waits for the network to be configured.
	for _, args := range [][]string{{"enable", "systemd-networkd"}, {"disable", "systemd-networkd-wait-online"}} {
		if _, err := command(ctx, "chroot", append([]string{root, "systemctl"}, args...)...); err != nil {
			return err
		}
	}
	for from, to := range map[string]string{"boot/vmlinuz-*": image.kernel, "boot/initrd.img-*": image.initrd} {
		found, err := filepath.Glob(filepath.Join(root, from))
		if err != nil || len(found) != 1 {
			return errors.Join(fmt.Errorf("%d files named %s in the new system, want one", len(found), from), err)
		}
		if err := os.Rename(found[0], to); err != nil {
			return err
		}
	}
	log.printf("making the virtual machine's disk")
	if _, err := command(ctx, "mke2fs", "-q", "-t", "ext4", "-d", root, "-L", "root", image.disk, vmDisk); err != nil {
		return err
	}
	for path, content := range map[string]string{image.hostKey: hostKey.public + "\n", image.privateKey: string(userKey.private)} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			return err
		}
	}
	return os.RemoveAll(root)
}
