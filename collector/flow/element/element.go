// Package element knows the information elements that fields of NetFlow v9 and IPFIX templates name: the IANA registry "IPFIX Information
// Elements", those that vendors registered under their private enterprise numbers, and those that a user adds.
package element

// Type is an abstract data type: RFC 7012 section 3.1, RFC 6313 section 4.5 for the lists.
type Type uint8

// The types.
const (
	OctetArray Type = iota
	Unsigned8
	Unsigned16
	Unsigned32
	Unsigned64
	Unsigned256
	Signed8
	Signed16
	Signed32
	Signed64
	Float32
	Float64
	Boolean
	MACAddress
	String
	DateTimeSeconds
	DateTimeMilliseconds
	DateTimeMicroseconds
	DateTimeNanoseconds
	IPv4Address
	IPv6Address
	BasicList
	SubTemplateList
	SubTemplateMultiList
)

// Element is an information element.
type Element struct {
	Enterprise uint32 // private enterprise number; 0 for IANA's, and for the field types of NetFlow v9
	ID         uint16 // above 32767 only with enterprise 0: a field type that a vendor chose for NetFlow v9
	Name       string // letters and digits, lower camel case (ValidName); empty for an element that no registry knows
	Type       Type
	SameAs     uint16 // IANA element whose meaning and encoding it shares, 0 for none: it is decoded to the same place
	Reverse    bool   // it is like the reverse of that one: of the packets from destination to source (RFC 5103)
}
