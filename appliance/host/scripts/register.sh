# PATH LINE – adds a line to a file that is there, unless it is in it. It is written at once: several may add lines at the same time.
set -u
export LC_ALL=C
path=$1 line=$2
[ -f "$path" ] && [ ! -L "$path" ] || {
	echo "$path is not a regular file that is there" >&2
	exit 1
}
grep -qxF -e "$line" -- "$path" && exit
printf '%s\n' "$line" >>"$path" && sync -- "$path"
