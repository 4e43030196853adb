package flow

import "fmt"

// PacketError says what is wrong with a packet, and where.
type PacketError struct {
	Protocol string // "NetFlow v9", "IPFIX", "sFlow"; empty when the packet is of no known kind
	Offset   int    // octets from the beginning of the packet
	Reason   string
}

func (e *PacketError) Error() string {
	if e.Protocol == "" {
		return e.Reason
	}
	return fmt.Sprintf("%s packet, offset %d: %s", e.Protocol, e.Offset, e.Reason)
}
