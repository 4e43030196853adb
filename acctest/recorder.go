package acctest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// Datagram is a UDP packet that was received.
type Datagram struct {
	Received time.Time
	From, To netip.AddrPort
	Payload  []byte
}

// Recorder receives what exporters in a network namespace send, without another tool in between.
type Recorder struct {
	connection *net.UDPConn
	local      netip.AddrPort
	done       chan struct{}

	mu        sync.Mutex
	datagrams []Datagram
	last      time.Time // something came
}

// Record listens on an address in a network namespace.
func Record(ctx context.Context, netns string, address netip.AddrPort) (*Recorder, error) {
	r := &Recorder{local: address, done: make(chan struct{})}
	err := inNamespace(netns, func() error {
		var c net.ListenConfig
		connection, err := c.ListenPacket(ctx, "udp", address.String())
		if err != nil {
			return err
		}
		udp, ok := connection.(*net.UDPConn)
		if !ok {
			return errors.Join(errors.New("not a UDP socket"), connection.Close())
		}
		r.connection = udp
		return udp.SetReadBuffer(4 << 20)
	})
	if err != nil {
		return nil, fmt.Errorf("record on %s: %w", address, err)
	}
	go r.read()
	return r, nil
}

func (r *Recorder) read() {
	defer close(r.done)
	buffer := make([]byte, 1<<16)
	for {
		n, from, err := r.connection.ReadFromUDPAddrPort(buffer)
		if err != nil {
			return // closed
		}
		now := time.Now()
		r.mu.Lock()
		r.datagrams = append(r.datagrams, Datagram{now, netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), r.local, slices.Clone(buffer[:n])})
		r.last = now
		r.mu.Unlock()
	}
}

// quiet is how long nothing must have come before an exporter that said it is done is believed.
const quiet = 300 * time.Millisecond

// Stop waits until nothing comes any more, closes the socket and returns what was received, in order.
func (r *Recorder) Stop(ctx context.Context) ([]Datagram, error) {
	waiting, cancel := context.WithTimeout(ctx, exporterLimit)
	defer cancel()
	r.mu.Lock()
	r.last = time.Now()
	r.mu.Unlock()
	err := poll(waiting, "the exporter to fall silent", func() (bool, error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		return time.Since(r.last) > quiet, nil
	})
	err = errors.Join(err, r.connection.Close())
	<-r.done
	return r.datagrams, err
}

// WritePcap writes datagrams as a capture of Ethernet, with the addresses and times they really had.
func WritePcap(w io.Writer, datagrams []Datagram) error {
	out := pcapgo.NewWriterNanos(w)
	if err := out.WriteFileHeader(65535, layers.LinkTypeEthernet); err != nil {
		return fmt.Errorf("write capture: %w", err)
	}
	for _, d := range datagrams {
		frame, err := d.frame()
		if err != nil {
			return fmt.Errorf("write capture: %w", err)
		}
		info := gopacket.CaptureInfo{Timestamp: d.Received, CaptureLength: len(frame), Length: len(frame)}
		if err := out.WritePacket(info, frame); err != nil {
			return fmt.Errorf("write capture: %w", err)
		}
	}
	return nil
}

func (d Datagram) frame() ([]byte, error) {
	ethernet := &layers.Ethernet{SrcMAC: clientMAC, DstMAC: serverMAC, EthernetType: layers.EthernetTypeIPv4}
	udp := &layers.UDP{SrcPort: layers.UDPPort(d.From.Port()), DstPort: layers.UDPPort(d.To.Port())}
	var ip interface {
		gopacket.SerializableLayer
		gopacket.NetworkLayer
	} = &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolUDP, SrcIP: d.From.Addr().AsSlice(), DstIP: d.To.Addr().AsSlice()}
	if d.From.Addr().Is6() {
		ethernet.EthernetType = layers.EthernetTypeIPv6
		ip = &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: layers.IPProtocolUDP, SrcIP: d.From.Addr().AsSlice(), DstIP: d.To.Addr().AsSlice()}
	}
	if err := udp.SetNetworkLayerForChecksum(ip); err != nil {
		return nil, err
	}
	buffer := gopacket.NewSerializeBuffer()
	options := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	err := gopacket.SerializeLayers(buffer, options, ethernet, ip, udp, gopacket.Payload(d.Payload))
	return buffer.Bytes(), err
}

// Export sends traffic over the exporter's line and returns what came out of it at target, an address in its namespace.
func (x *Exporter) Export(ctx context.Context, traffic Traffic, target netip.AddrPort) ([]Datagram, map[Pair]Sums, error) {
	recorder, err := Record(ctx, x.Netns, target)
	if err != nil {
		return nil, nil, err
	}
	sums, err := x.Send(ctx, traffic)
	if err == nil {
		err = x.Flush(ctx)
	}
	datagrams, stopped := recorder.Stop(ctx)
	return datagrams, sums, errors.Join(err, stopped)
}

// Replay sends the payloads of datagrams to an address in a network namespace, not faster than a collector reads.
func Replay(ctx context.Context, netns string, datagrams []Datagram, target netip.AddrPort) error {
	connection, err := dialNamespace(ctx, netns, "udp", target.String())
	if err != nil {
		return fmt.Errorf("replay to %s: %w", target, err)
	}
	defer connection.Close() //nolint:errcheck // every write was checked
	for _, d := range datagrams {
		if _, err := connection.Write(d.Payload); err != nil {
			return fmt.Errorf("replay to %s: %w", target, err)
		}
		if err := pause(ctx, time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}
