package service

import (
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/flowstack/terraform-provider-flowstack/collector/service/heartbeat"
)

const (
	// ReadyTime bounds how long the service waits for an output to be reached before it says that it is ready: what depends on it is to start.
	ReadyTime = time.Minute
	// readyInterval is how often it looks.
	readyInterval = 100 * time.Millisecond
	// statusInterval is how often the status line is made anew.
	statusInterval = 5 * time.Second
	// probeInterval is how often the pages of health are tried out.
	probeInterval = 10 * time.Second
	// stageGrace is how long one round of a stage may take before it counts as stuck.
	stageGrace = 30 * time.Second
)

// stages are the signs of life of the service's own goroutines. Others have theirs where they are.
type stages struct{ report, pages, reload *heartbeat.Heartbeat }

func newStages() stages {
	return stages{
		report: heartbeat.New("status report", heartbeat.Forever), pages: heartbeat.New("HTTP server", heartbeat.Forever),
		reload: heartbeat.New("reload of the settings", heartbeat.Forever),
	}
}

func (s *stages) alive() error { return heartbeat.Group{s.report, s.pages, s.reload}.Err() }

// statusLine is the status of now, without what happened since another time.
func (s *service) statusLine() string {
	now := s.totals()
	return now.line(now)
}

// unreached names an output of which nobody knows yet whether it can keep flows; empty for none.
func (s *service) unreached() string {
	for _, o := range s.sink.Stats() {
		if o.Unreached {
			return title(o.Name)
		}
	}
	return ""
}

// becomeReady tells systemd that the service is ready, once each output was reached or has a spool: then flows can be kept safely. Meanwhile they
// are taken, and wait in memory. An output that is not reached for too long does not hold up what is started after the service.
func (s *service) becomeReady() {
	look := time.NewTicker(readyInterval)
	defer look.Stop()
	end := time.NewTimer(s.options.ReadyTime)
	defer end.Stop()
	said := time.Time{}
	for late := false; ; {
		waiting := s.unreached()
		if waiting == "" || late {
			if waiting != "" {
				s.logger.Warn("ready though an output was not reached: flows are taken, and wait in memory", "output", waiting)
			}
			s.enter(running, daemon.SdNotifyReady, status(s.statusLine())) // not while it stops
			return
		}
		if now := time.Now(); now.Sub(said) >= statusInterval {
			said = now
			s.tell(starting, extend(s.options.ReadyTime+stageGrace), status("starting: flows are taken, "+waiting+" is not reached yet; "+s.statusLine()))
		}
		select {
		case <-s.reading.Done():
			return
		case <-end.C:
			late = true
		case <-look.C:
		}
	}
}

// report keeps the status line up to date.
func (s *service) report(stopped <-chan struct{}) {
	ticker := time.NewTicker(s.options.pace.status)
	defer ticker.Stop()
	defer s.stages.report.Rest()
	before := s.totals()
	for {
		s.stages.report.Beat(s.options.pace.status + s.options.pace.grace)
		select {
		case <-stopped:
			return
		case <-ticker.C:
			now := s.totals()
			if s.alive() == nil { // what is stuck says the watchdog
				s.tell(running, status(now.line(before)))
			}
			before = now
			if err := s.sink.Problems(); err != nil {
				s.logger.Error("an output that was changed left flows not stored", "error", err)
			}
		}
	}
}

// probe tries out now and then what the server of metrics and health reads.
func (s *service) probe(stopped <-chan struct{}) {
	ticker := time.NewTicker(s.options.pace.probe)
	defer ticker.Stop()
	defer s.stages.pages.Rest()
	for {
		s.stages.pages.Beat(s.options.pace.probe + s.options.pace.grace)
		s.ready()
		if _, err := s.registry.Gather(); err != nil {
			s.logger.Error("metrics are not as they should be", "error", err)
		}
		select {
		case <-stopped:
			return
		case <-ticker.C:
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
	var logged time.Time
	for {
		select {
		case <-stopped:
			return
		case <-ticker.C:
			err := s.alive()
			if err == nil {
				notify(s.logger, daemon.SdNotifyWatchdog)
				continue
			}
			if now := time.Now(); now.Sub(logged) >= logEvery {
				logged = now
				s.logger.Error("a stage makes no progress, the watchdog is not served", "error", err)
			}
			notify(s.logger, status(sentence(err)))
		}
	}
}
