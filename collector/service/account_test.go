package service

import (
	"bufio"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
)

// sums adds up the series of each metric that begin so, of all labels.
func (r *reloadable) sums(names ...string) (n int) {
	r.t.Helper()
	_, text := r.get("/metrics")
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		series, value, _ := strings.Cut(lines.Text(), " ")
		for _, name := range names {
			if series == "flowcollector_"+name || strings.HasPrefix(series, "flowcollector_"+name+"{") {
				f, err := strconv.ParseFloat(value, 64)
				if err != nil {
					r.t.Fatalf("%s: %v", lines.Text(), err)
				}
				n += int(f)
			}
		}
	}
	return n
}

// TestMetricsAddUpThroughReloads: records + restored = sent + dropped + left in a spool + waiting, as docs/collector.md says, where an output goes, comes
// back, its spool's directory is moved, and the settings follow it.
func TestMetricsAddUpThroughReloads(t *testing.T) {
	es := newElastic(t)
	es.mu.Lock()
	es.away = true
	es.mu.Unlock()
	folder := t.TempDir()
	path, moved := filepath.Join(folder, "spool"), filepath.Join(folder, "moved")
	with := func(directory string) func(c *config.Config) {
		return func(c *config.Config) {
			c.Output.Elasticsearch.Addresses, c.Output.Elasticsearch.Spool.Directory = []string{es.URL}, directory
		}
	}
	cfg := settings(with(path))
	r := runReloadable(t, cfg)
	sent := uint32(0)
	send := func(flows int) {
		t.Helper()
		for range flows / 30 {
			r.send(r.UDP[0], numbered(sent))
			sent++
		}
		until(t, "the flows in the spool", func() bool {
			for _, o := range r.s.sink.Stats() {
				if o.Name == "elasticsearch" && o.Spool != nil && uint64(o.Held.Documents) == uint64(sent)*30 && o.Held.Bytes > 0 {
					return o.Spool.Segments > 0
				}
			}
			return false
		})
	}
	check := func(when string, restored, left int) {
		t.Helper()
		until(t, "sums "+when, func() bool {
			in := r.sums("records_total", "spool_restored_documents_total")
			return in == r.sums("documents_sent_total", "flows_dropped_total", "spool_left_documents_total", "output_buffer_documents")
		})
		if got, stayed := r.sums("spool_restored_documents_total"), r.sums("spool_left_documents_total"); got != restored || stayed != left {
			t.Errorf("%s: %d restored, %d left, want %d and %d", when, got, stayed, restored, left)
		}
	}
	send(3000)
	check("in the spool", 0, 0)
	r.reload(func(c *config.Config) { c.Output.Elasticsearch.Addresses = nil })
	until(t, "the spool to be let go of", func() bool { return r.sums("spool_left_documents_total") == 3000 })
	check("without the output", 0, 3000)
	r.reload(with(path))
	check("with it again", 3000, 3000)
	if err := os.Rename(path, moved); err != nil {
		t.Fatal(err)
	}
	r.reload(with(moved))
	send(300)
	check("at another path", 3000, 3000)
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	r.reload(with(path))
	check("in a directory that is new", 3000, 3000)
	es.mu.Lock()
	es.away = false
	es.mu.Unlock()
	until(t, "the flows", func() bool { return es.count() == 3300 && r.sums("output_buffer_documents") == 0 })
	check("at the end", 3000, 3000)
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	once(t, "the server", 3300, es.docs)
}
