package service

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/flowstack/terraform-provider-flowstack/collector/enrich"
)

// enrichmentMetrics are those of what is added to flows.
type enrichmentMetrics struct {
	cacheHits, cacheMisses, observerHits, observerMisses      *prometheus.Desc
	sourceLoaded, sourceStale, sourceBuilt, sourceEntries     *prometheus.Desc
	sourceReloads, sourceFailures, lookupErrors               *prometheus.Desc
	snmpExporters, snmpInterfaces, snmpQuestions, snmpFailed  *prometheus.Desc
	snmpEvicted, snmpCrowded, snmpCut, snmpCredentials        *prometheus.Desc
	dnsQuestions, dnsFailed, dnsDeferred, dnsEvicted, dnsKept *prometheus.Desc
}

func newEnrichmentMetrics(m *metrics) enrichmentMetrics {
	var e enrichmentMetrics
	e.cacheHits = m.desc("enrich_cache_hits_total", "Addresses found in the cache.", "listen")
	e.cacheMisses = m.desc("enrich_cache_misses_total", "Addresses looked up.", "listen")
	e.observerHits = m.desc("enrich_observer_cache_hits_total", "Exporters with a pair of interfaces found in the cache.", "listen")
	e.observerMisses = m.desc("enrich_observer_cache_misses_total", "Exporters with a pair of interfaces looked up.", "listen")
	e.sourceLoaded = m.desc("enrich_source_loaded", "1 when something of the configured file is in use.", "source")
	e.sourceStale = m.desc("enrich_source_stale", "1 when that is of before, because the file of now is missing, damaged or has mistakes.", "source")
	e.sourceBuilt = m.desc("enrich_source_build_timestamp_seconds", "When the content of the database was made.", "source")
	e.sourceEntries = m.desc("enrich_source_entries", "Entries of the file in use.", "source")
	e.sourceReloads = m.desc("enrich_source_reloads_total", "Times that the file was loaded.", "source")
	e.sourceFailures = m.desc("enrich_source_failures_total", "Times that it could not be.", "source")
	e.lookupErrors = m.desc("enrich_lookup_errors_total", "Look-ups that failed because the database is damaged.", "source")
	e.snmpCredentials = m.desc("snmp_credentials", "Credentials in use.")
	e.snmpExporters = m.desc("snmp_exporters", "Exporters whose interfaces are known by SNMP.")
	e.snmpInterfaces = m.desc("snmp_interfaces", "Interfaces of them.")
	e.snmpQuestions = m.desc("snmp_requests_total", "Times that an exporter was asked for its interfaces.")
	e.snmpFailed = m.desc("snmp_errors_total", "Of them, those without an answer of use.", "cause")
	e.snmpEvicted = m.desc("snmp_exporters_evicted_total", "Exporters forgotten for others.")
	e.snmpCrowded = m.desc("snmp_exporters_refused_total", "Questions for names of exporters beyond enrich.snmp.max_exporters.")
	e.snmpCut = m.desc("snmp_tables_refused_total", "Tables of interfaces cut off at enrich.snmp.max_interfaces, or left out because of max_bytes.")
	e.dnsQuestions = m.desc("reverse_dns_requests_total", "Look-ups of the names of addresses.")
	e.dnsFailed = m.desc("reverse_dns_errors_total", "Of them, those that failed.", "cause")
	e.dnsDeferred = m.desc("reverse_dns_deferred_total", "Addresses not looked up yet because too many wait.")
	e.dnsEvicted = m.desc("reverse_dns_evicted_total", "Names forgotten for others.")
	e.dnsKept = m.desc("reverse_dns_entries", "Addresses whose names are remembered.")
	return e
}

func (e *enrichmentMetrics) collect(s *state, counter counterFunc, gauge gaugeFunc) {
	asks := s.names.Load()
	for _, l := range s.counted() {
		listen, c := l.label, enrich.Stats{}
		for _, p := range l.pipelines {
			c.Add(p.enricher.Stats())
		}
		counter(e.cacheHits, c.Hits, listen)
		counter(e.cacheMisses, c.Misses, listen)
		counter(e.observerHits, c.ObserverHits, listen)
		counter(e.observerMisses, c.ObserverMisses, listen)
	}
	for _, f := range s.known.Status() {
		gauge(e.sourceLoaded, boolean(f.Loaded), f.Name)
		gauge(e.sourceStale, boolean(f.Stale), f.Name)
		counter(e.sourceReloads, f.Reloads, f.Name)
		counter(e.sourceFailures, f.Failures, f.Name)
		switch {
		case !f.Database:
			gauge(e.sourceEntries, float64(f.Entries), f.Name)
		case f.Loaded:
			gauge(e.sourceBuilt, float64(f.Built.Unix()), f.Name)
			fallthrough
		default:
			counter(e.lookupErrors, f.Errors, f.Name)
		}
	}
	if file := asks.exporters.Status(); file.Credentials > 0 || file.Error != "" {
		asked := asks.exporters.Stats()
		gauge(e.snmpCredentials, float64(file.Credentials))
		gauge(e.snmpExporters, float64(asked.Named))
		gauge(e.snmpInterfaces, float64(asked.Interfaces))
		counter(e.snmpQuestions, asked.Asked)
		for cause, n := range asked.Failed {
			counter(e.snmpFailed, n, string(cause))
		}
		counter(e.snmpEvicted, asked.Evicted)
		counter(e.snmpCrowded, asked.Crowded)
		counter(e.snmpCut, asked.Refused)
	}
	if asks.addresses != nil {
		asked := asks.addresses.Stats()
		counter(e.dnsQuestions, asked.Asked)
		for cause, n := range asked.Failed {
			counter(e.dnsFailed, n, string(cause))
		}
		counter(e.dnsDeferred, asked.Deferred)
		counter(e.dnsEvicted, asked.Evicted)
		gauge(e.dnsKept, float64(asked.Entries))
	}
}
