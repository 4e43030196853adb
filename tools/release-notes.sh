#!/usr/bin/env bash
# Print what CHANGELOG.md says of a version: release-notes.sh VERSION. A version without a word there is not released.
set -euo pipefail
cd "$(dirname "$0")/.."
version=$1
notes=$(awk -v version="$version" '$1 == "##" {of = $2 == version || $2 == "[" version "]"; next} of' CHANGELOG.md)
words=$(grep -vE '^(#|\[[^]]*\]: )' <<<"$notes" || true) # beside headings and the targets of links
[[ -n ${words//[[:space:]]/} ]] || {
	echo "release-notes: CHANGELOG.md has no heading '## $version' with anything below it" >&2
	exit 1
}
printf '%s\n' "$notes"
