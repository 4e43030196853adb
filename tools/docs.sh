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

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go run ./provider/cmd/schema >"$work/schema.json"
cp -r "$docs" "$work/docs"
# tfplugindocs wants its folders below the provider's, so it works on a copy.
mkdir "$work/provider"
cp -r examples "$work/provider/examples"
if [[ -d templates ]]; then cp -r templates "$work/provider/templates"; fi
cp -r "$docs" "$work/provider/docs"
(cd "$work/provider" && "$tfplugindocs" generate --provider-dir . --provider-name flowstack --rendered-provider-name flowstack \
	--providers-schema "$work/schema.json" >"$work/log" 2>&1) || {
	cat "$work/log" >&2
	exit 1
}
go run ./docs/gen "$work/provider/docs"

if [[ -n $check ]]; then
	diff -ru --exclude=gen "$docs" "$work/provider/docs" || {
		echo "the reference under $docs is not what the code says: run make docs" >&2
		exit 1
	}
else
	rsync -a --delete --exclude=gen "$work/provider/docs/" "$docs/" 2>/dev/null || cp -r "$work/provider/docs/." "$docs/"
fi
