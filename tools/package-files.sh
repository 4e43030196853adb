#!/usr/bin/env bash
# Make what the packages carry and the collector's code knows (manual pages, completions, Debian's changelog), and the licences of what is linked:
# package-files.sh VERSION TARGET-DIR
set -euo pipefail
version=$1 target=$2
rm -rf "$target"
GOOS="" GOARCH="" go run -buildvcs=false -tags packaging ./collector/cmd/flowcollector package-files --changelog CHANGELOG.md --package-version "${version/-/\~}" "$target"
GOOS="" GOARCH="" go run -buildvcs=false ./tools/licences ./collector/cmd/flowcollector >"$target/THIRD_PARTY"
