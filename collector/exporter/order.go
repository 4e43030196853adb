package exporter

// The ranks of an entry. Whoever can send packets can invent exporters in any number, but to deliver data over minutes takes more than
// that. So the lowest rank makes room first, and within a rank who was silent for longest.
const (
	unproven    = iota // delivered no data
	delivering         // delivered data within one minute
	established        // delivered data in two minutes or more
	ranks
)

// Shares of all entries that the upper ranks may have. Beyond it the one that was silent for longest goes down a rank, so that even a
// table full of inventions that reached a high rank lets new exporters in.
const (
	establishedPercent = 60
	deliveringPercent  = 20
)

// entry is the place of a thing in an order.
type entry[T any] struct {
	of         *T
	prev, next *entry[T] // within its rank; nil when it is in no order
	minute     uint32    // the last one in which it delivered data, since 1970
	rank       uint8
}

// order lists things by rank, and within a rank by when they were last heard of. All steps take constant time.
type order[T any] struct {
	heads  [ranks]entry[T] // rings: next is heard of last, prev longest ago
	length [ranks]int
	most   [ranks]int
}

// newOrder returns an empty order for so many things.
func newOrder[T any](capacity int) *order[T] {
	o := &order[T]{most: shares(capacity)}
	for i := range o.heads {
		o.heads[i].prev, o.heads[i].next = &o.heads[i], &o.heads[i]
	}
	return o
}

// shares are how many of so many things may be in each rank.
func shares(capacity int) [ranks]int {
	return [ranks]int{
		unproven:    capacity,
		delivering:  max(1, capacity*deliveringPercent/100),
		established: max(1, capacity*establishedPercent/100),
	}
}

// resize makes it an order for so many things. Those that are too many now are for the caller to remove.
func (o *order[T]) resize(capacity int) {
	o.most = shares(capacity)
	o.level()
}

// size is how many things are listed; none in an order that is nil.
func (o *order[T]) size() int {
	if o == nil {
		return 0
	}
	return o.length[unproven] + o.length[delivering] + o.length[established]
}

// listed tells whether e is in an order.
func (e *entry[T]) listed() bool { return e.next != nil }

// follow gives e, before it is listed, the rank of its thing's place in another order.
func (e *entry[T]) follow(other *entry[T]) { e.rank, e.minute = other.rank, other.minute }

// add lists e as heard of last in its rank.
func (o *order[T]) add(e *entry[T]) {
	o.list(e)
	o.level()
}

func (o *order[T]) list(e *entry[T]) {
	head := &o.heads[e.rank]
	e.prev, e.next = head, head.next
	e.prev.next, e.next.prev = e, e
	o.length[e.rank]++
}

// level moves those that are beyond the shares of the upper ranks down, the one that was silent for longest first.
func (o *order[T]) level() {
	for rank := uint8(established); rank > unproven; rank-- {
		for o.length[rank] > o.most[rank] {
			o.move(o.heads[rank].prev, rank-1)
		}
	}
}

// remove takes e out, if it is listed.
func (o *order[T]) remove(e *entry[T]) {
	if !e.listed() {
		return
	}
	e.prev.next, e.next.prev = e.next, e.prev
	e.prev, e.next = nil, nil
	o.length[e.rank]--
}

// touch makes e the one heard of last, if it is listed.
func (o *order[T]) touch(e *entry[T]) {
	if e.listed() && e.prev != &o.heads[e.rank] {
		o.remove(e)
		o.list(e)
	}
}

// delivered raises the rank of e, if it is listed, by one for each minute in which it delivers data.
func (o *order[T]) delivered(e *entry[T], minute uint32) {
	if !e.listed() || e.minute == minute {
		return
	}
	e.minute = minute
	if e.rank == established {
		return
	}
	o.move(e, e.rank+1)
	o.level()
}

func (o *order[T]) move(e *entry[T], rank uint8) {
	o.remove(e)
	e.rank = rank
	o.list(e)
}

// first is who goes first when room is needed, other than keep, or nil when there is nobody.
func (o *order[T]) first(keep *T) *T {
	for rank := range o.heads {
		e := o.heads[rank].prev
		if e.of == keep && keep != nil {
			e = e.prev
		}
		if e != &o.heads[rank] {
			return e.of
		}
	}
	return nil
}
