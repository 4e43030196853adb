#!/bin/sh
# Installs and purges, as far as a test can see: the collector's package, whose .deb is a text, its version; and packages of repositories, whose
# versions are in /etc/fake/available/NAME, the highest first. A package that is installed is /etc/fake/packages/NAME: WANT VERSION;
# one whose configuration files alone are left, deinstall VERSION. /etc/fake/content/NAME has what a package brings: files that there are stay when it is
# installed, and all go when it is purged.
set -eu
action='' simulate=no deb='' sources='' downgrade=no last=''
for argument in "$@"; do
	case $argument in
	-s) simulate=yes ;;
	install | purge | remove | update | autoremove) [ -n "$action" ] || action=$argument ;;
	*.deb) deb=$argument ;;
	--allow-downgrades) downgrade=yes ;;
	Dir::Etc::sourcelist=*) sources=${argument#*=} ;;
	esac
	last=$argument
done
name=${last%%=*}
refuse() {
	echo "E: $1"
	exit 100
}
held() {
	case $(cat "/etc/fake/packages/$name" 2>/dev/null) in
	'hold '*) refuse 'Held packages were changed and -y was used without --allow-change-held-packages.' ;;
	esac
}
case $action in
update)
	[ ! -e /etc/fake/refuse-update ] || { cat /etc/fake/refuse-update && exit 100; }
	for uri in $(sed -n 's/^URIs: //p' "$sources"); do
		uri=${uri%/} uri=${uri#*:} uri=${uri#//}
		for suite in $(sed -n 's/^Suites: //p' "$sources"); do
			case $suite in */) ;; *) suite=dists/$suite/ ;; esac
			: >"/var/lib/apt/lists/$(printf %s "$uri/${suite}Release" | tr / _)"
		done
	done
	;;
install)
	if [ -z "$deb" ]; then
		version=
		[ "$name" = "$last" ] || version=${last#*=}
		[ -e "/etc/fake/available/$name" ] || refuse "Unable to locate package $name"
		found=
		while read -r candidate; do
			# shellcheck disable=SC2254 # a version may be a pattern
			case $candidate in ${version:-*}) found=$candidate && break ;; esac
		done <"/etc/fake/available/$name"
		[ -n "$found" ] || refuse "Version '$version' for '$name' was not found"
		held
		if [ -e "/etc/fake/packages/$name" ] && [ $downgrade = no ]; then
			read -r want old <"/etc/fake/packages/$name"
			# shellcheck disable=SC3012 # dash has it
			[ "$want" = deinstall ] || [ ! "$old" \> "$found" ] || refuse 'Packages were downgraded and -y was used without --allow-downgrades.'
		fi
		mkdir -p /etc/fake/packages
		echo "install $found" >"/etc/fake/packages/$name"
		[ ! -d "/etc/fake/content/$name" ] || cp -a --update=none "/etc/fake/content/$name/." / 2>/dev/null || cp -an "/etc/fake/content/$name/." /
		exit
	fi
	cp "$deb" /etc/fake/package
	mkdir -p /etc/flowcollector
	[ -e /etc/flowcollector/flowcollector.yml ] || echo '# as packaged' >/etc/flowcollector/flowcollector.yml
	printf '[Service]\nExecStart=/usr/bin/flowcollector run\n' >/etc/fake/vendor/flowcollector.service
	;;
purge | remove)
	if [ $simulate = yes ]; then
		echo "Purg $name [1]"
		exit
	fi
	held
	if [ $action = remove ]; then
		read -r _ version <"/etc/fake/packages/$name"
		echo "deinstall $version" >"/etc/fake/packages/$name"
		exit
	fi
	if [ "$name" != flowcollector ]; then
		rm -f "/etc/fake/packages/$name"
		if cd "/etc/fake/content/$name" 2>/dev/null; then
			find . -type f | while read -r file; do rm -f "/$file"; done
			find . -depth -mindepth 1 -type d | while read -r folder; do rmdir "/$folder" 2>/dev/null || :; done
			cd /
		fi
		rmdir /etc/fake/packages 2>/dev/null || :
		exit
	fi
	rm -rf /etc/fake/package /etc/fake/vendor/flowcollector.service /etc/fake/systemd/flowcollector.service /etc/flowcollector/flowcollector.yml
	rmdir /etc/flowcollector 2>/dev/null || :
	;;
esac
