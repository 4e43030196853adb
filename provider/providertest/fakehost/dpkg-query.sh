#!/bin/sh
for name in "$@"; do :; done
if [ "$name" = flowcollector ] && [ -e /etc/fake/package ]; then
	want=install version=$(cat /etc/fake/package)
elif [ -e "/etc/fake/packages/$name" ]; then
	read -r want version <"/etc/fake/packages/$name"
else
	echo "dpkg-query: no packages found matching $name" >&2
	exit 1
fi
status=installed
[ "$want" != deinstall ] || status=config-files
case $3 in
'${db:Status-Status}\n') echo "$status" ;;
'${db:Status-Want}\n') echo "$want" ;;
'${Version}') echo "$version" ;;
*) echo "$status $want $version" ;;
esac
