# PATH KIND MODE OWNER:GROUP FOLLOW – gives a file or directory its owner and mode; makes the directory when it is not there. KIND tree is a
# directory whose owner owns all below it, on its file system.
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
directory | tree)
	parent=${path%/*}/
	[ -d "$parent" ] || fail "its directory $parent is not there"
	# Several that go on at once may share a directory: another one may be faster.
	[ -d "$path" ] || mkdir -- "$path" || [ -d "$path" ] || exit
	;;
file)
	[ -f "$path" ] || fail "$path is not a regular file"
	;;
esac
if [ "$kind" = tree ] && [ "$(stat -c %U:%G -- "$path")" != "$owner" ]; then
	find "$path" -xdev -mindepth 1 -exec chown -h -- "$owner" {} + || exit
fi
# Of a link that somebody puts in its place just now nothing but the link itself is given away.
link=-h
[ "$follow" = no ] || link=
# First the owner: changing it clears setuid and setgid. Of a directory these bits stay unless the mode has a digit more.
chown $link -- "$owner" "$path" && chmod -- "0$mode" "$path"
