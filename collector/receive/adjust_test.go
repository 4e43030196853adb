package receive

import (
	"errors"
	"log/slog"
	"testing"

	"golang.org/x/sys/unix"
)

// A receive buffer is made smaller and larger again, that of sockets that systemd kept too.
func TestResize(t *testing.T) {
	m := manager(t)
	first, _ := group(t, m, "127.0.0.1:0", 2)
	address := first.LocalAddr().String()
	stored(t, m, 2)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	g, _ := group(t, m, address, 2)
	if got := g.Buffer(); got != 2<<20 {
		t.Errorf("%d octets to begin with", got)
	}
	for _, size := range []int{100 << 10, 1 << 20} {
		if err := g.Resize(size); err != nil || g.Buffer() != 2*size {
			t.Errorf("%d octets in place of %d: %v", g.Buffer(), 2*size, err)
		}
	}
}

// Whoever asks for a smaller buffer than before gets it after a restart too.
func TestAStoredBufferIsMadeSmaller(t *testing.T) {
	m := manager(t)
	before, _ := group(t, m, "127.0.0.1:0", 1) // with 1 MiB
	address := before.LocalAddr().String()
	stored(t, m, 1)
	if err := before.Close(); err != nil {
		t.Fatal(err)
	}
	g, err := ListenGroup(t.Context(), address, GroupOptions{Options: Options{Buffer: 64 << 10}, Inherited: passed(t, m, slog.Default())})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = g.Close() }()
	if g.Buffer() != 64<<10 {
		t.Errorf("a buffer of %d octets", g.Buffer())
	}
}

// A buffer that only a socket unit can make does not collapse to what this process would be given.
func TestALargeBufferStays(t *testing.T) {
	manager(t)
	s, udp, _ := unit(t)
	g, err := ListenGroup(t.Context(), udp, GroupOptions{Options: Options{Buffer: 100 << 10, Logger: slog.New(slog.DiscardHandler)}, Inherited: s})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = g.Close() }()
	most := givenBuffer(1 << 30)
	var ferr error
	err = g.sockets[0].raw.Control(func(fd uintptr) { ferr = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 4*most) })
	if errors.Is(ferr, unix.EPERM) {
		t.Skip("this user may not pass net.core.rmem_max, as systemd may")
	}
	if err = errors.Join(err, ferr, g.sockets[0].setBuffer(0, true)); err != nil || g.Buffer() != 4*most {
		t.Fatalf("%d octets to begin with: %v", g.Buffer(), err)
	}
	for _, step := range [][2]int{{8 * most, 4 * most}, {2 * most, 4 * most}, {most, most}} { // asked for, and what there is then
		if err := g.Resize(step[0]); err != nil || g.Buffer() != step[1] {
			t.Errorf("%d octets after %d were asked for, want %d: %v", g.Buffer(), step[0], step[1], err)
		}
	}
}
