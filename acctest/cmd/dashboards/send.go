package main

import (
	"context"
	"sync"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
	"github.com/flowstack/terraform-provider-flowstack/acctest/world"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/output"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// The traffic is that of the day before a fixed moment, so that runs are alike.
const seed = 7

var dayEnd = time.Date(2024, time.March, 6, 12, 0, 0, 0, time.UTC)

const (
	batch       = 2 << 20 // the collector's own default (output.elasticsearch.batch_bytes)
	connections = 2       // how many requests are on the way at once
)

// sender is an output that sends batches as they come.
type sender struct {
	ctx    context.Context //nolint:containedctx // of the run; output.Sink passes none
	sealed chan []byte
	gzip   output.Compressor
}

// Put implements output.Sink.
func (s *sender) Put(buffer *output.Buffer) bool {
	sealed, err := s.gzip.Append(nil, buffer.Bytes())
	if err != nil {
		panic(err) // to memory, at a level that there is
	}
	select {
	case s.sealed <- sealed:
	case <-s.ctx.Done():
	}
	return true
}

// Refuse implements output.Sink.
func (s *sender) Refuse(int) {}

// Close implements output.Sink.
func (s *sender) Close(context.Context) error { return nil }

// Stats implements output.Sink.
func (s *sender) Stats() []output.Stats { return nil }

// Alive implements output.Sink.
func (s *sender) Alive() error { return nil }

// send makes the documents of so many flows, as the collector does, and stores them all.
func send(ctx context.Context, server *acctest.Elasticsearch, known world.Knowledge, flows int) error {
	encoder, err := schema.NewEncoder(schema.Selection{Profile: "full"})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s := &sender{ctx: ctx, sealed: make(chan []byte, connections)}
	var senders sync.WaitGroup
	for range connections {
		senders.Go(func() {
			for body := range s.sealed {
				if err := server.Bulk(ctx, index, body); err != nil {
					cancel(err)
				}
			}
		})
	}
	enricher := known.NewEnricher(encoder)
	pool := output.NewPool(batch, 0)
	pool.GiveIDs(true)
	batcher := output.NewBatcher(s, pool, batch, time.Hour)
	traffic := world.NewTraffic(seed, flows, dayEnd)
	for i := range flows {
		if i%1_000_000 == 0 && i > 0 {
			say("%d flows", i)
		}
		if ctx.Err() != nil {
			break
		}
		var r flow.Record
		traffic.Next(&r)
		enricher.Enrich(&r)
		batcher.Commit(encoder.Append(batcher.Begin(), &r), time.Unix(0, r.Received))
	}
	batcher.Flush()
	close(s.sealed)
	senders.Wait()
	return context.Cause(ctx)
}
