#!/usr/bin/env bash
# Make one package of the collector, named as its format names packages: package.sh NFPM deb|rpm BINARY ARCH VERSION FILES-DIR TARGET-DIR
set -euo pipefail
nfpm=$1 format=$2 binary=$3 arch=$4 version=$5 files=$6 target=$7
mkdir -p "$target"
export VERSION=$version GOARCH=$arch BINARY=$binary FILES=$files
if ! log=$("$nfpm" package --config collector/package/nfpm.yaml --packager "$format" --target "$target/" 2>&1); then
	echo "unable to make the $format of $version for $arch: $log" >&2
	exit 1
fi
sed -n 's/^created package: /==> /p' <<<"$log"
