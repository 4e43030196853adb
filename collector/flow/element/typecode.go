package element

// TypeByCode returns the type with a number of the IANA registry "IPFIX Information Element Data Types" (RFC 5610 section 3.1).
func TypeByCode(code uint8) (Type, bool) {
	types := [...]Type{
		0: OctetArray, 1: Unsigned8, 2: Unsigned16, 3: Unsigned32, 4: Unsigned64, 5: Signed8, 6: Signed16, 7: Signed32, 8: Signed64,
		9: Float32, 10: Float64, 11: Boolean, 12: MACAddress, 13: String, 14: DateTimeSeconds, 15: DateTimeMilliseconds,
		16: DateTimeMicroseconds, 17: DateTimeNanoseconds, 18: IPv4Address, 19: IPv6Address, 20: BasicList, 21: SubTemplateList,
		22: SubTemplateMultiList,
	}
	if int(code) >= len(types) {
		return OctetArray, false
	}
	return types[code], true
}
