package netflow

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

const (
	setHeader    = 4
	firstDataSet = 256 // ids below are those of templates, or reserved
)

// rules are what NetFlow v9 and IPFIX differ in.
type rules struct {
	protocol string
	format   flow.Format
	header   int

	templateSet, optionsTemplateSet uint16

	// begin reads the header: how long the packet is, and what belongs to all of its records.
	begin func(m *message, packet []byte) (length int)
}

// netflow9: RFC 3954 section 5. The count in the header is not used: exporters disagree on what it counts.
var netflow9 = rules{
	protocol: "NetFlow v9", format: flow.NetFlow9, header: 20, templateSet: 0, optionsTemplateSet: 1,
	begin: func(m *message, packet []byte) int {
		m.clock = flow.Clock{Unix: int64(binary.BigEndian.Uint32(packet[8:])) * 1e9, Uptime: binary.BigEndian.Uint32(packet[4:])}
		m.sequence = binary.BigEndian.Uint32(packet[12:])
		m.domain = binary.BigEndian.Uint32(packet[16:])
		return len(packet)
	},
}

// ipfix: RFC 7011 section 3.
var ipfix = rules{
	protocol: "IPFIX", format: flow.IPFIX, header: 16, templateSet: 2, optionsTemplateSet: 3,
	begin: func(m *message, packet []byte) int {
		m.clock = flow.Clock{Unix: int64(binary.BigEndian.Uint32(packet[4:])) * 1e9, Unknown: true}
		m.sequence = binary.BigEndian.Uint32(packet[8:])
		m.domain = binary.BigEndian.Uint32(packet[12:])
		return int(binary.BigEndian.Uint16(packet[2:]))
	},
}

// window is the greatest gap that counts as loss: in packets for NetFlow v9, in data records for IPFIX.
const (
	windowPackets = 1000
	windowRecords = 30 * 1000
)

// message is a NetFlow v9 packet or an IPFIX message being decoded.
type message struct {
	*rules
	source   *exporter.Source
	from     exporter.Origin
	clock    flow.Clock
	sequence uint32
	domain   uint32
	received int64

	dst              []flow.Record
	records, options int  // decoded
	released         int  // of these, those that waited: they belong to the messages before
	waiting          bool // some of its data wait for a template, so that nobody knows how many records it has
	failed           *flow.PacketError
}

// fault keeps the first thing that is wrong with the packet.
func (m *message) fault(offset int, format string, args ...any) {
	if m.failed == nil {
		m.failed = &flow.PacketError{Protocol: m.protocol, Offset: offset, Reason: fmt.Sprintf(format, args...)}
	}
}

func (d *Decoder) sets(dst []flow.Record, packet []byte, r *rules, from exporter.Origin, received time.Time) ([]flow.Record, error) {
	if len(packet) < r.header {
		return dst, d.tooShort(r.protocol, len(packet), r.header)
	}
	m := &d.message
	*m = message{rules: r, dst: dst, from: from, received: received.UnixNano()}
	length := r.begin(m, packet)
	m.source = d.table.Source(exporter.Key{Address: from.Address, Session: from.Session, Format: r.format, Domain: m.domain}, received)
	m.clock = m.source.Clock(m.clock)
	if length > len(packet) || length < r.header {
		m.fault(2, "the header says %d octets, %d are there", length, len(packet))
	} else {
		packet = packet[:length]
	}
	d.walk(packet)

	if r.format == flow.NetFlow9 {
		m.source.Sequence(m.sequence, 1, windowPackets)
	} else {
		m.source.Sequence(m.sequence, uint32(m.records+m.options-m.released), windowRecords)
		if m.waiting || m.failed != nil { // what could not be decoded was counted by the exporter
			m.source.Resync()
		}
	}
	m.source.Count(m.records, m.options)
	dst, m.dst = m.dst, nil
	if m.failed != nil {
		m.source.Malformed()
		return dst, m.failed
	}
	return dst, nil
}

// messages decodes what a datagram holds: one IPFIX message (RFC 7011 section 10.3), or several of careless exporters.
func (d *Decoder) messages(dst []flow.Record, packet []byte, from exporter.Origin, received time.Time) (_ []flow.Record, first error) {
	for at := 0; ; {
		message := packet[at:]
		length := len(message)
		if len(message) >= ipfix.header {
			if n := int(binary.BigEndian.Uint16(message[2:])); n >= ipfix.header && n < length {
				length = n
			}
		}
		var err error
		if dst, err = d.sets(dst, message[:length], &ipfix, from, received); err != nil && first == nil {
			first = later(err, at)
		}
		at += length
		if rest := packet[at:]; len(rest) < 2 || binary.BigEndian.Uint16(rest) != 10 {
			if !zero(rest) && first == nil {
				d.message.source.Malformed()
				first = &flow.PacketError{Protocol: ipfix.protocol, Offset: at, Reason: fmt.Sprintf("%d octets follow the message", len(rest))}
			}
			return dst, first
		}
	}
}

// later moves the fault of a message to where it is in the datagram.
func later(err error, by int) error {
	var failed *flow.PacketError
	if errors.As(err, &failed) {
		failed.Offset += by
	}
	return err
}

// walk decodes the sets of a packet. A fault inside a set costs the rest of that set. A fault in a set's length costs the rest of the
// packet.
func (d *Decoder) walk(packet []byte) {
	m := &d.message
	for at := m.header; at < len(packet); {
		rest := packet[at:]
		if len(rest) < setHeader {
			if !zero(rest) {
				m.fault(at, "%d octets are left, too few for a set", len(rest))
			}
			return
		}
		id, length := binary.BigEndian.Uint16(rest), int(binary.BigEndian.Uint16(rest[2:]))
		if length < setHeader || length > len(rest) {
			// Some exporters fill their packets up with zeros.
			if id != 0 || length != 0 || !zero(rest) {
				m.fault(at, "set %d says it has %d octets, %d are left in the packet", id, length, len(rest))
			}
			return
		}
		body := rest[setHeader:length]
		switch {
		case id == m.templateSet:
			d.templates(body, at+setHeader)
		case id == m.optionsTemplateSet:
			d.optionsTemplates(body, at+setHeader)
		case id < firstDataSet:
			m.fault(at, "set id %d is reserved", id)
		default:
			d.dataSet(id, body, at+length)
		}
		at += length
	}
}

// dataSet decodes a data set that ends at an offset of the packet, or keeps it until its template comes.
func (d *Decoder) dataSet(id uint16, body []byte, end int) {
	m := &d.message
	m.source.Renew(m.received)
	t := m.source.Template(id)
	if t == nil {
		m.waiting = true
		m.source.Wait(exporter.Pending{TemplateID: id, Data: body, Clock: m.clock, Sequence: m.sequence, Received: m.received})
		return
	}
	if left := d.data(t, body, m.clock, m.sequence, m.received); left > 0 {
		m.fault(end-left, "set %d: %d octets are left that are no whole record, which needs %d", id, left, t.Program.MinSize())
	}
}

func zero(b []byte) bool {
	for _, v := range b {
		if v != 0 {
			return false
		}
	}
	return true
}
