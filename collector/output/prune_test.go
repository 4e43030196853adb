package output

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// disks is a server with the indices of a data stream or an alias.
type disks struct {
	*httptest.Server
	mu      sync.Mutex
	stream  bool
	indices []string // the oldest first; the last one is written to
	others  []string // that somebody put behind the alias
	written string   // the index of the alias that is written to
	of      string   // the data stream that indices are of
	sizes   map[string]int64
	asked   []string // requests that change something
	refuse  map[string]int
}

const notThere = `{"error":{"type":"index_not_found_exception","reason":"no such index"},"status":404}`

func newDisks(t *testing.T, stream bool, sizes ...int64) *disks {
	t.Helper()
	d := &disks{stream: stream, sizes: map[string]int64{}, refuse: map[string]int{}, of: "flows"}
	for i, size := range sizes {
		name := fmt.Sprintf("flows-%06d", i+1)
		if stream {
			name = fmt.Sprintf(".ds-flows-2026.11.%02d-%06d", i+1, i+1)
		}
		d.indices = append(d.indices, name)
		d.sizes[name], d.written = size, name
	}
	d.Server = httptest.NewServer(d)
	t.Cleanup(d.Close)
	return d
}

func (d *disks) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	w.Header().Set("X-Elastic-Product", "Elasticsearch")
	w.Header().Set("Content-Type", "application/json")
	name := strings.TrimPrefix(r.URL.Path, "/")
	if status := d.refuse[r.Method]; status > 0 {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, `{"error":{"type":"security_exception","reason":"action is unauthorized"},"status":403}`)
		return
	}
	parts := make([]string, 0, len(d.indices))
	switch {
	case name == "":
		_, _ = io.WriteString(w, `{"version":{"number":"7.17.29","build_flavor":"default"},"tagline":"You Know, for Search"}`)
	case r.Method == http.MethodDelete:
		d.asked = append(d.asked, r.Method+" "+name)
		at := slices.Index(d.indices, name)
		if at < 0 {
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, notThere)
			return
		}
		d.indices = slices.Delete(d.indices, at, at+1)
		_, _ = io.WriteString(w, `{"acknowledged":true}`)
	case strings.HasSuffix(name, "/_rollover"):
		d.asked = append(d.asked, r.Method+" "+name)
		_, _ = io.WriteString(w, `{"acknowledged":true,"rolled_over":true}`)
	case name == "_data_stream/flows":
		for _, i := range d.indices {
			parts = append(parts, fmt.Sprintf(`{"index_name":%q,"index_uuid":"x"}`, i))
		}
		_, _ = io.WriteString(w, `{"data_streams":[{"name":"flows","indices":[`+strings.Join(parts, ",")+`]}]}`)
	case len(d.indices) == 0:
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, notThere)
	case strings.HasSuffix(name, "/_stats/store,docs"):
		for _, i := range append(d.others, d.indices...) {
			parts = append(parts, fmt.Sprintf(`%q:{"primaries":{"docs":{"count":%d}},"total":{"store":{"size_in_bytes":%d}}}`, i, d.sizes[i]/200, d.sizes[i]))
		}
		_, _ = io.WriteString(w, `{"indices":{`+strings.Join(parts, ",")+`}}`)
	default:
		for _, i := range append(d.others, d.indices...) {
			of := `"data_stream":"` + d.of + `"`
			if !d.stream {
				of = fmt.Sprintf(`"aliases":{"flows":{"is_write_index":%t}}`, i == d.written)
			}
			parts = append(parts, fmt.Sprintf(`%q:{%s}`, i, of))
		}
		_, _ = io.WriteString(w, `{`+strings.Join(parts, ",")+`}`)
	}
}

func (d *disks) client(t *testing.T) *Client {
	t.Helper()
	c, err := NewClient(Connection{Addresses: []string{d.URL}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestPrune(t *testing.T) {
	const first, second = "DELETE 1", "DELETE 2"
	for _, test := range []struct {
		name  string
		sizes []int64
		most  int64
		asked []string
		left  int64
	}{
		{"nothing is there", nil, 1000, nil, 0},
		{"below the bound", []int64{500, 400, 100}, 1000, nil, 1000},
		{"the oldest goes", []int64{500, 400, 101}, 1000, []string{first}, 501},
		{"as many as it takes", []int64{500, 600, 100}, 600, []string{first, second, "POST flows/_rollover"}, 100},
		{"what is written to stays, and is rolled over", []int64{5000}, 1000, []string{"POST flows/_rollover"}, 5000},
		{"rolled over at an eighth", []int64{100, 126}, 1000, []string{"POST flows/_rollover"}, 226},
		{"not before", []int64{100, 125}, 1000, nil, 225},
		{"what takes nothing makes no room", []int64{0, 500, 400, 101}, 1000, []string{second}, 501},
	} {
		for _, stream := range []bool{true, false} {
			d := newDisks(t, stream, test.sizes...)
			asked := slices.Clone(test.asked)
			for i := range asked {
				if number, ok := strings.CutPrefix(asked[i], "DELETE "); ok {
					asked[i] = "DELETE " + d.indices[number[0]-'1']
				}
			}
			removed, left, err := d.client(t).Prune(t.Context(), "flows", test.most)
			if err != nil || left != test.left || !slices.Equal(d.asked, asked) {
				t.Errorf("%s, data stream %t: %d bytes are left, %v; asked %q", test.name, stream, left, err, d.asked)
			}
			for _, r := range removed {
				if size := d.sizes[r.Index]; size == 0 || r.Bytes != size || r.Flows != size/200 {
					t.Errorf("%s: removed %+v", test.name, r)
				}
			}
		}
	}
}

// TestPruneLeavesOthersAlone: what somebody put behind the alias, however old and large, neither goes nor counts.
func TestPruneLeavesOthersAlone(t *testing.T) {
	d := newDisks(t, false, 400, 100)
	for _, other := range []string{"archive-2019", "flows-lab-000001", "0-of-an-alias"} {
		d.others = append(d.others, other)
		d.sizes[other] = 5000
	}
	removed, left, err := d.client(t).Prune(t.Context(), "flows", 1000)
	if err != nil || len(removed) > 0 || left != 500 || len(d.asked) > 0 {
		t.Errorf("below the bound: %v, %d, %v; asked %q", removed, left, err, d.asked)
	}
	if _, left, err = d.client(t).Prune(t.Context(), "flows", 200); err != nil || left != 100 || !slices.Equal(d.asked, []string{"DELETE flows-000001", "POST flows/_rollover"}) {
		t.Errorf("above it: %d, %v; asked %q", left, err, d.asked)
	}
	d.written, d.asked = "archive-2019", nil
	if _, _, err = d.client(t).Prune(t.Context(), "flows", 1); err == nil || !strings.Contains(err.Error(), "alias flows writes to archive-2019") || len(d.asked) > 0 {
		t.Errorf("an alias that writes elsewhere: %v; asked %q", err, d.asked)
	}
}

// TestPruneKeepsTheOrderOfWriting: an index that was shrunk, or mounted from a snapshot, was made anew after the one that is written to, and is still the oldest.
func TestPruneKeepsTheOrderOfWriting(t *testing.T) {
	for _, stream := range []bool{true, false} {
		d := newDisks(t, stream, 600, 300, 100)
		mounted := "restored-" + d.indices[0]
		d.sizes[mounted], d.indices[0] = d.sizes[d.indices[0]], mounted
		if _, left, err := d.client(t).Prune(t.Context(), "flows", 800); err != nil || left != 400 || !slices.Equal(d.asked, []string{"DELETE " + mounted}) {
			t.Errorf("data stream %t: %d, %v; asked %q", stream, left, err, d.asked)
		}
	}
}

// TestPruneOfAnotherDataStream: an alias may lead to data streams whose flows are somebody else's.
func TestPruneOfAnotherDataStream(t *testing.T) {
	d := newDisks(t, true, 500, 600)
	d.of = "logs"
	if _, _, err := d.client(t).Prune(t.Context(), "flows", 100); err == nil || !strings.Contains(err.Error(), "flows is an alias of the data stream logs") || len(d.asked) > 0 {
		t.Errorf("%v; asked %q", err, d.asked)
	}
}

func TestPruneRefused(t *testing.T) {
	d := newDisks(t, true, 500, 600, 100)
	d.refuse[http.MethodDelete] = http.StatusForbidden
	if removed, left, err := d.client(t).Prune(t.Context(), "flows", 1000); err == nil || !strings.Contains(err.Error(), "unable to remove index .ds-flows-2026.11.01-000001") || len(removed) > 0 || left != 1200 {
		t.Errorf("%v, %d, %v", removed, left, err)
	}
	d = newDisks(t, false, 100)
	d.mu.Lock()
	d.indices, d.sizes = []string{"flows"}, map[string]int64{"flows": 5000}
	d.mu.Unlock()
	if _, _, err := d.client(t).Prune(t.Context(), "flows", 1000); err == nil || !strings.Contains(err.Error(), "cannot be kept below a size") {
		t.Errorf("an index alone: %v", err)
	}
	d.mu.Lock()
	d.refuse[http.MethodGet] = http.StatusNotFound // a proxy, or what else is no Elasticsearch
	d.mu.Unlock()
	if _, _, err := d.client(t).Prune(t.Context(), "flows", 1000); err == nil {
		t.Error("an answer that does not say that there is no index is taken for that")
	}
	d.Close()
	if _, _, err := d.client(t).Prune(t.Context(), "flows", 1000); err == nil {
		t.Error("a server that is away has pruned")
	}
}

// TestGuardKeepsWhatItKnows: while Elasticsearch is away, what flows take is what was seen last, and not nothing.
func TestGuardKeepsWhatItKnows(t *testing.T) {
	d := newDisks(t, true, 500, 100)
	g := &guard{client: d.client(t), index: "flows", logger: slog.New(slog.DiscardHandler), stats: RetentionStats{MaxBytes: 1000}}
	g.look(t.Context())
	d.mu.Lock()
	d.refuse[http.MethodGet] = http.StatusServiceUnavailable
	d.mu.Unlock()
	g.look(t.Context())
	if s := g.figures(); s.Bytes != 600 || s.Errors != 1 || s.Problem == "" {
		t.Errorf("the figures are %+v", s)
	}
}

// TestGuard: the output looks as long as it is open, tells what became of it, and ends.
func TestGuard(t *testing.T) {
	d := newDisks(t, true, 5<<20, 1<<19, 100)
	pool := NewPool(1<<20, 4)
	e, err := NewElasticsearch(ElasticsearchConfig{
		Connection: Connection{Addresses: []string{d.URL}, Logger: slog.New(slog.DiscardHandler)}, Index: "flows", Queue: NewMemoryQueue(1<<20, pool), Pool: pool,
		Retention: RetentionConfig{MaxBytes: 1 << 20, Secrets: func() (Secrets, error) { return Secrets{APIKey: "key"}, nil }},
	})
	if err != nil {
		t.Fatal(err)
	}
	for s := e.Stats()[0].Retention; s == nil || s.Bytes != 1<<19+100; s = e.Stats()[0].Retention {
		time.Sleep(time.Millisecond)
	}
	if s := e.Stats()[0].Retention; s.Removed != 1 || s.RemovedFlows != 5<<20/200 || s.MaxBytes != 1<<20 || s.Errors != 0 || s.Problem != "" {
		t.Errorf("the figures are %+v", s)
	}
	if err := e.Alive(); err != nil {
		t.Error(err)
	}
	if err := e.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
