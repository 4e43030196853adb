package acctest

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
)

// qemuPackages are what QEMU for amd64 consists of, without what other machines need.
var qemuPackages = []string{"qemu-system-x86", "seabios"}

// qemuAMD64 is how QEMU for amd64 is called: that of Debian 13 (10.0), whatever this machine has, from the cache. The one of Debian 12 (7.2) translates a shared library
// anew for each program, so that emulated machines take half as long again to boot. Its packages are unpacked, not installed, and it is started by its own libraries' loader.
func qemuAMD64(ctx context.Context, log Logf) ([]string, error) {
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
	return []string{
		"env", "QEMU_MODULE_DIR=" + filepath.Join(libraries, "qemu"), filepath.Join(usr, "lib64", "ld-linux-x86-64.so.2"), "--library-path", libraries, filepath.Join(usr, "bin", "qemu-system-x86_64"),
		"-L", filepath.Join(usr, "share", "qemu"), "-L", filepath.Join(usr, "share", "seabios"), "-cpu", "max",
	}, nil
}
