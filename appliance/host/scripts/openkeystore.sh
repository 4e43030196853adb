# PATH MODE OWNER:GROUP PROGRAM ENVIRONMENT – changes a keystore by its own program, all at once: the program works on a copy in a folder that
# ENVIRONMENT, a variable, names to it. Stdin has what to do, a line each: "generate NAME", "put NAME BASE64", "remove NAME", and "end": without it a link
# that was cut would look like the end. Secrets are in no argument of a program.
set -u
export LC_ALL=C
path=$1 mode=$2 owner=$3 program=$4 environment=$5
umask 077

fail() {
	echo "$1" >&2
	exit 1
}

[ ! -L "$path" ] || fail "$path is a symbolic link, which is not replaced"
[ -x "$program" ] || fail "$program is not there"
parent=${path%/*} name=${path##*/}
left=$parent/.flowstack-keystore.
trap 'rm -rf -- "$left"*' EXIT
trap 'exit 129' HUP INT PIPE TERM
rm -rf -- "$left"*
work=$(mktemp -d -- "${left}XXXXXXXXXX") || exit
export "$environment=$work"
copy=$work/$name

tool() { # ARGUMENT… – what it says is only shown when it fails: it never says a secret
	said=$("$program" "$@" 2>&1) || fail "$program $1${3:+ $3}: $said"
}

if [ -e "$path" ]; then
	cp -a -T -- "$path" "$copy" || exit
else
	tool create </dev/null
fi
ended=no
while read -r verb entry value; do
	# What is put is a JSON string: the program would take the text of a number for a number.
	case $verb in
	put) said=$(printf %s "$value" | base64 -d | "$program" add -f -x "$entry" 2>&1) ;;
	generate) said=$(printf '"%s"' "$(head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n')" | "$program" add -f -x "$entry" 2>&1) ;;
	end) ended=yes ;;
	remove) said=$("$program" remove "$entry" 2>&1 </dev/null) ;;
	*) fail "unable to $verb" ;;
	esac || fail "$program was unable to $verb $entry: $said"
done
[ "$ended" = yes ] || fail "only a part of what to do has arrived"
[ -f "$copy" ] || fail "$program did not write $copy: it keeps its keystore elsewhere"
chown -- "$owner" "$copy" && chmod -- "$mode" "$copy" && sync -- "$copy" && mv -f -T -- "$copy" "$path" || exit
sync -- "$parent/" 2>/dev/null || :
