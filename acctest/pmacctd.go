package acctest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// pmacctd exports NetFlow v5, v9 and IPFIX with its plugin nfprobe, sFlow version 5 with sfprobe.
type pmacctd struct {
	plugin  string
	version string // of nfprobe
	server  *process
	counter string // socket of the plugin that counts
}

func (p *pmacctd) start(ctx context.Context, x *Exporter, targets []string) (err error) {
	p.counter = filepath.Join(x.run.dir, "counter")
	settings := []string{
		"daemonize: false",
		"pcap_interface: " + x.line.watched,
		// The second plugin counts, to be asked how far the program is.
		"plugins: " + p.plugin + "[export], memory[count]",
		"aggregate[count]: proto",
		"imt_path[count]: " + p.counter,
		p.plugin + "_receiver[export]: " + targets[0],
		p.plugin + "_source_ip[export]: 127.0.0.1",
	}
	switch {
	case p.plugin == "sfprobe":
		settings = append(settings, "sampling_rate[export]: 1", "sfprobe_agentip[export]: 192.0.2.7", "sfprobe_agentsubid[export]: 7",
			"sfprobe_direction[export]: in", "sfprobe_ifindex[export]: 3", "sfprobe_ifspeed[export]: 1000000000")
	case p.version == "5":
		settings = append(settings, "nfprobe_version[export]: 5", "nfprobe_engine[export]: 1:7",
			"nfprobe_direction[export]: in", "nfprobe_ifindex[export]: 3")
	default:
		settings = append(settings, "nfprobe_version[export]: "+p.version, "nfprobe_engine[export]: 4711",
			"nfprobe_direction[export]: in", "nfprobe_ifindex[export]: 3",
			"aggregate[export]: src_host, dst_host, src_port, dst_port, proto, tos, src_mac, dst_mac, vlan, src_mask, dst_mask, src_as, dst_as, sampling_rate")
	}
	file := filepath.Join(x.run.dir, "pmacctd.conf")
	if err := os.WriteFile(file, []byte(strings.Join(settings, "\n")+"\n"), 0o600); err != nil {
		return err
	}
	x.command = "pmacctd -f (" + strings.Join(settings, "; ") + ")"
	if p.server, err = x.run.start(ctx, startSpec{name: "pmacctd", netns: x.Netns, args: []string{"pmacctd", "-f", file}}); err != nil {
		return err
	}
	if err := waitForCapture(ctx, x, p.server); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, exporterLimit)
	defer cancel()
	return poll(ctx, "pmacctd to answer", func() (bool, error) {
		_, err := p.counted(ctx)
		return err == nil, p.server.exited()
	})
}

func (p *pmacctd) settle(ctx context.Context, x *Exporter) error {
	ctx, cancel := context.WithTimeout(ctx, exporterLimit)
	defer cancel()
	return poll(ctx, "pmacctd to count what was sent", func() (bool, error) {
		n, err := p.counted(ctx)
		if err == nil && n > x.sent {
			err = fmt.Errorf("it counted %d packets, only %d were sent", n, x.sent)
		}
		return n == x.sent, err
	})
}

// counted asks the plugin that counts for the packets of all protocols.
func (p *pmacctd) counted(ctx context.Context) (uint64, error) {
	out, err := command(ctx, "pmacct", "-p", p.counter, "-s", "-O", "csv")
	if err != nil {
		return 0, err
	}
	var sum uint64
	for i, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		fields := strings.Split(line, ",") // protocol, packets, octets
		if i == 0 || len(fields) < 3 {
			continue
		}
		n, err := strconv.ParseUint(strings.TrimSpace(fields[1]), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("pmacct -s: %q: %w", line, err)
		}
		sum += n
	}
	return sum, nil
}

// finish ends it: nfprobe exports everything then. The agent in sfprobe does not. It sends what it has when a packet comes more than a
// second after the one before.
func (p *pmacctd) finish(ctx context.Context, x *Exporter) error {
	if p.plugin == "nfprobe" {
		return p.stop(ctx)
	}
	if err := pause(ctx, 1100*time.Millisecond); err != nil {
		return err
	}
	last, err := trailer()
	if err != nil {
		return err
	}
	if err := x.line.write(ctx, [][]byte{last.data}); err != nil {
		return err
	}
	x.sent++
	return p.settle(ctx, x)
}

func (p *pmacctd) stop(ctx context.Context) error {
	if p.server == nil {
		return nil
	}
	return p.server.stop(ctx, syscall.SIGINT, 20*time.Second)
}
