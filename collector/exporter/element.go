package exporter

import (
	"maps"
	"slices"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow/element"
)

// elementKey names an information element.
type elementKey struct {
	enterprise uint32
	id         uint16
}

// DescribeElement records an information element of an enterprise (RFC 5610), and compiles the templates of the source that use it anew.
func (s *Source) DescribeElement(e *element.Element) {
	known, ok := s.table.describeElement(s.host, e)
	s.stored(ok)
	if known || !ok {
		return
	}
	for _, id := range slices.Sorted(maps.Keys(s.templates)) {
		t := s.templates[id]
		uses := slices.ContainsFunc(t.Fields, func(f flow.FieldSpec) bool { return f.Enterprise == e.Enterprise && f.ID == e.ID })
		if !uses || t.Options {
			continue
		}
		// It compiled before, so it does now: the lengths are the same.
		if p, err := flow.Compile(t.Fields, s.Dialect()); err == nil {
			again := *t
			again.Program = p
			s.Define(&again)
		}
	}
}

func (t *Table) describeElement(h *host, e *element.Element) (known, ok bool) {
	key := elementKey{e.Enterprise, e.ID}
	var old *element.Element
	if h.device != nil {
		old = h.device.elements[key]
	}
	if old != nil && *old == *e {
		return true, true
	}
	growth := len(e.Name)
	if old != nil {
		growth -= len(old.Name)
	}
	d := t.row(h, elementTable, old != nil, growth)
	if d == nil {
		return false, false
	}
	d.elements[key] = e
	return false, true
}

// Lookup implements flow.Elements: what is known anyway goes before what the device describes.
func (d *Device) Lookup(enterprise uint32, id uint16) *element.Element {
	if d.known != nil {
		if e := d.known.Lookup(enterprise, id); e != nil {
			return e
		}
	}
	return d.elements[elementKey{enterprise, id}]
}

// Dialect is how fields of the source are read: the table's, and with the elements that its device describes.
func (s *Source) Dialect() flow.Dialect {
	dialect := s.table.policy.Dialect
	if d := s.host.device; d != nil && len(d.elements) > 0 {
		dialect.Elements = d
	}
	return dialect
}
