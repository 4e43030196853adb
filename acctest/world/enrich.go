package world

import (
	"log/slog"

	"github.com/flowstack/terraform-provider-flowstack/collector/enrich"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// NewEnricher is the collector's own enrichment with what is known of this world, for the documents of an encoder.
func (k Knowledge) NewEnricher(encoder *schema.Encoder) *enrich.Enricher {
	return enrich.Open(enrich.Options{
		City: k.City, ASN: k.ASN, NetworksFile: k.Networks, ExportersFile: k.Exporters, Services: true,
		Encoder: encoder, Logger: slog.New(slog.DiscardHandler),
	}).New()
}
