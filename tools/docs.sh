#!/usr/bin/env bash
# Generate the reference under docs/ from the code: docs.sh [--check] TFPLUGINDOCS DOCS-DIR
# With --check nothing is changed; a difference is printed and fails.
set -euo pipefail
check=
if [[ $1 == --check ]]; then
	check=yes
	shift
fi
tfplugindocs=$1 docs=$2

# tfplugindocs removes what it did not make from some folders, so it works on a copy.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$docs" examples "$work/"
go run ./provider/cmd/schema >"$work/schema.json"
if ! (cd "$work" && "$tfplugindocs" generate --provider-dir . --provider-name flowstack --rendered-provider-name flowstack \
	--providers-schema schema.json --rendered-website-dir docs) >"$work/log" 2>&1; then
	cat "$work/log" >&2
	exit 1
fi
cp -r "$docs/guides" "$work/docs/" # written by hand
go run ./docs/gen "$work/docs"

if [[ -z $check ]]; then
	cp -r "$work/docs/." "$docs/"
elif ! diff -ru "$docs" "$work/docs"; then
	echo "the reference under $docs is not what the code says: run make docs" >&2
	exit 1
fi
