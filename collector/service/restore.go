package service

import (
	"os"
	"path/filepath"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
)

// stateDirectory is where state is kept: as set, or as systemd says (StateDirectory=), or nowhere.
func stateDirectory(set string) string {
	if set != "" {
		return set
	}
	if list := filepath.SplitList(os.Getenv("STATE_DIRECTORY")); len(list) > 0 {
		return list[0]
	}
	return ""
}

// restore gives the exporter table of every UDP socket what was known before the restart, because an exporter may send to another socket than before, and a store
// for what it learns.
func (s *service) restore(cfg config.Config) {
	directory := stateDirectory(cfg.State.Directory)
	if directory == "" {
		return
	}
	now := time.Now()
	s.store = exporter.NewStore(directory, time.Duration(cfg.Exporters.ForgetAfter), s.logger)
	state := s.store.Load(now)
	for _, p := range s.pipelines() {
		p.restore(s.store, state, now)
	}
	s.logger.Info("state restored", "directory", directory, "sources", len(state.Sources), "devices", len(state.Devices))
}

// restore gives a pipeline what is known already. Exporters over connections announce all of it again when they connect.
func (p *pipeline) restore(store *exporter.Store, state exporter.State, now time.Time) {
	if p.feed.protocol() == "udp" {
		p.store, p.index, p.handedT = store, store.Place(), now
		p.restored = p.table.Restore(state)
	}
}

// leaveStore gives the place of a pipeline that has ended to another. What it knew stays in the store.
func (p *pipeline) leaveStore() {
	if p.store != nil {
		p.store.Leave(p.index, time.Now())
	}
}
