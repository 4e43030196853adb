package receive

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/flowstack/terraform-provider-flowstack/collector/receive/inherit"
)

// unit passes a UDP socket and a TCP listener of a socket unit, which has them as well, as systemd does.
func unit(t *testing.T) (s *inherit.Sockets, udp, tcp string) {
	t.Helper()
	at := &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}
	files := append(ofUnit(t, unix.AF_INET, unix.SOCK_DGRAM, at), ofUnit(t, unix.AF_INET, unix.SOCK_STREAM, at)...)
	addresses := make([]string, 0, len(files))
	for _, f := range files {
		fd, err := unix.Dup(int(f.Fd()))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = unix.Close(fd) })
		name, err := unix.Getsockname(fd)
		if err != nil {
			t.Fatal(err)
		}
		addresses = append(addresses, fmt.Sprintf("127.0.0.1:%d", name.(*unix.SockaddrInet4).Port))
	}
	return inherit.New(files, slog.New(slog.DiscardHandler)), addresses[0], addresses[1]
}

// An address of a socket unit is in use for as long as the unit is there, so what is given up, or was not wanted at the start, has to be had again.
func TestAnAddressOfAUnitIsListenedOnAgain(t *testing.T) {
	manager(t)
	s, udp, tcp := unit(t)
	s.Release() // at the start nobody wants them
	for range 3 {
		g, err := ListenGroup(t.Context(), udp, GroupOptions{Options: Options{Logger: slog.New(slog.DiscardHandler)}, Inherited: s})
		if err != nil {
			t.Fatal(err)
		}
		l, err := ListenStream(t.Context(), tcp, StreamOptions{Inherited: s, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		sendFrom(t, "127.0.0.1", g.LocalAddr(), "x")
		held(t, read(t, g, 1), 1)
		g.Forget()
		l.Forget()
		if err := g.Close(); err != nil {
			t.Error(err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Whoever asks for a smaller buffer gets it, on a socket of a unit too.
func TestABufferIsMadeSmaller(t *testing.T) {
	manager(t)
	s, udp, _ := unit(t)
	g, err := ListenGroup(t.Context(), udp, GroupOptions{Options: Options{Buffer: 100 << 10, Logger: slog.New(slog.DiscardHandler)}, Inherited: s})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = g.Close() }()
	if g.Buffer() != 300<<10 {
		t.Fatalf("a buffer of %d octets, want the unit's", g.Buffer())
	}
	if err := g.Resize(64 << 10); err != nil || g.Buffer() != 64<<10 {
		t.Errorf("a buffer of %d octets, %v", g.Buffer(), err)
	}
}

// What the kernel dropped before this process had the socket is told apart.
func TestDropsOfBeforeAreApart(t *testing.T) {
	m := manager(t)
	before, _ := group(t, m, "127.0.0.1:0", 1)
	address := before.LocalAddr()
	stored(t, m, 1)
	// What is sent over the loopback interface may come a moment later: it counts once it comes no more.
	overflow := func(g *Group) (drops uint64) {
		c := dial(t, address)
		for range 20_000 {
			if _, err := c.Write(make([]byte, 1000)); err != nil {
				t.Fatal(err)
			}
		}
		end := time.Now().Add(10 * time.Second)
		for still := 0; still < 5 && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
			if now := g.Stats().Drops; now == 0 || now != drops {
				drops, still = now, 0
			} else {
				still++
			}
		}
		if drops == 0 {
			t.Fatal("nothing is dropped")
		}
		return drops
	}
	earlier := overflow(before)
	if err := before.Close(); err != nil {
		t.Fatal(err)
	}
	after, _ := group(t, m, address.String(), 1)
	if s := after.Stats(); s.Drops != 0 || s.Earlier != earlier {
		t.Fatalf("%+v after %d drops", s, earlier)
	}
	if drops, s := overflow(after), after.Stats(); drops > 20_000 || s.Earlier != earlier {
		t.Errorf("%+v, want 20000 drops at most and %d of before", s, earlier)
	}
}
