package health

import (
	"maps"
	"slices"

	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// part is which figure of which documents a metric is.
type part struct{ dataset, figure string }

// parts are the metrics that documents have, by their names without the prefix.
var parts = map[string]part{
	"exporter_packets_total":        {schema.DatasetExporter, "packets"},
	"exporter_records_total":        {schema.DatasetExporter, "records"},
	"exporter_templates":            {schema.DatasetExporter, "templates"},
	"exporter_waiting_for_template": {schema.DatasetExporter, "waiting_sets"},

	"packets_total":         {schema.DatasetListener, "packets"},
	"stream_messages_total": {schema.DatasetListener, "packets"},
	"records_total":         {schema.DatasetListener, "records"},

	"documents_sent_total":               {schema.DatasetOutput, "stored"},
	"documents_retried_total":            {schema.DatasetOutput, "retried"},
	"output_oldest_document_age_seconds": {schema.DatasetOutput, "lag_seconds"},
	"output_buffer_bytes":                {schema.DatasetOutput, "buffer_bytes"},
	"output_buffer_limit_bytes":          {schema.DatasetOutput, "buffer_limit_bytes"},
	"spool_bytes":                        {schema.DatasetOutput, "spool_bytes"},
	"output_up":                          {schema.DatasetOutput, "up"},
}

// loss is a metric that counts what was lost.
type loss struct {
	cause string // empty: the label of this name
	unit  string
	back  bool // it counts what was counted as lost and came after all
}

// losses are these metrics, by their names without the prefix.
var losses = map[string]loss{
	"socket_drops_total":                {cause: "socket_buffer", unit: "packets"},
	"packets_refused_total":             {unit: "packets"},
	"decode_errors_total":               {unit: "packets"},
	"sets_dropped_total":                {cause: "no_template", unit: "sets"},
	"flows_dropped_total":               {unit: "flows"},
	"exporter_sequence_lost_total":      {cause: "sequence_gap", unit: "numbers"},
	"exporter_sequence_reordered_total": {cause: "sequence_gap", unit: "numbers", back: true},
}

// Metrics are the names of the metrics that documents are made of.
func Metrics() []string {
	names := slices.AppendSeq(slices.Collect(maps.Keys(parts)), maps.Keys(losses))
	for i := range names {
		names[i] = prefix + names[i]
	}
	return names
}
