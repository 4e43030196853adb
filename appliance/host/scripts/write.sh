# PATH LEFTOVERS MODE OWNER:GROUP SIZE SHA256 WITHHOLD [VALIDATOR ARGUMENT…] – replaces a file by stdin, whole or not at all.
set -u
export LC_ALL=C
path=$1 left=$2 mode=$3 owner=$4 size=$5 sum=$6 withhold=$7
shift 7
umask 077

fail() {
	echo "$1" >&2
	exit 1
}

[ ! -L "$path" ] || fail "$path is a symbolic link, which is not replaced"
[ ! -e "$path" ] || [ -f "$path" ] || fail "$path is not a regular file"

tmp=
trap '[ -z "$tmp" ] || rm -f -- "$tmp"' EXIT
trap 'exit 129' HUP INT PIPE TERM
rm -f -- "$left"*
tmp=$(mktemp -- "${left}XXXXXXXXXX") || exit
chown -- "$owner" "$tmp" && chmod -- "$mode" "$tmp" || exit
cat >"$tmp" || exit

# A link that was cut looks like the end of the content.
got=$(stat -c %s -- "$tmp") || exit
[ "$got" = "$size" ] || fail "only $got of $size bytes arrived; the old file stays"
got=$(sha256sum <"$tmp") || exit
[ "${got%% *}" = "$sum" ] || fail "the content arrived damaged; the old file stays"
sync -- "$tmp" || exit

if [ $# -gt 0 ]; then
	validator=$1
	n=$#
	while [ "$n" -gt 0 ]; do
		argument=$1
		shift
		case $argument in *%s*) argument=${argument%%'%s'*}$tmp${argument#*'%s'} ;; esac
		set -- "$@" "$argument"
		n=$((n - 1))
	done
	said=$("$@" 2>&1 </dev/null)
	code=$?
	if [ "$code" -ne 0 ]; then
		[ "$withhold" = no ] || said='(not shown: the content is secret)'
		fail "$validator refused the content with status $code; the old file stays: $said"
	fi
fi

mv -f -T -- "$tmp" "$path" || exit
tmp=
sync -- "${path%/*}/" 2>/dev/null || :
