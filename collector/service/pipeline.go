package service

import (
	"context"
	"log/slog"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/decode"
	"github.com/flowstack/terraform-provider-flowstack/collector/enrich"
	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/output"
	"github.com/flowstack/terraform-provider-flowstack/collector/service/heartbeat"
	"github.com/flowstack/terraform-provider-flowstack/collector/top"
)

const (
	// tickInterval is how often a reader without packets shows a sign of life and looks at the age of its buffer.
	tickInterval = 250 * time.Millisecond
	// readerGrace is how long a batch of packets may take before the reader counts as stuck.
	readerGrace = 10 * time.Second
	// logEvery is how often a condition that lasts is logged again.
	logEvery = 30 * time.Second
	// saveEvery is the least time between two states of an exporter table that are saved. Where nothing but the times at which exporters were
	// heard of changed, refreshEvery is the time between them.
	saveEvery    = 30 * time.Second
	refreshEvery = time.Hour
	// keptRecords is how many records there is room for when no packet is being decoded. A datagram of small records may have more; the
	// next does not, or else that is what decoding it costs.
	keptRecords = 4096
)

// pipeline is all that happens to the packets of one reader, in one goroutine at a time: decode, enrich, encode, gather. An exporter is
// always with the same reader, so nothing is shared between pipelines but the databases and the sink.
type pipeline struct {
	feed     feed
	reader   int // its number among those of the feed
	table    *exporter.Table
	decoder  *decode.Decoder
	enricher *enrich.Enricher
	batcher  *output.Batcher
	beat     *heartbeat.Heartbeat
	grace    time.Duration // how long a batch of packets may take
	logger   *slog.Logger

	batching batching
	next     atomic.Pointer[rules] // to be in force from the next packet on; nil for none

	store    *exporter.Store // nil when nothing is to outlive a restart
	index    int             // place of the table in the store
	handedT  time.Time       // when the store was last given the table's state
	restored int             // templates that the table had from before the restart

	top       atomic.Pointer[top.Counter] // nil while nobody looks
	questions chan question               // of pages

	records []flow.Record // of one packet, used again for the next
	flows   atomic.Uint64 // records decoded

	undecoded  uint64 // packets with errors since the last line about them
	undecodedT time.Time
}

// Packet implements receive.Handler.
func (p *pipeline) Packet(payload []byte, from netip.AddrPort, received time.Time) {
	_ = p.take(payload, from, 0, received) // counted and logged; the next packet is none the worse
}

// Message implements receive.StreamHandler.
func (p *pipeline) Message(message []byte, from netip.AddrPort, session uint32, received time.Time) error {
	return p.take(message, from, session, received)
}

// End implements receive.StreamHandler.
func (p *pipeline) End(session uint32) { p.table.EndSession(session) }

// rules are the settings that a pipeline itself goes by.
type rules struct {
	limits exporter.Limits
	policy exporter.Policy
	batching
}

// batching is how documents are gathered.
type batching struct {
	size  int // bytes
	flush time.Duration
	ids   bool
}

// rulesOf are those of settings.
func rulesOf(cfg config.Config, p exporter.Policy) rules {
	es := cfg.Output.Elasticsearch
	return rules{limits(cfg.Exporters), p, batching{int(es.BatchBytes), time.Duration(es.FlushInterval), es.DocumentIDs}}
}

// follow puts new rules into force, between two packets.
func (p *pipeline) follow() {
	if r := p.next.Swap(nil); r != nil {
		p.table.Change(r.limits, r.policy)
		if r.batching != p.batching {
			p.batching = r.batching
			p.batcher.Adjust(r.size, r.flush)
		}
	}
}

// take decodes a packet, and passes on what is sound in it though there is an error.
func (p *pipeline) take(packet []byte, from netip.AddrPort, session uint32, received time.Time) error {
	if p.next.Load() != nil {
		p.follow()
	}
	var err error
	p.records, err = p.decoder.Decode(p.records[:0], packet, exporter.Origin{Address: from.Addr(), Session: session}, received)
	p.batcher.From(from.Addr())
	enriched := p.write(p.records, received)
	if n := len(p.records); n > 0 {
		p.flows.Add(uint64(n))
		if t := p.top.Load(); t != nil && enriched {
			t.Add(p.records, received)
		}
	}
	if cap(p.records) > keptRecords {
		p.records = nil // tens of megabytes
	}
	if err != nil {
		p.failed(from, received, err)
	}
	return err
}

// write makes documents of records. Those that there is no room for are counted, and cost no more than to be decoded: when there was none at the
// beginning they are not enriched, and nobody can say whose traffic they were.
func (p *pipeline) write(records []flow.Record, received time.Time) (enriched bool) {
	if !p.batcher.Ready() {
		p.batcher.Refuse(len(records))
		return false
	}
	p.enricher.EnrichAll(records)
	encoder := p.enricher.Encoder()
	for i := range records {
		if !p.batcher.Ready() {
			p.batcher.Refuse(len(records) - i)
			break
		}
		p.batcher.Commit(encoder.Append(p.batcher.Begin(), &records[i]), received)
	}
	return true
}

// failed logs a sample of the packets that could not be decoded. The exporter table counts them all.
func (p *pipeline) failed(from netip.AddrPort, now time.Time, err error) {
	p.undecoded++
	if now.Sub(p.undecodedT) < logEvery {
		return
	}
	p.logger.Warn("packet not decoded, or not fully", "from", from.String(), "error", err, "packets", p.undecoded)
	p.undecoded, p.undecodedT = 0, now
}

// Tick implements receive.Handler and receive.StreamHandler.
func (p *pipeline) Tick(now time.Time) {
	p.beat.Beat(tickInterval + p.grace)
	p.follow()
	p.batcher.Tick(now)
	p.enricher.Tick()
	if t := p.top.Load(); t != nil {
		t.Tick(now)
	}
	p.answer()
	if age := now.Sub(p.handedT); age >= refreshEvery || age >= saveEvery && p.table.Changed() {
		p.save(now)
	}
}

// answer tells pages what they asked so far, a few questions at a time.
func (p *pipeline) answer() {
	for range len(p.questions) {
		q := <-p.questions
		q.answer <- p.table.Describe(q.address, describeMost)
	}
}

// describe asks the goroutine that reads for what it knows of an exporter. Not ok: it had no time.
func (p *pipeline) describe(ctx context.Context, address netip.Addr) (d *exporter.Description, ok bool) {
	q := question{address, make(chan *exporter.Description, 1)}
	select {
	case p.questions <- q:
	case <-ctx.Done():
		return nil, false
	}
	select {
	case d = <-q.answer:
		return d, true
	case <-ctx.Done():
		return nil, false
	}
}

// save hands the table's state to the store, which writes it in a goroutine of its own.
func (p *pipeline) save(now time.Time) {
	if p.store != nil {
		p.store.Put(p.index, p.table.State())
		p.handedT = now
	}
}

// run reads until ctx ends, and hands over what was gathered.
func (p *pipeline) run(ctx context.Context) error {
	err := p.feed.run(ctx, p)
	p.batcher.Flush()
	p.save(time.Now())
	p.beat.Rest() // finished
	return err
}
