#!/bin/sh
for name in "$@"; do :; done
if [ "$name" = flowcollector ] && [ -e /etc/fake/package ]; then
	echo "installed $(cat /etc/fake/package)"
	exit
fi
echo "dpkg-query: no packages found matching $name" >&2
exit 1
