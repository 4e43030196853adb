package service

import (
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// newRegistry returns the service's own metrics registry.
func newRegistry(s *state) *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		newMetrics(s),
	)
	return r
}

// metrics reads the counters of all stages when they are asked for. Nothing is counted twice, and the hot path knows
// nothing of Prometheus.
type metrics struct {
	state *state
	descs []*prometheus.Desc

	build                                                     *prometheus.Desc
	packets, packetBytes, socketDrops, socketBuffer, flows    *prometheus.Desc
	readerPackets, readerDrops                                *prometheus.Desc
	streamConnections, streamAccepted, streamRefused          *prometheus.Desc
	streamClosed, streamMessages, streamBytes                 *prometheus.Desc
	sent, sentBytes, requests, requestErrors, retried         *prometheus.Desc
	dropped, rejected, duplicates, letters, letterErrors      *prometheus.Desc
	bufferBytes, bufferLimit, bufferDocs, oldest, outputWorks *prometheus.Desc
	requestsLimit, spoolSegments, spoolBytes                  *prometheus.Desc
	spoolErrors, spoolSyncErrors                              *prometheus.Desc
	spoolRestored, spoolLeft, spoolUnreadable                 *prometheus.Desc
	recentSegments, recentBytes, recentLimit, recentFlows     *prometheus.Desc
	recentOldest, recentRemoved, recentDamaged                *prometheus.Desc
	retentionBytes, retentionLimit, retentionErrors           *prometheus.Desc
	retentionIndices, retentionFlows                          *prometheus.Desc
	healthSent, healthDropped, healthWorks                    *prometheus.Desc
	reloaded, reloadTime, restartNeeded                       *prometheus.Desc
	exporterMetrics
	enrichmentMetrics
}

func newMetrics(s *state) *metrics {
	m := &metrics{state: s}
	m.build = m.desc("build_info", "Version of the program; always 1.", "version", "goversion")
	m.packets = m.desc("packets_total", "Datagrams received.", "listen")
	m.packetBytes = m.desc("packet_bytes_total", "Octets of UDP payload received.", "listen")
	m.socketDrops = m.desc("socket_drops_total", "Datagrams the kernel dropped because the receive buffer was full or the checksum was wrong, since the socket was bound: it may be older than the process.", "listen")
	m.socketBuffer = m.desc("socket_receive_buffer_bytes", "Receive buffer the kernel gave, of all sockets of the address.", "listen")
	m.readerPackets = m.desc("reader_packets_total", "Of packets_total, those of one reader (listen.readers).", "listen", "reader")
	m.readerDrops = m.desc("reader_socket_drops_total", "Of socket_drops_total, those of one reader.", "listen", "reader")
	m.streamConnections = m.desc("stream_connections", "IPFIX connections open now.", "listen")
	m.streamAccepted = m.desc("stream_connections_accepted_total", "IPFIX connections taken.", "listen")
	m.streamRefused = m.desc("stream_connections_refused_total", "IPFIX connections closed at once: of addresses that may not connect (exporters.allow), or too many (listen.max_connections, max_connections_per_address), of them in their TLS handshake.", "listen", "cause")
	m.streamClosed = m.desc("stream_connections_closed_total", "IPFIX connections that were taken and are over.", "listen", "cause")
	m.streamMessages = m.desc("stream_messages_total", "IPFIX messages received over connections.", "listen")
	m.streamBytes = m.desc("stream_bytes_total", "Octets of these messages.", "listen")
	m.flows = m.desc("records_total", "Flow records decoded.", "listen")
	m.sent = m.desc("documents_sent_total", "Documents stored.", "output")
	m.sentBytes = m.desc("output_sent_bytes_total", "Size of the request bodies that stored documents, as sent.", "output")
	m.requests = m.desc("output_requests_total", "Bulk requests or writes tried.", "output")
	m.requestErrors = m.desc("output_errors_total", "Bulk requests or writes that failed, in whole or in part.", "output", "cause")
	m.retried = m.desc("documents_retried_total", "Documents sent again.", "output")
	m.dropped = m.desc("flows_dropped_total", "Flows lost after they were decoded.", "output", "cause")
	m.rejected = m.desc("documents_rejected_total", "Documents refused for good, by the reason given; also in flows_dropped_total.", "output", "reason")
	m.duplicates = m.desc("documents_duplicate_total", "Documents that were sent again and that Elasticsearch had already; also in documents_sent_total.", "output")
	m.letters = m.desc("dead_letters_total", "Documents refused for good that were written to the dead letter file.", "output")
	m.letterErrors = m.desc("dead_letter_errors_total", "Documents refused for good that could not be written to the dead letter file.", "output")
	m.bufferBytes = m.desc("output_buffer_bytes", "Size of the documents that wait or are being sent, in memory and in the spool.", "output")
	m.bufferLimit = m.desc("output_buffer_limit_bytes", "The most that output_buffer_bytes may be.", "output")
	m.bufferDocs = m.desc("output_buffer_documents", "Documents that wait or are being sent.", "output")
	m.oldest = m.desc("output_oldest_document_age_seconds", "Age of the oldest document not stored yet; 0 when there is none.", "output")
	m.requestsLimit = m.desc("output_requests_limit", "Requests that may be in flight at once at the moment.", "output")
	m.spoolSegments = m.desc("spool_segments", "Files of the spool.", "output")
	m.spoolBytes = m.desc("spool_bytes", "Size of the files of the spool.", "output")
	m.spoolRestored = m.desc("spool_restored_documents_total", "Documents that were found in the spool when it was opened.", "output")
	m.spoolLeft = m.desc("spool_left_documents_total", "Documents that stayed in a spool when its output was removed, or got another spool.", "output")
	m.spoolUnreadable = m.desc("spool_unreadable_segments", "Files of the spool that could not be read when it was opened, and were left as they are.", "output")
	m.spoolErrors = m.desc("spool_errors_total", "Writes to the spool that failed.", "output")
	m.spoolSyncErrors = m.desc("spool_sync_errors_total", "Times that the disk was told to keep what was written to the spool, and did not.", "output")
	m.recentSegments = m.desc("recent_segments", "Files of recent flows.", "output")
	m.recentBytes = m.desc("recent_bytes", "Size of the files of recent flows.", "output")
	m.recentLimit = m.desc("recent_limit_bytes", "The most that recent_bytes may be.", "output")
	m.recentFlows = m.desc("recent_flows", "Flows that can be searched.", "output")
	m.recentOldest = m.desc("recent_oldest_timestamp_seconds", "Time of the oldest flow that can be searched; 0 when there is none.", "output")
	m.recentRemoved = m.desc("recent_removed_flows_total", "Flows removed to make room for newer ones, or because of their age.", "output")
	m.recentDamaged = m.desc("recent_damaged_segments_total", "Files of recent flows that could not be read, and were renamed.", "output")
	m.retentionBytes = m.desc("retention_bytes", "Size of flows on Elasticsearch's disks, when they were last looked at.", "output")
	m.retentionLimit = m.desc("retention_limit_bytes", "The most that retention_bytes may be (output.elasticsearch.retention.max_bytes).", "output")
	m.retentionIndices = m.desc("retention_removed_indices_total", "Indices removed to keep flows below that.", "output")
	m.retentionFlows = m.desc("retention_removed_flows_total", "Flows in these indices.", "output")
	m.retentionErrors = m.desc("retention_errors_total", "Times that what flows take could not be looked at, or nothing be removed.", "output")
	m.outputWorks = m.desc("output_up", "1 when the last request or write succeeded.", "output")
	m.healthSent = m.desc("health_documents_sent_total", "Documents about the collector itself (output.elasticsearch.health) that were stored.")
	m.healthDropped = m.desc("health_documents_dropped_total", "Documents about the collector itself that were lost.", "cause")
	m.healthWorks = m.desc("health_up", "1 when the last request with documents about the collector itself succeeded.")
	m.reloaded = m.desc("config_last_reload_successful", "1 when the settings that were read last are in force; the start counts.")
	m.reloadTime = m.desc("config_last_reload_success_timestamp_seconds", "When settings were last put into force.")
	m.restartNeeded = m.desc("restart_needed", "1 when a setting was changed that is in force only after a restart.")
	m.exporterMetrics = newExporterMetrics(m)
	m.enrichmentMetrics = newEnrichmentMetrics(m)
	return m
}

func (m *metrics) desc(name, help string, labels ...string) *prometheus.Desc {
	d := prometheus.NewDesc("flowcollector_"+name, help, labels, nil)
	m.descs = append(m.descs, d)
	return d
}

// counterFunc and gaugeFunc report a figure.
type (
	counterFunc func(d *prometheus.Desc, v uint64, labels ...string)
	gaugeFunc   func(d *prometheus.Desc, v float64, labels ...string)
)

// Describe implements prometheus.Collector.
func (m *metrics) Describe(c chan<- *prometheus.Desc) {
	for _, d := range m.descs {
		c <- d
	}
}

// Collect implements prometheus.Collector.
func (m *metrics) Collect(c chan<- prometheus.Metric) {
	counter := func(d *prometheus.Desc, v uint64, labels ...string) {
		c <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		c <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	gauge(m.build, 1, m.state.version, runtime.Version())
	for _, l := range m.state.counted() {
		l.feed.collect(m, counter, gauge, l.label)
		counter(m.flows, l.flows(), l.label)
	}
	for _, o := range m.state.sink.Stats() {
		counter(m.sent, o.Sent, o.Name)
		counter(m.sentBytes, o.SentBytes, o.Name)
		counter(m.requests, o.Requests, o.Name)
		counter(m.retried, o.Retried, o.Name)
		for cause, n := range o.Errors {
			counter(m.requestErrors, n, o.Name, cause)
		}
		for cause, n := range o.Dropped {
			counter(m.dropped, n, o.Name, cause)
		}
		for reason, n := range o.Rejected {
			counter(m.rejected, n, o.Name, reason)
		}
		counter(m.duplicates, o.Duplicates, o.Name)
		counter(m.letters, o.DeadLetters.Written, o.Name)
		counter(m.letterErrors, o.DeadLetters.Errors, o.Name)
		if o.Spool != nil {
			counter(m.spoolRestored, o.Spool.Restored, o.Name)
			counter(m.spoolLeft, o.Spool.Left, o.Name)
			counter(m.spoolErrors, o.Spool.Errors, o.Name)
			counter(m.spoolSyncErrors, o.Spool.SyncErrors, o.Name)
		}
		if o.Recent != nil {
			counter(m.recentRemoved, o.Recent.Removed, o.Name)
			counter(m.recentDamaged, o.Recent.Damaged, o.Name)
		}
		if r := o.Retention; r != nil {
			counter(m.retentionIndices, r.Removed, o.Name)
			counter(m.retentionFlows, r.RemovedFlows, o.Name)
			counter(m.retentionErrors, r.Errors, o.Name)
		}
		if o.Gone {
			continue
		}
		if r := o.Retention; r != nil {
			gauge(m.retentionBytes, float64(r.Bytes), o.Name)
			gauge(m.retentionLimit, float64(r.MaxBytes), o.Name)
		}
		gauge(m.bufferBytes, float64(o.Held.Bytes), o.Name)
		gauge(m.bufferLimit, float64(o.Held.Limit), o.Name)
		gauge(m.bufferDocs, float64(o.Held.Documents), o.Name)
		age := 0.0
		if !o.Held.Oldest.IsZero() {
			age = max(0, time.Since(o.Held.Oldest).Seconds())
		}
		gauge(m.oldest, age, o.Name)
		if o.Limit > 0 {
			gauge(m.requestsLimit, float64(o.Limit), o.Name)
		}
		if o.Spool != nil {
			gauge(m.spoolSegments, float64(o.Spool.Segments), o.Name)
			gauge(m.spoolBytes, float64(o.Spool.Bytes), o.Name)
			gauge(m.spoolUnreadable, float64(o.Spool.Unreadable), o.Name)
		}
		if o.Recent != nil {
			gauge(m.recentSegments, float64(o.Recent.Segments), o.Name)
			gauge(m.recentBytes, float64(o.Recent.Bytes), o.Name)
			gauge(m.recentLimit, float64(o.Recent.Limit), o.Name)
			gauge(m.recentFlows, float64(o.Recent.Flows), o.Name)
			oldest := 0.0
			if !o.Recent.Oldest.IsZero() {
				oldest = float64(o.Recent.Oldest.UnixMilli()) / 1000
			}
			gauge(m.recentOldest, oldest, o.Name)
		}
		gauge(m.outputWorks, boolean(o.Problem.Cause == ""), o.Name)
	}
	if h := m.state.health.Load(); h != nil {
		o := h.sink.Stats()[0]
		counter(m.healthSent, o.Sent)
		for cause, n := range o.Dropped {
			counter(m.healthDropped, n, cause)
		}
		gauge(m.healthWorks, boolean(h.problem() == ""))
	}
	reload := m.state.reloads.now()
	gauge(m.reloaded, boolean(reload.whole()))
	gauge(m.reloadTime, float64(reload.at.UnixMilli())/1000)
	gauge(m.restartNeeded, boolean(len(reload.restart) > 0))
	m.exporterMetrics.collect(m.state, counter, gauge)
	m.enrichmentMetrics.collect(m.state, counter, gauge)
}

func boolean(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
