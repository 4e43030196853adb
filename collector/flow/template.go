package flow

import (
	"encoding/binary"
	"fmt"
	"iter"
	"slices"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow/element"
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

// Keep says which fields without a place in the record are kept as Extra.
type Keep uint8

// What is kept.
const (
	KeepNone  Keep = iota
	KeepKnown      // those that the registry knows
	KeepAll        // unknown ones too
)

// ParseKeep reads none, known or all.
func ParseKeep(text string) (Keep, error) {
	names := []string{KeepNone: "none", KeepKnown: "known", KeepAll: "all"}
	if i := slices.Index(names, text); i >= 0 {
		return Keep(i), nil
	}
	return KeepNone, fmt.Errorf("%q is none of none, known and all", text)
}

// Dialect is how fields are read.
type Dialect struct {
	Elements Elements // nil knows none
	Keep     Keep
}

// lookup returns the element of a field, or nil.
func (d *Dialect) lookup(enterprise uint32, id uint16) *element.Element {
	if d.Elements == nil {
		return nil
	}
	return d.Elements.Lookup(enterprise, id)
}

// extra returns the element under which a field without a place is kept, or nil when it is not.
func (d *Dialect) extra(enterprise uint32, id uint16, known *element.Element) *element.Element {
	const padding = 210 // paddingOctets
	switch {
	case d.Keep == KeepNone || enterprise == 0 && id == padding:
		return nil
	case known == nil && d.Keep == KeepAll:
		return &element.Element{Enterprise: enterprise, ID: id}
	}
	return known
}

// Program decodes the data records of one template. It is compiled once from the template's fields and only holds the fields
// the record has a place for; everything else is skipped by length, because offsets are absolute.
type Program struct {
	ops      []op
	variable []variable
	extra    []*element.Element // of opExtra
	times    []opcode           // in the order to decode them in, where fields of variable length keep the ops from being in it
	length   int                // of the fields of fixed length together
	lists    bool               // some fields hold records
	sampling bool
}

// op copies one field from the data record into the flow record.
type op struct {
	offset uint32
	length uint16
	code   opcode
	extra  uint16 // index of the element, of opExtra
}

// variable is a field of variable length. Offsets do not count the fields of variable length.
type variable struct {
	offset   uint32
	min, max uint16 // lengths that make sense
	ops      uint16 // how many ops stand before it
	code     opcode
	spare    bool   // a value that does not fit its place is kept as Extra
	extra    uint16 // index of the element, of opExtra or where spare
}

// Compile turns template fields into a program. A field of an unknown type or of a length that its type cannot have is skipped, or kept as
// Extra. The error says why data of such a template cannot be told apart: a record must have at least one octet.
func Compile(fields []FieldSpec, dialect Dialect) (Program, error) {
	p := Program{}
	c := compiler{program: &p, dialect: &dialect}
	for _, f := range fields {
		if at := c.place(f); at.fits(f.Length) {
			c.has[at.code] = true
		}
	}
	for _, f := range fields {
		c.field(f, c.place(f))
	}
	c.order(len(p.ops))
	c.times()
	p.sampling = slices.ContainsFunc(fields, func(f FieldSpec) bool { return f.Enterprise == 0 && f.ID >= 305 && f.ID <= 311 })
	if p.length == 0 && len(p.variable) == 0 {
		return Program{}, fmt.Errorf("all %d fields have length 0", len(fields))
	}
	return p, nil
}

// compiler is a program being compiled.
type compiler struct {
	program *Program
	dialect *Dialect
	has     [opcodes]bool // what some field is decoded to
	ordered int           // ops that are in their final order
}

func (c *compiler) place(f FieldSpec) place {
	return placeOf(f.Enterprise, f.ID, c.dialect.lookup(f.Enterprise, f.ID))
}

// field appends a field.
func (c *compiler) field(f FieldSpec, at place) {
	p := c.program
	code := c.code(f, at)
	if f.Length == VariableLength {
		c.order(len(p.ops))
		v := variable{offset: uint32(p.length), min: at.min, max: at.max, ops: uint16(len(p.ops)), code: code}
		if code == opExtra {
			v.min, v.max = 0, anyLength
		}
		if kept := c.kept(f); kept != nil && code != opSkip {
			v.spare, v.extra = true, c.extra(kept)
		}
		p.variable = append(p.variable, v)
		p.lists = p.lists || code > opFirstStructured
		return
	}
	o := op{offset: uint32(p.length), length: f.Length, code: code}
	p.length += int(f.Length)
	switch {
	case code == opSkip:
		return
	case code == opExtra:
		o.extra = c.extra(c.kept(f))
	case o.length > at.max: // leading octets of a number that is sent wider than it can be
		o.offset += uint32(o.length - at.max)
		o.length = at.max
	}
	p.lists = p.lists || code > opFirstStructured
	p.ops = append(p.ops, o)
}

// code chooses how a field is decoded: by its type, as far as its length fits, unless another field says the same better. What has no
// place then may be kept as Extra.
func (c *compiler) code(f FieldSpec, at place) opcode {
	switch {
	case at.code != opSkip && at.fits(f.Length) && !c.outranked(at.code):
		return at.code
	case f.Length > 0 && c.kept(f) != nil:
		return opExtra
	}
	return opSkip
}

// kept is the element under which a field is kept as Extra, or nil when it is not.
func (c *compiler) kept(f FieldSpec) *element.Element {
	return c.dialect.extra(f.Enterprise, f.ID, c.dialect.lookup(f.Enterprise, f.ID))
}

// extra gives an element its index in the program.
func (c *compiler) extra(e *element.Element) uint16 {
	c.program.extra = append(c.program.extra, e)
	return uint16(len(c.program.extra) - 1)
}

// order sorts the ops since the last field of variable length, the less exact times first: what is decoded last stays.
func (c *compiler) order(upTo int) {
	slices.SortStableFunc(c.program.ops[c.ordered:upTo], func(a, b op) int { return int(min(a.code, opBytes)) - int(min(b.code, opBytes)) })
	c.ordered = upTo
}

// times finds out whether the less exact times still come first when fields of variable length stand between them.
func (c *compiler) times() {
	p := c.program
	codes := make([]opcode, 0, len(p.ops)+len(p.variable))
	first := 0
	for _, v := range p.variable {
		for _, o := range p.ops[first:v.ops] {
			codes = append(codes, o.code)
		}
		codes, first = append(codes, v.code), int(v.ops)
	}
	for _, o := range p.ops[first:] {
		codes = append(codes, o.code)
	}
	codes = slices.DeleteFunc(codes, func(code opcode) bool { return code < opSystemInit || code >= opBytes })
	if !slices.IsSorted(codes) {
		slices.Sort(codes)
		p.times = slices.Clone(slices.Compact(codes))
	}
}

// fits tells whether a field of a length can be decoded to its place.
func (p place) fits(length uint16) bool {
	if length == VariableLength {
		return p.code != opSkip
	}
	return length >= max(p.min, 1) && (length <= p.max || !p.exact() && length <= 8)
}

// ranks are fields for the same figure, the best first. Several at once describe the same packets: those since the last export are what
// is wanted, totals since the flow began come next, those that left the exporter stand in for both. Counters of the two directions of a
// connection go before those of one.
var ranks = [][]opcode{
	{opInitiatorBytes, opBytes, opTotalBytes, opOutBytes, opOutTotalBytes, opLayer2Bytes},
	{opInitiatorPackets, opPackets, opTotalPackets, opOutPackets, opOutTotalPackets},
	{opReverseBytes, opResponderBytes, opReverseTotalBytes},
	{opReversePackets, opResponderPackets, opReverseTotalPackets},
	// What packets had when they came in goes before what they had when they left; egress templates have only the latter.
	{opVLAN, opPostVLAN},
	{opInnerVLAN, opPostInnerVLAN},
	{opSourceMAC, opPostSourceMAC},
	{opDestinationMAC, opPostDestinationMAC},
	{opSampler, opSelection},
}

// outranked tells whether the template has a better field for the same figure.
func (c *compiler) outranked(code opcode) bool {
	for _, rank := range ranks {
		for _, better := range rank[:max(0, slices.Index(rank, code))] {
			if c.has[better] {
				return true
			}
		}
	}
	return false
}

// MinSize is the least length in octets that a data record can have: at least 1.
func (p *Program) MinSize() int { return p.length + len(p.variable) }

// SaysSampling tells whether records say more about their sampling than an interval or the id of a sampler, which are decoded like other
// fields: the elements from samplingPacketInterval (305) to samplingProbability (311) make sense together only.
func (p *Program) SaysSampling() bool { return p.sampling }

// Memory is how many octets the program holds besides itself.
func (p *Program) Memory() int {
	return 12*cap(p.ops) + 16*cap(p.variable) + 48*cap(p.extra) + cap(p.times)
}

// Size is the length in octets of the data record that data begins with: at least 1, or 0 when data does not hold a whole one.
func (p *Program) Size(data []byte) int {
	if len(data) < p.length {
		return 0
	}
	shift := 0
	for i := range p.variable {
		prefix, n := variableSize(data, int(p.variable[i].offset)+shift)
		if prefix == 0 {
			return 0
		}
		if shift += prefix + n; p.length+shift > len(data) {
			return 0
		}
	}
	return p.length + shift
}

// variableSize is the size of the length prefix, one or three octets, of the field of variable length at an offset, and the length
// that it says. The prefix is 0 when data ends before it does.
func variableSize(data []byte, at int) (prefix, length int) {
	switch {
	case at >= len(data):
		return 0, 0
	case data[at] < 255:
		return 1, int(data[at])
	case at+3 > len(data):
		return 0, 0
	}
	return 3, int(binary.BigEndian.Uint16(data[at+1:]))
}

// Values are the fields of a data record that has Size octets, in order.
func Values(fields []FieldSpec, data []byte) iter.Seq2[FieldSpec, []byte] {
	return func(yield func(FieldSpec, []byte) bool) {
		for _, f := range fields {
			n := int(f.Length)
			if f.Length == VariableLength {
				prefix, length := variableSize(data, 0)
				data, n = data[prefix:], length
			}
			if n > len(data) || !yield(f, data[:n]) {
				return
			}
			data = data[n:]
		}
	}
}
