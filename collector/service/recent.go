package service

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/output"
	"github.com/flowstack/terraform-provider-flowstack/collector/recent"
)

// recentName is the name of the output that keeps recent flows.
const recentName = "recent"

// openRecent opens the store of recent flows. Where nobody asked for it by name, what keeps it from being there is no error, and noRecent says it.
func (s *service) openRecent(ctx context.Context, cfg config.Config) (output.Sink, error) {
	w, err := s.recentWriter(ctx, cfg)
	if err != nil && ctx.Err() == nil {
		if r := cfg.Output.Recent; r.Directory != "" || r.Enabled == "true" {
			return nil, fmt.Errorf("unable to keep recent flows: %w", err)
		}
		s.noRecent = err.Error()
		return nil, nil // documented: there is none.
	}
	if err != nil {
		return nil, err
	}
	return output.NewRecent(output.RecentConfig{
		Writer: w, Queue: output.NewMemoryQueue(int(cfg.Output.Elasticsearch.BufferBytes), s.pool), Pool: s.pool, Logger: s.logger,
	}), nil
}

// recentWriter returns the writer of the output of before, if the next has the same directory, or else a new one.
func (s *service) recentWriter(ctx context.Context, cfg config.Config) (*recent.Writer, error) {
	directory := RecentDirectory(cfg)
	if directory == "" {
		return nil, errors.New("there is no state directory (set state.directory or output.recent.directory)")
	}
	if s.sink != nil {
		if before, ok := s.sink.Sink(recentName).(*output.Recent); ok && before.Writer().Directory() == directory {
			return before.Writer(), nil
		}
		if err := s.sink.WaitFor(ctx, recentName, s.options.DrainTime+stopGrace); err != nil { // one of before may still have the directory
			return nil, err
		}
	}
	r := cfg.Output.Recent
	return recent.NewWriter(recent.Options{
		Directory: directory, MaxBytes: int64(r.MaxBytes), Keep: time.Duration(r.Keep), Logger: s.logger.With("output", recentName),
	})
}

// RecentDirectory is where recent flows are kept, by the settings; empty where there is no place for them.
func RecentDirectory(cfg config.Config) string {
	if d := cfg.Output.Recent.Directory; d != "" {
		return d
	}
	if d := stateDirectory(cfg.State.Directory); d != "" {
		return filepath.Join(d, "recent")
	}
	return ""
}

// recent is the store to search; nil when flows are not kept.
func (s *state) recent() *recent.Store {
	if kept, ok := s.sink.Sink(recentName).(*output.Recent); ok {
		return kept.Writer().Store()
	}
	return nil
}
