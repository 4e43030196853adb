#!/usr/bin/env bash
# Print the version of the collector's packages: package-version.sh VERSION BINARY...
#
# A development version carries a digest of what is inside (binaries, unit, scripts, settings, what makes the manual pages): the provider compares versions, so
# a changed collector has to be a changed version.
set -euo pipefail
version=$1
shift
case $version in
*-dev)
	digest=$({
		for binary in "$@"; do sha256sum <"$binary"; done
		find collector/package collector/monitoring collector/cmd/flowcollector/packaging*.go CHANGELOG.md LICENSE -type f ! -name '*_test.go' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
	} | sha256sum)
	version=$version.g${digest:0:12}
	;;
esac
echo "$version"
