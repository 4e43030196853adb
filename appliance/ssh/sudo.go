package ssh

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
)

// sudo is how root is reached on a connection.
type sudo struct {
	prefix   []string
	password string // to be sent as the first line of stdin; empty: sudo does not ask
	terminal bool   // sudo insists on a terminal
}

// wrap makes a command one that runs as root; how is zero for who is root already, or need not be.
func (how *sudo) wrap(command Command) (argv []string, stdin io.Reader) {
	argv, stdin = slices.Concat(environment, command.Argv), command.Stdin
	if len(how.prefix) > 0 {
		argv = slices.Concat(environment, how.prefix, argv)
	}
	if how.password != "" {
		lines := []io.Reader{strings.NewReader(how.password + "\n")}
		if stdin != nil {
			lines = append(lines, stdin)
		}
		stdin = io.MultiReader(lines...)
	}
	return argv, stdin
}

// SudoError means that commands cannot be run as root.
type SudoError struct {
	User, Host, Reason string
}

func (e *SudoError) Error() string {
	return fmt.Sprintf("unable to become root as user %s on %s: %s", e.User, e.Host, e.Reason)
}

// becomeRoot asks once per connection how sudo behaves. The password is tried alone first: a wrong one must not make sudo take a file's
// content for further guesses.
func (c *Client) becomeRoot(ctx context.Context) (*sudo, error) {
	select {
	case c.asking <- struct{}{}:
		defer func() { <-c.asking }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if _, err := c.connected(ctx); err != nil {
		return nil, err
	}
	if err := c.lock(ctx); err != nil {
		return nil, err
	}
	how := c.sudo
	c.unlock()
	if how != nil {
		return how, nil
	}
	how = &sudo{prefix: []string{"sudo", "-n", "--"}}
	said, ok, err := c.tryRoot(ctx, how)
	if err == nil && !ok && wantsTerminal(said) {
		how.terminal = true
		said, ok, err = c.tryRoot(ctx, how)
	}
	password := c.way[len(c.way)-1].SudoPassword
	if err == nil && !ok && password != "" && !noSudo(said) && !wantsTerminal(said) {
		// -k: ask even when an earlier answer is still remembered, so that the first line of stdin is always the password.
		how = &sudo{prefix: []string{"sudo", "-k", "-S", "-p", "", "--"}, password: password, terminal: how.terminal}
		said, ok, err = c.tryRoot(ctx, how)
	}
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, &SudoError{c.user(), c.Address(), sudoReason(said, password != "")}
	}
	if err := c.lock(ctx); err != nil {
		return nil, err
	}
	c.sudo = how
	c.unlock()
	return how, nil
}

func (c *Client) tryRoot(ctx context.Context, how *sudo) (said string, ok bool, err error) {
	result, err := c.exec(ctx, how, Command{Argv: []string{"true"}})
	return string(result.Stderr), result.ExitCode == 0, err
}

// noSudo tells whether env did not find sudo.
func noSudo(said string) bool {
	return strings.Contains(said, "env: 'sudo'") || strings.Contains(said, "env: sudo:") || strings.Contains(said, "can't execute 'sudo'")
}

// wantsTerminal tells whether sudo did nothing for want of a terminal, or there is no program to give it one.
func wantsTerminal(said string) bool {
	return strings.Contains(said, "must have a tty") || strings.Contains(said, noTerminal)
}

// sudoReason turns what sudo said into what to do.
func sudoReason(said string, havePassword bool) string {
	switch {
	case noSudo(said):
		return "sudo is not installed; log in as root, or install it"
	case wantsTerminal(said):
		return "sudo insists on a terminal, and there is no program script to give it one: install the package bsdutils, or remove requiretty for this user from sudoers"
	case strings.Contains(said, "not in the sudoers file") || strings.Contains(said, "not allowed to"):
		return "the user is not allowed to use sudo"
	case havePassword:
		return "sudo refused the password"
	case strings.Contains(said, "password is required"):
		return "sudo asks for a password; set sudo_password, or allow the user NOPASSWD"
	}
	return "sudo said: " + strings.TrimSpace(said)
}
