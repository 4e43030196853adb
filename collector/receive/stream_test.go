package receive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// streamRecorder keeps copies of what a listener handed over.
type streamRecorder struct {
	busy atomic.Bool // a call is going on

	mu       sync.Mutex
	received map[uint32][]string // by session
	from     map[uint32]netip.AddrPort
	over     []uint32
	ticks    int
	fault    error
}

func newStreamRecorder() *streamRecorder {
	return &streamRecorder{received: map[uint32][]string{}, from: map[uint32]netip.AddrPort{}}
}

func (r *streamRecorder) enter() (leave func()) {
	if !r.busy.CompareAndSwap(false, true) {
		panic("two calls of the handler at the same time")
	}
	r.mu.Lock()
	return func() { r.mu.Unlock(); r.busy.Store(false) }
}

func (r *streamRecorder) Message(message []byte, from netip.AddrPort, session uint32, received time.Time) error {
	defer r.enter()()
	if received.IsZero() || session == 0 || slices.Contains(r.over, session) {
		panic("no time, no session, or a message after its end")
	}
	r.received[session] = append(r.received[session], string(message))
	r.from[session] = from
	return r.fault
}

func (r *streamRecorder) End(session uint32) {
	defer r.enter()()
	r.over = append(r.over, session)
}

func (r *streamRecorder) Tick(time.Time) {
	defer r.enter()()
	r.ticks++
}

// total is how many messages arrived so far.
func (r *streamRecorder) total() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, m := range r.received {
		n += len(m)
	}
	return n
}

func (r *streamRecorder) ticked() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ticks
}

// fail sets what Message returns from now on.
func (r *streamRecorder) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fault = err
}

// eventually waits for a condition as long as the test may run.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for !ok() {
		if t.Context().Err() != nil {
			t.Fatalf("ended while waiting for %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// syncLog collects the log lines of several goroutines.
type syncLog struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *syncLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *syncLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// streams is a listener that runs.
type streams struct {
	*StreamListener
	*streamRecorder
	log  *syncLog
	stop func() error
}

// listenStream runs a listener on loopback, and holds it to leave no goroutine behind.
func listenStream(t *testing.T, o StreamOptions) *streams {
	t.Helper()
	before := runtime.NumGoroutine()
	log := &syncLog{}
	o.Logger = slog.New(slog.NewTextHandler(log, nil))
	l, err := ListenStream(t.Context(), "127.0.0.1:0", o)
	if err != nil {
		t.Fatal(err)
	}
	s := &streams{StreamListener: l, streamRecorder: newStreamRecorder(), log: log}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx, s.streamRecorder) }()
	var once sync.Once
	s.stop = func() error {
		once.Do(func() { cancel(); err = <-done })
		return err
	}
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
		for runtime.NumGoroutine() > before { // for ever, if one is left: the runtime then shows which
			time.Sleep(time.Millisecond)
		}
		st := l.Stats()
		var closed uint64
		for _, n := range st.Closed {
			closed += n
		}
		if st.Connections != 0 || st.Accepted != closed || len(l.ofAddress) != 0 || l.shaking != 0 {
			t.Errorf("connections are not accounted for: %+v, by address %v, %d in their handshake", st, l.ofAddress, l.shaking)
		}
	})
	return s
}

func (s *streams) dial(t *testing.T) *net.TCPConn {
	t.Helper()
	return s.dialFrom(t, "127.0.0.1")
}

func (s *streams) dialFrom(t *testing.T, address string) *net.TCPConn {
	t.Helper()
	c, err := net.DialTCP("tcp", &net.TCPAddr{IP: net.ParseIP(address)}, net.TCPAddrFromAddrPort(s.LocalAddr()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func write(t *testing.T, c io.Writer, octets ...[]byte) {
	t.Helper()
	for _, b := range octets {
		if _, err := c.Write(b); err != nil {
			t.Fatal(err)
		}
	}
}

// closed waits for the collector to close a connection.
func closed(t *testing.T, c net.Conn) {
	t.Helper()
	if n, err := c.Read(make([]byte, 1)); err == nil {
		t.Errorf("%d octets from the collector", n)
	}
}

func TestStreamMessagesSplitAtEveryBoundary(t *testing.T) {
	s := listenStream(t, StreamOptions{})
	first, second := ipfix(20, 'a'), ipfix(33, 'b')
	stream := append(bytes.Clone(first), second...)
	for cut := range stream {
		c := s.dial(t)
		write(t, c, stream[:cut])
		if cut >= len(first) { // what is complete is handed over though more is to come
			eventually(t, "the first message", func() bool { return s.total() == 2*cut+1 })
		}
		write(t, c, stream[cut:])
		eventually(t, "both messages", func() bool { return s.total() == 2*cut+2 })
		session := uint32(cut + 1)
		if got := s.received[session]; !slices.Equal(got, []string{string(first), string(second)}) {
			t.Errorf("cut at %d: %q", cut, got)
		}
		if from := s.from[session]; from != c.LocalAddr().(*net.TCPAddr).AddrPort() {
			t.Errorf("from %v, want %v", from, c.LocalAddr())
		}
		_ = c.Close()
		eventually(t, "the end", func() bool { return s.Stats().Closed["ended"] == uint64(session) })
	}
	if st := s.Stats(); st.Messages != uint64(2*len(stream)) || st.Bytes != uint64(len(stream)*len(stream)) || len(s.over) != len(stream) {
		t.Errorf("%+v, %d sessions ended", st, len(s.over))
	}
	if log := s.log.String(); log != "" {
		t.Errorf("log:\n%s", log)
	}
}

func TestStreamManyMessagesInOneSegment(t *testing.T) {
	s := listenStream(t, StreamOptions{})
	var stream []byte
	var want []string
	for i := range 200 {
		m := ipfix(16+i, byte(i))
		stream = append(stream, m...)
		want = append(want, string(m))
	}
	longest := ipfix(65535, 'z') // more than one segment
	write(t, s.dial(t), append(stream, longest...))
	eventually(t, "all", func() bool { return s.total() == 201 })
	if !slices.Equal(s.received[1], append(want, string(longest))) {
		t.Error("messages differ from what was sent")
	}
}

func TestStreamConnectionsTakeTurns(t *testing.T) {
	s := listenStream(t, StreamOptions{Interval: time.Millisecond, MaxPerAddress: 20})
	var senders sync.WaitGroup
	for i := range 20 {
		c := s.dial(t)
		senders.Go(func() {
			for n := range 100 {
				if _, err := c.Write(ipfix(16+n, byte(i))); err != nil {
					t.Error(err)
				}
			}
			_ = c.Close()
		})
	}
	senders.Wait()
	eventually(t, "all sessions to end", func() bool { return s.Stats().Closed["ended"] == 20 })
	if len(s.received) != 20 || len(s.over) != 20 {
		t.Fatalf("%d sessions, %d ended", len(s.received), len(s.over))
	}
	for session, messages := range s.received {
		for n, m := range messages {
			if len(m) != 16+n || m[4] != messages[0][4] {
				t.Errorf("session %d: message %d has %d octets of sender %d", session, n, len(m), m[4])
			}
		}
	}
	eventually(t, "ticks", func() bool { return s.ticked() > 3 })
}

func TestStreamEndings(t *testing.T) {
	good := ipfix(20, 'a')
	for cause, test := range map[string]struct {
		send   []byte
		leave  bool // the exporter closes the connection
		change func(*StreamOptions)
		log    string
	}{
		"ended":             {good, true, nil, ""},
		"framing version":   {append(bytes.Clone(good), ipfix5...), false, nil, "offset 20: version 5 where 10 must be"},
		"framing length":    {append(bytes.Clone(good), 0, 10, 0, 3), false, nil, "offset 20: length 3 of a message"},
		"cut":               {append(bytes.Clone(good), ipfix(65535, 'b')[:60000]...), true, nil, "unexpected EOF"},
		"cut in the header": {append(bytes.Clone(good), 0, 10), true, nil, "unexpected EOF"},
		"idle":              {good, false, func(o *StreamOptions) { o.IdleTimeout = 50 * time.Millisecond }, "i/o timeout"},
		"cut by idleness":   {append(bytes.Clone(good), 0, 10, 0), false, func(o *StreamOptions) { o.IdleTimeout = 50 * time.Millisecond }, "i/o timeout"},
	} {
		t.Run(cause, func(t *testing.T) {
			var o StreamOptions
			if test.change != nil {
				test.change(&o)
			}
			s := listenStream(t, o)
			c := s.dial(t)
			write(t, c, test.send)
			if test.leave {
				_ = c.Close()
			} else {
				closed(t, c)
			}
			cause, _, _ := strings.Cut(cause, " ")
			eventually(t, cause, func() bool { return s.Stats().Closed[cause] == 1 })
			if got := s.received[1]; len(got) != 1 || got[0] != string(good) || !slices.Equal(s.over, []uint32{1}) {
				t.Errorf("%d messages; sessions that ended: %v", len(got), s.over)
			}
			if log := s.log.String(); test.log == "" && log != "" || !strings.Contains(log, test.log) {
				t.Errorf("log:\n%s\nwant %s", log, test.log)
			}
		})
	}
}

// ipfix5 begins as a NetFlow v5 packet does.
var ipfix5 = []byte{0, 5, 0, 30, 0, 0, 0, 0}

func TestStreamSessionWithoutMessagesHasNoEnd(t *testing.T) {
	s := listenStream(t, StreamOptions{})
	c := s.dial(t)
	write(t, c, ipfix5)
	closed(t, c)
	eventually(t, "the close", func() bool { return s.Stats().Closed["framing"] == 1 })
	if len(s.over) != 0 {
		t.Errorf("the end of session %v, of which the handler knows nothing", s.over)
	}
}

func TestStreamFromAMalfunctioningExporterIsClosed(t *testing.T) {
	s := listenStream(t, StreamOptions{})
	malformed := errors.New("a set is longer than its message")
	s.fail(malformed)
	c := s.dial(t)
	for range faultyMessages - 1 {
		write(t, c, ipfix(16, 'a'))
	}
	eventually(t, "the messages before the limit", func() bool { return s.total() == faultyMessages-1 })
	s.fail(nil)
	write(t, c, ipfix(16, 'a')) // one good message, and it starts anew
	eventually(t, "a good one", func() bool { return s.total() == faultyMessages })
	s.fail(malformed)
	for range faultyMessages {
		write(t, c, ipfix(16, 'a'))
	}
	closed(t, c)
	eventually(t, "the close", func() bool { return s.Stats().Closed["malformed"] == 1 })
	if n := s.total(); n != 2*faultyMessages {
		t.Errorf("%d messages", n)
	}
	if want := "16 malformed messages in a row, the last: a set is longer"; !strings.Contains(s.log.String(), want) {
		t.Errorf("log:\n%s", s.log)
	}
}

func TestStreamConnectionsAreBounded(t *testing.T) {
	s := listenStream(t, StreamOptions{MaxConnections: 2})
	first, second := s.dial(t), s.dial(t)
	write(t, first, ipfix(16, 'a'))
	write(t, second, ipfix(16, 'b'))
	eventually(t, "both", func() bool { return s.total() == 2 })
	for range 100 {
		closed(t, s.dial(t))
	}
	if st := s.Stats(); st.Refused["too_many"] != 100 || st.Connections != 2 || st.Accepted != 2 {
		t.Errorf("%+v", st)
	}
	if n := strings.Count(s.log.String(), "as many are open as may be"); n != 1 {
		t.Errorf("%d lines for 100 connections:\n%s", n, s.log)
	}
	_ = first.Close()
	eventually(t, "room", func() bool { return s.Stats().Connections == 1 })
	write(t, s.dial(t), ipfix(16, 'c'))
	write(t, second, ipfix(16, 'b'))
	eventually(t, "both", func() bool { return s.total() == 4 })
}

// One peer that connects and says nothing must not keep the others out.
func TestStreamConnectionsOfOneAddressAreBounded(t *testing.T) {
	s := listenStream(t, StreamOptions{MaxConnections: 4, MaxPerAddress: 2})
	first := s.dialFrom(t, "127.0.0.1")
	s.dialFrom(t, "127.0.0.1")
	for range 100 {
		closed(t, s.dialFrom(t, "127.0.0.1"))
	}
	write(t, s.dialFrom(t, "127.0.0.2"), ipfix(16, 'a'))
	eventually(t, "another address's message", func() bool { return s.total() == 1 })
	if st := s.Stats(); st.Refused["too_many_of_address"] != 100 || st.Refused["too_many"] != 0 || st.Connections != 3 || st.Accepted != 3 {
		t.Errorf("%+v", st)
	}
	if log := s.log.String(); strings.Count(log, "as many of its address are open as may be") != 1 || !strings.Contains(log, "cause=too_many_of_address") {
		t.Errorf("log of 100 connections:\n%s", log)
	}
	_ = first.Close()
	eventually(t, "room", func() bool { return s.Stats().Connections == 2 })
	write(t, s.dialFrom(t, "127.0.0.1"), ipfix(16, 'b'))
	eventually(t, "the message of a new connection", func() bool { return s.total() == 2 })
}

func TestStreamFromAnAddressThatIsNotAllowed(t *testing.T) {
	var asked []netip.Addr
	s := listenStream(t, StreamOptions{Allow: func(a netip.Addr) bool { asked = append(asked, a); return len(asked) > 1 }})
	closed(t, s.dial(t))
	write(t, s.dial(t), ipfix(16, 'a'))
	eventually(t, "the message", func() bool { return s.total() == 1 })
	loopback := netip.MustParseAddr("127.0.0.1")
	if st := s.Stats(); st.Refused["not_allowed"] != 1 || st.Accepted != 1 || !slices.Equal(asked, []netip.Addr{loopback, loopback}) {
		t.Errorf("%+v, asked for %v", st, asked)
	}
	if !strings.Contains(s.log.String(), "the address is not allowed") {
		t.Errorf("log:\n%s", s.log)
	}
}

func TestStreamStopReadsWhatWasSent(t *testing.T) {
	s := listenStream(t, StreamOptions{})
	c := s.dial(t)
	write(t, c, ipfix(16, 'a'))
	eventually(t, "the connection", func() bool { return s.total() == 1 })
	for i := range 500 {
		write(t, c, ipfix(100, byte(i)))
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	if s.total() != 501 || s.Stats().Closed["stopped"] != 1 || len(s.over) != 1 {
		t.Errorf("%d messages, %+v", s.total(), s.Stats())
	}
	closed(t, c)
	if log := s.log.String(); log != "" {
		t.Errorf("log:\n%s", log)
	}
}

// stopping begins the stop of a listener and waits until it takes no more connections.
func (s *streams) stopping(t *testing.T) (done chan error) {
	t.Helper()
	done = make(chan error, 1)
	go func() { done <- s.stop() }()
	eventually(t, "the listener to close", func() bool {
		c, err := net.DialTCP("tcp", nil, net.TCPAddrFromAddrPort(s.LocalAddr()))
		if err == nil {
			_ = c.Close()
		}
		return errors.Is(err, syscall.ECONNREFUSED)
	})
	return done
}

func TestStreamStopWaitsForTheMessageInHand(t *testing.T) {
	s := listenStream(t, StreamOptions{})
	s.grace = time.Hour
	s.stopWithinMessage(t, s.dial(t))
}

// stopWithinMessage stops the listener while one message of a connection is there in part, and holds that all of it is still taken.
func (s *streams) stopWithinMessage(t *testing.T, c net.Conn) {
	t.Helper()
	message := ipfix(40000, 'a')
	write(t, c, ipfix(16, 'a'), message[:30000])
	eventually(t, "the connection", func() bool { return s.total() == 1 })
	done := s.stopping(t)
	time.Sleep(2 * quietTime) // longer than a connection may be silent that owes nothing
	write(t, c, message[30000:])
	if err := <-done; err != nil {
		t.Error(err)
	}
	if got := s.received[1]; len(got) != 2 || got[1] != string(message) {
		t.Errorf("%d messages", len(got))
	}
}

func TestStreamStopDoesNotWaitForEver(t *testing.T) {
	s := listenStream(t, StreamOptions{IdleTimeout: time.Hour})
	s.grace = 2 * quietTime
	busy, slow := s.dial(t), s.dial(t)
	write(t, slow, ipfix(16, 'a')[:15])
	var sender sync.WaitGroup
	sender.Go(func() {
		for m := ipfix(1000, 'b'); ; {
			if _, err := busy.Write(m); err != nil {
				return
			}
		}
	})
	eventually(t, "messages", func() bool { return s.total() > 0 && s.Stats().Connections == 2 })
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	sender.Wait()
}

func TestStreamListenerThatFails(t *testing.T) {
	l, err := ListenStream(t.Context(), "127.0.0.1:0", StreamOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r := newStreamRecorder()
	done := make(chan error, 1)
	go func() { done <- l.Run(t.Context(), r) }()
	eventually(t, "the first tick", func() bool { return r.ticked() > 0 })
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	want := "unable to accept on " + l.LocalAddr().String() + ": use of closed network connection"
	if err := <-done; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	if err := l.Close(); err != nil {
		t.Errorf("closed once more: %v", err)
	}
}

func TestListenStreamErrorsNameAddressAndReason(t *testing.T) {
	taken, err := ListenStream(t.Context(), "127.0.0.1:0", StreamOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	for address, want := range map[string]string{
		taken.LocalAddr().String(): "unable to listen on " + taken.LocalAddr().String() + ": address already in use",
		"192.0.2.1:4739":           "unable to listen on 192.0.2.1:4739: cannot assign requested address",
		"localhost:4739":           `unable to listen on "localhost:4739": not an IP address with a port`,
	} {
		l, err := ListenStream(t.Context(), address, StreamOptions{})
		if err == nil {
			_ = l.Close()
			t.Errorf("%s: no error", address)
		} else if err.Error() != want {
			t.Errorf("%s: error %q, want %q", address, err, want)
		}
	}
}

func TestStreamOverIPv6(t *testing.T) {
	if len(loopbacks(t)) < 2 {
		return // said by loopbacks
	}
	// The same port is free for IPv4, unless some other program has just this one.
	var l *StreamListener
	for attempt := 1; ; attempt++ {
		var err error
		if l, err = ListenStream(t.Context(), "[::]:0", StreamOptions{}); err != nil {
			t.Fatal(err)
		}
		four, err := ListenStream(t.Context(), fmt.Sprintf("0.0.0.0:%d", l.LocalAddr().Port()), StreamOptions{})
		if err == nil {
			_ = four.Close()
			break
		}
		_ = l.Close()
		if attempt == 10 {
			t.Fatal(err)
		}
	}
	defer func() { _ = l.Close() }()
	r := newStreamRecorder()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx, r) }()
	c, err := net.DialTCP("tcp", nil, &net.TCPAddr{IP: net.IPv6loopback, Port: int(l.LocalAddr().Port())})
	if err != nil {
		t.Fatal(err)
	}
	write(t, c, ipfix(16, 'a'))
	eventually(t, "the message", func() bool { return r.total() == 1 })
	_ = c.Close()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if from := r.from[1]; from != c.LocalAddr().(*net.TCPAddr).AddrPort() || !from.Addr().Is6() {
		t.Errorf("from %v", from)
	}
}

func TestSessionsAreNeverZero(t *testing.T) {
	l := &StreamListener{sessions: math.MaxUint32 - 1}
	if a, b := l.session(), l.session(); a != math.MaxUint32 || b != 1 {
		t.Errorf("sessions %d and %d", a, b)
	}
}

func TestNoRoom(t *testing.T) {
	for err, want := range map[error]bool{
		syscall.EMFILE: true, syscall.ENFILE: true, syscall.ENOBUFS: true, syscall.ENOMEM: true,
		net.ErrClosed: false, syscall.EBADF: false, os.ErrDeadlineExceeded: false,
	} {
		if noRoom(&net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", err)}) != want {
			t.Errorf("noRoom(%v) is not %v", err, want)
		}
	}
}

type discardStream struct{ octets int }

func (d *discardStream) Message(m []byte, _ netip.AddrPort, _ uint32, _ time.Time) error {
	d.octets += len(m)
	return nil
}
func (d *discardStream) End(uint32)     {}
func (d *discardStream) Tick(time.Time) {}

func TestStreamAllocatesNothing(t *testing.T) {
	l, err := ListenStream(t.Context(), "127.0.0.1:0", StreamOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	sender, err := net.DialTCP("tcp", nil, net.TCPAddrFromAddrPort(l.LocalAddr()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sender.Close() }()
	raw, err := l.listener.AcceptTCP()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = raw.Close() }()
	c := &connection{listener: l, raw: raw}
	m, d, message := newMessages(raw), &discardStream{}, ipfix(1400, 'a')
	if n := testing.AllocsPerRun(100, func() {
		write(t, sender, message)
		c.expect(t.Context(), time.Hour)
		got, err := m.next()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.hand(d, got, 1); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a message, want 0", n)
	}
	if d.octets != 101*1400 {
		t.Errorf("%d octets", d.octets)
	}
}
