// Package lru is a bounded map that forgets what was not used for longest.
package lru

// Map remembers at most a number of entries. It is not safe for concurrent use. Entries lie in one slice, so that a full map costs the
// garbage collector little and a look-up allocates nothing. Memory is taken as entries come.
type Map[K comparable, V any] struct {
	most  int
	index map[K]int32
	// nodes[0] is the ring's head: its next was used last, its previous is the one to be forgotten.
	nodes []node[K, V]
	free  int32 // the first of the removed nodes, linked by next; 0 is none
}

type node[K comparable, V any] struct {
	key        K
	value      V
	next, prev int32
}

// New returns a map of at most so many entries, one at least.
func New[K comparable, V any](most int) *Map[K, V] {
	return &Map[K, V]{most: max(1, most), index: map[K]int32{}, nodes: make([]node[K, V], 1)}
}

// Len is the number of entries.
func (m *Map[K, V]) Len() int { return len(m.index) }

// Get returns the value of a key, which thereby is the one used last, or nil. The pointer is good until the next Put.
func (m *Map[K, V]) Get(key K) *V {
	i, ok := m.index[key]
	if !ok {
		return nil
	}
	if m.nodes[0].next != i {
		m.unlink(i)
		m.link(i)
	}
	return &m.nodes[i].value
}

// Peek returns the value of a key without using it, or nil. The pointer is good until the next Put.
func (m *Map[K, V]) Peek(key K) *V {
	if i, ok := m.index[key]; ok {
		return &m.nodes[i].value
	}
	return nil
}

// Put sets the value of a key. It tells whether another entry was forgotten for it, and which.
func (m *Map[K, V]) Put(key K, value V) (gone V, forgot bool) {
	if v := m.Get(key); v != nil {
		*v = value
		return gone, false
	}
	if len(m.index) >= m.most {
		i := m.nodes[0].prev
		gone, forgot = m.nodes[i].value, true
		m.remove(i)
	}
	i := m.free
	if i != 0 {
		m.free = m.nodes[i].next
	} else {
		i = int32(len(m.nodes))
		m.nodes = append(m.nodes, node[K, V]{})
	}
	m.nodes[i].key, m.nodes[i].value = key, value
	m.index[key] = i
	m.link(i)
	return gone, forgot
}

// Delete forgets a key.
func (m *Map[K, V]) Delete(key K) {
	if i, ok := m.index[key]; ok {
		m.remove(i)
	}
}

// Oldest calls f for each entry, the one that was not used for longest first, until it returns false. f may delete the entry it is
// called with and no other, and must not call Get or Put.
func (m *Map[K, V]) Oldest(f func(K, *V) bool) {
	for i := m.nodes[0].prev; i != 0; {
		n := &m.nodes[i]
		before := n.prev
		if !f(n.key, &n.value) {
			return
		}
		i = before
	}
}

func (m *Map[K, V]) remove(i int32) {
	delete(m.index, m.nodes[i].key)
	m.unlink(i)
	m.nodes[i] = node[K, V]{next: m.free} // what the value points to is not kept
	m.free = i
}

func (m *Map[K, V]) unlink(i int32) {
	n := &m.nodes[i]
	m.nodes[n.prev].next, m.nodes[n.next].prev = n.next, n.prev
}

func (m *Map[K, V]) link(i int32) {
	first := m.nodes[0].next
	m.nodes[i].prev, m.nodes[i].next = 0, first
	m.nodes[first].prev, m.nodes[0].next = i, i
}
