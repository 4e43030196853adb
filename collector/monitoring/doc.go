// Package monitoring holds what the package ships for people who watch the collector: a dashboard for Grafana, and recording rules and alerts for
// Prometheus. Package service tests that the metrics they name are there; docs/alerts.md says what each alert means.
package monitoring

import _ "embed"

// Dashboard is a dashboard of Grafana.
//
//go:embed grafana-dashboard.json
var Dashboard []byte

// Rules is a file of rules of Prometheus.
//
//go:embed prometheus-rules.yml
var Rules []byte
