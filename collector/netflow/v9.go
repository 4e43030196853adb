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
}

func (d *Decoder) decode9(dst []flow.Record, packet []byte, address netip.Addr, received time.Time) ([]flow.Record, error) {
	if len(packet) < header9 {
		d.table.Refused(exporter.TooShort)
		return dst, &PacketError{Version: 9, Offset: len(packet), Reason: fmt.Sprintf("the header needs %d octets", header9)}
	}
	// The count in the header is not used: exporters disagree on what it counts.
	p := packet9{
		clock: flow.Clock{
			Unix:   int64(binary.BigEndian.Uint32(packet[8:])) * 1e9,
			Uptime: binary.BigEndian.Uint32(packet[4:]),
		},
		sequence: binary.BigEndian.Uint32(packet[12:]),
		address:  address,
		received: received.UnixNano(),
	}
	p.source = d.table.Source(address, binary.BigEndian.Uint32(packet[16:]), received)
	p.source.Sequence(p.sequence, 1, window9)

	var failed *PacketError
	for at := header9; at < len(packet) && failed == nil; {
		rest := packet[at:]
		if len(rest) < setHeader {
			if !zero(rest) {
				failed = p.fault(at, "%d octets are left, too few for a set", len(rest))
			}
			break
		}
		id, length := binary.BigEndian.Uint16(rest), int(binary.BigEndian.Uint16(rest[2:]))
		if length < setHeader || length > len(rest) {
			// Some exporters fill their packets up with zeros.
			if id != 0 || length != 0 || !zero(rest) {
				failed = p.fault(at, "set %d says it has %d octets, %d are left in the packet", id, length, len(rest))
			}
			break
		}
		body := rest[setHeader:length]
		switch {
		case id == templateSet:
			dst, failed = d.templates(dst, &p, body, at+setHeader)
		case id == optionsTemplateSet:
			dst, failed = d.optionsTemplates(dst, &p, body, at+setHeader)
		case id < firstDataSet:
			failed = p.fault(at, "set id %d is reserved", id)
		default:
			if t := p.source.Template(id); t != nil {
				dst = p.data(dst, t, body, p.clock, p.sequence, p.received)
			} else {
				p.source.Wait(exporter.Pending{TemplateID: id, Data: body, Clock: p.clock, Sequence: p.sequence, Received: p.received})
			}
		}
		at += length
	}
	p.source.Count(p.records, p.options)
	if failed != nil {
		p.source.Malformed()
		return dst, failed
	}
	return dst, nil
}

func (p *packet9) fault(offset int, format string, args ...any) *PacketError {
	return &PacketError{Version: 9, Offset: offset, Reason: fmt.Sprintf(format, args...)}
}

// data appends the records of a data set. What is left behind the last whole record is padding.
func (p *packet9) data(dst []flow.Record, t *exporter.Template, body []byte, clock flow.Clock, sequence uint32, received int64) []flow.Record {
	length := t.Program.RecordLength()
	if t.Options {
		p.options += len(body) / length
		return dst
	}
	first := len(dst)
	for ; len(body) >= length; body = body[length:] {
		dst = append(dst, flow.Record{
			Exporter: p.address, Domain: p.source.Key.Domain, Sequence: sequence, Format: flow.NetFlow9,
			Received: received, Exported: clock.Unix,
		})
		t.Program.Decode(&dst[len(dst)-1], body, clock)
	}
	p.records += len(dst) - first
	return dst
}

// templates reads a template set: RFC 3954 section 5.2.
func (d *Decoder) templates(dst []flow.Record, p *packet9, body []byte, at int) ([]flow.Record, *PacketError) {
	for len(body) >= 4 {
		id, count := binary.BigEndian.Uint16(body), int(binary.BigEndian.Uint16(body[2:]))
		if id == 0 && count == 0 && zero(body) {
			break // padding
		}
		size := 4 + count*4
		if err := d.readFields(p, id, count, body[4:], at); err != nil {
			return dst, err
		}
		var err *PacketError
		if dst, err = d.define(dst, p, id, false, at); err != nil {
			return dst, err
		}
		body, at = body[size:], at+size
	}
	return dst, nil
}

// optionsTemplates reads an options template set: RFC 3954 section 6.1. Lengths there are in octets, scope fields first.
func (d *Decoder) optionsTemplates(dst []flow.Record, p *packet9, body []byte, at int) ([]flow.Record, *PacketError) {
	for len(body) >= 6 {
		id := binary.BigEndian.Uint16(body)
		scope, option := int(binary.BigEndian.Uint16(body[2:])), int(binary.BigEndian.Uint16(body[4:]))
		if id == 0 && scope == 0 && option == 0 && zero(body) {
			break // padding
		}
		if scope%4 != 0 || option%4 != 0 {
			return dst, p.fault(at, "options template %d: lengths %d and %d are not whole fields", id, scope, option)
		}
		size := 6 + scope + option
		if err := d.readFields(p, id, (scope+option)/4, body[6:], at); err != nil {
			return dst, err
		}
		var err *PacketError
		if dst, err = d.define(dst, p, id, true, at); err != nil {
			return dst, err
		}
		body, at = body[size:], at+size
	}
	return dst, nil
}

// readFields reads count field specifiers into d.fields.
func (d *Decoder) readFields(p *packet9, id uint16, count int, body []byte, at int) *PacketError {
	switch {
	case id < firstDataSet:
		return p.fault(at, "template id %d is reserved", id)
	case count == 0:
		return p.fault(at, "template %d has no fields", id)
	case count*4 > len(body):
		return p.fault(at, "template %d announces %d fields, the set has room for %d", id, count, len(body)/4)
	case count > d.table.Limits().Fields:
		return p.fault(at, "template %d has %d fields, more than the limit of %d", id, count, d.table.Limits().Fields)
	}
	d.fields = d.fields[:0]
	for i := range count {
		d.fields = append(d.fields, flow.FieldSpec{
			ID: binary.BigEndian.Uint16(body[i*4:]), Length: binary.BigEndian.Uint16(body[i*4+2:]),
		})
	}
	return nil
}

// define makes the template of d.fields known and decodes the data that waited for it.
func (d *Decoder) define(dst []flow.Record, p *packet9, id uint16, options bool, at int) ([]flow.Record, *PacketError) {
	if p.source.Same(id, options, d.fields) {
		return dst, nil
	}
	program, err := flow.Compile(d.fields)
	if err != nil {
		return dst, p.fault(at, "template %d: %v", id, err)
	}
	t := &exporter.Template{ID: id, Fields: slices.Clone(d.fields), Options: options, Program: program}
	if !p.source.Define(t) {
		return dst, p.fault(at, "template %d: the exporter already has %d templates, the limit", id, d.table.Limits().Templates)
	}
	for _, w := range p.source.Ready(id) {
		dst = p.data(dst, t, w.Data, w.Clock, w.Sequence, w.Received)
	}
	return dst, nil
}

func zero(b []byte) bool {
	for _, v := range b {
		if v != 0 {
			return false
		}
	}
	return true
}
