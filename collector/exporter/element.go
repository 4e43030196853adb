package exporter

import (
	"slices"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow/element"
)

// elementKey names an information element.
type elementKey struct {
	enterprise uint32
	id         uint16
}

// renewEvery is the least time between two compilations of a source's templates for the sake of elements that its device described: to
// describe one anew takes a few octets, to compile all templates of a source a thousand times that.
const renewEvery = 10 * time.Second

// DescribeElement records an information element of an enterprise (RFC 5610).
func (s *Source) DescribeElement(enterprise uint32, id uint16, name []byte, kind element.Type) {
	s.stored(s.table.describeElement(s.host, enterprise, id, name, kind))
}

func (t *Table) describeElement(h *host, enterprise uint32, id uint16, name []byte, kind element.Type) bool {
	key := elementKey{enterprise, id}
	growth := len(name)
	var old *element.Element
	if h.device != nil {
		old = h.device.elements[key]
	}
	if old != nil {
		if old.Name == string(name) && old.Type == kind {
			return true
		}
		growth -= len(old.Name)
	}
	d := t.row(h, elementTable, old != nil, growth)
	if d == nil {
		return false
	}
	d.elements[key] = &element.Element{Enterprise: enterprise, ID: id, Name: string(name), Type: kind}
	t.described++
	d.described = t.described
	return true
}

// Renew compiles the templates of data with private elements anew when the device described elements since. It is to be called before
// data are decoded; most times there is nothing to do.
func (s *Source) Renew(now int64) {
	d := s.host.device
	if d == nil || s.elements == d.described || s.renewed != 0 && now-s.renewed >= 0 && now-s.renewed < int64(renewEvery) {
		return
	}
	s.elements, s.renewed = d.described, now
	for _, t := range s.templates {
		if t.Options || !slices.ContainsFunc(t.Fields, func(f flow.FieldSpec) bool { return f.Enterprise != 0 }) {
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
