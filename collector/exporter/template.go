package exporter

import (
	"maps"
	"slices"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow/element"
)

// Program implements flow.Templates.
func (s *Source) Program(id uint16) *flow.Program {
	if t := s.templates[id]; t != nil && !t.Options {
		return &t.Program
	}
	return nil
}

// Withdraw forgets a template: RFC 7011 section 8.1. Data with its id wait for another from then on.
func (s *Source) Withdraw(id uint16) {
	t := s.templates[id]
	if t == nil {
		return
	}
	delete(s.templates, id)
	s.templateBytes -= t.size()
	s.table.templateBytes -= t.size()
	s.table.changed = true
	s.known.Store(int64(len(s.templates)))
	s.withdrawn.Add(1)
}

// WithdrawAll forgets all templates of data, or all of options.
func (s *Source) WithdrawAll(options bool) {
	for id, t := range s.templates {
		if t.Options == options {
			s.Withdraw(id)
		}
	}
}

// Learn records an information element that the exporter described (RFC 5610), and compiles the templates that use it anew.
func (s *Source) Learn(e *element.Element, dialect flow.Dialect) {
	key := elementKey{e.Enterprise, e.ID}
	if old := s.learned[key]; old != nil && *old == *e {
		return
	}
	if s.learned[key] == nil {
		if len(s.learned) >= s.table.limits.OptionRows {
			s.optionsRefused.Add(1)
			return
		}
		if s.learned == nil {
			s.learned = map[elementKey]*element.Element{}
		}
	}
	s.learned[key] = e
	for _, id := range slices.Sorted(maps.Keys(s.templates)) {
		t := s.templates[id]
		uses := slices.ContainsFunc(t.Fields, func(f flow.FieldSpec) bool { return f.Enterprise == e.Enterprise && f.ID == e.ID })
		if !uses || t.Options {
			continue
		}
		// It compiled before, so it does now: the lengths are the same.
		if p, err := flow.Compile(t.Fields, s.Dialect(dialect)); err == nil {
			again := *t
			again.Program = p
			s.Define(&again)
		}
	}
}

// elementKey names an information element.
type elementKey struct {
	enterprise uint32
	id         uint16
}

// Dialect adds what the exporter described itself to what is known anyway.
func (s *Source) Dialect(known flow.Dialect) flow.Dialect {
	if len(s.learned) > 0 {
		known.Elements = learned{s, known.Elements}
	}
	return known
}

// learned are the elements that an exporter described, in front of others.
type learned struct {
	source *Source
	known  flow.Elements
}

// Lookup implements flow.Elements.
func (l learned) Lookup(enterprise uint32, id uint16) *element.Element {
	if l.known != nil {
		if e := l.known.Lookup(enterprise, id); e != nil {
			return e
		}
	}
	return l.source.learned[elementKey{enterprise, id}]
}

// Initialized records when the exporter started, in Unix milliseconds: its IPFIX messages do not say its uptime.
func (s *Source) Initialized(milliseconds uint64) { s.initialized = milliseconds }

// Clock completes a clock that lacks the uptime.
func (s *Source) Clock(c flow.Clock) flow.Clock { return c.Since(s.initialized) }

// Undecoded counts lists within records that could not be decoded.
func (s *Source) Undecoded(lists int) { s.undecoded.Add(uint64(lists)) }
