package connection

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Hosts are the entries of the provider's hosts.
type Hosts struct {
	mu      sync.Mutex
	entries map[string]*Host
	unknown bool        // which hosts there are is not known before the apply
	warned  atomic.Bool // then: that was said, which is enough for all of them
}

// Lookup finds a host by its name in the provider block.
func (h *Hosts) Lookup(name string) (*Host, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if found, ok := h.entries[name]; ok {
		return found, nil
	}
	if !h.unknown {
		return nil, fmt.Errorf("the provider's hosts have no entry %q (there is %s)", name, h.list())
	}
	made := newHost(name, nil, 0)
	made.warned = &h.warned
	h.entries[name] = made
	return made, nil
}

// Names are those of the hosts that are known by now.
func (h *Hosts) Names() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Sorted(maps.Keys(h.entries))
}

func (h *Hosts) list() string {
	if len(h.entries) == 0 {
		return "none"
	}
	return strings.Join(slices.Sorted(maps.Keys(h.entries)), ", ")
}

// Default is the name of the host to use when none is given: the only one. It is empty as long as that is not known.
func (h *Hosts) Default() (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.unknown {
		return "", nil
	}
	if len(h.entries) == 1 {
		for name := range h.entries {
			return name, nil
		}
	}
	if len(h.entries) == 0 {
		return "", errors.New("the provider has no hosts: add one to its hosts")
	}
	return "", fmt.Errorf("the provider has several hosts (%s): say which one", h.list())
}

// Has tells whether there is, or may be, a host of this name.
func (h *Hosts) Has(name string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, ok := h.entries[name]
	return ok || h.unknown
}
