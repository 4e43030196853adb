package service

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
)

// maxExporterLabels is how many exporters have series of their own: those that sent most. The others are summed up
// under the name "other", so that invented source addresses cannot fill the metrics store.
const maxExporterLabels = 100

// exporters is the number of devices that a pipeline heard of.
func exporters(p *pipeline) int { return len(byAddress(p.table.Snapshot())) }

// device is one exporter with the figures of all its exporting processes.
type device struct {
	address netip.Addr
	stats   exporter.Stats
	limited uint64 // packets beyond the rate limit
	rows    int    // of its option tables
}

// byAddress sums the figures of a device's exporting processes. Sources and devices are ordered by address. A source that is only known
// from before a restart, as each socket knows all of them, is not listed until it sends.
func byAddress(s exporter.Snapshot) []device {
	var list []device
	about := s.Devices
	for _, src := range s.Sources {
		if src.Packets == 0 {
			continue
		}
		if n := len(list); n == 0 || list[n-1].address != src.Key.Address {
			for len(about) > 0 && about[0].Address.Less(src.Key.Address) {
				about = about[1:]
			}
			d := device{address: src.Key.Address}
			if len(about) > 0 && about[0].Address == d.address {
				d.limited, d.rows = about[0].RateLimited, about[0].Rows.Total()
			}
			list = append(list, d)
		}
		list[len(list)-1].stats.Add(src.Stats)
	}
	return list
}

// exporterMetrics are the figures of the exporter tables.
type exporterMetrics struct {
	known, sources, evicted, ended, decodeErrors, refused, redefined, refusedTemplates, beforeTemplate, setsDropped *prometheus.Desc
	options, rowsRefused, rowsForgotten, withdrawn, undecodedLists                                                  *prometheus.Desc

	packetsOf, recordsOf, malformedOf, lostOf, reorderedOf, restartedOf, templatesOf, waitingOf, limitedOf, rowsOf *prometheus.Desc
	clockOf, implausibleOf                                                                                         *prometheus.Desc

	stateSaved, stateErrors, stateRestored *prometheus.Desc
}

func newExporterMetrics(m *metrics) exporterMetrics {
	return exporterMetrics{
		known:            m.desc("exporters", "Devices heard of.", "listen"),
		sources:          m.desc("exporter_sources", "Exporting processes known, those of before a restart among them, by format.", "listen", "format"),
		evicted:          m.desc("exporters_evicted_total", "Exporting processes forgotten to make room (exporters.max, exporters.template_bytes).", "listen"),
		ended:            m.desc("exporters_ended_total", "Exporting processes forgotten because their connection ended.", "listen"),
		decodeErrors:     m.desc("decode_errors_total", "Packets not decoded, or not to their end.", "listen", "cause"),
		refused:          m.desc("packets_refused_total", "Packets not looked at: of addresses that may not send (exporters.allow), or too many of one (exporters.max_packets_per_second).", "listen", "cause"),
		redefined:        m.desc("templates_redefined_total", "Templates that changed their fields.", "listen"),
		withdrawn:        m.desc("templates_withdrawn_total", "Templates that exporters took back (IPFIX).", "listen"),
		undecodedLists:   m.desc("lists_undecoded_total", "Lists within records that could not be decoded: their template is not known, they are not what they say, or too deep.", "listen"),
		refusedTemplates: m.desc("templates_refused_total", "Templates beyond a limit (exporters.max_templates, max_fields, template_bytes).", "listen"),
		beforeTemplate:   m.desc("sets_before_template_total", "Data sets that came before their template.", "listen"),
		setsDropped:      m.desc("sets_dropped_total", "Data sets dropped because too many waited for a template.", "listen"),
		options:          m.desc("option_records_total", "Option records decoded.", "listen"),
		rowsRefused:      m.desc("option_rows_refused_total", "Rows of option tables beyond a limit (exporters.option_rows, option_bytes).", "listen"),
		rowsForgotten:    m.desc("option_rows_forgotten_total", "Rows of option tables forgotten to make room, or with the last exporting process of their device.", "listen"),

		packetsOf:     m.desc("exporter_packets_total", "Packets of the exporter.", "listen", "exporter"),
		recordsOf:     m.desc("exporter_records_total", "Flow records of the exporter.", "listen", "exporter"),
		malformedOf:   m.desc("exporter_malformed_packets_total", "Packets of the exporter not decoded to their end.", "listen", "exporter"),
		lostOf:        m.desc("exporter_sequence_lost_total", "What is missing in the exporter's sequence numbers: packets (v9, sFlow), flows (v5) or data records (IPFIX).", "listen", "exporter"),
		reorderedOf:   m.desc("exporter_sequence_reordered_total", "Of those missing, what came late after all.", "listen", "exporter"),
		restartedOf:   m.desc("exporter_sequence_restarts_total", "Jumps of the sequence number that mean a restart of the exporter.", "listen", "exporter"),
		clockOf:       m.desc("exporter_clock_corrected_records_total", "Flow records whose times were moved because the exporter's clock is wrong (decode.max_clock_skew).", "listen", "exporter"),
		implausibleOf: m.desc("exporter_times_implausible_total", "Times that were left out because they cannot be.", "listen", "exporter"),
		templatesOf:   m.desc("exporter_templates", "Templates known of the exporter.", "listen", "exporter"),
		waitingOf:     m.desc("exporter_waiting_for_template", "Data sets of the exporter that wait for their template.", "listen", "exporter"),
		limitedOf:     m.desc("exporter_rate_limited_packets_total", "Packets of the exporter not looked at (exporters.max_packets_per_second).", "listen", "exporter"),
		rowsOf:        m.desc("exporter_option_rows", "Interfaces, applications, VRFs, users, samplers and information elements that the exporter described.", "listen", "exporter"),

		stateSaved:    m.desc("state_saved_timestamp_seconds", "When what exporters announced was last saved; 0 when it was not since the start."),
		stateErrors:   m.desc("state_save_errors_total", "Attempts to save what exporters announced that failed."),
		stateRestored: m.desc("state_restored_templates", "Templates known from before the restart.", "listen"),
	}
}

func (m *exporterMetrics) collect(s *state, counter counterFunc, gauge gaugeFunc) {
	for _, p := range s.pipelines {
		listen := label(p.feed)
		snap := p.table.Snapshot()
		devices := byAddress(snap)
		gauge(m.known, float64(len(devices)), listen)
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
		gauge(m.stateRestored, float64(p.restored), listen)

		for _, d := range labelled(devices, total(snap)) {
			counter(m.packetsOf, d.stats.Packets, listen, d.name)
			counter(m.recordsOf, d.stats.Records, listen, d.name)
			counter(m.malformedOf, d.stats.Malformed, listen, d.name)
			counter(m.lostOf, d.stats.SequenceLost, listen, d.name)
			counter(m.reorderedOf, d.stats.SequenceReordered, listen, d.name)
			counter(m.restartedOf, d.stats.SequenceRestarted, listen, d.name)
			counter(m.clockOf, d.stats.ClockCorrected, listen, d.name)
			counter(m.implausibleOf, d.stats.TimesImplausible, listen, d.name)
			gauge(m.templatesOf, float64(d.stats.Templates), listen, d.name)
			gauge(m.waitingOf, float64(d.stats.Waiting), listen, d.name)
			counter(m.limitedOf, d.limited, listen, d.name)
			gauge(m.rowsOf, float64(d.rows), listen, d.name)
		}
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

// byFormat counts sources.
func byFormat(s exporter.Snapshot) map[string]int {
	n := map[string]int{}
	for _, src := range s.Sources {
		n[src.Key.Format.String()]++
	}
	return n
}

// total is what all devices sum up to, those included that were forgotten.
func total(s exporter.Snapshot) device {
	all := device{stats: s.Total, limited: s.Refused[exporter.RateLimited.String()]}
	for _, d := range s.Devices {
		all.rows += d.Rows.Total()
	}
	return all
}

// named is a device with the value of its label.
type named struct {
	name string
	device
}

// labelled picks the devices with series of their own and sums up the others, those forgotten included.
func labelled(devices []device, total device) []named {
	slices.SortStableFunc(devices, func(a, b device) int { return cmp.Compare(b.stats.Packets, a.stats.Packets) })
	var list []named
	rest := total
	for _, d := range devices[:min(len(devices), maxExporterLabels)] {
		list = append(list, named{d.address.String(), d})
		rest.stats.Subtract(d.stats)
		rest.limited -= d.limited
		rest.rows -= d.rows
	}
	if rest != (device{}) {
		list = append(list, named{"other", rest})
	}
	return list
}
