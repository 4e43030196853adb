// Package inherit takes over the sockets that systemd passes to the service, from a socket unit or from the service's file descriptor store,
// and puts sockets into that store, so that they outlive the process: what arrives while no process reads waits in the kernel for the next.
//
// It is the protocol of sd_listen_fds(3) and sd_pid_notify_with_fds(3). Without systemd there is nothing to take over, and nothing is kept.
package inherit

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/coreos/go-systemd/v22/activation"
	"golang.org/x/sys/unix"
)

// Protocol is what a socket speaks.
type Protocol string

// The protocols. TLS is spoken over TCP: a listener does not know of it.
const (
	UDP Protocol = "udp"
	TCP Protocol = "tcp"
)

// Socket is one that systemd passed.
type Socket struct {
	File     *os.File // belongs to whoever claims it
	Name     string   // as in LISTEN_FDNAMES
	Protocol Protocol
	Local    netip.AddrPort
	Stored   bool // it is in the service's file descriptor store; otherwise it is of a socket unit, which keeps it
	Place    int  // of a stored socket among those of its address
}

// Sockets are those that were passed and nobody has claimed yet, and the way to the store. A nil pointer has none and keeps none. It belongs
// to the goroutine that listens.
type Sockets struct {
	waiting []*Socket
	store   *store // nil without systemd
	logger  *slog.Logger
}

// Take takes over what systemd passed to this process. It takes away the variables that say so, and is of use once.
func Take(logger *slog.Logger) *Sockets { return New(activation.Files(true), logger) }

// New is Take of files that are named as in LISTEN_FDNAMES. They belong to the sockets from then on.
func New(files []*os.File, logger *slog.Logger) *Sockets {
	s := &Sockets{logger: logger, store: openStore()}
	for _, file := range files {
		socket, err := inspect(file)
		if err != nil {
			logger.Warn("systemd passed what cannot be listened on", "name", file.Name(), "error", err)
			s.drop(&Socket{File: file, Name: file.Name(), Stored: isStored(file.Name())})
			continue
		}
		s.waiting = append(s.waiting, socket)
	}
	return s
}

// inspect finds out what a file descriptor is.
func inspect(file *os.File) (*Socket, error) {
	raw, err := file.SyscallConn()
	if err != nil {
		return nil, err
	}
	s := &Socket{File: file, Name: file.Name(), Stored: isStored(file.Name())}
	s.Place = placeOf(s.Name)
	var ierr error
	if err := raw.Control(func(fd uintptr) { ierr = s.ask(int(fd)) }); err != nil {
		return nil, err
	}
	return s, ierr
}

func (s *Socket) ask(fd int) error {
	kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil {
		return err
	}
	protocol, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PROTOCOL)
	if err != nil {
		return err
	}
	listening, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	if err != nil {
		return err
	}
	switch {
	case kind == unix.SOCK_DGRAM && protocol == unix.IPPROTO_UDP:
		s.Protocol = UDP
	case kind == unix.SOCK_STREAM && (protocol == unix.IPPROTO_TCP || protocol == unix.IPPROTO_MPTCP) && listening != 0: // Go listens with MPTCP
		s.Protocol = TCP
	default:
		return errors.New("neither a UDP socket nor a TCP listener")
	}
	bound, err := unix.Getsockname(fd)
	if err != nil {
		return err
	}
	switch at := bound.(type) {
	case *unix.SockaddrInet4:
		s.Local = netip.AddrPortFrom(netip.AddrFrom4(at.Addr), uint16(at.Port))
	case *unix.SockaddrInet6:
		address := netip.AddrFrom16(at.Addr)
		if at.ZoneId != 0 {
			address = address.WithZone(zone(at.ZoneId))
		}
		s.Local = netip.AddrPortFrom(address, uint16(at.Port))
	default:
		return errors.New("neither IPv4 nor IPv6")
	}
	return nil
}

// Check returns an error when the socket takes IPv4 and IPv6 alike: a source address would be an IPv4 address in IPv6 clothes, and the
// IPv4 socket of the same port would be left out.
func (s *Socket) Check() error {
	if !s.Local.Addr().Is6() {
		return nil
	}
	raw, err := s.File.SyscallConn()
	if err != nil {
		return err
	}
	only, oerr := 0, error(nil)
	if err := raw.Control(func(fd uintptr) { only, oerr = unix.GetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_V6ONLY) }); err != nil {
		return err
	}
	if oerr == nil && only == 0 && s.Local.Addr().IsUnspecified() {
		return fmt.Errorf("the socket %q that systemd passed takes IPv4 as well: set BindIPv6Only=ipv6-only in its socket unit", s.Name)
	}
	return oerr
}

// Claim returns the sockets that were passed for an address, in the order of their places. The files belong to the caller. Those of a
// socket unit win over stored ones.
func (s *Sockets) Claim(protocol Protocol, address netip.AddrPort) []*Socket {
	if s == nil {
		return nil
	}
	matches := func(o *Socket) bool { return o.Protocol == protocol && o.Local == address }
	ofUnit := func(o *Socket) bool { return matches(o) && !o.Stored }
	wanted := matches
	if slices.ContainsFunc(s.waiting, ofUnit) {
		wanted = ofUnit
	}
	var claimed []*Socket
	s.waiting = slices.DeleteFunc(s.waiting, func(o *Socket) bool {
		if !wanted(o) {
			return false
		}
		claimed = append(claimed, o)
		return true
	})
	if len(claimed) == 0 {
		s.makeWay(protocol, address)
	}
	slices.SortStableFunc(claimed, func(a, b *Socket) int { return cmp.Compare(a.Place, b.Place) })
	return claimed
}

// makeWay lets go of stored sockets that keep an address from being bound, as those of 0.0.0.0:2055 keep 192.0.2.1:2055: settings that name both would
// not work either.
func (s *Sockets) makeWay(protocol Protocol, address netip.AddrPort) {
	before := len(s.waiting)
	s.waiting = slices.DeleteFunc(s.waiting, func(o *Socket) bool {
		at := o.Local
		inTheWay := o.Stored && o.Protocol == protocol && at.Port() == address.Port() && at.Addr().Is4() == address.Addr().Is4() &&
			(at.Addr().IsUnspecified() || address.Addr().IsUnspecified())
		if inTheWay {
			s.logger.Info("no longer listening", "protocol", o.Protocol, "address", at.String(), "in_place_of", address.String())
			s.drop(o)
		}
		return inTheWay
	})
	if len(s.waiting) < before {
		s.settle()
	}
}

// Return gives back a socket of a socket unit that is not wanted any more. The unit keeps it bound whatever this process does, so it has to be the
// same one that is claimed when somebody wants the address again. The file belongs to s from then on.
func (s *Sockets) Return(file *os.File, name string, protocol Protocol, local netip.AddrPort) {
	s.waiting = append(s.waiting, &Socket{File: file, Name: name, Protocol: protocol, Local: local})
}

// Release closes what nobody claimed. A stored socket is taken out of the store; one of a socket unit stays bound by the unit, which only
// the operator can change: it is named in a warning, and waits for a reload that wants it.
func (s *Sockets) Release() {
	if s == nil {
		return
	}
	s.waiting = slices.DeleteFunc(s.waiting, func(o *Socket) bool {
		if o.Stored {
			s.logger.Info("no longer listening", "protocol", o.Protocol, "address", o.Local.String())
			s.drop(o)
		} else {
			s.logger.Warn("a socket unit listens on an address that no setting below listen names, and nobody reads it",
				"unit_socket", o.Name, "protocol", o.Protocol, "address", o.Local.String())
		}
		return o.Stored
	})
}

func (s *Sockets) drop(o *Socket) {
	if o.Stored {
		s.Forget(o.Name)
	}
	_ = o.File.Close() // nothing was written to it
}

// storedPrefix begins the names of sockets that this program stored.
const storedPrefix = "stored-"

func isStored(name string) bool { return strings.HasPrefix(name, storedPrefix) }

// Name is what a socket is called in the store. A colon would end the name.
func Name(protocol Protocol, local netip.AddrPort, place int) string {
	return fmt.Sprintf("%s%s-%s-%d", storedPrefix, protocol, strings.ReplaceAll(local.String(), ":", "_"), place)
}

// placeOf is the place in a name; 0 when there is none.
func placeOf(name string) int {
	if !isStored(name) {
		return 0
	}
	place, err := strconv.Atoi(name[strings.LastIndexByte(name, '-')+1:])
	if err != nil {
		return 0
	}
	return place
}
