#!/bin/sh
# Finish the system in "$1": the collector is in it as /flowcollector.deb, and the files of the appliance are in place.
set -eu
root=$1
chroot "$root" dpkg --install /flowcollector.deb
rm "$root/flowcollector.deb"
chroot "$root" systemctl --quiet enable systemd-networkd systemd-network-generator nftables appliance-sizes appliance-console.timer appliance-erase appliance-keys
# Where the data partition is bound to. Private directories of services with dynamic users are root's.
install -d -m 0700 "$root/var/lib/private"
install -d -m 0755 "$root/var/lib/private/flowcollector" "$root/var/lib/elasticsearch" "$root/boot/efi" "$root/usr/share/flowstack"
ln -sfn ../run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"
# No sshd by way of the hypervisor: where it has no such sockets, that is an error on the console. No partitions beside those of fstab, no image of a memory.
install -d "$root/etc/systemd/system-generators"
for generator in ssh gpt-auto hibernate-resume tpm2; do
	ln -sfn /dev/null "$root/etc/systemd/system-generators/systemd-$generator-generator"
done
# What nothing here uses, and a boot would take time for.
chroot "$root" systemctl --quiet mask sys-fs-fuse-connections.mount sys-kernel-config.mount proc-sys-fs-binfmt_misc.automount systemd-binfmt.service e2scrub_reap.service \
	modprobe@configfs.service modprobe@dm_mod.service modprobe@drm.service modprobe@efi_pstore.service modprobe@fuse.service
ln -sfn ../run/appliance-issue "$root/etc/issue"
# What mmdebstrap was told is for the build alone: packages of a snapshot are past their time, those of a mirror are not.
rm -f "$root/etc/apt/sources.list" "$root/etc/apt/apt.conf.d/99mmdebstrap"
chroot "$root" dpkg-query --show --showformat '${Package}\n' | LC_ALL=C sort -u >"$root/usr/share/flowstack/packages.txt"
# All that is made of /usr in /etc and /var was made when packages were installed: no machine has to do it again on its first boot (systemd-update-done(8)).
for done in etc/.updated var/.updated; do
	echo "TIMESTAMP_NSEC=${SOURCE_DATE_EPOCH}000000000" >"$root/$done"
done
# What is to be different on each machine, and what differs from build to build.
: >"$root/etc/machine-id"
rm -f "$root"/etc/ssh/ssh_host_* "$root/var/lib/systemd/random-seed" "$root/var/lib/systemd/credential.secret" "$root/var/lib/dbus/machine-id"
rm -f "$root"/etc/*- "$root/var/cache/ldconfig/aux-cache"
rm -rf "$root"/var/cache/debconf/*-old "$root"/var/lib/dpkg/*-old "$root"/tmp/* "$root"/var/lib/apt/lists/*
find "$root/var/log" -type f -delete
[ ! -e "$root/usr/share/flowstack/packages.sources" ] || mv "$root/usr/share/flowstack/packages.sources" "$root/etc/apt/sources.list.d/flowstack.sources"
# What a factory reset (appliance-settings) leaves of /etc, and what it puts back: settings of the collector, which units run, the files of the appliance but
# those of the disk, which a container has none of.
(cd "$root/etc" && find . -mindepth 1 -printf '%P\n' | LC_ALL=C sort) >"$root/usr/share/flowstack/etc.txt"
tar -tf "$(dirname "$0")/overlay.tar" | grep -e '^etc/.*[^/]$' | grep -v -e '^etc/fstab$' -e '^etc/repart\.d/' -e '^etc/systemd/system/' |
	tar -C "$root" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --numeric-owner -cf "$root/usr/share/flowstack/settings.tar" -T - etc/flowcollector etc/systemd/system
