# STEP… NAME – make-group, make-user, remove-user, remove-group: steps with the system account of this name, in this order. What is made may be
# given its number, as in make-group=990.
set -u
export LC_ALL=C
for name; do :; done
while [ $# -gt 1 ]; do
	case $1 in
	make-group=*) groupadd --system --gid "${1#*=}" -- "$name" || exit ;;
	make-group) groupadd --system -- "$name" || exit ;;
	make-user=*) useradd --system --uid "${1#*=}" --gid "$name" --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin -- "$name" || exit ;;
	make-user) useradd --system --gid "$name" --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin -- "$name" || exit ;;
	remove-user) userdel -- "$name" || exit ;;
	remove-group) # userdel takes a group of the same name along, unless somebody else is in it
		getent group "$name" >/dev/null || break
		groupdel -- "$name" || exit
		;;
	esac
	shift
done
