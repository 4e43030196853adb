// Package netflow decodes NetFlow v5 and v9 packets into flow records.
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
	table  *exporter.Table
	fields []flow.FieldSpec // of the template being read
}

// NewDecoder returns a decoder that keeps its templates in table.
func NewDecoder(table *exporter.Table) *Decoder { return &Decoder{table: table} }

// Decode appends the flow records of one UDP payload to dst. The version is told by the packet itself. Data sets that waited for a
// template in this packet are decoded with it. On an error, which is a *flow.PacketError, the records of what is sound are returned.
// It allocates nothing once dst has grown and the templates are known.
func (d *Decoder) Decode(dst []flow.Record, packet []byte, from exporter.Origin, received time.Time) ([]flow.Record, error) {
	if len(packet) < 2 {
		d.table.Refused(exporter.TooShort)
		return dst, &flow.PacketError{Reason: fmt.Sprintf("packet of %d octets is too short for any NetFlow version", len(packet))}
	}
	switch version := binary.BigEndian.Uint16(packet); version {
	case 5:
		return d.decode5(dst, packet, from, received)
	case 9:
		return d.decode9(dst, packet, from, received)
	default:
		d.table.Refused(exporter.UnsupportedVersion)
		return dst, &flow.PacketError{Reason: fmt.Sprintf("flow export version %d is not supported (NetFlow v5 and v9 are)", version)}
	}
}
