package service

import (
	"context"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/health"
	"github.com/flowstack/terraform-provider-flowstack/collector/output"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
	"github.com/flowstack/terraform-provider-flowstack/collector/service/heartbeat"
)

const (
	// healthBatch is the size of a batch of documents of health, and healthBuffer what may wait in memory: some hours of what ten exporters make.
	healthBatch  = 256 << 10
	healthBuffer = 4 << 20
	// healthPatience is how long the last documents may take to be stored.
	healthPatience = 2 * time.Second
)

// healthWriter writes documents about the service itself into an index of their own. A nil one does nothing.
type healthWriter struct {
	sink     *output.Elasticsearch
	batcher  *output.Batcher
	interval time.Duration
	about    health.About
	logger   *slog.Logger
	beat     *heartbeat.Heartbeat
	stop     chan struct{}
	writing  sync.WaitGroup
}

// openHealth makes what writes documents of health; nil where the settings ask for none. It does not wait for the server.
func (s *service) openHealth(cfg config.Config) (*healthWriter, error) {
	es := cfg.Output.Elasticsearch
	if len(es.Addresses) == 0 || es.Health.Index == "" {
		return nil, nil // documented: there is none.
	}
	pool := output.NewPool(healthBatch, 1)
	pool.GiveIDs(true)
	c := output.ElasticsearchConfig{
		Connection: Connection(es, s.version, s.logger), Name: "health", Documents: schema.Health, Index: es.Health.Index, Gzip: es.Gzip,
		Queue: output.NewMemoryQueue(healthBuffer, pool), Pool: pool,
	}
	if es.Setup {
		c.Setup = es.Target
	}
	sink, err := output.NewElasticsearch(c)
	if err != nil {
		return nil, err
	}
	host, err := os.Hostname()
	if err != nil {
		s.logger.Warn("documents of health have no name of a host", "error", err)
	}
	interval := time.Duration(es.Health.Interval)
	return &healthWriter{
		sink: sink, batcher: output.NewBatcher(sink, pool, healthBatch, interval), interval: interval, about: health.About{Host: host, Version: s.version},
		logger: s.logger.With("output", "health"), beat: heartbeat.New("writer of health", heartbeat.Forever), stop: make(chan struct{}),
	}, nil
}

// begin writes at intervals, until end.
func (h *healthWriter) begin(metrics prometheus.Gatherer) {
	if h == nil {
		return
	}
	taker, err := health.New(metrics, h.about)
	if err != nil {
		h.logger.Error("no documents of health are written", "error", err)
		return
	}
	h.writing.Go(func() {
		ticker := time.NewTicker(h.interval)
		defer ticker.Stop()
		defer h.beat.Rest() // finished
		for {
			h.beat.Beat(h.interval + stageGrace)
			select {
			case <-h.stop:
				h.write(taker)
				return
			case <-ticker.C:
				h.write(taker)
			}
		}
	})
}

// write hands over the documents of the interval that ends now. While there is no room for them the interval goes on, so that nothing is missing in sums.
func (h *healthWriter) write(taker *health.Taker) {
	if held := h.sink.Stats()[0].Held; held.Bytes+healthBatch > held.Limit {
		return
	}
	now := time.Now()
	lines, err := taker.Take(now)
	if err != nil {
		h.logger.Error("documents of health are missing", "error", err)
		return
	}
	for _, line := range lines {
		if !h.batcher.Ready() {
			h.batcher.Refuse(1)
			continue
		}
		h.batcher.Commit(append(h.batcher.Begin(), line...), now)
	}
	h.batcher.Flush()
}

// end writes once more, and then no more.
func (h *healthWriter) end() {
	if h == nil {
		return
	}
	close(h.stop)
	h.writing.Wait()
}

// close ends the sink; what waits has so long to be stored.
func (h *healthWriter) close(ctx context.Context, within time.Duration) {
	if h == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), within)
	defer cancel()
	if err := h.sink.Close(ctx); err != nil {
		h.logger.Warn("documents of health are lost", "error", err)
	}
}

func (h *healthWriter) alive() error {
	if h == nil {
		return nil
	}
	if err := h.beat.Err(); err != nil {
		return err
	}
	return h.sink.Alive()
}

// problem is why documents of health are not stored; empty when they are.
func (h *healthWriter) problem() string {
	if h == nil {
		return ""
	}
	return h.sink.Stats()[0].Problem.Text
}

// nextHealth is the writer for other settings: the same where they say the same.
func (s *service) nextHealth(cfg config.Config) (*healthWriter, error) {
	if now := s.health.Load(); now != nil && equal(s.config.Output.Elasticsearch, cfg.Output.Elasticsearch) {
		return now, nil
	}
	return s.openHealth(cfg)
}

// changeHealth puts another writer into the place of that of now: it goes on where the other one ended.
func (s *service) changeHealth(next *healthWriter) {
	before := s.health.Swap(next)
	if before == next {
		return
	}
	before.end()
	next.begin(s.registry)
	s.background.Go(func() { before.close(s.watching, healthPatience) })
}
