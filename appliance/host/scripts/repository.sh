# update NAME FOLDER SOURCES CONFIGURATION SUITE… – fetches the lists of packages of the repositories in one file, and of no others.
# forget NAME FOLDER – removes its lists, as far as they were fetched here.
#
# FOLDER has packages, a list of which is made first; it may be empty: there is none.
# A SUITE is PREFIX COMPONENT…: names of its lists begin with PREFIX, and go on with a component and _; without components they are those in a
# folder. Suites that are fetched are written down, below the configuration they are of; - as long as they are not complete.
set -u
export LC_ALL=C
action=$1 stamp=/var/lib/apt/flowstack-$2.fetched folder=$3 lists=/var/lib/apt/lists
shift 3

belongs() { # REST COMPONENT… – tells whether what follows PREFIX in a name is that of a list of this suite, and of none below it
	rest=$1
	shift
	case $rest in
	InRelease | Release | InRelease.* | Release.*) return 0 ;;
	*_*) ;;
	*) [ $# -eq 0 ] && return ;;
	esac
	for component; do
		case $rest in "${component}_"*) return 0 ;; esac
	done
	return 1
}

drop() { # PREFIX COMPONENT…; an empty prefix is that of all lists
	[ $# -gt 0 ] || return 0
	prefix=$1
	shift
	for list in "$lists/$prefix"* "$lists/partial/$prefix"*; do
		[ -f "$list" ] && belongs "${list##*/"$prefix"}" "$@" || continue
		rm -f -- "$list" || return
	done
}

former() { # removes the lists that were fetched before
	[ -e "$stamp" ] || return 0
	while read -r words; do
		drop $words || return
	done <<-END
		$(sed 1d "$stamp")
	END
}

record() { # CONFIGURATION SUITE…
	printf '%s\n' "$@" >"$stamp.new" && mv -f -T -- "$stamp.new" "$stamp"
}

index() { # makes the list of the packages in the folder
	for deb in "$folder"/*.deb; do
		[ -f "$deb" ] || continue
		control=$(dpkg-deb --field "$deb") && size=$(stat -c %s -- "$deb") && sum=$(sha256sum <"$deb") || return
		printf '%s\nFilename: ./%s\nSize: %s\nSHA256: %s\n\n' "$control" "${deb##*/}" "$size" "${sum%% *}"
	done >"$folder/Packages.new" && mv -f -T -- "$folder/Packages.new" "$folder/Packages"
}

fetch() { # SOURCES
	until=$(($(date +%s) + 300))
	while :; do
		# Without the error mode, apt takes a mirror that is away for a trifle. Lists of the other repositories stay.
		said=$(apt-get -q -o Dir::Etc::sourcelist="$1" -o Dir::Etc::sourceparts=- -o APT::Get::List-Cleanup=0 \
			-o APT::Update::Error-Mode=any -o DPkg::Lock::Timeout=300 update 2>&1 </dev/null) && return
		code=$?
		case $said in
		*'Could not get lock'* | *'Unable to lock'*) [ "$(date +%s)" -ge "$until" ] || { sleep 1 && continue; } ;;
		esac
		printf '%s\n' "$said" | grep -e '^[EW]:' -e '^Err:' -e '^  ' | tail -n 40 >&2
		return "$code"
	done
}

case $action in
update)
	sources=$1 configuration=$2
	shift 2
	if [ "$(head -n 1 -- "$stamp" 2>/dev/null)" != "$configuration" ]; then
		former && rm -f -- "$stamp" || exit
	fi
	[ -z "$folder" ] || index || exit
	record - "$@" && fetch "$sources" && record "$configuration" "$@"
	;;
forget)
	former && rm -f -- "$stamp" "$stamp.new" || exit
	[ -z "$folder" ] || rm -f -- "$folder/Packages" "$folder/Packages.new" || exit
	;;
esac
