package ssh

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"slices"
	"strings"

	gossh "golang.org/x/crypto/ssh"
)

// mark is printed before the command's own output: whatever a noisy login profile printed before it is cut off.
const mark = "\x1eflowstack\x1e"

// environment makes output comparable and finds the programs of the administrator for every user.
var environment = []string{"env", "LC_ALL=C", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}

// Run runs a program to its end and collects what it prints. A non-zero exit status is a Result, not an error. When ctx ends the program is
// killed and Run returns at once. A connection lost while the program runs is a *LinkError: it is not run again.
func (c *Client) Run(ctx context.Context, command Command) (Result, error) {
	if len(command.Argv) == 0 {
		return Result{}, errors.New("a command needs at least a program")
	}
	if err := c.session(ctx); err != nil {
		return Result{}, err
	}
	defer func() { <-c.sessions }()

	argv := slices.Concat(environment, command.Argv)
	stdin := command.Stdin
	if command.Root && c.user() != "root" {
		how, err := c.becomeRoot(ctx)
		if err != nil {
			return Result{}, err
		}
		argv = slices.Concat(environment, how.prefix, argv)
		if how.password != "" {
			lines := []io.Reader{strings.NewReader(how.password + "\n")}
			if stdin != nil {
				lines = append(lines, stdin)
			}
			stdin = io.MultiReader(lines...)
		}
	}
	c.commands.Add(1)
	return c.exec(ctx, command.Argv[0], argv, stdin)
}

// exec runs argv as the login user.
func (c *Client) exec(ctx context.Context, name string, argv []string, stdin io.Reader) (Result, error) {
	session, err := open(ctx, c, func(conn *connection) (*gossh.Session, error) { return conn.host().NewSession() })
	if err != nil {
		return Result{}, err
	}
	var stdout, stderr bytes.Buffer
	session.Stdin, session.Stdout, session.Stderr = stdin, &stdout, &stderr
	done := make(chan error, 1)
	if err := session.Start(commandLine(argv)); err != nil {
		return Result{}, errors.Join(&LinkError{c.Address(), name, err}, closed(session))
	}
	go func() { done <- session.Wait() }()
	select {
	case <-ctx.Done():
		// Both may fail on a dead link; the goroutine above ends with the session or with the connection.
		_ = session.Signal(gossh.SIGKILL)
		_ = session.Close()
		return Result{}, context.Cause(ctx)
	case err = <-done:
	}
	result := Result{Stdout: afterMark(stdout.Bytes()), Stderr: stderr.Bytes()}
	var exit *gossh.ExitError
	switch {
	case err == nil || errors.Is(err, io.EOF): // EOF: the program ended without reading all of its input
		return result, closed(session)
	case errors.As(err, &exit):
		result.ExitCode = exit.ExitStatus()
		if exit.Signal() != "" && result.ExitCode == 0 {
			result.ExitCode = 128
		}
		return result, closed(session)
	default:
		return Result{}, errors.Join(&LinkError{c.Address(), name, err}, closed(session))
	}
}

// closed closes a session that has ended; that the other side closed it first is no error.
func closed(session *gossh.Session) error {
	if err := session.Close(); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// commandLine is what the login shell of the user gets. It may be any shell, and shells other than POSIX ones read quotes, backslashes,
// exclamation marks and line feeds in their own way: a line with any of these is wrapped so that the login shell sees none.
func commandLine(argv []string) string {
	script := "printf '%s' '" + mark + "'; exec " + Quote(argv...)
	if !strings.ContainsAny(Quote(argv...), "\n\\!") {
		return Quote("/bin/sh", "-c") + " " + quotePlain(script)
	}
	return `/bin/sh -c 'eval "$(echo ` + base64.StdEncoding.EncodeToString([]byte(script)) + ` | base64 -d)"'`
}

// quotePlain quotes without the backslash that Quote needs for a quote inside: '"'"' reads the same in every shell.
func quotePlain(s string) string { return "'" + strings.ReplaceAll(s, "'", `'"'"'`) + "'" }

func afterMark(out []byte) []byte {
	if _, after, found := bytes.Cut(out, []byte(mark)); found {
		return after
	}
	return out
}
