package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
	"github.com/flowstack/terraform-provider-flowstack/acctest/world"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// result is what a profile costs.
type result struct {
	profile string
	bodies  *bodies
	octets  int64 // on disk, when it is settled
	fields  map[string]field
	source  float64            // octets a document of _source, by our own reckoning
	prices  map[string]float64 // of groups of fields in it
}

// field is what _disk_usage says about one, in octets.
type field struct {
	Total    int64 `json:"total_in_bytes"`
	Inverted struct {
		Total int64 `json:"total_in_bytes"`
	} `json:"inverted_index"`
	Stored int64 `json:"stored_fields_in_bytes"`
	Values int64 `json:"doc_values_in_bytes"`
	Points int64 `json:"points_in_bytes"`
}

// haste is for the index beside its template: without it, it is merged again and again on its way to the one segment that is measured.
var haste = map[string]any{"settings": map[string]any{"index": map[string]any{"refresh_interval": "-1", "translog": map[string]any{"durability": "async"}}}}

// connections are how many requests are on the way at once.
const connections = 2

// measure indexes flows in a profile.
func measure(ctx context.Context, server *acctest.Elasticsearch, known world.Knowledge, profile string, flows int) (*result, error) {
	say("%s: making %d documents", profile, flows)
	b, err := encode(known, profile, flows)
	if err != nil {
		return nil, err
	}
	r := &result{profile: profile, bodies: b}
	index := "flows-" + profile
	for _, t := range schema.Flows.Templates(index, schema.TargetIndex) {
		if err := server.Do(ctx, http.MethodPut, t.Path, t.Body, nil); err != nil {
			return nil, err
		}
	}
	if err := server.Do(ctx, http.MethodPut, "/"+index, haste, nil); err != nil {
		return nil, err
	}
	say("%s: indexing", profile)
	began := time.Now()
	if err := send(ctx, server, index, b.sealed); err != nil {
		return nil, err
	}
	say("%s: indexed in %.0f s; merging", profile, time.Since(began).Seconds())
	if r.octets, err = settle(ctx, server, index, flows); err != nil {
		return nil, err
	}
	say("%s: %.1f octets a flow", profile, r.perFlow())
	if r.fields, err = usage(ctx, server, index); err != nil {
		return nil, err
	}
	say("%s: taking fields out of the documents, one after the other", profile)
	if r.source, r.prices, err = sourcePrices(known, profile, flows); err != nil {
		return nil, err
	}
	return r, server.Do(ctx, http.MethodDelete, "/"+index, nil, nil)
}

// send sends all bodies. Each document must have been stored.
func send(ctx context.Context, server *acctest.Elasticsearch, index string, sealed [][]byte) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	work := make(chan []byte)
	var senders sync.WaitGroup
	for range connections {
		senders.Go(func() {
			for body := range work {
				if err := server.Bulk(ctx, index, body); err != nil {
					cancel(err)
				}
			}
		})
	}
	for _, body := range sealed {
		if ctx.Err() != nil {
			break
		}
		work <- body
	}
	close(work)
	senders.Wait()
	return context.Cause(ctx)
}

// settled is how long the size on disk must stay as it is. Straight after a merge the segments that were merged still count.
const settled = 10 * time.Second

// settle merges all into one segment and waits until nothing else is on disk. It returns the octets.
func settle(ctx context.Context, server *acctest.Elasticsearch, index string, flows int) (int64, error) {
	for _, path := range []string{"/_refresh", "/_forcemerge?max_num_segments=1", "/_flush?force=true", "/_refresh"} {
		if err := server.Do(ctx, http.MethodPost, "/"+index+path, nil, nil); err != nil {
			return 0, err
		}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, 10*time.Minute, errors.New("the size on disk does not settle"))
	defer cancel()
	var last int64
	since := time.Now()
	for {
		var stats struct {
			All struct {
				Primaries struct {
					Docs  struct{ Count int }
					Store struct {
						Size int64 `json:"size_in_bytes"`
					}
					Segments struct{ Count int }
				}
			} `json:"_all"`
		}
		if err := server.Do(ctx, http.MethodGet, "/"+index+"/_stats/docs,store,segments", nil, &stats); err != nil {
			return 0, err
		}
		p := stats.All.Primaries
		if p.Store.Size != last || p.Segments.Count != 1 {
			last, since = p.Store.Size, time.Now()
		}
		if time.Since(since) >= settled {
			if p.Docs.Count != flows {
				return 0, fmt.Errorf("%d documents are in the index, of %d", p.Docs.Count, flows)
			}
			return last, nil
		}
		select {
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		case <-time.After(time.Second):
		}
	}
}

// usage is what each field takes (Elastic, "Analyze index disk usage API", since 7.15).
func usage(ctx context.Context, server *acctest.Elasticsearch, index string) (map[string]field, error) {
	var answer map[string]json.RawMessage
	if err := server.Do(ctx, http.MethodPost, "/"+index+"/_disk_usage?run_expensive_tasks=true", nil, &answer); err != nil {
		return nil, err
	}
	var about struct {
		Fields map[string]field `json:"fields"`
	}
	if err := json.Unmarshal(answer[index], &about); err != nil {
		return nil, fmt.Errorf("disk usage: %w", err)
	}
	if len(about.Fields) == 0 {
		return nil, fmt.Errorf("disk usage names no fields: %.300s", answer[index])
	}
	return about.Fields, nil
}
