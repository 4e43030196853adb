// Package service is the collector as a program that runs: it builds the pipelines from listeners to outputs, tells
// systemd how it is, serves metrics and health, and stops without losing what it holds.
package service

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/decode"
	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/output"
	"github.com/flowstack/terraform-provider-flowstack/collector/receive"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
	"github.com/flowstack/terraform-provider-flowstack/collector/service/heartbeat"
)

const (
	// DrainTime bounds how long a stop waits for what is buffered to be stored.
	DrainTime = 10 * time.Second
	// statusInterval is how often the status line is made anew.
	statusInterval = 5 * time.Second
)

// Options are what the service needs besides its settings.
type Options struct {
	Version string       // of the program, for metrics, logs and the User-Agent
	Logger  *slog.Logger // nil is slog.Default()
	// Ready, if set, is called once everything is bound, with the addresses in use.
	Ready func(Addresses)
	// DrainTime replaces the constant of that name when it is not 0.
	DrainTime time.Duration
}

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
	s, err := start(ctx, cfg, o)
	if err != nil {
		notifyFailure(o.Logger, err)
		return err
	}
	return s.run(ctx)
}

// service is a collector that is built and bound.
type service struct {
	state
	options Options
	logger  *slog.Logger
	http    *httpServer // nil when off
}

func start(ctx context.Context, cfg config.Config, o Options) (_ *service, err error) {
	s := &service{options: o, logger: o.Logger}
	s.version = o.Version
	defer func() {
		if err != nil {
			err = errors.Join(err, s.release(ctx, true))
		}
	}()

	es := cfg.Output.Elasticsearch
	batch := int(es.BatchBytes)
	bounds := limits(cfg.Exporters)
	rules, err := policy(cfg.Decode)
	if err != nil {
		return nil, err
	}
	feeds, err := s.listen(ctx, cfg.Listen, exporter.NewNetworks(bounds.Allow))
	if err != nil {
		return nil, err
	}
	pool := output.NewPool(batch, len(feeds)+es.Workers+2)
	if es.DocumentIDs {
		pool.GiveIDs()
	}
	for i, f := range feeds {
		table := exporter.NewTable(bounds)
		table.Apply(rules)
		s.pipelines = append(s.pipelines, &pipeline{
			feed: f, table: table, decoder: decode.New(table), index: i,
			beat:   heartbeat.New("reader "+label(f), readerGrace),
			logger: o.Logger.With("listen", label(f)),
		})
	}
	s.restore(cfg)
	encoder, err := schema.NewEncoder(cfg.Document.Selection())
	if err != nil {
		return nil, fmt.Errorf("unable to use the settings below document: %w", err)
	}
	if s.enrichment, err = openEnrichment(cfg.Enrich, encoder, o.Logger); err != nil {
		return nil, err
	}
	if s.sink, err = s.sinks(ctx, cfg, o, pool); err != nil {
		return nil, err
	}
	for _, p := range s.pipelines {
		p.enricher, p.encoder = s.known.New(), encoder
		p.batcher = output.NewBatcher(s.sink, pool, batch, time.Duration(es.FlushInterval))
	}
	if cfg.HTTP.Address != "" {
		if s.http, err = listenHTTP(ctx, cfg.HTTP.Address, &s.state, newRegistry(&s.state), o.Logger); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// listen binds every address, or none. A host without IPv6 is served over IPv4 only, unless an IPv6 address was named.
func (s *service) listen(ctx context.Context, l config.Listen, allowed exporter.Networks) (feeds []feed, err error) {
	defer func() {
		if err != nil {
			for _, open := range feeds {
				err = errors.Join(err, open.Close())
			}
			feeds = nil
		}
	}()
	options := receive.StreamOptions{
		MaxConnections: l.MaxConnections, MaxPerAddress: l.MaxPerAddress, IdleTimeout: time.Duration(l.IdleTimeout), Interval: tickInterval,
		Allow: allowed.Allow, Logger: s.logger,
	}
	var secured *tls.Config
	if len(l.IPFIXTLS) > 0 {
		files, err := openCertificates(l.TLS, s.logger)
		if err != nil {
			return nil, err
		}
		secured = files.config()
	}
	for _, protocol := range []struct {
		addresses []string
		open      func(address string) (feed, error)
	}{
		{l.UDP, func(address string) (feed, error) {
			socket, err := receive.Listen(ctx, address, receive.Options{Buffer: int(l.ReceiveBuffer), Interval: tickInterval, Logger: s.logger})
			return datagrams{socket}, err
		}},
		{l.IPFIXTCP, func(address string) (feed, error) { return listenStream(ctx, "tcp", address, options) }},
		{l.IPFIXTLS, func(address string) (feed, error) {
			options.TLS = secured
			return listenStream(ctx, "tls", address, options)
		}},
	} {
		for _, address := range protocol.addresses {
			f, err := protocol.open(address)
			if at, perr := netip.ParseAddrPort(address); errors.Is(err, syscall.EAFNOSUPPORT) && perr == nil &&
				at.Addr() == netip.IPv6Unspecified() && len(protocol.addresses) > 1 {
				s.logger.Warn("this host has no IPv6, listening on IPv4 only", "address", address)
				continue
			}
			if err != nil {
				return feeds, err
			}
			feeds = append(feeds, f)
		}
	}
	if len(feeds) == 0 {
		return nil, errors.New("unable to listen: the settings below listen name no usable address")
	}
	return feeds, nil
}

func listenStream(ctx context.Context, name, address string, o receive.StreamOptions) (feed, error) {
	listener, err := receive.ListenStream(ctx, address, o)
	return streams{listener, name}, err
}

// release closes what start opened; the sink only where nothing was stored yet.
func (s *service) release(ctx context.Context, withSink bool) error {
	var errs []error
	for _, p := range s.pipelines {
		errs = append(errs, p.feed.Close())
	}
	if s.http != nil {
		errs = append(errs, s.http.close())
	}
	if withSink && s.sink != nil {
		errs = append(errs, closeEmpty(ctx, s.sink))
	}
	return errors.Join(errs...)
}

// closeEmpty closes a sink that holds nothing, without waiting for a server.
func closeEmpty(ctx context.Context, sink output.Sink) error {
	now, cancel := context.WithCancel(context.WithoutCancel(ctx))
	cancel()
	return sink.Close(now)
}

func (s *service) run(ctx context.Context) error {
	addresses := Addresses{}
	for _, p := range s.pipelines {
		switch at := p.feed.LocalAddr(); p.feed.protocol() {
		case "udp":
			addresses.UDP = append(addresses.UDP, at)
		case "tcp":
			addresses.TCP = append(addresses.TCP, at)
		case "tls":
			addresses.TLS = append(addresses.TLS, at)
		}
	}
	var background sync.WaitGroup
	if s.http != nil {
		addresses.HTTP = s.http.address()
		background.Go(s.http.serve)
	}

	// A reader that fails ends the others: the service manager starts the service anew.
	reading, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	var readers sync.WaitGroup
	for _, p := range s.pipelines {
		readers.Go(func() {
			if err := p.run(reading); err != nil {
				fail(err)
			}
		})
	}
	s.phase.Store(running)
	s.logger.Info("collecting", "version", s.version, "udp", addresses.UDP, "tcp", addresses.TCP, "tls", addresses.TLS, "http", addresses.HTTP)
	notify(s.logger, daemon.SdNotifyReady, status(s.totals().line(s.totals())))
	if s.options.Ready != nil {
		s.options.Ready(addresses)
	}
	stopped := make(chan struct{})
	if s.store != nil {
		background.Go(s.store.Run)
	}
	watching, unwatch := context.WithCancel(context.WithoutCancel(ctx))
	defer unwatch()
	background.Go(func() { s.enrichment.run(watching) })
	background.Go(func() { s.report(stopped) })
	background.Go(func() { s.watchdog(stopped) })

	<-reading.Done()
	s.phase.Store(stopping)
	notify(s.logger, daemon.SdNotifyStopping, status("stopping: storing what is buffered"))
	readers.Wait()
	if s.store != nil {
		s.store.Close()
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.options.DrainTime)
	defer cancel()
	left := s.sink.Close(drain)
	close(stopped)
	unwatch()
	s.summary(left)

	var failed error
	if cause := context.Cause(reading); ctx.Err() == nil {
		failed = cause
		notifyFailure(s.logger, failed)
	}
	rest := s.release(ctx, false)
	background.Wait()
	return errors.Join(failed, left, rest)
}

// report keeps the status line up to date.
func (s *service) report(stopped <-chan struct{}) {
	ticker := time.NewTicker(statusInterval)
	defer ticker.Stop()
	before := s.totals()
	for {
		select {
		case <-stopped:
			return
		case <-ticker.C:
			now := s.totals()
			if s.phase.Load() == running {
				notify(s.logger, status(now.line(before)))
			}
			before = now
		}
	}
}

// watchdog tells systemd that the service works, as long as every stage does. When one is stuck it stays silent, and
// systemd ends and restarts the service.
func (s *service) watchdog(stopped <-chan struct{}) {
	within, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		s.logger.Warn("the watchdog is off", "error", err)
	}
	if within <= 0 {
		return
	}
	ticker := time.NewTicker(within / 2)
	defer ticker.Stop()
	for {
		select {
		case <-stopped:
			return
		case <-ticker.C:
			if err := s.alive(); err != nil {
				s.logger.Error("a stage makes no progress, the watchdog is not served", "error", err)
				notify(s.logger, status(sentence(err)))
				continue
			}
			notify(s.logger, daemon.SdNotifyWatchdog)
		}
	}
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
