package main

import (
	"bytes"
	"context"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/acctest/world"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/output"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// The traffic is that of the day before a fixed moment, so that runs are alike.
const seed = 7

var dayEnd = time.Date(2024, time.March, 6, 12, 0, 0, 0, time.UTC)

// batch is the collector's own default (output.elasticsearch.batch_bytes).
const batch = 2 << 20

// bodies are documents as they are sent to Elasticsearch.
type bodies struct {
	sealed    [][]byte // gzipped
	documents int
	octets    int64 // of all documents, before compression
	gzipped   int64
	gzip      output.Compressor
}

// Put implements output.Sink.
func (b *bodies) Put(buffer *output.Buffer) bool {
	sealed, err := b.gzip.Append(nil, buffer.Bytes())
	if err != nil {
		panic(err) // to memory, at a level that there is
	}
	b.documents += buffer.Documents()
	isDocument := false // the lines between say what to do with it
	for line := range bytes.Lines(buffer.Bytes()) {
		if isDocument {
			b.octets += int64(len(line))
		}
		isDocument = !isDocument
	}
	b.gzipped += int64(len(sealed))
	b.sealed = append(b.sealed, sealed)
	return true
}

// Refuse implements output.Sink.
func (b *bodies) Refuse(int) {}

// Close implements output.Sink.
func (b *bodies) Close(context.Context) error { return nil }

// Stats implements output.Sink.
func (b *bodies) Stats() []output.Stats { return nil }

// Alive implements output.Sink.
func (b *bodies) Alive() error { return nil }

// encode makes the documents of so many flows, as the collector does: enrichment, encoder, batches.
func encode(known world.Knowledge, profile string, flows int) (*bodies, error) {
	encoder, err := schema.NewEncoder(schema.Selection{Profile: profile})
	if err != nil {
		return nil, err
	}
	enricher := known.NewEnricher(encoder)
	b := &bodies{}
	pool := output.NewPool(batch, 0)
	pool.GiveIDs(true)
	batcher := output.NewBatcher(b, pool, batch, time.Hour)
	traffic := world.NewTraffic(seed, flows, dayEnd)
	for range flows {
		var r flow.Record
		traffic.Next(&r)
		enricher.Enrich(&r)
		batcher.Commit(encoder.Append(batcher.Begin(), &r), time.Unix(0, r.Received))
	}
	batcher.Flush()
	return b, nil
}
