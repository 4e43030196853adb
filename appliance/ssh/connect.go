package ssh

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"time"

	gossh "golang.org/x/crypto/ssh"
)

// connection is one established way to the host: a client per hop, the host's last.
type connection struct {
	hops []*gossh.Client
	dead chan struct{} // closed when the host's connection is gone
}

func (c *connection) host() *gossh.Client { return c.hops[len(c.hops)-1] }

func (c *connection) alive() bool {
	select {
	case <-c.dead:
		return false
	default:
		return true
	}
}

// close ends the connection from the host back to the first hop.
func (c *connection) close() error {
	var errs []error
	for i := len(c.hops) - 1; i >= 0; i-- {
		if err := c.hops[i].Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// connect goes the whole way.
func connect(ctx context.Context, way []hop) (_ *connection, err error) {
	c := &connection{dead: make(chan struct{})}
	defer func() {
		if err != nil {
			_ = c.close() // the reason of the failure is what matters
		}
	}()
	for i := range way {
		var dial dialer = &net.Dialer{}
		if i > 0 {
			dial = c.hops[i-1]
		}
		client, err := way[i].connect(ctx, dial)
		if err != nil {
			what := "host"
			if i < len(way)-1 {
				what = "bastion"
			}
			return nil, fmt.Errorf("unable to connect to %s %s: %w", what, way[i].address(), err)
		}
		c.hops = append(c.hops, client)
	}
	last := &way[len(way)-1]
	go func() {
		_ = c.host().Wait() // why it ended is seen by whoever uses it
		close(c.dead)
	}()
	go c.keepalive(last.KeepaliveInterval)
	return c, nil
}

type dialer interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}

func (h *hop) connect(ctx context.Context, dial dialer) (*gossh.Client, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, h.ConnectTimeout, fmt.Errorf("no answer within %s", h.ConnectTimeout))
	defer cancel()
	client, err := h.handshake(ctx, dial, h.trust.algorithms(h.address(), &net.TCPAddr{}), h.trust.check)
	if err != nil && strings.Contains(err.Error(), "no common algorithm for host key") {
		// The host has no key of the kind we know. Ask again for any, only to show it; check refuses it.
		_, err = h.handshake(ctx, dial, nil, h.trust.check)
	}
	if err != nil {
		if ctx.Err() != nil {
			return nil, &UnreachableError{context.Cause(ctx)}
		}
		return nil, err
	}
	return client, nil
}

// UnreachableError means that there was no SSH server to talk to: it says nothing about what is on the host.
type UnreachableError struct{ Cause error }

func (e *UnreachableError) Error() string { return e.Cause.Error() }

// Unwrap returns the cause.
func (e *UnreachableError) Unwrap() error { return e.Cause }

func (h *hop) handshake(ctx context.Context, dial dialer, algorithms []string, check gossh.HostKeyCallback) (*gossh.Client, error) {
	raw, err := dial.DialContext(ctx, "tcp", h.address())
	if err != nil {
		return nil, &UnreachableError{err}
	}
	// A connection through a bastion knows no deadlines: closing is what ends a handshake in every case.
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	login := &attempt{id: h.auth}
	defer login.close()
	var refused *HostKeyError
	conn, channels, requests, err := gossh.NewClientConn(raw, h.address(), &gossh.ClientConfig{
		User: h.User,
		Auth: login.methods(ctx),
		HostKeyCallback: func(host string, remote net.Addr, key gossh.PublicKey) error {
			err := check(host, remote, key)
			errors.As(err, &refused)
			return err
		},
		HostKeyAlgorithms: algorithms,
		Timeout:           h.ConnectTimeout,
	})
	if !stop() && err == nil {
		err = errors.Join(context.Cause(ctx), conn.Close())
	}
	switch {
	case err == nil:
		return gossh.NewClient(conn, channels, requests), nil
	case refused != nil: // the library flattens the error
		err = refused
	case strings.Contains(err.Error(), "unable to authenticate"):
		err = &AuthError{User: h.User, Tried: login.tried}
	case strings.HasSuffix(err.Error(), "EOF"), errors.Is(err, syscall.ECONNRESET):
		err = &UnreachableError{errors.New("whoever listens there took the connection and ended it before SSH began (is it an SSH server, and has it room for one more login?)")}
	default:
		err = errors.New(strings.TrimPrefix(err.Error(), "ssh: handshake failed: "))
	}
	_ = raw.Close() // the handshake failed, there is nothing to lose
	return nil, err
}

// keepalive gives a peer up that has fallen silent, so that nobody waits for it for ever.
func (c *connection) keepalive(interval time.Duration) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	answers := make(chan struct{}, 1)
	missed, waiting := 0, false
	for {
		select {
		case <-c.dead:
			return
		case <-answers:
			missed, waiting = 0, false
		case <-ticker.C:
			if waiting {
				if missed++; missed >= keepaliveMisses {
					_ = c.close() // wakes everybody who waits for the dead peer
					return
				}
				continue
			}
			waiting = true
			go func() {
				// Any answer is a sign of life, also a refusal; a dead connection is seen by c.dead.
				if _, _, err := c.host().SendRequest("keepalive@openssh.com", true, nil); err == nil {
					answers <- struct{}{}
				}
			}()
		}
	}
}
