#!/bin/sh
# systemctl for units whose state is in /etc/fake/units; one with a file in /etc/systemd/system is known, too. It starts nothing.
set -eu
action= value=no now=no units=
for argument in "$@"; do
	case $argument in
	--value) value=yes ;;
	--now) now=yes ;;
	show | is-enabled | is-active | enable | disable | start | stop | restart | reset-failed | daemon-reload | clean | mask | unmask)
		if [ -z "$action" ]; then action=$argument; else units="$units $argument"; fi
		;;
	*.service | *.target | *.socket) units="$units $argument" ;;
	esac
done
[ -e /etc/fake/log ] && echo "$action$units" >>/etc/fake/log

for unit in $units; do
	state=/etc/fake/units/$unit file=/etc/systemd/system/$unit
	known=yes masked=no
	[ -d "$state" ] || [ -e "$file" ] || known=no
	[ "$(readlink "$file" || :)" != /dev/null ] || masked=yes
	enabled=$(cat "$state/enabled" 2>/dev/null || echo disabled)
	active=$(cat "$state/active" 2>/dev/null || echo inactive)
	case $action in
	show)
		load=loaded
		[ $known = yes ] || load=not-found
		[ $masked = no ] || load=masked
		if [ $value = yes ]; then
			echo $load
			continue
		fi
		printf '%s\n' "LoadState=$load" "ActiveState=$active" "UnitFileState=$enabled" NeedDaemonReload=no "FragmentPath=$(ls "$file" 2>/dev/null || :)" \
			DropInPaths= "ExecMainStartTimestamp=$(cat "$state/started" 2>/dev/null || :)"
		;;
	is-active) [ "$active" = active ] || exit 3 ;;
	is-enabled)
		[ $known = yes ] || exit 1
		if [ $masked = yes ]; then echo masked; else echo "$enabled"; fi
		;;
	mask)
		ln -sf /dev/null "$file"
		[ $now = no ] || echo inactive >"$state/active"
		;;
	unmask) [ $masked = no ] || rm "$file" ;;
	daemon-reload | reset-failed | clean) ;;
	*)
		[ $known = yes ] || {
			echo "Unit $unit not found." >&2
			exit 5
		}
		mkdir -p "$state"
		case $action in
		enable) echo enabled >"$state/enabled" ;;
		disable)
			echo disabled >"$state/enabled"
			[ $now = no ] || echo inactive >"$state/active"
			;;
		start | restart)
			date -u '+%a %Y-%m-%d %H:%M:%S.%6N UTC' >"$state/started"
			echo active >"$state/active"
			;;
		stop)
			echo inactive >"$state/active"
			rm -f "$state/started"
			;;
		esac
		;;
	esac
done
