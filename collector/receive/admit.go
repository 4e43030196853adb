package receive

import (
	"net"
	"time"
)

const (
	// defaultConnections is how many connections are open at once when StreamOptions do not say, defaultPerAddress how many of one address.
	defaultConnections = 256
	defaultPerAddress  = 16
)

// refusal is why a connection is closed at once.
type refusal uint8

const (
	refusedAddress    refusal = iota // may not connect
	refusedFull                      // as many are open as may be
	refusedOfAddress                 // as many of its address are open as may be
	refusedHandshakes                // as many are in their TLS handshake as may be
	refusals
	admitted = refusals
)

// String is the name of the refusal in metrics.
func (r refusal) String() string {
	switch r {
	case refusedAddress:
		return "not_allowed"
	case refusedFull:
		return "too_many"
	case refusedOfAddress:
		return "too_many_of_address"
	case refusedHandshakes:
		return "handshakes"
	}
	return "unknown"
}

// reason is the refusal in words.
func (r refusal) Reason() string {
	switch r {
	case refusedAddress:
		return "the address is not allowed"
	case refusedFull:
		return "as many are open as may be"
	case refusedOfAddress:
		return "as many of its address are open as may be"
	case refusedHandshakes:
		return "as many are in their TLS handshake as may be"
	}
	return "unknown"
}

// handshakes is how many connections may be in their TLS handshake at once, when so many may be open: a quarter. Who connects and says
// nothing, or has no certificate, leaves room for those who prove who they are.
func handshakes(connections int) int { return max(1, connections/4) }

// admit makes a connection of an accepted socket, or closes it and returns nil.
func (l *StreamListener) admit(raw *net.TCPConn) *connection {
	c := &connection{listener: l, raw: raw}
	if a, ok := raw.RemoteAddr().(*net.TCPAddr); ok {
		c.from = a.AddrPort()
	}
	if r := l.enter(c); r != admitted {
		l.refused[r].Add(1)
		if n := l.refusing[r].take(time.Now()); n > 0 {
			l.logger.Warn("connection refused", "from", c.from.String(), "cause", r.String(), "reason", r.Reason(), "connections", n)
		}
		_ = raw.Close() // nothing was read or written that could be lost
		return nil
	}
	return c
}

// enter gives a connection its place among those that are open, or tells why there is none.
func (l *StreamListener) enter(c *connection) refusal {
	address := c.from.Addr().WithZone("") // no network has an address with one
	if l.options.Allow != nil && !l.options.Allow(address) {
		return refusedAddress
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case len(l.open) >= l.options.MaxConnections:
		return refusedFull
	case l.ofAddress[address] >= l.options.MaxPerAddress:
		return refusedOfAddress
	case l.options.TLS != nil && l.shaking >= handshakes(l.options.MaxConnections):
		return refusedHandshakes
	}
	if l.options.TLS != nil {
		l.shaking++ // until shaken
	}
	l.open[c] = struct{}{}
	l.ofAddress[address]++
	l.accepted.Add(1)
	return admitted
}

// shaken notes that a TLS handshake is over, whatever came of it.
func (l *StreamListener) shaken() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shaking--
}

// leave takes a connection from those that are open.
func (l *StreamListener) leave(c *connection, e ending) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, c)
	if address := c.from.Addr().WithZone(""); l.ofAddress[address] > 1 {
		l.ofAddress[address]--
	} else {
		delete(l.ofAddress, address)
	}
	l.closed[e].Add(1)
}
