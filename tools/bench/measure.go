package main

import (
	"fmt"
	"runtime"
	"slices"
	"syscall"
	"time"
)

// sums are what two decoders must agree on before their times mean anything.
type sums struct {
	records int
	octets  uint64
}

func (s *sums) add(octets uint64) {
	s.records++
	s.octets += octets
}

// total decodes all packets of a load once.
func total(l *load, decode func(p *packet) (sums, error)) (all sums, err error) {
	for i := range l.packets {
		s, err := decode(&l.packets[i])
		if err != nil {
			return sums{}, fmt.Errorf("%s, packet %d: %w", l.name, i, err)
		}
		all.records += s.records
		all.octets += s.octets
	}
	return all, nil
}

// side is one way to work through a load.
type side struct {
	load    *load
	records int // in all packets
	work    func(p *packet) error
	passes  int // over the load, a round

	times  []float64 // nanoseconds of processor time a record, by round
	allocs float64   // a packet
}

// result is what a load costs.
type result struct {
	load                 *load
	records              int // in all packets
	ours, document, peer *side
}

// compare checks that both decoders read the same out of a load, and measures them by turns, so that whatever else the machine does hits
// both alike.
func compare(l *load, rounds int, round time.Duration) (*result, error) {
	o, err := newOurs(l)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l.name, err)
	}
	want, err := total(l, o.sum)
	if err != nil {
		return nil, err
	}
	by := func(work func(p *packet) error) *side { return &side{load: l, records: want.records, work: work} }
	r := &result{load: l, records: want.records, ours: by(o.decode), document: by(o.document)}
	sides := []*side{r.ours, r.document}
	if !l.peerless {
		g, err := newPeer(l)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", l.name, err)
		}
		switch got, err := total(l, g.sum); {
		case err != nil:
			return nil, err
		case got != want:
			return nil, fmt.Errorf("%s: we read %d records with %d octets, goflow2 %d with %d", l.name, want.records, want.octets, got.records, got.octets)
		}
		r.peer = by(g.decode)
		sides = []*side{r.ours, r.peer, r.document}
	}
	return r, byTurns(sides, rounds, round)
}

// byTurns measures several sides.
func byTurns(sides []*side, rounds int, round time.Duration) error {
	for _, s := range sides {
		if err := s.calibrate(round); err != nil {
			return err
		}
	}
	for range rounds {
		for _, s := range sides {
			if err := s.measure(); err != nil {
				return err
			}
		}
	}
	return nil
}

// calibrate finds how many passes over the load take about a round.
func (s *side) calibrate(round time.Duration) error {
	for s.passes = 1; ; s.passes *= 2 {
		before := processorTime()
		if err := s.run(); err != nil {
			return err
		}
		if took := processorTime() - before; took >= round/4 {
			s.passes = max(1, int(int64(s.passes)*int64(round)/int64(took)))
			return nil
		}
	}
}

// measure takes one round. The garbage of the others is collected before, its own is part of what it costs.
func (s *side) measure() error {
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := processorTime()
	err := s.run()
	took := processorTime() - start
	runtime.ReadMemStats(&after)
	s.times = append(s.times, float64(took)/float64(s.passes*s.records))
	s.allocs = float64(after.Mallocs-before.Mallocs) / float64(s.passes*len(s.load.packets))
	return err
}

func (s *side) run() error {
	for range s.passes {
		for i := range s.load.packets {
			if err := s.work(&s.load.packets[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// perRecord is the median of all rounds, in nanoseconds a record.
func (s *side) perRecord() float64 {
	times := slices.Sorted(slices.Values(s.times))
	return times[len(times)/2]
}

// processorTime is what this process has used of the processors. Other processes do not count, collecting garbage does.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // the arguments are constants
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
