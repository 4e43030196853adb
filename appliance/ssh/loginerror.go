package ssh

import (
	"bytes"
	"fmt"
)

// LoginError means that a user logged in and could not run a program: the login shell is nologin, the password has expired, the key is for one
// command only.
type LoginError struct {
	User, Host string
	Said       string // what came instead, for people; may be empty
}

func (e *LoginError) Error() string {
	text := fmt.Sprintf("user %s is let in on %s but cannot run programs there (is its login shell a shell?)", e.User, e.Host)
	if e.Said != "" {
		text += ": " + e.Said
	}
	return text
}

// said is what a host printed, short enough for an error.
func said(stdout, stderr []byte) string {
	const most = 300
	text := bytes.TrimSpace(append(append(bytes.Clone(stdout), '\n'), stderr...))
	if len(text) > most {
		return string(text[:most]) + "…"
	}
	return string(text)
}
