# make KEY LEFTOVERS MODE OWNER:GROUP given|generate [GENPKEY-ARGUMENT…]
#	makes a private key beside its place, or takes it from stdin, and prints its public key.
# put KEY LEFTOVERS CERTIFICATE LEFTOVERS MODE OWNER:GROUP NEW
#	puts the certificate on stdin into its place and, if NEW is yes, the key that was made: one rename after the other.
# drop KEY LEFTOVERS
#	forgets a key that was made.
# The first line of stdin is SIZE SHA256 of what follows. A private key is never printed, and never an argument.
set -u
export LC_ALL=C
verb=$1 key=$2 keyleft=$3
shift 3
umask 077

fail() {
	echo "$1" >&2
	exit 1
}

free() { # PATH: nothing but a regular file is replaced
	[ -d "${1%/*}/" ] || fail "its directory ${1%/*}/ is not there"
	[ ! -L "$1" ] || fail "$1 is a symbolic link, which is not replaced"
	[ ! -e "$1" ] || [ -f "$1" ] || fail "$1 is not a regular file"
}

receive() { # PATH: writes stdin, whole or not at all
	read -r size sum || fail "nothing arrived"
	said=$({ cat >"$1"; } 2>&1) || fail "unable to write in ${1%/*}/: ${said##*: }"
	# A link that was cut looks like the end of the content.
	got=$(stat -c %s -- "$1") || exit
	[ "$got" = "$size" ] || fail "only $got of $size bytes arrived"
	got=$(sha256sum <"$1") || exit
	[ "${got%% *}" = "$sum" ] || fail "the content arrived damaged"
}

place() { # TEMPORARY PATH
	new=no
	[ -e "$2" ] || new=yes
	mv -f -T -- "$1" "$2" || exit
	[ "$new" = no ] || ! command -v restorecon >/dev/null || restorecon -- "$2" || exit
}

case $verb in
make)
	mode=$1 owner=$2 source=$3
	shift 3
	free "$key"
	command -v openssl >/dev/null || fail "there is no openssl on the host"
	rm -f -- "$keyleft"*
	made=${keyleft}key
	ok=no
	trap '[ "$ok" = yes ] || rm -f -- "$keyleft"*' EXIT
	trap 'exit 129' HUP INT PIPE TERM
	# Its name is known beforehand, and the directory may be another account's: what that puts there is not written to, by a symbolic link for one.
	set -C
	if [ "$source" = given ]; then
		receive "$made"
	else
		{ said=$(openssl genpkey "$@" 2>&1 >&3 3>&- </dev/null) || fail "openssl genpkey: $said"; } 3>"$made" || fail "unable to write $made"
	fi
	set +C
	public=$(openssl pkey -in "$made" -passin pass: -pubout 2>/dev/null) || fail "openssl does not read the private key"
	chown -h -- "$owner" "$made" && chmod -- "$mode" "$made" && sync -- "$made" || exit
	printf '%s\n' "$public"
	ok=yes
	;;
put)
	certificate=$1 left=$2 mode=$3 owner=$4 new_key=$5
	free "$certificate"
	rm -f -- "$left"*
	trap 'rm -f -- "$left"*' EXIT
	trap 'exit 129' HUP INT PIPE TERM
	made=$(mktemp -- "${left}XXXXXXXXXX" 2>&1) || fail "unable to write in ${certificate%/*}/: ${made##*: }"
	tmp=$made
	receive "$tmp"
	chown -- "$owner" "$tmp" && chmod -- "$mode" "$tmp" && sync -- "$tmp" || exit
	[ "$new_key" = no ] || place "${keyleft}key" "$key"
	place "$tmp" "$certificate"
	sync -- "${key%/*}/" "${certificate%/*}/" 2>/dev/null || :
	;;
drop) rm -f -- "$keyleft"* ;;
esac
