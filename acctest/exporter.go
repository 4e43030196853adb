package acctest

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Exporter is a program that meters the traffic of a network interface of its own and exports what it saw. Nothing but the traffic it is
// given appears there.
type Exporter struct {
	// Netns is the path of the network namespace it runs in.
	Netns string

	run     *run
	line    *line
	prog    program
	sent    uint64 // packets of traffic so far
	command string // line it was started with
	rest    bool   // there may be something it did not export yet
}

// program is what is particular to one exporter.
type program interface {
	// start starts it, watching x.line, and returns when it does.
	start(ctx context.Context, x *Exporter, targets []string) error
	// settle returns when it has counted x.sent packets.
	settle(ctx context.Context, x *Exporter) error
	// finish makes it export what it has counted. It may end for that.
	finish(ctx context.Context, x *Exporter) error
	// stop ends it, if it still runs.
	stop(ctx context.Context) error
}

const exporterLimit = time.Minute

// StartExporter starts softflowd in a host's network. Every target ("127.0.0.1:2055", "[::1]:2055") gets the same packets, in NetFlow
// version "5", "9" or "10" (IPFIX).
func StartExporter(ctx context.Context, host *Host, targets []string, version string) (*Exporter, error) {
	if host == nil || host.Netns == "" {
		return nil, errors.New("start exporter: it needs a container host, in whose network it runs")
	}
	return startExporter(ctx, host.Netns, &softflowd{version: version}, targets)
}

// StartMeter starts an exporter in a network of its own, which has nothing but the line it watches and a loopback interface. The target
// is an address there: "127.0.0.1:2055".
func StartMeter(ctx context.Context, m Meter, target string) (*Exporter, error) {
	x, err := startExporter(ctx, "", m.program(), []string{target})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.Name, err)
	}
	return x, nil
}

// startExporter starts a program in the network namespace at netns, in a new one when that is empty.
func startExporter(ctx context.Context, netns string, p program, targets []string) (*Exporter, error) {
	r, err := newRun(ctx)
	if err != nil {
		return nil, err
	}
	x := &Exporter{run: r, Netns: netns, prog: p}
	if netns == "" {
		if x.Netns, err = r.makeLoopback(ctx); err != nil {
			return nil, r.abandon(ctx, fmt.Errorf("start exporter: %w", err))
		}
	}
	if x.line, err = makeLine(ctx, x.Netns, r.id); err != nil {
		return nil, r.abandon(ctx, fmt.Errorf("start exporter: %w", err))
	}
	if err := p.start(ctx, x, targets); err != nil {
		return nil, errors.Join(fmt.Errorf("start exporter: %w", err), p.stop(ctx), x.line.remove(ctx), r.close(ctx))
	}
	return x, nil
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
	if err := x.line.write(ctx, data); err != nil {
		return nil, fmt.Errorf("send traffic: %w", err)
	}
	x.sent += uint64(len(data))
	x.rest = true
	if err := x.prog.settle(ctx, x); err != nil {
		return nil, fmt.Errorf("send traffic: %w", err)
	}
	return sums, nil
}

// Flush makes the exporter send everything it has counted. Some do that only at their end: they are ended, and Send no longer works.
func (x *Exporter) Flush(ctx context.Context) error {
	if err := x.prog.finish(ctx, x); err != nil {
		return fmt.Errorf("flush the exporter: %w", err)
	}
	x.rest = false
	return nil
}

// Stop ends the exporter, which sends the rest first, and removes its interfaces.
func (x *Exporter) Stop(ctx context.Context) error {
	var finished error
	if x.rest {
		finished = x.prog.finish(ctx, x)
	}
	if err := errors.Join(finished, x.prog.stop(ctx), x.line.remove(ctx), x.run.close(ctx)); err != nil {
		return fmt.Errorf("stop the exporter: %w", err)
	}
	return nil
}
