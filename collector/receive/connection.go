package receive

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"time"
)

// faultyMessages is how many malformed messages in a row are the mark of an exporter that malfunctions and is not listened to any longer
// (RFC 7011 section 9.1).
const faultyMessages = 16

// ending is why a connection is over.
type ending uint8

const (
	endedByPeer    ending = iota // closed by the exporter, between two messages
	endedByStop                  // the listener stops
	endedIdle                    // no message was completed for too long
	endedCut                     // broken, or closed within a message
	endedHandshake               // no TLS, or no certificate that is accepted
	endedFraming                 // no IPFIX message where one must begin: the stream cannot be followed any further
	endedFaulty                  // too many malformed messages in a row
	endings
)

// String is the name of the ending in metrics.
func (e ending) String() string {
	switch e {
	case endedByPeer:
		return "ended"
	case endedByStop:
		return "stopped"
	case endedIdle:
		return "idle"
	case endedCut:
		return "cut"
	case endedHandshake:
		return "handshake"
	case endedFraming:
		return "framing"
	case endedFaulty:
		return "malformed"
	}
	return "unknown"
}

// orderly tells the endings that nobody need look at.
func (e ending) orderly() bool { return e == endedByPeer || e == endedByStop }

// connection is one exporter's transport session.
type connection struct {
	listener *StreamListener
	raw      *net.TCPConn // below TLS
	from     netip.AddrPort
}

// serve reads the connection to its end, in a goroutine of its own.
func (c *connection) serve(ctx context.Context, h StreamHandler) {
	stream, err := c.handshake(ctx)
	e := endedHandshake
	if err == nil {
		e, err = c.read(ctx, h, stream)
	}
	_ = stream.Close() // it is over, in order or not
	c.listener.ended(c, e, err)
}

// within gives the peer so long for what is expected of it: octets to read, and room for what TLS writes.
func (c *connection) within(d time.Duration) {
	_ = c.raw.SetDeadline(time.Now().Add(d)) // on a connection that is closed, the next read says so
}

// expect is within, but no longer than quietTime when the listener stops.
func (c *connection) expect(ctx context.Context, d time.Duration) {
	if d > 0 {
		c.within(d)
	} else {
		_ = c.raw.SetDeadline(time.Time{})
	}
	// After the deadline was set: otherwise it could hide the one that stops the reader.
	if ctx.Err() != nil {
		c.within(quietTime)
	}
}

// handshake returns the stream of messages: the connection itself, or what TLS makes of it.
func (c *connection) handshake(ctx context.Context) (net.Conn, error) {
	if c.listener.options.TLS == nil {
		return c.raw, nil
	}
	defer c.listener.shaken()
	stream := tls.Server(c.raw, c.listener.options.TLS)
	c.expect(ctx, handshakeTime)
	// The deadline ends it, also when the listener stops.
	return stream, stream.HandshakeContext(context.WithoutCancel(ctx))
}

// read hands the messages of a connection to h and returns why there are no more.
func (c *connection) read(ctx context.Context, h StreamHandler, stream io.Reader) (ending, error) {
	session := c.listener.session()
	c.listener.logger.Debug("connection opened", "from", c.from.String(), "session", session)
	m := newMessages(stream)
	used, faulty := false, 0
	defer func() {
		if used {
			c.listener.handling.Lock()
			defer c.listener.handling.Unlock()
			h.End(session)
		}
	}()
	for {
		c.expect(ctx, time.Duration(c.listener.idle.Load()))
		message, err := m.next()
		if ctx.Err() != nil && errors.Is(err, os.ErrDeadlineExceeded) && m.partial() {
			c.within(c.listener.grace) // to complete the message in hand
			message, err = m.next()
		}
		if err != nil {
			return c.judge(ctx, m, err), err
		}
		used = true
		if err = c.hand(h, message, session); err == nil {
			faulty = 0
		} else if faulty++; faulty == faultyMessages {
			return endedFaulty, fmt.Errorf("%d malformed messages in a row, the last: %w", faulty, err)
		}
	}
}

func (c *connection) hand(h StreamHandler, message []byte, session uint32) error {
	l := c.listener
	l.handling.Lock()
	defer l.handling.Unlock()
	l.messages.Add(1)
	l.bytes.Add(uint64(len(message)))
	return h.Message(message, c.from, session, time.Now())
}

// judge tells why a stream could not be read any further.
func (c *connection) judge(ctx context.Context, m *messages, err error) ending {
	var framing *framingError
	switch {
	case errors.As(err, &framing):
		return endedFraming
	case errors.Is(err, io.EOF):
		return endedByPeer
	case m.partial():
		return endedCut
	case ctx.Err() != nil:
		return endedByStop
	case errors.Is(err, os.ErrDeadlineExceeded):
		return endedIdle
	}
	return endedCut
}
