package flow

// opcode names the place in the record that a field goes to.
type opcode uint8

const (
	opSkip opcode = iota
	opBytes
	opPackets
	opTotalBytes
	opTotalPackets
	opOutBytes
	opOutPackets
	opProtocol
	opTOS
	opTCPFlags
	opSourcePort
	opDestinationPort
	opSourceIPv4
	opDestinationIPv4
	opSourceIPv6
	opDestinationIPv6
	opNextHopIPv4
	opNextHopIPv6
	opBGPNextHopIPv4
	opBGPNextHopIPv6
	opSourcePrefix
	opDestinationPrefix
	opInput
	opOutput
	opSourceAS
	opDestinationAS
	opLastSwitched
	opFirstSwitched
	opStartSeconds
	opEndSeconds
	opStartMilliseconds
	opEndMilliseconds
	opICMPTypeCode
	opICMPType
	opICMPCode
	opSourceMAC
	opDestinationMAC
	opVLAN
	opDirection
)

// exact tells whether values have one length only, because they are no numbers.
func (c opcode) exact() bool {
	switch c {
	case opSourceIPv4, opDestinationIPv4, opNextHopIPv4, opBGPNextHopIPv4, opSourceIPv6, opDestinationIPv6, opNextHopIPv6, opBGPNextHopIPv6,
		opSourceMAC, opDestinationMAC, opICMPTypeCode:
		return true
	default:
		return false
	}
}

// place says where an information element goes and which lengths make sense for it. Unsigned numbers may be sent in fewer
// octets than their type has (RFC 7011 section 6.2, and many v9 exporters), and in up to 8 by careless ones.
type place struct {
	code     opcode
	min, max uint16
}

// places are the NetFlow v9 field types (RFC 3954 section 8), which are also the first IANA information elements.
// The numbers of either registry agree up to 127; the names are IANA's.
var places = [512]place{
	1:   {opBytes, 1, 8},             // octetDeltaCount
	2:   {opPackets, 1, 8},           // packetDeltaCount
	4:   {opProtocol, 1, 1},          // protocolIdentifier
	5:   {opTOS, 1, 1},               // ipClassOfService
	6:   {opTCPFlags, 1, 2},          // tcpControlBits
	7:   {opSourcePort, 1, 2},        // sourceTransportPort
	8:   {opSourceIPv4, 4, 4},        // sourceIPv4Address
	9:   {opSourcePrefix, 1, 1},      // sourceIPv4PrefixLength
	10:  {opInput, 1, 4},             // ingressInterface
	11:  {opDestinationPort, 1, 2},   // destinationTransportPort
	12:  {opDestinationIPv4, 4, 4},   // destinationIPv4Address
	13:  {opDestinationPrefix, 1, 1}, // destinationIPv4PrefixLength
	14:  {opOutput, 1, 4},            // egressInterface
	15:  {opNextHopIPv4, 4, 4},       // ipNextHopIPv4Address
	16:  {opSourceAS, 1, 4},          // bgpSourceAsNumber
	17:  {opDestinationAS, 1, 4},     // bgpDestinationAsNumber
	18:  {opBGPNextHopIPv4, 4, 4},    // bgpNextHopIPv4Address
	21:  {opLastSwitched, 1, 4},      // flowEndSysUpTime, milliseconds
	22:  {opFirstSwitched, 1, 4},     // flowStartSysUpTime, milliseconds
	23:  {opOutBytes, 1, 8},          // postOctetDeltaCount
	24:  {opOutPackets, 1, 8},        // postPacketDeltaCount
	27:  {opSourceIPv6, 16, 16},      // sourceIPv6Address
	28:  {opDestinationIPv6, 16, 16}, // destinationIPv6Address
	29:  {opSourcePrefix, 1, 1},      // sourceIPv6PrefixLength
	30:  {opDestinationPrefix, 1, 1}, // destinationIPv6PrefixLength
	32:  {opICMPTypeCode, 2, 2},      // icmpTypeCodeIPv4: type × 256 + code
	56:  {opSourceMAC, 6, 6},         // sourceMacAddress
	57:  {opDestinationMAC, 6, 6},    // postDestinationMacAddress
	58:  {opVLAN, 1, 2},              // vlanId
	59:  {opVLAN, 1, 2},              // postVlanId, where an egress template has it instead of 58
	61:  {opDirection, 1, 1},         // flowDirection: 0 ingress, 1 egress
	62:  {opNextHopIPv6, 16, 16},     // ipNextHopIPv6Address
	63:  {opBGPNextHopIPv6, 16, 16},  // bgpNextHopIPv6Address
	80:  {opDestinationMAC, 6, 6},    // destinationMacAddress
	81:  {opSourceMAC, 6, 6},         // postSourceMacAddress
	85:  {opTotalBytes, 1, 8},        // octetTotalCount
	86:  {opTotalPackets, 1, 8},      // packetTotalCount
	139: {opICMPTypeCode, 2, 2},      // icmpTypeCodeIPv6
	150: {opStartSeconds, 4, 4},      // flowStartSeconds, Unix time
	151: {opEndSeconds, 4, 4},        // flowEndSeconds
	152: {opStartMilliseconds, 8, 8}, // flowStartMilliseconds, Unix time
	153: {opEndMilliseconds, 8, 8},   // flowEndMilliseconds
	176: {opICMPType, 1, 1},          // icmpTypeIPv4
	177: {opICMPCode, 1, 1},          // icmpCodeIPv4
	178: {opICMPType, 1, 1},          // icmpTypeIPv6
	179: {opICMPCode, 1, 1},          // icmpCodeIPv6
}
