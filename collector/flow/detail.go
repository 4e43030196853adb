package flow

import "net/netip"

// decode puts a field into the details of a record. Its length is one that the element can have.
func (d *Details) decode(code opcode, v []byte) {
	switch code {
	case opReverseBytes, opReverseTotalBytes, opResponderBytes:
		d.ReverseBytes = Number(v)
		d.Has |= HasReverseBytes
	case opReversePackets, opReverseTotalPackets, opResponderPackets:
		d.ReversePackets = Number(v)
		d.Has |= HasReversePackets
	case opReverseTCPFlags:
		d.ReverseTCPFlags = uint16(Number(v))
		d.Has |= HasReverseTCPFlags
	case opReverseStartSeconds:
		d.moment(&d.ReverseStart, v, 1e9, HasReverseStart)
	case opReverseEndSeconds:
		d.moment(&d.ReverseEnd, v, 1e9, HasReverseEnd)
	case opReverseStartMilliseconds:
		d.moment(&d.ReverseStart, v, 1e6, HasReverseStart)
	case opReverseEndMilliseconds:
		d.moment(&d.ReverseEnd, v, 1e6, HasReverseEnd)
	case opReverseStartMicroseconds:
		d.ntp(&d.ReverseStart, v, 1e3, HasReverseStart)
	case opReverseEndMicroseconds:
		d.ntp(&d.ReverseEnd, v, 1e3, HasReverseEnd)
	case opReverseStartNanoseconds:
		d.ntp(&d.ReverseStart, v, 1, HasReverseStart)
	case opReverseEndNanoseconds:
		d.ntp(&d.ReverseEnd, v, 1, HasReverseEnd)

	case opSourceNATIPv4:
		address4(&d.SourceNAT, v)
	case opDestinationNATIPv4:
		address4(&d.DestinationNAT, v)
	case opSourceNATIPv6:
		address6(&d.SourceNAT, v)
	case opDestinationNATIPv6:
		address6(&d.DestinationNAT, v)
	case opSourceNATPort:
		d.SourceNATPort = uint16(Number(v))
		d.Has |= HasSourceNATPort
	case opDestinationNATPort:
		d.DestinationNATPort = uint16(Number(v))
		d.Has |= HasDestinationNATPort
	case opNATEvent:
		d.NATEvent = v[0]
		d.Has |= HasNATEvent
	case opFirewallEvent:
		d.FirewallEvent = v[0]
		d.Has |= HasFirewallEvent
	case opExtendedEvent:
		d.ExtendedEvent = uint16(Number(v))
		d.Has |= HasExtendedEvent

	case opInputName:
		d.InputName = Text(v)
	case opInputDescription:
		d.InputDescription = Text(v)
	case opInputVRF:
		d.InputVRF = uint32(Number(v))
		d.Has |= HasInputVRF
	case opOutputVRF:
		d.OutputVRF = uint32(Number(v))
		d.Has |= HasOutputVRF
	case opVRFName:
		d.InputVRFName = Text(v)
	case opApplicationID:
		d.ApplicationID = ApplicationID(v)
		d.Has |= HasApplication
	case opApplicationName:
		d.ApplicationName = Text(v)
	case opUser:
		d.User = Text(v)
	case opEndReason:
		d.EndReason = v[0]
		d.Has |= HasEndReason
	case opForwardingStatus:
		d.ForwardingStatus = uint8(Number(v)) // of 4 octets the last one, as of 1 (RFC 7270 section 4.12)
		d.Has |= HasForwardingStatus
	case opFlowID:
		d.FlowID = Number(v)
		d.Has |= HasFlowID

	case opLabel1, opLabel2, opLabel3, opLabel4, opLabel5, opLabel6, opLabel7, opLabel8, opLabel9, opLabel10:
		d.label(int(code-opLabel1), v)
	case opInnerVLAN, opPostInnerVLAN:
		d.InnerVLAN = uint16(Number(v))
		d.Has |= HasInnerVLAN
	case opVNI:
		// The highest octet is the kind of segment, 1 for VXLAN (RFC 7637, IANA layer2SegmentId); the identifier has 24 bits.
		d.VNI = uint32(Number(v)) & 0xffffff
		d.Has |= HasVNI
	case opPreviousAS:
		d.PreviousAS = uint32(Number(v))
		d.Has |= HasPreviousAS
	case opNextAS:
		d.NextAS = uint32(Number(v))
		d.Has |= HasNextAS
	case opFlowLabel:
		d.FlowLabel = uint32(Number(v)) & 0xfffff
		d.Has |= HasFlowLabel
	case opTTL:
		d.MinTTL, d.MaxTTL = v[0], v[0]
		d.Has |= HasMinTTL | HasMaxTTL
	case opMinTTL:
		d.MinTTL = v[0]
		d.Has |= HasMinTTL
	case opMaxTTL:
		d.MaxTTL = v[0]
		d.Has |= HasMaxTTL
	case opBiflowDirection:
		d.BiflowDirection = v[0]
		d.Has |= HasBiflowDirection

	case opStationMAC:
		d.StationMAC = [6]byte(v)
		d.Has |= HasStationMAC
	case opAccessPointMAC:
		d.AccessPointMAC = [6]byte(v)
		d.Has |= HasAccessPointMAC
	case opSSID:
		d.SSID = Text(v)
	case opStationIPv4:
		d.Station = netip.AddrFrom4([4]byte(v))
	case opAgentIPv4:
		d.Agent = netip.AddrFrom4([4]byte(v))
	case opAgentIPv6:
		d.Agent = netip.AddrFrom16([16]byte(v))
	}
}

// moment sets a time given in Unix time.
func (d *Details) moment(t *int64, v []byte, unit uint64, bit DetailFields) {
	var has Fields
	if absolute(t, &has, v, unit, HasStart); has != 0 {
		d.Has |= bit
	}
}

func (d *Details) ntp(t *int64, v []byte, unit uint64, bit DetailFields) {
	if n, ok := NTP(Number(v), unit); ok {
		*t = n
		d.Has |= bit
	}
}

// label sets the label at a depth of the stack, from an entry of 20 bits of label, 3 experimental, 1 bottom of stack. Exporters send the
// fields of all ten and leave those without a label zero, which no packet has below its first.
func (d *Details) label(depth int, v []byte) {
	entry := uint32(v[0])<<16 | uint32(v[1])<<8 | uint32(v[2])
	if entry == 0 && depth > 0 {
		return
	}
	d.Labels[depth] = entry >> 4
	d.LabelCount = max(d.LabelCount, uint8(depth)+1)
}
