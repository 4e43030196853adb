package ssh_test

import (
	"errors"
	"fmt"
	"testing"

	gossh "golang.org/x/crypto/ssh"

	"github.com/flowstack/terraform-provider-flowstack/appliance/ssh"
)

func TestNothingListens(t *testing.T) {
	rejected := func(reason gossh.RejectionReason, message string) error {
		return fmt.Errorf("unable to reach 192.0.2.2:9200: %w", &gossh.OpenChannelError{Reason: reason, Message: message})
	}
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"OpenSSH":       {rejected(gossh.ConnectionFailed, "Connection refused"), true},
		"another":       {rejected(gossh.ConnectionFailed, "dial tcp 192.0.2.2:9200: connect: connection refused"), true},
		"no route":      {rejected(gossh.ConnectionFailed, "No route to host"), false},
		"no time":       {rejected(gossh.ConnectionFailed, "Connection timed out"), false},
		"no name":       {rejected(gossh.ConnectionFailed, "Name or service not known"), false},
		"no forwarding": {rejected(gossh.Prohibited, "open failed: connection refused by policy"), false},
		"no connection": {errors.New("dial tcp 192.0.2.1:22: connect: connection refused"), false}, // of the host itself
		"none":          {nil, false},
	} {
		if got := ssh.NothingListens(c.err); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
