package service

import (
	"encoding/binary"
	"net/netip"
	"time"
)

// be appends numbers in network byte order.
func be(b []byte, values ...any) []byte {
	for _, v := range values {
		switch v := v.(type) {
		case uint8:
			b = append(b, v)
		case uint16:
			b = binary.BigEndian.AppendUint16(b, v)
		case uint32:
			b = binary.BigEndian.AppendUint32(b, v)
		case []byte:
			b = append(b, v...)
		case string:
			a := netip.MustParseAddr(v)
			b = append(b, a.AsSlice()...)
		default:
			panic(v)
		}
	}
	return b
}

// netflow5 makes a packet of n flows from 198.18.0.i to 203.0.113.1: 100 octets and 2 packets each, TCP to port 443.
func netflow5(sequence uint32, n int) []byte {
	now := uint32(time.Now().Unix())
	b := be(nil, uint16(5), uint16(n), uint32(100000), now, uint32(0), sequence, uint8(0), uint8(0), uint16(0))
	for i := range n {
		b = be(b, be(nil, uint8(198), uint8(18), uint8(0), uint8(i)), "203.0.113.1", "0.0.0.0", uint16(1), uint16(2), uint32(2), uint32(100),
			uint32(90000), uint32(95000), uint16(40000+i), uint16(443), uint8(0), uint8(0x1b), uint8(6), uint8(0),
			uint16(64500), uint16(64501), uint8(24), uint8(24), uint16(0))
	}
	return b
}

// template9 announces template 256 of netflow9.
func template9(sequence uint32) []byte {
	fields := be(nil, uint16(256), uint16(7), uint16(27), uint16(16), uint16(28), uint16(16), uint16(1), uint16(4), uint16(2), uint16(4),
		uint16(7), uint16(2), uint16(11), uint16(2), uint16(4), uint16(1))
	return append(be(header9(sequence, 1), uint16(0), uint16(len(fields)+4)), fields...)
}

// netflow9 makes a packet of n flows from 2001:db8::i to 2001:db8:1::1: 1000 octets and 3 packets each, UDP to port 53.
func netflow9(sequence uint32, n int) []byte {
	var data []byte
	for i := range n {
		src := netip.MustParseAddr("2001:db8::").As16()
		src[15] = byte(i)
		data = append(data, src[:]...)
		data = be(data, "2001:db8:1::1", uint32(1000), uint32(3), uint16(50000), uint16(53), uint8(17))
	}
	for len(data)%4 != 0 {
		data = append(data, 0)
	}
	return append(be(header9(sequence, n), uint16(256), uint16(len(data)+4)), data...)
}

func header9(sequence uint32, count int) []byte {
	return be(nil, uint16(9), uint16(count), uint32(100000), uint32(time.Now().Unix()), sequence, uint32(7))
}
