package schema

import "github.com/flowstack/terraform-provider-flowstack/collector/flow"

// What the encoder asks of a record again and again is found once, as further bits of what the record has.
const (
	hasDetails   flow.Fields = 1 << (63 - iota)
	hasObserver              // somebody described the exporter
	hasRealPorts             // of a protocol that has ports
	hasRealICMP              // of a protocol that has types and codes
	hasSides                 // it is known of both sides whether they are internal
	hasClient                // it is known who began
	isSampled
)

// exported are the bits that are the record's own.
const exported = flow.HasPackets<<1 - 1

// withPorts are the protocols that have ports.
var withPorts = [256]bool{flow.ProtocolTCP: true, flow.ProtocolUDP: true, flow.ProtocolDCCP: true, flow.ProtocolSCTP: true, flow.ProtocolUDPLite: true}

// hasPorts tells whether the ports of a record are some: NetFlow v5 sends them for each flow, whatever its protocol. Where the protocol is not
// known, 0 on both sides is none.
func hasPorts(r *flow.Record) bool {
	switch {
	case r.Has&flow.HasPorts == 0:
		return false
	case r.Has&flow.HasProtocol != 0:
		return withPorts[r.Protocol]
	}
	return r.Source.Port|r.Destination.Port != 0
}

func factsOf(r *flow.Record) flow.Fields {
	has := r.Has & exported
	if r.Details != nil {
		has |= hasDetails
	}
	if r.Observer != nil {
		has |= hasObserver
	}
	if r.Protocol == flow.ProtocolICMP || r.Protocol == flow.ProtocolICMPv6 {
		if has&flow.HasICMP != 0 {
			has |= hasRealICMP
		}
	} else if hasPorts(r) {
		has |= hasRealPorts
	}
	if r.Source.Known != nil && r.Destination.Known != nil && !r.Source.Known.Boundless && !r.Destination.Known.Boundless {
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
