# PATH LEFTOVERS MODE OWNER:GROUP WITHHOLD FOLLOW SUFFIX [VALIDATOR ARGUMENT…] – replaces a file by stdin, whole or not at all. With a
# SUFFIX the file that is there now is kept under its name with it. The first line of stdin is SIZE SHA256 of what follows: whoever sees
# the arguments of this program could guess a secret by its digest.
set -u
export LC_ALL=C
path=$1 left=$2 mode=$3 owner=$4 withhold=$5 follow=$6 suffix=$7
shift 7
umask 077

fail() {
	echo "$1" >&2
	exit 1
}

read -r size sum || fail "nothing arrived; the old file stays"
if [ "$follow" = yes ] && [ -L "$path" ]; then
	real=$(readlink -f -n -- "$path" && printf x) || fail "$path is a symbolic link that leads nowhere"
	path=${real%x} left=${real%/*}/${left##*/}
fi
[ ! -L "$path" ] || fail "$path is a symbolic link, which is not replaced"
[ ! -e "$path" ] || [ -f "$path" ] || fail "$path is not a regular file"

# By the beginning of its name: a signal may come before mktemp has said the rest.
trap 'rm -f -- "$left"*' EXIT
trap 'exit 129' HUP INT PIPE TERM
folder=${path%/*}/
[ -d "$folder" ] || fail "its directory $folder is not there"
rm -f -- "$left"*
made=$(mktemp -- "${left}XXXXXXXXXX" 2>&1) || fail "unable to write in $folder: ${made##*: }"
tmp=$made
# Access control lists, extended attributes and the security context, where there are any; owner and mode are said.
[ ! -e "$path" ] || cp -a --attributes-only -T -- "$path" "$tmp" || exit
chown -- "$owner" "$tmp" && chmod -- "$mode" "$tmp" || exit
said=$({ cat >"$tmp"; } 2>&1) || fail "unable to write in $folder: ${said##*: }; the old file stays"

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
		case $argument in *{}*) argument=${argument%%'{}'*}$tmp${argument#*'{}'} ;; esac
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

if [ -n "$suffix" ] && [ -e "$path" ] && [ ! -e "$path$suffix" ]; then
	ln -T -- "$path" "$path$suffix" 2>/dev/null || # where there are no hard links:
		{ cp -a -T -- "$path" "${left}backup" && mv -T -- "${left}backup" "$path$suffix"; } || exit
fi
new=no
[ -e "$path" ] || new=yes
mv -f -T -- "$tmp" "$path" || exit
# With SELinux a new file has the context of its directory, until the policy's rules for its name are asked.
[ "$new" = no ] || ! command -v restorecon >/dev/null || restorecon -- "$path" || exit
sync -- "${path%/*}/" 2>/dev/null || :
