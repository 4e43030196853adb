package ssh

import (
	"errors"
	"strings"

	gossh "golang.org/x/crypto/ssh"
)

// NothingListens tells whether DialContext failed because the address was reached, and nothing listens there. What a packet filter drops, or answers in
// another way, is no proof.
func NothingListens(err error) bool {
	// RFC 4254, section 5.1; the text is the host's strerror(ECONNREFUSED).
	var refused *gossh.OpenChannelError
	return errors.As(err, &refused) && refused.Reason == gossh.ConnectionFailed && strings.Contains(strings.ToLower(refused.Message), "connection refused")
}
