package page

import (
	"context"
	"net/http"
	"sync"
	"time"
)

const (
	// cacheFor is how long a page that was made is good: browsers that are reloaded cost one page a second.
	cacheFor = time.Second
	// cacheEntries is how many different pages are kept.
	cacheEntries = 64
)

// cache keeps pages for a moment. Who asks for a page that is being made waits for it.
type cache struct {
	good  time.Duration
	most  int
	clock func() time.Time

	mu    sync.Mutex
	pages map[string]*cached
}

type cached struct {
	done chan struct{} // closed when it is made
	body []byte
	code int
	made time.Time
}

func newCache(good time.Duration, most int) cache {
	return cache{good: good, most: most, clock: time.Now, pages: map[string]*cached{}}
}

// get returns a page of not more than c.good ago, which produce makes where there is none. Produce must return, though nobody waits any more.
func (c *cache) get(ctx context.Context, key string, produce func() ([]byte, int)) ([]byte, int) {
	c.mu.Lock()
	p := c.pages[key]
	if p == nil || !p.made.IsZero() && c.clock().Sub(p.made) >= c.good {
		p = &cached{done: make(chan struct{})}
		c.forget()
		c.pages[key] = p
		c.mu.Unlock()
		c.fill(key, p, produce)
		return p.body, p.code
	}
	c.mu.Unlock()
	select {
	case <-p.done:
		return p.body, p.code
	case <-ctx.Done():
		return nil, http.StatusServiceUnavailable
	}
}

// fill makes a page. One whose making panics is not kept, and nobody waits for it for ever.
func (c *cache) fill(key string, p *cached, produce func() ([]byte, int)) {
	p.code = http.StatusInternalServerError
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if p.made = c.clock(); p.body == nil {
			delete(c.pages, key)
		}
		close(p.done)
	}()
	p.body, p.code = produce()
}

// forget makes room for a page. The cache is locked.
func (c *cache) forget() {
	now := c.clock()
	for key, p := range c.pages {
		if !p.made.IsZero() && (now.Sub(p.made) >= c.good || len(c.pages) >= c.most) {
			delete(c.pages, key)
		}
	}
}
