package flow

import (
	"net/netip"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow/element"
)

// DetailFields is the set of details that the exporter reported, as Fields is for a Record.
type DetailFields uint64

// One bit a detail; the name is that of the Details field.
const (
	HasReverseBytes DetailFields = 1 << iota
	HasReversePackets
	HasReverseTCPFlags
	HasReverseStart
	HasReverseEnd
	HasSourceNATPort
	HasDestinationNATPort
	HasInputVRF
	HasOutputVRF
	HasApplication
	HasFirewallEvent
	HasExtendedEvent
	HasNATEvent
	HasEndReason
	HasForwardingStatus
	HasFlowID
	HasInnerVLAN
	HasVNI
	HasPreviousAS
	HasNextAS
	HasFlowLabel
	HasMinTTL
	HasMaxTTL
	HasStationMAC
	HasAccessPointMAC
	HasFlowCount
	HasBiflowDirection
)

// What biflowDirection (239, RFC 5103 section 6.3) says of the source; others are 0, at random, and 3, by the perimeter of a network.
const (
	BiflowInitiator        = 1 // it began
	BiflowReverseInitiator = 2 // the destination began
)

// MaxLabels is how many MPLS labels of a stack are kept: as many as NetFlow v9 and IPFIX have fields for (70 to 79).
const MaxLabels = 10

// Details are what few exporters say about a flow. Names and values point into the packet, or into tables of its exporter: they are
// read-only and valid until the next packet is decoded.
type Details struct {
	Has DetailFields

	// What came back, where one record is about both directions (RFC 5103, Cisco NSEL): Bytes and Packets of the record are then those
	// of source to destination, these those of destination to source.
	ReverseBytes, ReversePackets uint64
	ReverseStart, ReverseEnd     int64 // Unix nanoseconds
	ReverseTCPFlags              uint16
	BiflowDirection              uint8 // how the exporter chose the source

	SourceNAT, DestinationNAT         netip.Addr // after translation; invalid when not said
	SourceNATPort, DestinationNATPort uint16

	InputName, OutputName               []byte // of the interfaces
	InputDescription, OutputDescription []byte
	InputVRF, OutputVRF                 uint32
	InputVRFName, OutputVRFName         []byte

	ApplicationID   uint64 // classification engine in the highest octet, selector below (RFC 6759 section 4)
	ApplicationName []byte
	User            []byte

	FirewallEvent    uint8  // IANA firewallEvent (233)
	ExtendedEvent    uint16 // of Cisco NSEL: why
	NATEvent         uint8  // IANA natEvent (230)
	EndReason        uint8  // IANA flowEndReason (136)
	ForwardingStatus uint8  // IANA forwardingStatus (89): two bits of status, six of reason
	FlowID           uint64
	FlowCount        uint64 // flows that the exporter summed up in the record

	Labels     [MaxLabels]uint32 // MPLS labels of 20 bits, top of the stack first
	LabelCount uint8
	InnerVLAN  uint16 // customer VLAN of a frame with two tags
	VNI        uint32 // VXLAN network identifier
	FlowLabel  uint32 // of IPv6
	MinTTL     uint8
	MaxTTL     uint8

	PreviousAS, NextAS uint32 // neighbours on the way: bgpPrevAdjacentAsNumber (129), bgpNextAdjacentAsNumber (128)

	StationMAC, AccessPointMAC [6]byte // of wireless clients and their access points
	Station                    netip.Addr
	SSID                       []byte

	Agent netip.Addr // the device that observed the flow, where the exporter says it is another: sFlow agent, exporterIPv4Address (130)

	// Extra are the fields that have no place of their own in the record, when they are asked for.
	Extra []Extra
}

// Extra is a field of a data record as it was sent.
type Extra struct {
	Element *element.Element // never nil; one that no registry knows has no name
	Value   []byte
}

// Arena holds what the records of one packet refer to, so that decoding allocates nothing in steady state. It belongs to one decoder.
type Arena struct {
	details []*Details
	used    int
}

// extraKeep is how many extra fields of a record there is room kept for: more than an ordinary one has.
const extraKeep = 64

// arenaKeep is how many Details are kept for the next packet: more than an ordinary one has records.
const arenaKeep = 1024

// Reset takes everything back: what records refer to is valid until then.
func (a *Arena) Reset() {
	if len(a.details) > arenaKeep {
		clear(a.details[arenaKeep:])
		a.details = a.details[:arenaKeep]
	}
	a.used = 0
}

// Detail returns the details of a record, new ones if it has none.
func (r *Record) Detail(a *Arena) *Details {
	if r.Details != nil {
		return r.Details
	}
	if a.used == len(a.details) {
		a.details = append(a.details, new(Details))
	}
	d := a.details[a.used]
	a.used++
	extra := d.Extra[:0]
	if cap(extra) > extraKeep {
		extra = nil
	}
	*d = Details{Extra: extra}
	r.Details = d
	return d
}
