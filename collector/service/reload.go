package service

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/output"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// reloadTime is how long a reload may take before it counts as stuck: large files are read anew.
const reloadTime = 2 * time.Minute

// reload reads the settings anew and puts them into force, all or none of them. It tells systemd and the journal what came of it. When ctx ends, it
// does not wait for outputs of before: the service stops, and its time is bounded.
func (s *service) reload(ctx context.Context) {
	s.stages.reload.Beat(reloadTime)
	defer s.stages.reload.Rest()
	began := time.Now()
	s.tell(running, daemon.SdNotifyReloading, daemon.SdNotifyMonotonicUsec(), extend(reloadTime), status("reloading settings"))
	cfg, err := s.options.Load()
	var changed, restart []string
	var partly []error
	if err == nil {
		cfg, changed, restart = config.Reload(s.config, cfg)
		partly, err = s.apply(ctx, cfg)
	}
	switch {
	case ctx.Err() != nil && err != nil:
		s.logger.Info("settings not reloaded: the service is being stopped")
		return
	case err != nil:
		list := mistakes(err)
		s.reloads.failed(list)
		for _, one := range list {
			s.logger.Error("settings not reloaded, those of before stay in force", "error", one)
		}
	default:
		s.reloads.succeeded(restart, partly...)
		s.logger.Info("settings reloaded", "changed", changed, "took", time.Since(began).Round(time.Millisecond).String())
		for _, key := range restart {
			s.logger.Warn("a setting changed that is in force only after a restart", "setting", key)
		}
	}
	if ctx.Err() == nil {
		s.tell(running, daemon.SdNotifyReady, status(s.statusLine()))
	}
}

// parts are what settings make, besides what is changed where it is.
type parts struct {
	policy       exporter.Policy
	encoder      *schema.Encoder
	names        *names
	certificates *certificates
	feeds        []opened
	http         *httpServer // nil: off, or the one of before
	serving      *serving    // what that one is to serve; nil: as before
	outputs      []output.Named
	fresh        []output.Named // of these, those that are new
	settle       []func()       // change the outputs that stay
	health       *healthWriter  // nil: off
}

// apply makes what is new, which may fail and then leaves all as it was, and puts it into the place of what was before. Of what stays, what could
// not be changed is returned as well.
func (s *service) apply(ctx context.Context, cfg config.Config) (partly []error, err error) {
	made, err := s.prepare(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return s.commit(cfg, made), nil //nolint:contextcheck // what begins goes on after the reload
}

// prepare makes what is new. All that is wrong is in the error.
func (s *service) prepare(ctx context.Context, cfg config.Config) (_ *parts, err error) {
	before, made, already := s.config, &parts{}, s.boundNames()
	var errs []error
	failed := func(err error) {
		if err != nil {
			errs = append(errs, err)
		}
	}
	made.policy, err = policy(cfg.Decode)
	failed(err)
	if made.encoder, err = schema.NewEncoder(cfg.Document.Selection()); err != nil {
		failed(fmt.Errorf("unable to use the settings below document: %w", err))
	}
	made.names, err = openNames(cfg.Enrich, s.logger)
	failed(err)
	if len(cfg.Listen.IPFIXTLS) > 0 { // without a listener there is nothing to serve them, and they would not follow the settings
		if made.certificates = s.certificates.Load(); made.certificates == nil || cfg.Listen.TLS != before.Listen.TLS {
			made.certificates, err = openCertificates("listen.tls", cfg.Listen.TLS, s.logger)
			failed(err)
		}
	}
	if len(errs) == 0 {
		made.feeds, err = s.listen(ctx, cfg.Listen, made.certificates, already)
		failed(err)
	}
	switch {
	case cfg.HTTP.Address == "" || equal(cfg.HTTP, before.HTTP):
	case cfg.HTTP.Address == before.HTTP.Address:
		made.serving, err = s.serving(cfg.HTTP)
		failed(err)
	default:
		made.http, err = s.openHTTP(ctx, cfg.HTTP)
		failed(taken(err, bound{"http", cfg.HTTP.Address}, already))
	}
	if len(errs) == 0 {
		failed(s.prepareOutputs(ctx, cfg, made))
	}
	if len(errs) == 0 { // outputs begin to work: only another one may fail after them
		if made.health, err = s.nextHealth(cfg); err != nil { //nolint:contextcheck // it lives as long as the service
			failed(err)
			s.withdraw(made) //nolint:contextcheck // it has its own time
		}
	}
	if len(errs) > 0 {
		for _, f := range made.feeds {
			f.Forget()
			failed(f.Close())
		}
		if made.http != nil {
			failed(made.http.close())
		}
		return nil, errors.Join(errs...)
	}
	return made, nil
}

// boundNames are those of the feeds that are open, and of the HTTP server.
func (s *service) boundNames() []bound {
	list := s.listeners()
	all := make([]bound, len(list), len(list)+1)
	for i, l := range list {
		all[i] = l.bound
	}
	if s.http != nil {
		all = append(all, bound{"http", s.config.HTTP.Address})
	}
	return all
}

// commit puts what was made into force. Outputs come first, so that no batch with a new form goes to an output of before, and pipelines that end
// go last, so that what they have still goes somewhere.
func (s *service) commit(cfg config.Config, made *parts) (partly []error) {
	before := s.config
	s.config = cfg
	s.setLevel(cfg)
	s.show(cfg)
	if s.store != nil {
		s.store.Forget(time.Duration(cfg.Exporters.ForgetAfter))
	}

	for _, change := range made.settle {
		change()
	}
	s.sink.Change(made.outputs, s.options.DrainTime)
	s.changeHealth(made.health)
	s.sizePool(cfg, len(s.pipelines())+len(made.feeds)*readers(cfg.Listen)) // those that end have batches until then

	old := s.names.Load()
	made.names.inherit(old, equal(before.Enrich.SNMP, cfg.Enrich.SNMP), equal(before.Enrich.ReverseDNS, cfg.Enrich.ReverseDNS))
	if !equal(before.Enrich, cfg.Enrich) || !equal(before.Document, cfg.Document) {
		s.known.Change(made.names.options(cfg.Enrich, s.encoderOf(before, cfg, made), s.logger))
	}
	made.names.run(s.watching, &s.background)
	s.names.Store(made.names)
	old.end(made.names)

	s.certificates.Store(made.certificates)
	s.allow(cfg)
	partly = s.changeListeners(before, cfg, made)
	s.changeHTTP(before, cfg, made)
	return partly
}

// encoderOf is the encoder of documents, the same as before where their form is.
func (s *service) encoderOf(before, cfg config.Config, made *parts) *schema.Encoder {
	if !equal(before.Document, cfg.Document) {
		s.encoder = made.encoder
	}
	return s.encoder
}

// changeListeners gives those that stay their new rules, begins those that are new and ends those that are not wanted any more. It returns what
// could not be changed, which the next reload tries again.
func (s *service) changeListeners(before, cfg config.Config, made *parts) (partly []error) {
	wanted := listenNames(cfg.Listen)
	var stay, gone []*listener
	for _, l := range s.listeners() {
		if slices.Contains(wanted, l.bound) {
			stay = append(stay, l)
		} else {
			gone = append(gone, l)
		}
	}
	next := rulesOf(cfg, made.policy)
	changed := !equal(before.Decode, cfg.Decode) || cfg.Decode.ElementsFile != "" || !equal(before.Exporters, cfg.Exporters) || !equal(before.Output, cfg.Output)
	for _, l := range stay {
		for _, p := range l.pipelines {
			if changed {
				p.next.Store(&next)
			}
		}
		if err := l.feed.change(l.settings, cfg.Listen); err != nil {
			s.logger.Error("a setting below listen is not in force", "listen", l.label, "error", err)
			partly = append(partly, err)
			continue
		}
		l.settings = cfg.Listen
	}
	fresh := s.newListeners(cfg, made.policy, made.feeds)
	if s.store != nil {
		now := time.Now()
		state := s.store.Latest(now)
		for _, p := range pipelinesOf(fresh) {
			p.restore(s.store, state, now)
		}
	}
	all := slices.Concat(stay, fresh)
	now := *s.open.Load()
	now.listeners, now.ending = all, gone
	s.open.Store(&now)
	if s.http != nil {
		s.look()
	}
	for _, l := range fresh {
		s.begin(l)
		s.logger.Info("listening", "listen", l.label)
	}
	for _, l := range gone {
		l.end()
	}
	for _, l := range gone {
		l.reading.Wait()     // what the kernel holds is read, within bounds
		l.feed.kernelDrops() // reads the last figure, which stands when the socket is closed
		for _, p := range l.pipelines {
			p.leaveStore()
		}
	}
	if len(gone) > 0 {
		s.health.Load().writeNow() // their metrics end with them
	}
	for _, l := range gone {
		l.feed.Forget()
		if err := l.feed.Close(); err != nil {
			s.logger.Warn("unable to close a socket", "listen", l.label, "error", err)
		}
		s.open.Store(s.open.Load().ended(l))
		s.logger.Info("listening no more", "listen", l.label)
	}
	return partly
}
