#!/usr/bin/env bash
# Fuzzes every target, or those whose names match a pattern, for a time each, and adds up the executions.
#   tools/fuzz.sh TIME [PATTERN]
# What is found goes to testdata/fuzz of the package, as with go test -fuzz, and ends the run. It is not made smaller, because go test
# would do the same to every input that reaches new code and stand still meanwhile; go test -fuzz NAME does it afterwards.
set -euo pipefail
cd "$(dirname "$0")/.."
time=$1
pattern=${2:-.}
total=0
ran=0

fuzz() { # PACKAGE NAME
	go test -toolexec "$PWD/tools/fuzz-instrument.sh" -run '^$' -fuzz "^$2\$" -fuzztime "$time" -fuzzminimizetime 0 "$1" 2>&1
}

targets=$(grep -rlE '^func Fuzz' --include='*_test.go' collector appliance provider | sort)
for file in $targets; do
	package=./$(dirname "$file")
	for name in $(sed -nE 's/^func (Fuzz[A-Za-z0-9_]+)\(.*/\1/p' "$file" | grep -E "$pattern" || true); do
		output=$(fuzz "$package" "$name") || {
			# The end of the time can meet go test where it takes it for a failure. A real one writes its input down.
			if [[ $output == *"Failing input written"* || $output != *"context deadline exceeded"* ]]; then
				printf '%s\n' "$output"
				exit 1
			fi
		}
		count=$(printf '%s\n' "$output" | sed -nE 's/.*execs: ([0-9]+).*/\1/p' | tail -n 1)
		ran=$((ran + 1))
		total=$((total + ${count:-0}))
		printf '%-16s %-28s %12d executions, %14d in all\n' "$name" "$package" "${count:-0}" "$total"
	done
done
if [ "$ran" = 0 ]; then
	printf 'no fuzz target matches %s\n' "$pattern" >&2
	exit 1
fi
