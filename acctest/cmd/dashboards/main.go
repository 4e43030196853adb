// Dashboards puts flows into a real Elasticsearch, made and mapped as the collector does, and prints how long each search takes that a view of the dashboards
// asks. It fails when one takes longer than the goal.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
	"github.com/flowstack/terraform-provider-flowstack/acctest/render"
	"github.com/flowstack/terraform-provider-flowstack/acctest/render/sample"
	"github.com/flowstack/terraform-provider-flowstack/acctest/world"
	"github.com/flowstack/terraform-provider-flowstack/appliance/dashboards"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

const (
	// goal is how long a search may take, in the time range that its view opens with and in all flows.
	goal = 2 * time.Second
	// times is how often each is asked; the middle one counts.
	times = 3
	index = dashboards.DefaultIndex
)

// indices are where documents of a kind are.
var indices = map[*schema.Documents]string{schema.Flows: index, schema.Health: dashboards.DefaultHealthIndex}

func main() {
	flows := flag.Int("flows", 10_000_000, "flows to search in, all of one day")
	shards := flag.Int("shards", runtime.NumCPU(), "shards of the index, each of which is searched by one processor")
	heap := flag.String("heap", "4g", "heap of Elasticsearch")
	cache := flag.String("cache", "bin/bench", "folder that keeps the databases for the next time")
	flag.Parse()
	ctx, done := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := run(ctx, *flows, *shards, *heap, *cache)
	done()
	if err != nil {
		fmt.Fprintln(os.Stderr, "dashboards:", err)
		os.Exit(1)
	}
}

func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

func run(ctx context.Context, flows, shards int, heap, cache string) error {
	known, err := world.MakeDatabases(ctx, cache, say)
	if err != nil {
		return err
	}
	if known, err = known.WithSite(cache); err != nil {
		return err
	}
	var results []result
	options := acctest.ElasticsearchOptions{Heap: heap, Log: say}
	err = acctest.OnElasticsearch(ctx, acctest.HostOptions{Name: "dashboards", Log: say}, options, func(ctx context.Context, server *acctest.Elasticsearch) (err error) {
		if err := fill(ctx, server, known, flows, shards); err != nil {
			return err
		}
		results, err = measure(ctx, server, flows)
		return err
	})
	if err != nil {
		return err
	}
	if err := report(os.Stdout, flows, results); err != nil {
		return err
	}
	return verdict(results)
}

// fill makes the index by the collector's templates, and puts the flows into it.
func fill(ctx context.Context, server *acctest.Elasticsearch, known world.Knowledge, flows, shards int) error {
	for _, t := range schema.Flows.Templates(index, schema.TargetIndex) {
		if err := server.Do(ctx, http.MethodPut, t.Path, t.Body, nil); err != nil {
			return err
		}
	}
	settings := map[string]any{"settings": map[string]any{"index.number_of_shards": shards}}
	if err := server.Do(ctx, http.MethodPut, "/"+index, settings, nil); err != nil {
		return err
	}
	if err := render.LoadDocuments(ctx, server, schema.Health, indices[schema.Health], sample.Health(dayEnd)); err != nil {
		return err
	}
	say("putting %d flows into Elasticsearch", flows)
	began := time.Now()
	if err := send(ctx, server, known, flows); err != nil {
		return err
	}
	say("in %.0f s", time.Since(began).Seconds())
	if err := server.Do(ctx, http.MethodPost, "/"+index+"/_refresh", nil, nil); err != nil {
		return err
	}
	return settle(ctx, server)
}

// settle waits until Elasticsearch has merged what it wants to: a day's flows came within minutes, and what is left to do of them would slow the searches down.
func settle(ctx context.Context, server *acctest.Elasticsearch) error {
	idle := 0 // times in a row: a merge may begin a moment after another
	for began := time.Now(); ; {
		var stats struct {
			All struct {
				Total struct{ Merges struct{ Current int } }
			} `json:"_all"`
		}
		if err := server.Do(ctx, http.MethodGet, "/"+index+"/_stats/merge", nil, &stats); err != nil {
			return err
		}
		if idle++; stats.All.Total.Merges.Current > 0 {
			idle = 0
		}
		if idle == 5 {
			say("merged after %.0f s more", time.Since(began).Seconds())
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(time.Second):
		}
	}
}

// result is how long a search takes.
type result struct {
	name   string
	views  int           // that ask it
	opened time.Duration // in the time range that they open with, the longest of them
	day    time.Duration // in all flows that there are
}

// measure asks all searches of all views, each several times and without the cache of answers.
func measure(ctx context.Context, server *acctest.Elasticsearch, flows int) ([]result, error) {
	var count struct{ Count int }
	if err := server.Do(ctx, http.MethodGet, "/"+index+"/_count", nil, &count); err != nil {
		return nil, err
	}
	if count.Count != flows {
		return nil, fmt.Errorf("%d documents are in the index, of %d", count.Count, flows)
	}
	found, asked := map[string]*result{}, map[string]time.Duration{}
	var first time.Duration // in the range of the first view: those without one of their own keep it
	for _, view := range dashboards.Views() {
		opens := first
		if view.From != "" {
			var err error
			if opens, err = time.ParseDuration(strings.TrimPrefix(view.From, "now-")); err != nil {
				return nil, fmt.Errorf("the time range of %s: %w", view.Name, err)
			}
		}
		first = cmp.Or(first, opens)
		for _, span := range slices.Compact([]time.Duration{opens, world.Span}) {
			for _, panel := range view.Panels() {
				for name, body := range panel.Visual.Requests(dashboards.Window{From: dayEnd.Add(-span), To: dayEnd}) {
					took, known := asked[string(body)]
					if !known {
						var err error
						if took, err = ask(ctx, server, indices[panel.Visual.About().Documents()], body); err != nil {
							return nil, fmt.Errorf("%s: %w", name, err)
						}
						asked[string(body)] = took
					}
					r := found[name]
					if r == nil {
						r = &result{name: name}
						found[name] = r
					}
					if span == world.Span {
						r.views++
						r.day = max(r.day, took)
					}
					if span == opens {
						r.opened = max(r.opened, took)
					}
				}
			}
		}
	}
	results := make([]result, 0, len(found))
	for _, r := range found {
		results = append(results, *r)
	}
	slices.SortFunc(results, func(a, b result) int { return cmp.Or(cmp.Compare(b.day, a.day), cmp.Compare(a.name, b.name)) })
	return results, nil
}

// ask is the middle one of several times that a search takes, by Elasticsearch's own clock.
func ask(ctx context.Context, server *acctest.Elasticsearch, index string, body json.RawMessage) (time.Duration, error) {
	var took []time.Duration
	for range times {
		var answer struct {
			Took     int64
			TimedOut bool                 `json:"timed_out"`
			Shards   struct{ Failed int } `json:"_shards"`
		}
		if err := server.Do(ctx, http.MethodPost, "/"+index+"/_search?request_cache=false", body, &answer); err != nil {
			return 0, err
		}
		if answer.TimedOut || answer.Shards.Failed > 0 {
			return 0, errors.New("the answer is not complete")
		}
		took = append(took, time.Duration(answer.Took)*time.Millisecond)
	}
	slices.Sort(took)
	return took[times/2], nil
}

func report(w io.Writer, flows int, results []result) error {
	var text strings.Builder
	fmt.Fprintf(&text, "| search, of %d flows of a day | in views | ms, as they open | ms, in all of them |\n|---|---|---|---|\n", flows)
	for _, r := range results {
		fmt.Fprintf(&text, "| %s | %d | %d | %d |\n", r.name, r.views, r.opened.Milliseconds(), r.day.Milliseconds())
	}
	_, err := io.WriteString(w, text.String())
	return err
}

func verdict(results []result) error {
	var slow []error
	for _, r := range results {
		if longest := max(r.opened, r.day); longest > goal {
			slow = append(slow, fmt.Errorf("%s takes %s, more than %s", r.name, longest, goal))
		}
	}
	return errors.Join(slow...)
}
