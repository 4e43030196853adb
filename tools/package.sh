#!/usr/bin/env bash
# Make the collector's Debian package: package.sh NFPM BINARY ARCH VERSION TARGET-DIR
#
# A development version carries a digest of what is inside (binary, unit, scripts, settings): the provider compares versions, so
# a changed collector has to be a changed version.
set -euo pipefail
nfpm=$1 binary=$2 arch=$3 version=$4 target=$5
folder=collector/package

case $version in
*-dev)
	digest=$({ sha256sum <"$binary"; find "$folder" collector/monitoring -type f ! -name '*_test.go' -print0 | sort -z | xargs -0 sha256sum; } | sha256sum)
	version=$version.g${digest:0:12}
	;;
esac

mkdir -p "$target"
deb=$target/flowcollector_${version/-/\~}_$arch.deb
if [[ ! -f $deb || $binary -nt $deb ]]; then
	rm -f "$target"/flowcollector_*_"$arch".deb
	VERSION=$version GOARCH=$arch BINARY=$binary "$nfpm" package --config "$folder/nfpm.yaml" --packager deb --target "$deb" >/dev/null
fi
echo "==> $deb"
