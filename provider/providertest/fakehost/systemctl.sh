#!/bin/sh
# One unit, whose state is in /etc/fake/unit while its package is installed.
set -eu
if [ "$1" = --version ]; then
	echo 'systemd 252 (252.39-1~deb12u1)'
	exit
fi
action= value=no
for argument in "$@"; do
	case $argument in
	--value) value=yes ;;
	show | is-enabled | enable | disable | start | stop | restart | reset-failed | daemon-reload | clean | unmask)
		[ -n "$action" ] || action=$argument
		;;
	esac
done
state=/etc/fake/unit
if [ ! -d $state ]; then
	case $action:$value in
	show:yes) echo not-found ;;
	show:no) printf 'LoadState=not-found\nActiveState=inactive\nUnitFileState=\nNeedDaemonReload=no\n' ;;
	daemon-reload:* | reset-failed:*) ;;
	*)
		echo 'Unit flowcollector.service not found.' >&2
		exit 5
		;;
	esac
	exit
fi
begin() {
	if [ -e /etc/fake/refuse ]; then
		echo failed >$state/active
		cat /etc/fake/refuse >&2
		exit 1
	fi
	date -u '+%a %Y-%m-%d %H:%M:%S.%6N UTC' >$state/started
	echo active >$state/active
}
case $action in
show)
	if [ $value = yes ]; then
		echo loaded
		exit
	fi
	cat <<-END
		LoadState=loaded
		ActiveState=$(cat $state/active)
		UnitFileState=$(cat $state/enabled)
		NeedDaemonReload=no
		DropInPaths=
		ExecMainStartTimestamp=$(cat $state/started 2>/dev/null || :)
		ExecStart={ path=/usr/bin/flowcollector ; argv[]=/usr/bin/flowcollector run ; }
	END
	;;
is-enabled) cat $state/enabled ;;
enable) echo enabled >$state/enabled ;;
disable) echo disabled >$state/enabled ;;
start | restart) begin ;;
stop)
	echo inactive >$state/active
	rm -f $state/started
	;;
esac
