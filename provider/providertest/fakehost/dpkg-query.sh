#!/bin/sh
if [ $# -eq 3 ] && [ "$3" = '${db:Status-Status} ${db:Status-Want} ${Package} ${Version}\n' ]; then
	for file in /etc/fake/packages/*; do
		[ -e "$file" ] || continue
		read -r want version <"$file"
		status=installed
		[ "$want" != deinstall ] || status=config-files
		echo "$status $want ${file##*/} $version"
	done
	exit
fi
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
