package host

import (
	"context"
	"sync"
)

// Gathering lets several Applies and Removes on one host that change the same unit share its restart: each writes its files, all wait
// until the last that had begun has written its own, and then the first of them restarts. The others find the unit restarted.
// The zero value is ready for use.
type Gathering struct {
	mu    sync.Mutex
	units map[string]*gathered
}

// Gathered is a Runner that knows who else is at work on its host.
type Gathered interface {
	Runner
	Gathering() *Gathering
}

// gathered is one unit that somebody is at work on.
type gathered struct {
	visitors int           // that have entered and not left
	entered  int           // ever
	writing  int           // visitors that may still write files
	quiet    chan struct{} // closed when nobody writes
	turn     chan struct{} // held while the unit is looked at and restarted
	written  int           // how many have written
	covered  int           // so many of them had when the unit was last restarted
}

// visit is one Apply or Remove among those at work. A nil visit is alone.
type visit struct {
	g     *Gathering
	units map[string]*visited
	wrote sync.Once
}

type visited struct {
	entered int // of the unit when this visit began
	mine    int // the unit's written after this visit's
}

// enter begins a visit to the units of desired; leave must follow. It is nil where the runner does not gather.
func enter(runner Runner, desired Desired) *visit {
	with, ok := runner.(Gathered)
	if !ok {
		return nil
	}
	g := with.Gathering()
	v := &visit{g: g, units: map[string]*visited{}}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, item := range desired {
		unit, ok := item.(Unit)
		if !ok {
			continue
		}
		at := g.units[unit.Name]
		if at == nil {
			at = &gathered{turn: make(chan struct{}, 1)}
			if g.units == nil {
				g.units = map[string]*gathered{}
			}
			g.units[unit.Name] = at
		}
		if at.writing == 0 {
			at.quiet = make(chan struct{})
		}
		at.visitors++
		at.writing++
		at.entered++
		v.units[unit.Name] = &visited{entered: at.entered}
	}
	return v
}

// written tells the others that this visit's files are in their place, for all of its units at once: so nobody waits for one who
// waits for him.
func (v *visit) written() {
	if v == nil {
		return
	}
	v.wrote.Do(func() {
		v.g.mu.Lock()
		defer v.g.mu.Unlock()
		for name, mine := range v.units {
			at := v.g.units[name]
			at.written++
			mine.mine = at.written
			if at.writing--; at.writing == 0 {
				close(at.quiet)
			}
		}
	})
}

// leave ends the visit.
func (v *visit) leave() {
	if v == nil {
		return
	}
	v.written()
	v.g.mu.Lock()
	defer v.g.mu.Unlock()
	for name := range v.units {
		at := v.g.units[name]
		if at.visitors--; at.visitors == 0 {
			delete(v.g.units, name)
		}
	}
}

// turn waits until nobody writes for the unit and nobody else looks after it. shared: others were there meanwhile, so what is known of
// the unit is old. covered: the unit was restarted since this visit wrote. end says whether the unit runs now with all that was written
// when the turn began.
func (v *visit) turn(ctx context.Context, name string) (shared, covered bool, end func(restarted bool), err error) {
	if v == nil {
		return false, false, func(bool) {}, nil
	}
	v.written()
	v.g.mu.Lock()
	at, quiet := v.g.units[name], v.g.units[name].quiet
	v.g.mu.Unlock()
	for _, wait := range []func() bool{
		func() bool {
			select {
			case <-quiet:
				return true
			case <-ctx.Done():
				return false
			}
		},
		func() bool {
			select {
			case at.turn <- struct{}{}:
				return true
			case <-ctx.Done():
				return false
			}
		},
	} {
		if !wait() {
			return false, false, nil, context.Cause(ctx)
		}
	}
	v.g.mu.Lock()
	defer v.g.mu.Unlock()
	mine, began := v.units[name], at.written
	shared = at.visitors > 1 || at.entered != mine.entered || at.covered > 0
	return shared, at.covered >= mine.mine, func(restarted bool) {
		v.g.mu.Lock()
		defer v.g.mu.Unlock()
		if restarted {
			at.covered = began
		}
		<-at.turn
	}, nil
}
