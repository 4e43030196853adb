#!/bin/sh
# apt-mark showmanual: what is installed and has no line in /etc/fake/automatic.
[ "$*" = showmanual ] || exit 100
for file in /etc/fake/packages/*; do
	[ -e "$file" ] && ! grep -q '^deinstall' "$file" || continue
	grep -qsx "${file##*/}" /etc/fake/automatic || echo "${file##*/}"
done
