// Package flow holds the flow record: what every wire format decodes to and every output encodes from.
package flow

import (
	"math"
	"math/bits"
	"net/netip"
	"slices"
)

// Format is the wire format a record came in.
type Format uint8

// The wire formats.
const (
	FormatUnknown Format = iota
	NetFlow1
	NetFlow5
	NetFlow6
	NetFlow7
	NetFlow8
	NetFlow9
	IPFIX
	SFlow5
)

// String is the name of the format in documents and metrics.
func (f Format) String() string {
	return [...]string{"unknown", "netflow1", "netflow5", "netflow6", "netflow7", "netflow8", "netflow9", "ipfix", "sflow5"}[f]
}

// CountsPackets tells whether the sequence numbers of the format count packets, and not records.
func (f Format) CountsPackets() bool { return f == NetFlow9 || f == SFlow5 }

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
)

// Endpoint is one side of a flow.
type Endpoint struct {
	Addr         netip.Addr // IPv4 addresses are in 4-byte form
	Port         uint16
	PrefixLength uint8
	AS           uint32
	MAC          [6]byte

	// Known is what enrichment knows about the address, nil when nothing was looked up. ASName is the name of the exported AS as a JSON
	// string with its quotes, or nil. Both belong to the enricher and are read-only.
	Known  *Address
	ASName []byte
}

// Address is what enrichment knows about an address, in the form in which a document has it, ready to append. There is one for each address that
// an enricher remembers, so it is kept small.
type Address struct {
	text       []byte // members of the endpoint's object, and behind them those that describe the user's network
	name, size uint32 // where ip and domain end in text, and where all members of the endpoint do

	AS       uint32  // number of the autonomous system, whether Members have it or not; 0 is not known
	Country  [2]byte // ISO 3166 code, likewise; zero is not known
	Internal bool    // the address is one's own

	// Boundless: nobody said which addresses are one's own.
	Boundless bool

	// Views are the members of each object, in place of those of the methods, where they differ because fields of only one side were selected.
	Views *Views
}

// SetMembers takes the complete members of the endpoint's JSON object, "ip":"…" first, "domain":"…" if any, then "as":{…},"geo":{…}, and behind
// them those that describe the user's network, "name":"…","role":"…". Name is how many octets of them are ip and domain, size how many are the
// endpoint's. The text is kept.
func (a *Address) SetMembers(text []byte, name, size int) {
	a.text, a.name, a.size = text, uint32(name), uint32(size)
}

// Members are complete members of the endpoint's JSON object.
func (a *Address) Members() []byte { return a.text[:a.size] }

// Name is what client and server have of Members: ip and domain.
func (a *Address) Name() []byte { return a.text[:a.name] }

// Network is the members that describe the user's network; empty where it has no description.
func (a *Address) Network() []byte { return a.text[a.size:] }

// Views are what is known about an address in each place that it can have in a document.
type Views struct {
	Source, Destination, Client, Server []byte
	SourceNetwork, DestinationNetwork   []byte
}

// Observer is what enrichment knows about an exporter and two of its interfaces. Texts are JSON strings with their quotes, nil where not
// known.
type Observer struct {
	Name          []byte
	Site          []byte
	Input, Output Interface
}

// Interface is what enrichment knows about an interface.
type Interface struct {
	Name, Alias         []byte // JSON strings with their quotes, or nil
	NameWins, AliasWins bool   // over what the exporter said in options data
}

// Side is one of the two of a flow.
type Side uint8

// The sides.
const (
	SideUnknown Side = iota
	SideSource
	SideDestination
)

// Record is one flow as an exporter reported it: one direction over one interval of time, or, where Details say what came back, both.
// Times are Unix nanoseconds.
type Record struct {
	Has Fields

	Source, Destination Endpoint

	Bytes, Packets uint64 // octets of layer 3 and packets, as exported: of the sampled packets only

	Timestamp int64 // the moment the document is filed under; one of the following
	Received  int64 // when the collector took the packet from the socket
	Exported  int64 // the exporter's clock in the packet header
	Start     int64
	End       int64

	Exporter netip.Addr
	Domain   uint32 // observation domain: NetFlow v9 source id, engine type × 256 + engine id of v5 to v8, sub-agent id of sFlow
	Sequence uint32 // of the packet that carried the record
	Format   Format

	Protocol  uint8 // IANA protocol number
	TCPFlags  uint16
	TOS       uint8
	ICMPType  uint8
	ICMPCode  uint8
	Direction uint8 // 0 ingress, 1 egress (IANA flowDirection, 61)
	VLAN      uint16

	Sampling Sampling

	Input, Output uint32 // ifIndex
	NextHop       netip.Addr

	// What enrichment adds; empty where nothing was looked up. It belongs to the enricher and is read-only.
	Observer    *Observer
	Application []byte // by port: a JSON string with its quotes, or nil. What the exporter recognised is in Details and wins
	Client      Side   // which side began the conversation

	// Details is what few exporters say, nil when this one said nothing of it. It belongs to the decoder's Arena.
	Details *Details
}

// Append appends an empty record to dst, and returns both. It is cleared where it lies, which is cheaper than to copy one there.
func Append(dst []Record) ([]Record, *Record) {
	n := len(dst)
	if n == cap(dst) {
		dst = slices.Grow(dst, 1)
	}
	dst = dst[:n+1]
	r := &dst[n]
	*r = Record{}
	return dst, r
}

// SamplingSource is where the sampling interval of a record was learned.
type SamplingSource uint8

// The sources. SamplingMissing marks a record that names a sampler nobody described yet: its counters are those of a sample of
// unknown size.
const (
	SamplingNone SamplingSource = iota // nobody speaks of sampling: every packet is counted
	SamplingHeader
	SamplingRecord
	SamplingOptions
	SamplingSFlow
	SamplingConfigured
	SamplingMissing
)

// String is the name of the source in documents.
func (s SamplingSource) String() string {
	return [...]string{"none", "header", "record", "options", "sflow", "configured", "missing"}[s]
}

// Sampling says which share of the packets the exporter looked at.
type Sampling struct {
	Sampler  uint64 // sampler, selector or, with Selection, selection sequence that the record names; 0 is none
	Interval uint32 // one of so many packets; 0 and 1 are all of them
	Source   SamplingSource
}

// Selection marks a Sampler that is a selectionSequenceId (301, RFC 5477 section 8.2), whose numbers are others than those of selectors.
const Selection = 1 << 62

// Scale estimates a counter of all packets from that of the sampled ones.
func (s Sampling) Scale(n uint64) uint64 {
	if s.Interval <= 1 {
		return n
	}
	if n > math.MaxUint64/uint64(s.Interval) {
		return math.MaxUint64
	}
	return n * uint64(s.Interval)
}

// Sum adds two counters, up to what there is room for: an exporter may tell anything.
func Sum(a, b uint64) uint64 {
	sum, carry := bits.Add64(a, b, 0)
	return sum | -carry
}

// Settle completes a decoded record from what it says in other words.
func (r *Record) Settle() {
	if d := r.Details; d != nil && d.Station.IsValid() {
		r.client(d.Station)
	}
	r.icmpFromPort()
}

// icmpFromPort reads type and code of ICMP from the ports, unless they were said in a field of their own. NetFlow exporters put them into
// the destination port (type × 256 + code) and leave the source port 0; fprobe puts the type into the source port, the code into the
// other.
func (r *Record) icmpFromPort() {
	if r.Has&(HasICMP|HasPorts|HasProtocol) != HasPorts|HasProtocol || r.Protocol != ProtocolICMP && r.Protocol != ProtocolICMPv6 {
		return
	}
	r.ICMPType, r.ICMPCode = uint8(r.Destination.Port>>8), uint8(r.Destination.Port)
	if source := r.Source.Port; source != 0 && source <= math.MaxUint8 && r.Destination.Port <= math.MaxUint8 {
		r.ICMPType = uint8(source)
	}
	r.Has |= HasICMP
}

// client sets the address of a wireless client. A controller that reports traffic per client says nothing of the other side: what goes in
// comes from the client, what goes out goes to it.
func (r *Record) client(a netip.Addr) {
	if r.Source.Addr.IsValid() || r.Destination.Addr.IsValid() {
		return
	}
	if r.Has&HasDirection != 0 && r.Direction == 1 {
		r.Destination.Addr = a
		return
	}
	r.Source.Addr = a
}
