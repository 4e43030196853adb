// Package soak runs the whole chain for a long time under load, lets one thing after another go wrong, and accounts for every single flow: stored
// exactly once, or lost for a reason that is documented and counted.
package soak

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
	"github.com/flowstack/terraform-provider-flowstack/acctest/chain"
)

// Options say how long, how hard and with what.
type Options struct {
	Repository string        // root of the checkout: examples/, bin/
	Duration   time.Duration // no episode begins after it; each fault comes once at least
	Rate       int           // flows a second
	VM         bool          // the collector's host is a virtual machine: slower, and its clock can be set
	Faults     []string      // names; empty is all that the machine allows
	Seed       uint64        // of the order of faults
	Log        acctest.Logf
}

// Report is what came of it.
type Report struct {
	Episodes  []Episode
	Sent      int // flows
	Stored    int
	Lost      int
	Processes []Process // the collector when it had begun, and after each episode
	Took      time.Duration
}

// Episode is the account of one fault.
type Episode struct {
	Fault   string
	Sent    int // flows
	Stored  int // of them, counted once each
	Lost    int // of them, not stored
	Dropped int // flows that the collector or the kernel counted as dropped
	Crash   int // lost flows that were sent just before a crash: what was not on disk yet
	Twice   int // flows stored more than once
	Backlog time.Duration
	Took    time.Duration
}

// Err says what is wrong with the account of an episode; nil when it is right.
func (e Episode) Err() error {
	switch {
	case e.Twice > 0:
		return fmt.Errorf("%s: %d flows are stored more than once", e.Fault, e.Twice)
	case e.Lost != e.Dropped+e.Crash:
		return fmt.Errorf("%s: %d flows are lost; %d are counted as dropped, %d were on the way when the collector crashed", e.Fault, e.Lost, e.Dropped, e.Crash)
	}
	return nil
}

// Names are the faults that there are.
func Names(vm bool) []string {
	var names []string
	for _, f := range faults {
		if vm || !f.vm {
			names = append(names, f.name)
		}
	}
	return names
}

// Run starts the chain, soaks it and takes it down again. The report is there with an error too, as far as it went.
func Run(ctx context.Context, o Options) (report Report, err error) {
	began := time.Now()
	chosen, err := choose(o)
	if err != nil {
		return report, err
	}
	c, err := chain.Start(ctx, chain.Options{Repository: o.Repository, Name: "soak", VM: o.VM, Log: o.Log})
	if err != nil {
		return report, err
	}
	defer func() {
		cleanup, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Minute)
		defer cancel()
		err = errors.Join(err, c.Stop(cleanup))
		report.Took = time.Since(began)
	}()
	o.Log("applying the complete example")
	if err := c.Tofu.Apply(ctx); err != nil {
		return report, err
	}
	s := &soak{Chain: c, o: o}
	if err := s.prepare(ctx); err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, s.flows.Close()) }()
	if err := s.look(ctx, &report); err != nil {
		return report, err
	}
	return report, errors.Join(s.episodes(ctx, chosen, &report), report.leaks())
}

// look notes what the collector takes now.
func (s *soak) look(ctx context.Context, report *Report) error {
	p, err := s.process(ctx)
	if err == nil {
		report.Processes = append(report.Processes, p)
	}
	return err
}

func choose(o Options) ([]fault, error) {
	names := o.Faults
	if len(names) == 0 {
		names = Names(o.VM)
	}
	var chosen []fault
	for _, name := range names {
		i := slices.IndexFunc(faults, func(f fault) bool { return f.name == name })
		if i < 0 || faults[i].vm && !o.VM {
			return nil, fmt.Errorf("there is no fault %q; there are %s", name, strings.Join(Names(o.VM), ", "))
		}
		chosen = append(chosen, faults[i])
	}
	return chosen, nil
}

// soak is a chain under load.
type soak struct {
	*chain.Chain
	o       Options
	flows   *acctest.NetFlow
	crashes []time.Time // of this episode
	ended   int         // how often the collector was ended in it
}

// episodes lets every fault come once, and then as chance will have it until the time is over. It goes on after a wrong account, to show whether
// others are wrong too.
func (s *soak) episodes(ctx context.Context, chosen []fault, report *Report) error {
	began := time.Now()
	random := rand.New(rand.NewPCG(s.o.Seed, 0))
	var wrong []error
	for round := 0; ; round++ {
		order := random.Perm(len(chosen))
		for _, i := range order {
			if round > 0 && time.Since(began) >= s.o.Duration {
				return errors.Join(wrong...)
			}
			episode, err := s.episode(ctx, chosen[i])
			if err != nil {
				return errors.Join(append(wrong, fmt.Errorf("%s: %w", chosen[i].name, err))...)
			}
			report.add(episode)
			if err := s.look(ctx, report); err != nil {
				return errors.Join(append(wrong, err)...)
			}
			s.o.Log("%s", episode)
			if err := episode.Err(); err != nil {
				s.o.Log("WRONG: %v", err)
				wrong = append(wrong, err)
			}
		}
	}
}

func (r *Report) add(e Episode) {
	r.Episodes = append(r.Episodes, e)
	r.Sent += e.Sent
	r.Stored += e.Stored
	r.Lost += e.Lost
}

// margin is how long flows come in before a fault and after it.
const margin = 3 * time.Second

func (s *soak) episode(ctx context.Context, f fault) (Episode, error) {
	s.o.Log("%s: %s", f.name, f.what)
	began := time.Now()
	e := Episode{Fault: f.name}
	s.crashes, s.ended = nil, 0
	restarts, err := s.unitRestarts(ctx)
	if err != nil {
		return e, err
	}
	before, err := s.counted(ctx)
	if err != nil {
		return e, err
	}
	pid, err := s.pid(ctx)
	if err != nil {
		return e, err
	}
	first := s.flows.Flows() + 1
	s.flows.Start(ctx, s.o.Rate)
	err = pause(ctx, margin)
	if err == nil {
		err = f.inject(ctx, s)
	}
	if err == nil {
		err = pause(ctx, margin)
	}
	if _, stopped := s.flows.Stop(); err != nil || stopped != nil {
		return e, errors.Join(err, stopped)
	}
	last := s.flows.Flows()
	stopped := time.Now()
	if err := s.drained(ctx); err != nil {
		return e, err
	}
	e.Backlog = time.Since(stopped)
	after, err := s.counted(ctx)
	if err != nil {
		return e, err
	}
	e.Sent, e.Dropped = int(last-first)+1, after-before
	if now, err := s.pid(ctx); err != nil {
		return e, err
	} else if now != pid {
		if len(s.crashes) == 0 && !f.restarts {
			return e, errors.New("the collector was started anew, and nobody asked for it")
		}
		e.Dropped = after // of a new process, which began to count anew
	}
	now, err := s.unitRestarts(ctx)
	if err != nil {
		return e, err
	}
	if n := unasked(restarts, now, s.ended, f.restarts); n != 0 {
		return e, fmt.Errorf("systemd started the collector anew %d times more often than somebody ended it", n)
	}
	times, err := s.Elasticsearch.NetFlowStored(ctx, "flows", first, last)
	if err != nil {
		return e, err
	}
	s.account(&e, first, last, times)
	e.Took = time.Since(began)
	return e, nil
}

// crashWindow is how old a flow may be that a crash costs: output.elasticsearch.flush_interval, a second, and what the machine takes to read a
// packet and to have the batch written. An emulated one takes longer.
func (s *soak) crashWindow() time.Duration {
	if s.o.VM {
		return 4 * time.Second
	}
	return 2 * time.Second
}

func (s *soak) account(e *Episode, first, last uint32, times map[uint32]int) {
	log := s.flows.Log()
	for n := first; n <= last; n++ {
		switch times[n] {
		case 0:
			e.Lost++
			i, found := slices.BinarySearchFunc(log, n, func(l acctest.Sending, n uint32) int { return int(l.First) - int(n) })
			if !found {
				i--
			}
			if slices.ContainsFunc(s.crashes, func(at time.Time) bool { d := at.Sub(log[i].At); return d >= 0 && d <= s.crashWindow() }) {
				e.Crash++
			}
		case 1:
			e.Stored++
		default:
			e.Stored++
			e.Twice++
		}
	}
}

// String is the account in a line.
func (e Episode) String() string {
	lost := "none lost"
	if e.Lost > 0 {
		lost = fmt.Sprintf("%d lost (%d at the crash, %d dropped and counted)", e.Lost, e.Crash, e.Dropped)
	}
	return fmt.Sprintf("%s: %d flows sent, %d stored, %s, %d twice; all stored %.0f s after the last was sent", e.Fault, e.Sent, e.Stored, lost, e.Twice, e.Backlog.Seconds())
}

// pause waits, unless ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
