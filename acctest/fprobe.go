package acctest

import (
	"context"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

// fprobe exports NetFlow v1, v5 and v7.
type fprobe struct {
	version string
	server  *process
}

func (f *fprobe) start(ctx context.Context, x *Exporter, targets []string) (err error) {
	// In the foreground it keeps no pid file outside our directory.
	args := append([]string{"fprobe", "-i", x.line.watched, "-n", f.version, "-l", "2", "-q", "10000"}, targets...)
	x.command = strings.Join(args, " ")
	if f.server, err = x.run.start(ctx, startSpec{name: "fprobe", netns: x.Netns, args: args}); err != nil {
		return err
	}
	return waitForCapture(ctx, x, f.server)
}

// settle gives it time to take the packets through its queue: it cannot be asked how far it is.
func (f *fprobe) settle(ctx context.Context, _ *Exporter) error { return pause(ctx, queueDelay) }

// finish ends it: it exports everything then.
func (f *fprobe) finish(ctx context.Context, _ *Exporter) error { return f.stop(ctx) }

func (f *fprobe) stop(ctx context.Context) error {
	if f.server == nil {
		return nil
	}
	return f.server.stop(ctx, syscall.SIGTERM, 20*time.Second)
}

const queueDelay = 1500 * time.Millisecond

// waitForCapture returns when a program reads a packet socket in the line's namespace: one that is bound to all protocols, which libpcap
// does last.
func waitForCapture(ctx context.Context, x *Exporter, server *process) error {
	ctx, cancel := context.WithTimeout(ctx, exporterLimit)
	defer cancel()
	return poll(ctx, server.name+" to watch its interface", func() (bool, error) {
		if err := server.exited(); err != nil {
			return false, err
		}
		reads := false
		err := inNamespace(x.Netns, func() error {
			text, err := os.ReadFile("/proc/thread-self/net/packet")
			if err != nil {
				return fmt.Errorf("packet sockets: %w", err)
			}
			for line := range strings.Lines(string(text)) { // sk, RefCnt, Type, Proto, Iface, …
				if fields := strings.Fields(line); len(fields) > 4 && fields[3] == "0003" {
					reads = true
				}
			}
			return nil
		})
		return reads, err
	})
}
