package acctest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

const namespaceDir = "/run/netns"

// network is a network namespace joined to this machine by a veth pair.
type network struct {
	name     string // of the namespace
	path     string
	link     string     // this machine's end of the pair
	outside  netip.Addr // this machine's address on it
	address  netip.Addr // inside, of the network reserved for benchmarks, RFC 2544 and RFC 6890
	outside6 netip.Addr
	address6 netip.Addr // inside, of the documentation prefix, RFC 3849
	device   string
}

// Each host has a /30 of 198.18.0.0/15 and a /64 of 2001:db8:acc::/48, numbered alike.
const subnets = 1 << 15

func subnet(i int) (outside, inside, outside6, inside6 netip.Addr) {
	base := uint32(198)<<24 | 18<<16 | uint32(i)<<2
	v4 := func(a uint32) netip.Addr {
		return netip.AddrFrom4([4]byte{byte(a >> 24), byte(a >> 16), byte(a >> 8), byte(a)})
	}
	v6 := func(last byte) netip.Addr {
		return netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 0x0a, 0xcc, byte(i >> 8), byte(i), 15: last})
	}
	return v4(base + 1), v4(base + 2), v6(1), v6(2)
}

// makeNetwork makes a namespace with the first pair of subnets that no interface of this machine has.
func (r *run) makeNetwork(ctx context.Context) (*network, error) {
	unlock, err := lockRuns()
	if err != nil {
		return nil, err
	}
	defer unlock()
	used, err := usedPrefixes()
	if err != nil {
		return nil, err
	}
	n := &network{name: "fsa-" + r.id, link: "fsa-" + r.id, device: "eth0"}
	n.path = filepath.Join(namespaceDir, n.name)
	for i := range subnets {
		n.outside, n.address, n.outside6, n.address6 = subnet(i)
		if !used(n.outside, 30) && !used(n.outside6, 64) {
			break
		}
		if i == subnets-1 {
			return nil, errors.New("no free subnet in 198.18.0.0/15")
		}
	}
	if err := r.record(entry{Namespace: n.name}); err != nil {
		return nil, err
	}
	if _, err := command(ctx, "ip", "netns", "add", n.name); err != nil {
		return nil, err
	}
	if err := r.record(entry{Link: n.link}); err != nil {
		return nil, err
	}
	outside := []string{
		"link add " + n.link + " type veth peer name " + n.device + " netns " + n.name,
		fmt.Sprintf("addr add %s/30 dev %s", n.outside, n.link),
		fmt.Sprintf("addr add %s/64 dev %s nodad", n.outside6, n.link),
		"link set " + n.link + " up",
	}
	inside := []string{
		"link set lo up",
		fmt.Sprintf("addr add %s/30 dev %s", n.address, n.device),
		fmt.Sprintf("addr add %s/64 dev %s nodad", n.address6, n.device),
		"link set " + n.device + " up",
	}
	if _, err := commandInput(ctx, strings.Join(outside, "\n")+"\n", "ip", "-batch", "-"); err != nil {
		return nil, err
	}
	if _, err := commandInput(ctx, strings.Join(inside, "\n")+"\n", "ip", "-n", n.name, "-batch", "-"); err != nil {
		return nil, err
	}
	return n, nil
}

// makeLoopback makes a namespace that has nothing but its loopback interface, and returns its path.
func (r *run) makeLoopback(ctx context.Context) (string, error) {
	name := "fsa-" + r.id
	if err := r.record(entry{Namespace: name}); err != nil {
		return "", err
	}
	if _, err := command(ctx, "ip", "netns", "add", name); err != nil {
		return "", err
	}
	if _, err := command(ctx, "ip", "-n", name, "link", "set", "lo", "up"); err != nil {
		return "", err
	}
	return filepath.Join(namespaceDir, name), nil
}

// usedPrefixes tells whether an interface of this machine has an address in, or a prefix over, a subnet.
func usedPrefixes() (func(a netip.Addr, bits int) bool, error) {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("addresses of this machine: %w", err)
	}
	prefixes := make([]netip.Prefix, 0, len(addresses))
	for _, a := range addresses {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			prefixes = append(prefixes, p.Masked())
		}
	}
	return func(a netip.Addr, bits int) bool {
		want := netip.PrefixFrom(a, bits).Masked()
		for _, p := range prefixes {
			if p.Overlaps(want) {
				return true
			}
		}
		return false
	}, nil
}

// removeNamespace ends every process in the namespace (we made it, so nothing else is there) and deletes it.
func removeNamespace(ctx context.Context, name string) error {
	path := filepath.Join(namespaceDir, name)
	if _, err := os.Lstat(path); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	var errs []error
	for _, p := range processesIn(path) {
		errs = append(errs, p.kill(ctx))
	}
	// The name may be a plain file, when its maker died between making it and mounting on it.
	if err := removeMount(ctx, path); err != nil {
		return errors.Join(append(errs, err)...)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		errs = append(errs, fmt.Errorf("network namespace: %w", err))
	}
	return errors.Join(errs...)
}

// processesIn lists the processes whose network namespace is the one at path.
func processesIn(path string) []processID {
	var want, have unix.Stat_t
	if unix.Stat(path, &want) != nil {
		return nil
	}
	// No process can be in what is not a namespace.
	var fs unix.Statfs_t
	if unix.Statfs(path, &fs) != nil || fs.Type != unix.NSFS_MAGIC {
		return nil
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var found []processID
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		if unix.Stat(fmt.Sprintf("/proc/%d/ns/net", pid), &have) != nil || have.Ino != want.Ino || have.Dev != want.Dev {
			continue
		}
		if id, err := identify(pid); err == nil {
			found = append(found, id)
		}
	}
	return found
}

func removeLink(ctx context.Context, name string) error {
	exists := func() bool {
		_, err := net.InterfaceByName(name)
		return err == nil
	}
	if !exists() {
		return nil
	}
	_, err := command(ctx, "ip", "link", "delete", name)
	if !exists() {
		return nil // also when the kernel took it away together with the namespace while we asked
	}
	return err
}

// inNamespace runs f on a thread that is in the network namespace at path: sockets opened and programs started by f belong to it.
// An empty path is the machine's own namespace.
func inNamespace(path string, f func() error) error {
	if path == "" {
		return f()
	}
	result := make(chan error, 1)
	go func() {
		// Never unlocked: the thread ends with the goroutine, and no other one ever runs in the namespace by accident.
		runtime.LockOSThread()
		fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			result <- fmt.Errorf("network namespace %s: %w", path, err)
			return
		}
		err = unix.Setns(fd, unix.CLONE_NEWNET)
		if err = errors.Join(err, unix.Close(fd)); err != nil {
			result <- fmt.Errorf("enter network namespace %s: %w", path, err)
			return
		}
		result <- f()
	}()
	return <-result
}

// dialNamespace opens a connection from within a namespace. The address is a literal one: names are not resolved there.
func dialNamespace(ctx context.Context, path, network, address string) (net.Conn, error) {
	var connection net.Conn
	err := inNamespace(path, func() (err error) {
		var d net.Dialer
		connection, err = d.DialContext(ctx, network, address)
		return err
	})
	return connection, err
}
