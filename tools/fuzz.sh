#!/usr/bin/env bash
# Fuzzes every target of the collector, or those whose names match a pattern, for a time each, and adds up the executions.
#   tools/fuzz.sh TIME [PATTERN]
# What is found goes to testdata/fuzz of the package, as with go test -fuzz, and ends the run.
set -euo pipefail
cd "$(dirname "$0")/.."
time=$1
pattern=${2:-.}
total=0
targets=$(grep -rlE '^func Fuzz' --include='*_test.go' collector | sort)
for file in $targets; do
	package=./$(dirname "$file")
	for name in $(sed -nE 's/^func (Fuzz[A-Za-z0-9_]+)\(.*/\1/p' "$file" | grep -E "$pattern" || true); do
		output=$(go test -run '^$' -fuzz "^$name\$" -fuzztime "$time" "$package" 2>&1) || {
			printf '%s\n' "$output"
			exit 1
		}
		count=$(printf '%s\n' "$output" | sed -nE 's/.*execs: ([0-9]+).*/\1/p' | tail -n 1)
		total=$((total + ${count:-0}))
		printf '%-16s %-28s %12d executions, %14d in all\n' "$name" "$package" "${count:-0}" "$total"
	done
done
