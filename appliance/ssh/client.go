package ssh

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"

	gossh "golang.org/x/crypto/ssh"
)

// Client is a host that programs can be run on. It connects when it is first used, and again after the connection was lost. It is safe
// for concurrent use.
type Client struct {
	way      []hop
	sessions *places // for commands
	forwards *places // for connections through the host, which its sshd does not count as sessions

	turn chan struct{} // held to read and change what is below; a channel, so that waiting ends with a context
	conn *connection   // nil: not connected
	sudo *sudo         // how to become root on this connection; nil: not asked yet

	asking chan struct{} // held while sudo is asked

	closed     atomic.Bool
	handshakes atomic.Int64
	commands   atomic.Int64
}

// ErrClosed is the error of using a Client after Close.
var ErrClosed = errors.New("the connection was closed")

// LinkError means that the connection was lost while something was under way. Whether it took effect is not known.
type LinkError struct {
	Host, Doing string
	Cause       error
}

func (e *LinkError) Error() string {
	return fmt.Sprintf("the connection to %s was lost while %s was running: %v", e.Host, e.Doing, e.Cause)
}

// Unwrap returns the cause.
func (e *LinkError) Unwrap() error { return e.Cause }

// New checks a configuration. It does not connect. The error is a *ConfigError.
func New(config Config) (*Client, error) {
	way, err := config.hops()
	if err != nil {
		return nil, err
	}
	most := config.withDefaults().MaxSessions
	return &Client{
		way:      way,
		sessions: newPlaces(most),
		forwards: newPlaces(most),
		turn:     make(chan struct{}, 1),
		asking:   make(chan struct{}, 1),
	}, nil
}

// Address is the host and port that the client connects to.
func (c *Client) Address() string { return c.way[len(c.way)-1].address() }

func (c *Client) user() string { return c.way[len(c.way)-1].User }

// Stats are figures of a client since it was made.
type Stats struct {
	Handshakes int64 // connections made
	Commands   int64 // commands started by Run
}

// Stats returns the figures.
func (c *Client) Stats() Stats { return Stats{c.handshakes.Load(), c.commands.Load()} }

// Close ends the connection. Commands that run fail.
func (c *Client) Close() error {
	c.closed.Store(true)
	c.turn <- struct{}{}
	defer c.unlock()
	if c.conn == nil {
		return nil
	}
	conn := c.conn
	c.conn = nil
	return conn.close()
}

// lock takes the turn, unless ctx ends first.
func (c *Client) lock(ctx context.Context) error {
	select {
	case c.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (c *Client) unlock() { <-c.turn }

// Connect connects, unless that was done already. It runs nothing on the host.
func (c *Client) Connect(ctx context.Context) error {
	_, err := c.connected(ctx)
	return err
}

// connected returns a living connection. Whoever comes while it is being made waits for it.
func (c *Client) connected(ctx context.Context) (*connection, error) {
	if err := c.lock(ctx); err != nil {
		return nil, err
	}
	defer c.unlock()
	if c.closed.Load() {
		return nil, ErrClosed
	}
	if c.conn != nil && c.conn.alive() {
		return c.conn, nil
	}
	if c.conn != nil {
		_ = c.conn.close() // dead already; this frees the bastions
		c.conn = nil
	}
	conn, err := connect(ctx, c.way)
	if err != nil {
		return nil, err
	}
	c.handshakes.Add(1)
	c.conn, c.sudo = conn, nil
	return conn, nil
}

// open starts something on the connection, once more on a new one when the old one turns out to be dead: nothing has begun yet.
func open[T any](ctx context.Context, c *Client, start func(*connection) (T, error)) (T, error) {
	var none T
	for again := false; ; again = true {
		conn, err := c.connected(ctx)
		if err != nil {
			return none, err
		}
		t, err := start(conn)
		if err == nil {
			return t, nil
		}
		var refused *gossh.OpenChannelError
		if again || errors.As(err, &refused) || ctx.Err() != nil {
			return none, err
		}
		_ = conn.close()
		<-conn.dead
	}
}

// DialContext connects to an address as seen from the host, through the SSH connection: "tcp" with host:port, or "unix" with a path.
// The connection has no deadlines; close it to end a call.
func (c *Client) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if err := c.forwards.take(ctx); err != nil {
		return nil, err
	}
	conn, err := open(ctx, c, func(conn *connection) (net.Conn, error) { return conn.host().DialContext(ctx, network, address) })
	if err != nil {
		c.forwards.leave()
		return nil, fmt.Errorf("unable to reach %s from %s: %w", address, c.Address(), err)
	}
	return &forwarded{Conn: conn, release: c.forwards.leave}, nil
}

// forwarded gives its place back when it is closed.
type forwarded struct {
	net.Conn
	release func()
	once    atomic.Bool
}

// Close implements net.Conn.
func (f *forwarded) Close() error {
	if f.once.CompareAndSwap(false, true) {
		defer f.release()
	}
	return f.Conn.Close()
}
