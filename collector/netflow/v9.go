package netflow

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// Layout of NetFlow v9: RFC 3954 section 5.
const (
	header9   = 20
	setHeader = 4

	templateSet        = 0
	optionsTemplateSet = 1
	firstDataSet       = 256 // ids 2 to 255 are reserved

	// window9 is the greatest gap, in packets, that counts as loss.
	window9 = 1000
)

// packet9 is a v9 packet being decoded.
type packet9 struct {
	source   *exporter.Source
	clock    flow.Clock
	sequence uint32
	address  netip.Addr
	received int64

	records, options int
	failed           *flow.PacketError // the first fault
}

// The count in the header is not used: exporters disagree on what it counts.
func (d *Decoder) decode9(dst []flow.Record, packet []byte, from exporter.Origin, received time.Time) ([]flow.Record, error) {
	if len(packet) < header9 {
		d.table.Refused(exporter.TooShort)
		return dst, &flow.PacketError{Protocol: "NetFlow v9", Offset: len(packet), Reason: fmt.Sprintf("the header needs %d octets", header9)}
	}
	p := packet9{
		clock: flow.Clock{
			Unix:   int64(binary.BigEndian.Uint32(packet[8:])) * 1e9,
			Uptime: binary.BigEndian.Uint32(packet[4:]),
		},
		sequence: binary.BigEndian.Uint32(packet[12:]),
		address:  from.Address,
		received: received.UnixNano(),
	}
	p.source = d.table.Source(exporter.Key{Address: from.Address, Session: from.Session, Format: flow.NetFlow9, Domain: binary.BigEndian.Uint32(packet[16:])}, received)
	p.source.Sequence(p.sequence, 1, window9)

	// A fault inside a set costs the rest of that set. A fault in a set's length costs the rest of the packet.
	for at := header9; at < len(packet); {
		rest := packet[at:]
		if len(rest) < setHeader {
			if !zero(rest) {
				p.fault(at, "%d octets are left, too few for a set", len(rest))
			}
			break
		}
		id, length := binary.BigEndian.Uint16(rest), int(binary.BigEndian.Uint16(rest[2:]))
		if length < setHeader || length > len(rest) {
			// Some exporters fill their packets up with zeros.
			if id != 0 || length != 0 || !zero(rest) {
				p.fault(at, "set %d says it has %d octets, %d are left in the packet", id, length, len(rest))
			}
			break
		}
		body := rest[setHeader:length]
		switch {
		case id == templateSet:
			dst = d.templates(dst, &p, body, at+setHeader)
		case id == optionsTemplateSet:
			dst = d.optionsTemplates(dst, &p, body, at+setHeader)
		case id < firstDataSet:
			p.fault(at, "set id %d is reserved", id)
		default:
			if t := p.source.Template(id); t != nil {
				var left int
				if dst, left = p.data(dst, t, body, p.clock, p.sequence, p.received); left > 0 {
					p.fault(at+length-left, "set %d: %d octets are left that are no whole record, which needs %d", id, left, t.Program.MinSize())
				}
			} else {
				p.source.Wait(exporter.Pending{TemplateID: id, Data: body, Clock: p.clock, Sequence: p.sequence, Received: p.received})
			}
		}
		at += length
	}
	p.source.Count(p.records, p.options)
	if p.failed != nil {
		p.source.Malformed()
		return dst, p.failed
	}
	return dst, nil
}

// fault keeps the first thing that is wrong with the packet.
func (p *packet9) fault(offset int, format string, args ...any) {
	if p.failed == nil {
		p.failed = &flow.PacketError{Protocol: "NetFlow v9", Offset: offset, Reason: fmt.Sprintf(format, args...)}
	}
}

// padding checks what stands behind zeros where a template should begin. It ends the set whatever that is: to look for a template at
// each four octets of a large set would take time that grows with its square.
func (p *packet9) padding(at int, body []byte) {
	if !zero(body) {
		p.fault(at, "template id 0 is reserved, and what follows is no padding")
	}
}

// maxPadding is the most octets that a data set may have behind its last record (RFC 3954 section 5.3: to a boundary of 32 bits).
const maxPadding = 3

// data appends the records of a data set. Left is how many octets at its end are neither a whole record nor padding.
func (p *packet9) data(dst []flow.Record, t *exporter.Template, body []byte, clock flow.Clock, sequence uint32, received int64) (_ []flow.Record, left int) {
	n := 0
	for {
		size := t.Program.Size(body)
		if size == 0 {
			break
		}
		n++
		if !t.Options {
			dst = append(dst, flow.Record{
				Exporter: p.address, Domain: p.source.Key.Domain, Sequence: sequence, Format: flow.NetFlow9,
				Received: received, Exported: clock.Unix,
			})
			t.Program.Decode(&dst[len(dst)-1], body, clock)
		}
		body = body[size:]
	}
	if t.Options {
		p.options += n
	} else {
		p.records += n
	}
	// Some exporters pad with more than they need; zeros are no record.
	if n > 0 && len(body) <= maxPadding || zero(body) {
		return dst, 0
	}
	return dst, len(body)
}

// templates reads a template set: RFC 3954 section 5.2.
func (d *Decoder) templates(dst []flow.Record, p *packet9, body []byte, at int) []flow.Record {
	for len(body) >= 4 {
		id, count := binary.BigEndian.Uint16(body), int(binary.BigEndian.Uint16(body[2:]))
		if id == 0 && count == 0 {
			p.padding(at, body)
			break
		}
		size := 4 + count*4
		if size > len(body) {
			p.fault(at, "template %d announces %d fields, the set has room for %d", id, count, (len(body)-4)/4)
			break
		}
		dst = d.define(dst, p, id, false, body[4:size], at)
		body, at = body[size:], at+size
	}
	return dst
}

// optionsTemplates reads an options template set: RFC 3954 section 6.1. Lengths there are in octets, scope fields first.
func (d *Decoder) optionsTemplates(dst []flow.Record, p *packet9, body []byte, at int) []flow.Record {
	for len(body) >= 6 {
		id := binary.BigEndian.Uint16(body)
		scope, option := int(binary.BigEndian.Uint16(body[2:])), int(binary.BigEndian.Uint16(body[4:]))
		if id == 0 && scope == 0 && option == 0 {
			p.padding(at, body)
			break
		}
		size := 6 + scope + option
		whole := scope%4 == 0 && option%4 == 0
		if !whole {
			p.fault(at, "options template %d: lengths %d and %d are not whole fields", id, scope, option)
		}
		if size > len(body) {
			p.fault(at, "options template %d announces fields of %d octets, the set has room for %d", id, scope+option, len(body)-6)
			break
		}
		if whole {
			dst = d.define(dst, p, id, true, body[6:size], at)
		}
		body, at = body[size:], at+size
	}
	return dst
}

// readFields reads field specifiers of 4 octets each into d.fields.
func (d *Decoder) readFields(specs []byte) {
	d.fields = d.fields[:0]
	for ; len(specs) >= 4; specs = specs[4:] {
		d.fields = append(d.fields, flow.FieldSpec{ID: binary.BigEndian.Uint16(specs), Length: binary.BigEndian.Uint16(specs[2:])})
	}
}

// releaseLimit is how many records one packet may yield before data sets that waited are dropped rather than decoded. Real records
// are far too long for that many to wait; it keeps a template of one octet from turning what waited into hundreds of megabytes.
const releaseLimit = 1 << 16

// define makes a template known and decodes the data that waited for it.
func (d *Decoder) define(dst []flow.Record, p *packet9, id uint16, options bool, specs []byte, at int) []flow.Record {
	limits := d.table.Limits()
	switch n := len(specs) / 4; {
	case id < firstDataSet:
		p.fault(at, "template id %d is reserved", id)
		return dst
	case n == 0:
		p.fault(at, "template %d has no fields", id)
		return dst
	case n > limits.Fields:
		p.source.TemplateRefused()
		p.fault(at, "template %d has %d fields, more than the limit of %d", id, n, limits.Fields)
		return dst
	}
	d.readFields(specs)
	if p.source.Same(id, options, d.fields) {
		return dst
	}
	program, err := flow.Compile(d.fields)
	if err != nil {
		p.fault(at, "template %d: %v", id, err)
		return dst
	}
	t := &exporter.Template{ID: id, Fields: slices.Clone(d.fields), Options: options, Program: program}
	if !p.source.Define(t) {
		p.fault(at, "template %d: the exporter already has %d templates, or all have too many; see the limits", id, p.source.Templates())
		return dst
	}
	waited := p.source.Ready(id)
	for i, w := range waited {
		if len(dst) >= releaseLimit {
			p.source.Dropped(len(waited) - i)
			break
		}
		var left int
		if dst, left = p.data(dst, t, w.Data, w.Clock, w.Sequence, w.Received); left > 0 {
			p.source.Dropped(1)
		}
	}
	return dst
}

func zero(b []byte) bool {
	for _, v := range b {
		if v != 0 {
			return false
		}
	}
	return true
}
