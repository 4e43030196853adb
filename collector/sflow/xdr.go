package sflow

import (
	"encoding/binary"
	"net/netip"
)

// reader reads a part of a datagram: XDR (RFC 4506), which is whole numbers of 4 octets, big endian. Behind the end everything is zero
// and empty; short tells that it was reached.
type reader struct {
	packet []byte
	at     int // in the packet
	end    int
	short  bool
}

func (in *reader) left() int { return in.end - in.at }

// cut marks the part as at fault and leaves nothing of it.
func (in *reader) cut() { in.at, in.short = in.end, true }

func (in *reader) uint32() uint32 {
	if in.left() < 4 {
		in.cut()
		return 0
	}
	v := binary.BigEndian.Uint32(in.packet[in.at:])
	in.at += 4
	return v
}

func (in *reader) uint64() uint64 {
	high := in.uint32()
	return uint64(high)<<32 | uint64(in.uint32())
}

// take reads n octets; nil when fewer are there.
func (in *reader) take(n int) []byte {
	if in.left() < n {
		in.cut()
		return nil
	}
	v := in.packet[in.at : in.at+n : in.at+n]
	in.at += n
	return v
}

// skip passes over n octets that are there, and what fills them up to a multiple of four.
func (in *reader) skip(n int) { in.at = min(in.at+(n+3)&^3, in.end) }

// opaque reads octets that their number goes before.
func (in *reader) opaque() []byte {
	n := in.uint32()
	if uint64(n) > uint64(in.left()) {
		in.cut()
		return nil
	}
	v := in.packet[in.at : in.at+int(n) : in.at+int(n)]
	in.skip(int(n))
	return v
}

func (in *reader) ipv4() (a netip.Addr) {
	if b := in.take(4); b != nil {
		a = netip.AddrFrom4([4]byte(b))
	}
	return a
}

func (in *reader) ipv6() (a netip.Addr) {
	if b := in.take(16); b != nil {
		a = netip.AddrFrom16([16]byte(b)).Unmap()
	}
	return a
}

// The types of an address. One of an unknown type has no octets.
const (
	addressUnknown = 0
	addressIPv4    = 1
	addressIPv6    = 2
)

// address reads an address with its type before it. It is invalid when the device does not know it. Behind a type that does not exist
// nothing can be read, as nobody can say where its address ends.
func (in *reader) address() (a netip.Addr) {
	switch in.uint32() {
	case addressUnknown:
	case addressIPv4:
		a = in.ipv4()
	case addressIPv6:
		a = in.ipv6()
	default:
		in.cut()
	}
	return a
}
