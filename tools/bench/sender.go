package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

const (
	flowPort = 2055
	// burst is how many datagrams one system call sends (UDP_SEGMENT): with one each, the sender is what is measured.
	burst = 8
	// renew is after how many bursts an exporter repeats its template.
	renew = 125
)

// sender plays several exporters of NetFlow v9.
type sender struct {
	exporters []*exporting
	load      *load
	next      int // packet of the load
	data      []byte
}

// exporting is one exporter, with an address of its own.
type exporting struct {
	conn     *net.UDPConn
	sequence uint32
	bursts   int
}

func newSender(l *load) (*sender, error) {
	s := &sender{load: l, data: make([]byte, 0, burst*len(l.packets[0].data))}
	for i := range byte(4) {
		from := net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 10 + i}), 0))
		to := net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), flowPort))
		conn, err := net.DialUDP("udp4", from, to)
		if err != nil {
			return nil, errors.Join(err, s.close())
		}
		s.exporters = append(s.exporters, &exporting{conn: conn})
		raw, err := conn.SyscallConn()
		if err == nil {
			var failed error
			err = raw.Control(func(fd uintptr) {
				failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_UDP, unix.UDP_SEGMENT, len(l.packets[0].data))
			})
			err = errors.Join(err, failed)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("unable to send several datagrams at once: %w", err), s.close())
		}
	}
	return s, nil
}

func (s *sender) close() error {
	var all error
	for _, e := range s.exporters {
		all = errors.Join(all, e.conn.Close())
	}
	return all
}

// send sends flows at a rate for a time, and returns how many datagrams with flows that were.
func (s *sender) send(rate, perPacket int, period time.Duration) (datagrams int, err error) {
	total := int(float64(rate) * period.Seconds() / float64(perPacket))
	every := time.Duration(float64(time.Second) * burst * float64(perPacket) / float64(rate))
	start := time.Now()
	for n := 0; datagrams < total; n++ {
		if wait := time.Until(start.Add(time.Duration(n) * every)); wait > 0 {
			time.Sleep(wait)
		}
		if err := s.exporters[n%len(s.exporters)].burst(s); err != nil {
			return datagrams, err
		}
		datagrams += burst
	}
	return datagrams, nil
}

// finish sends a packet without flows as each exporter, so that the collector finds what is missing before it in the sequence numbers.
func (s *sender) finish() error {
	for _, e := range s.exporters {
		if err := e.template(s); err != nil {
			return err
		}
	}
	return nil
}

// template sends the template.
func (e *exporting) template(s *sender) error {
	s.data = append(s.data[:0], s.load.templates[0].data...)
	e.stamp(s.data)
	_, err := e.conn.Write(s.data)
	return err
}

// stamp puts the time and the next sequence number into a packet.
func (e *exporting) stamp(data []byte) {
	const seconds, sequence = 8, 12
	binary.BigEndian.PutUint32(data[seconds:], uint32(time.Now().Unix()))
	binary.BigEndian.PutUint32(data[sequence:], e.sequence)
	e.sequence++
}

// burst sends a few packets of the load as an exporter.
func (e *exporting) burst(s *sender) error {
	if e.bursts%renew == 0 {
		if err := e.template(s); err != nil {
			return err
		}
	}
	e.bursts++
	s.data = s.data[:0]
	for range burst {
		at := len(s.data)
		s.data = append(s.data, s.load.packets[s.next].data...)
		e.stamp(s.data[at:])
		s.next = (s.next + 1) % len(s.load.packets)
	}
	_, err := e.conn.Write(s.data)
	return err
}
