package schema

import (
	"encoding/binary"
	"math"
	"net/netip"
	"strconv"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow/element"
)

func extra(dst []byte, d *flow.Details, _ *flow.Record) []byte {
	if len(d.Extra) > 0 {
		dst, _ = appendExtra(dst, d.Extra)
	}
	return dst
}

// appendExtra appends fields that have no place of their own in the document as one JSON object: a member for each element that says
// something, with the name of the element, or with "enterprise/id" when nobody registered it. Several values of one name are an array.
// It reports false, with nothing appended, when no field says anything. It allocates only to grow dst.
//
// Fields whose names may be the same are compared with each other; there are flow's limit of them at most.
func appendExtra(dst []byte, extras []flow.Extra) ([]byte, bool) {
	before := len(dst)
	dst = append(dst, '{')
	first := true
	var names nameSet
	for i := range extras {
		names.add(extras[i].Element)
	}
	for i := range extras {
		e := extras[i].Element
		again := names.again(e)
		if again && hasElement(extras[:i], e) {
			continue // it is among the values of the first one
		}
		at := len(dst)
		if !first {
			dst = append(dst, ',')
		}
		dst = append(appendElementName(dst, e), ':')
		var ok bool
		if again && hasElement(extras[i+1:], e) {
			dst, ok = appendValues(dst, extras[i:])
		} else {
			dst, ok = appendValue(dst, e, extras[i].Value)
		}
		if ok {
			first = false
		} else {
			dst = dst[:at]
		}
	}
	if first {
		return dst[:before], false
	}
	return append(dst, '}'), true
}

// nameSet tells names that may be there more than once from those that are not, so that only few fields are compared with each other.
type nameSet struct{ once, more [64]uint64 } // bits by a hash of the name

func (n *nameSet) add(e *element.Element) {
	at, bit := nameHash(e)
	n.more[at] |= n.once[at] & bit
	n.once[at] |= bit
}

func (n *nameSet) again(e *element.Element) bool {
	at, bit := nameHash(e)
	return n.more[at]&bit != 0
}

// nameHash is FNV-1a of what the member of the object is called by, folded to 12 bits.
func nameHash(e *element.Element) (at, bit uint64) {
	const basis, prime = 14695981039346656037, 1099511628211
	h := uint64(basis)
	if e.Name == "" {
		h = (h ^ (uint64(e.Enterprise)<<16 | uint64(e.ID))) * prime
	}
	for i := range len(e.Name) {
		h = (h ^ uint64(e.Name[i])) * prime
	}
	h ^= h >> 32
	return h >> 6 & 63, 1 << (h & 63)
}

// appendValues appends the values of all fields with the name of the first one, as an array.
func appendValues(dst []byte, extras []flow.Extra) ([]byte, bool) {
	dst = append(dst, '[')
	first := true
	for i := range extras {
		if !sameName(extras[0].Element, extras[i].Element) {
			continue
		}
		at := len(dst)
		if !first {
			dst = append(dst, ',')
		}
		var ok bool
		if dst, ok = appendValue(dst, extras[i].Element, extras[i].Value); ok {
			first = false
		} else {
			dst = dst[:at]
		}
	}
	return append(dst, ']'), !first
}

func hasElement(extras []flow.Extra, e *element.Element) bool {
	for i := range extras {
		if sameName(extras[i].Element, e) {
			return true
		}
	}
	return false
}

// sameName tells whether two elements are one member of the object.
func sameName(a, b *element.Element) bool {
	if a == b {
		return true
	}
	if a.Name != "" || b.Name != "" {
		return a.Name == b.Name
	}
	return a.Enterprise == b.Enterprise && a.ID == b.ID
}

func appendElementName(dst []byte, e *element.Element) []byte {
	dst = append(dst, '"')
	if e.Name != "" { // of letters and digits: element.ValidName
		dst = append(dst, e.Name...)
	} else {
		dst = strconv.AppendUint(dst, uint64(e.Enterprise), 10)
		dst = append(dst, '/')
		dst = strconv.AppendUint(dst, uint64(e.ID), 10)
	}
	return append(dst, '"')
}

// appendValue appends a value by the type of its element: RFC 7011 section 6.1. Octets that are no value of the type, among them those of a
// length that it cannot have, lists and numbers of 256 bits are shown in hexadecimal. Integers may be sent in more octets than their type
// has, up to 8, as everywhere: Cisco sends samplerId in four. A value that says nothing is left out: one without octets, an empty string,
// the time 0, and a floating-point number that is none.
func appendValue(dst []byte, e *element.Element, value []byte) ([]byte, bool) {
	if len(value) == 0 {
		return dst, false
	}
	if e.Name == "" {
		return appendHex(dst, value), true
	}
	least, most := e.Type.Size()
	if isInteger(e.Type) {
		most = 8
	}
	if len(value) < least || len(value) > most {
		return appendHex(dst, value), true
	}
	switch e.Type {
	case element.Unsigned8, element.Unsigned16, element.Unsigned32, element.Unsigned64:
		return strconv.AppendUint(dst, flow.Number(value), 10), true
	case element.Signed8, element.Signed16, element.Signed32, element.Signed64:
		return strconv.AppendInt(dst, signed(value), 10), true
	case element.Float32, element.Float64:
		return appendFloat(dst, value)
	case element.Boolean:
		return appendBoolean(dst, value), true
	case element.MACAddress:
		return appendMAC(dst, value), true
	case element.String:
		return appendText(dst, value), value[0] != 0
	case element.IPv4Address:
		return appendAddr(dst, netip.AddrFrom4([4]byte(value))), true
	case element.IPv6Address:
		return appendAddr(dst, netip.AddrFrom16([16]byte(value))), true
	case element.DateTimeSeconds, element.DateTimeMilliseconds, element.DateTimeMicroseconds, element.DateTimeNanoseconds:
		return appendDateTime(dst, e.Type, value)
	case element.OctetArray, element.Unsigned256, element.BasicList, element.SubTemplateList, element.SubTemplateMultiList:
	}
	return appendHex(dst, value), true
}

// isInteger tells whether values of a type fit a 64-bit integer.
func isInteger(t element.Type) bool {
	switch t {
	case element.Unsigned8, element.Unsigned16, element.Unsigned32, element.Unsigned64, element.Signed8, element.Signed16, element.Signed32, element.Signed64:
		return true
	default:
		return false
	}
}

// signed reads a number in two's complement of 1 to 8 octets.
func signed(value []byte) int64 {
	n := int64(int8(value[0]))
	for _, b := range value[1:] {
		n = n<<8 | int64(b)
	}
	return n
}

// appendFloat appends an IEEE number. JSON has none that is infinite or no number.
func appendFloat(dst, value []byte) ([]byte, bool) {
	var n float64
	bits := 64
	switch len(value) {
	case 4:
		n, bits = float64(math.Float32frombits(binary.BigEndian.Uint32(value))), 32
	case 8:
		n = math.Float64frombits(binary.BigEndian.Uint64(value))
	default:
		return appendHex(dst, value), true
	}
	if math.IsNaN(n) || math.IsInf(n, 0) {
		return dst, false
	}
	return strconv.AppendFloat(dst, n, 'g', -1, bits), true
}

// appendBoolean: RFC 7011 section 6.1.5 knows 1 and 2.
func appendBoolean(dst, value []byte) []byte {
	switch value[0] {
	case 1:
		return append(dst, "true"...)
	case 2:
		return append(dst, "false"...)
	default:
		return appendHex(dst, value)
	}
}

// appendDateTime appends a moment of the types of RFC 7011 sections 6.1.7 to 6.1.10. The finer two are
// timestamps of NTP (flow.NTP).
func appendDateTime(dst []byte, kind element.Type, value []byte) ([]byte, bool) {
	n := flow.Number(value)
	if n == 0 {
		return dst, false
	}
	switch kind {
	case element.DateTimeSeconds:
		return appendTime(dst, int64(n)*1e9), true
	case element.DateTimeMilliseconds:
		if n > math.MaxInt64/1_000_000 { // after the year 2262
			return appendHex(dst, value), true
		}
		return appendTime(dst, int64(n)*1e6), true
	default:
		unit := uint64(1e3)
		if kind == element.DateTimeNanoseconds {
			unit = 1
		}
		at, ok := flow.NTP(n, unit)
		return appendTime(dst, at), ok
	}
}
