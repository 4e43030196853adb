package flow

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// FieldSpec is one field of a template as the exporter announced it.
type FieldSpec struct {
	Enterprise uint32 // private enterprise number; 0 for NetFlow v9 and IANA elements
	ID         uint16 // field type (RFC 3954 section 8) or information element (IANA "ipfix")
	Length     uint16 // octets, or VariableLength
}

// VariableLength as the length of a field means that each record says how long it is (RFC 7011 section 7). RFC 3954 does not know
// it, but H3C sends it in NetFlow v9, where no set has room for a field of really that length.
const VariableLength = 65535

// Program decodes the data records of one template. It is compiled once from the template's fields and only holds the fields
// the record has a place for; everything else is skipped by length, because offsets are absolute.
type Program struct {
	ops      []op
	variable []variable
	length   int // of the fields of fixed length together
}

// op copies one field from the data record into the flow record.
type op struct {
	offset uint32
	length uint16
	code   opcode
}

// variable is a field of variable length. Offsets do not count the fields of variable length.
type variable struct {
	offset uint32
	ops    int // how many ops stand before it
}

// Compile turns template fields into a program. A field of an unknown type or of a length that its type cannot have is skipped.
// The error says why data of such a template cannot be told apart: a record must have at least one octet.
func Compile(fields []FieldSpec) (Program, error) {
	p := Program{}
	known := make([]opcode, 0, len(fields))
	for _, f := range fields {
		known = append(known, opcodeOf(f))
	}
	for i, f := range fields {
		if f.Length == VariableLength {
			p.variable = append(p.variable, variable{offset: uint32(p.length), ops: len(p.ops)})
			continue
		}
		if code := known[i]; code != opSkip && !outranked(code, known) {
			o := op{offset: uint32(p.length), length: f.Length, code: code}
			if most := places[f.ID].max; o.length > most { // leading octets of a number that is sent wider than it can be
				o.offset += uint32(o.length - most)
				o.length = most
			}
			p.ops = append(p.ops, o)
		}
		p.length += int(f.Length)
	}
	if p.length == 0 && len(p.variable) == 0 {
		return Program{}, fmt.Errorf("all %d fields have length 0", len(fields))
	}
	return p, nil
}

// MinSize is the least length in octets that a data record can have: at least 1.
func (p *Program) MinSize() int { return p.length + len(p.variable) }

// Memory is how many octets the program holds besides itself.
func (p *Program) Memory() int { return 8*cap(p.ops) + 16*cap(p.variable) }

// Size is the length in octets of the data record that data begins with: at least 1, or 0 when data does not hold a whole one.
func (p *Program) Size(data []byte) int {
	if len(data) < p.length {
		return 0
	}
	shift := 0
	for i := range p.variable {
		n := variableSize(data, int(p.variable[i].offset)+shift)
		if n == 0 {
			return 0
		}
		if shift += n; p.length+shift > len(data) {
			return 0
		}
	}
	return p.length + shift
}

// variableSize is the size of the field of variable length at an offset, its length prefix of one or three octets included. It is 0
// when data ends before the prefix does.
func variableSize(data []byte, at int) int {
	switch {
	case at >= len(data):
		return 0
	case data[at] < 255:
		return 1 + int(data[at])
	case at+3 > len(data):
		return 0
	}
	return 3 + int(binary.BigEndian.Uint16(data[at+1:]))
}

// opcodeOf chooses how a field is decoded: by its type, as far as its length fits.
func opcodeOf(f FieldSpec) opcode {
	if f.Enterprise != 0 || int(f.ID) >= len(places) {
		return opSkip
	}
	e := places[f.ID]
	if f.Length < e.min || f.Length > e.max && (e.code.exact() || f.Length > 8) {
		return opSkip
	}
	return e.code
}

// outranked tells whether a template has a better field for the same figure. Several at once describe the same packets: those since
// the last export are what is wanted, totals since the flow began come next, those that left the exporter stand in for both.
func outranked(code opcode, fields []opcode) bool {
	switch code {
	case opOutBytes:
		return slices.Contains(fields, opBytes) || slices.Contains(fields, opTotalBytes)
	case opOutPackets:
		return slices.Contains(fields, opPackets) || slices.Contains(fields, opTotalPackets)
	case opTotalBytes:
		return slices.Contains(fields, opBytes)
	case opTotalPackets:
		return slices.Contains(fields, opPackets)
	default:
		return false
	}
}
