package exporter

import "github.com/flowstack/terraform-provider-flowstack/collector/flow"

// Change puts other limits and another policy into force. It belongs to the goroutine that decodes, like all that writes to the table. What is
// known stays; where the new limits have less room, those go that make room otherwise, and are counted.
func (t *Table) Change(limits Limits, p Policy) {
	limits = limits.withDefaults()
	anew := t.policy.Dialect != p.Dialect
	t.mu.Lock()
	t.limits, t.policy, t.allow = limits, p, NewNetworks(limits.Allow)
	t.shrink()
	t.mu.Unlock()
	for t.pendingBytes > limits.PendingAllBytes {
		t.waiting.first(nil).dropWaiting()
	}
	for _, s := range t.sources {
		s.rate = p.rate(s.Key.Address)
	}
	if anew {
		t.compileAll()
	}
}

// shrink brings the orders and what they list down to the limits. The table is locked.
func (t *Table) shrink() {
	for _, o := range []*order[Source]{t.order, t.templated, t.waiting} {
		o.resize(t.limits.Exporters)
	}
	t.devices.resize(t.limits.Exporters)
	for _, h := range t.hosts {
		if h.sources == nil {
			continue
		}
		h.sources.resize(t.limits.PerAddress)
		for h.sources.size() > t.limits.PerAddress {
			t.evict(h.sources.first(nil))
		}
	}
	for len(t.sources) > t.limits.Exporters {
		t.evict(t.order.first(nil))
	}
	for t.templateBytes > t.limits.TemplateAllBytes {
		t.evict(t.templated.first(nil))
	}
	for t.optionBytes > t.limits.OptionAllBytes {
		t.forgetDevice(t.devices.first(nil))
	}
}

// compileAll makes the programs of all templates anew, because fields are read differently. A source may make room for another on the way.
func (t *Table) compileAll() {
	for _, h := range t.hosts {
		if h.device != nil {
			h.device.known = t.policy.Dialect.Elements
		}
	}
	for key, s := range t.sources {
		for id, old := range s.templates {
			if t.sources[key] != s {
				break
			}
			// It compiled before, so it does now: the lengths are the same.
			if p, err := flow.Compile(old.Fields, s.Dialect()); err == nil {
				again := *old
				again.Program = p
				if !s.Define(&again) { // there is no memory for it; what was compiled for another policy would say what is not wanted any more
					s.Drop(id)
				}
			}
		}
	}
}
