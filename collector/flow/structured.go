package flow

import (
	"encoding/binary"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow/element"
)

// maxDepth bounds records within records.
const maxDepth = 4

// structured decodes a field that holds other fields. What the first entry of a list says completes the record; of the others only what is
// kept as Extra is taken.
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
	list := basicList{c: c, at: placeOf(f.Enterprise, f.ID, known), extra: c.extra(f.Enterprise, f.ID, known)}
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
		list.element(r, v[prefix:prefix+length])
		v = v[prefix+length:]
	}
	return true
}

// basicList is a list whose elements are being decoded.
type basicList struct {
	c     *Context
	at    place
	extra *element.Element // nil: not kept
	index int
}

func (l *basicList) element(r *Record, v []byte) {
	fits := len(v) < VariableLength && l.at.fits(uint16(len(v)))
	switch {
	case fits && l.at.code >= opLabel1 && l.at.code <= opLabel10:
		r.Detail(l.c.Arena).label(min(l.index, MaxLabels-1), v)
	case fits && l.at.code != opSkip && l.index == 0:
		if excess := len(v) - int(l.at.max); excess > 0 {
			v = v[excess:]
		}
		var p Program
		p.decode(r, []op{{length: uint16(len(v)), code: l.at.code}}, v, l.c)
	case l.extra != nil && len(v) > 0:
		d := r.Detail(l.c.Arena)
		d.Extra = append(d.Extra, Extra{l.extra, v})
	}
}

// records reads records of one template: RFC 6313 section 4.5.2.
func (c *Context) records(r *Record, template uint16, v []byte) (whole bool) {
	if len(v) == 0 {
		return true
	}
	if c.Templates == nil {
		return false
	}
	p := c.Templates.Program(template)
	return p != nil && c.each(r, p, v)
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

// each decodes the entries of a list.
func (c *Context) each(r *Record, p *Program, v []byte) (whole bool) {
	for i := 0; len(v) > 0; i++ {
		size := p.Size(v)
		if size == 0 {
			return false
		}
		if i == 0 {
			p.Decode(r, v[:size], c)
		} else if len(p.extra) > 0 {
			p.run(r, v[:size], c, extras)
		}
		v = v[size:]
	}
	return true
}

// section reads the beginning of a sampled packet (RFC 5477 section 8.5). What the record says of it in other fields goes before it.
func (r *Record) section(a *Arena, code opcode, v []byte) {
	if code == opLinkFrame {
		r.EthernetFrame(a, v, 0)
	} else {
		r.IPPacket(a, v, 0)
	}
}
