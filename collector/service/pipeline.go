package service

import (
	"context"
	"log/slog"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/decode"
	"github.com/flowstack/terraform-provider-flowstack/collector/enrich"
	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/output"
	"github.com/flowstack/terraform-provider-flowstack/collector/receive"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
	"github.com/flowstack/terraform-provider-flowstack/collector/service/heartbeat"
)

const (
	// tickInterval is how often a reader without packets shows a sign of life and looks at the age of its buffer.
	tickInterval = 250 * time.Millisecond
	// readerGrace is how long a batch of packets may take before the reader counts as stuck.
	readerGrace = 10 * time.Second
	// logEvery is how often a condition that lasts is logged again.
	logEvery = 30 * time.Second
)

// pipeline is all that happens to the packets of one socket, in one goroutine: decode, enrich, encode, gather. An
// exporter speaks to one address family, so nothing is shared between pipelines but the databases and the sink.
type pipeline struct {
	socket   *receive.Socket
	table    *exporter.Table
	decoder  *decode.Decoder
	enricher *enrich.Enricher
	batcher  *output.Batcher
	beat     *heartbeat.Heartbeat
	logger   *slog.Logger

	records []flow.Record // of one packet, used again for the next
	flows   atomic.Uint64 // records decoded

	undecoded  uint64 // packets with errors since the last line about them
	undecodedT time.Time
}

// Packet implements receive.Handler.
func (p *pipeline) Packet(payload []byte, from netip.AddrPort, received time.Time) {
	var err error
	p.records, err = p.decoder.Decode(p.records[:0], payload, exporter.Origin{Address: from.Addr()}, received)
	for i := range p.records {
		r := &p.records[i]
		p.enricher.Enrich(r)
		p.batcher.Commit(schema.AppendJSON(p.batcher.Begin(), r), received)
	}
	if n := len(p.records); n > 0 {
		p.flows.Add(uint64(n))
	}
	if err != nil {
		p.failed(from, received, err)
	}
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

// Tick implements receive.Handler.
func (p *pipeline) Tick(now time.Time) {
	p.beat.Beat(tickInterval + readerGrace)
	p.batcher.Tick(now)
	p.enricher.Publish()
}

// run reads until ctx ends, and hands over what was gathered.
func (p *pipeline) run(ctx context.Context) error {
	err := p.socket.Run(ctx, p)
	p.batcher.Flush()
	p.beat.Beat(1 << 62) // finished: never late again
	return err
}
