package image

import (
	"runtime"
	"slices"
)

// architecture is what differs from processor to processor.
type architecture struct {
	kernel   string   // Debian's package of it
	loaders  []string // packages of which the disk has something; they are unpacked among the tools
	bios     bool     // there are machines that boot by BIOS
	efi      string   // the suffix of UEFI's programs, in lower case
	grub     string   // folder of GRUB's signed program
	rootType string   // GUID of root's partition (Discoverable Partitions Specification)
	consoles string   // serial consoles, as arguments of the kernel; the last one that is there is /dev/console
	qemu     string   // QEMU's name of it
	elf      uint16   // number of the processor in programs
	exit     string   // code that ends a program
}

// builder is the architecture of the machine that builds: Debian and Go call these two the same.
const builder = runtime.GOARCH

var architectures = map[string]architecture{
	"amd64": {
		kernel: "linux-image-cloud-amd64", loaders: []string{"grub-pc-bin", "grub-efi-amd64-signed", "shim-signed", "shim-helpers-amd64-signed"}, bios: true, efi: "x64", grub: "x86_64-efi-signed",
		rootType: "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709", consoles: "console=ttyS0,115200",
		qemu: "x86_64", elf: 62, exit: "\x31\xff\xb8\x3c\x00\x00\x00\x0f\x05", // xor edi, edi; mov eax, 60 (exit); syscall
	},
	"arm64": {
		kernel: "linux-image-cloud-arm64", loaders: []string{"grub-efi-arm64-signed", "shim-signed", "shim-helpers-arm64-signed"}, efi: "aa64", grub: "arm64-efi-signed",
		rootType: "B921B045-1DF0-41C3-AF44-4C6F280D3FAE", consoles: "console=ttyS0,115200 console=ttyAMA0,115200",
		qemu: "aarch64", elf: 183, exit: "\x00\x00\x80\xd2\xa8\x0b\x80\xd2\x01\x00\x00\xd4", // mov x0, 0; mov x8, 93 (exit); svc 0
	},
}

// machine is the architecture of a specification that was validated.
func (s Spec) machine() architecture { return architectures[s.Architecture] }

// formats are those that are asked for, or all that the architecture has: there is no OVA for machines without BIOS.
func (s Spec) formats() []Format {
	if len(s.Formats) > 0 {
		return s.Formats
	}
	return slices.DeleteFunc(Formats(), func(f Format) bool { return f == OVA && !s.machine().bios })
}
