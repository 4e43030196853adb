package enrich

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"net/netip"
)

// ways is how many keys a set of a cache holds.
const ways = 4

// cache remembers values by key. It belongs to one goroutine. The zero key marks a free slot.
//
// A key has its place in one of two sets. In a set what is used moves to the front, and what is not falls out at the end. Where both are full a
// key moves to its other set to make room, if there is some: so half of the slots are used before any key is displaced, other than where a
// key has one set, and its flows would pay for a look-up each when five keys have the same.
type cache[K comparable, V any] struct {
	slots []slot[K, V]
	mask  uint64
	hash  func(K) uint64
}

type slot[K comparable, V any] struct {
	key   K
	value V
	again int64 // when to ask again what is known, Unix nanoseconds; 0 is never
}

// due tells whether it is time to ask again. A time that is too far off was set before the clock was put back.
func (s *slot[K, V]) due(now int64) bool {
	return s.again != 0 && (now >= s.again || s.again-now > renew)
}

// newCache takes a number of entries that is a power of two, at least ways.
func newCache[K comparable, V any](entries int, hash func(K) uint64) cache[K, V] {
	return cache[K, V]{make([]slot[K, V], entries), uint64(entries/ways - 1), hash}
}

// set is the first or the second set of a hash.
func (c *cache[K, V]) set(hash uint64) *[ways]slot[K, V] {
	return (*[ways]slot[K, V])(c.slots[(hash&c.mask)*ways:])
}

// touch reads of the first set of a hash, for it to be near when it is needed.
func (c *cache[K, V]) touch(hash uint64) int64 {
	set := c.set(hash)
	return set[0].again + set[1].again + set[ways-1].again
}

// second turns the hash of the first set into that of the second one.
func second(hash uint64) uint64 { return hash >> 32 }

// find returns the slot of a key, or nil.
func (c *cache[K, V]) find(hash uint64, key K) *slot[K, V] {
	set := c.set(hash)
	if set[0].key == key {
		return &set[0]
	}
	if s := among(set, key); s != nil {
		return s
	}
	set = c.set(second(hash))
	if set[0].key == key {
		return &set[0]
	}
	return among(set, key)
}

// among looks at the slots behind the first one, and moves what it finds forward.
func among[K comparable, V any](set *[ways]slot[K, V], key K) *slot[K, V] {
	for i := 1; i < ways; i++ {
		if set[i].key == key {
			set[i], set[i-1] = set[i-1], set[i]
			return &set[i-1]
		}
	}
	return nil
}

// take returns a slot for a key that find did not find.
func (c *cache[K, V]) take(hash uint64, key K) *slot[K, V] {
	a, b := c.set(hash), c.set(second(hash))
	set := a
	switch {
	case c.free(a):
	case c.free(b), c.relieve(b):
		set = b
	case c.relieve(a):
	}
	copy(set[1:], set[:ways-1])
	set[0] = slot[K, V]{key: key}
	return &set[0]
}

// free tells whether there is room at the end of a set.
func (c *cache[K, V]) free(set *[ways]slot[K, V]) bool {
	var none K
	return set[ways-1].key == none
}

// relieve moves a key to the end of its other set, if one of them has room there.
func (c *cache[K, V]) relieve(set *[ways]slot[K, V]) bool {
	for i := ways - 1; i >= 0; i-- {
		hash := c.hash(set[i].key)
		other := c.set(hash)
		if other == set {
			other = c.set(second(hash))
		}
		if !c.free(other) {
			continue
		}
		var none K
		to := ways - 1
		for to > 0 && other[to-1].key == none {
			to--
		}
		other[to] = set[i]
		copy(set[i:], set[i+1:])
		set[ways-1] = slot[K, V]{}
		return true
	}
	return false
}

func (c *cache[K, V]) clear() { clear(c.slots) }

// seed makes hashes that an exporter cannot foresee, so that nobody can choose addresses which displace each other.
type seed [2]uint64

func newSeed() seed {
	return seed{rand.Uint64() | 1, rand.Uint64() | 1} //nolint:gosec // G404: spreads addresses, keeps no secret.
}

func (s seed) hash(a netip.Addr) uint64 {
	b := a.As16()
	return s.mix(binary.LittleEndian.Uint64(b[:8]), binary.LittleEndian.Uint64(b[8:]))
}

// mix folds two products, as wyhash does. One would not do: what tells IPv4 addresses apart is at the far end of the word, and hardly gets to
// the bits that choose a set.
func (s seed) mix(x, y uint64) uint64 {
	hi, lo := bits.Mul64(x^s[0], y^s[1])
	hi, lo = bits.Mul64(hi^lo, 0x9e3779b97f4a7c15) // 2^64 divided by the golden ratio
	return hi ^ lo
}
