package flow

// The frame control field of IEEE 802.11 (section 9.2.4.1).
const (
	wirelessKind      = 0x0c // in the first octet; of its values, data are:
	wirelessData      = 0x08
	wirelessNoData    = 0x40 // a data frame without data
	wirelessQoS       = 0x80
	wirelessToAP      = 0x01 // in the second octet
	wirelessFromAP    = 0x02
	wirelessProtected = 0x40
	wirelessOrder     = 0x80
)

// wireless reads a data frame of IEEE 802.11. What stands where depends on whether it goes to the access point, comes from it, or
// both: between access points.
func (r *Record) wireless(a *Arena, p []byte) uint32 {
	const short, long = 24, 30 // header with three addresses, with four
	if len(p) < short || p[0]&wirelessKind != wirelessData {
		return 0
	}
	first, second, third := p[4:10], p[10:16], p[16:22]
	destination, source := first, second
	header := short
	switch p[1] & (wirelessToAP | wirelessFromAP) {
	case wirelessToAP:
		destination = third
		r.station(a, second, first)
	case wirelessFromAP:
		source = third
		r.station(a, first, second)
	case wirelessToAP | wirelessFromAP:
		if len(p) < long {
			return 0
		}
		destination, source = third, p[24:30]
		header = long
	}
	mac(&r.Source.MAC, &r.Has, source, HasSourceMAC)
	mac(&r.Destination.MAC, &r.Has, destination, HasDestinationMAC)
	if p[0]&wirelessNoData != 0 || p[1]&wirelessProtected != 0 {
		return 0
	}
	if p[0]&wirelessQoS != 0 {
		header += 2
		if p[1]&wirelessOrder != 0 {
			header += 4 // HT control
		}
	}
	if len(p) < header {
		return 0
	}
	return r.llc(a, p[header:])
}

// station records a wireless client and its access point.
func (r *Record) station(a *Arena, client, accessPoint []byte) {
	d := r.Detail(a)
	d.StationMAC, d.AccessPointMAC = [6]byte(client), [6]byte(accessPoint)
	d.Has |= HasStationMAC | HasAccessPointMAC
}
