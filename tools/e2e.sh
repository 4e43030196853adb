#!/usr/bin/env bash
# Runs what acctest tests, some at a time: each end-to-end test in a process of its own, each other package as a whole. They wait for boots, restarts and
# time-outs more than they compute. Says how each ended and how long it took, and prints what a failed one said.
#   tools/e2e.sh [PATTERN]      of names, such as TestChain or acctest/browser; AT_ONCE=3
set -euo pipefail
cd "$(dirname "$0")/.."
at_once=${AT_ONCE:-3}
# The longest begin, so that none of them is left to the end.
longest="TestElasticsearchNode TestNothingIsLostOrStoredTwice TestSysctl TestBoot TestExamplesOfSeveralHosts TestDistributions TestStack TestElasticsearchSecurity acctest"

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
go test -c -o "$dir/e2e" ./acctest/e2e
# acctest/image builds and boots whole machines: make test-image.
all=$("$dir/e2e" -test.list '^Test'
	go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.Dir}}{{end}}' ./acctest/... | sed "s|^$PWD/||" | grep -vxE 'acctest/(e2e|image)')
for name in $longest; do
	grep -qx "$name" <<<"$all" || {
		echo "$0: there is no $name any more" >&2
		exit 1
	}
done
chosen=$(awk '!seen[$0]++' <(tr ' ' '\n' <<<"$longest") - <<<"$all" | grep -E "${1:-.}") || {
	echo "no end-to-end test matches ${1:-.}" >&2
	exit 1
}

one() { # NAME
	local started=$SECONDS state=ok log=$dir/${1//\//-}.log
	case $1 in
	Test*) (cd acctest/e2e && "$dir/e2e" -test.run "^$1\$" -test.v -test.timeout 40m) >"$log" 2>&1 || state=FAIL ;;
	*) go test -v -count=1 -timeout 40m "./$1" >"$log" 2>&1 || state=FAIL ;;
	esac
	[[ $state == ok ]] || cat "$log"
	printf -- '%-5s%-36s%5d s\n' "$state" "$1" $((SECONDS - started))
	[[ $state == ok ]]
}
export -f one
export dir
# shellcheck disable=SC2016 # bash -c expands it
xargs -n 1 -P "$at_once" bash -c 'one "$1"' - <<<"$chosen" || {
	echo "some end-to-end tests failed; FAIL says which" >&2
	exit 1
}
