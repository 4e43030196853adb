package world

import (
	"log/slog"

	"github.com/flowstack/terraform-provider-flowstack/collector/enrich"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// Enricher is the collector's own enrichment with what is known of this world. It belongs to one goroutine. It is all that the tools that
// measure know of package enrich.
type Enricher struct {
	enricher *enrich.Enricher
}

// NewEnricher opens what is known, for the documents of an encoder.
func (k Knowledge) NewEnricher(encoder *schema.Encoder) *Enricher {
	set := enrich.Open(enrich.Options{
		City: k.City, ASN: k.ASN, NetworksFile: k.Networks, ExportersFile: k.Exporters, Services: true,
		Encoder: encoder, Logger: slog.New(slog.DiscardHandler),
	})
	return &Enricher{set.New()}
}

// Enrich adds what is known to a record.
func (e *Enricher) Enrich(r *flow.Record) { e.enricher.Enrich(r) }

// HitRate is the share of the addresses that were found in the cache so far.
func (e *Enricher) HitRate() float64 {
	e.enricher.Publish()
	s := e.enricher.Stats()
	return float64(s.Hits) / float64(max(1, s.Hits+s.Misses))
}
