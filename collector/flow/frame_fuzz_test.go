package flow

import "testing"

// FuzzFrame holds Frame to what it promises of any octets: nothing is read beyond their end, and a frame that is cut says nothing that the
// whole one does not say as well.
func FuzzFrame(f *testing.F) {
	add := func(protocol uint8, parts ...any) { f.Add(protocol, octets(parts...), uint32(1522), uint16(60)) }
	add(frameEthernet, macs, 0x81, 0, 0, 42, 8, 0, v4(6, tcpHeader))
	add(frameEthernet, macs, 0x88, 0xa8, 0, 42, 0x81, 0, 0, 7, 0x88, 0x47, 0, 1, 0x40, 64, 0, 2, 1, 64, v6(44, 17, 0, 0, 1, 0, 0, 0, 9, udpHeader))
	add(frameEthernet, macs, 0x88, 0x64, 0x11, 0, 0, 9, 5, 0xde, 0, 0x21, v4(1, echoHeader))
	add(frameEthernet, macs, 0, 60, 0xaa, 0xaa, 3, 0, 0, 0, 0x86, 0xdd, v6(51, 58, 1, make([]byte, 10), 128, 0))
	add(framePPP, 0xff, 3, 0, 0x57, v6(0, 60, 0, 1, 4, 0, 0, 0, 0, 43, 0, 1, 4, 0, 0, 0, 0, 132, 0, 0, 0, 0, 0, 0, 0, udpHeader))
	add(frameIPv4, v4(17, udpHeader))
	add(frameMPLS, 0, 1, 0x41, 64, v4(6, tcpHeader))
	add(frameWireless, 0x88, 0x81, make([]byte, 28), 0xaa, 0xaa, 3, 0, 0, 0, 8, 0, v4(6, tcpHeader))
	f.Fuzz(func(t *testing.T, protocol uint8, data []byte, length uint32, cut uint16) {
		read := func(data []byte) (Record, Details) {
			var r Record
			r.Frame(&Arena{}, uint32(protocol), data, length)
			if r.Details == nil {
				return r, Details{}
			}
			return r, *r.Details
		}
		whole, all := read(data[:len(data):len(data)])
		if whole.Packets != 1 || length != 0 && whole.Bytes > uint64(length) || whole.Has&(HasPorts|HasTCPFlags|HasICMP) != 0 && whole.Has&HasProtocol == 0 ||
			whole.VLAN > 4095 || all.InnerVLAN > 4095 || all.FlowLabel > 0xfffff || all.LabelCount > MaxLabels {
			t.Fatalf("%+v, details %+v", whole, all)
		}
		n := min(int(cut), len(data))
		part, some := read(data[:n:n])
		if part.Has&^whole.Has != 0 || some.Has&^all.Has != 0 || some.LabelCount > all.LabelCount {
			t.Fatalf("cut to %d octets: has %b and %b, the whole %b and %b", n, part.Has, some.Has, whole.Has, all.Has)
		}
		if part.Has&HasProtocol != 0 && part.Protocol != whole.Protocol || part.Has&HasVLAN != 0 && part.VLAN != whole.VLAN ||
			part.Has&HasPorts != 0 && (part.Source.Port != whole.Source.Port || part.Destination.Port != whole.Destination.Port) ||
			part.Source.Addr.IsValid() && part.Source.Addr != whole.Source.Addr || part.Destination.Addr.IsValid() && part.Destination.Addr != whole.Destination.Addr {
			t.Fatalf("cut to %d octets: %+v, the whole %+v", n, part, whole)
		}
	})
}
