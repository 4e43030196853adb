package receive

import (
	"encoding/binary"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// Sockets of one address share its packets by the source address alone, so that an exporter is always with the same reader, whatever port it
// sends from: its templates and sequence numbers are known there. The kernel asks a program which socket a packet is for (socket(7),
// SO_ATTACH_REUSEPORT_CBPF), which needs no privilege. steer is the same in Go.

// golden spreads addresses that differ in few bits (Knuth, multiplicative hashing).
const golden = 0x9e3779b1

// steer is the place, of so many sockets, that packets of an address are for.
func steer(from netip.Addr, sockets int) int {
	var word uint32
	if from.Is4() {
		four := from.As4()
		word = binary.BigEndian.Uint32(four[:])
	} else {
		sixteen := from.As16()
		for i := 0; i < len(sixteen); i += 4 {
			word ^= binary.BigEndian.Uint32(sixteen[i:])
		}
	}
	return int(word * golden >> 16 % uint32(sockets))
}

// Where the source address is in the headers of IPv4 (RFC 791) and IPv6 (RFC 8200).
const (
	source4 = 12
	source6 = 8
)

// netOffset addresses the network header: the program is given the UDP payload (SKF_NET_OFF, linux/filter.h, as the unsigned number that
// an instruction has).
const netOffset = 0xfff00000

// steering is the program for sockets of a family.
func steering(ipv6 bool, sockets int) []unix.SockFilter {
	load := func(offset uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: netOffset + offset}
	}
	program := make([]unix.SockFilter, 0, 14)
	if !ipv6 {
		program = append(program, load(source4))
	} else {
		program = append(program, load(source6))
		for word := uint32(4); word < 16; word += 4 {
			program = append(program,
				unix.SockFilter{Code: unix.BPF_MISC | unix.BPF_TAX},
				load(source6+word),
				unix.SockFilter{Code: unix.BPF_ALU | unix.BPF_XOR | unix.BPF_X},
			)
		}
	}
	return append(program,
		unix.SockFilter{Code: unix.BPF_ALU | unix.BPF_MUL | unix.BPF_K, K: golden},
		unix.SockFilter{Code: unix.BPF_ALU | unix.BPF_RSH | unix.BPF_K, K: 16},
		unix.SockFilter{Code: unix.BPF_ALU | unix.BPF_MOD | unix.BPF_K, K: uint32(sockets)},
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_A},
	)
}

// attach gives the program to all sockets that share the address of one of them.
func attach(c syscall.RawConn, ipv6 bool, sockets int) error {
	program := steering(ipv6, sockets)
	var err error
	if cerr := c.Control(func(fd uintptr) {
		err = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_REUSEPORT_CBPF,
			&unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
	}); cerr != nil {
		return cerr
	}
	return err
}

// share lets further sockets have the address of this one (SO_REUSEPORT), or not any more.
func share(c syscall.RawConn, on bool) error {
	value := 0
	if on {
		value = 1
	}
	var err error
	if cerr := c.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, value)
	}); cerr != nil {
		return cerr
	}
	return err
}
