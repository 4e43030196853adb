package replay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// source is what both readers of pcapgo are.
type source interface {
	ReadPacketData() ([]byte, gopacket.CaptureInfo, error)
	LinkType() layers.LinkType
}

func (r *replay) capture(ctx context.Context, name string, data []byte) error {
	s, err := open(data)
	if err != nil {
		return unreadError{fmt.Errorf("%s: %w", name, err)}
	}
	for number := 1; ctx.Err() == nil; number++ {
		frame, info, err := s.ReadPacketData()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return unreadError{fmt.Errorf("%s ends within packet %d: %w", name, number, err)}
		}
		payload, from, ok := datagram(frame, s.LinkType())
		if !ok {
			r.Skipped++
			continue
		}
		if err := r.packet(name, number, payload, from, info.Timestamp); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func open(data []byte) (source, error) {
	if data[0] == 0x0a {
		return pcapgo.NewNgReader(bytes.NewReader(data), pcapgo.DefaultNgReaderOptions)
	}
	return pcapgo.NewReader(bytes.NewReader(data))
}

// datagram finds the UDP payload of a frame and where it came from. Fragments are not put together: exporters stay below the MTU.
func datagram(frame []byte, link layers.LinkType) (payload []byte, from netip.AddrPort, ok bool) {
	packet := gopacket.NewPacket(frame, link, gopacket.DecodeOptions{Lazy: true, NoCopy: true})
	udp, isUDP := packet.TransportLayer().(*layers.UDP)
	network := packet.NetworkLayer()
	if !isUDP || network == nil {
		return nil, netip.AddrPort{}, false
	}
	if v4, is4 := network.(*layers.IPv4); is4 && (v4.FragOffset != 0 || v4.Flags&layers.IPv4MoreFragments != 0) {
		return nil, netip.AddrPort{}, false
	}
	address, valid := netip.AddrFromSlice(network.NetworkFlow().Src().Raw())
	return udp.Payload, netip.AddrPortFrom(address, uint16(udp.SrcPort)), valid
}
