package acctest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// line is a pair of joined network interfaces in a namespace: frames are put in at one end, a meter watches the other. Nothing but
// those frames appears on it.
type line struct {
	netns           string // path
	inject, watched string // interfaces
}

// makeLine adds a line to the network namespace at path. Its interfaces go with the namespace, or with remove.
func makeLine(ctx context.Context, netns, id string) (*line, error) {
	l := &line{netns: netns, inject: "x" + id + "a", watched: "x" + id + "b"}
	namespace := filepath.Base(netns)
	if _, err := command(ctx, "ip", "-n", namespace, "link", "add", l.inject, "type", "veth", "peer", "name", l.watched); err != nil {
		return nil, err
	}
	err := inNamespace(netns, func() error {
		// IPv6 would announce itself on the line, and the meter would count it.
		for _, name := range []string{l.inject, l.watched} {
			if err := os.WriteFile("/proc/sys/net/ipv6/conf/"+name+"/disable_ipv6", []byte("1"), 0); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		up := "link set " + l.inject + " arp off up\nlink set " + l.watched + " arp off up\n"
		_, err = commandInput(ctx, up, "ip", "-n", namespace, "-batch", "-")
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make a line: %w", err), l.remove(ctx))
	}
	return l, nil
}

// remove deletes the pair of interfaces, unless they went with their namespace.
func (l *line) remove(ctx context.Context) error {
	if _, err := os.Stat(l.netns); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	var links []net.Interface
	err := inNamespace(l.netns, func() (err error) {
		links, err = net.Interfaces()
		return err
	})
	if err != nil || !slices.ContainsFunc(links, func(i net.Interface) bool { return i.Name == l.inject }) {
		return err
	}
	_, err = command(context.WithoutCancel(ctx), "ip", "-n", filepath.Base(l.netns), "link", "delete", l.inject)
	return err
}

// write injects frames, not faster than a meter reads.
func (l *line) write(ctx context.Context, frames [][]byte) error {
	var fd int
	err := inNamespace(l.netns, func() error {
		device, err := net.InterfaceByName(l.inject)
		if err != nil {
			return err
		}
		// Protocol 0 in the socket: it receives nothing.
		if fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err != nil {
			return err
		}
		if err := unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: device.Index}); err != nil {
			return errors.Join(err, unix.Close(fd))
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("packet socket on %s: %w", l.inject, err)
	}
	defer unix.Close(fd) //nolint:errcheck // every write was checked
	const burst = 50
	for i, f := range frames {
		if i%burst == burst-1 {
			if err := pause(ctx, time.Millisecond); err != nil {
				return err
			}
		}
		if _, err := unix.Write(fd, f); err != nil {
			return fmt.Errorf("write to %s: %w", l.inject, err)
		}
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}
