package flow

import (
	"bytes"
	"encoding/binary"
	"math"
	"net/netip"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow/element"
)

// Context is what a data record means by itself only: the packet it came in, and what its exporter said before.
type Context struct {
	Dialect
	Clock     Clock
	Arena     *Arena
	Templates Templates // for records within records

	// Undecoded counts lists that are not wholly in the record: their template is not known, they are not what they say or too deep, or
	// nobody wants what is behind their first entry; and fields that were too many to keep.
	Undecoded int

	depth   int                            // of records within records
	unknown map[[2]uint32]*element.Element // those of lists, by enterprise and id
}

// Templates are the templates of an exporting process.
type Templates interface {
	// Record returns the program and the fields of a data template, or nil.
	Record(id uint16) (*Program, []FieldSpec)
}

// Decode fills r from one data record, which has Size octets. It allocates nothing in steady state.
func (p *Program) Decode(r *Record, data []byte, c *Context) {
	clock := c.Clock
	if p.lists {
		p.run(r, data, c, structures)
		c.Clock = clock
	}
	if p.times == nil {
		p.run(r, data, c, plain)
	} else {
		for _, code := range p.times {
			p.run(r, data, c, part{code, code})
		}
		p.run(r, data, c, extras)
		p.run(r, data, c, untimed)
	}
	c.Clock = clock
}

// part is a range of opcodes: which fields one run over a record decodes. What a record says itself goes before what records within it
// say, so these are decoded first.
type part struct{ first, last opcode }

var (
	structures = part{opFirstStructured, 255}
	plain      = part{opSkip, opFirstStructured}
	untimed    = part{opBytes, opFirstStructured}
	extras     = part{opExtra, opExtra}
)

// run decodes a part of the fields.
func (p *Program) run(r *Record, data []byte, c *Context, of part) {
	first := 0
	for i := range p.variable {
		v := &p.variable[i]
		p.some(r, p.ops[first:v.ops], data, c, of)
		prefix, n := variableSize(data, int(v.offset))
		if one, ok := v.op(prefix, n); ok {
			p.some(r, one[:], data, c, of)
		}
		data = data[prefix+n:] // what lies behind moves to where it would be without this field
		first = int(v.ops)
	}
	p.some(r, p.ops[first:], data, c, of)
}

// op is how the value of a record is decoded, whose length prefix has so many octets and says n: to the field's place if it fits there, or
// else as Extra where that is asked for.
func (v *variable) op(prefix, n int) (one [1]op, ok bool) {
	o := op{offset: v.offset + uint32(prefix), length: uint16(n), code: v.code, extra: v.extra}
	switch at := (place{v.code, v.min, v.max}); {
	case n == 0 || v.code == opSkip:
		return one, false
	case n >= VariableLength || !at.fits(uint16(n)):
		if !v.spare {
			return one, false
		}
		o.code = opExtra
	case n > int(v.max): // leading octets of a number that is sent wider than it can be
		o.offset += uint32(n) - uint32(v.max)
		o.length = v.max
	}
	return [1]op{o}, true
}

// some decodes those of the fields that are in the part. Most templates have no lists, and nothing to choose from.
func (p *Program) some(r *Record, ops []op, data []byte, c *Context, of part) {
	if !p.lists && of == plain {
		p.decode(r, ops, data, c)
		return
	}
	for i := range ops {
		if code := ops[i].code; code >= of.first && code <= of.last {
			p.decode(r, ops[i:i+1], data, c)
		}
	}
}

func (p *Program) decode(r *Record, ops []op, data []byte, c *Context) {
	for i := range ops {
		o := &ops[i]
		end := o.offset + uint32(o.length)
		v := data[o.offset:end:end]
		switch o.code {
		case opBytes, opTotalBytes, opOutBytes, opOutTotalBytes, opLayer2Bytes, opInitiatorBytes:
			r.Bytes = Number(v)
			r.Has |= HasBytes
		case opPackets, opTotalPackets, opOutPackets, opOutTotalPackets, opInitiatorPackets:
			r.Packets = Number(v)
			r.Has |= HasPackets
		case opProtocol:
			r.Protocol = v[0]
			r.Has |= HasProtocol
		case opTOS:
			r.TOS = v[0]
			r.Has |= HasTOS
		case opTCPFlags:
			r.TCPFlags = uint16(Number(v))
			r.Has |= HasTCPFlags
		case opSourcePort:
			r.Source.Port = uint16(Number(v))
			r.Has |= HasPorts
		case opDestinationPort:
			r.Destination.Port = uint16(Number(v))
			r.Has |= HasPorts
		case opSourceIPv4:
			address4(&r.Source.Addr, v)
		case opDestinationIPv4:
			address4(&r.Destination.Addr, v)
		case opSourceIPv6:
			address6(&r.Source.Addr, v)
		case opDestinationIPv6:
			address6(&r.Destination.Addr, v)
		case opNextHopIPv4:
			address4(&r.NextHop, v)
			r.Has |= HasNextHop
		case opNextHopIPv6:
			address6(&r.NextHop, v)
			r.Has |= HasNextHop
		case opBGPNextHopIPv4:
			if !r.NextHop.IsValid() || r.NextHop.IsUnspecified() {
				r.NextHop = netip.AddrFrom4([4]byte(v))
				r.Has |= HasNextHop
			}
		case opBGPNextHopIPv6:
			if !r.NextHop.IsValid() || r.NextHop.IsUnspecified() {
				r.NextHop = netip.AddrFrom16([16]byte(v))
				r.Has |= HasNextHop
			}
		case opSourcePrefix:
			r.Source.PrefixLength = max(r.Source.PrefixLength, v[0])
		case opDestinationPrefix:
			r.Destination.PrefixLength = max(r.Destination.PrefixLength, v[0])
		case opInput:
			r.Input = uint32(Number(v))
			r.Has |= HasInput
		case opOutput:
			r.Output = uint32(Number(v))
			r.Has |= HasOutput
		case opSourceAS:
			r.Source.AS = uint32(Number(v))
			r.Has |= HasSourceAS
		case opDestinationAS:
			r.Destination.AS = uint32(Number(v))
			r.Has |= HasDestinationAS
		case opICMPTypeCode:
			if v[0] != 0 || v[1] != 0 { // a template for both families has this field twice, once empty
				r.ICMPType, r.ICMPCode = v[0], v[1]
			}
			r.Has |= HasICMP
		case opICMPType:
			if v[0] != 0 {
				r.ICMPType = v[0]
			}
			r.Has |= HasICMP
		case opICMPCode:
			if v[0] != 0 {
				r.ICMPCode = v[0]
			}
			r.Has |= HasICMP
		case opSourceMAC, opPostSourceMAC:
			mac(&r.Source.MAC, &r.Has, v, HasSourceMAC)
		case opDestinationMAC, opPostDestinationMAC:
			mac(&r.Destination.MAC, &r.Has, v, HasDestinationMAC)
		case opVLAN, opPostVLAN:
			if vlan := uint16(Number(v)); vlan != 0 || r.Has&HasVLAN == 0 {
				r.VLAN = vlan
			}
			r.Has |= HasVLAN
		case opDirection:
			r.Direction = v[0]
			r.Has |= HasDirection
		case opLastSwitched:
			if !c.Clock.Unknown {
				r.End = c.Clock.At(uint32(Number(v)))
				r.Has |= HasEnd
			}
		case opFirstSwitched:
			if !c.Clock.Unknown {
				r.Start = c.Clock.At(uint32(Number(v)))
				r.Has |= HasStart
			}
		case opStartMilliseconds:
			absolute(&r.Start, &r.Has, v, 1e6, HasStart)
		case opEndMilliseconds:
			absolute(&r.End, &r.Has, v, 1e6, HasEnd)
		default:
			p.decodeRare(r, o, v, c)
		}
	}
}

// decodeRare decodes the fields that few templates have. It is apart from decode so that the processor's registers are enough there.
func (p *Program) decodeRare(r *Record, o *op, v []byte, c *Context) {
	switch o.code {
	case opSampler:
		r.Sampling.Sampler = Number(v)
	case opSelection:
		r.Sampling.Sampler = Selection | Number(v)
	case opSamplingInterval:
		if n := uint32(Number(v)); n != 0 {
			r.Sampling.Interval, r.Sampling.Source = n, SamplingRecord
		}
	case opFlowCount:
		if n := Number(v); n > 1 { // most exporters that say it say 1
			d := r.Detail(c.Arena)
			d.FlowCount = n
			d.Has |= HasFlowCount
		}

	case opSystemInit:
		c.Clock = c.Clock.Since(Number(v)) // of this record only
	case opStartDeltaMicroseconds:
		r.Start = c.Clock.Unix - int64(Number(v))*1e3
		r.Has |= HasStart
	case opEndDeltaMicroseconds:
		r.End = c.Clock.Unix - int64(Number(v))*1e3
		r.Has |= HasEnd
	case opStartSeconds:
		absolute(&r.Start, &r.Has, v, 1e9, HasStart)
	case opEndSeconds:
		absolute(&r.End, &r.Has, v, 1e9, HasEnd)
	case opStartMicroseconds:
		fraction(&r.Start, &r.Has, v, 1e3, HasStart)
	case opEndMicroseconds:
		fraction(&r.End, &r.Has, v, 1e3, HasEnd)
	case opStartNanoseconds:
		fraction(&r.Start, &r.Has, v, 1, HasStart)
	case opEndNanoseconds:
		fraction(&r.End, &r.Has, v, 1, HasEnd)
	case opObservedSeconds:
		absolute(&r.End, &r.Has, v, 1e9, HasEnd)
	case opObservedMilliseconds:
		absolute(&r.End, &r.Has, v, 1e6, HasEnd)
	case opObservedMicroseconds:
		fraction(&r.End, &r.Has, v, 1e3, HasEnd)
	case opObservedNanoseconds:
		fraction(&r.End, &r.Has, v, 1, HasEnd)
	case opDurationMilliseconds:
		r.lasted(int64(Number(v)) * 1e6)
	case opDurationMicroseconds:
		r.lasted(int64(Number(v)) * 1e3)

	case opExtra:
		c.keep(r, p.extra[o.extra], v)
	case opSkip:
	default:
		switch {
		case o.code < opFirstStructured:
			r.Detail(c.Arena).decode(o.code, v)
		case o.code == opLinkFrame, o.code == opIPHeader:
			r.section(c.Arena, o.code, v)
		default:
			c.structured(r, o.code, v)
		}
	}
}

// maxExtra is how many fields of a record are kept as Extra: as many as a template has by default. Lists may have many more.
const maxExtra = 512

// keep keeps a field as Extra.
func (c *Context) keep(r *Record, e *element.Element, v []byte) {
	d := r.Detail(c.Arena)
	if len(d.Extra) == maxExtra {
		c.Undecoded++
		return
	}
	d.Extra = append(d.Extra, Extra{e, v})
}

// lasted fills in the end of the flow that is not said from the other and the duration, in nanoseconds.
func (r *Record) lasted(duration int64) {
	switch r.Has & (HasStart | HasEnd) {
	case HasStart:
		r.End = r.Start + duration
		r.Has |= HasEnd
	case HasEnd:
		r.Start = r.End - duration
		r.Has |= HasStart
	}
}

// Number reads an unsigned integer of 1 to 8 octets, big endian.
func Number(v []byte) uint64 {
	switch len(v) {
	case 1:
		return uint64(v[0])
	case 2:
		return uint64(binary.BigEndian.Uint16(v))
	case 4:
		return uint64(binary.BigEndian.Uint32(v))
	case 8:
		return binary.BigEndian.Uint64(v)
	}
	var n uint64
	for _, b := range v {
		n = n<<8 | uint64(b)
	}
	return n
}

// absolute sets a time given in Unix time, in units of so many nanoseconds. 0 is no time, nor is one that nanoseconds have no room for
// (after the year 2262).
func absolute(t *int64, has *Fields, v []byte, unit uint64, bit Fields) {
	if n := Number(v); n != 0 && n <= math.MaxInt64/unit {
		*t = int64(n * unit)
		*has |= bit
	}
}

// fraction sets a time given in NTP format.
func fraction(t *int64, has *Fields, v []byte, unit uint64, bit Fields) {
	if n, ok := NTP(Number(v), unit); ok {
		*t = n
		*has |= bit
	}
}

// address4 sets an address unless the template carries both families and this one is empty.
func address4(a *netip.Addr, v []byte) {
	if n := [4]byte(v); n != [4]byte{} || !a.IsValid() {
		*a = netip.AddrFrom4(n)
	}
}

func address6(a *netip.Addr, v []byte) {
	if n := [16]byte(v); n != [16]byte{} || !a.IsValid() {
		*a = netip.AddrFrom16(n).Unmap()
	}
}

// mac sets a hardware address; exporters fill the one of the direction they do not see with zeros.
func mac(a *[6]byte, has *Fields, v []byte, bit Fields) {
	if n := [6]byte(v); n != [6]byte{} {
		*a = n
		*has |= bit
	}
}

// Text is a string as exporters send it in a field of fixed length: up to the first zero, without the spaces that fill it up.
func Text(v []byte) []byte {
	if end := bytes.IndexByte(v, 0); end >= 0 {
		v = v[:end]
	}
	return bytes.TrimRight(v, " ")
}

// ApplicationID reads an applicationId: one octet of classification engine, then a selector of up to 7 octets (RFC 6759 section 4).
func ApplicationID(v []byte) uint64 {
	if len(v) == 0 {
		return 0
	}
	selector := v[1:]
	if len(selector) > 7 {
		selector = selector[len(selector)-7:]
	}
	return uint64(v[0])<<56 | Number(selector)
}
