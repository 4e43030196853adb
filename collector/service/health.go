package service

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

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
	logger   *slog.Logger
	beat     *heartbeat.Heartbeat
	stop     chan struct{}
	now      chan chan<- struct{} // asks to write at once; answered when that is done
	begun    bool
	writing  sync.WaitGroup
	missing  atomic.Pointer[error] // why the last documents could not be made
}

// openHealth makes what writes documents of health; nil where the settings ask for none. It does not wait for the server.
func (s *service) openHealth(cfg config.Config) (*healthWriter, error) {
	es := cfg.Output.Elasticsearch
	if len(es.Addresses) == 0 || es.Health.Index == "" {
		return nil, nil // documented: there is none.
	}
	c := output.ElasticsearchConfig{
		Connection: Connection(es, s.version, s.logger), Name: "health", Documents: schema.Health, Index: es.Health.Index, Gzip: es.Gzip,
		Queue: output.NewMemoryQueue(healthBuffer, s.healthPool), Pool: s.healthPool,
	}
	if es.Setup {
		c.Setup = es.Target
	}
	sink, err := output.NewElasticsearch(c)
	if err != nil {
		return nil, err
	}
	interval := time.Duration(es.Health.Interval)
	return &healthWriter{
		sink: sink, batcher: output.NewBatcher(sink, s.healthPool, healthBatch, interval), interval: interval, logger: s.logger.With("output", "health"),
		beat: heartbeat.New("writer of health", heartbeat.Forever), stop: make(chan struct{}), now: make(chan chan<- struct{}),
	}, nil
}

// newTaker takes documents of health from the service's metrics, of what is counted from now on.
func (s *service) newTaker() *health.Taker {
	return health.New(s.registry, health.About{Host: hostName, Version: s.version})
}

// begin writes at intervals, until end.
func (h *healthWriter) begin(taker *health.Taker) {
	if h == nil {
		return
	}
	h.begun = true
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
			case done := <-h.now:
				h.write(taker)
				close(done)
			case <-ticker.C:
				h.write(taker)
			}
		}
	})
}

// write hands over the documents of the interval that ends now. While there is no room for them the interval goes on, so that nothing is missing in sums.
func (h *healthWriter) write(taker *health.Taker) {
	defer func() { h.batcher.Tick(time.Now()) }()
	if held := h.sink.Stats()[0].Held; held.Bytes+healthBatch > held.Limit {
		return
	}
	now := time.Now()
	lines, err := taker.Take(now)
	if err != nil {
		h.missing.Store(&err)
		h.logger.Error("documents of health are missing", "error", err)
		return
	}
	h.missing.Store(nil)
	for _, line := range lines {
		if !h.batcher.Ready() {
			h.batcher.Refuse(1)
			continue
		}
		h.batcher.Commit(append(h.batcher.Begin(), line...), now)
	}
	h.batcher.Flush()
}

// writeNow writes at once, if it writes at all, and returns when that is done: what comes to its end has no metrics any more after it.
func (h *healthWriter) writeNow() {
	if h == nil || !h.begun {
		return
	}
	done := make(chan struct{})
	h.now <- done
	<-done
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

// retire ends the sink; what waits goes to the next writer's.
func (h *healthWriter) retire(ctx context.Context, next *healthWriter) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), healthPatience)
	defer cancel()
	if err := h.sink.Retire(ctx, next.sink); err != nil {
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
	if err := h.missing.Load(); err != nil {
		return (*err).Error()
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

// beginHealth writes of what is counted from now on.
func (s *service) beginHealth() {
	s.taker = s.newTaker()
	s.health.Load().begin(s.taker)
}

// changeHealth puts another writer into the place of that of now: it goes on where the other one ended, and stores what that one has not.
func (s *service) changeHealth(next *healthWriter) {
	before := s.health.Swap(next)
	if before == next {
		return
	}
	before.end()
	if before == nil || s.taker == nil {
		s.taker = s.newTaker()
	}
	next.begin(s.taker)
	switch {
	case before == nil:
	case next == nil:
		s.background.Go(func() { before.close(s.watching, healthPatience) })
	default:
		s.background.Go(func() { before.retire(s.watching, next) })
	}
}
