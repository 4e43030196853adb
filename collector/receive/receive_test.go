package receive

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// recorder keeps copies of what a socket received.
type recorder struct {
	mu      sync.Mutex
	packets []string
	from    []netip.AddrPort
	ticks   int
	notify  chan struct{}
}

func newRecorder() *recorder { return &recorder{notify: make(chan struct{}, 1)} }

func (r *recorder) Packet(payload []byte, from netip.AddrPort, received time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if received.IsZero() {
		panic("no time of receipt")
	}
	r.packets = append(r.packets, string(payload))
	r.from = append(r.from, from)
	r.wake()
}

func (r *recorder) Tick(time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ticks++
	r.wake()
}

func (r *recorder) wake() {
	select {
	case r.notify <- struct{}{}:
	default:
	}
}

// until waits for a condition on the recorder, as long as the test may run.
func (r *recorder) until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for {
		r.mu.Lock()
		done := ok()
		r.mu.Unlock()
		if done {
			return
		}
		select {
		case <-r.notify:
		case <-t.Context().Done():
			t.Fatalf("ended while waiting for %s", what)
		}
	}
}

func listen(t *testing.T, address string, o Options) *Socket {
	t.Helper()
	s, err := Listen(t.Context(), address, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func run(t *testing.T, s *Socket, h Handler) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, h) }()
	var once sync.Once
	var err error
	stop = func() error {
		once.Do(func() { cancel(); err = <-done })
		return err
	}
	t.Cleanup(func() { _ = stop() })
	return stop
}

func dial(t *testing.T, to netip.AddrPort) *net.UDPConn {
	t.Helper()
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// loopbacks are the loopback addresses this machine has.
func loopbacks(t *testing.T) []string {
	t.Helper()
	list := []string{"127.0.0.1"}
	if s, err := Listen(t.Context(), "[::1]:0", Options{}); err == nil {
		list = append(list, "[::1]")
		_ = s.Close()
	} else {
		t.Logf("no ::1 on this machine: %v", err)
	}
	return list
}

func TestPacketsArriveWithSourceAndPayload(t *testing.T) {
	for _, host := range loopbacks(t) {
		t.Run(host, func(t *testing.T) {
			s := listen(t, host+":0", Options{})
			r := newRecorder()
			run(t, s, r)
			c := dial(t, s.LocalAddr())
			// From an empty datagram to the longest one IPv4 can carry.
			sizes := []int{0, 1, 24, 1400, 9000, 65507}
			want := make([]string, 0, len(sizes))
			for i, size := range sizes {
				p := bytes.Repeat([]byte{byte('a' + i)}, size)
				want = append(want, string(p))
				if _, err := c.Write(p); err != nil {
					t.Fatal(err)
				}
			}
			r.until(t, "all packets", func() bool { return len(r.packets) == len(want) })
			if !slices.Equal(r.packets, want) {
				t.Error("payloads differ from what was sent")
			}
			local := c.LocalAddr().(*net.UDPAddr).AddrPort()
			for _, from := range r.from {
				if from != local {
					t.Errorf("from %v, want %v", from, local)
				}
			}
			var octets uint64
			for _, p := range want {
				octets += uint64(len(p))
			}
			for s.Stats().Packets != uint64(len(want)) { // counted just after the batch was handed over
				if t.Context().Err() != nil {
					t.Fatalf("stats %+v", s.Stats())
				}
			}
			if st := s.Stats(); st.Bytes != octets || st.Drops != 0 {
				t.Errorf("stats %+v, want %d octets and no drops", st, octets)
			}
		})
	}
}

func TestIPv4AndIPv6ShareAPort(t *testing.T) {
	if len(loopbacks(t)) < 2 {
		t.Log("only IPv4 here: nothing to share")
		return
	}
	s4 := listen(t, "0.0.0.0:0", Options{})
	s6 := listen(t, fmt.Sprintf("[::]:%d", s4.LocalAddr().Port()), Options{})
	r4, r6 := newRecorder(), newRecorder()
	run(t, s4, r4)
	run(t, s6, r6)
	for _, to := range []string{"127.0.0.1", "::1"} {
		c := dial(t, netip.AddrPortFrom(netip.MustParseAddr(to), s4.LocalAddr().Port()))
		if _, err := c.Write([]byte(to)); err != nil {
			t.Fatal(err)
		}
	}
	r4.until(t, "the IPv4 packet", func() bool { return len(r4.packets) == 1 })
	r6.until(t, "the IPv6 packet", func() bool { return len(r6.packets) == 1 })
	if r4.packets[0] != "127.0.0.1" || !r4.from[0].Addr().Is4() {
		t.Errorf("IPv4 socket got %q from %v", r4.packets[0], r4.from[0])
	}
	if r6.packets[0] != "::1" || !r6.from[0].Addr().Is6() || r6.from[0].Addr().Is4In6() {
		t.Errorf("IPv6 socket got %q from %v", r6.packets[0], r6.from[0])
	}
}

func TestListenErrorsNameAddressAndReason(t *testing.T) {
	taken := listen(t, "127.0.0.1:0", Options{})
	for _, tt := range []struct{ address, want string }{
		{taken.LocalAddr().String(), "unable to listen on " + taken.LocalAddr().String() + ": address already in use"},
		{"192.0.2.1:2055", "unable to listen on 192.0.2.1:2055: cannot assign requested address"},
		{"localhost:2055", `unable to listen on "localhost:2055": not an IP address with a port`},
		{"", `unable to listen on "": not an IP address with a port`},
	} {
		s, err := Listen(t.Context(), tt.address, Options{})
		if err == nil {
			_ = s.Close()
			t.Errorf("%s: no error", tt.address)
			continue
		}
		if err.Error() != tt.want {
			t.Errorf("%s: error %q, want %q", tt.address, err, tt.want)
		}
	}
}

func TestSmallerBufferIsReported(t *testing.T) {
	var log bytes.Buffer
	s := listen(t, "127.0.0.1:0", Options{Buffer: 1 << 30, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	limit, err := os.ReadFile("/proc/sys/net/core/rmem_max")
	if err != nil {
		t.Fatal(err)
	}
	if got := strconv.Itoa(s.Buffer()); got != strings.TrimSpace(string(limit)) {
		t.Errorf("buffer %s, want the limit %s", got, limit)
	}
	for _, want := range []string{"asked_bytes=1073741824", fmt.Sprintf("given_bytes=%d", s.Buffer()), "net.core.rmem_max", s.LocalAddr().String()} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("log %q lacks %q", log.String(), want)
		}
	}
	log.Reset()
	if s := listen(t, "127.0.0.1:0", Options{Buffer: 64 << 10, Logger: slog.New(slog.NewTextHandler(&log, nil))}); s.Buffer() != 64<<10 || log.Len() != 0 {
		t.Errorf("buffer %d, log %q: want 65536 and silence", s.Buffer(), log.String())
	}
}

func TestDropsAreCounted(t *testing.T) {
	s := listen(t, "127.0.0.1:0", Options{Buffer: 4096})
	c := dial(t, s.LocalAddr())
	const sent = 500
	for range sent {
		if _, err := c.Write(make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
	}
	// Nobody read: the kernel has dropped all that did not fit, and says so before any further packet.
	drops := s.Stats().Drops
	if drops == 0 {
		t.Fatal("no drops counted")
	}
	r := newRecorder()
	stop := run(t, s, r)
	r.until(t, "what was kept", func() bool { return uint64(len(r.packets)) == sent-drops })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if st := s.Stats(); st.Packets+st.Drops != sent {
		t.Errorf("%+v do not add up to %d sent", st, sent)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if st := s.Stats(); st.Drops != drops {
		t.Errorf("%d drops after close, want %d", st.Drops, drops)
	}
}

func TestTicksWithoutPackets(t *testing.T) {
	s := listen(t, "127.0.0.1:0", Options{Interval: time.Millisecond})
	r := newRecorder()
	run(t, s, r)
	r.until(t, "ticks", func() bool { return r.ticks > 5 })
}

func TestStopReadsWhatTheKernelHolds(t *testing.T) {
	s := listen(t, "127.0.0.1:0", Options{Interval: time.Hour, Buffer: 1 << 20})
	c := dial(t, s.LocalAddr())
	for i := range 200 {
		if _, err := fmt.Fprint(c, i); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := newRecorder()
	if err := s.Run(ctx, r); err != nil {
		t.Fatal(err)
	}
	if len(r.packets) != 200 || r.packets[199] != "199" {
		t.Errorf("%d packets read at the end, want 200", len(r.packets))
	}
	if r.ticks < 2 {
		t.Error("no tick after the last packet")
	}
}

func TestRunEndsWithTheSocket(t *testing.T) {
	s := listen(t, "127.0.0.1:0", Options{})
	r := newRecorder()
	done := make(chan error, 1)
	go func() { done <- s.Run(t.Context(), r) }()
	r.until(t, "the first tick", func() bool { return r.ticks > 0 })
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err == nil || !strings.Contains(err.Error(), s.LocalAddr().String()) {
		t.Errorf("error %v, want one that names the address", err)
	}
}

type discard struct{ octets int }

func (d *discard) Packet(p []byte, _ netip.AddrPort, _ time.Time) { d.octets += len(p) }
func (d *discard) Tick(time.Time)                                 {}

func TestReceiveAllocatesNothing(t *testing.T) {
	for _, host := range loopbacks(t) {
		s := listen(t, host+":0", Options{})
		c := dial(t, s.LocalAddr())
		b := newBatch(batchSize, packetSize)
		d := &discard{}
		payload := make([]byte, 1400)
		if n := testing.AllocsPerRun(100, func() {
			if _, err := c.Write(payload); err != nil {
				t.Fatal(err)
			}
			n, err := b.read(s.raw)
			if err != nil {
				t.Fatal(err)
			}
			s.deliver(b, n, d)
		}); n != 0 {
			t.Errorf("%s: %v allocations a packet, want 0", host, n)
		}
	}
}

func TestRetry(t *testing.T) {
	for err, want := range map[error]bool{
		os.ErrDeadlineExceeded: true, unix.EINTR: true, unix.ENOBUFS: true, unix.ENOMEM: true,
		net.ErrClosed: false, unix.EBADF: false, syscall.EIO: false,
	} {
		if retry(err) != want {
			t.Errorf("retry(%v) is not %v", err, want)
		}
	}
}
