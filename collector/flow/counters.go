package flow

// InterfaceCounters are the figures of an interface since its device started, as sFlow counter samples carry them (sFlow version 5,
// "if_counters"). They wrap at their widths.
type InterfaceCounters struct {
	Index, Type         uint32 // ifIndex, ifType
	Speed               uint64 // bit/s
	Direction           uint32 // 0 unknown, 1 full duplex, 2 half duplex, 3 in, 4 out
	AdminUp, OperUp     bool
	InOctets, OutOctets uint64

	InUnicast, InMulticast, InBroadcast, InDiscards, InErrors, InUnknownProtocols uint32 // packets
	OutUnicast, OutMulticast, OutBroadcast, OutDiscards, OutErrors                uint32
	Promiscuous                                                                   bool
}
