package netflow

import (
	"encoding/binary"
	"slices"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// templates reads a template set: RFC 3954 section 5.2, RFC 7011 section 3.4.1.
func (d *Decoder) templates(body []byte, at int) {
	m := &d.message
	for len(body) >= 4 {
		id, count := binary.BigEndian.Uint16(body), int(binary.BigEndian.Uint16(body[2:]))
		if id == 0 && count == 0 {
			m.padding(at, body)
			return
		}
		if count == 0 && m.withdraw(id, m.templateSet) {
			body, at = body[4:], at+4
			continue
		}
		size, ok := d.readFields(body[4:], count)
		if !ok {
			m.fault(at, "template %d announces %d fields, the set has room for %d", id, count, len(d.fields))
			return
		}
		d.define(id, false, at)
		body, at = body[4+size:], at+4+size
	}
}

// optionsTemplates reads an options template set: RFC 3954 section 6.1, where lengths are in octets, and RFC 7011 section 3.4.2.2, where
// they are numbers of fields, all of them and those of the scope. Scope fields come first.
func (d *Decoder) optionsTemplates(body []byte, at int) {
	m := &d.message
	for len(body) >= 4 {
		id := binary.BigEndian.Uint16(body)
		if m.format == flow.IPFIX && id != 0 && binary.BigEndian.Uint16(body[2:]) == 0 && m.withdraw(id, m.optionsTemplateSet) {
			body, at = body[4:], at+4
			continue
		}
		if len(body) < 6 {
			return
		}
		first, second := int(binary.BigEndian.Uint16(body[2:])), int(binary.BigEndian.Uint16(body[4:]))
		if id == 0 && first == 0 && second == 0 {
			m.padding(at, body)
			return
		}
		scope, count := second, first
		if m.format == flow.NetFlow9 {
			if first%4 != 0 || second%4 != 0 {
				m.fault(at, "options template %d: lengths %d and %d are not whole fields", id, first, second)
				if first+second > len(body)-6 {
					return
				}
				body, at = body[6+first+second:], at+6+first+second
				continue
			}
			scope, count = first/4, (first+second)/4
		}
		size, ok := d.readFields(body[6:], count)
		switch {
		case !ok:
			m.fault(at, "options template %d announces %d fields, the set has room for %d", id, count, len(d.fields))
			return
		case scope > count:
			m.fault(at, "options template %d has %d scope fields of %d", id, scope, count)
		default:
			if scope == 0 && m.format == flow.IPFIX { // what the records say is plain all the same
				m.fault(at, "options template %d has no scope", id)
			}
			if m.format == flow.NetFlow9 {
				scopes9(d.fields[:scope])
			}
			d.define(id, true, at)
		}
		body, at = body[6+size:], at+6+size
	}
}

// padding checks what stands behind zeros where a template should begin. It ends the set whatever that is: to look for a template at
// each four octets of a large set would take time that grows with its square.
func (m *message) padding(at int, body []byte) {
	if !zero(body) {
		m.fault(at, "template id 0 is reserved, and what follows is no padding")
	}
}

// withdraw takes a template back, or with the id of the set all of its kind: RFC 7011 section 8.1. Done is false when it is no withdrawal.
func (m *message) withdraw(id, set uint16) (done bool) {
	switch {
	case m.format != flow.IPFIX:
		return false
	case id == set:
		m.source.WithdrawAll(set == m.optionsTemplateSet)
	case id >= firstDataSet:
		m.source.Withdraw(id)
	default:
		return false
	}
	return true
}

// enterpriseBit marks a field whose enterprise number follows: RFC 7011 section 3.2.
const enterpriseBit = 1 << 15

// readFields reads field specifiers into d.fields: of 4 octets each, and in IPFIX 4 more where the enterprise bit is set (RFC 7011 section
// 3.2). Ok is false when there are fewer.
func (d *Decoder) readFields(specs []byte, count int) (size int, ok bool) {
	d.fields = d.fields[:0]
	for range count {
		if len(specs)-size < 4 {
			return size, false
		}
		f := flow.FieldSpec{ID: binary.BigEndian.Uint16(specs[size:]), Length: binary.BigEndian.Uint16(specs[size+2:])}
		size += 4
		if d.message.format == flow.IPFIX && f.ID&enterpriseBit != 0 {
			if len(specs)-size < 4 {
				return size, false
			}
			f.ID, f.Enterprise = f.ID&^enterpriseBit, binary.BigEndian.Uint32(specs[size:])
			size += 4
		}
		d.fields = append(d.fields, f)
	}
	return size, true
}

// define makes the template in d.fields known and decodes the data that waited for it. Where it cannot, that of before is dropped: data that
// follow are no longer of it.
func (d *Decoder) define(id uint16, options bool, at int) {
	m := &d.message
	limits := d.table.Limits()
	switch n := len(d.fields); {
	case id < firstDataSet:
		m.fault(at, "template id %d is reserved", id)
		return
	case n == 0:
		m.fault(at, "template %d has no fields", id)
		return
	case n > limits.Fields:
		m.source.TemplateRefused()
		m.source.Drop(id)
		m.fault(at, "template %d has %d fields, more than the limit of %d", id, n, limits.Fields)
		return
	}
	if m.source.Same(id, options, d.fields) {
		return
	}
	program, err := flow.Compile(d.fields, m.source.Dialect())
	if err != nil {
		m.source.Drop(id)
		m.fault(at, "template %d: %v", id, err)
		return
	}
	t := &exporter.Template{ID: id, Fields: slices.Clone(d.fields), Options: options, Program: program}
	if !m.source.Define(t) {
		m.source.Drop(id)
		m.fault(at, "template %d: the exporter already has %d templates, or all have too many; see the limits", id, m.source.Templates())
		return
	}
	d.release(t)
}
