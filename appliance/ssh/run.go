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

// A mark is printed before the command's own output, with the number of its process inside: whatever a noisy login profile printed before is cut off,
// and a cancelled command can be found.
const (
	markBegin = "\x1eflowstack "
	markEnd   = "\x1e"
)

// environment makes output comparable and finds the programs of the administrator for every user. The path of env is given, since sudo looks only
// where its secure_path says.
var environment = []string{"/usr/bin/env", "LC_ALL=C", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}

// Run runs a program to its end and collects what it prints. A non-zero exit status is a Result, not an error. When ctx ends, the program's input
// ends and it is sent SIGTERM; Run returns when it has ended, or after ten seconds without that. A connection lost while the program runs is a
// *LinkError: it is not run again. A user whose login shell runs no programs is a *LoginError.
func (c *Client) Run(ctx context.Context, command Command) (Result, error) {
	if len(command.Argv) == 0 {
		return Result{}, errors.New("a command needs at least a program")
	}
	if err := c.sessions.take(ctx); err != nil {
		return Result{}, err
	}
	defer c.sessions.leave()
	how := &sudo{} // as the user who logs in
	if command.Root && c.user() != "root" {
		var err error
		if how, err = c.becomeRoot(ctx); err != nil {
			return Result{}, err
		}
	}
	c.commands.Add(1)
	return c.exec(ctx, how, command)
}

// exec runs a command in a place that the caller has.
func (c *Client) exec(ctx context.Context, how *sudo, command Command) (Result, error) {
	p, err := c.start(ctx, how, command)
	if err != nil {
		return Result{}, err
	}
	select {
	case <-ctx.Done():
		c.terminate(context.WithoutCancel(ctx), p, how)
		return Result{}, context.Cause(ctx)
	case <-p.ended:
		return c.result(p)
	}
}

// process is a command that was started.
type process struct {
	name    string
	session *gossh.Session
	stdout  output
	stderr  bytes.Buffer
	ended   chan struct{} // closed when err is set
	err     error
}

func (c *Client) start(ctx context.Context, how *sudo, command Command) (*process, error) {
	session, err := c.session(ctx)
	if err != nil {
		return nil, err
	}
	return c.startIn(ctx, session, how, command)
}

func (c *Client) startIn(ctx context.Context, session *gossh.Session, how *sudo, command Command) (*process, error) {
	p := &process{name: command.Argv[0], session: session, ended: make(chan struct{})}
	argv, stdin := how.wrap(command)
	session.Stdout, session.Stderr = &p.stdout, &p.stderr
	if stdin != nil {
		session.Stdin = input{ctx, stdin}
	}
	if err := session.Start(commandLine(argv, how.terminal)); err != nil {
		return nil, errors.Join(&LinkError{c.Address(), p.name, err}, closed(session))
	}
	go func() {
		p.err = session.Wait()
		close(p.ended)
	}()
	return p, nil
}

// result is that of a process that has ended.
func (c *Client) result(p *process) (Result, error) {
	stdout, ran := afterMark(p.stdout.all())
	result := Result{Stdout: stdout, Stderr: p.stderr.Bytes()}
	var exit *gossh.ExitError
	switch {
	case p.err == nil || errors.Is(p.err, io.EOF): // EOF: the program ended without reading all of its input
	case errors.As(p.err, &exit):
		result.ExitCode = exit.ExitStatus()
		if exit.Signal() != "" && result.ExitCode == 0 {
			result.ExitCode = 128
		}
	default:
		return Result{}, errors.Join(&LinkError{c.Address(), p.name, p.err}, closed(p.session))
	}
	if !ran {
		return Result{}, errors.Join(&LoginError{c.user(), c.Address(), said(p.stdout.all(), p.stderr.Bytes())}, closed(p.session))
	}
	return result, closed(p.session)
}

// closed closes a session that has ended; that the other side closed it first is no error.
func closed(session *gossh.Session) error {
	if err := session.Close(); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// longWord is how long a word of the command line may be. The csh of BSD, which Debian has too, takes no more than 8 KiB.
const longWord = 6000

// commandLine is what the login shell of the user gets. It may be any shell, and shells other than POSIX ones read quotes, backslashes,
// exclamation marks and line feeds in their own way: a line with any of these is wrapped so that the login shell sees none.
func commandLine(argv []string, terminal bool) string {
	script := "LC_ALL=C; export LC_ALL; printf '%s' '" + markBegin + "'$$'" + markEnd + "'; exec " + Quote(argv...)
	if terminal {
		return onTerminal(script)
	}
	if !strings.ContainsAny(Quote(argv...), "\n\\!") && len(script) < longWord {
		return Quote("/bin/sh", "-c") + " " + quotePlain(script)
	}
	words := encoded(script)
	if len(words) <= longWord {
		return `/bin/sh -c 'PATH=/usr/bin:/bin; eval "$(echo ` + words + ` | base64 -d)"'`
	}
	return `/bin/sh -c 'PATH=/usr/bin:/bin; eval "$(printf %s "$@" | base64 -d)"' sh ` + words
}

// encoded is a script in base64, in words that every shell takes.
func encoded(script string) string {
	words := slices.Collect(slices.Chunk([]byte(base64.StdEncoding.EncodeToString([]byte(script))), longWord))
	return string(bytes.Join(words, []byte(" ")))
}

// quotePlain quotes without the backslash that Quote needs for a quote inside: '"'"' reads the same in every shell.
func quotePlain(s string) string { return "'" + strings.ReplaceAll(s, "'", `'"'"'`) + "'" }

// cutMark divides what was printed at the mark; ran is false when the program never began.
func cutMark(out []byte) (process string, own []byte, ran bool) {
	_, rest, ran := bytes.Cut(out, []byte(markBegin))
	if !ran {
		return "", nil, false
	}
	id, own, ran := bytes.Cut(rest, []byte(markEnd))
	return string(id), own, ran
}

func afterMark(out []byte) (own []byte, ran bool) {
	_, own, ran = cutMark(out)
	return own, ran
}
