package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"strings"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/acctest/world"
	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/enrich"
	"github.com/flowstack/terraform-provider-flowstack/collector/output"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// Goals from packet to document, and to compressed bulk body: nanoseconds a record, and how many times faster than goflow2's JSON.
const (
	documentGoal   = 1250
	documentFaster = 10
	bulkGoal       = 4000
)

// referencePace is what goflow2 takes from a packet to JSON on the machine that the goals were set on, nanoseconds a record. Goals are met or not
// at that machine's pace: shared machines are at times half as fast as at others, and both sides, which are measured by turns, then are.
const referencePace = 69_000

// travellers is how many flows the loads of documents have, each with a public address and a private one of its own: 64 k addresses.
const travellers = 1 << 15

// travels gives fields of IPv4 addresses of a small internet and of a large office, so that there is something to enrich.
func travels(fields []field) []field {
	const source, destination = 8, 12
	for i := range fields {
		switch side := fields[i].element; side {
		case source, destination:
			fields[i].value = func(f flow) []byte {
				if (f%2 == 0) == (side == source) {
					return netip.AddrFrom4([4]byte{10, 0, byte(f >> 8), byte(f)}).AsSlice()
				}
				return publicIPv4(uint64(f)).AsSlice()
			}
		}
	}
	return fields
}

// publicIPv4 is a public address by number.
func publicIPv4(n uint64) netip.Addr {
	a := world.Address(n)
	for salt := uint64(1); !a.Is4(); salt++ {
		a = world.Address(n + salt<<32)
	}
	return a
}

// travelling are the loads of documents.
func travelling() []load {
	return []load{
		templated("NetFlow v9", netflow9, (travellers+24)/25, 25, travels(classic(false, false)), 0, 0),
		templated("IPFIX", ipfix, (travellers+18)/19, 19, travels(classic(false, true)), 0, 0),
	}
}

// newEnricher is the collector's enrichment as the service has it when nothing is set but the databases.
func newEnricher(d world.Knowledge, e *schema.Encoder) *enrich.Enricher {
	c := config.Default().Enrich
	c.GeoIP.City, c.GeoIP.ASN = d.City, d.ASN
	o := enrich.FromConfig(c)
	o.Encoder, o.Logger = e, slog.New(slog.DiscardHandler)
	return enrich.Open(o).New()
}

// documents makes documents of packets, as a pipeline of the service does.
type documents struct {
	*ours
	enricher *enrich.Enricher
	encoder  *schema.Encoder
	batcher  *output.Batcher
	sink     *compressing
	warm     enrich.Stats // of the cache when it was filled
}

func newDocuments(l *load, d world.Knowledge, profile string) (*documents, error) {
	o, err := newOurs(l)
	if err != nil {
		return nil, err
	}
	e, err := schema.NewEncoder(schema.Selection{Profile: profile})
	if err != nil {
		return nil, err
	}
	es := config.Default().Output.Elasticsearch
	pool := output.NewPool(int(es.BatchBytes), 1)
	if es.DocumentIDs {
		pool.GiveIDs(true)
	}
	sink := &compressing{pool: pool}
	batcher := output.NewBatcher(sink, pool, int(es.BatchBytes), time.Hour)
	return &documents{ours: o, enricher: newEnricher(d, e), encoder: e, batcher: batcher, sink: sink}, nil
}

// enriched decodes a packet, and enriches and encodes its records.
func (d *documents) enriched(p *packet) error {
	err := d.decode(p)
	d.json = d.json[:0]
	d.enricher.EnrichAll(d.records)
	for i := range d.records {
		d.json = d.encoder.Append(d.json, &d.records[i])
	}
	return err
}

// bulk does the same into bulk bodies, which are compressed when they are full.
func (d *documents) bulk(p *packet) error {
	err := d.decode(p)
	d.enricher.EnrichAll(d.records)
	for i := range d.records {
		d.batcher.Commit(d.encoder.Append(d.batcher.Begin(), &d.records[i]), received)
	}
	return err
}

// fill makes all packets once, for the caches to be as they are after an hour.
func (d *documents) fill(l *load) error {
	for i := range l.packets {
		if err := d.enriched(&l.packets[i]); err != nil {
			return err
		}
	}
	d.enricher.Publish()
	d.warm = d.enricher.Stats()
	return nil
}

// hitRate is the share of the addresses that were found in the cache since it was filled.
func (d *documents) hitRate() float64 {
	d.enricher.Publish()
	s := d.enricher.Stats()
	hits, misses := s.Hits-d.warm.Hits, s.Misses-d.warm.Misses
	return float64(hits) / float64(max(1, hits+misses))
}

// compressing is a sink that compresses bulk bodies and throws them away.
type compressing struct {
	pool          *output.Pool
	gzip          output.Compressor
	small         []byte // room for what is compressed
	before, after int    // octets
	err           error
}

// Put implements output.Sink.
func (c *compressing) Put(b *output.Buffer) bool {
	var err error
	if c.small, err = c.gzip.Append(c.small[:0], b.Bytes()); err != nil {
		c.err = err
	}
	c.before += len(b.Bytes())
	c.after += len(c.small)
	c.pool.Put(b)
	return true
}

// Refuse implements output.Sink.
func (*compressing) Refuse(int) {}

// Close implements output.Sink.
func (c *compressing) Close(context.Context) error { return c.err }

// Stats implements output.Sink.
func (*compressing) Stats() []output.Stats { return nil }

// Alive implements output.Sink.
func (*compressing) Alive() error { return nil }

// documentRow is a way from packets to documents.
type documentRow struct {
	name   string
	side   *side
	goal   float64 // nanoseconds; 0: none
	faster float64 // than goflow2's JSON of the same load; 0: no goal
	peer   *side   // goflow2's JSON of the same load; nil where this is it
	note   func() string
}

// measureDocuments measures packets to documents: ours enriched from City and ASN databases, goflow2's as they come out of the packet.
func measureDocuments(d world.Knowledge, rounds int, round time.Duration) (rows []documentRow, err error) {
	all := travelling()
	for n := range all {
		l := &all[n]
		few := *l // goflow2 takes seconds for all of them
		few.packets = l.packets[:packets]
		f, err := newFormatted(&few)
		if err != nil {
			return nil, err
		}
		perPacket, err := f.check(&few)
		if err != nil {
			return nil, err
		}
		theirs := &side{load: &few, records: perPacket * len(few.packets), work: f.document}
		sides := []*side{}
		for _, profile := range []string{"full", "lean"} {
			o, err := newDocuments(l, d, profile)
			if err != nil {
				return nil, err
			}
			json := &side{load: l, records: perPacket * len(l.packets), work: o.enriched}
			b, err := newDocuments(l, d, profile)
			if err != nil {
				return nil, err
			}
			if err := errors.Join(o.fill(l), b.fill(l)); err != nil {
				return nil, err
			}
			bulk := &side{load: l, records: perPacket * len(l.packets), work: b.bulk}
			sides = append(sides, json, bulk)
			rows = append(rows,
				documentRow{
					name: l.name + " to enriched JSON, " + profile, side: json, goal: documentGoal, faster: documentFaster, peer: theirs,
					note: func() string { return fmt.Sprintf("%.1f %% of addresses in the cache", 100*o.hitRate()) },
				},
				documentRow{
					name: l.name + " to gzipped bulk, " + profile, side: bulk, goal: bulkGoal, peer: theirs,
					note: func() string { return fmt.Sprintf("%.1f times smaller", float64(b.sink.before)/float64(b.sink.after)) },
				})
		}
		rows = append(rows, documentRow{name: l.name + " to goflow2's JSON, not enriched", side: theirs, note: func() string { return "" }})
		if err := byTurns(append(sides, theirs), rounds, round); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// documentTable prints the rows, in Markdown.
func documentTable(w io.Writer, rows []documentRow) {
	fmt.Fprintln(w, "\n| from packet to document | ns/record | at the reference pace | allocs/record | times faster than goflow2's JSON | goal | met | |")
	fmt.Fprintln(w, "|---|---:|---:|---:|---:|---|---|---|")
	for _, r := range rows {
		ns, faster, goal, met := r.side.perRecord(), "–", "–", "–"
		scaled := ns
		if r.peer != nil {
			faster = fmt.Sprintf("%.1f×", r.peer.perRecord()/ns)
			scaled = ns * referencePace / r.peer.perRecord()
		}
		allocs := r.side.allocs * float64(len(r.side.load.packets)) / float64(r.side.records)
		if r.goal > 0 {
			goals := []string{fmt.Sprintf("≤ %.0f ns", r.goal), "0 allocs"}
			holds := scaled <= r.goal && fmt.Sprintf("%.2f", allocs) == "0.00"
			if r.faster > 0 {
				goals = append(goals, fmt.Sprintf("≥ %.0f×", r.faster))
				holds = holds && r.peer.perRecord()/ns >= r.faster
			}
			goal, met = strings.Join(goals, ", "), yes(holds)
		}
		fmt.Fprintf(w, "| %s | %.0f | %.0f | %.2f | %s | %s | %s | %s |\n", r.name, ns, scaled, allocs, faster, goal, met, r.note())
	}
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}
