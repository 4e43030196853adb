package element

import "math"

// types describes each type, in the order of the constants: its name in the registries, the code of IANA's registry "IPFIX Information
// Element Data Types" (RFC 5610 section 3.1), and how many octets a value can have. The least length of numbers is that of reduced-size
// encoding (RFC 7011 section 6.2), that of lists is their header (RFC 6313 section 4.5).
var types = [...]struct {
	name     string
	code     uint8
	min, max int
}{
	OctetArray:           {"octetArray", 0, 0, math.MaxUint16},
	Unsigned8:            {"unsigned8", 1, 1, 1},
	Unsigned16:           {"unsigned16", 2, 1, 2},
	Unsigned32:           {"unsigned32", 3, 1, 4},
	Unsigned64:           {"unsigned64", 4, 1, 8},
	Unsigned256:          {"unsigned256", 23, 1, 32},
	Signed8:              {"signed8", 5, 1, 1},
	Signed16:             {"signed16", 6, 1, 2},
	Signed32:             {"signed32", 7, 1, 4},
	Signed64:             {"signed64", 8, 1, 8},
	Float32:              {"float32", 9, 4, 4},
	Float64:              {"float64", 10, 4, 8},
	Boolean:              {"boolean", 11, 1, 1},
	MACAddress:           {"macAddress", 12, 6, 6},
	String:               {"string", 13, 0, math.MaxUint16},
	DateTimeSeconds:      {"dateTimeSeconds", 14, 4, 4},
	DateTimeMilliseconds: {"dateTimeMilliseconds", 15, 8, 8},
	DateTimeMicroseconds: {"dateTimeMicroseconds", 16, 8, 8},
	DateTimeNanoseconds:  {"dateTimeNanoseconds", 17, 8, 8},
	IPv4Address:          {"ipv4Address", 18, 4, 4},
	IPv6Address:          {"ipv6Address", 19, 16, 16},
	BasicList:            {"basicList", 20, 5, math.MaxUint16},
	SubTemplateList:      {"subTemplateList", 21, 3, math.MaxUint16},
	SubTemplateMultiList: {"subTemplateMultiList", 22, 1, math.MaxUint16},
}

// String is the name of the type in IANA's registry.
func (t Type) String() string {
	if int(t) >= len(types) {
		return "unknown"
	}
	return types[t].name
}

// Size is the least and the greatest length of a value in octets. A float64 has 4 or 8 (RFC 7011 section 6.2), nothing between.
func (t Type) Size() (least, most int) {
	if int(t) >= len(types) {
		return 0, math.MaxUint16
	}
	return types[t].min, types[t].max
}

// ParseType finds a type by its name.
func ParseType(name string) (Type, bool) {
	for i := range types {
		if types[i].name == name {
			return Type(i), true
		}
	}
	return 0, false
}

// TypeByCode finds the type that a value of informationElementDataType (339) means, with which an exporter describes elements of its own
// (RFC 5610 section 3.1).
func TypeByCode(code uint8) (Type, bool) {
	for i := range types {
		if types[i].code == code {
			return Type(i), true
		}
	}
	return 0, false
}

// TypeNames lists the names of all types.
func TypeNames() []string {
	names := make([]string, len(types))
	for i := range types {
		names[i] = types[i].name
	}
	return names
}
