package schema

import "github.com/flowstack/terraform-provider-flowstack/collector/flow"

// What the encoder asks of a record again and again is found once, as further bits of what the record has.
const (
	hasDetails   flow.Fields = 1 << (63 - iota)
	hasObserver              // somebody described the exporter
	hasRealPorts             // of a protocol that has ports: exporters put type and code of ICMP into the port fields
	hasRealICMP              // of a protocol that has types and codes
	hasSides                 // it is known of both sides whether they are internal
	hasClient                // it is known who began
	isSampled
)

// exported are the bits that are the record's own.
const exported = flow.HasPackets<<1 - 1

// IANA protocol numbers.
const (
	protocolICMP   = 1
	protocolTCP    = 6
	protocolUDP    = 17
	protocolICMPv6 = 58
	protocolSCTP   = 132
)

func factsOf(r *flow.Record) flow.Fields {
	has := r.Has & exported
	if r.Details != nil {
		has |= hasDetails
	}
	if r.Observer != nil {
		has |= hasObserver
	}
	if r.Protocol == protocolICMP || r.Protocol == protocolICMPv6 {
		if has&flow.HasICMP != 0 {
			has |= hasRealICMP
		}
	} else if has&flow.HasPorts != 0 {
		has |= hasRealPorts
	}
	if r.Source.Known != nil && r.Destination.Known != nil {
		has |= hasSides
	}
	if r.Client != flow.SideUnknown {
		has |= hasClient
	}
	if r.Sampling.Interval > 1 {
		has |= isSampled
	}
	return has
}
