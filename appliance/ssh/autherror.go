package ssh

import (
	"fmt"
	"strings"
)

// AuthError means that a host was the right one but did not let us in.
type AuthError struct {
	User  string
	Tried []string // each way of logging in that was tried, for people
}

func (e *AuthError) Error() string {
	return fmt.Sprintf("user %s was refused; tried: %s", e.User, strings.Join(e.Tried, ", "))
}
