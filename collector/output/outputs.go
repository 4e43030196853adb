package output

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Named is a sink under the name of its output.
type Named struct {
	Name string
	Sink Sink
}

// heritable is a sink that can leave what it has not stored to its successor.
type heritable interface {
	// PassOn says who the heir will be, before the figures of both are summed up: what both have is told by one.
	PassOn(heir Sink)
	// Retire is Close, but what is not stored yet goes to heir instead of being waited for or dropped. Put may be called even after it, by a sink
	// that retired before.
	Retire(ctx context.Context, heir Sink) error
}

var _, _, _, _ heritable = (*Elasticsearch)(nil), (*Kafka)(nil), (*NDJSON)(nil), (*Recent)(nil)

// Outputs hands every buffer to several sinks: each but the first gets a copy. Which ones may change while it is in use: a buffer goes to all of
// before or to all of after.
type Outputs struct {
	pool *Pool

	putting sync.RWMutex // held to read by Put, to write by Change
	now     atomic.Pointer[[]Named]

	mu       sync.Mutex
	leaving  []Named          // being closed
	past     map[string]Stats // of those that were closed
	closing  sync.WaitGroup
	end      context.Context // of the time that those that leave have
	finish   context.CancelFunc
	problems []error // of those that were closed
}

// NewOutputs returns a sink in front of at least one other.
func NewOutputs(pool *Pool, sinks ...Named) *Outputs {
	o := &Outputs{pool: pool, past: map[string]Stats{}}
	o.end, o.finish = context.WithCancel(context.Background())
	o.now.Store(&sinks)
	return o
}

// Sink returns the sink of an output, or nil.
func (o *Outputs) Sink(name string) Sink {
	for _, s := range *o.now.Load() {
		if s.Name == name {
			return s.Sink
		}
	}
	return nil
}

// Put implements Sink. One sink may have no room. Of several each that has none counts that as its own loss: the others are not to wait for it.
func (o *Outputs) Put(b *Buffer) bool {
	o.putting.RLock()
	defer o.putting.RUnlock()
	sinks := *o.now.Load()
	if len(sinks) == 1 {
		return sinks[0].Sink.Put(b)
	}
	for _, s := range sinks[1:] {
		c := o.pool.Get()
		c.since, c.refused, c.shares = b.since, b.refused, b.shares
		c.appendBuffer(b)
		o.pool.give(s.Sink, c)
	}
	o.pool.give(sinks[0].Sink, b)
	return true
}

// Refuse implements Sink.
func (o *Outputs) Refuse(docs int) {
	o.putting.RLock() // what a sink that leaves counts is not seen any more once it has left
	defer o.putting.RUnlock()
	for _, s := range *o.now.Load() {
		s.Sink.Refuse(docs)
	}
}

// Change puts other sinks into the place of those of now, at least one. A sink that is in both lists stays as it is. Of the others, one whose
// output has a new sink leaves to that what it has not stored, and one whose output is gone is closed: in the background, for so long at most.
func (o *Outputs) Change(sinks []Named, within time.Duration) {
	o.putting.Lock()
	o.mu.Lock() // who sums up sees all of before or all of after
	before := *o.now.Load()
	o.now.Store(&sinks)
	var gone, heirs []Named
	for _, old := range before {
		if !slices.ContainsFunc(sinks, func(s Named) bool { return s.Sink == old.Sink }) {
			heir := Named{old.Name, o.Sink(old.Name)}
			passOn(old, heir.Sink)
			gone, heirs = append(gone, old), append(heirs, heir)
		}
	}
	o.leaving = append(o.leaving, gone...)
	o.mu.Unlock()
	o.putting.Unlock()
	for i, old := range gone {
		o.closing.Go(func() { o.retire(old, heirs[i].Sink, within) })
	}
}

// passOn tells a sink that leaves who its heir will be, if there is one.
func passOn(old Named, heir Sink) {
	if h, ok := old.Sink.(heritable); ok && heir != nil {
		h.PassOn(heir)
	}
}

// retire closes a sink that is in use no more.
func (o *Outputs) retire(old Named, heir Sink, within time.Duration) {
	ctx, cancel := context.WithTimeout(o.end, within)
	defer cancel()
	var err error
	if h, ok := old.Sink.(heritable); ok && heir != nil {
		err = h.Retire(ctx, heir)
	} else {
		err = old.Sink.Close(ctx)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.leaving = slices.DeleteFunc(o.leaving, func(s Named) bool { return s.Sink == old.Sink })
	for _, s := range old.Sink.Stats() {
		s.leave()
		if !s.counted() {
			continue // it was withdrawn before it was of use
		}
		sum := o.past[s.Name]
		sum.count(s)
		o.past[s.Name] = sum
	}
	if err != nil {
		o.problems = append(o.problems, err)
	}
}

// Withdraw closes a sink that was made to take the place of another and does not come into use. What it took from a spool that both have goes back,
// and what is in one of its own stays there: it has no time to pass that on.
func (o *Outputs) Withdraw(n Named) {
	heir := o.Sink(n.Name)
	passOn(n, heir)
	o.mu.Lock()
	o.leaving = append(o.leaving, n)
	o.mu.Unlock()
	o.retire(n, heir, 0)
}

// WaitFor waits until no sink of an output is being closed any more, for so long at most. The error is that of ctx when it ended before.
func (o *Outputs) WaitFor(ctx context.Context, name string, within time.Duration) error {
	for end := time.Now().Add(within); time.Now().Before(end); {
		o.mu.Lock()
		leaving := slices.ContainsFunc(o.leaving, func(s Named) bool { return s.Name == name })
		o.mu.Unlock()
		if !leaving {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
	return nil
}

// Problems returns, once, why sinks that left could not store all.
func (o *Outputs) Problems() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	err := errors.Join(o.problems...)
	o.problems = nil
	return err
}

// Close implements Sink. The sinks share the time that ctx gives.
func (o *Outputs) Close(ctx context.Context) error {
	// Those that leave have heirs, which have to be there until they are done.
	left := make(chan struct{})
	go func() { o.closing.Wait(); close(left) }()
	select {
	case <-left:
	case <-ctx.Done():
	case <-time.After(cancelTime):
	}
	o.finish()
	<-left
	sinks := *o.now.Load()
	errs := make([]error, len(sinks)+1)
	errs[len(sinks)] = o.Problems()
	var wg sync.WaitGroup
	for i, s := range sinks {
		wg.Go(func() { errs[i] = s.Sink.Close(ctx) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// Stats implements Sink. Counters of an output go on when its sink changes, and stay when the output is removed.
func (o *Outputs) Stats() []Stats {
	o.mu.Lock()
	defer o.mu.Unlock()
	sinks := *o.now.Load()
	var all []Stats
	for _, s := range o.leaving { // first: what goes to an heir in between is then seen twice, not nowhere
		for _, one := range s.Sink.Stats() {
			if i := slices.IndexFunc(all, func(a Stats) bool { return a.Name == one.Name }); i >= 0 {
				all[i].hold(one.Held)
				all[i].count(one)
			} else {
				one.Problem, one.Unreached = Problem{}, false
				all = append(all, one)
			}
		}
	}
	leaving := all
	all = nil
	for _, s := range sinks {
		for _, one := range s.Sink.Stats() {
			one.count(o.past[one.Name])
			if i := slices.IndexFunc(leaving, func(a Stats) bool { return a.Name == one.Name }); i >= 0 {
				one.hold(leaving[i].Held)
				one.count(leaving[i])
				leaving = slices.Delete(leaving, i, i+1)
			}
			all = append(all, one)
		}
	}
	for _, one := range leaving {
		one.count(o.past[one.Name])
		all = append(all, one)
	}
	for _, name := range slices.Sorted(maps.Keys(o.past)) {
		if !slices.ContainsFunc(all, func(a Stats) bool { return a.Name == name }) {
			gone := Stats{Name: name, Gone: true}
			gone.count(o.past[name])
			all = append(all, gone)
		}
	}
	return all
}

// Alive implements Sink. It waits for no lock that a stuck sink may hold. A sink that leaves has its time, and is not looked at.
func (o *Outputs) Alive() error {
	for _, s := range *o.now.Load() {
		if err := s.Sink.Alive(); err != nil {
			return err
		}
	}
	return nil
}
