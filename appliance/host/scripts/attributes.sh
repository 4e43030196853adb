# PATH KIND MODE OWNER:GROUP FOLLOW – gives a file or directory its owner and mode; makes the directory when it is not there.
set -u
export LC_ALL=C
path=$1 kind=$2 mode=$3 owner=$4 follow=$5
umask 077

fail() {
	echo "$1" >&2
	exit 1
}

[ "$follow" = yes ] || [ ! -L "$path" ] || fail "$path is a symbolic link"
case $kind in
directory)
	parent=${path%/*}/
	[ -d "$parent" ] || fail "its directory $parent is not there"
	# Several that go on at once may share a directory: another one may be faster.
	[ -d "$path" ] || mkdir -- "$path" || [ -d "$path" ] || exit
	;;
file)
	[ -f "$path" ] || fail "$path is not a regular file"
	;;
esac
# First the owner: changing it clears setuid and setgid.
chown -- "$owner" "$path" && chmod -- "$mode" "$path"
