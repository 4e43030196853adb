package acctest

import (
	"os"
	"path/filepath"
	"strings"
)

// instanceUUID is one by which machines are known to be instances of EC2.
const instanceUUID = "ec2e1916-9099-7caf-fd21-012345abcdef"

// metadataScript answers one request as the instance metadata service does where a token is required (IMDSv2). Whoever asks is asked for a version first,
// which does not matter here.
const metadataScript = `#!/bin/sh
token=
read -r method path rest
while read -r name value && [ "$name" != "$(printf '\r')" ]; do
	case "$name" in [Xx]-[Aa][Ww][Ss]-[Ee][Cc]2-[Mm]etadata-[Tt]oken:) token=$value ;; esac
done
answer() {
	printf 'HTTP/1.0 %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s' "$1" "${#2}" "$2"
	exit
}
if [ "$method $path" = "PUT /latest/api/token" ]; then
	answer '200 OK' a-token
fi
[ "${token%?}" = a-token ] || answer '401 Unauthorized' ''
path=${path#/*/}
case "${path%/}" in
meta-data) answer '200 OK' 'instance-id
local-hostname
public-keys/' ;;
meta-data/instance-id) answer '200 OK' i-0123456789abcdef0 ;;
meta-data/local-hostname) answer '200 OK' flow-in-ec2.internal ;;
meta-data/public-keys) answer '200 OK' 0=flow ;;
meta-data/public-keys/0/openssh-key) answer '200 OK' 'KEY' ;;
dynamic/instance-identity) answer '200 OK' document ;;
dynamic/instance-identity/document) answer '200 OK' '{"instanceId": "i-0123456789abcdef0", "region": "eu-central-1"}' ;;
*) answer '404 Not Found' '' ;;
esac
`

// metadataService is what QEMU's network is told so that a machine finds, at 169.254.169.254, a metadata service that gives it a key.
func metadataService(dir, key string) (options []string, err error) {
	script := filepath.Join(dir, "metadata")
	if err := os.WriteFile(script, []byte(strings.Replace(metadataScript, "KEY", key, 1)), 0o700); err != nil {
		return nil, err
	}
	return []string{"net=169.254.0.0/16", "guestfwd=tcp:169.254.169.254:80-cmd:" + script}, nil
}
