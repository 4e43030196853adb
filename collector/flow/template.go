package flow

import "fmt"

// FieldSpec is one field of a template as the exporter announced it.
type FieldSpec struct {
	Enterprise uint32 // private enterprise number; 0 for NetFlow v9 and IANA elements
	ID         uint16 // field type (RFC 3954 section 8) or information element (IANA "ipfix")
	Length     uint16 // octets
}

// Program decodes the data records of one template. It is compiled once from the template's fields and only holds the fields
// the record has a place for; everything else is skipped by length, because offsets are absolute.
type Program struct {
	ops    []op
	length int
}

// op copies one field from the data record into the flow record.
type op struct {
	offset uint32
	length uint16
	code   opcode
}

// Compile turns template fields into a program. A field of an unknown type or of a length that its type cannot have is skipped.
// The error says why data of such a template cannot be told apart: a record must have at least one octet.
func Compile(fields []FieldSpec) (Program, error) {
	p := Program{}
	for _, f := range fields {
		if code := opcodeOf(f); code != opSkip {
			p.ops = append(p.ops, op{offset: uint32(p.length), length: f.Length, code: code})
		}
		p.length += int(f.Length)
	}
	if p.length == 0 {
		return Program{}, fmt.Errorf("all %d fields have length 0", len(fields))
	}
	return p, nil
}

// RecordLength is the length of one data record in octets; at least 1.
func (p *Program) RecordLength() int { return p.length }

// opcodeOf chooses how a field is decoded: by its type, as far as its length fits.
func opcodeOf(f FieldSpec) opcode {
	if f.Enterprise != 0 || int(f.ID) >= len(elements) {
		return opSkip
	}
	e := elements[f.ID]
	if f.Length < e.min || f.Length > e.max {
		return opSkip
	}
	return e.code
}
