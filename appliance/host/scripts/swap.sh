# off [UNIT…] – nothing swaps, now and after a boot, and these services stay away. The lines of /etc/fstab are gone already.
# on – what the host is configured to swap to.
# restore masked|unmasked [area PATH PRIORITY | all = = | unit NAME stay|start|enable|enable-only|auto]… – what was there before: each area, or all that
#   the host is configured for; a service is started, enabled before, or as its enablement says.
set -u
export LC_ALL=C SYSTEMD_PAGER= SYSTEMD_COLORS=0
action=$1
shift

case $action in
off)
	for unit in "$@"; do
		# A mask leaves the enablement as it is. Where the unit's file is in its place, it is to be disabled.
		systemctl mask --now -- "$unit" 2>/dev/null || systemctl disable --now -- "$unit" || exit
	done
	systemctl mask -- swap.target && swapoff -a
	;;
on)
	swapon -a
	;;
restore)
	if [ "$1" = unmasked ]; then
		systemctl unmask -- swap.target || exit
	fi
	shift
	while [ $# -ge 3 ]; do
		case $1:$3 in
		unit:*)
			systemctl unmask -- "$2" || exit
			case $3 in enable*) systemctl enable -- "$2" || exit ;; esac
			case $3:$(systemctl is-enabled -- "$2" 2>/dev/null) in
			auto:enabled* | start:* | enable:*) systemctl start -- "$2" || exit ;;
			esac
			;;
		all:*) swapon -a -e || exit ;;
		# The kernel chose a negative one itself, and does so again.
		area:-*) [ ! -e "$2" ] || swapon -- "$2" || exit ;;
		area:*) [ ! -e "$2" ] || swapon -p "$3" -- "$2" || exit ;;
		esac
		shift 3
	done
	;;
esac
