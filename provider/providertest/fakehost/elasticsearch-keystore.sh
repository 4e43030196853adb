#!/bin/sh
# A keystore whose entries are lines NAME VALUE behind one that is another with each change, as encryption makes it.
set -eu
store=/etc/elasticsearch/elasticsearch.keystore
change() {
	date +%s.%N >"$store.new"
	cat >>"$store.new"
	mv "$store.new" "$store"
}
case $1 in
create) change </dev/null ;;
list) tail -n +2 "$store" | cut -d ' ' -f 1 ;;
add)
	[ "$2 $3" = '-x -f' ]
	IFS= read -r value
	{
		tail -n +2 "$store" | grep -v "^$4 " || :
		printf '%s %s\n' "$4" "$value"
	} | change
	;;
remove) tail -n +2 "$store" | grep -v "^$2 " | change ;;
esac
