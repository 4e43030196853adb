package main

import (
	"fmt"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/decode"
	collector "github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	record "github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow/element"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

var received = time.Unix(exported+1, 0)

// ours is this collector's decoder, set up as the service does.
type ours struct {
	decoder *decode.Decoder
	records []record.Record
	json    []byte
}

func newOurs(l *load) (*ours, error) {
	table := collector.NewTable(collector.Limits{})
	table.Apply(collector.Policy{Dialect: record.Dialect{Elements: element.Builtin()}, MaxSkew: 15 * time.Minute})
	o := &ours{decoder: decode.New(table)}
	for _, p := range l.templates {
		if err := o.decode(&p); err != nil {
			return nil, fmt.Errorf("unable to decode a template: %w", err)
		}
	}
	return o, nil
}

func (o *ours) decode(p *packet) (err error) {
	o.records, err = o.decoder.Decode(o.records[:0], p.data, collector.Origin{Address: p.from}, received)
	return err
}

// document decodes a packet and writes its records as documents.
func (o *ours) document(p *packet) error {
	err := o.decode(p)
	o.json = o.json[:0]
	for i := range o.records {
		o.json = schema.AppendJSON(o.json, &o.records[i])
	}
	return err
}

// sum adds up what was decoded of a packet.
func (o *ours) sum(p *packet) (s sums, err error) {
	err = o.decode(p)
	for i := range o.records {
		s.records++
		s.octets += o.records[i].Bytes
	}
	return s, err
}
