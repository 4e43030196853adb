package ssh

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	gossh "golang.org/x/crypto/ssh"
)

// places bounds how much is open at once.
type places struct {
	free chan struct{} // one token for each place that nobody has

	mu   sync.Mutex
	open int // places that there still are
}

func newPlaces(n int) *places {
	p := &places{free: make(chan struct{}, n), open: n}
	for range n {
		p.free <- struct{}{}
	}
	return p
}

// take waits for a place. Whoever has it must leave it.
func (p *places) take(ctx context.Context) error {
	select {
	case <-p.free:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (p *places) leave() { p.free <- struct{}{} }

// shrink ends the place that the caller has for good and waits for another one. It reports false when that was the last place, which the caller
// keeps.
func (p *places) shrink(ctx context.Context) (bool, error) {
	if !p.close() {
		return false, nil
	}
	err := p.take(ctx)
	if err != nil {
		p.mu.Lock()
		p.open++ // the caller still has a place to leave
		p.mu.Unlock()
	}
	return true, err
}

func (p *places) close() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open == 1 {
		return false
	}
	p.open--
	return true
}

const (
	// refusedPause is the time between two attempts to open the only session.
	refusedPause = 100 * time.Millisecond
	// refusedLimit is how long a host may refuse it: what was cancelled there may take a while to end.
	refusedLimit = 30 * time.Second
)

// oneMore opens a session, whatever there are already.
func (c *Client) oneMore(ctx context.Context) (*gossh.Session, error) {
	return open(ctx, c, func(conn *connection) (*gossh.Session, error) { return conn.host().NewSession() })
}

// session opens a session in the place that the caller has. A host that refuses it has a smaller MaxSessions than we took: then there is a place
// less from now on, and the caller waits for one of the others.
func (c *Client) session(ctx context.Context) (*gossh.Session, error) {
	began := time.Now()
	for {
		session, err := c.oneMore(ctx)
		var refused *gossh.OpenChannelError
		if err == nil || !errors.As(err, &refused) {
			return session, err
		}
		if fewer, err := c.sessions.shrink(ctx); err != nil {
			return nil, err
		} else if fewer {
			continue
		}
		if time.Since(began) > refusedLimit {
			return nil, fmt.Errorf("%s allows no session (see MaxSessions in its sshd_config): %w", c.Address(), err)
		}
		select {
		case <-time.After(refusedPause):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}
