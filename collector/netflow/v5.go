package netflow

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// Layout of NetFlow v5: Cisco, "NetFlow Export Datagram Format", tables B-3 and B-4.
const (
	header5 = 24
	record5 = 48
	// window5 is the greatest gap, in flows, that counts as loss: about a thousand full packets.
	window5 = 30 * 1000
)

const has5 = flow.HasPorts | flow.HasProtocol | flow.HasTCPFlags | flow.HasTOS | flow.HasInput | flow.HasOutput |
	flow.HasSourceAS | flow.HasDestinationAS | flow.HasNextHop | flow.HasStart | flow.HasEnd | flow.HasBytes | flow.HasPackets

func (d *Decoder) decode5(dst []flow.Record, packet []byte, from exporter.Origin, received time.Time) ([]flow.Record, error) {
	if len(packet) < header5 {
		d.table.Refused(exporter.TooShort)
		return dst, &flow.PacketError{Protocol: "NetFlow v5", Offset: len(packet), Reason: fmt.Sprintf("the header needs %d octets", header5)}
	}
	clock := flow.Clock{
		Unix:   int64(binary.BigEndian.Uint32(packet[8:]))*1e9 + int64(binary.BigEndian.Uint32(packet[12:])),
		Uptime: binary.BigEndian.Uint32(packet[4:]),
	}
	sequence := binary.BigEndian.Uint32(packet[16:])
	domain := uint32(binary.BigEndian.Uint16(packet[20:]))
	announced := int(binary.BigEndian.Uint16(packet[2:]))
	// Two bits of mode and 14 of interval; exporters that do not sample say 0.
	sampling := binary.BigEndian.Uint16(packet[22:])
	rate := flow.Sampling{Interval: uint32(sampling & 0x3fff)}
	if rate.Interval != 0 {
		rate.Source = flow.SamplingHeader
	}
	count := min(announced, (len(packet)-header5)/record5)

	source := d.table.Source(exporter.Key{Address: from.Address, Session: from.Session, Format: flow.NetFlow5, Domain: domain}, received)
	source.Sequence(sequence, uint32(announced), window5)
	for i := range count {
		v := packet[header5+i*record5:][:record5]
		dst = append(dst, flow.Record{
			Has:      has5,
			Exporter: from.Address, Domain: domain, Sequence: sequence, Format: flow.NetFlow5,
			Received: received.UnixNano(), Exported: clock.Unix,
			Source: flow.Endpoint{
				Addr: netip.AddrFrom4([4]byte(v[0:4])), Port: binary.BigEndian.Uint16(v[32:]),
				AS: uint32(binary.BigEndian.Uint16(v[40:])), PrefixLength: v[44],
			},
			Destination: flow.Endpoint{
				Addr: netip.AddrFrom4([4]byte(v[4:8])), Port: binary.BigEndian.Uint16(v[34:]),
				AS: uint32(binary.BigEndian.Uint16(v[42:])), PrefixLength: v[45],
			},
			NextHop: netip.AddrFrom4([4]byte(v[8:12])),
			Input:   uint32(binary.BigEndian.Uint16(v[12:])),
			Output:  uint32(binary.BigEndian.Uint16(v[14:])),
			Packets: uint64(binary.BigEndian.Uint32(v[16:])),
			Bytes:   uint64(binary.BigEndian.Uint32(v[20:])),
			Start:   clock.At(binary.BigEndian.Uint32(v[24:])),
			End:     clock.At(binary.BigEndian.Uint32(v[28:])),

			TCPFlags: uint16(v[37]), Protocol: v[38], TOS: v[39],
			Sampling: rate,
		})
		dst[len(dst)-1].ICMPFromPort()
	}
	source.Count(count, 0)
	if count < announced {
		source.Malformed()
		return dst, &flow.PacketError{
			Protocol: "NetFlow v5", Offset: header5 + count*record5,
			Reason: fmt.Sprintf("the header announces %d records, %d are there", announced, count),
		}
	}
	return dst, nil
}
