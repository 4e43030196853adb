#!/bin/sh
# Installs and purges, as far as a test can see: the collector's package, whose .deb is a text, its version; and packages of repositories, whose
# versions are in /etc/fake/available/NAME, the highest first. A package that is installed is /etc/fake/packages/NAME: WANT VERSION;
# one whose configuration files alone are left, deinstall VERSION.
set -eu
action= simulate=no deb= sources= downgrade=no last=
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
			case $candidate in ${version:-*}) found=$candidate && break ;; esac
		done <"/etc/fake/available/$name"
		[ -n "$found" ] || refuse "Version '$version' for '$name' was not found"
		held
		if [ -e "/etc/fake/packages/$name" ] && [ $downgrade = no ]; then
			read -r want old <"/etc/fake/packages/$name"
			[ "$want" = deinstall ] || [ ! "$old" \> "$found" ] || refuse 'Packages were downgraded and -y was used without --allow-downgrades.'
		fi
		mkdir -p /etc/fake/packages
		echo "install $found" >"/etc/fake/packages/$name"
		exit
	fi
	cp "$deb" /etc/fake/package
	mkdir -p /etc/flowcollector /etc/fake/unit
	[ -e /etc/flowcollector/flowcollector.yml ] || echo '# as packaged' >/etc/flowcollector/flowcollector.yml
	[ -e /etc/fake/unit/enabled ] || echo disabled >/etc/fake/unit/enabled
	[ -e /etc/fake/unit/active ] || echo inactive >/etc/fake/unit/active
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
		rmdir /etc/fake/packages 2>/dev/null || :
		exit
	fi
	rm -rf /etc/fake/package /etc/fake/unit /etc/flowcollector/flowcollector.yml
	rmdir /etc/flowcollector 2>/dev/null || :
	;;
esac
