package elasticsearch

import (
	"context"
	"sync"
)

// turns let one node of a cluster restart at a time, whatever number of resources Terraform applies at the same time in this process.
type turns struct {
	mu       sync.Mutex
	clusters map[turnKey]chan struct{}
}

type turnKey struct {
	data any // one configured provider
	uuid string
}

var restarts turns

// take waits for the turn of a node of a cluster; leave ends it.
func (t *turns) take(ctx context.Context, key turnKey) (leave func(), err error) {
	t.mu.Lock()
	turn, ok := t.clusters[key]
	if !ok {
		turn = make(chan struct{}, 1)
		if t.clusters == nil {
			t.clusters = map[turnKey]chan struct{}{}
		}
		t.clusters[key] = turn
	}
	t.mu.Unlock()
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
