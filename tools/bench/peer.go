package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/netsampler/goflow2/v2/decoders/netflow"
	"github.com/netsampler/goflow2/v2/decoders/netflowlegacy"
	"github.com/netsampler/goflow2/v2/decoders/sflow"
)

// peer is goflow2's decoder, used as goflow2 itself does: a new message for each packet, templates by exporter. What turns its fields into
// figures and addresses, the "producer", is not part of it.
type peer struct {
	templates map[netip.Addr]netflow.NetFlowTemplateSystem
	message   any // decoded last
}

func newPeer(l *load) (*peer, error) {
	g := &peer{templates: map[netip.Addr]netflow.NetFlowTemplateSystem{}}
	for _, p := range l.templates {
		if err := g.decode(&p); err != nil {
			return nil, fmt.Errorf("goflow2 is unable to decode a template: %w", err)
		}
	}
	return g, nil
}

func (g *peer) decode(p *packet) error {
	b := bytes.NewBuffer(p.data)
	switch version := binary.BigEndian.Uint16(p.data); version {
	case 0:
		m := new(sflow.Packet)
		g.message = m
		return sflow.DecodeMessageVersion(b, m)
	case 5:
		m := new(netflowlegacy.PacketNetFlowV5)
		g.message = m
		return netflowlegacy.DecodeMessageVersion(b, m)
	case 9, 10:
		templates := g.templates[p.from]
		if templates == nil {
			templates = netflow.CreateTemplateSystem()
			g.templates[p.from] = templates
		}
		var m struct {
			nine netflow.NFv9Packet
			ten  netflow.IPFIXPacket
		}
		err := netflow.DecodeMessageVersion(b, templates, &m.nine, &m.ten)
		g.message = m.nine.FlowSets
		if version == 10 {
			g.message = m.ten.FlowSets
		}
		return err
	default:
		return fmt.Errorf("goflow2 does not know version %d", version)
	}
}

// sum adds up what was decoded of a packet.
func (g *peer) sum(p *packet) (s sums, err error) {
	if err := g.decode(p); err != nil {
		return s, err
	}
	switch m := g.message.(type) {
	case *netflowlegacy.PacketNetFlowV5:
		for i := range m.Records {
			s.add(uint64(m.Records[i].DOctets))
		}
	case []any:
		for _, fs := range m {
			if data, ok := fs.(netflow.DataFlowSet); ok {
				for _, r := range data.Records {
					s.add(octets(r.Values))
				}
			}
		}
	case *sflow.Packet:
		for _, sample := range m.Samples {
			for _, r := range sample.(sflow.FlowSample).Records {
				const totalLength = 14 + 2 // behind Ethernet, in the IPv4 header, which goflow2's decoder leaves as it is
				s.add(uint64(binary.BigEndian.Uint16(r.Data.(sflow.SampledHeader).HeaderData[totalLength:])))
			}
		}
	}
	return s, nil
}

// octets is the figure of a record that the collector takes for its octets: of initiatorOctets, octetDeltaCount, octetTotalCount and
// postOctetDeltaCount the first that is there.
func octets(fields []netflow.DataField) uint64 {
	for _, element := range []uint16{231, 1, 85, 23} {
		for _, f := range fields {
			if f.Type != element || f.PenProvided {
				continue
			}
			var n uint64
			for _, b := range f.Value.([]byte) {
				n = n<<8 | uint64(b)
			}
			return n
		}
	}
	return 0
}
