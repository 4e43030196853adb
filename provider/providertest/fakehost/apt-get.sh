#!/bin/sh
# Installs and purges the collector's package, as far as a test can see. The .deb of a test is a text: its version.
set -eu
action= simulate=no deb=
for argument in "$@"; do
	case $argument in
	-s) simulate=yes ;;
	install | purge) action=$argument ;;
	*.deb) deb=$argument ;;
	esac
done
case $action in
install)
	cp "$deb" /etc/fake/package
	mkdir -p /etc/flowcollector /etc/fake/unit
	[ -e /etc/flowcollector/flowcollector.yml ] || echo '# as packaged' >/etc/flowcollector/flowcollector.yml
	[ -e /etc/fake/unit/enabled ] || echo disabled >/etc/fake/unit/enabled
	[ -e /etc/fake/unit/active ] || echo inactive >/etc/fake/unit/active
	;;
purge)
	if [ $simulate = yes ]; then
		echo 'Purg flowcollector [1]'
		exit
	fi
	rm -rf /etc/fake/package /etc/fake/unit /etc/flowcollector/flowcollector.yml
	rmdir /etc/flowcollector 2>/dev/null || :
	;;
esac
