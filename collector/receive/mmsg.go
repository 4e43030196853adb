package receive

import (
	"encoding/binary"
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// nameSize is the size of struct sockaddr_in6, the longer of the two source addresses.
const nameSize = unix.SizeofSockaddrInet6

// batch holds the preallocated messages of recvmmsg(2). The x/net wrapper does the same but makes a net.Addr for
// every packet.
type batch struct {
	headers []unix.Mmsghdr
	vectors []unix.Iovec
	names   [][nameSize]byte
	slab    []byte
	size    int

	// The function given to the runtime's poller is made once, so that a read allocates nothing.
	reading func(fd uintptr) bool
	n       int // datagrams of the last call
	errno   syscall.Errno
}

func newBatch(count, size int) *batch {
	b := &batch{
		headers: make([]unix.Mmsghdr, count),
		vectors: make([]unix.Iovec, count),
		names:   make([][nameSize]byte, count),
		slab:    make([]byte, count*size),
		size:    size,
	}
	for i := range b.headers {
		b.vectors[i].Base = &b.slab[i*size]
		b.vectors[i].SetLen(size)
		h := &b.headers[i].Hdr
		h.Iov = &b.vectors[i]
		h.SetIovlen(1)
		h.Name = &b.names[i][0]
		h.Namelen = nameSize
	}
	b.reading = func(fd uintptr) bool {
		b.receive(fd)
		return b.errno != unix.EAGAIN
	}
	return b
}

func (b *batch) receive(fd uintptr) {
	// The kernel leaves the length of the address it wrote; it wants the room there before.
	for i := range b.n {
		b.headers[i].Hdr.Namelen = nameSize
	}
	// Unsafe: the address of a slice this value owns; there is no wrapper for this call.
	n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&b.headers[0])),
		uintptr(len(b.headers)), unix.MSG_DONTWAIT, 0, 0)
	b.n, b.errno = int(n), errno
	if errno != 0 {
		b.n = 0
	}
}

// read waits for datagrams or the read deadline and returns how many it took.
func (b *batch) read(c syscall.RawConn) (int, error) {
	if err := c.Read(b.reading); err != nil {
		return 0, err
	}
	return b.result()
}

// poll takes what is there and does not wait; deadlines have no say.
func (b *batch) poll(c syscall.RawConn) (int, error) {
	if err := c.Control(b.receive); err != nil {
		return 0, err
	}
	return b.result()
}

func (b *batch) result() (int, error) {
	if b.errno != 0 {
		return 0, b.errno
	}
	return b.n, nil
}

// packet is datagram i of the last read and where it came from. The zone of a link-local address is left out: it
// names an interface of this host, and the exporter is the same one whatever the interface is called.
func (b *batch) packet(i int) ([]byte, netip.AddrPort) {
	start := i * b.size
	payload := b.slab[start : start+int(b.headers[i].Len)]
	name := &b.names[i]
	port := binary.BigEndian.Uint16(name[2:])
	switch binary.NativeEndian.Uint16(name[:]) {
	case unix.AF_INET:
		return payload, netip.AddrPortFrom(netip.AddrFrom4([4]byte(name[4:8])), port)
	case unix.AF_INET6:
		return payload, netip.AddrPortFrom(netip.AddrFrom16([16]byte(name[8:24])).Unmap(), port)
	}
	return payload, netip.AddrPort{}
}

// receiveBuffer reads SO_RCVBUF back. The kernel doubles the figure for its own book-keeping (socket(7)), which is taken out again here.
func receiveBuffer(c syscall.RawConn) (int, error) {
	var n int
	var err error
	if cerr := c.Control(func(fd uintptr) {
		n, err = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF)
	}); cerr != nil {
		return 0, cerr
	}
	return n / 2, err
}

// Places among the SO_MEMINFO values (SK_MEMINFO_RMEM_ALLOC, SK_MEMINFO_DROPS, linux/sock_diag.h).
const (
	memInfoHeld  = 0
	memInfoDrops = 8
)

// memInfo is what the kernel says about the memory of a socket.
type memInfo [memInfoDrops + 1]uint32

func readMemInfo(c syscall.RawConn) (values memInfo, err error) {
	var errno syscall.Errno
	if err := c.Control(func(fd uintptr) {
		size := uint32(unsafe.Sizeof(values))
		// Unsafe: addresses of two local variables; there is no wrapper for this option.
		_, _, errno = unix.Syscall6(unix.SYS_GETSOCKOPT, fd, unix.SOL_SOCKET, unix.SO_MEMINFO,
			uintptr(unsafe.Pointer(&values)), uintptr(unsafe.Pointer(&size)), 0)
	}); err != nil {
		return values, err
	}
	if errno != 0 {
		return values, errno
	}
	return values, nil
}

// droppedPackets reads how many datagrams the kernel dropped at this socket. It is the counter that SO_RXQ_OVFL
// attaches to datagrams, but it can be asked for at any time: with SO_RXQ_OVFL the drops at the end of a burst stay
// unknown until the next datagram.
func droppedPackets(c syscall.RawConn) (uint32, error) {
	values, err := readMemInfo(c)
	return values[memInfoDrops], err
}

// packetMemory is less than the kernel takes for the smallest datagram (struct sk_buff alone has more than 200 octets).
const packetMemory = 256

// heldPackets is at least as many datagrams as wait at this socket.
func heldPackets(c syscall.RawConn) (int, error) {
	values, err := readMemInfo(c)
	return int(values[memInfoHeld]/packetMemory) + batchSize, err
}
