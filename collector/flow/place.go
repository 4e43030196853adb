package flow

import "github.com/flowstack/terraform-provider-flowstack/collector/flow/element"

// Elements looks up information elements, nil for one that is not known. An *element.Registry is one.
type Elements interface {
	Lookup(enterprise uint32, id uint16) *element.Element
}

// opcode names the place in the record that a field goes to.
type opcode uint8

const (
	opSkip opcode = iota
	opExtra

	// Times, the less exact before the better: what a record says twice is taken from the last. So are the other fields whose order matters.
	opSystemInit // before those that are relative to it
	opLastSwitched
	opFirstSwitched
	opStartDeltaMicroseconds
	opEndDeltaMicroseconds
	opObservedSeconds
	opObservedMilliseconds
	opObservedMicroseconds
	opObservedNanoseconds
	opStartSeconds
	opEndSeconds
	opStartMilliseconds
	opEndMilliseconds
	opStartMicroseconds
	opEndMicroseconds
	opStartNanoseconds
	opEndNanoseconds
	opDurationMilliseconds
	opDurationMicroseconds

	opBytes
	opPackets
	opTotalBytes
	opTotalPackets
	opOutBytes
	opOutPackets
	opOutTotalBytes
	opOutTotalPackets
	opLayer2Bytes
	opInitiatorBytes
	opInitiatorPackets
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
	opICMPTypeCode
	opICMPType
	opICMPCode
	opSourceMAC
	opDestinationMAC
	opVLAN
	opPostVLAN
	opPostSourceMAC
	opPostDestinationMAC
	opDirection
	opSampler
	opSelection
	opSamplingInterval
	opFlowCount

	opFirstDetail // those that follow need Details
	opReverseBytes
	opReversePackets
	opReverseTotalBytes
	opReverseTotalPackets
	opResponderBytes
	opResponderPackets
	opReverseTCPFlags
	opReverseStartSeconds
	opReverseEndSeconds
	opReverseStartMilliseconds
	opReverseEndMilliseconds
	opReverseStartMicroseconds
	opReverseEndMicroseconds
	opReverseStartNanoseconds
	opReverseEndNanoseconds
	opSourceNATIPv4
	opDestinationNATIPv4
	opSourceNATIPv6
	opDestinationNATIPv6
	opSourceNATPort
	opDestinationNATPort
	opNATEvent
	opFirewallEvent
	opExtendedEvent
	opInputName
	opInputDescription
	opInputVRF
	opOutputVRF
	opVRFName
	opApplicationID
	opApplicationName
	opUser
	opEndReason
	opForwardingStatus
	opFlowID
	opLabel1
	opLabel2
	opLabel3
	opLabel4
	opLabel5
	opLabel6
	opLabel7
	opLabel8
	opLabel9
	opLabel10
	opInnerVLAN
	opPostInnerVLAN
	opVNI
	opPreviousAS
	opNextAS
	opFlowLabel
	opTTL
	opMinTTL
	opMaxTTL
	opBiflowDirection
	opStationMAC
	opStationIPv4
	opAccessPointMAC
	opSSID
	opAgentIPv4
	opAgentIPv6

	opFirstStructured // those that follow hold other fields
	opBasicList
	opSubTemplateList
	opSubTemplateMultiList
	opLinkFrame
	opIPHeader

	opcodes // how many there are
)

// exact tells whether values have one length only, because they are no numbers.
func (p place) exact() bool { return p.min == p.max && p.min > 1 || p.min == 0 }

// place says where an information element goes and which lengths make sense for it. Unsigned numbers may be sent in fewer
// octets than their type has (RFC 7011 section 6.2, and many v9 exporters), and in up to 8 by careless ones. Those of no least length are
// strings and structures.
type place struct {
	code     opcode
	min, max uint16
}

const (
	anyLength   = VariableLength
	elementsMax = 512
)

// places are the NetFlow v9 field types (RFC 3954 section 8) and IANA information elements that have one. Both registries agree
// up to 127; the names are IANA's.
var places = [elementsMax]place{
	1:   {opBytes, 1, 8},              // octetDeltaCount
	2:   {opPackets, 1, 8},            // packetDeltaCount
	3:   {opFlowCount, 1, 8},          // deltaFlowCount
	4:   {opProtocol, 1, 1},           // protocolIdentifier
	5:   {opTOS, 1, 1},                // ipClassOfService
	6:   {opTCPFlags, 1, 2},           // tcpControlBits
	7:   {opSourcePort, 1, 2},         // sourceTransportPort
	8:   {opSourceIPv4, 4, 4},         // sourceIPv4Address
	9:   {opSourcePrefix, 1, 1},       // sourceIPv4PrefixLength
	10:  {opInput, 1, 4},              // ingressInterface
	11:  {opDestinationPort, 1, 2},    // destinationTransportPort
	12:  {opDestinationIPv4, 4, 4},    // destinationIPv4Address
	13:  {opDestinationPrefix, 1, 1},  // destinationIPv4PrefixLength
	14:  {opOutput, 1, 4},             // egressInterface
	15:  {opNextHopIPv4, 4, 4},        // ipNextHopIPv4Address
	16:  {opSourceAS, 1, 4},           // bgpSourceAsNumber
	17:  {opDestinationAS, 1, 4},      // bgpDestinationAsNumber
	18:  {opBGPNextHopIPv4, 4, 4},     // bgpNextHopIPv4Address
	21:  {opLastSwitched, 1, 4},       // flowEndSysUpTime, milliseconds
	22:  {opFirstSwitched, 1, 4},      // flowStartSysUpTime, milliseconds
	23:  {opOutBytes, 1, 8},           // postOctetDeltaCount
	24:  {opOutPackets, 1, 8},         // postPacketDeltaCount
	27:  {opSourceIPv6, 16, 16},       // sourceIPv6Address
	28:  {opDestinationIPv6, 16, 16},  // destinationIPv6Address
	29:  {opSourcePrefix, 1, 1},       // sourceIPv6PrefixLength
	30:  {opDestinationPrefix, 1, 1},  // destinationIPv6PrefixLength
	31:  {opFlowLabel, 1, 4},          // flowLabelIPv6
	32:  {opICMPTypeCode, 2, 2},       // icmpTypeCodeIPv4: type × 256 + code
	34:  {opSamplingInterval, 1, 4},   // samplingInterval
	48:  {opSampler, 1, 8},            // samplerId
	50:  {opSamplingInterval, 1, 4},   // samplerRandomInterval
	52:  {opMinTTL, 1, 1},             // minimumTTL
	53:  {opMaxTTL, 1, 1},             // maximumTTL
	56:  {opSourceMAC, 6, 6},          // sourceMacAddress
	57:  {opPostDestinationMAC, 6, 6}, // postDestinationMacAddress
	58:  {opVLAN, 1, 2},               // vlanId
	59:  {opPostVLAN, 1, 2},           // postVlanId
	61:  {opDirection, 1, 1},          // flowDirection: 0 ingress, 1 egress
	62:  {opNextHopIPv6, 16, 16},      // ipNextHopIPv6Address
	63:  {opBGPNextHopIPv6, 16, 16},   // bgpNextHopIPv6Address
	70:  {opLabel1, 3, 4},             // mplsTopLabelStackSection: label, experimental bits, bottom of stack; some append the TTL
	71:  {opLabel2, 3, 4},             // mplsLabelStackSection2
	72:  {opLabel3, 3, 4},
	73:  {opLabel4, 3, 4},
	74:  {opLabel5, 3, 4},
	75:  {opLabel6, 3, 4},
	76:  {opLabel7, 3, 4},
	77:  {opLabel8, 3, 4},
	78:  {opLabel9, 3, 4},
	79:  {opLabel10, 3, 4},                      // mplsLabelStackSection10
	80:  {opDestinationMAC, 6, 6},               // destinationMacAddress
	81:  {opPostSourceMAC, 6, 6},                // postSourceMacAddress
	82:  {opInputName, 0, anyLength},            // interfaceName
	83:  {opInputDescription, 0, anyLength},     // interfaceDescription
	85:  {opTotalBytes, 1, 8},                   // octetTotalCount
	86:  {opTotalPackets, 1, 8},                 // packetTotalCount
	89:  {opForwardingStatus, 1, 4},             // forwardingStatus
	95:  {opApplicationID, 0, anyLength},        // applicationId
	96:  {opApplicationName, 0, anyLength},      // applicationName
	104: {opLinkFrame, 0, anyLength},            // layer2packetSectionData
	128: {opNextAS, 1, 4},                       // bgpNextAdjacentAsNumber
	129: {opPreviousAS, 1, 4},                   // bgpPrevAdjacentAsNumber
	130: {opAgentIPv4, 4, 4},                    // exporterIPv4Address
	131: {opAgentIPv6, 16, 16},                  // exporterIPv6Address
	136: {opEndReason, 1, 1},                    // flowEndReason
	139: {opICMPTypeCode, 2, 2},                 // icmpTypeCodeIPv6
	147: {opSSID, 0, anyLength},                 // wlanSSID
	148: {opFlowID, 1, 8},                       // flowId
	150: {opStartSeconds, 4, 4},                 // flowStartSeconds, Unix time
	151: {opEndSeconds, 4, 4},                   // flowEndSeconds
	152: {opStartMilliseconds, 8, 8},            // flowStartMilliseconds, Unix time
	153: {opEndMilliseconds, 8, 8},              // flowEndMilliseconds
	154: {opStartMicroseconds, 8, 8},            // flowStartMicroseconds, NTP format
	155: {opEndMicroseconds, 8, 8},              // flowEndMicroseconds
	156: {opStartNanoseconds, 8, 8},             // flowStartNanoseconds, NTP format
	157: {opEndNanoseconds, 8, 8},               // flowEndNanoseconds
	158: {opStartDeltaMicroseconds, 1, 4},       // flowStartDeltaMicroseconds, before the export
	159: {opEndDeltaMicroseconds, 1, 4},         // flowEndDeltaMicroseconds
	160: {opSystemInit, 8, 8},                   // systemInitTimeMilliseconds
	161: {opDurationMilliseconds, 1, 4},         // flowDurationMilliseconds
	162: {opDurationMicroseconds, 1, 4},         // flowDurationMicroseconds
	171: {opOutTotalBytes, 1, 8},                // postOctetTotalCount
	172: {opOutTotalPackets, 1, 8},              // postPacketTotalCount
	176: {opICMPType, 1, 1},                     // icmpTypeIPv4
	177: {opICMPCode, 1, 1},                     // icmpCodeIPv4
	178: {opICMPType, 1, 1},                     // icmpTypeIPv6
	179: {opICMPCode, 1, 1},                     // icmpCodeIPv6
	192: {opTTL, 1, 1},                          // ipTTL
	225: {opSourceNATIPv4, 4, 4},                // postNATSourceIPv4Address
	226: {opDestinationNATIPv4, 4, 4},           // postNATDestinationIPv4Address
	227: {opSourceNATPort, 1, 2},                // postNAPTSourceTransportPort
	228: {opDestinationNATPort, 1, 2},           // postNAPTDestinationTransportPort
	230: {opNATEvent, 1, 1},                     // natEvent
	231: {opInitiatorBytes, 1, 8},               // initiatorOctets
	232: {opResponderBytes, 1, 8},               // responderOctets
	233: {opFirewallEvent, 1, 1},                // firewallEvent
	234: {opInputVRF, 1, 4},                     // ingressVRFID
	235: {opOutputVRF, 1, 4},                    // egressVRFID
	236: {opVRFName, 0, anyLength},              // VRFname
	239: {opBiflowDirection, 1, 1},              // biflowDirection
	243: {opVLAN, 1, 2},                         // dot1qVlanId
	245: {opInnerVLAN, 1, 2},                    // dot1qCustomerVlanId
	254: {opPostVLAN, 1, 2},                     // postDot1qVlanId
	255: {opPostInnerVLAN, 1, 2},                // postDot1qCustomerVlanId
	258: {opObservedMilliseconds, 8, 8},         // collectionTimeMilliseconds: when an intermediate collector got the flow
	281: {opSourceNATIPv6, 16, 16},              // postNATSourceIPv6Address
	282: {opDestinationNATIPv6, 16, 16},         // postNATDestinationIPv6Address
	291: {opBasicList, 0, anyLength},            // basicList (RFC 6313)
	292: {opSubTemplateList, 0, anyLength},      // subTemplateList
	293: {opSubTemplateMultiList, 0, anyLength}, // subTemplateMultiList
	298: {opInitiatorPackets, 1, 8},             // initiatorPackets
	299: {opResponderPackets, 1, 8},             // responderPackets
	301: {opSelection, 1, 8},                    // selectionSequenceId
	302: {opSampler, 1, 8},                      // selectorId
	313: {opIPHeader, 0, anyLength},             // ipHeaderPacketSection
	315: {opLinkFrame, 0, anyLength},            // dataLinkFrameSection
	322: {opObservedSeconds, 4, 4},              // observationTimeSeconds
	323: {opObservedMilliseconds, 8, 8},         // observationTimeMilliseconds
	324: {opObservedMicroseconds, 8, 8},         // observationTimeMicroseconds, NTP format
	325: {opObservedNanoseconds, 8, 8},          // observationTimeNanoseconds, NTP format
	351: {opVNI, 1, 8},                          // layer2SegmentId: type of encapsulation above 24 bits of identifier
	352: {opLayer2Bytes, 1, 8},                  // layer2OctetDeltaCount
	365: {opStationMAC, 6, 6},                   // staMacAddress
	366: {opStationIPv4, 4, 4},                  // staIPv4Address
	367: {opAccessPointMAC, 6, 6},               // wtpMacAddress
	371: {opUser, 0, anyLength},                 // userName
}

// vendorPlaces are field types that vendors chose for NetFlow v9 above those of RFC 3954.
var vendorPlaces = map[uint16]place{
	33002: {opExtendedEvent, 1, 2},           // Cisco ASA, NF_F_FW_EXT_EVENT
	40000: {opUser, 0, anyLength},            // NF_F_USERNAME
	40001: {opSourceNATIPv4, 4, 4},           // NF_F_XLATE_SRC_ADDR_IPV4
	40002: {opDestinationNATIPv4, 4, 4},      // NF_F_XLATE_DST_ADDR_IPV4
	40003: {opSourceNATPort, 1, 2},           // NF_F_XLATE_SRC_PORT
	40004: {opDestinationNATPort, 1, 2},      // NF_F_XLATE_DST_PORT
	40005: {opFirewallEvent, 1, 1},           // NF_F_FW_EVENT
	56701: {opApplicationName, 0, anyLength}, // Palo Alto Networks, App-ID
	56702: {opUser, 0, anyLength},            // User-ID
}

// reverseEnterprise is the enterprise number of the reverse information elements: RFC 5103 section 6.1.
const reverseEnterprise = 29305

// reversePlaces are the reverse information elements, by the element that they reverse.
var reversePlaces = map[uint16]place{
	1:   {opReverseBytes, 1, 8},
	2:   {opReversePackets, 1, 8},
	6:   {opReverseTCPFlags, 1, 2},
	85:  {opReverseTotalBytes, 1, 8},
	86:  {opReverseTotalPackets, 1, 8},
	150: {opReverseStartSeconds, 4, 4},
	151: {opReverseEndSeconds, 4, 4},
	152: {opReverseStartMilliseconds, 8, 8},
	153: {opReverseEndMilliseconds, 8, 8},
	154: {opReverseStartMicroseconds, 8, 8},
	155: {opReverseEndMicroseconds, 8, 8},
	156: {opReverseStartNanoseconds, 8, 8},
	157: {opReverseEndNanoseconds, 8, 8},
}

// placeOf returns where a field goes: by the number of the element it is the same as, or else by its own.
func placeOf(enterprise uint32, id uint16, known *element.Element) place {
	switch {
	case known != nil && known.SameAs != 0 && known.Reverse:
		return reversePlaces[known.SameAs]
	case known != nil && known.SameAs != 0 && known.SameAs < elementsMax:
		return places[known.SameAs]
	case enterprise == 0 && id < elementsMax:
		return places[id]
	case enterprise == 0 && vendorPlaces[id] != place{}:
		return vendorPlaces[id]
	case enterprise == reverseEnterprise:
		return reversePlaces[id]
	}
	return place{}
}
