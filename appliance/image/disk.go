package image

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

const (
	sector  = 512
	mebi    = 1 << 20
	gibi    = 1 << 30
	disk    = 4 * gibi // what is behind root becomes the data partition, on first boot
	rootFS  = 2 * gibi
	efiFS   = 64 * mebi
	diskID  = "6f0e2a5c-9b1d-4c7e-8f3a-1d2c3b4a5968"
	rootID  = "a3c1d7f2-5b8e-4f60-9c2d-7e1f8a9b0c34" // of the partition; the kernel finds it by this
	rootFID = "5d9e8c7b-6a4f-4e3d-8b2c-1a0f9e8d7c6b" // of the file system
	hashID  = "0b7c6d5e-4f3a-4291-8e7d-6c5b4a392817" // seed of the hashes of directories
	efiFID  = "F10A57AC"                             // of the file system of UEFI
)

// partition is a part of the disk, in octets from its start.
type partition struct {
	name, kind, id string // kind: the type's GUID (UEFI specification); root's is the architecture's
	start, size    int64
}

var (
	biosPartition = partition{"bios", "21686148-6449-6E6F-744E-656564454649", "c2b4a698-7d5c-4b3a-9f1e-0d2c4b6a8f9e", mebi, mebi}
	efiPartition  = partition{"esp", "C12A7328-F81F-11D2-BA4B-00A0C93EC93B", "d4c6b8aa-9f7e-4d5c-8b3a-2f1e0d9c8b7a", 2 * mebi, efiFS}
	rootPartition = partition{"root", "", rootID, 2*mebi + efiFS, rootFS}
)

// partitionTable is what sfdisk makes the table of. Root is last, so that there is room for it to grow. Where there is no BIOS, its partition is empty:
// partitions have the same numbers everywhere.
func partitionTable(a architecture) string {
	var b strings.Builder
	fmt.Fprintf(&b, "label: gpt\nlabel-id: %s\n", diskID)
	for _, p := range []partition{biosPartition, efiPartition, rootPartition} {
		if p.kind == "" {
			p.kind = a.rootType
		}
		fmt.Fprintf(&b, "start=%d, size=%d, type=%s, uuid=%s, name=%s\n", p.start/sector, p.size/sector, p.kind, p.id, p.name)
	}
	return b.String()
}

// Where GRUB's first sectors have what its installation writes into them (grub-core/boot/i386/pc/{boot,diskboot}.S).
const (
	bootCode        = 440   // octets of the first sector that are code; behind them is the partition table
	bootKernel      = 0x5c  // sector of the second stage, 8 octets
	bootDriveCheck  = 0x66  // jump for drives that BIOS numbers wrongly; two NOPs keep the number BIOS gives
	coreBlocks      = 0x1f4 // sector (8 octets), number (2) and segment (2) of what is behind the second stage's first sector
	coreLoadSegment = 0x820
)

// bootSectors makes GRUB's boot.img and core.img what BIOS starts: the code of the disk's first sector, and what the BIOS boot partition holds.
func bootSectors(boot, core []byte) (first, second []byte, err error) {
	if len(boot) != sector {
		return nil, nil, fmt.Errorf("GRUB's boot.img has %d octets, want %d", len(boot), sector)
	}
	if len(core) <= sector || int64(len(core)) > biosPartition.size {
		return nil, nil, fmt.Errorf("GRUB's core.img has %d octets, which is not between %d and %d", len(core), sector, biosPartition.size)
	}
	if binary.LittleEndian.Uint16(core[coreBlocks+10:]) != coreLoadSegment {
		return nil, nil, errors.New("GRUB's core.img is not for BIOS: it does not load where that is")
	}
	start := uint64(biosPartition.start / sector)
	first = append([]byte(nil), boot[:bootCode]...)
	binary.LittleEndian.PutUint64(first[bootKernel:], start)
	first[bootDriveCheck], first[bootDriveCheck+1] = 0x90, 0x90
	second = append([]byte(nil), core...)
	binary.LittleEndian.PutUint64(second[coreBlocks:], start+1)
	binary.LittleEndian.PutUint16(second[coreBlocks+8:], uint16((len(core)+sector-1)/sector-1))
	return first, second, nil
}

// grubModules are in core.img: what reads the two file systems, and what grub.cfg says.
var grubModules = []string{
	"biosdisk", "part_gpt", "fat", "ext2", "normal", "configfile", "linux", "search", "search_label", "loadenv", "test", "echo", "serial", "terminal", "sleep", "reboot", "halt",
}

// grubConfig boots the kernel that Debian's links lead to, and the one before where that cannot be loaded: an upgrade may have been cut off. Both, and a
// factory reset, are in the menu, which Esc shows in the first second. Of security modules there are those that something here may use: each costs at each
// file that is opened. Nothing is left to systemd's presets: which units run is what the image has. The environment block has a reset done at each boot, until appliance-erase.service says that it is.
func grubConfig(a architecture) string {
	return strings.Replace(grubTemplate, "CONSOLES", a.consoles, 1)
}

const grubTemplate = `if serial --unit=0 --speed=115200; then
  terminal_input console serial
  terminal_output console serial
fi
set timeout_style=hidden
set timeout=1
set default=0
set fallback=1
load_env --file $prefix/grubenv factory_reset
if [ "$factory_reset" = yes ]; then
  set default=2
fi
search --no-floppy --label --set=root root
set options="root=PARTUUID=` + rootID + ` ro console=tty0 CONSOLES quiet panic=30 systemd.condition_first_boot=no lsm=landlock,lockdown,yama,integrity,apparmor"
menuentry "flowstack appliance" {
  linux /vmlinuz $options
  initrd /initrd.img
}
menuentry "flowstack appliance, with the kernel before" {
  linux /vmlinuz.old $options
  initrd /initrd.img.old
}
menuentry "Factory reset: erase all data" {
  linux /vmlinuz $options systemd.factory_reset=yes
  initrd /initrd.img
}
`

// grubEnvironment is an empty block of GRUB's environment: 1024 octets.
func grubEnvironment() string {
	const header = "# GRUB Environment Block\n"
	return header + strings.Repeat("#", 1024-len(header))
}
