package schema

// HealthVersion is the version of the table of fields of health. It changes as Version does.
const HealthVersion = 1

// The values of event.dataset of documents of health: what one is about.
const (
	DatasetExporter = "flowcollector.exporter"
	DatasetListener = "flowcollector.listener"
	DatasetOutput   = "flowcollector.output"
	DatasetLoss     = "flowcollector.loss"
)

// Where values of health come from.
const (
	counted  = "counter"  // since the document before of the same exporter, listener or output
	measured = "gauge"    // at the time of the document
	naming   = "identity" // what the document is about
)

// healthFields is the table of documents of health: what the collector says about itself, at intervals. Counters are since the document before, so that they can be
// added up over any time, restarts included.
var healthFields = []Field{
	{"@timestamp", "date", filter, measured, 1, lean, "End of the interval.", value{}},
	{"ecs.version", "keyword", filter, constantly, 1, lean, "Version of the Elastic Common Schema.", value{}},
	{"event.kind", "keyword", filter, constantly, 1, lean, "metric.", value{}},
	{"event.dataset", "keyword", filter, naming, 1, lean, "What the document is about: flowcollector.exporter, .listener, .output, or .loss, one for each cause that something was lost by.", value{}},
	{"observer.ip", "ip", filter, naming, 1, lean, "Address of the exporter. Those beyond the hundred that have series of their own are in one document without it.", value{}},
	{"collector.host", "keyword", filter, naming, 1, lean, "Name of the host that the collector runs on.", value{}},
	{"collector.version", "keyword", filter, naming, 1, lean, "Version of the collector.", value{}},
	{"collector.listen", "keyword", filter, naming, 1, lean, "Address that it listens on.", value{}},
	{"collector.output", "keyword", filter, naming, 1, lean, "Output: elasticsearch, ndjson, kafka, recent or none.", value{}},
	{"collector.cause", "keyword", filter, naming, 1, lean, "Why something was lost, by the names that the metrics have for it; besides socket_buffer, sequence_gap, no_template.", value{}},
	{"collector.unit", "keyword", filter, naming, 1, lean, "What was lost: packets, flows, sets (of records, without their template), or numbers (in the exporter's sequence).", value{}},
	{"collector.packets", "long", sum, counted, 1, lean, "Packets received.", value{}},
	{"collector.records", "long", sum, counted, 1, lean, "Flow records decoded.", value{}},
	{"collector.lost", "long", sum, counted, 1, lean, "What was lost, in the unit that collector.unit says; less than 0 where what was missing in a sequence came late after all.", value{}},
	{"collector.templates", "long", sum, measured, 1, lean, "Templates known of the exporter.", value{}},
	{"collector.waiting_sets", "long", sum, measured, 1, lean, "Data sets of the exporter that wait for their template.", value{}},
	{"collector.stored", "long", sum, counted, 1, lean, "Documents stored by the output.", value{}},
	{"collector.retried", "long", sum, counted, 1, lean, "Documents sent again by the output.", value{}},
	{"collector.lag_seconds", "double", sum, measured, 1, lean, "Age of the oldest document that the output has not stored yet; 0 where there is none.", value{}},
	{"collector.buffer_bytes", "long", sum, measured, 1, lean, "Size of the documents that wait or are being sent, in memory and in the spool.", value{}},
	{"collector.buffer_limit_bytes", "long", sum, measured, 1, lean, "The most that it may be.", value{}},
	{"collector.spool_bytes", "long", sum, measured, 1, lean, "Size of the files of the spool.", value{}},
	{"collector.up", "short", sum, measured, 1, lean, "1 where the last request or write of the output succeeded, else 0.", value{}},
}
