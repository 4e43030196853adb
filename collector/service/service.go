// Package service is the collector as a program that runs: it builds the pipelines from listeners to outputs, tells
// systemd how it is, serves metrics and health, and stops without losing what it holds.
package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/enrich"
	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/health"
	"github.com/flowstack/terraform-provider-flowstack/collector/output"
	"github.com/flowstack/terraform-provider-flowstack/collector/receive/inherit"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
	"github.com/flowstack/terraform-provider-flowstack/collector/top"
)

const (
	// DrainTime bounds how long a stop waits for what is buffered to be stored.
	DrainTime = 10 * time.Second
	// stopGrace is what a stop may take besides: reading what the kernel holds, and ending what hangs.
	stopGrace = 5 * time.Second
)

// Options are what the service needs besides its settings.
type Options struct {
	Version string         // of the program, for metrics, logs and the User-Agent
	Logger  *slog.Logger   // nil is slog.Default()
	Level   *slog.LevelVar // the least level that Logger logs, to follow log.level; nil: it does not
	// Bound, if set, is called once everything is bound, with the addresses in use. Outputs need not be reached yet.
	Bound func(Addresses)
	// Reload has a value whenever the settings are to be read again, by Load. Without Load there are no reloads.
	Reload <-chan os.Signal
	Load   func() (config.Config, error)
	// DrainTime and ReadyTime replace the constants of these names when they are not 0.
	DrainTime, ReadyTime time.Duration

	pace pace
}

// pace is how long steps may take before their stage counts as stuck, and how often some are made. Tests have another one.
type pace struct {
	reader, status, probe, grace time.Duration
	write                        time.Duration // of an NDJSON file; 0 is the output's own
}

var usual = pace{reader: readerGrace, status: statusInterval, probe: probeInterval, grace: stageGrace}

// Addresses are what the service is bound to.
type Addresses struct {
	UDP, TCP, TLS []netip.AddrPort
	HTTP          netip.AddrPort // invalid when http.address is empty
}

// Run runs the service until ctx ends, and then stores what it holds, for DrainTime at most. It returns nil after a
// stop that lost nothing. The reason for a failed start is also in the unit's status.
func Run(ctx context.Context, cfg config.Config, o Options) error {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.DrainTime <= 0 {
		o.DrainTime = DrainTime
	}
	if o.ReadyTime <= 0 {
		o.ReadyTime = ReadyTime
	}
	if o.Load == nil {
		o.Reload = nil
	}
	s, err := start(ctx, cfg, o)
	if err != nil {
		notifyFailure(o.Logger, err)
		return err
	}
	return s.run(ctx)
}

// service is a collector that is built and bound. What is not in state belongs to the goroutine of run.
type service struct {
	state
	options  Options
	telling  sync.Mutex // systemd of phases
	logger   *slog.Logger
	config   config.Config // in force
	pool     *output.Pool
	encoder  *schema.Encoder
	registry *prometheus.Registry
	http     *httpServer // nil when off
	noRecent string      // what keeps recent flows from being kept, where they are to be

	healthPool *output.Pool // of documents of health
	taker      *health.Taker

	inherited *inherit.Sockets // what systemd passed, and where it keeps sockets

	// What listeners ask.
	certificates atomic.Pointer[certificates] // nil without TLS
	allowed      atomic.Pointer[exporter.Networks]

	reading    context.Context // of the pipelines
	fail       context.CancelCauseFunc
	readers    sync.WaitGroup
	watching   context.Context // of all that goes on while pipelines and outputs come to their end
	unwatch    context.CancelFunc
	background sync.WaitGroup
}

func start(ctx context.Context, cfg config.Config, o Options) (_ *service, err error) {
	if o.pace == (pace{}) {
		o.pace = usual
	}
	s := &service{options: o, logger: o.Logger, config: cfg}
	s.version, s.started = o.Version, time.Now()
	s.show(cfg)
	s.stages, s.registry = newStages(), newRegistry(&s.state)
	s.reloads.succeeded(nil)
	defer func() {
		if err != nil {
			err = errors.Join(err, s.release(ctx, true))
		}
	}()

	s.setLevel(cfg)
	s.allow(cfg)
	rules, err := policy(cfg.Decode)
	if err != nil {
		return nil, err
	}
	if len(cfg.Listen.IPFIXTLS) > 0 {
		files, err := openCertificates("listen.tls", cfg.Listen.TLS, s.logger)
		if err != nil {
			return nil, err
		}
		s.certificates.Store(files)
	}
	s.inherited = inherit.Take(o.Logger)
	feeds, err := s.listen(ctx, cfg.Listen, s.certificates.Load(), nil)
	if err != nil {
		return nil, err
	}
	s.inherited.Release()
	s.pool = output.NewPool(int(cfg.Output.Elasticsearch.BatchBytes), 0)
	s.healthPool = output.NewPool(healthBatch, 1)
	s.healthPool.GiveIDs(true)
	list := s.newListeners(cfg, rules, feeds)
	s.sizePool(cfg, len(pipelinesOf(list)))
	s.open.Store(&listening{listeners: list})
	s.restore(cfg)
	if s.encoder, err = schema.NewEncoder(cfg.Document.Selection()); err != nil {
		return nil, fmt.Errorf("unable to use the settings below document: %w", err)
	}
	names, err := openNames(cfg.Enrich, o.Logger)
	if err != nil {
		return nil, err
	}
	s.names.Store(names)
	s.known = enrich.Open(names.options(cfg.Enrich, s.encoder, o.Logger))
	if err := s.openOutputs(ctx, cfg); err != nil {
		return nil, err
	}
	for _, p := range pipelinesOf(list) {
		s.connect(p, cfg)
	}
	writer, err := s.openHealth(cfg) //nolint:contextcheck // it lives as long as the service
	if err != nil {
		return nil, err
	}
	s.health.Store(writer)
	if cfg.HTTP.Address != "" {
		s.http, err = awaitAddress(ctx, s.logger, cfg.HTTP.Address, uptime, func() (*httpServer, error) { return s.openHTTP(ctx, cfg.HTTP) })
		if err != nil {
			return nil, err
		}
	}
	return s, nil
}

// setLevel has the logger follow log.level.
func (s *service) setLevel(cfg config.Config) {
	if s.options.Level != nil {
		// The settings have checked it.
		_ = s.options.Level.UnmarshalText([]byte(cfg.Log.Level))
	}
}

// show keeps the settings for pages.
func (s *service) show(cfg config.Config) {
	list := cfg.Settings()
	s.settings.Store(&list)
}

// look begins to note what pages show, unless that goes on already.
func (s *service) look() {
	for _, p := range s.pipelines() {
		p.top.CompareAndSwap(nil, top.New())
	}
	if s.sampler.Load() == nil {
		sampler := newSampler(&s.state)
		s.sampler.Store(sampler)
		s.background.Go(func() { sampler.run(s.watching.Done()) })
	}
}

// lookAway ends that: nobody can look any more.
func (s *service) lookAway() {
	for _, p := range s.pipelines() {
		p.top.Store(nil)
	}
	if sampler := s.sampler.Swap(nil); sampler != nil {
		sampler.end()
	}
}

// allow tells listeners who may connect. Tables ask for themselves.
func (s *service) allow(cfg config.Config) {
	networks := exporter.NewNetworks(limits(cfg.Exporters).Allow)
	s.allowed.Store(&networks)
}

// sizePool makes room for the batches of so many pipelines, and of those that send.
func (s *service) sizePool(cfg config.Config, pipelines int) {
	es := cfg.Output.Elasticsearch
	sending := es.Workers // batches that are in use until they are stored; those that are compressed are not
	if es.Gzip {
		sending = min(sending, runtime.GOMAXPROCS(0))
	}
	s.pool.Resize(int(es.BatchBytes), pipelines+sending+1)
	s.pool.GiveIDs(es.DocumentIDs)
}

// connect gives a pipeline what is behind its table.
func (s *service) connect(p *pipeline, cfg config.Config) {
	p.enricher = s.known.New()
	p.batching = rulesOf(cfg, exporter.Policy{}).batching
	p.batcher = output.NewBatcher(s.sink, s.pool, p.batching.size, p.batching.flush)
	p.batcher.OnRefused(p.table.Dropped)
}

// release closes what start opened; the sink only where nothing was stored yet.
func (s *service) release(ctx context.Context, withSink bool) error {
	var errs []error
	for _, l := range s.listeners() {
		errs = append(errs, l.feed.Close())
	}
	if s.http != nil {
		errs = append(errs, s.http.close())
	}
	if withSink && s.sink != nil {
		errs = append(errs, closeEmpty(ctx, s.sink))
		s.health.Load().close(ctx, 0)
	}
	return errors.Join(errs...)
}

// closeEmpty closes a sink that holds nothing, without waiting for a server.
func closeEmpty(ctx context.Context, sink output.Sink) error {
	now, cancel := context.WithCancel(context.WithoutCancel(ctx))
	cancel()
	return sink.Close(now)
}

// addresses are what listeners and the server of metrics are bound to.
func (s *service) addresses() Addresses {
	a := Addresses{}
	for _, l := range s.listeners() {
		switch at := l.feed.LocalAddr(); l.feed.protocol() {
		case "udp":
			a.UDP = append(a.UDP, at)
		case "tcp":
			a.TCP = append(a.TCP, at)
		case "tls":
			a.TLS = append(a.TLS, at)
		}
	}
	if s.http != nil {
		a.HTTP = s.http.address()
	}
	return a
}

// begin lets the pipelines of a listener read until its end, or that of all.
func (s *service) begin(l *listener) {
	reading, end := context.WithCancel(s.reading)
	l.end = end
	l.feed.settle(l.pipelines)
	for _, p := range l.pipelines {
		l.reading.Add(1)
		s.readers.Go(func() {
			defer l.reading.Done()
			if err := p.run(reading); err != nil {
				s.fail(err)
			}
		})
	}
}

func (s *service) run(ctx context.Context) error {
	// A reader that fails ends the others: the service manager starts the service anew.
	s.reading, s.fail = context.WithCancelCause(ctx)
	defer s.fail(nil)
	s.watching, s.unwatch = context.WithCancel(context.WithoutCancel(ctx))
	defer s.unwatch()
	s.beginHealth()
	for _, l := range s.listeners() {
		s.begin(l) //nolint:contextcheck // it has that of reading, which is made of ctx
	}
	if s.http != nil {
		s.beginHTTP()
	}
	bound := s.addresses()
	s.logger.Info("collecting", "version", s.version, "udp", bound.UDP, "tcp", bound.TCP, "tls", bound.TLS, "http", bound.HTTP)
	if s.options.Bound != nil {
		s.options.Bound(bound)
	}
	stopped := make(chan struct{})
	if s.store != nil {
		s.background.Go(s.store.Run)
	}
	s.background.Go(func() { s.known.Run(s.watching) })
	s.names.Load().run(s.watching, &s.background) //nolint:contextcheck // it is made of ctx, and goes on while outputs come to their end
	s.background.Go(s.becomeReady)
	s.background.Go(func() { s.report(stopped) })
	s.background.Go(func() { s.probe(stopped) })
	s.background.Go(func() { s.watchdog(stopped) })

	for s.reading.Err() == nil {
		select {
		case <-s.reading.Done():
		case <-s.options.Reload:
			s.reload(s.reading) //nolint:contextcheck // it is made of ctx, and ends with a reader too
		}
	}
	s.enter(stopping, daemon.SdNotifyStopping, extend(s.options.DrainTime+stopGrace), status("stopping: storing what is buffered"))
	s.readers.Wait()
	if s.store != nil {
		s.store.Close()
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.options.DrainTime)
	defer cancel()
	left := s.sink.Close(drain)
	s.health.Load().end()
	s.health.Load().close(ctx, healthPatience)
	close(stopped)
	s.unwatch()
	s.summary(left)

	var failed error
	if cause := context.Cause(s.reading); ctx.Err() == nil { //nolint:contextcheck // it is made of ctx
		failed = cause
		notifyFailure(s.logger, failed)
	}
	rest := s.release(ctx, false)
	s.background.Wait()
	return errors.Join(failed, left, rest)
}

// summary logs the end of the account: what came in and what became of it.
func (s *service) summary(left error) {
	t := s.totals()
	attrs := []any{"flows", t.flows, "packets_dropped_by_kernel", t.kernelDrops}
	for _, o := range t.outputs {
		attrs = append(attrs, o.Name+"_stored", o.Sent)
		causes := make([]string, 0, len(o.Dropped))
		for cause := range o.Dropped {
			causes = append(causes, cause)
		}
		slices.Sort(causes)
		for _, cause := range causes {
			attrs = append(attrs, fmt.Sprintf("%s_dropped_%s", o.Name, cause), o.Dropped[cause])
		}
	}
	if left != nil {
		s.logger.Error("stopped with flows not stored", append(attrs, "error", left)...)
		return
	}
	s.logger.Info("stopped", attrs...)
}
