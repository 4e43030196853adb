// Storage indexes flows into a real Elasticsearch and prints what one takes on disk, in the profiles lean and full, and what each field is
// to blame for. It fails when that is more than the goal. docs/performance.md says how, and what the figures are good for.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
	"github.com/flowstack/terraform-provider-flowstack/acctest/world"
	"github.com/flowstack/terraform-provider-flowstack/tools/block"
)

func main() {
	flows := flag.Int("flows", 1_000_000, "flows to index, in each profile")
	heap := flag.String("heap", "2g", "heap of Elasticsearch")
	cache := flag.String("cache", "bin/bench", "folder that keeps the databases for the next time")
	page := flag.String("write", "", "page whose block \"storage\" is written anew, such as docs/performance.md")
	flag.Parse()
	ctx, done := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := run(ctx, *flows, *heap, *cache, *page)
	done()
	if err != nil {
		fmt.Fprintln(os.Stderr, "storage:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, flows int, heap, cache, page string) error {
	known, err := world.MakeDatabases(ctx, cache, say)
	if err != nil {
		return err
	}
	if known, err = known.WithSite(cache); err != nil {
		return err
	}
	var results []*result
	options := acctest.ElasticsearchOptions{Heap: heap, Log: say}
	err = acctest.OnElasticsearch(ctx, acctest.HostOptions{Name: "storage", Log: say}, options, func(ctx context.Context, server *acctest.Elasticsearch) (err error) {
		results, err = measureAll(ctx, server, known, flows)
		return err
	})
	if err != nil {
		return err
	}
	var text strings.Builder
	report(&text, results)
	if _, err := io.WriteString(os.Stdout, text.String()); err != nil {
		return err
	}
	if page != "" {
		if err := block.Replace(page, "storage", text.String()); err != nil {
			return err
		}
	}
	return verdict(results)
}

// measureAll measures the profiles, all at once: it takes less time than one after the other.
func measureAll(ctx context.Context, server *acctest.Elasticsearch, known world.Knowledge, flows int) ([]*result, error) {
	profiles := []string{"lean", "full"}
	results, failed := make([]*result, len(profiles)), make([]error, len(profiles))
	var group sync.WaitGroup
	for i, profile := range profiles {
		group.Go(func() {
			var err error
			if results[i], err = measure(ctx, server, known, profile, flows); err != nil {
				failed[i] = fmt.Errorf("%s: %w", profile, err)
			}
		})
	}
	group.Wait()
	return results, errors.Join(failed...)
}

func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
