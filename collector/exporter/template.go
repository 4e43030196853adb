package exporter

import "github.com/flowstack/terraform-provider-flowstack/collector/flow"

// Record implements flow.Templates.
func (s *Source) Record(id uint16) (*flow.Program, []flow.FieldSpec) {
	if t := s.templates[id]; t != nil && !t.Options {
		return &t.Program, t.Said()
	}
	return nil, nil
}

// Withdraw forgets a template that the exporter takes back: RFC 7011 section 8.1.
func (s *Source) Withdraw(id uint16) {
	if s.templates[id] != nil {
		s.Drop(id)
		s.withdrawn.Add(1)
	}
}

// Drop forgets a template, if it is known. Data with its id wait for another from then on.
func (s *Source) Drop(id uint16) {
	t := s.templates[id]
	if t == nil {
		return
	}
	delete(s.templates, id)
	if len(s.templates) == 0 {
		s.templates = nil
		s.table.templated.remove(&s.templatePlace)
	}
	s.ofKind[t.kind()]--
	s.templateBytes -= t.size()
	s.table.templateBytes -= t.size()
	s.table.changed, s.saved = true, nil
	s.known.Store(int64(len(s.templates)))
}

// WithdrawAll forgets all templates of data, or all of options. Where there is none of the kind it does not look for one: a message has
// room for thousands of withdrawals.
func (s *Source) WithdrawAll(options bool) {
	kind := (&Template{Options: options}).kind()
	if s.ofKind[kind] == 0 {
		return
	}
	for id, t := range s.templates {
		if t.kind() == kind {
			s.Withdraw(id)
		}
	}
}
