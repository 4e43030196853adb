package service

import (
	"strings"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/health"
)

// health are the documents about the service itself, of one kind.
func (e *elastic) health(dataset string) (docs []map[string]any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, doc := range e.docs {
		if at(doc, "event.dataset") == "flowcollector."+dataset {
			docs = append(docs, doc)
		}
	}
	return docs
}

// total is the sum of a field.
func total(docs []map[string]any, field string) (sum float64) {
	for _, doc := range docs {
		n, _ := at(doc, field).(float64)
		sum += n
	}
	return sum
}

// TestHealthIsWritten: documents about the service say what came and what was lost, once each, over a change of the settings and until the end.
func TestHealthIsWritten(t *testing.T) { eachReaders(t, healthIsWritten) }

func healthIsWritten(t *testing.T) {
	e := newElastic(t)
	r := runReloadable(t, settings(func(c *config.Config) {
		c.Output.Elasticsearch.Addresses = []string{e.URL}
		c.Output.Elasticsearch.Health = config.Health{Index: "health", Interval: config.Duration(time.Second)}
	}))
	flows := r.s.sink.Sink("elasticsearch")
	r.send(r.UDP[0], netflow5(0, 30), netflow5(30, 30))
	until(t, "the flows in documents of health", func() bool { return total(e.health("exporter"), "collector.records") == 60 })

	// Another interval: the output of flows stays as it is, and what was counted is not counted again.
	r.reload(func(c *config.Config) { c.Output.Elasticsearch.Health.Interval = config.Duration(time.Hour) })
	if r.s.sink.Sink("elasticsearch") != flows {
		t.Error("the output of flows was opened anew")
	}
	r.send(r.UDP[0], netflow5(70, 30), []byte{0, 99}) // ten are missing; and no flow packet at all
	until(t, "the flows", func() bool { return r.flows() == 90 && e.count() >= 90 })
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	if n := total(e.health("exporter"), "collector.records"); n != 90 {
		t.Errorf("exporters sent %v flows by the documents, not 90", n)
	}
	if n := total(e.health("listener"), "collector.packets"); n != 4 {
		t.Errorf("%v packets came by the documents, not 4", n)
	}
	if n := total(e.health("output"), "collector.stored"); n != 90 {
		t.Errorf("%v flows were stored by the documents, not 90", n)
	}
	lost := map[any]float64{}
	for _, doc := range e.health("loss") {
		lost[at(doc, "collector.cause")] += total([]map[string]any{doc}, "collector.lost")
	}
	if len(lost) != 2 || lost["sequence_gap"] != 10 || lost["unsupported_version"] != 1 {
		t.Errorf("lost is %v", lost)
	}
	for _, doc := range e.health("exporter") {
		if at(doc, "observer.ip") != "127.0.0.1" || at(doc, "collector.host") == "" {
			t.Errorf("%v", doc)
		}
	}
}

// TestHealthOfWhatEnds: what an address received is in the documents when it is taken away before its interval is over, and is not counted again by the next
// writer.
func TestHealthOfWhatEnds(t *testing.T) {
	e := newElastic(t)
	r := runReloadable(t, settings(func(c *config.Config) {
		c.Listen.UDP = []string{"127.0.0.1:0", "127.0.0.2:0"}
		c.Output.Elasticsearch.Addresses = []string{e.URL}
		c.Output.Elasticsearch.Health = config.Health{Index: "health", Interval: config.Duration(time.Hour)}
	}))
	r.send(r.UDP[1], netflow5(0, 30))
	until(t, "the flows", func() bool { return r.flows() == 30 })
	r.reload(func(c *config.Config) { c.Listen.UDP = []string{"127.0.0.1:0"} })
	until(t, "the packet of the address that is gone", func() bool { return total(e.health("listener"), "collector.packets") == 1 })

	r.reload(func(c *config.Config) { c.Output.Elasticsearch.Health.Index = "health-others" })
	if _, metrics := r.get("/metrics"); !strings.Contains(metrics, "flowcollector_health_up 1\n") || !strings.Contains(metrics, `flowcollector_health_documents_dropped_total{cause="shutdown"} 0`) {
		t.Errorf("the metrics have no account of health: %s", metrics)
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	if n := total(e.health("listener"), "collector.packets"); n != 1 {
		t.Errorf("%v packets came by the documents, not 1", n)
	}
}

// TestHealthThatWaitsIsHandedOver: documents that cannot be stored where they are to go are stored by the writer of other settings.
func TestHealthThatWaitsIsHandedOver(t *testing.T) {
	e := newElastic(t)
	e.unmapped = "health"
	r := runReloadable(t, settings(func(c *config.Config) {
		c.Output.Elasticsearch.Addresses = []string{e.URL}
		c.Output.Elasticsearch.Health = config.Health{Index: "health", Interval: config.Duration(time.Second)}
	}))
	r.send(r.UDP[0], netflow5(0, 30))
	until(t, "documents that wait", func() bool {
		return r.flows() == 30 && r.s.health.Load().sink.Stats()[0].Held.Documents > 0
	})
	r.reload(func(c *config.Config) {
		c.Output.Elasticsearch.Health = config.Health{Index: "health-others", Interval: config.Duration(time.Hour)}
	})
	until(t, "the packet", func() bool { return total(e.health("listener"), "collector.packets") == 1 })
}

// TestHealthIsMadeOfMetrics: each metric that documents of health are made of is one that there is.
func TestHealthIsMadeOfMetrics(t *testing.T) {
	var all strings.Builder
	for _, d := range newMetrics(&state{}).descs {
		all.WriteString(d.String())
	}
	for _, name := range health.Metrics() {
		if !strings.Contains(all.String(), `fqName: "`+name+`"`) {
			t.Errorf("there is no metric %s", name)
		}
	}
}

// TestHealthIsRefused: what cannot be written about the service is a warning, and flows go on.
func TestHealthIsRefused(t *testing.T) {
	e := newElastic(t)
	e.unmapped = "health"
	c := run(t, settings(func(c *config.Config) {
		c.Output.Elasticsearch.Addresses = []string{e.URL}
		c.Output.Elasticsearch.Health.Index = "health"
	}), Options{})
	c.send(c.UDP[0], netflow5(0, 30))
	until(t, "the flows", func() bool { return e.count() == 30 })
	until(t, "a warning", func() bool {
		status, text := c.get("/readyz")
		return status == 200 && strings.Contains(text, "warning: documents of health: health is there without the mappings of health: remove it")
	})
	if err := c.stop(); err != nil {
		t.Error(err)
	}
}
