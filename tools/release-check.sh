#!/usr/bin/env bash
# Look at the files of a release as a registry and a user do: release-check.sh DIST-DIR VERSION TOFU [appliance]
# The last argument says that the appliance is part of it. Nothing leaves this machine, and the files stay as they are.
set -euo pipefail
dist=$1 version=$2 tofu=$3 appliance=${4-}
name=terraform-provider-flowstack_$version

work=$(mktemp -d)
trap 'GNUPGHOME=$work/gnupg gpgconf --kill all 2>/dev/null || true; rm -rf "$work"' EXIT

fail() {
	echo "release-check: $1" >&2
	exit 1
}

for tool in gpg gpg-agent jq unzip; do
	command -v "$tool" >/dev/null || fail "there is no $tool here: apt-get install $tool"
done
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$ ]] || fail "$version is no version that registries take: MAJOR.MINOR.PATCH"

# https://developer.hashicorp.com/terraform/registry/providers/publishing: each of these is a file of the release.
jq -e '.version == 1 and .metadata.protocol_versions == ["6.0"]' "$dist/${name}_manifest.json" >/dev/null || fail "the manifest is not that of a provider of protocol 6.0"
archives=("$dist/$name"_*.zip)
for archive in "${archives[@]}"; do
	platform=${archive#"$dist/${name}_"}
	[[ ${platform%.zip} =~ ^(linux|darwin|windows)_(amd64|arm64)$ ]] || fail "${archive##*/} is of no platform"
	unzip -Z1 "$archive" | sort >"$work/files"
	program=terraform-provider-flowstack_v$version
	[[ $platform != windows_* ]] || program+=.exe
	diff <(printf '%s\n' LICENSE THIRD_PARTY "$program" | sort) "$work/files" || fail "${archive##*/} has other files"
done
for platform in linux_amd64 linux_arm64 darwin_amd64 darwin_arm64 windows_amd64; do
	[[ -f $dist/${name}_$platform.zip ]] || fail "there is no archive for $platform"
done
diff <(cd "$dist" && printf '%s\n' "$name"_*.zip "${name}_manifest.json" | sort) <(awk '{print $2}' "$dist/${name}_SHA256SUMS" | sort) || fail "${name}_SHA256SUMS names other files"
(cd "$dist" && sha256sum --check --quiet --strict "${name}_SHA256SUMS" && sha256sum --check --quiet --strict SHA256SUMS) || fail "the sums are not right"
echo "==> ${#archives[@]} archives, as a registry reads them"

# The appliance: downloads of one machine each, with what is in them, and all of it in the list of sums.
if [[ $appliance == appliance ]]; then
	name_image=flowstack-appliance-$version-amd64 tilde='~' # before what follows a version that is not one yet, to Debian
	image=$dist/image/$name_image
	diff <(cd "$dist/image" && printf '%s\n' * | grep -vxF "$name_image.sha256" | LC_ALL=C sort) <(awk '{print $2}' "$image.sha256" | LC_ALL=C sort) || fail "$name_image.sha256 names other files"
	(cd "$dist/image" && sha256sum --check --quiet --strict "$name_image.sha256") || fail "the sums of the image are not right"
	for format in qcow2 ova tar.gz; do
		size=$(stat -c %s "$image.$format") || fail "there is no image as $format"
		((size <= 350 << 20)) || fail "$name_image.$format has $((size >> 20)) MiB, more than the 350 that a download is to have"
	done
	jq -e --arg version "${version/-/$tilde}" '.bomFormat == "CycloneDX" and (.components | length > 100) and any(.components[]; .name == "flowcollector" and (.version == $version or ($version | endswith("~dev")) and (.version | startswith($version + ".g"))))' \
		"$image.cdx.json" >/dev/null || fail "the image's SBOM is not one, or has another collector in it"
	echo "==> the appliance, in three formats"
elif [[ -n $appliance ]]; then
	fail "the fourth argument is 'appliance' or nothing, not '$appliance'"
elif [[ -d $dist/image ]]; then
	fail "there is an appliance in $dist/image, which only a fourth argument 'appliance' has looked at"
fi

changed=$(find "$dist" -type f -printf '%f\n' | grep -v '^[A-Za-z0-9._-]*$' || true)
[[ -z $changed ]] || fail "GitHub gives these other names: $changed"

# Signing, with a key of the moment and copies.
export GNUPGHOME=$work/gnupg
mkdir -m 700 "$GNUPGHOME"
gpg --batch --quiet --passphrase '' --quick-generate-key "release check <nobody@example.net>" rsa3072 sign never 2>"$work/log" || fail "no key can be made: $(cat "$work/log")"
mkdir "$work/signed"
cp "$dist"/*SHA256SUMS "$work/signed/"
for sums in "$work"/signed/*; do
	gpg --batch --quiet --detach-sign "$sums"
done
"$(dirname "$0")/release-signed.sh" "$work/signed"

"$(dirname "$0")/release-notes.sh" "$version" >"$work/log" 2>&1 || echo "==> a tag v$version would be refused: $(cat "$work/log")"

# A user: the archive in a mirror of files, where init finds, unpacks and locks it; the schema is what the program says.
mirror=$work/mirror/registry.opentofu.org/flowstack/flowstack
mkdir -p "$mirror" "$work/configuration"
cp "${archives[@]}" "$mirror/"
cat >"$work/tofurc" <<END
provider_installation {
  filesystem_mirror {
    path = "$work/mirror"
  }
}
END
cat >"$work/configuration/main.tf" <<END
terraform {
  required_providers {
    flowstack = {
      source  = "flowstack/flowstack"
      version = "$version"
    }
  }
}
END
export TF_CLI_CONFIG_FILE=$work/tofurc CHECKPOINT_DISABLE=1
(
	cd "$work/configuration"
	"$tofu" init -input=false -no-color >"$work/log" || { cat "$work/log" >&2 && exit 1; }
	"$tofu" providers schema -json | jq -e '.provider_schemas["registry.opentofu.org/flowstack/flowstack"].resource_schemas | has("flowstack_collector")' >/dev/null
) || fail "the archive for this machine cannot be installed and used"
grep -q '"h1:' "$work/configuration/.terraform.lock.hcl" || fail "the archive was not locked"
echo "==> installed from its archive, and asked for its schema"
