package enrich

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"net/netip"
)

// ways is how many keys with the same hash a cache holds. With two, one address in a hundred of a tenth of the entries has no place, and each
// flow of it would pay a look-up.
const ways = 4

// cache remembers values by key, in sets in which what is used moves to the front and what is not falls out at the end. It belongs to one
// goroutine. The zero key marks a free slot.
type cache[K comparable, V any] struct {
	slots []slot[K, V]
	mask  uint64
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
func newCache[K comparable, V any](entries int) cache[K, V] {
	return cache[K, V]{make([]slot[K, V], entries), uint64(entries/ways - 1)}
}

// find returns the slot of a key, or nil.
func (c *cache[K, V]) find(hash uint64, key K) *slot[K, V] {
	set := (*[ways]slot[K, V])(c.slots[(hash&c.mask)*ways:])
	if set[0].key == key {
		return &set[0]
	}
	for i := 1; i < ways; i++ {
		if set[i].key == key {
			set[i], set[i-1] = set[i-1], set[i]
			return &set[i-1]
		}
	}
	return nil
}

// take returns a slot for a key that find did not find. It displaces the last one of its set.
func (c *cache[K, V]) take(hash uint64, key K) *slot[K, V] {
	set := (*[ways]slot[K, V])(c.slots[(hash&c.mask)*ways:])
	copy(set[1:], set[:ways-1])
	set[0] = slot[K, V]{key: key}
	return &set[0]
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
