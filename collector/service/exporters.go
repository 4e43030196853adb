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

// exporters is the number of devices that a pipeline knows.
func exporters(p *pipeline) int { return len(byAddress(p.table.Snapshot())) }

// device is one exporter with the figures of all its exporting processes.
type device struct {
	address netip.Addr
	stats   exporter.Stats
}

// byAddress sums the figures of a device's exporting processes. Sources are ordered by address.
func byAddress(s exporter.Snapshot) []device {
	var list []device
	for _, src := range s.Sources {
		if n := len(list); n == 0 || list[n-1].address != src.Key.Address {
			list = append(list, device{address: src.Key.Address})
		}
		accumulate(&list[len(list)-1].stats, src.Stats)
	}
	return list
}

func accumulate(to *exporter.Stats, s exporter.Stats) {
	to.Packets += s.Packets
	to.Records += s.Records
	to.Malformed += s.Malformed
	to.SequenceLost += s.SequenceLost
	to.SequenceReordered += s.SequenceReordered
	to.SequenceRestarted += s.SequenceRestarted
	to.Templates += s.Templates
	to.Waiting += s.Waiting
}

// exporterMetrics are the figures of the exporter tables.
type exporterMetrics struct {
	known, evicted, ended, decodeErrors, redefined, refusedTemplates, beforeTemplate, setsDropped, options *prometheus.Desc

	packetsOf, recordsOf, malformedOf, lostOf, reorderedOf, restartedOf, templatesOf, waitingOf *prometheus.Desc
}

func newExporterMetrics(m *metrics) exporterMetrics {
	return exporterMetrics{
		known:            m.desc("exporters", "Devices known.", "listen"),
		evicted:          m.desc("exporters_evicted_total", "Exporting processes forgotten because there were too many (exporters.max).", "listen"),
		ended:            m.desc("exporters_ended_total", "Exporting processes forgotten because their connection ended.", "listen"),
		decodeErrors:     m.desc("decode_errors_total", "Packets not decoded, or not to their end.", "listen", "cause"),
		redefined:        m.desc("templates_redefined_total", "Templates that changed their fields.", "listen"),
		refusedTemplates: m.desc("templates_refused_total", "Templates beyond the limit (exporters.max_templates).", "listen"),
		beforeTemplate:   m.desc("sets_before_template_total", "Data sets that came before their template.", "listen"),
		setsDropped:      m.desc("sets_dropped_total", "Data sets dropped because too many waited for a template.", "listen"),
		options:          m.desc("option_records_total", "Option records decoded.", "listen"),

		packetsOf:   m.desc("exporter_packets_total", "Packets of the exporter.", "listen", "exporter"),
		recordsOf:   m.desc("exporter_records_total", "Flow records of the exporter.", "listen", "exporter"),
		malformedOf: m.desc("exporter_malformed_packets_total", "Packets of the exporter not decoded to their end.", "listen", "exporter"),
		lostOf:      m.desc("exporter_sequence_lost_total", "Packets (v9) or flows (v5) missing in the exporter's sequence numbers.", "listen", "exporter"),
		reorderedOf: m.desc("exporter_sequence_reordered_total", "Of those missing, what came late after all.", "listen", "exporter"),
		restartedOf: m.desc("exporter_sequence_restarts_total", "Jumps of the sequence number that mean a restart of the exporter.", "listen", "exporter"),
		templatesOf: m.desc("exporter_templates", "Templates known of the exporter.", "listen", "exporter"),
		waitingOf:   m.desc("exporter_waiting_for_template", "Data sets of the exporter that wait for their template.", "listen", "exporter"),
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
			counter(m.decodeErrors, n, listen, cause)
		}
		counter(m.decodeErrors, snap.Total.Malformed, listen, "malformed")
		counter(m.redefined, snap.Total.TemplatesRedefined, listen)
		counter(m.refusedTemplates, snap.Total.TemplatesRefused, listen)
		counter(m.beforeTemplate, snap.Total.SetsBeforeTemplate, listen)
		counter(m.setsDropped, snap.Total.SetsDropped, listen)
		counter(m.options, snap.Total.Options, listen)

		for _, d := range labelled(devices, snap.Total) {
			counter(m.packetsOf, d.stats.Packets, listen, d.name)
			counter(m.recordsOf, d.stats.Records, listen, d.name)
			counter(m.malformedOf, d.stats.Malformed, listen, d.name)
			counter(m.lostOf, d.stats.SequenceLost, listen, d.name)
			counter(m.reorderedOf, d.stats.SequenceReordered, listen, d.name)
			counter(m.restartedOf, d.stats.SequenceRestarted, listen, d.name)
			gauge(m.templatesOf, float64(d.stats.Templates), listen, d.name)
			gauge(m.waitingOf, float64(d.stats.Waiting), listen, d.name)
		}
	}
}

// named is a device with the value of its label.
type named struct {
	name  string
	stats exporter.Stats
}

// labelled picks the devices with series of their own and sums up the others, those forgotten included.
func labelled(devices []device, total exporter.Stats) []named {
	slices.SortStableFunc(devices, func(a, b device) int { return cmp.Compare(b.stats.Packets, a.stats.Packets) })
	var list []named
	var own exporter.Stats
	for _, d := range devices[:min(len(devices), maxExporterLabels)] {
		list = append(list, named{d.address.String(), d.stats})
		accumulate(&own, d.stats)
	}
	rest := exporter.Stats{
		Packets: total.Packets - own.Packets, Records: total.Records - own.Records, Malformed: total.Malformed - own.Malformed,
		SequenceLost: total.SequenceLost - own.SequenceLost, SequenceReordered: total.SequenceReordered - own.SequenceReordered,
		SequenceRestarted: total.SequenceRestarted - own.SequenceRestarted,
		Templates:         total.Templates - own.Templates, Waiting: total.Waiting - own.Waiting,
	}
	if rest != (exporter.Stats{}) {
		list = append(list, named{"other", rest})
	}
	return list
}
