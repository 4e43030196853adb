#!/usr/bin/env bash
# Look at the signatures of a release: release-signed.sh DIST-DIR. Each list of sums has one beside it, binary and detached, by a key with RSA or DSA, since registries
# take no other (https://developer.hashicorp.com/terraform/registry/providers/publishing). The key is one that gpg has.
set -euo pipefail
dist=$1

fail() {
	echo "release-signed: $1" >&2
	exit 1
}

lists=("$dist"/*SHA256SUMS)
[[ ! -d $dist/image ]] || lists+=("$dist"/image/*.sha256)
for sums in "${lists[@]}"; do
	[[ -f $sums.sig ]] || fail "$sums has no signature"
	! head -c 5 "$sums.sig" | grep -q -e ----- || fail "$sums.sig is armored: registries take a binary one"
	status=$(gpg --batch --status-fd 1 --verify "$sums.sig" "$sums" 2>/dev/null) || fail "$sums.sig does not verify"
	# VALIDSIG has the number of the algorithm in its eighth field (GnuPG, doc/DETAILS): 1 is RSA, 17 DSA.
	algorithm=$(awk '$2 == "VALIDSIG" {print $9}' <<<"$status")
	[[ $algorithm == 1 || $algorithm == 17 ]] || fail "$sums.sig is by a key of the algorithm $algorithm: registries take RSA and DSA"
done
echo "==> ${#lists[@]} lists of sums, signed and verified"
