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

part= # begins the names of values where one answer is about several files

value() { # NAME TEXT
	printf 'v %s %s%s ' "$i" "$part" "$1"
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
	printf 'v %s %scontent ' "$i" "$part"
	said=$({ base64 -w0 -- "$1" >&3; } 2>&1)
	code=$?
	echo
	[ "$code" -eq 0 ] || failed "$said"
}

checksum() { # PATH
	if said=$({ sha256sum <"$1"; } 2>&1); then value sha256 "${said%% *}"; else failed "$said"; fi
}

tail_of() { # SIZE PATH
	printf 'v %s tail ' "$i"
	said=$({ tail -c "$1" -- "$2" | base64 -w0 >&3; } 2>&1)
	echo
	[ -z "$said" ] || failed "$said"
}

file() { # LIMIT PATH LEFTOVERS FOLLOW [TAIL]
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
	[ ! -e "$path.bak-flowstack" ] || value backup yes
	look "$path" || return 0
	case $meta in
	*'|regular file|'* | *'|regular empty file|'*)
		size=${meta#*|*|*|}
		size=${size%%|*}
		if [ "$size" -le "$limit" ]; then content "$path"; else checksum "$path"; fi
		if [ $# -gt 4 ]; then arg "$5" && tail_of "$arg" "$path"; fi
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
		value siblings "$(ls -- "/proc/sys/${arg%/*}" 2>/dev/null)"
	else
		failed "$said"
	fi
}

sysctlfiles() { # the files systemd-sysctl reads, those of the folders that count more first
	for path in /etc/sysctl.d/*.conf /run/sysctl.d/*.conf /usr/local/lib/sysctl.d/*.conf /usr/lib/sysctl.d/*.conf /lib/sysctl.d/*.conf; do
		[ -e "$path" ] || [ -L "$path" ] || continue
		value path "$path"
		[ ! -L "$path" ] || value target "$(readlink -m -n -- "$path")"
		[ ! -f "$path" ] || content "$path"
	done
}

swap() { # UNIT…
	if said=$({ cat -- /proc/swaps; } 2>&1); then
		value swaps "$said"
	elif ! gone "$said"; then # a kernel without swap has no such file
		failed "$said"
	fi
	if look /etc/fstab; then
		case $meta in *'|symbolic link|'*) target /etc/fstab ;; esac
		content /etc/fstab
	fi
	for unit in "$@"; do
		arg "$unit"
		show=$(systemctl show -p LoadState -p ActiveState -- "$arg" 2>&1) || failed "$show"
		case $show in *LoadState=not-found*) continue ;; esac
		active=${show#*ActiveState=}
		enabled=$(systemctl is-enabled -- "$arg" 2>/dev/null)
		# A unit that systemd still knows though its file is gone is none for the next boot.
		value unit "$arg ${enabled:-not-found} ${active%%[!a-z]*}"
	done
	value limits "$(cat /proc/1/limits 2>/dev/null)"
	value capabilities "$(grep CapEff /proc/1/status 2>/dev/null)"
}

table() { # FAMILY NAME of a table of nftables
	arg "$1" && family=$arg
	arg "$2" && name=$arg
	if ! command -v nft >/dev/null 2>&1; then
		value absent ''
		return
	fi
	if said=$(nft -j list table "$family" "$name" 2>/dev/null); then
		value table "$said"
	else
		said=$(nft list table "$family" "$name" 2>&1)
		case $said in
		*'No such file or directory'*) value absent '' ;;
		*)
			failed "$said"
			return
			;;
		esac
	fi
	if systemctl is-active -q firewalld.service 2>/dev/null; then value manager firewalld; fi
	if grep -qi '^ENABLED=yes' /etc/ufw/ufw.conf 2>/dev/null; then value manager ufw; fi
	nft list chains 2>/dev/null | while read -r word second third rest; do
		case $word in
		table) of="$second $third" ;;
		chain) chain=$second ;;
		type)
			case "$of:$third:$rest" in
			"$family $name:"*) ;;
			*:hook:input\ *'policy drop'*) value dropping "$of $chain" ;;
			esac
			;;
		esac
	done
}

package() { # NAME [OTHERS]: with OTHERS also the packages of which nothing but configuration files are left
	[ $# -lt 2 ] || value removed "$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' 2>/dev/null | sed -n 's/^config-files //p')"
	arg "$1"
	said=$(dpkg-query -W -f '${db:Status-Status} ${db:Status-Want} ${Version}\n' -- "$arg" 2>&1)
	code=$?
	case $code:$said in
	0:*) value status "$said" ;;
	1:*'no packages found matching'*) value absent '' ;;
	*) failed "$said" ;;
	esac
}

packages() { # all that dpkg knows, with what is wanted of each, and the names of those that somebody asked for
	if said=$(dpkg-query -W -f '${db:Status-Status} ${db:Status-Want} ${Package} ${Version}\n' 2>&1); then value packages "$said"; else failed "$said"; fi
	if said=$(apt-mark showmanual 2>&1); then value manual "$said"; else failed "$said"; fi
}

unitfiles() { # the administrator's unit files that everybody may read
	for path in /etc/systemd/system/*.*; do
		[ -f "$path" ] && [ ! -L "$path" ] || continue
		case $(stat -c %A -- "$path" 2>/dev/null) in ???????r??) value unit "${path##*/}" ;; esac
	done
}

account() { # NAME: which of user and group of this name there are, and their numbers
	arg "$1"
	for database in passwd group; do
		said=$(getent "$database" "$arg")
		code=$?
		case $code in
		0)
			said=${said#*:*:}
			value there "$database ${said%%:*}"
			;;
		2) ;;
		*) failed "getent $database $arg ended with code $code" ;;
		esac
	done
}

keystore() { # PATH TOOL LIST: its attributes and checksum, the record of the last change by us and, if there is one or LIST is yes, the names of its entries
	arg "$1" && path=$arg
	arg "$2" && tool=$arg
	arg "$3"
	look "$path" || return 0
	checksum "$path"
	if said=$({ cat -- "$path.flowstack"; } 2>&1); then
		value record "$said"
	elif gone "$said"; then
		[ "$arg" = yes ] || return 0
	else
		failed "$said"
	fi
	[ -x "$tool" ] || return 0 # its package is not there: nobody can tell
	if said=$("$tool" list 2>&1); then value entries "$said"; else failed "$tool list: $said"; fi
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

suite() { # PREFIX COMPONENT…: tells whether there are lists of it
	prefix=$1
	shift
	for list in "/var/lib/apt/lists/$prefix"*; do
		[ -e "$list" ] && belongs "${list#"/var/lib/apt/lists/$prefix"}" "$@" && return
	done
	return 1
}

lists() { # REPOSITORY SUITE…: of which configuration its package lists are, and of which of these suites, PREFIX COMPONENT…, there are any
	arg "$1" && name=$arg
	shift
	if said=$(cat -- "/var/lib/apt/flowstack-$name.fetched" 2>&1); then
		value stamp "$said"
	elif ! gone "$said"; then
		failed "$said"
		return
	fi
	for words in "$@"; do
		arg "$words"
		if suite $arg; then value list "$arg"; fi
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
	for again in 1 2 3 4 5 no; do
		if ! show=$(systemctl show --timestamp=us+utc -p LoadState -p ActiveState -p UnitFileState -p NeedDaemonReload \
			-p FragmentPath -p DropInPaths -p ExecMainStartTimestamp -p InactiveExitTimestamp -p ExecStart \
			-p SubState -p Result -p NRestarts -p MainPID -p Description -- "$name" 2>&1); then
			failed "$show"
			return
		fi
		# Of every unit systemd 255 says so while somebody's systemctl enable is between its two steps, which passes.
		case $show in *NeedDaemonReload=yes*) [ "$again" = no ] || sleep 0.2 ;; *) break ;; esac
	done
	value show "$show"
	if [ -n "$port" ]; then
		if listens "$port"; then value port listening; else value port closed; fi
	fi
	case $show in *LoadState=not-found*) return ;; esac
	# The property UnitFileState may be remembered from before; is-enabled looks at the disk.
	enabled=$(systemctl is-enabled -- "$name" 2>/dev/null)
	if [ -z "$enabled" ]; then
		said=$(systemctl is-enabled -- "$name" 2>&1)
		case $said in
		*'No such file or directory') enabled=not-found ;; # its file was removed while it is loaded
		*)
			failed "$said"
			return
			;;
		esac
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

limits() { # UNIT SETTING…: its limits as systemd has them, and all drop-ins of it in the order that systemd reads them
	arg "$1" && name=$arg
	shift
	properties=
	for setting in "$@"; do
		arg "$setting"
		properties="$properties -p $arg -p ${arg}Soft"
	done
	if ! show=$(systemctl show -p LoadState -p NeedDaemonReload -p DropInPaths $properties -- "$name" 2>&1); then
		failed "$show"
		return
	fi
	case $show in *LoadState=not-found*) return ;; esac # what it shows then is no unit's
	value show "$show"
	dropins=$(printf '%s\n' "$show" | sed -n 's/^DropInPaths=//p')
	for path in $dropins; do
		value path "$path"
		if [ -e "$path" ]; then content "$path"; else value content ''; fi
	done
}

system() {
	value hostname "$(uname -n)"
	value kernel "$(uname -r)"
	value architecture "$(dpkg --print-architecture 2>/dev/null)"
	value machine "$(uname -m)"
	value os-release "$(cat /etc/os-release 2>/dev/null || cat /usr/lib/os-release 2>/dev/null)"
	value memory "$(grep MemTotal /proc/meminfo 2>/dev/null)"
	value cpus "$(nproc 2>/dev/null)"
	value virtualization "$(systemd-detect-virt 2>/dev/null)"
}

inventory() {
	if said=$(hostname -I 2>&1); then value addresses "$said"; else failed "hostname -I: $said"; fi
	# A file system that cannot be asked is left out; df fails then, too.
	said=$(df --local --block-size=1 --output=fstype,size,avail,target 2>/dev/null)
	if [ -n "$said" ]; then value mounts "$said"; else failed "$(df --local --output=target 2>&1)"; fi
	value systemd "$(systemctl --version 2>/dev/null)"
	if [ -e /run/reboot-required ]; then value reboot yes; else value reboot no; fi
}

keypair() { # LIMIT KEY CERTIFICATE: the private key itself is not looked at, only what is public of it
	arg "$1" && limit=$arg
	arg "$2" && key=$arg
	arg "$3" && path=$arg
	part=key.
	have=yes
	command -v openssl >/dev/null 2>&1 || {
		have=no
		value without-openssl ''
	}
	if look "$key"; then
		case $meta in
		*'|regular file|'*)
			if [ "$have" = no ]; then
				value unreadable 'there is no openssl on the host'
			elif said=$(openssl pkey -in "$key" -passin pass: -pubout 2>&1); then
				value public "$said"
			else
				value unreadable "it is no private key that openssl can read"
			fi
			;;
		*'|symbolic link|'*) target "$key" ;;
		esac
	fi
	part=certificate.
	if look "$path"; then
		case $meta in
		*'|regular file|'*)
			size=${meta#*|*|*|}
			[ "${size%%|*}" -gt "$limit" ] || content "$path"
			;;
		*'|symbolic link|'*) target "$path" ;;
		esac
	fi
	part=
}

names() { # what others may call the host
	value hostname "$(uname -n)"
	value fqdn "$(timeout 5 hostname -f 2>/dev/null)"
	if said=$(hostname -I 2>&1); then value addresses "$said"; else failed "hostname -I: $said"; fi
	value inet6 "$(cat /proc/net/if_inet6 2>/dev/null)"
	value clock "$(date +%s)"
}

printf '\n%s\n' flowstack-probe-begin
i=0
while read -r kind arguments <&4; do
	set -f # base64 has no pattern characters, paths in the loops below may
	case $kind in
	system) system ;;
	inventory) inventory ;;
	names) names ;;
	keypair) keypair $arguments ;;
	file) set +f && file $arguments ;;
	directory) directory $arguments ;;
	sysctl) sysctl $arguments ;;
	sysctlfiles) set +f && sysctlfiles ;;
	swap) swap $arguments ;;
	nft) table $arguments ;;
	package) package $arguments ;;
	packages) packages ;;
	unitfiles) set +f && unitfiles ;;
	account) account $arguments ;;
	keystore) keystore $arguments ;;
	sources) set +f && sources $arguments ;;
	lists) set +f && lists $arguments ;;
	unit) unit $arguments ;;
	limits) limits $arguments ;;
	*) failed "unknown request" ;;
	esac
	printf 'd %s\n' "$i"
	i=$((i + 1))
done
echo flowstack-probe-end
