package host

import (
	"context"
	"sync"
)

// Gathering lets several Applies and Removes on one host that change the same unit share its restart: all that have begun write their
// files, and only then they look after the unit, one at a time. The first restarts it; the others find it restarted. Who comes while
// one looks after the unit waits. The zero value is ready for use.
type Gathering struct {
	mu      sync.Mutex
	units   map[string]*gathered
	made    map[string]bool // shared directories that were not there when the first came
	changed chan struct{}   // closed when anything below has changed
}

// Gathered is a Runner that knows who else is at work on its host.
type Gathered interface {
	Runner
	Gathering() *Gathering
}

// gathered is one unit that somebody is at work on.
type gathered struct {
	visitors int  // that have entered and not left
	writing  int  // visitors that may still write files
	turn     bool // one of them looks after the unit
	written  int  // how many have ever written
	covered  int  // so many of them had when the unit was last restarted
}

// visit is one Apply or Remove among those at work. A nil visit is alone.
type visit struct {
	g     *Gathering
	units map[string]*visited
	wrote bool
	turn  bool
}

type visited struct {
	*gathered
	mine   int  // the unit's written after this visit's
	shared bool // others were there at the same time
}

// enter begins a visit to the units of desired; leave must follow. It is nil where the runner does not gather.
func enter(ctx context.Context, runner Runner, desired Desired) (*visit, error) {
	with, ok := runner.(Gathered)
	if !ok {
		return nil, nil //nolint:nilnil // nobody else can be there
	}
	v := &visit{g: with.Gathering(), units: map[string]*visited{}}
	for _, item := range desired {
		if unit, ok := item.(Unit); ok {
			v.units[unit.Name] = nil
		}
	}
	free := func() bool {
		for name := range v.units {
			if at := v.g.units[name]; at != nil && at.turn {
				return false
			}
		}
		return true
	}
	return v, v.g.when(ctx, free, func() {
		for name := range v.units {
			at := v.g.units[name]
			if at == nil {
				at = &gathered{}
				if v.g.units == nil {
					v.g.units = map[string]*gathered{}
				}
				v.g.units[name] = at
			}
			at.visitors++
			at.writing++
			v.units[name] = &visited{gathered: at}
		}
	})
}

// share notes which shared directories the first that came made: to those after it they were not there before, either, and the last of all takes them away.
func (v *visit) share(desired Desired, before *Before) {
	if v == nil {
		return
	}
	v.g.update(func() {
		for _, item := range desired {
			d, ok := item.(Directory)
			switch {
			case !ok || !d.Shared && !d.Own:
			case v.g.made[d.Path]:
				before.Directories[d.Path] = DirectoryBefore{}
			case !before.Directories[d.Path].Existed:
				if v.g.made == nil {
					v.g.made = map[string]bool{}
				}
				v.g.made[d.Path] = true
			}
		}
	})
}

// when waits until a condition holds and does something then. Both run with the lock.
func (g *Gathering) when(ctx context.Context, holds func() bool, do func()) error {
	for {
		g.mu.Lock()
		if holds() {
			g.change(do)
			g.mu.Unlock()
			return nil
		}
		if g.changed == nil {
			g.changed = make(chan struct{})
		}
		changed := g.changed
		g.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// update does something at once.
func (g *Gathering) update(do func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.change(do)
}

// change does something with the lock held, and wakes those who wait.
func (g *Gathering) change(do func()) {
	do()
	if g.changed != nil {
		close(g.changed)
		g.changed = nil
	}
}

// written tells the others that this visit's files are in their place.
func (v *visit) written() {
	if v.wrote {
		return
	}
	v.wrote = true
	for _, at := range v.units {
		at.written++
		at.writing--
		at.mine = at.written
	}
}

// begin waits until nobody writes for any of the visit's units and nobody else looks after one; then it is this visit's turn until it
// leaves. Nothing is held while it waits, and all units are taken at once: so no two visits wait for each other.
func (v *visit) begin(ctx context.Context) error {
	if v == nil || v.turn {
		return nil
	}
	v.g.update(v.written)
	free := func() bool {
		for _, at := range v.units {
			if at.writing > 0 || at.turn {
				return false
			}
		}
		return true
	}
	return v.g.when(ctx, free, func() {
		v.turn = true
		for _, at := range v.units {
			at.turn = true
			at.shared = at.visitors > 1 || at.written > at.mine || at.mine > 1
		}
	})
}

// shared tells whether others were at work on a unit meanwhile, so that what is known of it is old.
func (v *visit) shared(name string) bool { return v != nil && v.units[name].shared }

// covered tells whether a unit was restarted by another visit since this one wrote.
func (v *visit) covered(name string) bool {
	return v != nil && v.units[name].covered >= v.units[name].mine
}

// restarted notes that a unit runs with all that is written.
func (v *visit) restarted(name string) {
	if v != nil {
		at := v.units[name]
		v.g.update(func() { at.covered = at.written })
	}
}

// leave ends the visit.
func (v *visit) leave() {
	if v == nil {
		return
	}
	v.g.update(func() {
		v.written()
		for name, at := range v.units {
			at.turn = at.turn && !v.turn
			if at.visitors--; at.visitors == 0 {
				delete(v.g.units, name)
			}
		}
	})
}
