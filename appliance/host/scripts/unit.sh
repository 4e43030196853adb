# UNIT STEP… – systemctl steps in this order; when one fails, also what the unit said.
set -u
export LC_ALL=C SYSTEMD_PAGER= SYSTEMD_COLORS=0
unit=$1
shift

diagnose() {
	systemctl show -p ActiveState -p SubState -p Result -p ExecMainStatus -p StatusText -- "$unit" 2>&1
	echo 'journal:'
	journalctl -u "$unit" -n 20 --no-pager -o cat 2>&1
} >&2

known() {
	[ "$(systemctl show -p LoadState --value -- "$unit")" != not-found ]
}

for step in "$@"; do
	case $step in
	daemon-reload) systemctl daemon-reload || exit ;;
	diagnose)
		diagnose
		exit 1
		;;
	reset-failed) systemctl reset-failed -- "$unit" 2>/dev/null || : ;;
	start | restart)
		systemctl "$step" -- "$unit" || {
			code=$?
			diagnose
			exit "$code"
		}
		;;
	stop | disable | clean)
		if known; then
			if [ "$step" = clean ]; then set -- --what=all; else set --; fi
			systemctl "$step" "$@" -- "$unit" || exit
		fi
		;;
	*) systemctl "$step" -- "$unit" || exit ;;
	esac
done
