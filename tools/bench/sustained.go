package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

const (
	// lossLimit is the share of flows that may be lost, by each way of counting.
	lossLimit = 0.001
	// drainLimit is how long a collector may still be busy when the last packet was sent: else it only put off what it did not keep up with.
	drainLimit = 1500 * time.Millisecond
	// tries is how often a rate is tried: another program may get in the way once.
	tries = 3
)

// step is one rate for some seconds.
type step struct {
	Rate      int // flows a second that were to be sent
	Flows     int // sent
	Seconds   float64
	Drops     int // datagrams that the kernel dropped at the socket
	Lost      int // packets missing by sequence numbers, as the collector counts; -1: it does not
	Documents int // that came to the sink; -1: they do not go there
	Octets    int // of requests
	CPU       time.Duration
	Drain     time.Duration
	Peak      int // octets of memory until then
	Mapped    int // octets of files that are in memory at the end, such as databases
	Good      bool
	Why       string // it is not
}

// sustained is what a collector keeps up with.
type sustained struct {
	Name, Output string
	Best         step // the highest rate that was good
	First        step // the lowest that was not; Rate 0: there is none
	Goal         step // the lowest good rate that meets the goal; Rate 0: there is none
	Skipped      string
}

// perFlow is the processor time of a flow at the highest good rate.
func (s *sustained) perFlow() float64 {
	if s.Best.Flows == 0 {
		return 0
	}
	return float64(s.Best.CPU) / float64(s.Best.Flows)
}

// arena is what contestants have in common.
type arena struct {
	sender    *sender
	perPacket int
	sink      *sink
	seconds   time.Duration
	say       func(format string, args ...any)
}

// measure finds the highest rate that a collector keeps up with.
func (a *arena) measure(ctx context.Context, c *contestant) (_ sustained, err error) {
	out := sustained{Name: c.Name, Output: c.Output}
	dir, err := os.MkdirTemp("/dev/shm", "bench-")
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	command, err := c.command(dir)
	if err != nil {
		return out, err
	}
	p, err := startProcess(ctx, dir, command)
	if err != nil {
		out.Skipped = err.Error()
		return out, nil
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	if err := a.ready(p); err != nil {
		return out, err
	}
	// Templates first: the sender began before this collector did, and what waits for a template takes memory that says nothing about the rates.
	if err := a.sender.finish(); err != nil {
		return out, err
	}
	// All flows once or twice, for caches to be as they are after an hour.
	if _, err := a.sender.send(min(50, c.rates[0])*1000, a.perPacket, 3*time.Second); err != nil {
		return out, err
	}
	if _, err := a.settle(p, c); err != nil {
		return out, err
	}
	if _, _, err := a.sink.documents(); err != nil {
		return out, err
	}
	for _, rate := range c.rates {
		var s step
		for range tries {
			if s, err = a.try(ctx, p, c, rate*1000); err != nil {
				return out, err
			}
			a.say("%s: %d flows/s: %s", c.Name, s.Rate, s.describe())
			if s.Good {
				break
			}
		}
		if !s.Good {
			out.First = s
			break
		}
		out.Best = s
		if out.Goal.Rate == 0 && s.Rate >= sustainedGoal {
			out.Goal = s
		}
	}
	return out, nil
}

// ready waits until the collector's socket is there.
func (a *arena) ready(p *process) error {
	for range 600 {
		if err := p.alive(); err != nil {
			return err
		}
		if _, bound, err := kernelDrops(); err != nil || bound {
			time.Sleep(500 * time.Millisecond) // others of its sockets
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
	return fmt.Errorf("%s does not listen:\n%s", p.command.Path, p.output.String())
}

// settle waits until all is done, and returns how long that took.
func (a *arena) settle(p *process, c *contestant) (time.Duration, error) {
	drain, err := p.idle(20 * time.Second)
	time.Sleep(1200 * time.Millisecond) // the last batch waits for a second
	if c.purge > 0 {
		time.Sleep(c.purge)
	}
	return drain, err
}

func (a *arena) try(ctx context.Context, p *process, c *contestant, rate int) (s step, err error) {
	s = step{Rate: rate, Lost: -1, Documents: -1}
	before, err := a.look(ctx, p, c)
	if err != nil {
		return s, err
	}
	start := time.Now()
	datagrams, err := a.sender.send(rate, a.perPacket, a.seconds)
	if err != nil {
		return s, err
	}
	s.Flows, s.Seconds = datagrams*a.perPacket, time.Since(start).Seconds()
	if s.Drain, err = a.settle(p, c); err != nil {
		return s, err
	}
	if err := a.sender.finish(); err != nil {
		return s, err
	}
	time.Sleep(50 * time.Millisecond)
	after, err := a.look(ctx, p, c)
	if err != nil {
		return s, err
	}
	s.CPU, s.Drops = after.processor-before.processor, after.drops-before.drops
	if c.metrics != "" {
		s.Lost = after.lost - before.lost
	}
	if c.sunk {
		if s.Documents, s.Octets, err = a.sink.documents(); err != nil {
			return s, err
		}
	}
	s.Peak, s.Mapped = p.memory("VmHWM"), p.memory("RssFile")
	s.judge(a)
	return s, p.alive()
}

// judge finds what is wrong with a step.
func (s *step) judge(a *arena) {
	share := func(n int) float64 { return float64(n) / float64(s.Flows) }
	var wrong []string
	check := func(bad bool, format string, args ...any) {
		if bad {
			wrong = append(wrong, fmt.Sprintf(format, args...))
		}
	}
	check(share(s.Drops*a.perPacket) > lossLimit, "the socket dropped %.1f %%", 100*share(s.Drops*a.perPacket))
	check(s.Lost > 0 && share(s.Lost*a.perPacket) > lossLimit, "%.1f %% missing by sequence number", 100*share(s.Lost*a.perPacket))
	check(s.Documents >= 0 && share(s.Flows-s.Documents) > lossLimit, "%.1f %% not in the sink", 100*share(s.Flows-s.Documents))
	check(s.Drain > drainLimit, "busy for %.1f s after the last packet", s.Drain.Seconds())
	check(s.CPU.Seconds() > 1.05*s.Seconds, "takes %.1f s of processor time for each second of flows", s.CPU.Seconds()/s.Seconds)
	check(float64(s.Flows)/s.Seconds < 0.98*float64(s.Rate), "the sender got to %.0f flows/s only", float64(s.Flows)/s.Seconds)
	s.Why, s.Good = strings.Join(wrong, ", "), len(wrong) == 0
}

func (s *step) describe() string {
	text := fmt.Sprintf("%.0f ns/flow, %d datagrams dropped, %d MiB at most, %d MiB mapped now", float64(s.CPU)/float64(s.Flows), s.Drops, s.Peak>>20, s.Mapped>>20)
	if !s.Good {
		return text + "; " + s.Why
	}
	return text
}

// looked is what is counted at a moment.
type looked struct {
	processor   time.Duration
	drops, lost int
}

func (a *arena) look(ctx context.Context, p *process, c *contestant) (l looked, err error) {
	if l.drops, _, err = kernelDrops(); err != nil {
		return l, err
	}
	if c.metrics != "" {
		m, err := figuresOf(ctx, c.metrics)
		if err != nil {
			return l, err
		}
		if got := int(m["flowcollector_socket_drops_total"]); got != l.drops {
			return l, fmt.Errorf("the collector counts %d datagrams dropped, the kernel %d", got, l.drops)
		}
		l.lost = int(m["flowcollector_exporter_sequence_lost_total"])
	}
	l.processor, err = p.processor()
	return l, err
}
