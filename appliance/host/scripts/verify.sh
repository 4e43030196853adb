# FILE UNIT DROP-IN – asks systemd-analyze about a unit file, or about a drop-in of a unit, under the name it will have.
set -u
export LC_ALL=C
file=$1 unit=$2 dropin=$3
command -v systemd-analyze >/dev/null 2>&1 || exit 0

# Not /tmp: that may be full or read-only, and others may write to it.
work=$(mktemp -d -- /run/flowstack-verify.XXXXXXXXXX) || exit
trap 'rm -rf -- "$work"' EXIT
trap 'exit 129' HUP INT PIPE TERM
mkdir "$work/old" "$work/new" || exit

say() { # FOLDER: what systemd says of the unit in it, without the folder's name
	(cd "$work/$1" && SYSTEMD_LOG_LEVEL=warning SYSTEMD_LOG_COLOR=0 systemd-analyze verify --man=no "$work/$1/$unit" 2>&1) |
		sed "s|$work/$1/||g" | grep -e "^$unit" -e "^\./$unit"
}

if [ -n "$dropin" ]; then
	path=$(systemctl show -p FragmentPath --value -- "$unit" 2>/dev/null)
	[ -f "$path" ] || exit 0
	for folder in old new; do cp -- "$path" "$work/$folder/$unit" || exit; done
	mkdir "$work/new/$unit.d" && cp -- "$file" "$work/new/$unit.d/$dropin" || exit
	say old >"$work/before"
else
	: >"$work/before"
	cp -- "$file" "$work/new/$unit" || exit
fi
if say new | grep -v -x -F -f "$work/before" >&2; then exit 1; fi
exit 0
