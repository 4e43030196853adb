# install NAME SIZE SHA256 DOWNGRADE HOLD – installs the .deb on stdin.
# fetch NAME VERSION DOWNGRADE RECOMMENDS HOLD – installs from the host's repositories; VERSION may be empty or end in *.
# hold NAME HOLD – nothing but the hold.
# purge NAME UNNEEDED [KEPT…] – removes a package with its configuration, when no other package needs it; with what nothing needs any
# more then, if UNNEEDED is yes. Of the packages KEPT configuration stays.
# remove NAME UNNEEDED – the same, but all configuration stays.
#
# HOLD is yes, no, or keep. DOWNGRADE, RECOMMENDS and UNNEEDED are yes or no.
set -u
export LC_ALL=C DEBIAN_FRONTEND=noninteractive APT_LISTCHANGES_FRONTEND=none NEEDRESTART_MODE=l
action=$1 name=$2
left=/var/cache/apt/.flowstack-$name~
lock=/var/cache/apt/.flowstack-$name.lock
folder= again= locked=
trap '[ -z "$again" ] || mark hold; [ -z "$folder" ] || rm -rf -- "$folder"; [ -z "$locked" ] || rm -f -- "$lock"' EXIT
trap 'exit 129' HUP INT PIPE TERM

fail() {
	echo "$1" >&2
	exit 1
}

patient() { # COMMAND… – for as long as another process has one of the locks that apt itself does not wait for, but no more than 5 minutes.
	# Output goes to a file: a cut link must not stop dpkg half-way. Services that are started must not keep the lock of this script.
	until=$(($(date +%s) + 300))
	while :; do
		"$@" >"$folder/log" 2>&1 </dev/null 9>&- && return
		code=$?
		grep -q -e 'Could not get lock' -e 'Unable to lock' -e 'locked by another process' "$folder/log" || return "$code"
		[ "$(date +%s)" -lt "$until" ] || return "$code"
		sleep 1
	done
}

apt() { # ARGUMENT…
	patient apt-get -y -q -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
		-o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@"
}

retry() { # ARGUMENT… – once more after an installation that was interrupted
	apt "$@" && return
	code=$?
	if grep -q 'dpkg --configure -a' "$folder/log"; then
		patient dpkg --force-confdef --force-confold --configure -a && apt "$@" && return
		code=$?
	fi
	tail -n 40 -- "$folder/log" >&2
	return "$code"
}

selection() { # hold | install, and of which package, if of another one
	printf '%s %s\n' "${2:-$name}" "$1" | dpkg --set-selections
}

mark() { # hold | install
	patient selection "$1" && return
	code=$?
	cat -- "$folder/log" >&2
	return "$code"
}

release() { # lets a hold not be in the way; on an error it is put back
	dpkg-query -W -f '${db:Status-Want}\n' -- "$name" 2>/dev/null | grep -qx hold || return 0
	mark install || exit
	again=yes
}

settle() { # HOLD
	case $1 in
	yes) again= && mark hold || exit ;;
	no) again= ;;
	esac
}

installed() { # tells whether more of it is there than configuration files
	dpkg-query -W -f '${db:Status-Status}\n' -- "$name" 2>/dev/null | grep -qvx -e not-installed -e config-files
}

unneeded() { # what nothing needs that was installed for something else
	apt-get -s autoremove </dev/null 2>/dev/null | sed -n 's/^Remv \([^ ]*\).*/\1/p' | sort
}

drop() { # NAME… – purges, or removes, what is unneeded, one by one: what another process has asked for or come to need since stays
	while :; do
		count=$#
		for other; do
			shift
			unneeded | grep -qxF -- "$other" || continue
			how=$action
			case " $kept " in *" $other "*) how=remove ;; esac
			patient dpkg --"$how" -- "$other" && continue
			# dpkg refuses while something depends on it, but it keeps in mind that the package is to go.
			patient selection install "$other"
			set -- "$@" "$other"
		done
		[ $# -lt "$count" ] || break
	done
}

# One run at a time for a package: that of a cancelled apply may still be at work. Who ends removes the file, so it may be another one by now.
until=$(($(date +%s) + 300))
while [ -z "$locked" ]; do
	exec 9>"$lock" || exit
	flock -w $((until - $(date +%s))) 9 || fail "another installation or removal of $name has not ended for 5 minutes; nothing was done"
	[ "$(stat -c %i -- "$lock" 2>/dev/null)" != "$(stat -L -c %i -- "/proc/$$/fd/9")" ] || locked=yes
done
trap '' TERM # of a cancelled apply, apt and dpkg included: what they have begun they finish

# No name of a package has a tilde, so no other package has a folder with this prefix.
rm -rf -- "$left"* || exit
folder=$(mktemp -d -- "${left}XXXXXXXXXX") || exit
export TMPDIR="$folder" # /tmp may be full, read-only, or noexec

case $action in
install)
	size=$3 sum=$4 downgrade=$5 hold=$6
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
	release
	retry install --no-install-recommends "$@" "$deb" || exit
	settle "$hold"
	;;
fetch)
	version=$3 downgrade=$4 recommends=$5 hold=$6
	set --
	[ "$recommends" = yes ] || set -- --no-install-recommends
	[ "$downgrade" = no ] || set -- "$@" --allow-downgrades
	release
	retry install "$@" -- "$name${version:+=$version}" || {
		code=$?
		if grep -q -e '^E: Version .* was not found' -e 'Unable to locate package' "$folder/log"; then
			known=$(apt-cache madison -- "$name" 2>/dev/null | sed 's/^[^|]*| *\([^ |]*\).*/\1/' | uniq)
			echo "versions that the repositories of the host have: $(echo ${known:-none; has apt-get update read the one that has it?})" >&2
		elif grep -q 'without --allow-downgrades' "$folder/log"; then
			echo "version $(dpkg-query -W -f '${Version}' -- "$name") is installed, which is higher; a downgrade has to be allowed" >&2
		fi
		exit "$code"
	}
	settle "$hold"
	;;
hold)
	dpkg-query -W -- "$name" >/dev/null 2>&1 || exit 0
	case $3 in
	yes) mark hold ;;
	no) mark install ;;
	esac
	;;
purge | remove)
	if [ "$action" = purge ]; then
		dpkg-query -W -- "$name" >/dev/null 2>&1 || exit 0
	else
		installed || exit 0
	fi
	others=$(apt-get -s "$action" -- "$name" </dev/null 2>/dev/null | sed -n 's/^\(Purg\|Remv\) \([^ ]*\).*/\2/p' | grep -vxF -- "$name")
	[ -z "$others" ] || fail "other packages need $name: $(echo $others)"
	release
	[ "$3" = no ] || unneeded >"$folder/before"
	retry "$action" -- "$name" || exit
	again=
	[ "$3" = yes ] || exit 0
	shift 3
	kept=$*
	unneeded >"$folder/after"
	set -- $(comm -13 -- "$folder/before" "$folder/after")
	drop "$@"
	;;
esac
