#!/usr/bin/env bash
# Build a release twice, in two folders, and look at what came out: dist-check.sh BIN-DIR COMMIT [PART]
# PART is that of dist.sh. Needs lintian, rpm, file and qemu-user-static (make prepare installs them).
set -euo pipefail
bin=$1 commit=$2 part=${3:-collector}
version=9.8.7
export LC_ALL=C DIST_DIRTY=1 # what is checked need not be committed

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
	echo "dist-check: $1" >&2
	exit 1
}

echo "==> building a release twice"
tools/dist.sh "$bin" $version "$commit" "$work/first" "$part" >/dev/null
# The second time in a copy, whose files are of another time and are nobody else's to read, in a folder with another name.
mkdir "$work/another-copy"
git ls-files -z --cached --others --exclude-standard | (umask 077 && xargs -0 cp --parents -t "$work/another-copy" --no-preserve=all)
find "$work/another-copy/tools" -name '*.sh' -exec chmod u+x {} +
(
	cd "$work/another-copy"
	umask 077
	TZ=Pacific/Auckland LC_ALL=C.UTF-8 USER=somebody \
		tools/dist.sh "$bin" $version "$commit" "$work/second" "$part" >/dev/null
)
diff "$work/first/SHA256SUMS" "$work/second/SHA256SUMS" || fail "the second build differs: it is not reproducible"
(cd "$work/first" && sha256sum --check --quiet --strict SHA256SUMS) || fail "SHA256SUMS is not right"
[[ $(find "$work/first" -type f | wc -l) = $(($(wc -l <"$work/first/SHA256SUMS") + 1)) ]] || fail "SHA256SUMS does not name every file"
echo "==> $(wc -l <"$work/first/SHA256SUMS") files are equal in both"

for deb in "$work"/first/*.deb; do
	lintian --allow-root --fail-on error,warning "$deb" || fail "lintian objects to ${deb##*/}"
done
# The other architecture's program is of that architecture, and runs.
for arch in amd64:x86-64 arm64:aarch64; do
	dpkg-deb -x "$work/first/flowcollector_${version}_${arch%:*}.deb" "$work/${arch%:*}"
	what=$(file -b "$work/${arch%:*}/usr/bin/flowcollector")
	[[ $what == *"${arch#*:}"*"statically linked"* ]] || fail "the program for ${arch%:*} is $what"
done
qemu-aarch64-static "$work/arm64/usr/bin/flowcollector" version | grep -F "$version, commit $commit" || fail "the program for arm64 does not run"
qemu-aarch64-static "$work/arm64/usr/bin/flowcollector" check "$work/arm64/etc/flowcollector/flowcollector.yml" >/dev/null
qemu-aarch64-static "$work/arm64/usr/bin/flowcollector" replay collector/testdata/exporters/*.pcap* >"$work/arm64.ndjson" 2>/dev/null
"$work/amd64/usr/bin/flowcollector" replay collector/testdata/exporters/*.pcap* >"$work/amd64.ndjson" 2>/dev/null
[[ -s $work/arm64.ndjson ]] && cmp "$work/amd64.ndjson" "$work/arm64.ndjson" || fail "arm64 decodes otherwise than amd64"
echo "==> arm64 decodes $(wc -l <"$work/arm64.ndjson") flows of Debian's exporters as amd64 does"

# rpm into an empty root: files, digests and flags; the scripts run in a test with a real host.
root=$work/root
rpm=$work/first/flowcollector-$version-1.x86_64.rpm
rpm_() { # Debian's rpm says each time that it should not be used
	rpm --root "$root" --nodeps --noscripts "$@" 2> >(grep -v -e "use Alien" -e "assuming you know" >&2)
}
rpm_ -i "$rpm"
rpm_ -V flowcollector || fail "rpm does not verify what it installed"
[[ $(rpm --root "$root" -q --configfiles flowcollector) == /etc/flowcollector/flowcollector.yml ]] || fail "the rpm has other configuration files"
echo "log: {level: debug}" >"$root/etc/flowcollector/flowcollector.yml"
rpm_ -U --replacepkgs "$rpm"
grep -q debug "$root/etc/flowcollector/flowcollector.yml" || fail "an rpm replaced changed settings"
rpm_ -e flowcollector
[[ $(find "$root/etc/flowcollector" "$root/usr" -type f) == "$root/etc/flowcollector/flowcollector.yml.rpmsave" ]] || fail "an erased rpm left other than changed settings"
echo "==> rpm installs, keeps changed settings and erases"

if [[ $part == all ]]; then
	for archive in "$work"/first/terraform-provider-*.zip; do
		unzip -p "$archive" THIRD_PARTY | grep '^github.com/hashicorp/terraform-plugin-framework .*MPL-2.0$' >/dev/null || fail "${archive##*/} does not have the licences of what is in it"
	done
fi
for archive in "$work"/first/*.tar.gz; do
	tar -xOf "$archive" --wildcards '*/THIRD_PARTY' | grep '^github.com/spf13/cobra .*Apache-2.0$' >/dev/null || fail "${archive##*/} does not have the licences of what is in it"
done

for sbom in "$work"/first/*.cdx.json; do
	jq -e '.bomFormat == "CycloneDX" and (.components | any(.name == "github.com/spf13/cobra" or .name == "std"))
		and all(.components[]; .version != null and .purl != null)' "$sbom" >/dev/null || fail "${sbom##*/} is no SBOM"
done
echo "==> $(jq '.components | length' "$work/first/flowcollector_${version}_linux_amd64.cdx.json") components in the collector's SBOM"
