package main

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/netsampler/goflow2/v2/decoders/netflow"
	"github.com/netsampler/goflow2/v2/format/json"
	"github.com/netsampler/goflow2/v2/producer"
	protoproducer "github.com/netsampler/goflow2/v2/producer/proto"
)

// formatted is what goflow2 does with a packet of NetFlow v9 or IPFIX on its way to JSON, and how many documents that were.
type formatted struct {
	peer      *peer
	producer  producer.ProducerInterface
	driver    json.JsonDriver
	documents int
}

func newFormatted(l *load) (*formatted, error) {
	g, err := newPeer(l)
	if err != nil {
		return nil, err
	}
	var mapping *protoproducer.ProducerConfig // none, as goflow2 is when nobody configures it
	compiled, err := mapping.Compile()
	if err != nil {
		return nil, err
	}
	p, err := protoproducer.CreateProtoProducer(compiled, protoproducer.CreateSamplingSystem)
	return &formatted{peer: g, producer: p}, err
}

func (f *formatted) document(p *packet) error {
	if err := f.peer.decode(p); err != nil {
		return err
	}
	sets := f.peer.message.([]any) //nolint:forcetypeassert // of both versions
	var m any
	switch version := binary.BigEndian.Uint16(p.data); version {
	case 9:
		m = &netflow.NFv9Packet{Version: 9, SystemUptime: uptime, UnixSeconds: exported, FlowSets: sets}
	case 10:
		m = &netflow.IPFIXPacket{Version: 10, ExportTime: exported, FlowSets: sets}
	default:
		return fmt.Errorf("version %d is neither NetFlow v9 nor IPFIX", version)
	}
	from := netip.AddrPortFrom(p.from, 2055)
	messages, err := f.producer.Produce(m, &producer.ProduceArgs{Src: from, SamplerAddress: p.from, TimeReceived: received})
	defer f.producer.Commit(messages)
	for _, message := range messages {
		if _, _, err := f.driver.Format(message); err != nil {
			return err
		}
		f.documents++
	}
	return err
}

// check makes sure that goflow2 makes a document of each record that we read, and returns how many there are in a packet.
func (f *formatted) check(l *load) (perPacket int, err error) {
	o, err := newOurs(l)
	if err != nil {
		return 0, err
	}
	want, err := total(l, o.sum)
	if err != nil {
		return 0, err
	}
	f.documents = 0
	for i := range l.packets {
		if err := f.document(&l.packets[i]); err != nil {
			return 0, err
		}
	}
	if f.documents != want.records {
		return 0, fmt.Errorf("%s: we read %d records, goflow2 makes %d documents", l.name, want.records, f.documents)
	}
	return want.records / len(l.packets), nil
}
