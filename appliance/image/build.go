package image

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// Builder builds images.
type Builder struct {
	Cache  string                           // folder for what is good for the next build: packages, and the system with the tools
	Output string                           // folder for the files
	Log    func(format string, args ...any) // progress; nil: nobody wants to know
}

// Build makes the files of an image in the output folder: those of its formats, NAME.cdx.json (SBOM) and NAME.sha256. Root, because it makes a root file
// system with all its owners.
func (b Builder) Build(ctx context.Context, s Spec) (err error) {
	if err := s.Validate(); err != nil {
		return err
	}
	for _, dir := range []string{b.Cache, b.Output, b.packages()} {
		if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // nothing in them is secret
			return err
		}
	}
	undo, err := s.emulate(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, undo()) }()
	root, err := b.tools(ctx, s)
	if err != nil {
		return fmt.Errorf("unable to make the system with the tools: %w", err)
	}
	work, err := os.MkdirTemp(root, "work-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	w := &workshop{Builder: b, spec: s, root: root, work: work}
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"the root file system", w.system},
		{"the boot loader", w.bootLoader},
		{"the disk", w.disk},
		{"the formats", w.formats},
		{"the list of what is inside", w.bill},
		{"the checksums", w.checksums},
	} {
		b.say("making %s", step.what)
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("unable to make %s: %w", step.what, err)
		}
	}
	return nil
}

func (b Builder) say(format string, args ...any) {
	if b.Log != nil {
		b.Log(format, args...)
	}
}

// packages is the folder of Debian's packages that were got already. Who may write there can keep a build from ending, no more: see packagesChecked.
func (b Builder) packages() string { return filepath.Join(b.Cache, "image-packages") }

// tools returns the root of the system with the tools, which is made once for these tools and these sources. It is of the building machine's architecture.
func (b Builder) tools(ctx context.Context, s Spec) (string, error) {
	machine := s.machine()
	key := sha256.Sum256([]byte(strings.Join(slices.Concat([]string{builder, s.Architecture, loadersIn}, tools, machine.loaders, s.sources()), "\n")))
	root := filepath.Join(b.Cache, fmt.Sprintf("image-tools-%x", key[:8]))
	if _, err := os.Stat(root); err == nil {
		return root, nil
	}
	b.say("making a system with the tools (once)")
	making, err := os.MkdirTemp(b.Cache, "image-tools-making-")
	if err != nil {
		return "", err
	}
	if err := os.Chmod(making, 0o755); err != nil { //nolint:gosec // the root of a system
		return "", err
	}
	architectures := builder
	if s.Architecture != builder {
		architectures += "," + s.Architecture
	}
	loaders := make([]string, len(machine.loaders))
	for i, name := range machine.loaders {
		loaders[i] = name + ":" + s.Architecture
	}
	err = b.bootstrap(ctx, s, architectures, making, tools, []string{"--customize-hook=" + fmt.Sprintf(loadersIn, strings.Join(loaders, " "))})
	if err == nil {
		err = os.Rename(making, root)
	}
	if _, there := os.Stat(root); err != nil && there == nil {
		err = nil // another build was faster
	}
	return root, errors.Join(err, os.RemoveAll(making))
}

// loadersFile, among the tools, names boot loaders as dpkg-query does, with version and architecture.
const loadersFile = "loaders.txt"

// loadersIn unpacks boot loaders among the tools: they are files for a disk, of whatever architecture, and nothing that the tools need. apt gets them anew each
// time, and compares them with the signed index.
const loadersIn = `set -eu
cd "$1"
mkdir loaders
cd loaders
APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get --quiet download %[1]s >&2
for deb in *.deb; do
	dpkg-deb --extract "$deb" ..
	dpkg-deb --show --showformat '${Package} ${Version} ${Architecture}\n' "$deb" >>../` + loadersFile + `
done
cd ..
rm -r loaders`

// Hooks of each bootstrap: packages that were got before are not got again. The system is in $1, the packages in $PACKAGES.
const (
	packagesIn = `mkdir -p "$1/var/cache/apt/archives"; find "$PACKAGES" -name "*.deb" -exec cp -t "$1/var/cache/apt/archives" {} +`
	// apt compares no more than the sizes of packages that are there already: here what was installed is compared with the digests of the signed index.
	packagesChecked = `set -eu
lists=$(mktemp)
trap 'rm -f "$lists"' EXIT
sed -n 's/^SHA256: //p' "$1"/var/lib/apt/lists/*_Packages >"$lists"
names=$(chroot "$1" dpkg-query --show --showformat '${Package}_${Version}_${Architecture}.deb\n' | sed 's/:/%3a/g')
cd "$1/var/cache/apt/archives"
sums=$(sha256sum $names)
if others=$(echo "$sums" | grep -vF -f "$lists"); then
	echo "not what the mirror's index lists, delete it in $PACKAGES: $others" >&2
	exit 1
fi`
	packagesOut = `mv -n -t "$PACKAGES" "$1"/var/cache/apt/archives/*.deb; rm -f "$1"/var/cache/apt/archives/*.deb "$1"/var/cache/apt/*.bin`
)

// bootstrap installs Debian into a folder, or a file that ends with .tar. The first architecture is that of its programs.
func (b Builder) bootstrap(ctx context.Context, s Spec, architectures, target string, packages, options []string) error {
	format := "directory"
	if strings.HasSuffix(target, ".tar") {
		format = "tar"
	}
	args := []string{
		"--quiet", "--mode=root", "--variant=minbase", "--format=" + format, "--architectures=" + architectures, "--include=" + strings.Join(packages, ","),
		"--skip=download/empty", "--skip=essential/unlink", "--skip=check/qemu", "--setup-hook=" + packagesIn, "--customize-hook=" + packagesChecked, "--customize-hook=" + packagesOut,
	}
	if s.Snapshot != "" {
		args = append(args, `--aptopt=Acquire::Check-Valid-Until "false"`)
	}
	args = slices.Concat(args, options, []string{Suite, target})
	cmd := exec.CommandContext(ctx, "mmdebstrap", append(args, s.sources()...)...) //nolint:gosec // as whoever builds says
	cmd.Env = append(s.environment(), "PACKAGES="+b.packages())
	_, err := run(cmd)
	return err
}

// environment is that of all programs of a build: nothing of whoever builds gets in.
func (s Spec) environment() []string {
	return []string{
		fmt.Sprintf("SOURCE_DATE_EPOCH=%d", s.Epoch.Unix()), "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC", "HOME=/root",
	}
}

// run runs a program in a process group of its own, which ends as a whole when the build is cancelled; the error has what it wrote to standard error.
func run(cmd *exec.Cmd) ([]byte, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		text := strings.TrimSpace(stderr.String())
		return nil, fmt.Errorf("%s: %w: %s", filepath.Base(cmd.Path), err, text[max(0, len(text)-2000):])
	}
	return out, nil
}

// workshop is one build.
type workshop struct {
	Builder
	spec       Spec
	root, work string      // the system with the tools, and a folder in it
	given      []installed // Elastic's packages, which are there to be installed
}

func (w *workshop) path(name string) string { return filepath.Join(w.work, name) }

func (w *workshop) result(format string) string {
	return filepath.Join(w.Output, w.spec.Name()+"."+format)
}

func (w *workshop) wants(f Format) bool {
	return slices.Contains(w.spec.formats(), f)
}

// tool runs a program among the tools, in the work folder.
func (w *workshop) tool(ctx context.Context, input, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, "chroot", append([]string{w.root, "env", "--chdir=/" + filepath.Base(w.work), name}, args...)...) //nolint:gosec // the tools of this package
	cmd.Env = w.spec.environment()
	cmd.Stdin = strings.NewReader(input)
	if _, err := run(cmd); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// system makes root.tar.
func (w *workshop) system(ctx context.Context) error {
	var over bytes.Buffer
	if err := overlay(&over, w.spec.Epoch); err != nil {
		return err
	}
	collector, err := os.ReadFile(w.spec.Collector)
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{"overlay.tar": over.Bytes(), "customize.sh": []byte(customize), "flowcollector.deb": collector} {
		if err := os.WriteFile(w.path(name), content, 0o600); err != nil {
			return err
		}
	}
	options := []string{
		// The initial file system is made when the kernel is installed.
		fmt.Sprintf(`--essential-hook=tar -C "$1" --no-overwrite-dir -xf '%s' etc/initramfs-tools`, w.path("overlay.tar")),
		fmt.Sprintf(`--customize-hook=tar -C "$1" --no-overwrite-dir -xf '%s'`, w.path("overlay.tar")),
		fmt.Sprintf(`--customize-hook=cp '%s' "$1/flowcollector.deb"`, w.path("flowcollector.deb")),
	}
	if w.spec.Elastic != "" {
		if err := w.repository(ctx); err != nil {
			return err
		}
		options = append(options, fmt.Sprintf(`--customize-hook=cp -r '%s' "$1/usr/share/flowstack"`, w.path("flowstack")))
	}
	options = append(options, fmt.Sprintf(`--customize-hook=sh '%s' "$1"`, w.path("customize.sh")))
	return w.bootstrap(ctx, w.spec, w.spec.Architecture, w.path("root.tar"), slices.Concat([]string{w.spec.machine().kernel}, packages), options)
}

// bootLoader makes esp.img, and boot.img and core.img where there are machines with BIOS.
func (w *workshop) bootLoader(ctx context.Context) error {
	machine := w.spec.machine()
	files := map[string]string{"grub.cfg": grubConfig(machine), "grubenv": grubEnvironment()}
	for name, content := range files {
		if err := os.WriteFile(w.path(name), []byte(content), 0o600); err != nil {
			return err
		}
	}
	const shim, boot = "/usr/lib/shim/", "::/EFI/BOOT/"
	commands := [][]string{
		{"mkfs.vfat", "--invariant", "-C", "-i", efiFID, "-n", "ESP", "esp.img", strconv.Itoa(efiFS / 1024)},
		{"mmd", "-i", "esp.img", "::/EFI", "::/EFI/BOOT", "::/EFI/debian"},
		// Debian's signed ones, for Secure Boot: firmware starts shim, and that GRUB.
		{"mcopy", "-i", "esp.img", shim + "shim" + machine.efi + ".efi.signed", boot + "BOOT" + strings.ToUpper(machine.efi) + ".EFI"},
		{"mcopy", "-i", "esp.img", shim + "mm" + machine.efi + ".efi.signed", boot + "mm" + machine.efi + ".efi"},
		{"mcopy", "-i", "esp.img", "/usr/lib/grub/" + machine.grub + "/grub" + machine.efi + ".efi.signed", boot + "grub" + machine.efi + ".efi"},
		{"mcopy", "-i", "esp.img", "grub.cfg", "grubenv", "::/EFI/debian"},
	}
	if machine.bios {
		commands = append(commands,
			slices.Concat([]string{"grub-mkimage", "--format=i386-pc", "--output=core.img", "--prefix=(,gpt2)/EFI/debian"}, grubModules),
			[]string{"cp", "/usr/lib/grub/i386-pc/boot.img", "boot.img"})
	}
	for _, args := range commands {
		if err := w.tool(ctx, "", args[0], args[1:]...); err != nil {
			return err
		}
	}
	return nil
}

// disk makes disk.raw.
func (w *workshop) disk(ctx context.Context) error {
	err := w.tool(ctx, "", "mke2fs", "-q", "-t", "ext4", "-L", "root", "-U", rootFID, "-E", "hash_seed="+hashID, "-m", "1", "-d", "root.tar", "root.img", fmt.Sprintf("%dk", rootFS/1024))
	if err != nil {
		return err
	}
	f, err := os.Create(w.path("disk.raw"))
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // closed below, where it counts
	if err := f.Truncate(disk); err != nil {
		return err
	}
	if err := w.tool(ctx, partitionTable(w.spec.machine()), "sfdisk", "--quiet", "disk.raw"); err != nil {
		return err
	}
	if w.spec.machine().bios {
		if err := w.bios(f); err != nil {
			return err
		}
	}
	if err := copySparse(f, efiPartition.start, w.path("esp.img")); err != nil {
		return err
	}
	return errors.Join(copySparse(f, rootPartition.start, w.path("root.img")), f.Close())
}

// bios writes what BIOS starts to a disk that has its partitions.
func (w *workshop) bios(disk *os.File) error {
	boot, err := os.ReadFile(w.path("boot.img"))
	if err != nil {
		return err
	}
	core, err := os.ReadFile(w.path("core.img"))
	if err != nil {
		return err
	}
	first, second, err := bootSectors(boot, core)
	if err != nil {
		return err
	}
	if _, err := disk.WriteAt(first, 0); err != nil {
		return err
	}
	_, err = disk.WriteAt(second, biosPartition.start)
	return err
}

// formats makes the files that users take.
func (w *workshop) formats(ctx context.Context) error {
	if w.wants(QCOW) {
		if err := w.tool(ctx, "", "qemu-img", "convert", "-c", "-f", "raw", "-O", "qcow2", "disk.raw", "disk.qcow2"); err != nil {
			return err
		}
		if err := move(w.path("disk.qcow2"), w.result("qcow2")); err != nil {
			return err
		}
	}
	if w.wants(OVA) {
		if err := w.tool(ctx, "", "qemu-img", "convert", "-f", "raw", "-O", "vmdk", "-o", "subformat=streamOptimized,adapter_type=lsilogic", "disk.raw", "disk.vmdk"); err != nil {
			return err
		}
		if err := fixContentID(w.path("disk.vmdk")); err != nil {
			return err
		}
		if err := writeOVA(w.result("ova"), w.spec.Name(), w.path("disk.vmdk"), w.spec.Epoch); err != nil {
			return err
		}
	}
	if w.wants(Tar) {
		if err := containerArchive(w.path("root.tar"), w.result("tar.gz")); err != nil {
			return err
		}
	}
	if w.wants(Raw) {
		return move(w.path("disk.raw"), w.result("raw"))
	}
	return nil
}

// move renames a file, or copies it to another file system.
func move(from, to string) error {
	err := os.Rename(from, to)
	if !errors.Is(err, syscall.EXDEV) {
		return err
	}
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	return errors.Join(out.Truncate(info.Size()), copySparse(out, 0, from), out.Close())
}

// bill makes the SBOM, of the system and of what is started before it.
func (w *workshop) bill(context.Context) error {
	loaders, err := os.ReadFile(filepath.Join(w.root, loadersFile))
	if err != nil {
		return err
	}
	in, err := os.Open(w.path("root.tar"))
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // read only
	content, err := readInventory(in)
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(loaders)) {
		fields := strings.Fields(line)
		copyright, err := os.ReadFile(filepath.Join(w.root, "usr/share/doc", fields[0], "copyright"))
		if err != nil {
			return err
		}
		content.packages = append(content.packages, installed{name: fields[0], version: fields[1], architecture: fields[2], licences: licences(string(copyright))})
	}
	content.packages = append(content.packages, w.given...)
	text, err := content.cycloneDX(w.spec)
	if err != nil {
		return err
	}
	return os.WriteFile(w.result(bom), text, 0o644) //nolint:gosec // for everybody to read
}

// bom is how the file's name ends that lists what is inside.
const bom = "cdx.json"

// checksums makes the list that sha256sum --check takes.
func (w *workshop) checksums(context.Context) error {
	var list strings.Builder
	names := []string{bom}
	for _, f := range Formats() {
		if w.wants(f) {
			names = append(names, string(f))
		}
	}
	for _, name := range names {
		digest, err := digestOf(w.result(name))
		if err != nil {
			return err
		}
		fmt.Fprintf(&list, "%s  %s.%s\n", digest, w.spec.Name(), name)
	}
	return os.WriteFile(w.result("sha256"), []byte(list.String()), 0o644) //nolint:gosec // for everybody to read
}
