// Package netflow decodes NetFlow v1, v5, v6, v7, v8 and v9 packets and IPFIX messages into flow records.
//
// A packet is decoded as far as it is sound: a fault costs the set it is in, or the rest of the packet where a length is wrong that says
// where the next set begins. What is sound is kept, the first fault is reported. Nothing a packet says is
// believed before it is checked against the packet's own length, and every loop consumes input.
package netflow

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// Decoder decodes the packets of one socket. It is not safe for concurrent use.
type Decoder struct {
	table   *exporter.Table
	context flow.Context
	fields  []flow.FieldSpec // of the template being read
	message message          // being decoded
}

// NewDecoder returns a decoder that keeps its templates in table, and lets records refer to arena, which the caller resets.
func NewDecoder(table *exporter.Table, arena *flow.Arena) *Decoder {
	return &Decoder{table: table, context: flow.Context{Arena: arena}}
}

// Decode appends the flow records of one packet or message to dst. The version is told by the packet itself. Data sets that waited for a
// template in this packet are decoded with it. On an error, which is a *flow.PacketError, the records of what is sound are returned.
// It allocates nothing once dst has grown and the templates are known.
func (d *Decoder) Decode(dst []flow.Record, packet []byte, from exporter.Origin, received time.Time) ([]flow.Record, error) {
	if len(packet) < 2 {
		d.table.Refused(exporter.TooShort)
		return dst, &flow.PacketError{Reason: fmt.Sprintf("packet of %d octets is too short for any NetFlow version", len(packet))}
	}
	switch version := binary.BigEndian.Uint16(packet); version {
	case 1, 5, 6, 7:
		return d.fixed(dst, packet, layouts[version], from, received)
	case 8:
		return d.aggregated(dst, packet, from, received)
	case 9:
		return d.sets(dst, packet, &netflow9, from, received)
	case 10:
		return d.messages(dst, packet, from, received)
	default:
		d.table.Refused(exporter.UnsupportedVersion)
		return dst, &flow.PacketError{
			Reason: fmt.Sprintf("flow export version %d is not supported (NetFlow v1 and v5 to v9, IPFIX and sFlow v5 are)", version),
		}
	}
}

// tooShort refuses a packet that ends within its header.
func (d *Decoder) tooShort(protocol string, length, header int) error {
	d.table.Refused(exporter.TooShort)
	return &flow.PacketError{Protocol: protocol, Offset: length, Reason: fmt.Sprintf("the header needs %d octets", header)}
}
