# load FILE – loads a file of nftables.
# delete FAMILY TABLE – deletes a table; one that is not there is as wanted.
set -u
export LC_ALL=C
action=$1
shift

case $action in
load)
	nft -f "$1"
	;;
delete)
	command -v nft >/dev/null || exit 0 # nothing can have made a table, or it went with a reboot
	! nft list table "$1" "$2" >/dev/null 2>&1 || nft delete table "$1" "$2"
	;;
esac
