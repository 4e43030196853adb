package output

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/service/heartbeat"
)

// guardPause is the time between two looks at what flows take on Elasticsearch's disks.
const guardPause = time.Minute

// RetentionConfig bounds what flows take on Elasticsearch's disks.
type RetentionConfig struct {
	MaxBytes int64 // 0: there is no bound
	// Secrets prove who may remove indices; nil: as the output proves who it is.
	Secrets func() (Secrets, error)
}

// RetentionStats are the figures of the bound.
type RetentionStats struct {
	Bytes, MaxBytes int64
	Removed         uint64 // indices that made room
	RemovedFlows    uint64
	Errors          uint64 // looks that failed
	Problem         string // of the last look; empty: there is none
}

// guard keeps flows below a size, as long as the output is open.
type guard struct {
	client *Client
	index  string
	logger *slog.Logger
	beat   *heartbeat.Heartbeat
	pause  time.Duration

	stop  context.CancelFunc
	ended chan struct{}

	mu    sync.Mutex
	stats RetentionStats
}

// startGuard begins to look; nil: there is no bound.
func startGuard(c ElasticsearchConfig, own *Client) (*guard, error) {
	if c.Retention.MaxBytes == 0 {
		return nil, nil //nolint:nilnil // documented
	}
	client := own
	if c.Retention.Secrets != nil {
		c.Secrets, c.Idle = c.Retention.Secrets, 1
		var err error
		if client, err = NewClient(c.Connection); err != nil {
			return nil, err
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	g := &guard{
		client: client, index: c.Index, logger: c.Logger, beat: heartbeat.New("retention by size", heartbeat.Forever), pause: guardPause, stop: stop,
		ended: make(chan struct{}), stats: RetentionStats{MaxBytes: c.Retention.MaxBytes},
	}
	go g.run(ctx, client != own)
	return g, nil
}

func (g *guard) run(ctx context.Context, own bool) {
	defer close(g.ended)
	if own {
		defer g.client.Close()
	}
	for {
		g.beat.Beat(looksAtMost*lookTime + grace)
		g.look(ctx)
		g.beat.Rest()
		select {
		case <-ctx.Done():
			return
		case <-time.After(g.pause):
		}
	}
}

// look removes what is too much, as far as a server that is slow lets it: the next look goes on.
func (g *guard) look(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, looksAtMost*lookTime)
	defer cancel()
	removed, bytes, err := g.client.Prune(limited, g.index, g.stats.MaxBytes)
	for _, r := range removed {
		g.logger.Info("an index was removed to keep flows below output.elasticsearch.retention.max_bytes", "index", r.Index, "bytes", r.Bytes, "flows", r.Flows)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stats.Removed += uint64(len(removed))
	for _, r := range removed {
		g.stats.RemovedFlows += uint64(r.Flows)
	}
	switch {
	case ctx.Err() != nil:
		return
	case err != nil:
		if text := err.Error(); text != g.stats.Problem {
			g.logger.Error("flows may take more than output.elasticsearch.retention.max_bytes", "error", text)
			g.stats.Problem = text
		}
		g.stats.Errors++
		if bytes == 0 {
			return // it could not be told
		}
	default:
		g.stats.Problem = ""
	}
	g.stats.Bytes = bytes
}

// Stats are the figures so far; nil: there is no bound.
func (g *guard) figures() *RetentionStats {
	if g == nil {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.stats
	return &s
}

func (g *guard) alive() error {
	if g == nil {
		return nil
	}
	return g.beat.Err()
}

// close ends the looks.
func (g *guard) close() {
	if g != nil {
		g.stop()
		<-g.ended
	}
}
