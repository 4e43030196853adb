package acctest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Exporter is softflowd, watching a network interface of its own inside a host's network. Nothing but the traffic it is given appears
// there.
type Exporter struct {
	run     *run
	host    *Host
	server  *process
	control string // socket of softflowctl
	inject  string // interface frames are written to
	sent    uint64 // packets of traffic so far
}

const exporterLimit = time.Minute

// StartExporter starts softflowd in a host's network. Every target ("127.0.0.1:2055", "[::1]:2055") gets the same packets, in NetFlow
// version "5", "9" or "10" (IPFIX).
func StartExporter(ctx context.Context, host *Host, targets []string, version string) (*Exporter, error) {
	if host == nil || host.Netns == "" {
		return nil, errors.New("start exporter: it needs a container host, in whose network it runs")
	}
	r, err := newRun(ctx)
	if err != nil {
		return nil, err
	}
	x := &Exporter{run: r, host: host, control: filepath.Join(r.dir, "control"), inject: "x" + r.id + "a"}
	if err := x.start(ctx, targets, version); err != nil {
		return nil, errors.Join(fmt.Errorf("start exporter: %w", err), x.removeLink(ctx), r.close(ctx))
	}
	return x, nil
}

func (x *Exporter) start(ctx context.Context, targets []string, version string) error {
	watched := "x" + x.run.id + "b"
	namespace := filepath.Base(x.host.Netns)
	if _, err := command(ctx, "ip", "-n", namespace, "link", "add", x.inject, "type", "veth", "peer", "name", watched); err != nil {
		return err
	}
	err := inNamespace(x.host.Netns, func() error {
		// IPv6 would announce itself on the line, and the meter would count it.
		for _, name := range []string{x.inject, watched} {
			if err := os.WriteFile("/proc/sys/net/ipv6/conf/"+name+"/disable_ipv6", []byte("1"), 0); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("switch IPv6 off: %w", err)
	}
	up := "link set " + x.inject + " arp off up\nlink set " + watched + " arp off up\n"
	if _, err := commandInput(ctx, up, "ip", "-n", namespace, "-batch", "-"); err != nil {
		return err
	}
	x.server, err = x.run.start(ctx, startSpec{name: "softflowd", netns: x.host.Netns, args: []string{
		"softflowd", "-i", watched, "-n", strings.Join(targets, ","), "-v", version, "-d", "-t", "maxlife=60", "-t", "expint=5",
		"-c", x.control, "-p", filepath.Join(x.run.dir, "pid"),
	}})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, exporterLimit)
	defer cancel()
	return poll(ctx, "softflowd to answer", func() (bool, error) {
		if err := x.server.exited(); err != nil {
			return false, err
		}
		_, err := x.processed(ctx)
		return err == nil, nil
	})
}

// Send puts traffic on the line and returns when the exporter has seen all of it. The sums are of this traffic, per direction.
// What is exported when is the exporter's decision, until Flush.
func (x *Exporter) Send(ctx context.Context, traffic Traffic) (map[Pair]Sums, error) {
	frames, err := traffic.frames()
	if err != nil {
		return nil, err
	}
	sums := map[Pair]Sums{}
	data := make([][]byte, 0, len(frames))
	for _, f := range frames {
		s := sums[f.pair]
		s.Packets++
		s.Bytes += f.bytes
		sums[f.pair] = s
		data = append(data, f.data)
	}
	if err := x.write(ctx, data); err != nil {
		return nil, fmt.Errorf("send traffic: %w", err)
	}
	x.sent += uint64(len(data))
	if err := x.settle(ctx); err != nil {
		return nil, fmt.Errorf("send traffic: %w", err)
	}
	return sums, nil
}

// settle makes softflowd see everything: its packet library (libpcap with TPACKET_V3, without a timeout) hands over only full blocks of
// its ring, so the rest of the last block is filled with frames it ignores.
func (x *Exporter) settle(ctx context.Context) error {
	const (
		step = 500
		most = 100_000
	)
	filling := make([][]byte, step)
	for i := range filling {
		filling[i] = filler()
	}
	for range most / step {
		if err := x.write(ctx, filling); err != nil {
			return err
		}
		seen, err := x.processed(ctx)
		if err != nil {
			return err
		}
		if seen > x.sent {
			return fmt.Errorf("softflowd counted %d packets, only %d were sent: something else is on the line", seen, x.sent)
		}
		if seen == x.sent {
			return nil
		}
	}
	return fmt.Errorf("softflowd has not seen all of %d packets", x.sent)
}

// write injects frames, not faster than the meter reads.
func (x *Exporter) write(ctx context.Context, frames [][]byte) error {
	var fd int
	err := inNamespace(x.host.Netns, func() error {
		device, err := net.InterfaceByName(x.inject)
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
		return fmt.Errorf("packet socket on %s: %w", x.inject, err)
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
			return fmt.Errorf("write to %s: %w", x.inject, err)
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

var (
	processedRE = regexp.MustCompile(`(?m)^Packets processed: (\d+)`)
	droppedRE   = regexp.MustCompile(`(?m)^\s*Packets dropped by .*: (\d+)`)
)

// processed returns how many packets softflowd has counted; what is not IP is not among them.
func (x *Exporter) processed(ctx context.Context) (uint64, error) {
	text, err := x.ask(ctx, "statistics")
	if err != nil {
		return 0, err
	}
	m := processedRE.FindStringSubmatch(text)
	if m == nil {
		return 0, fmt.Errorf("softflowd statistics hold no %q: %s", processedRE, text)
	}
	packets, err := strconv.ParseUint(m[1], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("softflowd statistics: %w", err)
	}
	for _, m := range droppedRE.FindAllStringSubmatch(text, -1) {
		if m[1] != "0" {
			return 0, fmt.Errorf("softflowd lost packets: %s", text)
		}
	}
	return packets, nil
}

func (x *Exporter) ask(ctx context.Context, what string) (string, error) {
	out, err := command(ctx, "softflowctl", "-c", x.control, what)
	return string(out), err
}

// Flush makes the exporter send everything it has counted.
func (x *Exporter) Flush(ctx context.Context) error {
	if _, err := x.ask(ctx, "expire-all"); err != nil {
		return fmt.Errorf("flush the exporter: %w", err)
	}
	return nil
}

// Stop ends the exporter, which sends the rest first, and removes its interfaces.
func (x *Exporter) Stop(ctx context.Context) error {
	_, asked := x.ask(ctx, "shutdown")
	if x.server.exited() != nil {
		asked = nil
	}
	stopped := x.server.stop(ctx, syscall.SIGTERM, 10*time.Second)
	if err := errors.Join(asked, stopped, x.removeLink(ctx), x.run.close(ctx)); err != nil {
		return fmt.Errorf("stop the exporter: %w", err)
	}
	return nil
}

// removeLink deletes the pair of interfaces; they go with the host's namespace, too.
func (x *Exporter) removeLink(ctx context.Context) error {
	if _, err := os.Stat(x.host.Netns); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	var links []net.Interface
	err := inNamespace(x.host.Netns, func() (err error) {
		links, err = net.Interfaces()
		return err
	})
	if err != nil || !slices.ContainsFunc(links, func(l net.Interface) bool { return l.Name == x.inject }) {
		return err
	}
	_, err = command(context.WithoutCancel(ctx), "ip", "-n", filepath.Base(x.host.Netns), "link", "delete", x.inject)
	return err
}
