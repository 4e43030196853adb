package acctest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Nfcapd is nfdump's collector, the second opinion on what an exporter sent.
type Nfcapd struct {
	run    *run
	netns  string
	port   int
	server *process
	flows  string // directory of its files
}

// StartNfcapd starts nfdump's collector of NetFlow and IPFIX on a UDP port of the address 127.0.0.1 in the network namespace at netns.
func StartNfcapd(ctx context.Context, netns string, port int) (*Nfcapd, error) {
	return startNfcapd(ctx, "nfcapd", netns, port)
}

// StartSfcapd starts nfdump's collector of sFlow.
func StartSfcapd(ctx context.Context, netns string, port int) (*Nfcapd, error) {
	return startNfcapd(ctx, "sfcapd", netns, port)
}

func startNfcapd(ctx context.Context, program, netns string, port int) (*Nfcapd, error) {
	r, err := newRun(ctx)
	if err != nil {
		return nil, err
	}
	n := &Nfcapd{run: r, netns: netns, port: port, flows: filepath.Join(r.dir, "flows")}
	if err := n.start(ctx, program); err != nil {
		return nil, r.abandon(ctx, fmt.Errorf("start %s: %w", program, err))
	}
	return n, nil
}

func (n *Nfcapd) start(ctx context.Context, program string) error {
	if err := os.Mkdir(n.flows, 0o700); err != nil {
		return err
	}
	// A file a day: what is counted in the meantime is in one file, complete when the program ends.
	var err error
	n.server, err = n.run.start(ctx, startSpec{name: program, netns: n.netns, args: []string{
		program, "-w", n.flows, "-p", strconv.Itoa(n.port), "-b", "127.0.0.1", "-t", "86400", "-B", "4000000",
	}})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, exporterLimit)
	defer cancel()
	return poll(ctx, program+" to listen", func() (bool, error) {
		if err := n.server.exited(); err != nil {
			return false, err
		}
		s, err := udpSocketOf(n.netns, n.port)
		return s != nil, err
	})
}

// Sums stops the collector, when it still runs, and adds up what it received. An error when the kernel dropped packets for it.
func (n *Nfcapd) Sums(ctx context.Context) (map[Pair]Sums, error) {
	if n.server.exited() == nil {
		if err := n.drain(ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", n.server.name, err)
		}
	}
	if err := n.server.stop(ctx, syscall.SIGINT, 10*time.Second); err != nil {
		return nil, err
	}
	out, err := command(ctx, "nfdump", "-R", n.flows, "-o", "json")
	if err != nil {
		return nil, err
	}
	var records []struct {
		Source4      netip.Addr `json:"src4_addr"`
		Destination4 netip.Addr `json:"dst4_addr"`
		Source6      netip.Addr `json:"src6_addr"`
		Destination6 netip.Addr `json:"dst6_addr"`
		Packets      uint64     `json:"in_packets"`
		Bytes        uint64     `json:"in_bytes"`
		OutPackets   uint64     `json:"out_packets"` // of the other direction, where one record is about both
		OutBytes     uint64     `json:"out_bytes"`
	}
	// Its JSON for "none" is not JSON.
	if bytes.Contains(out, []byte("No matching flows")) {
		out = []byte("[]")
	}
	if err := json.Unmarshal(out, &records); err != nil {
		return nil, fmt.Errorf("nfdump: %w: %.200s", err, out)
	}
	sums := map[Pair]Sums{}
	for _, r := range records {
		pair := Pair{r.Source4, r.Destination4}
		if !r.Source4.IsValid() {
			pair = Pair{r.Source6, r.Destination6}
		}
		sums[pair] = Sums{sums[pair].Packets + r.Packets, sums[pair].Bytes + r.Bytes}
		if r.OutPackets > 0 {
			back := Pair{pair.Destination, pair.Source}
			sums[back] = Sums{sums[back].Packets + r.OutPackets, sums[back].Bytes + r.OutBytes}
		}
	}
	return sums, nil
}

// drain waits until the program has read everything that arrived.
func (n *Nfcapd) drain(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, exporterLimit)
	defer cancel()
	// It forgets a packet that it has read and not yet looked at when it is told to end.
	const handled = 200 * time.Millisecond
	if err := pause(ctx, handled); err != nil {
		return err
	}
	err := poll(ctx, "it to read its socket", func() (bool, error) {
		s, err := udpSocketOf(n.netns, n.port)
		if err != nil || s == nil {
			return false, errors.Join(errors.New("the socket is gone"), err)
		}
		if s.drops > 0 {
			return false, fmt.Errorf("%d packets were dropped before it read them", s.drops)
		}
		return s.queued == 0, nil
	})
	return errors.Join(err, pause(ctx, handled))
}

// Stop ends the collector and removes its files.
func (n *Nfcapd) Stop(ctx context.Context) error {
	return errors.Join(n.server.stop(ctx, syscall.SIGINT, 10*time.Second), n.run.close(ctx))
}

// udpSocket is a line of the kernel's table, proc(5).
type udpSocket struct {
	queued, drops uint64
}

// udpSocketOf returns the IPv4 socket bound to a port in a network namespace, nil when there is none.
func udpSocketOf(netns string, port int) (found *udpSocket, err error) {
	err = inNamespace(netns, func() error {
		// Of this thread: /proc/net is the one of the process's first thread.
		f, err := os.Open("/proc/thread-self/net/udp")
		if err != nil {
			return err
		}
		defer f.Close() //nolint:errcheck // read only
		for lines := bufio.NewScanner(f); lines.Scan(); {
			fields := strings.Fields(lines.Text())
			if len(fields) < 13 || !strings.HasSuffix(fields[1], fmt.Sprintf(":%04X", port)) {
				continue
			}
			_, queued, _ := strings.Cut(fields[4], ":")
			s := &udpSocket{}
			if s.queued, err = strconv.ParseUint(queued, 16, 64); err != nil {
				return err
			}
			if s.drops, err = strconv.ParseUint(fields[12], 10, 64); err != nil {
				return err
			}
			found = s
		}
		return nil
	})
	return found, err
}
