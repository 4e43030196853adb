package acctest

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"
)

// KeyBy says how an appliance is told who may log in.
type KeyBy int

// The ways.
const (
	ByCredential KeyBy = iota // systemd's ssh.authorized_keys.root, in SMBIOS
	ByFirmware                // the same, in QEMU's fw_cfg
	BySeed                    // cloud-init's NoCloud, a disk with the label CIDATA
	ByMetadata                // cloud-init's Ec2: the machine looks like an instance of EC2, and has its metadata service
	ByNobody                  // not at all
)

// ApplianceOptions says how to boot an image of the appliance.
type ApplianceOptions struct {
	Image   string // raw disk, or one that ends with .qcow2; it is copied
	DiskMiB int64  // size that the copy is made, as users do before the first boot; the image's when 0
	UEFI    bool   // else BIOS
	ARM64   bool   // the image is for arm64, which boots by UEFI
	Key     KeyBy
	UDP     []int // ports that DialContext reaches over UDP
	Log     Logf  // progress
}

// Appliance is an emulated machine that booted an image by itself: firmware, boot loader, kernel. Its host key is the one that its console shows. Its disk
// remembers.
type Appliance struct {
	*Host

	args    []string // of QEMU
	key     KeyBy
	monitor string        // socket of QEMU
	Ready   time.Duration // from power on until the console said that the collector is ready
}

// firmware of UEFI, where Debian's packages have it.
type firmware struct{ code, vars string }

var (
	firmwareAMD64 = firmware{"/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"} // ovmf
	firmwareARM64 = firmware{"/usr/share/AAVMF/AAVMF_CODE.fd", "/usr/share/AAVMF/AAVMF_VARS.fd"}   // qemu-efi-aarch64
)

// What ends a wait is the caller's context, or QEMU's end: an overloaded machine takes a quarter of an hour for what is a minute's work. This is for
// what wants a limit.
const applianceBootLimit = 2 * time.Hour

const applianceMemoryMiB = 1536

// StartAppliance boots an image and returns when the console says that the collector runs and, where a key is given, SSH answers.
func StartAppliance(ctx context.Context, options ApplianceOptions) (*Appliance, error) {
	r, err := newRun(ctx)
	if err != nil {
		return nil, err
	}
	a, err := startAppliance(ctx, r, options)
	if err != nil {
		return nil, r.abandon(ctx, fmt.Errorf("start appliance: %w", err))
	}
	return a, nil
}

func startAppliance(ctx context.Context, r *run, options ApplianceOptions) (*Appliance, error) {
	key, err := newKeyPair()
	if err != nil {
		return nil, err
	}
	var network []string
	if options.Key == ByMetadata {
		if network, err = metadataService(r.dir, key.public); err != nil {
			return nil, err
		}
	}
	h, qemu, err := newEmulated(ctx, r, "appliance", applianceMemoryMiB, options.UDP, key.private, network...)
	if err != nil {
		return nil, err
	}
	disk := filepath.Join(r.dir, "disk.raw")
	if err := copyDisk(ctx, options.Log, options.Image, disk); err != nil {
		return nil, err
	}
	if options.DiskMiB > 0 {
		if err := os.Truncate(disk, options.DiskMiB<<20); err != nil {
			return nil, err
		}
	}
	a := &Appliance{Host: h, key: options.Key, monitor: filepath.Join(r.dir, "monitor")}
	kind, screen, uefi := qemuARM64, "virtio-gpu-pci", firmwareARM64
	if options.ARM64 {
		options.UEFI = true
	} else {
		screen, uefi = "VGA", firmwareAMD64
		if kind, err = qemuAMD64(ctx, options.Log); err != nil {
			return nil, err
		}
	}
	a.args = slices.Concat(kind, qemu, []string{"-drive", "file=" + disk + ",format=raw,if=virtio", "-device", screen, "-monitor", "unix:" + a.monitor + ",server=on,wait=off"})
	if options.UEFI {
		vars := filepath.Join(r.dir, "vars.fd")
		if _, err := command(ctx, "cp", uefi.vars, vars); err != nil {
			return nil, fmt.Errorf("%w: make prepare installs the firmware, that for arm64 is of qemu-efi-aarch64", err)
		}
		a.args = append(a.args, "-drive", "if=pflash,format=raw,readonly=on,file="+uefi.code, "-drive", "if=pflash,format=raw,file="+vars)
	}
	switch options.Key {
	case ByCredential:
		a.args = append(a.args, "-smbios", "type=11,value=io.systemd.credential.binary:ssh.authorized_keys.root="+base64.StdEncoding.EncodeToString([]byte(key.public+"\n")))
	case ByFirmware:
		file := filepath.Join(r.dir, "authorized_keys")
		if err := os.WriteFile(file, []byte(key.public+"\n"), 0o600); err != nil {
			return nil, err
		}
		a.args = append(a.args, "-fw_cfg", "name=opt/io.systemd.credentials/ssh.authorized_keys.root,file="+file)
	case BySeed:
		seed, err := writeSeed(r.dir, key.public)
		if err != nil {
			return nil, err
		}
		a.args = append(a.args, "-drive", "file.driver=vvfat,file.label=CIDATA,file.dir="+seed+",format=raw,if=virtio,readonly=on")
	case ByMetadata:
		a.args = append(a.args, "-smbios", "type=1,manufacturer=Amazon EC2,serial="+instanceUUID+",uuid="+instanceUUID)
	case ByNobody:
	}
	return a, a.powerOn(ctx, options.Log)
}

// copyDisk makes a raw disk of an image.
func copyDisk(ctx context.Context, log Logf, image, disk string) error {
	argv := []string{"cp", "--sparse=always", image, disk}
	if strings.HasSuffix(image, ".qcow2") {
		tool, err := qemuImage(ctx, log)
		if err != nil {
			return err
		}
		argv = slices.Concat(tool, []string{"convert", "-O", "raw", image, disk})
	}
	_, err := command(ctx, argv[0], argv[1:]...)
	return err
}

// writeSeed makes a folder that QEMU shows as a disk with the label that NoCloud looks for.
func writeSeed(dir, key string) (string, error) {
	seed := filepath.Join(dir, "seed")
	if err := os.Mkdir(seed, 0o700); err != nil {
		return "", err
	}
	err := errors.Join(
		os.WriteFile(filepath.Join(seed, "meta-data"), []byte("instance-id: one\nlocal-hostname: flow-seeded\n"), 0o600),
		os.WriteFile(filepath.Join(seed, "user-data"), []byte("#cloud-config\nssh_authorized_keys:\n  - "+key+"\n"), 0o600),
	)
	return seed, err
}

var consoleHostKey = regexp.MustCompile(`host_keys  = \["(ssh-ed25519 [A-Za-z0-9+/=]+)"\]`)

const (
	consoleReady    = "The flow collector is ready." // once in a boot, from systemd, when the collector has told it so (READY=1)
	consoleShows    = "Collector    active"
	consoleRestarts = "reboot: Restarting system" // by the kernel
)

// powerOn starts the machine, and waits for it.
func (a *Appliance) powerOn(ctx context.Context, log Logf) error {
	log.printf("booting the appliance (emulated: about a minute)")
	if err := os.Remove(a.console); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	began := time.Now()
	var err error
	if a.machine, err = a.run.start(ctx, startSpec{name: "qemu", args: a.args}); err != nil {
		return err
	}
	a.stop = func(context.Context) error { return a.machine.id.signal(syscall.SIGTERM) }
	err = poll(ctx, "the console to say that the collector is ready", func() (bool, error) {
		text, err := a.consoleSince(0)
		return bytes.Contains(text, []byte(consoleReady)), err
	})
	if err != nil {
		return fmt.Errorf("%w; console: %s", err, tail(a.console))
	}
	a.Ready = time.Since(began)
	if err := a.awaitConsole(ctx, 0); err != nil {
		return err
	}
	log.printf("the appliance's collector runs %.1f s after power on", a.Ready.Seconds())
	if a.key == ByNobody {
		return nil
	}
	return a.waitReady(ctx, applianceBootLimit)
}

// consoleSince is what was written to the serial console, behind what it had before; nothing while there is none. The error is that the machine has ended.
func (a *Appliance) consoleSince(before int) ([]byte, error) {
	if err := a.machine.exited(); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(a.console)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return text[min(before, len(text)):], err
}

// awaitConsole waits until the console, behind what it had written before, shows how the machine is reached and that the collector runs, and takes the host key
// from there.
func (a *Appliance) awaitConsole(ctx context.Context, before int) error {
	err := poll(ctx, "the console to show that the collector runs", func() (bool, error) {
		text, err := a.consoleSince(before)
		found := consoleHostKey.FindAllSubmatchIndex(text, -1)
		if err != nil || found == nil {
			return false, err
		}
		last := found[len(found)-1]
		a.HostKey = string(text[last[2]:last[3]])
		return bytes.Contains(text[last[1]:], []byte(consoleShows)), nil
	})
	if err != nil {
		return fmt.Errorf("%w; console: %s", err, tail(a.console))
	}
	return nil
}

// Restart runs a program that restarts the machine, and waits as StartAppliance does, for what the console says from then on.
func (a *Appliance) Restart(ctx context.Context, argv ...string) error {
	before, err := a.ConsoleText()
	if err != nil {
		return err
	}
	// The machine may take the connection away before it says that all went well.
	var exit *ssh.ExitError
	if _, err := a.Run(ctx, argv...); errors.As(err, &exit) && exit.Signal() == "" {
		return err
	}
	// Until the kernel restarts it, the console is that of before, with a host key that a reset ends.
	restarted := 0
	err = poll(ctx, "the machine to restart", func() (bool, error) {
		text, err := a.consoleSince(len(before))
		at := bytes.Index(text, []byte(consoleRestarts))
		restarted = len(before) + at
		return at >= 0, err
	})
	if err != nil {
		return fmt.Errorf("%w; console: %s", err, tail(a.console))
	}
	if err := a.awaitConsole(ctx, restarted); err != nil {
		return err
	}
	return a.waitReady(ctx, applianceBootLimit)
}

// PowerCut takes the power away, at once, gives it back, and waits as StartAppliance does.
func (a *Appliance) PowerCut(ctx context.Context, log Logf) error {
	if err := a.machine.id.kill(ctx); err != nil {
		return err
	}
	<-a.machine.done
	return a.powerOn(ctx, log)
}

// ConsoleText is all that was written to the serial console since power on.
func (a *Appliance) ConsoleText() (string, error) {
	text, err := os.ReadFile(a.console)
	return string(text), err
}

// Screenshot writes what the screen shows, as PNG.
func (a *Appliance) Screenshot(ctx context.Context, path string) error {
	var d net.Dialer
	c, err := d.DialContext(ctx, "unix", a.monitor)
	if err != nil {
		return err
	}
	defer c.Close() //nolint:errcheck // the answer was read
	if _, err := fmt.Fprintf(c, "screendump %s -f png\nnothing_more\n", path); err != nil {
		return err
	}
	// The monitor answers one command after the other: what it says of the second one is said after the first was done.
	var answer []byte
	for block := make([]byte, 4096); !bytes.Contains(answer, []byte("unknown command")); {
		n, err := c.Read(block)
		answer = append(answer, block[:n]...)
		if err != nil {
			return fmt.Errorf("QEMU's monitor: %w: %s", err, answer)
		}
	}
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("QEMU's monitor: %s: %w", answer, err)
	}
	return nil
}

// TryLogin says whether this machine, with the appliance's host key checked, is let in by a method.
func (a *Appliance) TryLogin(ctx context.Context, user string, method ssh.AuthMethod) error {
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(a.HostKey))
	if err != nil {
		return err
	}
	address := net.JoinHostPort(a.Address.String(), strconv.Itoa(a.Port))
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	connection, _, _, err := ssh.NewClientConn(c, address, &ssh.ClientConfig{User: user, Auth: []ssh.AuthMethod{method}, HostKeyCallback: ssh.FixedHostKey(key)})
	if err != nil {
		return errors.Join(err, ignoreClosed(c.Close()))
	}
	return connection.Close()
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe) {
		return nil
	}
	return err
}
