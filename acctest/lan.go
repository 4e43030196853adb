package acctest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
)

// LAN is a network that hosts share, besides the one between each of them and this machine. They know one another's names. Nothing else is on it, so
// that all of them may have the same addresses.
type LAN struct {
	run       *run
	namespace string
	addresses map[string]netip.Addr
	bits      int
}

const (
	lanPrefix = "192.168.113.0/24" // private, so that _site_ means it
	lanBridge = "bridge"
	lanDevice = "eth1" // of a host
)

// StartLAN makes a network for hosts of these names, which join it when they are started (HostOptions). Close removes it.
func StartLAN(ctx context.Context, names ...string) (*LAN, error) {
	prefix := netip.MustParsePrefix(lanPrefix)
	l := &LAN{addresses: map[string]netip.Addr{}, bits: prefix.Bits()}
	address := prefix.Addr()
	for _, name := range names {
		address = address.Next()
		l.addresses[name] = address
	}
	if len(l.addresses) != len(names) || !prefix.Contains(address.Next()) {
		return nil, fmt.Errorf("a network of %d hosts named %s: the names have to differ and the addresses of %s to suffice", len(names), strings.Join(names, ", "), prefix)
	}
	r, err := newRun(ctx)
	if err != nil {
		return nil, err
	}
	path, err := r.makeLoopback(ctx)
	if err == nil {
		l.run, l.namespace = r, filepath.Base(path)
		_, err = commandInput(ctx, "link add "+lanBridge+" type bridge\nlink set "+lanBridge+" up\n", "ip", "-n", l.namespace, "-batch", "-")
	}
	if err != nil {
		return nil, r.abandon(ctx, fmt.Errorf("make a network: %w", err))
	}
	return l, nil
}

// join connects a host's namespace.
func (l *LAN) join(ctx context.Context, name, namespace string) (netip.Addr, error) {
	address, ok := l.addresses[name]
	if !ok {
		return netip.Addr{}, errors.New("the network was not made for a host of this name")
	}
	port := fmt.Sprintf("port%d", address.As4()[3])
	for _, step := range [][2]string{
		{l.namespace, "link add " + port + " type veth peer name " + lanDevice + " netns " + namespace},
		{l.namespace, "link set " + port + " master " + lanBridge + " up"},
		{namespace, fmt.Sprintf("addr add %s/%d dev %s", address, l.bits, lanDevice)},
		{namespace, "link set " + lanDevice + " up"},
	} {
		if _, err := command(ctx, "ip", append([]string{"-n", step[0]}, strings.Fields(step[1])...)...); err != nil {
			return netip.Addr{}, err
		}
	}
	return address, nil
}

// hosts are the lines of /etc/hosts.
func (l *LAN) hosts() string {
	var lines strings.Builder
	for _, name := range slices.Sorted(maps.Keys(l.addresses)) {
		fmt.Fprintf(&lines, "%s %s\n", l.addresses[name], name)
	}
	return lines.String()
}

// Close removes the network. Hosts that still run lose it.
func (l *LAN) Close(ctx context.Context) error { return l.run.close(ctx) }
