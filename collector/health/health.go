// Package health makes documents of a collector's metrics, for Elasticsearch: what arrives, what is lost and by what cause, how far outputs are behind. Their fields are
// in the table of package schema.
package health

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// About is what all documents of a collector have.
type About struct {
	Host    func() string // its name, asked each time: a machine gets its own while it starts, after the collector did
	Version string
}

// Taker makes documents of what was counted between two moments. It belongs to one goroutine.
type Taker struct {
	about  About
	from   prometheus.Gatherer
	before map[series]float64 // the counters of the moment before
}

// series is one of the series of a metric: its name and its labels.
type series struct{ metric, labels string }

// New returns a taker of the metrics of a collector; what they count until now is in no document.
func New(from prometheus.Gatherer, about About) *Taker {
	t := &Taker{about: about, from: from}
	_, _ = t.Take(time.Time{}) // else the first interval begins when they can be read: the next time tells
	return t
}

// Take makes the documents of the interval that ends now: each is a JSON object on one line. An error is that of Gather; counters then go on to the next time.
func (t *Taker) Take(now time.Time) ([][]byte, error) {
	families, err := t.from.Gather()
	if err != nil {
		return nil, fmt.Errorf("unable to read the metrics: %w", err)
	}
	d := documents{before: t.before, now: map[series]float64{}, made: map[subject]figures{}}
	for _, f := range families {
		name, ours := strings.CutPrefix(f.GetName(), prefix)
		if !ours {
			continue
		}
		for _, m := range f.GetMetric() {
			d.add(name, f.GetType(), m)
		}
	}
	first := t.before == nil
	if t.before = d.now; first {
		return nil, nil
	}
	return d.encode(t.about, now), nil
}

// prefix is that of the names of the collector's metrics.
const prefix = "flowcollector_"

// subject is what a document is about; what does not apply is empty.
type subject struct{ dataset, listen, exporter, output, cause, unit string }

// figures are the numbers of a document, by the part of the field's name behind collector.
type figures map[string]float64

// documents are those of one interval.
type documents struct {
	before, now map[series]float64
	made        map[subject]figures
}

// add takes a value of a metric into the documents that have it.
func (d *documents) add(name string, kind dto.MetricType, m *dto.Metric) {
	labels := map[string]string{}
	for _, l := range m.GetLabel() {
		labels[l.GetName()] = l.GetValue()
	}
	value := m.GetGauge().GetValue()
	if kind == dto.MetricType_COUNTER {
		value = d.since(series{name, fmt.Sprint(labels)}, m.GetCounter().GetValue())
	}
	if p, is := parts[name]; is {
		d.count(subject{dataset: p.dataset, listen: labels["listen"], exporter: labels["exporter"], output: labels["output"]}, p.figure, value)
	}
	if l, is := losses[name]; is && value != 0 {
		if l.cause == "" {
			l.cause = labels["cause"]
		}
		s := subject{dataset: schema.DatasetLoss, listen: labels["listen"], exporter: labels["exporter"], output: labels["output"], cause: l.cause, unit: l.unit}
		if l.back {
			value = -value
		}
		d.count(s, "lost", value)
	}
}

// since is by how much a counter grew. One that is less than before began anew.
func (d *documents) since(s series, now float64) float64 {
	d.now[s] = now
	if before := d.before[s]; before <= now {
		return now - before
	}
	return now
}

func (d *documents) count(s subject, figure string, value float64) {
	if d.made[s] == nil {
		d.made[s] = figures{}
	}
	d.made[s][figure] += value
}

// encode writes the documents that say something, always in the same order.
func (d *documents) encode(about About, now time.Time) [][]byte {
	host := about.Host()
	var lines []string
	for s, f := range d.made {
		if !f.tell(s) {
			continue
		}
		collector := map[string]any{"host": host, "version": about.Version}
		for name, value := range map[string]string{"listen": s.listen, "output": s.output, "cause": s.cause, "unit": s.unit} {
			if value != "" {
				collector[name] = value
			}
		}
		for name, value := range f {
			collector[name] = value
		}
		document := map[string]any{
			"@timestamp": now.UTC().Format("2006-01-02T15:04:05.000Z07:00"), "ecs": map[string]any{"version": schema.ECSVersion},
			"event": map[string]any{"kind": "metric", "dataset": s.dataset}, "collector": collector,
		}
		if s.exporter != "" && s.exporter != others {
			document["observer"] = map[string]any{"ip": s.exporter}
		}
		text, err := json.Marshal(document)
		if err != nil {
			panic(err) // texts and finite numbers
		}
		lines = append(lines, string(text))
	}
	slices.Sort(lines)
	made := make([][]byte, len(lines))
	for i, line := range lines {
		made[i] = []byte(line)
	}
	return made
}

// others is the name under which the metrics sum up exporters that have no series of their own.
const others = "other"

// tell says whether a document is worth its place: a loss that is none is not, nor is an output that was taken away and has nothing new.
func (f figures) tell(s subject) bool {
	if _, state := f["up"]; s.dataset == schema.DatasetOutput && state {
		return true
	}
	if s.dataset == schema.DatasetOutput || s.dataset == schema.DatasetLoss {
		return slices.ContainsFunc(slices.Collect(maps.Values(f)), func(v float64) bool { return v != 0 })
	}
	return true
}
