# set PATH TOOL OWNER MODE REVISION NAME… – gives a keystore these entries, whose values are the lines of stdin, in this order, and takes those
# away that an earlier set made. PATH.flowstack records which, and of which content of the keystore that is known.
# clear PATH TOOL – takes away the entries that a set made; delete PATH TOOL – the keystore with all entries.
set -u
export LC_ALL=C
action=$1 path=$2 tool=$3
record=$path.flowstack
umask 077

names() { # that the record has
	[ ! -e "$record" ] || tail -n +2 -- "$record"
}

has() { # NAME; a program that cannot tell is the end of the script
	said=$("$tool" list </dev/null 2>&1) || {
		echo "$tool list: $said" >&2
		exit 1
	}
	printf '%s\n' "$said" | grep -qxF -- "$1"
}

write() { # CHECKSUM NAME… – the record, whole
	{
		echo "$revision $1"
		shift
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} >"$record.new" && mv -f -- "$record.new" "$record"
}

if [ "$action" = delete ]; then
	# The last is where Elastic's packages note how they made it: it would keep the directory.
	rm -f -- "$path" "$record" "$record.new" "${path%/*}/.${path##*/}.initial_md5sum"
	exit
fi
if [ "$action" = clear ]; then
	for name in $(names); do
		[ -e "$path" ] && has "$name" || continue
		"$tool" remove "$name" </dev/null || exit
	done
	rm -f -- "$record" "$record.new"
	exit
fi

owner=$4 mode=$5 revision=$6
shift 6
old=$(names)
# Until all is done the record says which entries may be there, and that the content is not known.
write - $(printf '%s\n' "$@" $old | sort -u) || exit
[ -e "$path" ] || "$tool" create </dev/null || exit
for name; do
	IFS= read -r value || exit
	# The value goes through a pipe of the shell itself: no program has it among its arguments.
	printf '%s\n' "$value" | "$tool" add -x -f "$name" || exit
done
for name in $old; do
	case " $* " in *" $name "*) continue ;; esac
	! has "$name" || "$tool" remove "$name" </dev/null || exit
done
chown -- "$owner" "$path" && chmod -- "$mode" "$path" || exit
sum=$(sha256sum <"$path") || exit
write "${sum%% *}" "$@"
