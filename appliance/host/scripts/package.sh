# install NAME SIZE SHA256 DOWNGRADE – installs the .deb on stdin.
# purge NAME – removes a package with its configuration, when no other package needs it.
set -u
export LC_ALL=C DEBIAN_FRONTEND=noninteractive APT_LISTCHANGES_FRONTEND=none NEEDRESTART_MODE=l
action=$1 name=$2
left=/var/cache/apt/.flowstack-$name~
folder=
trap '[ -z "$folder" ] || rm -rf -- "$folder"' EXIT
trap 'exit 129' HUP INT PIPE TERM

fail() {
	echo "$1" >&2
	exit 1
}

apt() { # ARGUMENT… – output goes to a file: a cut link must not stop dpkg half-way
	apt-get -y -q -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
		-o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@" >"$folder/log" 2>&1 </dev/null
}

retry() { # ARGUMENT… – once more after an installation that was interrupted
	apt "$@" && return
	code=$?
	if grep -q 'dpkg --configure -a' "$folder/log"; then
		dpkg --force-confdef --force-confold --configure -a >"$folder/log" 2>&1 </dev/null && apt "$@" && return
		code=$?
	fi
	tail -n 40 -- "$folder/log" >&2
	exit "$code"
}

# No name of a package has a tilde, so no other package has a folder with this prefix.
rm -rf -- "$left"* || exit
folder=$(mktemp -d -- "${left}XXXXXXXXXX") || exit

case $action in
install)
	size=$3 sum=$4 downgrade=$5
	deb=$folder/$name.deb
	cat >"$deb" || exit
	got=$(stat -c %s -- "$deb") || exit
	[ "$got" = "$size" ] || fail "only $got of $size bytes of the package arrived; nothing was installed"
	got=$(sha256sum <"$deb") || exit
	[ "${got%% *}" = "$sum" ] || fail "the package arrived damaged; nothing was installed"
	# apt reads it as its own user.
	chmod 755 "$folder" && chmod 644 "$deb" || exit
	set --
	[ "$downgrade" = no ] || set -- --allow-downgrades
	retry install --no-install-recommends "$@" "$deb"
	;;
purge)
	dpkg-query -W -- "$name" >/dev/null 2>&1 || exit 0
	others=$(apt-get -s purge -- "$name" </dev/null 2>/dev/null | sed -n 's/^\(Purg\|Remv\) \([^ ]*\).*/\2/p' | grep -vxF -- "$name")
	[ -z "$others" ] || fail "other packages need $name: $(echo $others)"
	retry purge -- "$name"
	;;
esac
