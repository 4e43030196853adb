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
	s.store = exporter.NewStore(directory, len(s.pipelines), time.Duration(cfg.Exporters.ForgetAfter), s.logger)
	state := s.store.Load(now)
	for _, p := range s.pipelines {
		if p.feed.protocol() != "udp" {
			continue // exporters announce all of it again when they connect
		}
		p.store, p.handedT = s.store, now
		p.restored = p.table.Restore(state)
	}
	s.logger.Info("state restored", "directory", directory, "sources", len(state.Sources), "devices", len(state.Devices))
}
