package service

import (
	"net/netip"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
)

// exporters is the number of devices that a table heard of. A source that is only known from before a restart, as each socket knows all of
// them, does not count until it sends.
func exporters(s exporter.Snapshot) int {
	n := 0
	var last netip.Addr // sources are ordered by address
	for i := range s.Sources {
		if src := &s.Sources[i]; src.Packets > 0 && src.Key.Address != last {
			last = src.Key.Address
			n++
		}
	}
	return n
}

// exporterMetrics are the figures of the exporter tables.
type exporterMetrics struct {
	known, sources, evicted, ended, decodeErrors, refused, redefined, refusedTemplates, beforeTemplate, setsDropped *prometheus.Desc
	options, rowsRefused, rowsForgotten, withdrawn, undecodedLists                                                  *prometheus.Desc

	of                             [len(exporterCounters)]*prometheus.Desc
	templatesOf, waitingOf, rowsOf *prometheus.Desc

	stateSaved, stateErrors, stateRestored *prometheus.Desc
}

func newExporterMetrics(m *metrics) exporterMetrics {
	e := exporterMetrics{
		known:            m.desc("exporters", "Devices known that have sent something since the start.", "listen"),
		sources:          m.desc("exporter_sources", "Exporting processes known, those of before a restart among them, by format.", "listen", "format"),
		evicted:          m.desc("exporters_evicted_total", "Exporting processes forgotten to make room (exporters.max, max_per_address, template_bytes).", "listen"),
		ended:            m.desc("exporters_ended_total", "Exporting processes forgotten because their connection ended.", "listen"),
		decodeErrors:     m.desc("decode_errors_total", "Packets not decoded (too_short, unsupported_version), or not to their end (malformed).", "listen", "cause"),
		refused:          m.desc("packets_refused_total", "Packets not looked at: of addresses that may not send (exporters.allow), or too many UDP packets of one (exporters.max_packets_per_second).", "listen", "cause"),
		redefined:        m.desc("templates_redefined_total", "Templates that changed their fields.", "listen"),
		withdrawn:        m.desc("templates_withdrawn_total", "Templates that exporters took back (IPFIX).", "listen"),
		undecodedLists:   m.desc("lists_undecoded_total", "Lists within records that are not wholly in the document: their template is not known, they are not what they say, too deep, or nobody wants what is behind their first entry (decode.extra).", "listen"),
		refusedTemplates: m.desc("templates_refused_total", "Templates beyond a limit (exporters.max_templates, max_fields, template_bytes).", "listen"),
		beforeTemplate:   m.desc("sets_before_template_total", "Data sets that came before their template.", "listen"),
		setsDropped:      m.desc("sets_dropped_total", "Data sets that waited for their template and were not decoded, or not wholly: too many waited, or for too long, they did not fit it, or their exporting process was forgotten.", "listen"),
		options:          m.desc("option_records_total", "Option records decoded.", "listen"),
		rowsRefused:      m.desc("option_rows_refused_total", "Rows of option tables beyond a limit (exporters.option_rows, option_bytes).", "listen"),
		rowsForgotten:    m.desc("option_rows_forgotten_total", "Rows of option tables forgotten to make room (exporters.option_rows for users, option_bytes), or with the last exporting process of their device.", "listen"),

		templatesOf: m.desc("exporter_templates", "Templates known of the exporter.", "listen", "exporter"),
		waitingOf:   m.desc("exporter_waiting_for_template", "Data sets of the exporter that wait for their template.", "listen", "exporter"),
		rowsOf:      m.desc("exporter_option_rows", "Interfaces, applications, VRFs, users, samplers and information elements that the exporter described.", "listen", "exporter"),

		stateSaved:    m.desc("state_saved_timestamp_seconds", "When what exporters announced was last saved; 0 when it was not since the start."),
		stateErrors:   m.desc("state_save_errors_total", "Attempts to save what exporters announced that failed."),
		stateRestored: m.desc("state_restored_templates", "Templates known from before the restart.", "listen"),
	}
	for i, c := range exporterCounters {
		e.of[i] = m.desc(c.name, c.help, "listen", "exporter")
	}
	return e
}

func (m *exporterMetrics) collect(s *state, counter counterFunc, gauge gaugeFunc) {
	for _, l := range s.counted() {
		snap, lines := l.series.scrape(l.tables()...)
		m.collectTable(snap, lines, counter, gauge, l.label)
		gauge(m.stateRestored, float64(l.pipelines[0].restored), l.label) // all readers know the same
	}
	if s.store != nil {
		stats := s.store.Stats()
		saved := 0.0
		if !stats.Saved.IsZero() {
			saved = float64(stats.Saved.Unix())
		}
		gauge(m.stateSaved, saved)
		counter(m.stateErrors, stats.Errors)
	}
}

func (m *exporterMetrics) collectTable(snap exporter.Snapshot, lines []line, counter counterFunc, gauge gaugeFunc, listen string) {
	gauge(m.known, float64(exporters(snap)), listen)
	counter(m.evicted, snap.Evicted, listen)
	counter(m.ended, snap.Ended, listen)
	for cause, n := range snap.Refused {
		desc := m.decodeErrors
		if cause == exporter.NotAllowed.String() || cause == exporter.RateLimited.String() {
			desc = m.refused
		}
		counter(desc, n, listen, cause)
	}
	for format, n := range byFormat(snap) {
		gauge(m.sources, float64(n), listen, format)
	}
	counter(m.decodeErrors, snap.Total.Malformed, listen, "malformed")
	counter(m.redefined, snap.Total.TemplatesRedefined, listen)
	counter(m.withdrawn, snap.Total.TemplatesWithdrawn, listen)
	counter(m.undecodedLists, snap.Total.ListsUndecoded, listen)
	counter(m.refusedTemplates, snap.Total.TemplatesRefused, listen)
	counter(m.beforeTemplate, snap.Total.SetsBeforeTemplate, listen)
	counter(m.setsDropped, snap.Total.SetsDropped, listen)
	counter(m.options, snap.Total.Options, listen)
	counter(m.rowsRefused, snap.Total.OptionsRefused, listen)
	counter(m.rowsForgotten, snap.RowsForgotten, listen)

	for _, l := range lines {
		for i, n := range l.counted {
			counter(m.of[i], n, listen, l.name)
		}
		gauge(m.templatesOf, float64(l.templates), listen, l.name)
		gauge(m.waitingOf, float64(l.waiting), listen, l.name)
		gauge(m.rowsOf, float64(l.rows), listen, l.name)
	}
}

// byFormat counts sources.
func byFormat(s exporter.Snapshot) map[string]int {
	n := map[string]int{}
	for _, src := range s.Sources {
		n[src.Key.Format.String()]++
	}
	return n
}
