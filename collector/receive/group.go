package receive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/receive/inherit"
)

// MaxReaders is how many sockets an address has at most.
const MaxReaders = 64

// Group is one UDP address, read by as many goroutines as it has sockets. The packets of an exporter all come to the same one.
//
// The first socket is bound alone (without SO_REUSEPORT), so that an address which any other program has is refused. Then it lets further ones of
// the same user have the address. A program of the same user that binds it later gets no packet: the kernel asks ours which socket they are for.
type Group struct {
	sockets []*Socket
	retired []*Socket // of a larger group of before: they get no more packets, what they hold is for the others
	places  map[*Socket]string
	stored  []string // names of those that this process had systemd keep
	ofUnit  bool     // sockets are those of a socket unit
	changed bool     // sockets may hold packets that are for another one
	kept    *inherit.Sockets
	past    atomic.Pointer[Stats] // of sockets that were retired
}

// GroupOptions say how a group is made.
type GroupOptions struct {
	Options
	Readers   int              // sockets; 0 is 1. As many as a socket unit passed where it did
	Inherited *inherit.Sockets // where sockets come from, and where they are kept; nil: nowhere
}

// ListenGroup takes over the sockets that systemd passed for address, or binds it, as Listen does. Where there are more or fewer than there shall be, their
// number is changed: no packet is lost by that, but call Settle before Run.
func ListenGroup(ctx context.Context, address string, o GroupOptions) (_ *Group, err error) {
	network, err := networkOf("udp", address)
	if err != nil {
		return nil, err
	}
	g := &Group{places: map[*Socket]string{}, kept: o.Inherited}
	var unused []*inherit.Socket // of those that were passed
	defer func() {
		if err != nil {
			for _, name := range g.stored { // the others stay for the next process
				g.kept.Forget(name)
			}
			if g.ofUnit {
				g.giveBack()
			}
			for _, passed := range unused { // after those before them: the kernel counts in this order
				if passed.Stored {
					_ = passed.File.Close() // it stays with systemd
				} else {
					g.kept.Return(passed.File, passed.Name, inherit.UDP, passed.Local)
				}
			}
			err = errors.Join(err, g.Close())
		}
	}()
	want := min(max(o.Readers, 1), MaxReaders)
	claimed := o.Inherited.Claim(inherit.UDP, netip.MustParseAddrPort(address))
	g.ofUnit = len(claimed) > 0 && !claimed[0].Stored
	for i, passed := range claimed {
		s, err := adopt(address, passed, o.Options)
		if err != nil {
			unused = claimed[i:]
			return nil, err
		}
		g.sockets = append(g.sockets, s)
		g.places[s] = passed.Name
	}
	if g.ofUnit {
		if len(claimed) != want {
			g.sockets[0].logger.Warn("there are as many readers as the socket unit has sockets for the address", "address", address, "readers", len(claimed), "wanted", want)
			want = len(claimed)
		}
		g.changed = len(claimed) > 1 // as long as no process was there the kernel shared packets by ports too
	}
	if len(claimed) == 0 {
		s, err := open(ctx, network, address, o.Options, nil)
		if err != nil {
			return nil, fmt.Errorf("unable to listen on %s: %w", address, Reason(err))
		}
		g.keep(s)
	}
	if err := g.resize(ctx, network, want, o.Options); err != nil {
		return nil, fmt.Errorf("unable to listen on %s with %d readers: %w", address, want, Reason(err))
	}
	g.checkBuffer(o.Buffer)
	if len(claimed) > 0 {
		g.sockets[0].logger.Info("listening with sockets that systemd kept", "address", address, "sockets", len(claimed), "readers", len(g.sockets),
			"drops_so_far", g.Stats().Earlier)
	}
	return g, nil
}

// checkBuffer warns once for all sockets.
func (g *Group) checkBuffer(want int) {
	slices.MinFunc(g.sockets, func(a, b *Socket) int { return cmp.Compare(a.Buffer(), b.Buffer()) }).checkBuffer(want)
}

// keep adds a socket, and stores it under the first name that is free.
func (g *Group) keep(s *Socket) {
	taken := make([]string, 0, len(g.places))
	for _, name := range g.places {
		taken = append(taken, name)
	}
	place := 0
	for slices.Contains(taken, inherit.Name(inherit.UDP, s.local, place)) {
		place++
	}
	name := inherit.Name(inherit.UDP, s.local, place)
	g.sockets = append(g.sockets, s)
	g.places[s] = name
	g.stored = append(g.stored, name)
	g.kept.Keep(s.conn, name)
}

// resize makes a group of so many sockets, and has the kernel share packets among them.
func (g *Group) resize(ctx context.Context, network string, want int, o Options) error {
	first, before := g.sockets[0], len(g.sockets)
	if before == 1 && want == 1 {
		return nil
	}
	if want > before {
		g.changed = true
		for _, s := range g.sockets {
			if err := share(s.raw, true); err != nil {
				return err
			}
		}
	}
	for len(g.sockets) < want {
		s, err := open(ctx, network, first.local.String(), o, func(_, _ string, c syscall.RawConn) error { return share(c, true) })
		if errors.Is(err, syscall.EADDRINUSE) && before > 0 && first.inherited {
			// The sockets of before belong to the user that the service ran under then.
			first.logger.Warn("unable to add readers to the sockets that systemd kept; stop and start the service to have them all",
				"address", first.local.String(), "readers", len(g.sockets), "wanted", want)
			break
		}
		if err != nil {
			return err
		}
		g.keep(s)
	}
	if want < before {
		g.changed = true
		g.retired = slices.Clone(g.sockets[want:])
		g.sockets = g.sockets[:want]
	}
	if before == 1 && len(g.sockets) == 1 {
		return share(first.raw, false)
	}
	return attach(first.raw, first.local.Addr().Is6(), len(g.sockets))
}

// Readers is how many sockets the group has: Run is to be called for each number below.
func (g *Group) Readers() int { return len(g.sockets) }

// LocalAddr is the address the group is bound to.
func (g *Group) LocalAddr() netip.AddrPort { return g.sockets[0].local }

// Buffer is the size of the receive buffers the kernel gave, in bytes, all sockets together.
func (g *Group) Buffer() int {
	n := 0
	for _, s := range g.sockets {
		n += s.Buffer()
	}
	return n
}

// Stats reads the counters, all sockets together. It may be called from any goroutine.
func (g *Group) Stats() Stats {
	var all Stats
	if past := g.past.Load(); past != nil {
		all = *past
	}
	for _, s := range g.sockets {
		all.add(s.Stats())
	}
	return all
}

// StatsOf reads the counters of one socket. It may be called from any goroutine.
func (g *Group) StatsOf(reader int) Stats { return g.sockets[reader].Stats() }

// Settle hands out what sockets hold that are of a group of another size: the packets of an exporter may be with the wrong one, and with one that
// nobody reads any more. It is called before Run, with a handler for each reader, and does nothing where the size is as before.
func (g *Group) Settle(handlers []Handler) {
	if !g.changed {
		return
	}
	g.changed = false
	b, out := newBatch(batchSize, packetSize), &sorter{handlers: handlers}
	for _, s := range slices.Concat(g.retired, g.sockets) {
		s.settle(b, out)
	}
	var past Stats
	for _, s := range slices.Backward(g.retired) { // the last first: the kernel fills the place of any other with the last
		s.settle(b, out) // what came while the program was exchanged
		past.add(s.Stats())
		g.kept.Forget(g.places[s])
		_ = s.Close() // nothing is in it
	}
	g.past.Store(&past)
	g.retired = nil
	if len(g.sockets) == 1 {
		// It is alone again. An error leaves the address open to further sockets of this user, which get nothing.
		_ = share(g.sockets[0].raw, false)
	}
	now := time.Now()
	for _, h := range handlers {
		h.Tick(now)
	}
}

// sorter hands each packet to whom its exporter belongs.
type sorter struct{ handlers []Handler }

func (o *sorter) Packet(payload []byte, from netip.AddrPort, received time.Time) {
	o.handlers[steer(from.Addr(), len(o.handlers))].Packet(payload, from, received)
}

func (o *sorter) Tick(time.Time) {}

// Run hands the packets of one socket to h, as Socket.Run does.
func (g *Group) Run(ctx context.Context, reader int, h Handler) error {
	return g.sockets[reader].Run(ctx, h)
}

// Close releases the sockets. Those that systemd keeps stay bound, and what comes waits in them for the next process.
func (g *Group) Close() error {
	var errs []error
	for _, s := range slices.Concat(g.sockets, g.retired) {
		if err := s.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Forget takes the sockets out of the keeping of systemd, for an address that is not to be listened on any more: call Close too. Those of a socket unit
// stay bound, and can be listened on again.
func (g *Group) Forget() {
	if g.ofUnit {
		g.giveBack()
		return
	}
	for _, name := range g.places {
		g.kept.Forget(name)
	}
}

// giveBack lets another group have the sockets of a socket unit.
func (g *Group) giveBack() {
	for _, s := range g.sockets {
		file, err := s.conn.File()
		if err != nil {
			s.logger.Warn("an address of a socket unit can be listened on again only after a restart", "address", s.local.String(), "error", err)
			continue
		}
		g.kept.Return(file, g.places[s], inherit.UDP, s.local)
	}
}
