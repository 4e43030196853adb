#!/usr/bin/env bash
# Make all that a release has: dist.sh BIN-DIR VERSION COMMIT TARGET-DIR [all|collector]
# With "collector" the provider, which takes the longest to build, is left out.
#
# Equal sources, VERSION, COMMIT and SOURCE_DATE_EPOCH make equal files, wherever and whenever; make dist-check holds that.
set -euo pipefail
bin=$1 version=$2 commit=$3 target=$4 part=${5:-all}
architectures="amd64 arm64"
export TZ=UTC LC_ALL=C CGO_ENABLED=0 GOOS=linux GOFLAGS="" GOEXPERIMENT="" GOWORK=off GOAMD64=v1 GOARM64=v8.0
umask 022

# A release is what the commit says it is. (A copy without git has nothing to compare; DIST_DIRTY=1 is for trying out how a release is built.)
if [[ $version != *-dev && -z ${DIST_DIRTY:-} && -e .git ]]; then
	changed=$(git status --porcelain) # where git cannot say, there is no release
	if [[ -n $changed ]]; then
		printf 'dist: version %s would have changes that are not committed:\n%s\n' "$version" "$changed" >&2
		exit 1
	fi
fi

for tool in zip jq; do
	command -v "$tool" >/dev/null || {
		echo "dist: there is no $tool here: apt-get install $tool, or make prepare" >&2
		exit 1
	}
done

rm -rf "$target"
mkdir -p "$target"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

build() { # ARCH OUTPUT LDFLAGS PACKAGE [OPTION...]
	GOARCH=$1 go build -trimpath -buildvcs=false "${@:5}" -ldflags "-s -w -buildid= $3" -o "$2" "$4"
}

sbom() { # PROGRAM OUTPUT: CycloneDX, from what the linker wrote into the program
	"$bin/cyclonedx-gomod" bin -json -std -noserial -notimestamp -version "v$version" -output "$2" "$1"
}

GOOS="" GOARCH="" go build -buildvcs=false -o "$work/licences" ./tools/licences
third_parties() { # ARCH PACKAGE: the licences of what is linked into a program; fails where one is not known to let us hand it on
	GOARCH=$1 "$work/licences" "$2"
}

programs=()
for arch in $architectures; do
	echo "==> collector $version for $arch"
	mkdir "$work/$arch"
	build "$arch" "$work/$arch/flowcollector" "-X main.version=$version -X main.commit=$commit" ./collector/cmd/flowcollector
	programs+=("$work/$arch/flowcollector")
done
package=$(tools/package-version.sh "$version" "${programs[@]}")
GOOS='' tools/package-files.sh "$package" "$work/files"

making=()
for arch in $architectures; do
	for format in deb rpm; do
		tools/package.sh "$bin/nfpm" "$format" "$work/$arch/flowcollector" "$arch" "$package" "$work/files" "$target" & # compresses with one processor
		making+=($!)
	done
done
for id in "${making[@]}"; do
	wait "$id"
done
for arch in $architectures; do
	name=flowcollector_${version}_linux_$arch
	folder=$work/tar/$name
	mkdir -p "$folder"
	third_parties "$arch" ./collector/cmd/flowcollector >"$folder/THIRD_PARTY"
	cp -r "$work/$arch/flowcollector" "$work/files/man" "$work/files/completions" LICENSE CHANGELOG.md \
		collector/package/flowcollector.{service,socket,yml} collector/monitoring/{grafana-dashboard.json,prometheus-rules.yml} "$folder/"
	chmod -R u=rwX,go=rX "$folder"
	tar -C "$work/tar" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner -cf - "$name" | gzip -9n >"$target/$name.tar.gz"
	echo "==> $target/$name.tar.gz"
	sbom "$work/$arch/flowcollector" "$target/$name.cdx.json"
done
GOOS='' go run ./appliance/cmd/dashboards >"$target/flowstack-dashboards_$version.ndjson" # for those who import by mouse
echo "==> $target/flowstack-dashboards_$version.ndjson"

if [[ $part == all ]]; then
	# The provider carries the packages of this release, and no others that a build left in the tree.
	embedded=$PWD/appliance/flowcollector/packages
	{
		find "$embedded" -name '*.deb' -printf '%p\n'
		find "$target" -name '*.deb' -printf "$embedded/%f=%p\n"
	} | jq -Rn '{Replace: [inputs | split("=") | {(.[0]): (.[1] // "")}] | add}' >"$work/overlay.json"
	provider=terraform-provider-flowstack_$version
	# Where people run Terraform, which is not only where collectors run.
	for platform in linux_amd64 linux_arm64 darwin_amd64 darwin_arm64 windows_amd64; do
		echo "==> provider $version for $platform"
		folder=$work/$platform
		program=$folder/terraform-provider-flowstack_v$version
		[[ $platform != windows_* ]] || program+=.exe
		mkdir "$folder"
		GOOS=${platform%_*} build "${platform#*_}" "$program" "-X main.version=$version" . -overlay "$work/overlay.json"
		sbom "$program" "$target/${provider}_$platform.cdx.json"
		GOOS=${platform%_*} third_parties "${platform#*_}" . >"$folder/THIRD_PARTY"
		install -m 644 LICENSE "$folder/"
		chmod 644 "$folder/THIRD_PARTY"
		chmod 755 "$program"
		touch -d "@$SOURCE_DATE_EPOCH" "$folder"/*
		zip -9 -X -q -j "$target/${provider}_$platform.zip" "$program" "$folder/LICENSE" "$folder/THIRD_PARTY"
		echo "==> $target/${provider}_$platform.zip"
	done
	# What Terraform's registry reads: https://developer.hashicorp.com/terraform/registry/providers/publishing
	echo '{"version": 1, "metadata": {"protocol_versions": ["6.0"]}}' >"$target/${provider}_manifest.json"
	(cd "$target" && sha256sum "${provider}"_*.zip "${provider}_manifest.json" >"${provider}_SHA256SUMS")
fi
# GitHub puts a dot in the place of what it does not like in a name, and sums have to be of names as they are downloaded. (Packages of what comes before a version have a ~.)
(cd "$target" && find . -type f -name '*~*' | while read -r file; do
	mv "$file" "${file//\~/.}"
done)
(cd "$target" && find . -type f ! -name SHA256SUMS -printf '%P\n' | sort | xargs sha256sum >SHA256SUMS)
echo "==> $target/SHA256SUMS"
