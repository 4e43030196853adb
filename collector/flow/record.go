// Package flow holds the flow record: what every wire format decodes to and every output encodes from.
package flow

import "net/netip"

// Format is the wire format a record came in.
type Format uint8

// The wire formats.
const (
	FormatUnknown Format = iota
	NetFlow5
	NetFlow9
)

// Fields is a set of the record fields that the exporter reported. A field outside the set has no meaning, so that
// port 0, AS 0 and interface 0 stay apart from "not said".
type Fields uint64

// One bit a field; the name is that of the Record field.
const (
	HasPorts Fields = 1 << iota
	HasProtocol
	HasTCPFlags
	HasTOS
	HasICMP
	HasInput
	HasOutput
	HasSourceAS
	HasDestinationAS
	HasNextHop
	HasVLAN
	HasSourceMAC
	HasDestinationMAC
	HasStart
	HasEnd
	HasDirection
	HasBytes
	HasPackets
	HasSampling
)

// Endpoint is one side of a flow.
type Endpoint struct {
	Addr         netip.Addr // IPv4 addresses are in 4-byte form
	Port         uint16
	PrefixLength uint8
	AS           uint32
	MAC          [6]byte

	// Enrichment is a run of complete JSON members ("geo":{…},"as":{…}) ready to append, or nil.
	// It belongs to the enricher's cache and is read-only.
	Enrichment []byte
}

// Record is one flow as an exporter reported it: one direction over one interval of time.
// Times are Unix nanoseconds.
type Record struct {
	Has Fields

	Source, Destination Endpoint

	Bytes, Packets uint64 // octets of layer 3 and packets

	Received int64 // when the collector took the packet from the socket
	Exported int64 // the exporter's clock in the packet header
	Start    int64
	End      int64

	Exporter netip.Addr
	Domain   uint32 // NetFlow v9 source id; engine type and id of v5
	Sequence uint32 // of the packet that carried the record
	Format   Format

	Protocol  uint8 // IANA protocol number
	TCPFlags  uint16
	TOS       uint8
	ICMPType  uint8
	ICMPCode  uint8
	Direction uint8 // 0 ingress, 1 egress (IANA flowDirection, 61)
	VLAN      uint16

	// One of so many packets was looked at; 1 is all of them. Counters are as exported, not multiplied.
	SamplingInterval uint32
	SamplingMode     uint8 // of NetFlow v5: 0 not said, 1 deterministic, 2 random

	Input, Output uint32 // ifIndex
	NextHop       netip.Addr
}
