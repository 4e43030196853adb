#!/bin/sh
# madison NAME
for name in "$@"; do :; done
while read -r version; do echo "$name | $version | http://example/ stable/main amd64 Packages"; done <"/etc/fake/available/$name" 2>/dev/null
