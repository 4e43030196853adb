# KIND PATH LEFTOVERS – removes a regular file, or a directory when it is empty. What is not there is as wanted.
set -u
export LC_ALL=C
kind=$1 path=$2 left=$3

fail() {
	echo "$1" >&2
	exit 1
}

case $kind in
file)
	rm -f -- "$left"* || exit
	[ ! -L "$path" ] || fail "$path is a symbolic link, which is not removed"
	[ -e "$path" ] || exit 0
	[ -f "$path" ] || fail "$path is not a regular file, it is not removed"
	rm -- "$path"
	;;
directory)
	[ ! -L "$path" ] || exit 0
	[ -d "$path" ] || exit 0
	rmdir --ignore-fail-on-non-empty -- "$path"
	;;
esac
