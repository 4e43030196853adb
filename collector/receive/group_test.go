package receive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/flowstack/terraform-provider-flowstack/collector/receive/inherit"
	"github.com/flowstack/terraform-provider-flowstack/collector/receive/inherit/inherittest"
)

// manager is a stand-in for systemd that processes of this test may store sockets with.
func manager(t *testing.T) *inherittest.Manager {
	t.Helper()
	m := inherittest.New(t)
	t.Setenv("NOTIFY_SOCKET", m.Path())
	return m
}

// passed are the sockets that a new process would be given.
func passed(t *testing.T, m *inherittest.Manager, logger *slog.Logger) *inherit.Sockets {
	t.Helper()
	files, err := m.Stored()
	if err != nil {
		t.Fatal(err)
	}
	return inherit.New(files, logger)
}

// group listens on an address, with what systemd keeps if there is a manager.
func group(t *testing.T, m *inherittest.Manager, address string, readers int) (*Group, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	o := GroupOptions{Options: Options{Buffer: 1 << 20, Logger: logger}, Readers: readers}
	if m != nil {
		o.Inherited = passed(t, m, logger)
	}
	g, err := ListenGroup(t.Context(), address, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close() })
	return g, &log
}

func stored(t *testing.T, m *inherittest.Manager, n int) {
	t.Helper()
	if err := m.Until(t.Context(), fmt.Sprintf("%d sockets", n), func(stored, _ []string) bool { return len(stored) == n }); err != nil {
		t.Fatal(err)
	}
}

// sendFrom sends from an address of 127.0.0.0/8, or from ::1, each packet from a port of its own.
func sendFrom(t *testing.T, from string, to netip.AddrPort, payload string) {
	t.Helper()
	c, err := net.DialUDP("udp", &net.UDPAddr{IP: net.ParseIP(from)}, net.UDPAddrFromAddrPort(to))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := c.Write([]byte(payload)); err != nil {
		t.Fatal(err)
	}
}

// read runs all readers until so many packets came, and stops them.
func read(t *testing.T, g *Group, want int) []*recorder {
	t.Helper()
	recorders := make([]*recorder, g.Readers())
	handlers := make([]Handler, g.Readers())
	for i := range recorders {
		recorders[i] = newRecorder()
		handlers[i] = recorders[i]
	}
	g.Settle(handlers)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, len(recorders))
	for i, r := range recorders {
		go func() { done <- g.Run(ctx, i, r) }()
	}
	eventually(t, fmt.Sprintf("%d packets", want), func() bool {
		n := 0
		for _, r := range recorders {
			r.mu.Lock()
			n += len(r.packets)
			r.mu.Unlock()
		}
		return n >= want
	})
	cancel()
	for range recorders {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	return recorders
}

// held holds that each packet is with the reader that its address belongs to, and that all are there.
func held(t *testing.T, readers []*recorder, want int) {
	t.Helper()
	var all []string
	for i, r := range readers {
		for _, from := range r.from {
			if place := steer(from.Addr(), len(readers)); place != i {
				t.Errorf("a packet of %v is with reader %d, not %d", from, i, place)
			}
		}
		all = append(all, r.packets...)
	}
	slices.Sort(all)
	if n := len(all); n != want || len(slices.Compact(all)) != want {
		t.Errorf("%d packets, %d different, want %d", n, len(slices.Compact(all)), want)
	}
}

func TestPacketsOfAnExporterComeToOneReader(t *testing.T) {
	for _, host := range loopbacks(t) {
		g, _ := group(t, nil, host+":0", 3)
		for i := range 60 {
			from := "::1"
			if host == "127.0.0.1" {
				from = fmt.Sprintf("127.0.1.%d", i%20+1)
			}
			sendFrom(t, from, g.LocalAddr(), strconv.Itoa(i)) // thrice from each address, from another port each time
		}
		readers := read(t, g, 60)
		held(t, readers, 60)
		if host == "127.0.0.1" && slices.ContainsFunc(readers, func(r *recorder) bool { return len(r.packets) == 0 }) {
			t.Error("a reader got nothing")
		}
		if s := g.Stats(); s.Packets != 60 || g.StatsOf(0).Packets+g.StatsOf(1).Packets+g.StatsOf(2).Packets != 60 || g.Buffer() != 3<<20 {
			t.Errorf("%+v, %d octets of buffer", s, g.Buffer())
		}
	}
}

// A second collector is refused, however many readers both have; and whoever shares the address all the same, as the same user may, gets nothing.
func TestAnAddressIsForOneProcess(t *testing.T) {
	for _, readers := range []int{1, 2} {
		g, _ := group(t, nil, "127.0.0.1:0", readers)
		address := g.LocalAddr().String()
		for _, others := range []int{1, 2} {
			o, err := ListenGroup(t.Context(), address, GroupOptions{Readers: others})
			if err == nil {
				_ = o.Close()
				t.Fatalf("%d readers beside %d: no error", others, readers)
			}
			if want := "unable to listen on " + address + ": address already in use"; err.Error() != want {
				t.Errorf("error %q, want %q", err, want)
			}
		}
		if readers == 1 {
			continue
		}
		lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error { return share(c, true) }}
		intruder, err := lc.ListenPacket(t.Context(), "udp4", address)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 50 {
			sendFrom(t, fmt.Sprintf("127.0.1.%d", i+1), g.LocalAddr(), strconv.Itoa(i))
		}
		held(t, read(t, g, 50), 50)
		_ = intruder.Close()
	}
}

// What comes while nobody reads is there for the next process, however many readers it has.
func TestSocketsOutliveTheProcess(t *testing.T) {
	for _, change := range [][2]int{{1, 1}, {2, 2}, {1, 3}, {3, 2}, {4, 1}, {2, 1}, {2, 5}} {
		t.Run(fmt.Sprintf("%d to %d readers", change[0], change[1]), func(t *testing.T) {
			m := manager(t)
			before, _ := group(t, m, "127.0.0.1:0", change[0])
			address := before.LocalAddr()
			stored(t, m, change[0])
			send := func(from, to int) {
				for i := from; i < to; i++ {
					sendFrom(t, fmt.Sprintf("127.0.1.%d", i%50+1), address, strconv.Itoa(i))
				}
			}
			send(0, 100)
			held(t, read(t, before, 100), 100)
			if err := before.Close(); err != nil {
				t.Fatal(err)
			}
			send(100, 200)
			after, log := group(t, m, address.String(), change[1])
			if after.Readers() != change[1] || after.LocalAddr() != address {
				t.Fatalf("%d readers at %v\n%s", after.Readers(), after.LocalAddr(), log)
			}
			send(200, 300)
			held(t, read(t, after, 200), 200)
			stored(t, m, change[1])
			send(300, 400)
			held(t, read(t, after, 100), 100)
			if s := after.Stats(); s.Drops != 0 {
				t.Errorf("%+v", s)
			}
			if o, err := ListenGroup(t.Context(), address.String(), GroupOptions{Readers: 2}); err == nil {
				_ = o.Close()
				t.Error("another process may listen on the address")
			}
			// Nobody wants the address any more.
			after.Forget()
			if err := after.Close(); err != nil {
				t.Fatal(err)
			}
			stored(t, m, 0)
			again, _ := group(t, m, address.String(), 2)
			_ = again.Close()
		})
	}
}

// TestStoredSocketsMakeWay: settings name one address of the host where they named all, and all where they named one; the sockets of before would be in
// the way, for as long as the service manager keeps them.
func TestStoredSocketsMakeWay(t *testing.T) {
	for _, change := range [][2]string{{"0.0.0.0", "127.0.0.1"}, {"127.0.0.1", "0.0.0.0"}} {
		t.Run(change[0]+" to "+change[1], func(t *testing.T) {
			m := manager(t)
			before, _ := group(t, m, change[0]+":0", 2)
			stored(t, m, 2)
			port := before.LocalAddr().Port()
			if err := before.Close(); err != nil {
				t.Fatal(err)
			}
			after, log := group(t, m, fmt.Sprintf("%s:%d", change[1], port), 1)
			if !strings.Contains(log.String(), "no longer listening") {
				t.Errorf("nothing is said of the sockets of before:\n%s", log)
			}
			stored(t, m, 1)
			sendFrom(t, "127.0.1.1", netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port), "1")
			if got := read(t, after, 1); len(got) != 1 {
				t.Errorf("%d packets", len(got))
			}
		})
	}
}

// A socket that systemd threw out leaves a gap, which is filled.
func TestAStoredSocketThatIsLost(t *testing.T) {
	m := manager(t)
	before, _ := group(t, m, "127.0.0.1:0", 3)
	address := before.LocalAddr()
	stored(t, m, 3)
	_ = before.Close()
	m.Drop(inherit.Name(inherit.UDP, address, 1))
	after, _ := group(t, m, address.String(), 3)
	stored(t, m, 3)
	for i := range 60 {
		sendFrom(t, fmt.Sprintf("127.0.1.%d", i+1), address, strconv.Itoa(i))
	}
	total := 0
	for _, r := range read(t, after, 60) {
		total += len(r.packets)
	}
	if total != 60 || after.Readers() != 3 {
		t.Errorf("%d packets, %d readers", total, after.Readers())
	}
}

// ofUnit are sockets that a socket unit named flowcollector.socket would pass.
func ofUnit(t *testing.T, family, kind int, addresses ...unix.Sockaddr) (files []*os.File) {
	t.Helper()
	for _, at := range addresses {
		fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		file := os.NewFile(uintptr(fd), "flowcollector.socket")
		t.Cleanup(func() { _ = file.Close() })
		if err := errors.Join(unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 300<<10), unix.Bind(fd, at)); err != nil {
			t.Fatal(err)
		}
		if kind == unix.SOCK_STREAM {
			if err := unix.Listen(fd, 10); err != nil {
				t.Fatal(err)
			}
		}
		files = append(files, file)
	}
	return files
}

func TestSocketsOfAUnit(t *testing.T) {
	m := manager(t)
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	loopback := [4]byte{127, 0, 0, 1}
	files := append(ofUnit(t, unix.AF_INET, unix.SOCK_DGRAM, &unix.SockaddrInet4{Addr: loopback}, &unix.SockaddrInet4{Addr: loopback}),
		ofUnit(t, unix.AF_INET, unix.SOCK_STREAM, &unix.SockaddrInet4{Addr: loopback})...)
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	s := inherit.New(append(files, null), logger)
	if !strings.Contains(log.String(), "systemd passed what cannot be listened on") {
		t.Errorf("log %s", &log)
	}
	at := func(i int) string {
		name, err := unix.Getsockname(int(files[i].Fd()))
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("127.0.0.1:%d", name.(*unix.SockaddrInet4).Port)
	}
	udp, unused, tcp := at(0), at(1), at(2)
	// Asked for less than the unit gave: a buffer is not made smaller. One socket is one reader.
	g, err := ListenGroup(t.Context(), udp, GroupOptions{Options: Options{Buffer: 100 << 10, Logger: logger}, Readers: 4, Inherited: s})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = g.Close() }()
	if g.Readers() != 1 || g.Buffer() != 300<<10 || !strings.Contains(log.String(), "as many readers as the socket unit has sockets") {
		t.Errorf("%d readers, %d octets, log:\n%s", g.Readers(), g.Buffer(), &log)
	}
	l, err := ListenStream(t.Context(), tcp, StreamOptions{Inherited: s, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	log.Reset()
	s.Release()
	if text := log.String(); !strings.Contains(text, "a socket unit listens on an address that no setting below listen names") || !strings.Contains(text, unused) ||
		strings.Contains(text, udp) || strings.Contains(text, tcp) {
		t.Errorf("log %s", text)
	}
	// The unit keeps them: nothing is stored.
	s.Forget("nothing")
	if err := m.Until(t.Context(), "a message", func(stored, lines []string) bool {
		return len(stored) == 0 && slices.Contains(lines, "FDSTOREREMOVE=1")
	}); err != nil {
		t.Error(err)
	}
	sendFrom(t, "127.0.0.1", g.LocalAddr(), "x")
	held(t, read(t, g, 1), 1)
}

// A socket for [::] that takes IPv4 too would hide who sends, and take the packets of the IPv4 socket.
func TestDualStackSocketsAreRefused(t *testing.T) {
	if len(loopbacks(t)) < 2 {
		return // said by loopbacks
	}
	for protocol, kind := range map[string]int{"udp": unix.SOCK_DGRAM, "tcp": unix.SOCK_STREAM} {
		files := ofUnit(t, unix.AF_INET6, kind, &unix.SockaddrInet6{})
		name, err := unix.Getsockname(int(files[0].Fd()))
		if err != nil {
			t.Fatal(err)
		}
		s := inherit.New(files, slog.New(slog.DiscardHandler))
		address := fmt.Sprintf("[::]:%d", name.(*unix.SockaddrInet6).Port)
		for range 2 { // it is there still after it was refused
			if protocol == "udp" {
				_, err = ListenGroup(t.Context(), address, GroupOptions{Inherited: s})
			} else {
				_, err = ListenStream(t.Context(), address, StreamOptions{Inherited: s})
			}
			want := "unable to listen on " + address + `: the socket "flowcollector.socket" that systemd passed takes IPv4 as well: set BindIPv6Only=ipv6-only in its socket unit`
			if err == nil || err.Error() != want {
				t.Errorf("%s: error %v, want %s", protocol, err, want)
			}
		}
	}
}

// Who connects while nobody accepts is served by the next process.
func TestListenersOutliveTheProcess(t *testing.T) {
	m := manager(t)
	before, err := ListenStream(t.Context(), "127.0.0.1:0", StreamOptions{Inherited: passed(t, m, slog.Default())})
	if err != nil {
		t.Fatal(err)
	}
	address := before.LocalAddr().String()
	stored(t, m, 1)
	if err := before.Close(); err != nil {
		t.Fatal(err)
	}
	c, err := net.DialTCP("tcp", nil, net.TCPAddrFromAddrPort(before.LocalAddr()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	write(t, c, ipfix(16, 'a'))

	kept := passed(t, m, slog.Default())
	after, err := ListenStream(t.Context(), address, StreamOptions{Inherited: kept})
	if err != nil {
		t.Fatal(err)
	}
	kept.Release()
	r := newStreamRecorder()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- after.Run(ctx, r) }()
	eventually(t, "the message", func() bool { return r.total() == 1 })
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	// It is not in the settings any more.
	passed(t, m, slog.Default()).Release()
	stored(t, m, 0)
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
}
