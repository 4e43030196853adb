package page

import (
	"context"
	"sync"
	"time"
)

const (
	// cacheFor is how long what was asked of the service, or made of it, is good: however many look, it is asked once a second.
	cacheFor = time.Second
	// cacheEntries is how many different things of a kind are kept.
	cacheEntries = 64
)

// cache keeps values for a moment. Who asks for one that is being made waits for it.
type cache[V any] struct {
	clock func() time.Time

	mu     sync.Mutex
	values map[string]*cached[V]
}

type cached[V any] struct {
	done  chan struct{} // closed when it is made
	value V
	ok    bool // it could be made
	made  time.Time
}

func newCache[V any](clock func() time.Time) *cache[V] {
	return &cache[V]{clock: clock, values: map[string]*cached[V]{}}
}

// get returns a value of not more than cacheFor ago, which produce makes where there is none, or false when it could not be made, or ctx ended.
// Produce must return, though nobody waits any more.
func (c *cache[V]) get(ctx context.Context, key string, produce func() (V, bool)) (value V, ok bool) {
	c.mu.Lock()
	one := c.values[key]
	if one == nil || !one.made.IsZero() && c.clock().Sub(one.made) >= cacheFor {
		one = &cached[V]{done: make(chan struct{})}
		c.forget()
		c.values[key] = one
		c.mu.Unlock()
		c.fill(key, one, produce)
		return one.value, one.ok
	}
	c.mu.Unlock()
	select {
	case <-one.done:
		return one.value, one.ok
	case <-ctx.Done():
		return value, false
	}
}

// fill makes a value. One that could not be made, or whose making panics, is not kept, and nobody waits for it for ever.
func (c *cache[V]) fill(key string, one *cached[V], produce func() (V, bool)) {
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if one.made = c.clock(); !one.ok && c.values[key] == one {
			delete(c.values, key)
		}
		close(one.done)
	}()
	one.value, one.ok = produce()
}

// forget makes room for a value. The cache is locked.
func (c *cache[V]) forget() {
	now := c.clock()
	for key, one := range c.values {
		if !one.made.IsZero() && (now.Sub(one.made) >= cacheFor || len(c.values) >= cacheEntries) {
			delete(c.values, key)
		}
	}
}
