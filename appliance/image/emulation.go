package image

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// emulators are programs that run those of the architecture on others, by the names that Debian has had for them.
func (a architecture) emulators() []string {
	return []string{"qemu-" + a.qemu + "-static", "qemu-" + a.qemu}
}

// emulate has the kernel of this machine run programs of another architecture, until undo is called. What the machine has for that is not asked: it may lead to
// a file that is not there in a system of its own.
func (s Spec) emulate(ctx context.Context) (undo func() error, err error) {
	a := s.machine()
	if s.Architecture == builder {
		return func() error { return nil }, nil
	}
	dir, err := os.MkdirTemp("", "flowstack-image-")
	if err != nil {
		return nil, err
	}
	undoing := []func() error{func() error { return os.RemoveAll(dir) }}
	undo = func() error {
		var errs []error
		for i := len(undoing) - 1; i >= 0; i-- {
			errs = append(errs, undoing[i]())
		}
		return errors.Join(errs...)
	}
	if err := a.register(ctx, dir, &undoing); err != nil {
		return nil, errors.Join(fmt.Errorf("unable to run programs for %s on %s: %w", s.Architecture, builder, err), undo())
	}
	return undo, nil
}

// register tells the kernel of an emulator, and looks whether it is of use.
func (a architecture) register(ctx context.Context, dir string, undoing *[]func() error) error {
	var emulator string
	for _, name := range a.emulators() {
		if path, err := exec.LookPath(name); err == nil {
			emulator = path
			break
		}
	}
	if emulator == "" {
		return fmt.Errorf("there is no %s: apt-get install qemu-user-static", strings.Join(a.emulators(), " and no "))
	}
	// The kernel's list, whatever the machine has it mounted at, or not.
	list := filepath.Join(dir, "binfmt_misc")
	if err := os.Mkdir(list, 0o700); err != nil {
		return err
	}
	if err := unix.Mount("binfmt_misc", list, "binfmt_misc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("unable to mount binfmt_misc (does the kernel have it, and is this root?): %w", err)
	}
	*undoing = append(*undoing, func() error { return unix.Unmount(list, 0) })
	name := fmt.Sprintf("flowstack-image-%s-%d", a.qemu, os.Getpid())
	if err := os.WriteFile(filepath.Join(list, "register"), []byte(a.rule(name, emulator)), 0o200); err != nil {
		return fmt.Errorf("binfmt_misc takes no rule for %s: %w", emulator, err)
	}
	*undoing = append(*undoing, func() error { return os.WriteFile(filepath.Join(list, name), []byte("-1"), 0o200) })
	// A root with nothing in it but one program shows that it runs in the systems that are built.
	root := filepath.Join(dir, "root")
	if err := os.Mkdir(root, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(root, "true"), a.program(), 0o700); err != nil { //nolint:gosec // it is to be run
		return err
	}
	cmd := exec.CommandContext(ctx, "/true")
	cmd.Dir, cmd.Env, cmd.SysProcAttr = "/", []string{}, &syscall.SysProcAttr{Chroot: root}
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s does not run them in a system of its own (%w): it has to be linked statically, as that of qemu-user-static is", emulator, err)
	}
	return nil
}

// rule is what the kernel is told: which files are programs of the architecture (programs and shared objects, of whatever system), and, by the flags, that the
// emulator is opened now, not where it may be missing (F), and gets the program opened (O), and the name that it is called by (P). Debian's rules are the same.
func (a architecture) rule(name, emulator string) string {
	const kind = 16 // where a header has the type, and behind it the processor
	magic, mask := a.header()[:20], []byte(strings.Repeat("\xff", 20))
	mask[7], mask[kind] = 0, 0xfe
	for i := 8; i < kind; i++ {
		mask[i] = 0
	}
	escaped := func(octets []byte) string {
		var b strings.Builder
		for _, o := range octets {
			fmt.Fprintf(&b, `\x%02x`, o)
		}
		return b.String()
	}
	return fmt.Sprintf(":%s:M:0:%s:%s:%s:OPF", name, escaped(magic), escaped(mask), emulator)
}

// Sizes of what a program begins with, and where it is loaded.
const (
	elfHeader     = 64
	programHeader = 56
	loadAddress   = 0x400000
)

// header is that of an ELF file with one segment.
func (a architecture) header() []byte {
	h := make([]byte, elfHeader)
	copy(h, "\x7fELF\x02\x01\x01") // 64 bits, little-endian, version 1
	le := binary.LittleEndian
	le.PutUint16(h[16:], 2) // a program
	le.PutUint16(h[18:], a.elf)
	le.PutUint32(h[20:], 1) // version
	le.PutUint64(h[24:], loadAddress+elfHeader+programHeader)
	le.PutUint64(h[32:], elfHeader) // where headers of segments are
	le.PutUint16(h[52:], elfHeader)
	le.PutUint16(h[54:], programHeader)
	le.PutUint16(h[56:], 1)
	return h
}

// program is one that does nothing, successfully.
func (a architecture) program() []byte {
	size := uint64(elfHeader + programHeader + len(a.exit))
	h := make([]byte, programHeader)
	le := binary.LittleEndian
	le.PutUint32(h, 1)     // loaded
	le.PutUint32(h[4:], 5) // readable, executable
	le.PutUint64(h[16:], loadAddress)
	le.PutUint64(h[24:], loadAddress)
	le.PutUint64(h[32:], size)
	le.PutUint64(h[40:], size)
	le.PutUint64(h[48:], 0x10000)
	return append(append(a.header(), h...), a.exit...)
}
