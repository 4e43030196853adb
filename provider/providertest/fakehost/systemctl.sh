#!/bin/sh
# systemctl for any units. The state of one is in /etc/fake/systemd/NAME: enabled, active, started, restarts, and stamp, which is of the unit
# files that were last read. A unit is known by its file in /etc/systemd/system or in /etc/fake/vendor. One with a file "fails" in its
# state does not start, and one with a file "dies" is failed a moment after its start. /etc/fake/log, where there is one, gets what was asked.
set -eu
if [ "$1" = --version ]; then
	echo 'systemd 252 (252.39-1~deb12u1)'
	exit
fi
action='' value=no now=no properties='' units=''
while [ $# -gt 0 ]; do
	case $1 in
	--value) value=yes ;;
	--now) now=yes ;;
	-p)
		properties="$properties $2"
		shift
		;;
	-*) ;;
	*) if [ -z "$action" ]; then action=$1; else units="$units $1"; fi ;;
	esac
	shift
done
case $action in show | is-enabled | is-active) ;; *) [ ! -e /etc/fake/log ] || echo "$action$units" >>/etc/fake/log ;; esac

files() { # UNIT: its file and its drop-ins
	if [ -e "/etc/systemd/system/$1" ]; then echo "/etc/systemd/system/$1"; elif [ -e "/etc/fake/vendor/$1" ]; then echo "/etc/fake/vendor/$1"; fi
	ls "/etc/systemd/system/$1.d/"*.conf 2>/dev/null || :
}

stamp() { files "$1" | xargs -r stat -c '%n %z'; }

if [ "$action" = daemon-reload ]; then
	for state in /etc/fake/systemd/*; do
		[ ! -d "$state" ] || stamp "${state##*/}" >"$state/stamp"
	done
	exit
fi

unit=${units# }
state=/etc/fake/systemd/$unit link=/etc/systemd/system/$unit
masked=no known=yes
[ "$(readlink "$link" || :)" != /dev/null ] || masked=yes
[ -e "$link" ] || [ -e "/etc/fake/vendor/$unit" ] || [ -e "$state/started" ] || known=no
get() { cat "$state/$1" 2>/dev/null || echo "$2"; }
enabled=$(get enabled disabled) active=$(get active inactive)
[ $masked = no ] || enabled=masked
[ $known = yes ] || enabled=

if [ "$action" = show ]; then
	load=loaded reload=no
	[ $masked = no ] || load=masked
	[ $known = yes ] || load=not-found
	[ ! -e "$state/stamp" ] || [ "$(cat "$state/stamp")" = "$(stamp "$unit")" ] || reload=yes
	sub=dead
	[ "$active" != active ] || sub=running
	fragment=$(files "$unit" | grep -v '\.conf$' || :)
	dropins=$(files "$unit" | grep '\.conf$' || :)
	for line in "LoadState=$load" "ActiveState=$active" "SubState=$sub" "UnitFileState=$enabled" "NeedDaemonReload=$reload" "FragmentPath=$fragment" \
		"DropInPaths=$(echo $dropins)" "ExecMainStartTimestamp=$(get started '')" "ExecMainStartTimestampMonotonic=$(get started '')" "Result=success" \
		"NRestarts=$(get restarts 0)" MainPID=1 "Description=$unit of a test" "StatusText=$(get fails '')"; do
		case $value:"$properties " in
		yes:*" ${line%%=*} "*) echo "${line#*=}" ;;
		yes:*) ;;
		*) echo "$line" ;;
		esac
	done
	exit
fi
if [ "$action" = is-active ]; then
	[ "$active" = active ] || exit 3
	exit
fi
if [ "$action" = is-enabled ]; then
	if [ $known = yes ]; then echo "$enabled"; else echo disabled; fi
	exit
fi

[ $known = yes ] || {
	[ "$action" != reset-failed ] || exit 0
	echo "Unit $unit not found." >&2
	exit 5
}
mkdir -p "$state"
case $action in
enable | disable) echo "${action}d" >"$state/enabled" ;;
mask)
	[ ! -f "$link" ] || {
		echo "Failed to mask unit: File $link already exists." >&2
		exit 1
	}
	ln -sf /dev/null "$link"
	;;
unmask) [ $masked = no ] || rm "$link" ;;
reload) [ "$active" = active ] ;;
start | restart | try-restart)
	[ $masked = no ] || {
		echo "Unit $unit is masked." >&2
		exit 1
	}
	case $action:$active in start:active | try-restart:inactive | try-restart:failed) exit ;; esac
	[ -e "$state/stamp" ] || stamp "$unit" >"$state/stamp"
	date -u '+%a %Y-%m-%d %H:%M:%S.%6N UTC' >"$state/started"
	if [ -e "$state/fails" ]; then
		echo failed >"$state/active"
		echo "Job for $unit failed because the control process exited with error code." >&2
		exit 1
	fi
	echo active >"$state/active"
	if [ -e "$state/dies" ]; then
		(sleep 0.5 && echo failed >"$state/active") >/dev/null 2>&1 &
	fi
	;;
stop)
	echo inactive >"$state/active"
	rm -f "$state/started"
	;;
reset-failed) [ "$active" != failed ] || echo inactive >"$state/active" ;;
esac
case $action:$now in mask:yes | disable:yes)
	echo inactive >"$state/active"
	rm -f "$state/started"
	;;
esac
case $action in enable | disable | mask | unmask) stamp "$unit" >"$state/stamp" ;; esac # systemd reads its files again then
