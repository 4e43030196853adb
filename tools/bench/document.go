package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"
	"time"

	"github.com/netsampler/goflow2/v2/decoders/netflow"
	"github.com/netsampler/goflow2/v2/format/json"
	"github.com/netsampler/goflow2/v2/producer"
	protoproducer "github.com/netsampler/goflow2/v2/producer/proto"

	"github.com/flowstack/terraform-provider-flowstack/acctest/world"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// Goals for documents of NetFlow v9: nanoseconds a record from packet to enriched document, and how many times faster than goflow2's JSON.
const (
	documentGoal   = 1250
	documentFaster = 10
)

// public gives half of the endpoints of a NetFlow v9 load public addresses, as many different ones as there are records, so that there is
// something to enrich. Both sides are given the same.
func public(l *load) {
	const header, size, source, destination = 20 + 4, 55, 24, 28 // octets, see classic
	for i := range l.packets {
		data := l.packets[i].data
		for n := 0; header+(n+1)*size <= len(data); n++ {
			a := world.Address(uint64(i*len(data) + n))
			for salt := uint64(1); !a.Is4(); salt++ {
				a = world.Address(uint64(i*len(data)+n) + salt<<32)
			}
			at := header + n*size + []int{source, destination}[n%2]
			copy(data[at:], a.AsSlice())
			at = header + n*size + []int{destination, source}[n%2]
			copy(data[at:], netip.AddrFrom4([4]byte{10, 0, byte(n), byte(i)}).AsSlice())
		}
	}
}

// enriched decodes a packet, and enriches and encodes its records.
func enriched(o *ours, e *world.Enricher, encoder *schema.Encoder) func(p *packet) error {
	return func(p *packet) error {
		err := o.decode(p)
		o.json = o.json[:0]
		for i := range o.records {
			e.Enrich(&o.records[i])
			o.json = encoder.Append(o.json, &o.records[i])
		}
		return err
	}
}

// formatted is what goflow2 does with a packet of NetFlow v9 on its way to JSON, and how many documents that were.
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
	if version := binary.BigEndian.Uint16(p.data); version != 9 {
		return fmt.Errorf("version %d is not NetFlow v9", version)
	}
	if err := f.peer.decode(p); err != nil {
		return err
	}
	from := netip.AddrPortFrom(p.from, 2055)
	m := &netflow.NFv9Packet{Version: 9, SystemUptime: uptime, UnixSeconds: unix, FlowSets: f.peer.message.([]any)} //nolint:forcetypeassert // of version 9
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

// documents measures packets to documents: ours enriched from City and ASN databases, goflow2's as they come out of the packet.
func documents(w io.Writer, known world.Knowledge, rounds int, round time.Duration) error {
	l := loads()[0]
	public(&l)
	f, err := newFormatted(&l)
	if err != nil {
		return err
	}
	var all []*side
	var names []string
	o, err := newOurs(&l)
	if err != nil {
		return err
	}
	want, err := total(&l, o.sum)
	if err != nil {
		return err
	}
	var e *world.Enricher
	for _, profile := range []string{"full", "lean"} {
		encoder, err := schema.NewEncoder(schema.Selection{Profile: profile})
		if err != nil {
			return err
		}
		e = known.NewEnricher(encoder)
		all = append(all, &side{decode: enriched(o, e, encoder)})
		names = append(names, "ours, enriched, "+profile)
	}
	all = append(all, &side{decode: f.document})
	names = append(names, "goflow2, JSON, not enriched")
	for i := range l.packets {
		if err := f.document(&l.packets[i]); err != nil {
			return err
		}
	}
	if f.documents != want.records {
		return fmt.Errorf("we read %d records, goflow2 makes %d documents", want.records, f.documents)
	}
	for _, s := range all {
		if err := s.calibrate(&l, round); err != nil {
			return err
		}
	}
	for range rounds {
		for _, s := range all {
			if err := s.measure(&l); err != nil {
				return err
			}
		}
	}
	r := &result{load: &l, records: want.records}
	theirs := all[len(all)-1].perRecord(r)
	fmt.Fprintf(w, "\n%s to documents; %.1f %% of addresses found in the cache\n\n", l.name, 100*e.HitRate())
	fmt.Fprintln(w, "| from packet to document | ns/record | allocs/packet | times faster than goflow2 | goal | holds |")
	fmt.Fprintln(w, "|---|---:|---:|---:|---|---|")
	for i, s := range all {
		ns, goal, holds := s.perRecord(r), "–", "–"
		if i == 0 {
			goal, holds = fmt.Sprintf("≤ %d ns, ≥ %d×", documentGoal, documentFaster), "no"
			if ns <= documentGoal && theirs/ns >= documentFaster {
				holds = "yes"
			}
		}
		fmt.Fprintf(w, "| %s | %.0f | %.0f | %.1f× | %s | %s |\n", names[i], ns, s.allocs, theirs/ns, goal, holds)
	}
	return nil
}
