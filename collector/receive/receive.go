// Package receive takes UDP datagrams from the kernel in batches and counts what the kernel had to drop. It takes IPFIX
// messages over TCP and TLS as well.
//
// One socket is read by one goroutine, which hands every packet to a Handler itself: there is no queue and no lock
// between the kernel's buffer and the decoder. Connections have a goroutine each and take turns at one StreamHandler.
// IPv4 and IPv6 have sockets of their own, so a source address is never an IPv4 address in IPv6 clothes. The package is
// for Linux: recvmmsg(2), SO_MEMINFO.
package receive

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/flowstack/terraform-provider-flowstack/collector/receive/inherit"
)

const (
	// batchSize is how many datagrams one system call takes at most.
	batchSize = 64
	// packetSize is more than the longest UDP payload over IPv4 and IPv6, so that nothing is ever truncated. Pages of
	// a slot that no datagram reaches are never touched and take no memory.
	packetSize = 65535
	// defaultInterval is how often Tick is called when Options do not say.
	defaultInterval = 250 * time.Millisecond
	// stopTime and stopPackets bound the reading of what the kernel still holds when the socket is stopped.
	stopTime    = 500 * time.Millisecond
	stopPackets = 1 << 20
)

// Handler takes what one socket receives. Both methods are called by the goroutine that reads the socket.
type Handler interface {
	// Packet takes one datagram. The payload is overwritten after the call.
	Packet(payload []byte, from netip.AddrPort, received time.Time)
	// Tick is called about once an interval, whether packets arrive or not, and once before Run returns.
	Tick(now time.Time)
}

// Options say how a socket is made.
type Options struct {
	Buffer   int           // receive buffer asked of the kernel (SO_RCVBUF), in bytes; 0 leaves the kernel's default
	Interval time.Duration // time between two ticks; 0 is 250 ms
	Logger   *slog.Logger  // nil is slog.Default()
}

// Stats are counters of one socket since it was opened.
type Stats struct {
	Packets uint64 // datagrams handed to the handler
	Bytes   uint64 // their UDP payload, octets
	Drops   uint64 // datagrams the kernel dropped because the receive buffer was full or the checksum was wrong
	Earlier uint64 // those that it dropped before this process had the socket
}

func (s *Stats) add(o Stats) {
	s.Packets += o.Packets
	s.Bytes += o.Bytes
	s.Drops += o.Drops
	s.Earlier += o.Earlier
}

// Socket is one bound UDP socket.
type Socket struct {
	conn     *net.UDPConn
	raw      syscall.RawConn
	local    netip.AddrPort
	buffer   atomic.Int64
	interval time.Duration
	logger   *slog.Logger

	inherited bool // systemd passed it
	stored    bool // and it was one of this service before; otherwise it is of a socket unit

	packets, bytes atomic.Uint64

	dropsMu   sync.Mutex
	drops     uint64
	lastDrops uint32 // the kernel's counter is 32 bits and wraps
	earlier   uint64 // what it said when systemd passed the socket
}

// Listen binds a UDP socket to address, which is "ip:port" or "[ip]:port". An IPv6 socket takes IPv6 only
// (IPV6_V6ONLY). The error names the address and the reason.
func Listen(ctx context.Context, address string, o Options) (*Socket, error) {
	network, err := networkOf("udp", address)
	if err != nil {
		return nil, err
	}
	s, err := open(ctx, network, address, o, nil)
	if err != nil {
		return nil, fmt.Errorf("unable to listen on %s: %w", address, Reason(err))
	}
	s.checkBuffer(o.Buffer)
	return s, nil
}

// open binds a socket. Control, if any, is called before.
func open(ctx context.Context, network, address string, o Options, control func(network, address string, c syscall.RawConn) error) (*Socket, error) {
	lc := net.ListenConfig{Control: control}
	pc, err := lc.ListenPacket(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return newSocket(pc, o, nil)
}

// adopt makes a Socket of one that systemd passed for an address. Where that fails the file is the caller's still.
func adopt(address string, passed *inherit.Socket, o Options) (*Socket, error) {
	pc, err := net.FilePacketConn(passed.File) // has a duplicate
	if err = errors.Join(err, passed.Check()); err == nil {
		var s *Socket
		if s, err = newSocket(pc, o, passed); err == nil {
			_ = passed.File.Close() // nothing was written to it
			return s, nil
		}
	} else if pc != nil {
		_ = pc.Close() // nothing was written to it
	}
	return nil, fmt.Errorf("unable to listen on %s: %w", address, Reason(err))
}

// newSocket makes a Socket of a new one, or of that which was passed.
func newSocket(pc net.PacketConn, o Options, passed *inherit.Socket) (*Socket, error) {
	conn, ok := pc.(*net.UDPConn)
	if !ok {
		return nil, errors.Join(errors.New("not a UDP socket"), pc.Close())
	}
	s := &Socket{conn: conn, inherited: passed != nil, stored: passed != nil && passed.Stored, interval: o.Interval, logger: o.Logger}
	if s.interval <= 0 {
		s.interval = defaultInterval
	}
	if s.logger == nil {
		s.logger = slog.Default()
	}
	if a, ok := conn.LocalAddr().(*net.UDPAddr); ok {
		s.local = a.AddrPort()
	}
	var err error
	keep := false
	if s.raw, err = conn.SyscallConn(); err == nil {
		keep, err = s.keepsBuffer(o.Buffer)
	}
	if err == nil {
		err = s.setBuffer(o.Buffer, keep)
	}
	if err == nil && s.inherited {
		s.lastDrops, err = droppedPackets(s.raw)
		s.earlier = uint64(s.lastDrops)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return s, nil
}

// networkOf is the name that package net has for a protocol over the family of address, such as "udp4". With "udp6" and "tcp6" it sets
// IPV6_V6ONLY, also for [::].
func networkOf(protocol, address string) (string, error) {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return "", fmt.Errorf("unable to listen on %q: not an IP address with a port", address)
	}
	if at.Addr().Is4() {
		return protocol + "4", nil
	}
	return protocol + "6", nil
}

// Reason takes the plain cause out of a network error, so that a message names the address once.
func Reason(err error) error {
	var sys *os.SyscallError
	if errors.As(err, &sys) {
		return sys.Err
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}

// setBuffer asks for the receive buffer, unless the one that there is shall be kept, and reads back what the kernel gave.
func (s *Socket) setBuffer(want int, keep bool) error {
	if want > 0 && !keep {
		if err := s.conn.SetReadBuffer(want); err != nil {
			return err
		}
	}
	got, err := receiveBuffer(s.raw)
	if err != nil {
		return err
	}
	s.buffer.Store(int64(got))
	return nil
}

// keepsBuffer tells whether an inherited socket keeps its receive buffer. That of a socket unit does where it is as large as this process would be
// given: its ReceiveBuffer= is not bound by net.core.rmem_max. One of this service follows the settings of now, also to less.
func (s *Socket) keepsBuffer(want int) (bool, error) {
	got, err := receiveBuffer(s.raw)
	switch {
	case !s.inherited:
		return false, err
	case s.stored:
		return loses(got, want), err
	}
	return got >= min(want, givenBuffer(want)), err
}

// loses tells whether a buffer would become smaller than it is and than wanted, because the kernel does not give this process so much.
func loses(have, want int) bool { return givenBuffer(want) < min(want, have) }

// checkBuffer says what to do when the kernel gave less than was asked.
func (s *Socket) checkBuffer(want int) {
	if given := s.Buffer(); given < want {
		s.logger.Warn("the kernel gave a smaller receive buffer than asked; bursts may be lost: raise net.core.rmem_max, or set ReceiveBuffer= in flowcollector.socket and enable it",
			"address", s.local.String(), "asked_bytes", want, "given_bytes", given, "sysctl", "net.core.rmem_max")
	}
}

// givenBuffer finds out, with a socket that is bound to nothing, what the kernel gives who asks for so much; 0 when that is not known.
func givenBuffer(want int) int {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0
	}
	defer unix.Close(fd) //nolint:errcheck // nothing was written
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, want); err != nil {
		return 0
	}
	given, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF)
	if err != nil {
		return 0
	}
	return given / 2
}

// LocalAddr is the address the socket is bound to.
func (s *Socket) LocalAddr() netip.AddrPort { return s.local }

// Buffer is the size of the receive buffer the kernel gave, in bytes.
func (s *Socket) Buffer() int { return int(s.buffer.Load()) }

// Close releases the socket. A running Run returns.
func (s *Socket) Close() error { return s.conn.Close() }

// Stats reads the counters. It may be called from any goroutine.
func (s *Socket) Stats() Stats {
	return Stats{Packets: s.packets.Load(), Bytes: s.bytes.Load(), Drops: s.readDrops(), Earlier: s.earlier}
}

func (s *Socket) readDrops() uint64 {
	s.dropsMu.Lock()
	defer s.dropsMu.Unlock()
	// After Close the last figure stands.
	if now, err := droppedPackets(s.raw); err == nil {
		s.drops += uint64(now - s.lastDrops)
		s.lastDrops = now
	}
	return s.drops
}

// Run hands packets to h until ctx ends or the socket fails. When ctx ends, what the kernel still holds is read
// before Run returns nil.
func (s *Socket) Run(ctx context.Context, h Handler) error {
	b := newBatch(batchSize, packetSize)
	stop := context.AfterFunc(ctx, func() {
		// Wakes the reader. An error means the socket is closed, which wakes it too.
		_ = s.conn.SetReadDeadline(time.Unix(1, 0))
	})
	defer stop()

	var next time.Time
	for {
		now := time.Now()
		if !now.Before(next) {
			h.Tick(now)
			next = now.Add(s.interval)
			if err := s.conn.SetReadDeadline(next); err != nil {
				return s.failed(err)
			}
		}
		// After the deadline was set: otherwise it could hide the one that stops the reader.
		if ctx.Err() != nil {
			s.rest(b, h)
			return nil
		}
		n, err := b.read(s.raw)
		if err != nil && !retry(err) {
			return s.failed(err)
		}
		s.deliver(b, n, h)
	}
}

// retry tells the errors after which the socket is as good as before.
func retry(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, syscall.EINTR) ||
		errors.Is(err, syscall.ENOBUFS) || errors.Is(err, syscall.ENOMEM)
}

func (s *Socket) failed(err error) error {
	return fmt.Errorf("unable to read from %s: %w", s.local, Reason(err))
}

func (s *Socket) deliver(b *batch, n int, h Handler) {
	if n == 0 {
		return
	}
	now := time.Now()
	var octets uint64
	for i := range n {
		payload, from := b.packet(i)
		octets += uint64(len(payload))
		h.Packet(payload, from, now)
	}
	s.packets.Add(uint64(n))
	s.bytes.Add(octets)
}

// rest reads what the kernel holds at the end, within bounds, and ticks once more. Where systemd keeps the socket, whatever comes after that
// waits in it for the next process.
func (s *Socket) rest(b *batch, h Handler) {
	end := time.Now().Add(stopTime)
	s.drain(b, h, func(total int) bool { return total < stopPackets && time.Now().Before(end) })
	h.Tick(time.Now())
}

// drain reads what the kernel holds, for as long as more is wanted after so many packets.
func (s *Socket) drain(b *batch, h Handler, more func(packets int) bool) {
	for total := 0; more(total); {
		n, err := b.poll(s.raw)
		if err != nil || n == 0 {
			return
		}
		s.deliver(b, n, h)
		total += n
	}
}

// settle reads what waits now, however long that takes: what comes meanwhile is for whom it belongs to already.
func (s *Socket) settle(b *batch, h Handler) {
	held, err := heldPackets(s.raw)
	if err != nil {
		held = stopPackets
	}
	s.drain(b, h, func(total int) bool { return total < held })
}
