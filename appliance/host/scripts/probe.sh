# Reads requests, answers each; protocol.go describes both. POSIX sh and coreutils; it writes nowhere, not even to /tmp.
set -u
export LC_ALL=C
exec 3>&1 4<&0 </dev/null

arg() { # BASE64: decodes into $arg, newlines at the end included
	arg=
	[ "$1" = = ] && return
	arg=$(printf %s "$1" | base64 -d && printf x) || exit 70
	arg=${arg%x}
}

value() { # NAME TEXT
	printf 'v %s %s ' "$i" "$1"
	printf %s "$2" | base64 -w0
	echo
}

failed() { # TEXT
	printf 'e %s ' "$i"
	printf %s "$1" | base64 -w0
	echo
}

gone() { # TEXT: tells whether a program's message proves that a path is not there
	case $1 in
	*': No such file or directory' | *': Not a directory') return 0 ;;
	esac
	return 1
}

look() { # PATH: answers with stat or absent; succeeds when something is there, with its stat in $meta
	if meta=$(stat -c '%a|%u|%g|%s|%F|%U|%G' -- "$1" 2>&1); then
		value stat "$meta"
		return 0
	fi
	if gone "$meta"; then value absent ''; else failed "$meta"; fi
	return 1
}

target() { # PATH of a symbolic link
	if link=$(readlink -n -- "$1" 2>&1); then value target "$link"; else failed "$link"; fi
}

content() { # PATH: streams it, however it is made of bytes
	printf 'v %s content ' "$i"
	said=$({ base64 -w0 -- "$1" >&3; } 2>&1)
	code=$?
	echo
	[ "$code" -eq 0 ] || failed "$said"
}

checksum() { # PATH
	if said=$({ sha256sum <"$1"; } 2>&1); then value sha256 "${said%% *}"; else failed "$said"; fi
}

file() { # LIMIT PATH LEFTOVERS FOLLOW
	arg "$1" && limit=$arg
	arg "$2" && path=$arg
	arg "$3" && left=$arg
	arg "$4" && follow=$arg
	if [ "$follow" = yes ] && [ -L "$path" ] && real=$(readlink -f -n -- "$path" && printf x); then
		path=${real%x} left=${real%/*}/${left##*/}
	fi
	for old in "$left"*; do
		[ -e "$old" ] && value leftover "$old"
	done
	look "$path" || return 0
	case $meta in
	*'|regular file|'* | *'|regular empty file|'*)
		size=${meta#*|*|*|}
		size=${size%%|*}
		if [ "$size" -le "$limit" ]; then content "$path"; else checksum "$path"; fi
		;;
	*'|symbolic link|'*) target "$path" ;;
	esac
}

directory() { # PATH
	arg "$1" && path=$arg
	look "$path" || return 0
	case $meta in *'|symbolic link|'*) target "$path" ;; esac
}

sysctl() { # PATH below /proc/sys
	arg "$1"
	if said=$({ cat -- "/proc/sys/$arg"; } 2>&1); then
		value value "$said"
	elif gone "$said" && [ -d /proc/sys/kernel ]; then
		value absent ''
	else
		failed "$said"
	fi
}

package() { # NAME
	arg "$1"
	said=$(dpkg-query -W -f '${db:Status-Status} ${db:Status-Want} ${Version}\n' -- "$arg" 2>&1)
	code=$?
	case $code:$said in
	0:*) value status "$said" ;;
	1:*'no packages found matching'*) value absent '' ;;
	*) failed "$said" ;;
	esac
}

sources() { # PATH: what else apt reads repositories from
	arg "$1" && own=$arg
	for path in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
		[ "$path" != "$own" ] && [ -f "$path" ] || continue
		if said=$(cat -- "$path" 2>&1); then
			value source "$path
$said"
		else
			failed "$said"
		fi
	done
}

lists() { # REPOSITORY PREFIX…: of which configuration its package lists are, and with which of these names of them begin
	arg "$1" && name=$arg
	shift
	if said=$(cat -- "/var/lib/apt/flowstack-$name.fetched" 2>&1); then
		value stamp "$said"
	elif ! gone "$said"; then
		failed "$said"
		return
	fi
	for prefix in "$@"; do
		arg "$prefix" && prefix=$arg
		for list in "/var/lib/apt/lists/$prefix"*; do
			[ -e "$list" ] || continue
			value list "$prefix"
			break
		done
	done
}

changed() { # PATH: when its content or attributes last changed, if it is there
	if said=$(stat -L -c %.9Z -- "$1" 2>&1); then
		value changed "$said $1"
	else
		gone "$said" || failed "$said"
	fi
}

listens() { # PORT: tells whether something on the host accepts TCP connections there
	grep -qi "^ *[0-9]*: [0-9A-F]*:$(printf %04X "$1") [0-9A-F]*:0000 0A " /proc/net/tcp /proc/net/tcp6 2>/dev/null
}

unit() { # NAME PORT INPUT…
	arg "$1" && name=$arg
	arg "$2" && port=$arg
	shift 2
	if ! show=$(systemctl show --timestamp=us+utc -p LoadState -p ActiveState -p UnitFileState -p NeedDaemonReload \
		-p FragmentPath -p DropInPaths -p ExecMainStartTimestamp -p InactiveExitTimestamp -p ExecStart \
		-p SubState -p Result -p NRestarts -p MainPID -p Description -- "$name" 2>&1); then
		failed "$show"
		return
	fi
	value show "$show"
	if [ -n "$port" ]; then
		if listens "$port"; then value port listening; else value port closed; fi
	fi
	case $show in *LoadState=not-found*) return ;; esac
	# The property UnitFileState may be remembered from before; is-enabled looks at the disk.
	enabled=$(systemctl is-enabled -- "$name" 2>/dev/null)
	if [ -z "$enabled" ]; then
		failed "$(systemctl is-enabled -- "$name" 2>&1)"
		return
	fi
	value enabled "$enabled"
	while read -r line; do
		case $line in
		FragmentPath=/*) changed "${line#FragmentPath=}" ;;
		DropInPaths=/*)
			for path in ${line#DropInPaths=}; do changed "$path"; done
			;;
		ExecStart=*path=/*)
			path=${line#*path=}
			changed "${path%% ;*}"
			;;
		esac
	done <<-END
		$show
	END
	for input in "$@"; do
		arg "$input"
		changed "$arg"
	done
}

system() {
	value hostname "$(uname -n)"
	value kernel "$(uname -r)"
	value architecture "$(dpkg --print-architecture 2>/dev/null)"
	value os-release "$(cat /etc/os-release 2>/dev/null)"
	value memory "$(grep MemTotal /proc/meminfo 2>/dev/null)"
	value cpus "$(nproc 2>/dev/null)"
	value virtualization "$(systemd-detect-virt 2>/dev/null)"
}

printf '\n%s\n' flowstack-probe-begin
i=0
while read -r kind arguments <&4; do
	set -f # base64 has no pattern characters, paths in the loops below may
	case $kind in
	system) system ;;
	file) set +f && file $arguments ;;
	directory) directory $arguments ;;
	sysctl) sysctl $arguments ;;
	package) package $arguments ;;
	sources) set +f && sources $arguments ;;
	lists) set +f && lists $arguments ;;
	unit) unit $arguments ;;
	*) failed "unknown request" ;;
	esac
	printf 'd %s\n' "$i"
	i=$((i + 1))
done
echo flowstack-probe-end
