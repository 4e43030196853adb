package receive

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"golang.org/x/net/bpf"
)

// The program of the kernel and its copy in Go come to the same place, for any address.
func TestSteeringIsTheSameInTheKernelAndInGo(t *testing.T) {
	for _, sockets := range []int{1, 2, 3, 7, MaxReaders} {
		places := make([]int, sockets)
		for i := range 2000 {
			var address netip.Addr
			var header []byte
			if i%2 == 0 {
				four := [4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}
				address, header = netip.AddrFrom4(four), append(make([]byte, source4), four[:]...)
			} else {
				sixteen := [16]byte{0: 0x20, 1: 0x01, 2: 0x0d, 3: 0xb8, 5: byte(i), 9: byte(i >> 3), 14: byte(i >> 8), 15: byte(i)}
				address, header = netip.AddrFrom16(sixteen), append(make([]byte, source6), sixteen[:]...)
			}
			if want, got := interpret(t, address, sockets, header), steer(address, sockets); got != want {
				t.Fatalf("%v among %d: %d, the program says %d", address, sockets, got, want)
			}
			places[steer(address, sockets)]++
		}
		for place, n := range places {
			if n < 2000/sockets/3 {
				t.Errorf("place %d of %d has %d of 2000 addresses", place, sockets, n)
			}
		}
	}
}

// interpret runs the program over a network header.
func interpret(t *testing.T, address netip.Addr, sockets int, header []byte) int {
	t.Helper()
	instructions := steering(address.Is6(), sockets)
	program := make([]bpf.Instruction, 0, len(instructions))
	for _, raw := range instructions {
		if raw.K >= netOffset { // the virtual machine of x/net/bpf sees the header as the packet
			raw.K -= netOffset
		}
		program = append(program, bpf.RawInstruction{Op: raw.Code, Jt: raw.Jt, Jf: raw.Jf, K: raw.K}.Disassemble())
	}
	vm, err := bpf.NewVM(program)
	if err != nil {
		t.Fatal(err)
	}
	n, err := vm.Run(append(header, binary.BigEndian.AppendUint64(nil, 0)...))
	if err != nil {
		t.Fatal(err)
	}
	return n
}
