# KIND PATH LEFTOVERS FOLLOW SUFFIX – removes a regular file, a directory when it is empty, or a tree: a directory with all in it that is on its file system. What is not there is as wanted.
# A file that was backed up under its name with SUFFIX takes its place again; KIND backup does only that.
set -u
export LC_ALL=C
kind=$1 path=$2 left=$3 follow=$4 suffix=$5

fail() {
	echo "$1" >&2
	exit 1
}

case $kind in
file | backup)
	if [ "$follow" = yes ] && [ -L "$path" ] && real=$(readlink -f -n -- "$path" && printf x); then
		path=${real%x} left=${real%/*}/${left##*/}
	fi
	rm -f -- "$left"* || exit
	[ ! -L "$path" ] || fail "$path is a symbolic link, which is not removed"
	if [ -f "$path$suffix" ]; then
		[ ! -d "$path" ] || fail "$path is a directory, in whose place $path$suffix was"
		mv -f -T -- "$path$suffix" "$path"
		exit
	fi
	[ "$kind" = file ] && [ -e "$path" ] || exit 0
	[ -f "$path" ] || fail "$path is not a regular file, it is not removed"
	rm -- "$path"
	;;
directory)
	[ ! -L "$path" ] || exit 0
	[ -d "$path" ] || exit 0
	rmdir --ignore-fail-on-non-empty -- "$path" || [ ! -e "$path" ]
	;;
tree)
	[ ! -L "$path" ] || fail "$path is a symbolic link, what it leads to is not removed"
	[ -d "$path" ] || exit 0
	rm -rf --one-file-system -- "$path" || [ ! -e "$path" ]
	;;
esac
