package top

import (
	"cmp"
	"hash/maphash"
	"slices"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// Sum is what was counted: octets and packets of layer 3, scaled by the sampling of the exporter, and flow records.
type Sum struct {
	Octets, Packets, Flows uint64
}

func (s *Sum) add(o Sum) {
	s.Octets, s.Packets, s.Flows = flow.Sum(s.Octets, o.Octets), flow.Sum(s.Packets, o.Packets), flow.Sum(s.Flows, o.Flows)
}

// table finds the keys with most octets in a bounded number of slots, after Anderson et al., "A High-Performance Algorithm for Identifying
// Frequent Items in Data Streams" (2017): when it is full, the median of all weights is taken from each, and what has none left goes. So it
// costs a probe to count, and about one slot's move to make room; no order is kept meanwhile.
//
// A key with more than 2/n of all octets, n being the keys there is room for, is never lost. What was counted of a key before it was lost, if it
// was, is missing of it: figures are too small rather than too large.
type table[K comparable] struct {
	slots []slot[K] // a power of two; a slot without weight is free
	room  []slot[K] // for those that stay, when room is made
	seed  maphash.Seed
	used  int
}

type slot[K comparable] struct {
	key     K
	witness Address // a recent address of those that the key was counted for
	weight  uint64  // octets, less what was taken to make room
	sum     Sum
}

// newTable takes a number of slots that is a power of two. There is room for three quarters as many keys.
func newTable[K comparable](slots int) table[K] {
	return table[K]{slots: make([]slot[K], slots), room: make([]slot[K], 0, slots*3/4), seed: maphash.MakeSeed()}
}

// add counts for a key. It allocates nothing.
func (t *table[K]) add(key K, witness Address, sum Sum) {
	s := t.find(key)
	if s.weight == 0 {
		if t.used == cap(t.room) {
			t.purge()
			s = t.find(key)
		}
		*s = slot[K]{key: key}
		t.used++
	}
	s.witness = witness
	s.weight += max(1, sum.Octets)
	s.sum.add(sum)
}

// find returns the slot of a key, or the free one where it would be.
func (t *table[K]) find(key K) *slot[K] {
	mask := len(t.slots) - 1
	for i := int(maphash.Comparable(t.seed, key)) & mask; ; i = (i + 1) & mask {
		if s := &t.slots[i]; s.weight == 0 || s.key == key {
			return s
		}
	}
}

// purge makes room: half of the keys go, those with the least weights.
func (t *table[K]) purge() {
	all := t.all()
	half := len(all) / 2
	heaviest(all, half)
	least := uint64(0) // the greatest weight of those that go
	for i := half; i < len(all); i++ {
		least = max(least, all[i].weight)
	}
	clear(t.slots)
	t.used = 0
	for i := range all[:half] {
		if s := &all[i]; s.weight > least {
			s.weight -= least
			*t.find(s.key) = *s
			t.used++
		}
	}
}

// all copies the slots that are in use. They are good until the next call.
func (t *table[K]) all() []slot[K] {
	all := t.room[:0]
	for i := range t.slots {
		if t.slots[i].weight > 0 {
			all = append(all, t.slots[i])
		}
	}
	return all
}

// top returns the n keys with most octets, most first, in memory of their own.
func (t *table[K]) top(n int) []Entry[K] {
	all := t.all()
	n = min(n, len(all))
	heaviest(all, n)
	list := make([]Entry[K], n)
	for i := range list {
		list[i] = Entry[K]{all[i].key, all[i].witness, all[i].sum}
	}
	slices.SortFunc(list, func(a, b Entry[K]) int { return cmp.Compare(b.Octets, a.Octets) })
	return list
}

func (t *table[K]) reset() {
	clear(t.slots)
	t.used = 0
}

// heaviest moves the n slots with most weight to the front, in any order (quickselect).
func heaviest[K comparable](s []slot[K], n int) {
	for len(s) > 1 && n > 0 && n < len(s) {
		pivot := median(s[0].weight, s[len(s)/2].weight, s[len(s)-1].weight)
		i, j := 0, len(s)-1
		for i <= j {
			for s[i].weight > pivot {
				i++
			}
			for s[j].weight < pivot {
				j--
			}
			if i <= j {
				s[i], s[j] = s[j], s[i]
				i++
				j--
			}
		}
		switch {
		case n <= j:
			s = s[:j+1]
		case n > i:
			s, n = s[i:], n-i
		default:
			return
		}
	}
}

func median(a, b, c uint64) uint64 { return max(min(a, b), min(max(a, b), c)) }
