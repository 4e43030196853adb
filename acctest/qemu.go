package acctest

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// qemuPackages are what QEMU for amd64 consists of, and its tools.
var qemuPackages = []string{"qemu-system-x86", "qemu-utils", "seabios"}

// qemuAMD64 is how QEMU for amd64 is called. The processor is its own choice: what newer ones have besides takes an emulated boot an eighth longer.
func qemuAMD64(ctx context.Context, log Logf) ([]string, error) {
	return emulator(ctx, log, "qemu-system-x86_64", func(usr string) []string {
		return []string{"-L", filepath.Join(usr, "share", "qemu"), "-L", filepath.Join(usr, "share", "seabios")}
	})
}

// qemuImage is how its tool for disks is called.
func qemuImage(ctx context.Context, log Logf) ([]string, error) {
	return emulator(ctx, log, "qemu-img", func(string) []string { return nil })
}

// emulator is how a program of QEMU's is called, with arguments that depend on where its /usr is: that of Debian 13 (10.0), whatever this machine has, from the cache.
// The one of Debian 12 (7.2) translates a shared library anew for each program, so that emulated machines take a third to a half longer to boot. The packages are unpacked, not
// installed, and programs are started by their own libraries' loader.
func emulator(ctx context.Context, log Logf, program string, arguments func(usr string) []string) ([]string, error) {
	dir, err := cached(ctx, "qemu", append([]string{Debian13.Suite, Debian13.mirror}, qemuPackages...), func(ctx context.Context, dir string) error {
		log.printf("getting QEMU of %s (once: about 15 s)", Debian13.Name)
		_, err := command(ctx, "mmdebstrap", "--quiet", "--mode=root", "--variant=extract", "--include="+strings.Join(qemuPackages, ","), Debian13.Suite, filepath.Join(dir, "root"), Debian13.mirror)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("QEMU: %w", err)
	}
	usr := filepath.Join(dir, "root", "usr")
	libraries := filepath.Join(usr, "lib", "x86_64-linux-gnu")
	loader := []string{"env", "QEMU_MODULE_DIR=" + filepath.Join(libraries, "qemu"), filepath.Join(usr, "lib64", "ld-linux-x86-64.so.2"), "--library-path", libraries}
	return slices.Concat(loader, []string{filepath.Join(usr, "bin", program)}, arguments(usr)), nil
}
