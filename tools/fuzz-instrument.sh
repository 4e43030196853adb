#!/bin/sh
# Runs a tool of the Go build for fuzz.sh and leaves the counters of coverage out of every package but those that are fuzzed. The fuzzer
# reads all counters after each execution, which takes longer than the execution when those of net, fmt and regexp are among them.
if [ "${2:-}" = -V=full ]; then # the build cache tells what these tools make from what the plain ones make by their version
	"$@" | sed 's/$/ fuzz/'
	exit
fi
case ${TOOLEXEC_IMPORTPATH:-} in
*/terraform-provider-flowstack/collector/* | */terraform-provider-flowstack/appliance/* | */terraform-provider-flowstack/provider/*) exec "$@" ;;
esac
for arg; do
	shift
	[ "$arg" = -d=libfuzzer ] || set -- "$@" "$arg"
done
exec "$@"
