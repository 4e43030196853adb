package inherit

import (
	"errors"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// store is the service's file descriptor store (sd_pid_notify_with_fds(3)), which systemd has when the unit sets FileDescriptorStoreMax=.
type store struct{ at unix.SockaddrUnix }

// openStore returns nil when there is no service manager.
func openStore() *store {
	path := os.Getenv("NOTIFY_SOCKET")
	if !strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "@") {
		return nil
	}
	return &store{unix.SockaddrUnix{Name: path}}
}

// Keep puts a socket into the store under a name, and says nothing when that is not possible: a service without a store runs as well. It
// never waits: systemd does not answer.
//
// FDPOLL=0 (systemd 246 and newer) keeps systemd from watching the socket: it would throw a UDP socket with a pending error out.
func (s *Sockets) Keep(c syscall.Conn, name string) {
	if s == nil || s.store == nil {
		return
	}
	raw, err := c.SyscallConn()
	if err == nil {
		cerr := raw.Control(func(fd uintptr) {
			err = s.store.send("FDSTORE=1\nFDPOLL=0\nFDNAME="+name, unix.UnixRights(int(fd)))
		})
		if err == nil {
			err = cerr
		}
	}
	if err != nil {
		s.logger.Warn("a socket will not outlive this process: unable to store it", "name", name, "error", err)
	}
}

// Forget takes a socket out of the store, so that it ends with its last user.
func (s *Sockets) Forget(name string) {
	if s == nil || s.store == nil {
		return
	}
	if err := s.store.send("FDSTOREREMOVE=1\nFDNAME="+name, nil); err != nil {
		s.logger.Warn("systemd may keep a socket that nobody reads: unable to take it out of the store", "name", name, "error", err)
	}
}

// settleTime is how long to wait for systemd, at most: it is busy then, and what was asked of it happens later.
const settleTime = 5 * time.Second

// settle waits until systemd has done what it was told (BARRIER=1 of sd_notify(3), systemd 246 and newer): it closes what comes with the message after that.
func (s *Sockets) settle() {
	if s.store == nil {
		return
	}
	ours, theirs, err := os.Pipe()
	if err == nil {
		err = s.store.send("BARRIER=1", unix.UnixRights(int(theirs.Fd())))
		err = errors.Join(err, theirs.Close())
		if err == nil {
			err = ours.SetReadDeadline(time.Now().Add(settleTime))
		}
		if err == nil {
			_, err = ours.Read(make([]byte, 1))
		}
		_ = ours.Close() // only its end was of interest
	}
	if err != nil && !errors.Is(err, io.EOF) {
		s.logger.Warn("systemd may keep an address in use for a while: unable to wait for it", "error", err)
	}
}

func (s *store) send(state string, rights []byte) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0) // package net sends no rights over a connected datagram socket
	if err != nil {
		return err
	}
	defer unix.Close(fd) //nolint:errcheck // a datagram is sent, or was not
	return unix.Sendmsg(fd, []byte(state), rights, &s.at, unix.MSG_NOSIGNAL)
}

// zone is the name of an interface, as package net writes the zone of an address.
func zone(index uint32) string {
	if i, err := net.InterfaceByIndex(int(index)); err == nil {
		return i.Name
	}
	return strconv.FormatUint(uint64(index), 10)
}
