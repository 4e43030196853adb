#!/bin/sh
# The login shell of a fake host, run as: login -c COMMAND
exec unshare --mount --propagation private /bin/sh -c '
	root=$FAKE_ROOT
	mount --bind "$root/etc" /etc &&
		mount --bind "$root/proc-sys" /proc/sys &&
		mount --bind "$root/proc-swaps" /proc/swaps &&
		mount --bind "$root/sbin" /usr/local/sbin &&
		mount --bind "$root/cache" /var/cache/apt &&
		mount --bind "$root/var/lib" /var/lib &&
		mount -t overlay overlay -o "lowerdir=$root/bin:/usr/bin" /usr/bin || exit 126
	if [ -d "$root/share" ]; then mount -t overlay overlay -o "lowerdir=$root/share:/usr/share" /usr/share || exit 126; fi
	if [ -d "$root/var/log" ]; then mount --bind "$root/var/log" /var/log || exit 126; fi
	exec /bin/sh -c "$1"' login "$2"
