// Package decode turns packets of every supported format into flow records. One port may carry all formats: each packet says what it is.
package decode

import (
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/netflow"
	"github.com/flowstack/terraform-provider-flowstack/collector/sflow"
)

// Decoder decodes the packets of one socket, or of all connections. It is not safe for concurrent use.
type Decoder struct {
	table   *exporter.Table
	arena   flow.Arena
	netflow *netflow.Decoder
	sflow   *sflow.Decoder
}

// New returns a decoder that keeps what it learns of exporters in table.
func New(table *exporter.Table) *Decoder {
	d := &Decoder{table: table}
	d.netflow = netflow.NewDecoder(table, &d.arena)
	d.sflow = sflow.New(table, &d.arena)
	return d
}

// Decode appends the flow records of one packet to dst. What they refer to is valid until the next call. A packet of who may not send, and
// a datagram beyond the limit of its address, yields nothing and is counted. On an error, which is a *flow.PacketError, the records of what
// is sound are returned. It allocates nothing once dst has grown and the templates are known.
func (d *Decoder) Decode(dst []flow.Record, packet []byte, from exporter.Origin, received time.Time) ([]flow.Record, error) {
	d.arena.Reset()
	from.Address = from.Address.Unmap().WithZone("") // Elasticsearch refuses zones, and no network has an address with one
	if !d.admits(from, received) {
		return dst, nil
	}
	if sflow.Is(packet) {
		return d.sflow.Decode(dst, packet, from, received)
	}
	return d.netflow.Decode(dst, packet, from, received)
}

// admits tells whether a packet is to be decoded. The limit of packets is one for datagrams: a message left out of a stream would cost all
// that follows where it holds a template, and an exporter that is too fast has to wait anyway.
func (d *Decoder) admits(from exporter.Origin, received time.Time) bool {
	if from.Session == 0 {
		return d.table.Admit(from.Address, received)
	}
	allowed := d.table.Allowed(from.Address)
	if !allowed {
		d.table.Refused(exporter.NotAllowed)
	}
	return allowed
}
