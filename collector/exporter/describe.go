package exporter

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow/element"
)

// Description is what the sources of an address announced, and what its device said about itself: a copy, for people.
type Description struct {
	Interfaces []InterfaceDescription // ordered by index
	Samplers   []SamplerDescription   // ordered by format, domain and id
	Templates  []TemplateDescription  // ordered by format, domain and id
	// Cut is how many interfaces, samplers and templates are left out because there are too many.
	Cut int
}

// InterfaceDescription is an interface of a device.
type InterfaceDescription struct {
	Index             uint32
	Name, Description string
	Counters          flow.InterfaceCounters // the latest; all zero but for Speed when the device sends none
}

// SamplerDescription is a sampler of a device.
type SamplerDescription struct {
	Format    flow.Format
	Domain    uint32
	ID        uint64 // 0: of all records that name none
	Interface bool   // ID is the ifIndex of the interface that it is of; Domain does not count
	Interval  uint32
}

// TemplateDescription is a template of a source.
type TemplateDescription struct {
	Key     Key
	ID      uint16
	Options bool
	Fields  []FieldDescription
}

// FieldDescription is a field of a template.
type FieldDescription struct {
	flow.FieldSpec
	Name string // empty: nobody knows it
}

// Describe copies what is known of an address, at most so many interfaces, samplers and templates each. It is nil when nothing is. It belongs
// to the decoding goroutine.
func (t *Table) Describe(address netip.Addr, most int) *Description {
	h := t.hosts[address]
	if h == nil {
		return nil
	}
	d := &Description{}
	elements := t.policy.Dialect.Elements
	if h.device != nil {
		elements = h.device
		d.device(h.device)
	}
	name := func(f flow.FieldSpec) string {
		var known *element.Element
		if elements != nil {
			known = elements.Lookup(f.Enterprise, f.ID)
		}
		if known == nil {
			return ""
		}
		return known.Name
	}
	for key, s := range t.sources {
		if key.Address != address {
			continue
		}
		for _, one := range s.templates {
			d.Templates = append(d.Templates, TemplateDescription{Key: key, ID: one.ID, Options: one.Options, Fields: describeFields(one.Fields, name)})
		}
	}
	slices.SortFunc(d.Templates, func(a, b TemplateDescription) int {
		return cmp.Or(cmp.Compare(a.Key.Format, b.Key.Format), cmp.Compare(a.Key.Domain, b.Key.Domain), cmp.Compare(a.Key.Session, b.Key.Session), cmp.Compare(a.ID, b.ID))
	})
	d.Interfaces, d.Samplers, d.Templates = cut(d, d.Interfaces, most), cut(d, d.Samplers, most), cut(d, d.Templates, most)
	return d
}

func (d *Description) device(from *Device) {
	for _, index := range slices.Sorted(maps.Keys(from.interfaces)) {
		i := from.interfaces[index]
		d.Interfaces = append(d.Interfaces, InterfaceDescription{Index: index, Name: string(i.Name), Description: string(i.Description), Counters: i.Counters})
	}
	for key, interval := range from.samplers {
		one := SamplerDescription{Format: flow.Format(key.domain >> formatShift), Domain: uint32(key.domain), ID: key.id, Interval: interval}
		if key.domain&anyDomain != 0 {
			if key.id&ofInterface == 0 {
				continue // listed with its domain
			}
			one.ID, one.Interface = key.id&^ofInterface, true
		}
		d.Samplers = append(d.Samplers, one)
	}
	slices.SortFunc(d.Samplers, func(a, b SamplerDescription) int {
		return cmp.Or(cmp.Compare(a.Format, b.Format), cmp.Compare(a.Domain, b.Domain), cmp.Compare(a.ID, b.ID))
	})
}

func describeFields(fields []flow.FieldSpec, name func(flow.FieldSpec) string) []FieldDescription {
	list := make([]FieldDescription, len(fields))
	for i, f := range fields {
		list[i] = FieldDescription{f, name(f)}
	}
	return list
}

func cut[T any](d *Description, list []T, most int) []T {
	d.Cut += max(0, len(list)-most)
	return list[:min(len(list), most):min(len(list), most)]
}
