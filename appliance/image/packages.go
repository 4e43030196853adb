package image

// packages are in the image, besides the kernel, with what they depend on, and without what they recommend.
var packages = []string{
	// It boots, and finds disk and network.
	"initramfs-tools", "zstd", "systemd", "systemd-sysv", "systemd-resolved", "systemd-repart", "udev", "dbus", "kmod", "e2fsprogs",
	"cloud-init", "dhcpcd-base", // the latter for what clouds tell by way of an address of their own
	// It is reached, keeps the time, lets in what it should, and stays up to date.
	"openssh-server", "chrony", "nftables", "ca-certificates", "unattended-upgrades", "sudo", "polkitd",
	"open-vm-tools", // by which cloud-init asks vSphere; nothing of it runs elsewhere
	// People look around.
	"fdisk", "iproute2", "iputils-ping", "less", "procps", "vim-tiny",
}

// tools are what a build runs, in a system of its own, of the architecture of the machine that builds; boot loaders are unpacked there.
var tools = []string{
	"dosfstools", "e2fsprogs", "fdisk", "grub-common", "libarchive13t64", "mtools", "qemu-utils",
}
