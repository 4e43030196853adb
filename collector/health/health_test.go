package health

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// registry has metrics of the collector's names, with values that a test sets.
type registry struct {
	*prometheus.Registry
	counters map[string]*prometheus.CounterVec
	gauges   map[string]*prometheus.GaugeVec
}

func newRegistry() *registry {
	return &registry{prometheus.NewRegistry(), map[string]*prometheus.CounterVec{}, map[string]*prometheus.GaugeVec{}}
}

func (r *registry) count(name string, labels prometheus.Labels, by float64) {
	if r.counters[name] == nil {
		r.counters[name] = prometheus.NewCounterVec(prometheus.CounterOpts{Name: prefix + name}, names(labels))
		r.MustRegister(r.counters[name])
	}
	r.counters[name].With(labels).Add(by)
}

func (r *registry) set(name string, labels prometheus.Labels, to float64) {
	if r.gauges[name] == nil {
		r.gauges[name] = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: prefix + name}, names(labels))
		r.MustRegister(r.gauges[name])
	}
	r.gauges[name].With(labels).Set(to)
}

func names(labels prometheus.Labels) []string {
	all := make([]string, 0, len(labels))
	for name := range labels {
		all = append(all, name)
	}
	return all
}

func take(t *testing.T, taker *Taker, now time.Time) string {
	t.Helper()
	lines, err := taker.Take(now)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, line := range lines {
		text.Write(line)
		text.WriteByte('\n')
	}
	return text.String()
}

var moment = time.Date(2026, time.March, 4, 5, 6, 7, 800_000_000, time.UTC)

func TestTake(t *testing.T) {
	r := newRegistry()
	exporter := prometheus.Labels{"listen": "[::]:2055", "exporter": "192.0.2.1"}
	listen := prometheus.Labels{"listen": "[::]:2055"}
	output := prometheus.Labels{"output": "elasticsearch"}
	host := "collector1"
	r.count("exporter_packets_total", exporter, 100)
	r.count("socket_drops_total", listen, 50) // of a socket that is older than the process
	taker := New(r, About{func() string { return host }, "1.2.3"})

	r.count("exporter_packets_total", exporter, 7)
	r.count("exporter_packets_total", prometheus.Labels{"listen": "[::]:2055", "exporter": "other"}, 3)
	r.set("exporter_waiting_for_template", exporter, 4)
	r.count("exporter_sequence_lost_total", exporter, 5)
	r.count("exporter_sequence_reordered_total", exporter, 2)
	r.count("packets_total", listen, 10)
	r.count("socket_drops_total", listen, 1)
	r.count("flows_dropped_total", prometheus.Labels{"output": "elasticsearch", "cause": "rejected"}, 6)
	r.count("flows_dropped_total", prometheus.Labels{"output": "elasticsearch", "cause": "shutdown"}, 0)
	r.count("documents_sent_total", output, 90)
	r.set("output_up", output, 0)
	r.set("output_oldest_document_age_seconds", output, 2.5)
	r.count("documents_sent_total", prometheus.Labels{"output": "kafka"}, 0) // taken away
	r.count("reader_packets_total", listen, 10)                              // no document has it
	want := `{"@timestamp":"2026-03-04T05:06:07.800Z","collector":{"cause":"rejected","host":"collector1","lost":6,"output":"elasticsearch","unit":"flows","version":"1.2.3"},"ecs":{"version":"1.12.0"},"event":{"dataset":"flowcollector.loss","kind":"metric"}}
{"@timestamp":"2026-03-04T05:06:07.800Z","collector":{"cause":"sequence_gap","host":"collector1","listen":"[::]:2055","lost":3,"unit":"numbers","version":"1.2.3"},"ecs":{"version":"1.12.0"},"event":{"dataset":"flowcollector.loss","kind":"metric"},"observer":{"ip":"192.0.2.1"}}
{"@timestamp":"2026-03-04T05:06:07.800Z","collector":{"cause":"socket_buffer","host":"collector1","listen":"[::]:2055","lost":1,"unit":"packets","version":"1.2.3"},"ecs":{"version":"1.12.0"},"event":{"dataset":"flowcollector.loss","kind":"metric"}}
{"@timestamp":"2026-03-04T05:06:07.800Z","collector":{"host":"collector1","lag_seconds":2.5,"output":"elasticsearch","stored":90,"up":0,"version":"1.2.3"},"ecs":{"version":"1.12.0"},"event":{"dataset":"flowcollector.output","kind":"metric"}}
{"@timestamp":"2026-03-04T05:06:07.800Z","collector":{"host":"collector1","listen":"[::]:2055","packets":10,"version":"1.2.3"},"ecs":{"version":"1.12.0"},"event":{"dataset":"flowcollector.listener","kind":"metric"}}
{"@timestamp":"2026-03-04T05:06:07.800Z","collector":{"host":"collector1","listen":"[::]:2055","packets":3,"version":"1.2.3"},"ecs":{"version":"1.12.0"},"event":{"dataset":"flowcollector.exporter","kind":"metric"}}
{"@timestamp":"2026-03-04T05:06:07.800Z","collector":{"host":"collector1","listen":"[::]:2055","packets":7,"version":"1.2.3","waiting_sets":4},"ecs":{"version":"1.12.0"},"event":{"dataset":"flowcollector.exporter","kind":"metric"},"observer":{"ip":"192.0.2.1"}}
`
	if got := take(t, taker, moment); got != want {
		t.Errorf("the documents are\n%s, not\n%s", got, want)
	}

	// Next time only what came since; what was late is taken back.
	r.count("exporter_sequence_reordered_total", exporter, 1)
	host = "collector2"
	got := take(t, taker, moment.Add(time.Minute))
	for _, want := range []string{`"cause":"sequence_gap","host":"collector2","listen":"[::]:2055","lost":-1`, `"packets":0`, `"stored":0`} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not in\n%s", want, got)
		}
	}
	if strings.Contains(got, "rejected") || strings.Contains(got, "socket_buffer") || strings.Contains(got, "kafka") {
		t.Errorf("what was not lost is in\n%s", got)
	}
}

// TestCounterThatBeganAnew: an exporter that was forgotten and is back has counters from nothing.
func TestCounterThatBeganAnew(t *testing.T) {
	r := newRegistry()
	labels := prometheus.Labels{"listen": "a", "exporter": "192.0.2.1"}
	r.count("exporter_packets_total", labels, 100)
	taker := New(r, About{Host: nameless})
	r.counters["exporter_packets_total"].Reset()
	r.count("exporter_packets_total", labels, 4)
	if got := take(t, taker, moment); !strings.Contains(got, `"packets":4,`) {
		t.Errorf("%s", got)
	}
}

func nameless() string { return "" }

type failing struct {
	prometheus.Gatherer
	err error
}

func (f *failing) Gather() ([]*dto.MetricFamily, error) {
	if f.err != nil {
		return nil, f.err
	}
	return f.Gatherer.Gather()
}

// TestGatherFails: while metrics cannot be read the interval goes on; the first begins once they can be.
func TestGatherFails(t *testing.T) {
	r, broken := newRegistry(), errors.New("broken")
	labels := prometheus.Labels{"listen": "a", "exporter": "192.0.2.1"}
	from := &failing{r, broken}
	r.count("exporter_packets_total", labels, 100)
	taker := New(from, About{Host: nameless})
	if _, err := taker.Take(moment); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	from.err = nil
	if got := take(t, taker, moment); got != "" {
		t.Errorf("the first interval has\n%s", got)
	}
	r.count("exporter_packets_total", labels, 4)
	from.err = broken
	if _, err := taker.Take(moment); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	from.err = nil
	r.count("exporter_packets_total", labels, 5)
	if got := take(t, taker, moment); !strings.Contains(got, `"packets":9,`) {
		t.Errorf("%s", got)
	}
}

// TestFieldsAreInTheTable: a document has no field that Elasticsearch does not know, and each field of the table but those of no metric is in some document.
func TestFieldsAreInTheTable(t *testing.T) {
	r := newRegistry()
	labels := prometheus.Labels{"listen": "a", "exporter": "192.0.2.1", "output": "kafka", "cause": "c"}
	taker := New(r, About{nameless, "v"})
	for name := range parts {
		if strings.HasSuffix(name, "_total") {
			r.count(name, labels, 1)
		} else {
			r.set(name, labels, 1)
		}
	}
	for name := range losses {
		if name != "exporter_sequence_reordered_total" {
			r.count(name, labels, 1)
		}
	}
	lines, err := taker.Take(moment)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, line := range lines {
		var document map[string]any
		if err := json.Unmarshal(line, &document); err != nil {
			t.Fatal(err)
		}
		flatten(found, "", document)
	}
	for _, f := range schema.Health.Fields {
		if !found[f.Name] {
			t.Errorf("no document has %s", f.Name)
		}
		delete(found, f.Name)
	}
	for name := range found {
		t.Errorf("%s is not in the table", name)
	}
}

func flatten(found map[string]bool, path string, value map[string]any) {
	for name, v := range value {
		if inner, is := v.(map[string]any); is {
			flatten(found, path+name+".", inner)
		} else {
			found[path+name] = true
		}
	}
}
