package receive

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/receive/inherit"
)

const (
	// handshakeTime is how long a TLS handshake may take.
	handshakeTime = 10 * time.Second
	// quietTime is how long a connection may be silent before it is left when the listener stops. What an exporter has sent is there, or
	// on its way.
	quietTime = 50 * time.Millisecond
	// acceptPause is how long accepting rests when the process or the machine has no room for a connection.
	acceptPause = 100 * time.Millisecond
)

// keepAlive finds peers that are gone without a word after two minutes.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: time.Minute, Interval: 15 * time.Second, Count: 4}

// StreamHandler takes what all connections of one listener receive. Its methods are never called at the same time: behind them is the
// state of exporters, which belongs to one goroutine at a time. Streams are few and their messages large, so that taking turns costs less
// than to hand messages to a goroutine of their own, which would need copies and a queue.
type StreamHandler interface {
	// Message takes one IPFIX message, header included, of a length that its header states. It is overwritten after the call. Session
	// is the connection's number. An error says that the message is malformed; after faultyMessages in a row the connection is closed.
	Message(message []byte, from netip.AddrPort, session uint32, received time.Time) error
	// End tells that no further message of a session will come. It is called once for each session that had one.
	End(session uint32)
	// Tick is called about once an interval, whether messages arrive or not, and once before Run returns.
	Tick(now time.Time)
}

// StreamOptions say what a listener for streams takes.
type StreamOptions struct {
	TLS            *tls.Config           // nil takes plain TCP
	MaxConnections int                   // open at once; 0 is 256. A quarter of them may be in their TLS handshake
	MaxPerAddress  int                   // of these, from one address; 0 is 16
	IdleTimeout    time.Duration         // closes a connection on which no message is completed for so long; 0 never does
	Interval       time.Duration         // time between two ticks; 0 is 250 ms
	Allow          func(netip.Addr) bool // asked right after accept, before TLS, by one goroutine; nil allows everybody
	Inherited      *inherit.Sockets      // where the listener comes from, and where it is kept; nil: nowhere
	Logger         *slog.Logger          // nil is slog.Default()
}

// StreamStats are figures of a listener since it was opened. Accepted = Connections + the sum of Closed.
type StreamStats struct {
	Connections int               // open now
	Accepted    uint64            // connections taken
	Refused     map[string]uint64 // connections closed at once, by cause: see refusal
	Closed      map[string]uint64 // connections that ended, by cause: see ending
	Messages    uint64            // messages handed to the handler
	Bytes       uint64            // their octets
}

// StreamListener takes IPFIX messages over TCP (RFC 7011 section 10.4) and TLS (section 11). Each connection has a goroutine and a buffer of
// 64 KiB, the longest message.
type StreamListener struct {
	listener *net.TCPListener
	local    netip.AddrPort
	options  StreamOptions
	logger   *slog.Logger
	grace    time.Duration   // stopTime, but in tests
	idle     atomic.Int64    // StreamOptions.IdleTimeout
	ofUnit   *inherit.Socket // kept to be given back; nil: it is not of a socket unit
	name     string          // in the keeping of systemd; empty: it is not there, or a socket unit's

	handling sync.Mutex // one call of the handler at a time

	mu        sync.Mutex
	open      map[*connection]struct{}
	ofAddress map[netip.Addr]int // how many of them; none of 0
	shaking   int                // how many of them are in their TLS handshake
	sessions  uint32

	accepted, messages, bytes atomic.Uint64

	refused  [refusals]atomic.Uint64
	refusing [refusals]sample
	closed   [endings]atomic.Uint64
	closings [endings]sample
	noFDs    sample
}

// ListenStream takes over the listener that systemd passed for address, or binds a TCP socket to it. Address is "ip:port" or "[ip]:port". An IPv6 socket
// takes IPv6 only (IPV6_V6ONLY). The error names the address and the reason.
func ListenStream(ctx context.Context, address string, o StreamOptions) (*StreamListener, error) {
	network, err := networkOf("tcp", address)
	if err != nil {
		return nil, err
	}
	if o.MaxConnections <= 0 {
		o.MaxConnections = defaultConnections
	}
	if o.MaxPerAddress <= 0 {
		o.MaxPerAddress = defaultPerAddress
	}
	if o.Interval <= 0 {
		o.Interval = defaultInterval
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	l := &StreamListener{options: o, grace: stopTime, open: make(map[*connection]struct{}), ofAddress: make(map[netip.Addr]int)}
	claimed := o.Inherited.Claim(inherit.TCP, netip.MustParseAddrPort(address))
	if l.listener, err = listener(ctx, network, address, claimed, o.Inherited); err != nil {
		return nil, fmt.Errorf("unable to listen on %s: %w", address, Reason(err))
	}
	if a, ok := l.listener.Addr().(*net.TCPAddr); ok {
		l.local = a.AddrPort()
	}
	l.idle.Store(int64(o.IdleTimeout))
	l.logger = o.Logger.With("listen", l.local.String())
	switch {
	case len(claimed) == 0:
		l.name = inherit.Name(inherit.TCP, l.local, 0)
		o.Inherited.Keep(l.listener, l.name)
	case claimed[0].Stored:
		l.name = claimed[0].Name
	default:
		l.ofUnit = claimed[0]
	}
	if len(claimed) > 0 {
		l.logger.Info("listening with a socket that systemd kept", "name", claimed[0].Name)
	}
	return l, nil
}

// listener makes one of the first socket that systemd passed for an address, or binds it. Where that fails, those of a socket unit are given back.
func listener(ctx context.Context, network, address string, claimed []*inherit.Socket, from *inherit.Sockets) (*net.TCPListener, error) {
	var nl net.Listener
	var err error
	if len(claimed) == 0 {
		var lc net.ListenConfig
		nl, err = lc.Listen(ctx, network, address)
	} else {
		nl, err = net.FileListener(claimed[0].File) // has a duplicate
		err = errors.Join(err, claimed[0].Check())
	}
	l, ok := nl.(*net.TCPListener)
	if err == nil && !ok {
		err = errors.New("not a TCP socket")
	}
	for i, c := range claimed {
		switch {
		case err != nil && !c.Stored:
			from.Return(c.File, c.Name, inherit.TCP, c.Local)
		case i > 0 || c.Stored: // the unit's socket is kept, to be given back
			_ = c.File.Close() // nothing was written to it
		}
	}
	if err != nil && nl != nil {
		err = errors.Join(err, nl.Close())
	}
	return l, err
}

// LocalAddr is the address the listener is bound to.
func (l *StreamListener) LocalAddr() netip.AddrPort { return l.local }

// Forget takes the listener out of the keeping of systemd, for an address that is not to be listened on any more: call Close too. That of
// a socket unit stays bound, and can be listened on again.
func (l *StreamListener) Forget() {
	if l.name != "" {
		l.options.Inherited.Forget(l.name)
	}
	if l.ofUnit != nil {
		l.options.Inherited.Return(l.ofUnit.File, l.ofUnit.Name, inherit.TCP, l.local)
		l.ofUnit = nil
	}
}

// Close stops accepting. A running Run leaves its connections and returns. A listener that systemd keeps stays bound: who connects then waits for the
// next process.
func (l *StreamListener) Close() error {
	var kept error
	if l.ofUnit != nil {
		kept = l.ofUnit.File.Close()
		l.ofUnit = nil
	}
	if err := l.listener.Close(); !errors.Is(err, net.ErrClosed) { // Run closes it too
		return errors.Join(kept, err)
	}
	return kept
}

// Stats reads the figures. It may be called from any goroutine.
func (l *StreamListener) Stats() StreamStats {
	l.mu.Lock()
	defer l.mu.Unlock() // connections come and go under it, with their counters
	s := StreamStats{
		Connections: len(l.open), Accepted: l.accepted.Load(), Messages: l.messages.Load(), Bytes: l.bytes.Load(),
		Refused: make(map[string]uint64, refusals), Closed: make(map[string]uint64, endings),
	}
	for r := range refusals {
		s.Refused[r.String()] = l.refused[r].Load()
	}
	for e := range endings {
		s.Closed[e.String()] = l.closed[e].Load()
	}
	return s
}

// Run hands messages to h until ctx ends or the listener fails. When ctx ends no further connection is taken, what exporters have sent is
// read until they are silent, for half a second at most, and Run returns nil.
func (l *StreamListener) Run(ctx context.Context, h StreamHandler) error {
	reading, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() {
		var connections sync.WaitGroup
		err := l.accept(reading, h, &connections)
		stop()
		connections.Wait()
		ended <- err
	}()

	ticker := time.NewTicker(l.options.Interval)
	defer ticker.Stop()
	stopping := reading.Done()
	var late <-chan time.Time
	for {
		l.tick(h)
		select {
		case <-ticker.C:
		case <-stopping:
			stopping = nil
			late = time.After(l.grace)
			_ = l.listener.Close() // ends accept; it may be closed already
			l.each(func(c *connection) { c.within(quietTime) })
		case <-late:
			l.each(func(c *connection) { _ = c.raw.Close() })
		case err := <-ended:
			l.tick(h)
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("unable to accept on %s: %w", l.local, Reason(err))
		}
	}
}

func (l *StreamListener) tick(h StreamHandler) {
	l.handling.Lock()
	defer l.handling.Unlock()
	h.Tick(time.Now())
}

// accept takes connections until the listener is closed or fails, and returns why.
func (l *StreamListener) accept(ctx context.Context, h StreamHandler, connections *sync.WaitGroup) error {
	for {
		raw, err := l.listener.AcceptTCP()
		switch {
		case err == nil:
			_ = raw.SetKeepAliveConfig(keepAlive) // fails only where the connection is over
			if c := l.admit(raw); c != nil {
				connections.Go(func() { c.serve(ctx, h) })
			}
		case noRoom(err):
			if n := l.noFDs.take(time.Now()); n > 0 {
				l.logger.Error("unable to accept connections", "error", Reason(err), "times", n)
			}
			select {
			case <-ctx.Done():
			case <-time.After(acceptPause):
			}
		default:
			return err
		}
	}
}

// noRoom tells the errors of accept(2) that pass.
func noRoom(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) ||
		errors.Is(err, syscall.ENOBUFS) || errors.Is(err, syscall.ENOMEM)
}

// session numbers a connection. A number comes again after four thousand million connections.
func (l *StreamListener) session() uint32 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sessions++; l.sessions == 0 {
		l.sessions = 1 // 0 stands for datagrams
	}
	return l.sessions
}

func (l *StreamListener) each(do func(*connection)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.open {
		do(c)
	}
}

// ended accounts for a connection that is over.
func (l *StreamListener) ended(c *connection, e ending, err error) {
	if e.orderly() {
		l.logger.Debug("connection ended", "from", c.from.String(), "cause", e.String())
	} else if n := l.closings[e].take(time.Now()); n > 0 {
		l.logger.Warn("connection closed", "from", c.from.String(), "cause", e.String(), "error", Reason(err), "connections", n)
	}
	l.leave(c, e)
}
