# UNIT STABLE PORT WITHIN STEP… – systemctl steps in this order; when one fails, also what the unit said. A unit that was started
# has to run STABLE seconds without another start, and something to listen on TCP port PORT (0: none) within WITHIN seconds.
set -u
export LC_ALL=C SYSTEMD_PAGER= SYSTEMD_COLORS=0
unit=$1 stable=$2 port=$3 within=$4
shift 4

diagnose() {
	systemctl show -p ActiveState -p SubState -p Result -p ExecMainStatus -p StatusText -p NRestarts -- "$unit" 2>&1
	echo 'journal:'
	journalctl -u "$unit" -n 20 --no-pager -o cat 2>&1
} >&2

unwell() { # WHY
	echo "$1" >&2
	diagnose
	exit 1
}

known() {
	[ "$(systemctl show -p LoadState --value -- "$unit")" != not-found ]
}

# What changes when a unit fails or is started again. The sub-state of others than services also changes when all is well: a timer
# elapses, a socket gets a connection.
pulse() {
	case $unit in
	*.service) systemctl show -p ActiveState -p SubState -p NRestarts -p ExecMainStartTimestampMonotonic -- "$unit" ;;
	*) systemctl show -p ActiveState -- "$unit" ;;
	esac
}

listens() {
	grep -qi "^ *[0-9]*: [0-9A-F]*:$(printf %04X "$port") [0-9A-F]*:0000 0A " /proc/net/tcp /proc/net/tcp6 2>/dev/null
}

await() {
	first=$(pulse)
	case $first in *ActiveState=failed*) unwell "$unit did not keep running after its start" ;; esac
	left=$within
	while [ "$port" != 0 ] && ! listens; do
		[ "$(pulse)" = "$first" ] || unwell "$unit did not keep running until something listened on TCP port $port"
		[ "$left" -gt 0 ] || unwell "$unit runs, but nothing listens on TCP port $port after $within s"
		sleep 1
		left=$((left - 1))
	done
	left=$stable
	while [ "$left" -gt 0 ]; do
		sleep 1
		left=$((left - 1))
		[ "$(pulse)" = "$first" ] || unwell "$unit did not keep running for $stable s after its start"
	done
}

for step in "$@"; do
	case $step in
	daemon-reload) systemctl daemon-reload || exit ;;
	diagnose)
		diagnose
		exit 1
		;;
	await) await ;;
	reset-failed) systemctl reset-failed -- "$unit" 2>/dev/null || : ;;
	start | restart | reload | try-restart)
		systemctl "$step" -- "$unit" || {
			code=$?
			diagnose
			exit "$code"
		}
		case $step in start | restart) await ;; esac
		;;
	stop | disable | disable-runtime | clean)
		if known; then
			case $step in clean) set -- --what=all ;; *-runtime) set -- --runtime ;; *) set -- ;; esac
			systemctl "${step%-runtime}" "$@" -- "$unit" || exit
		fi
		;;
	*-runtime) systemctl "${step%-runtime}" --runtime -- "$unit" || exit ;;
	*) systemctl "$step" -- "$unit" || exit ;;
	esac
done
