package acctest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// OperatorPassword is the password of the user "operator", for SSH and for sudo.
const OperatorPassword = "operator-password"

// What a small installation has. A virtual machine needs a kernel and a network besides.
var (
	smallPackages = []string{
		"systemd", "systemd-sysv", "dbus", "openssh-server", "sudo", "iproute2", "ca-certificates", "procps", "kmod", "passwd", "nftables",
	}
	vmPackages = append([]string{"linux-image-cloud-amd64", "udev"}, smallPackages...)
)

// customize makes three users (root; admin, sudo without; operator, sudo with a password) and an empty authorized_keys for each, and
// removes what must differ from host to host. Nothing wakes up by itself: apt's timers would hold its lock at odd moments.
const customize = `set -eu
root=$1
chroot "$root" useradd -m -s /bin/bash -U admin
chroot "$root" useradd -m -s /bin/bash -g operator operator
echo 'operator:` + OperatorPassword + `' | chroot "$root" chpasswd
printf 'admin ALL=(ALL:ALL) NOPASSWD: ALL\noperator ALL=(ALL:ALL) ALL\n' > "$root/etc/sudoers.d/users"
chmod 0440 "$root/etc/sudoers.d/users"
for home in root home/admin home/operator; do
	install -d -m 0700 "$root/$home/.ssh"
	install -m 0600 /dev/null "$root/$home/.ssh/authorized_keys"
	chown -R --reference="$root/$home" "$root/$home/.ssh"
done
for timer in apt-daily apt-daily-upgrade dpkg-db-backup; do
	[ ! -e "$root/usr/lib/systemd/system/$timer.timer" ] || chroot "$root" systemctl disable "$timer.timer"
done
rm -f "$root"/etc/ssh/ssh_host_* "$root/etc/machine-id" "$root/etc/hostname" "$root/etc/resolv.conf"
`

// containerRoot returns the directory of an installed system, shared by all container hosts of a distribution as the lower layer of their overlays.
func containerRoot(ctx context.Context, log Logf, d Distribution) (string, error) {
	packages := slices.Concat(d.packages, smallPackages)
	dir, err := cached(ctx, "container", append([]string{d.Suite, customize}, packages...), func(ctx context.Context, dir string) error {
		return bootstrap(ctx, log, dir, d, packages)
	})
	return filepath.Join(dir, "root"), err
}

// bootstrap installs a system into dir/root.
func bootstrap(ctx context.Context, log Logf, dir string, d Distribution, packages []string) error {
	if runtime.GOARCH != "amd64" {
		return fmt.Errorf("hosts for tests are made on amd64 only, this is %s", runtime.GOARCH)
	}
	log.printf("installing %s for hosts into the cache (once, about half a minute)", d.Name)
	hook := filepath.Join(dir, "customize")
	if err := os.WriteFile(hook, []byte(customize), 0o600); err != nil {
		return fmt.Errorf("bootstrap: %w", err)
	}
	which, err := d.arguments(ctx, filepath.Join(dir, "root"))
	if err != nil {
		return err
	}
	options := []string{
		"--mode=root", "--variant=minbase", "--format=directory", "--include=" + strings.Join(packages, ","), "--customize-hook=sh " + hook + ` "$1"`,
	}
	if _, err := command(ctx, "mmdebstrap", append(options, which...)...); err != nil {
		return err
	}
	return os.Remove(hook)
}

// identity is what makes one host differ from another of the same installation.
type identity struct {
	name       string
	hostKey    keyPair
	authorized string // the one key that may log in, for every user
	neighbours string // lines of /etc/hosts that name hosts of a network, this one among them
}

// writeTo puts the identity into an installed system.
func (id identity) writeTo(root string) error {
	machineID, err := randomHex(16)
	if err != nil {
		return err
	}
	// Without its own name here every sudo complains that it cannot resolve it.
	names := id.neighbours
	if names == "" {
		names = "127.0.1.1 " + id.name + "\n"
	}
	files := []struct {
		path    string
		content string
		mode    os.FileMode
	}{
		{"etc/hostname", id.name + "\n", 0o644},
		{"etc/hosts", "127.0.0.1 localhost\n" + names + "::1 localhost ip6-localhost ip6-loopback\n", 0o644},
		{"etc/machine-id", machineID + "\n", 0o444},
		{"etc/ssh/ssh_host_ed25519_key", string(id.hostKey.private), 0o600},
		{"etc/ssh/ssh_host_ed25519_key.pub", id.hostKey.public + "\n", 0o644},
		// These exist, with owner and mode; only their content is new.
		{"root/.ssh/authorized_keys", id.authorized + "\n", 0o600},
		{"home/admin/.ssh/authorized_keys", id.authorized + "\n", 0o600},
		{"home/operator/.ssh/authorized_keys", id.authorized + "\n", 0o600},
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(root, f.path), []byte(f.content), f.mode); err != nil {
			return fmt.Errorf("host %s: %w", id.name, err)
		}
	}
	return nil
}
