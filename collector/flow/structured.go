package flow

import (
	"encoding/binary"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow/element"
)

// maxDepth bounds records within records.
const maxDepth = 4

// structured decodes a field that holds other fields. What the first entry of a list says completes the record; the others are kept as
// Extra.
func (c *Context) structured(r *Record, code opcode, v []byte) {
	whole := false
	if c.depth < maxDepth {
		c.depth++
		switch code {
		case opBasicList:
			whole = c.basicList(r, v)
		case opSubTemplateList:
			whole = len(v) >= 3 && c.records(r, binary.BigEndian.Uint16(v[1:]), v[3:])
		case opSubTemplateMultiList:
			whole = len(v) >= 1 && c.multiList(r, v[1:])
		}
		c.depth--
	}
	if !whole {
		c.Undecoded++
	}
}

// enterpriseBit marks a field whose enterprise number follows: RFC 7011 section 3.2.
const enterpriseBit = 1 << 15

// basicList reads elements of one kind: RFC 6313 section 4.5.1, in octets semantic 1, field 2, length of an element 2, enterprise number 0 or
// 4. Whole is false when it is not what it says.
func (c *Context) basicList(r *Record, v []byte) (whole bool) {
	if len(v) < 5 {
		return false
	}
	f := FieldSpec{ID: binary.BigEndian.Uint16(v[1:]), Length: binary.BigEndian.Uint16(v[3:])}
	v = v[5:]
	if f.ID&enterpriseBit != 0 {
		if len(v) < 4 {
			return false
		}
		f.ID, f.Enterprise, v = f.ID&^enterpriseBit, binary.BigEndian.Uint32(v), v[4:]
	}
	known := c.lookup(f.Enterprise, f.ID)
	whole = true
	list := basicList{c: c, at: placeOf(f.Enterprise, f.ID, known), extra: c.kept(f.Enterprise, f.ID, known)}
	for ; len(v) > 0; list.index++ {
		prefix, length := 0, int(f.Length)
		if f.Length == VariableLength {
			if prefix, length = variableSize(v, 0); prefix == 0 {
				return false
			}
		}
		if prefix+length == 0 || prefix+length > len(v) {
			return false
		}
		whole = list.element(r, v[prefix:prefix+length]) && whole
		v = v[prefix+length:]
	}
	return whole
}

// maxUnknown is how many elements that no registry knows are remembered: more than exporters have.
const maxUnknown = 1024

// kept is Dialect.extra for lists, which name their element in each record: that of an unknown one is made once.
func (c *Context) kept(enterprise uint32, id uint16, known *element.Element) *element.Element {
	if known != nil || c.Keep != KeepAll {
		return c.extra(enterprise, id, known)
	}
	key := [2]uint32{enterprise, uint32(id)}
	e := c.unknown[key]
	if e == nil {
		if c.unknown == nil || len(c.unknown) == maxUnknown {
			c.unknown = map[[2]uint32]*element.Element{}
		}
		e = c.extra(enterprise, id, nil)
		c.unknown[key] = e
	}
	return e
}

// basicList is a list whose elements are being decoded.
type basicList struct {
	c     *Context
	at    place
	extra *element.Element // nil: not kept
	index int
}

// element decodes the next element, and tells whether it is in the record or nobody wants it.
func (l *basicList) element(r *Record, v []byte) (taken bool) {
	fits := len(v) < VariableLength && l.at.fits(uint16(len(v)))
	switch {
	case fits && l.at.code >= opLabel1 && l.at.code <= opLabel10:
		if l.index >= MaxLabels {
			return false
		}
		r.Detail(l.c.Arena).label(l.index, v)
	case fits && l.at.code != opSkip && l.index == 0:
		if excess := len(v) - int(l.at.max); excess > 0 {
			v = v[excess:]
		}
		var p Program
		p.decode(r, []op{{length: uint16(len(v)), code: l.at.code}}, v, l.c)
	case len(v) == 0: // says nothing
	case l.extra != nil:
		l.c.keep(r, l.extra, v)
	default:
		return l.at.code == opSkip // what has no place is passed over, as elsewhere
	}
	return true
}

// records reads records of one template: RFC 6313 section 4.5.2.
func (c *Context) records(r *Record, template uint16, v []byte) (whole bool) {
	if len(v) == 0 {
		return true
	}
	if c.Templates == nil {
		return false
	}
	p, fields := c.Templates.Record(template)
	if p == nil {
		return false
	}
	whole = true
	for i := 0; len(v) > 0; i++ {
		size := p.Size(v)
		switch {
		case size == 0:
			return false
		case i == 0:
			p.Decode(r, v[:size], c)
		case c.Keep == KeepNone:
			whole = false
		default:
			c.keepAll(r, fields, v[:size])
		}
		v = v[size:]
	}
	return whole
}

// keepAll keeps all fields of an entry that is not the first of its list.
func (c *Context) keepAll(r *Record, fields []FieldSpec, v []byte) {
	for f, value := range Values(fields, v) {
		if len(value) == 0 {
			continue
		}
		if e := c.kept(f.Enterprise, f.ID, c.lookup(f.Enterprise, f.ID)); e != nil {
			c.keep(r, e, value)
		}
	}
}

// multiList reads records of several templates: RFC 6313 section 4.5.3, each run of them behind its template, 2 octets, and its length, 2
// octets, these four included.
func (c *Context) multiList(r *Record, v []byte) (whole bool) {
	whole = true
	for len(v) > 0 {
		if len(v) < 4 {
			return false
		}
		length := int(binary.BigEndian.Uint16(v[2:]))
		if length < 4 || length > len(v) {
			return false
		}
		whole = c.records(r, binary.BigEndian.Uint16(v), v[4:length]) && whole
		v = v[length:]
	}
	return whole
}

// section reads the beginning of a sampled packet (RFC 5477 section 8.5). What the record says of it in other fields goes before it.
func (r *Record) section(a *Arena, code opcode, v []byte) {
	if code == opLinkFrame {
		r.EthernetFrame(a, v, 0)
	} else {
		r.IPPacket(a, v, 0)
	}
}
