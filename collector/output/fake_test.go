package output

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// fakeServer is an Elasticsearch that remembers what it stored, refuses an id that it has, and answers as its script says.
type fakeServer struct {
	t *testing.T
	*httptest.Server

	mu       sync.Mutex
	stored   map[string]int // document → how often
	ids      map[string]bool
	requests []*http.Request
	bodies   [][]string // documents of each bulk request
	// script answers request n (from 0). Returning false leaves the answer to the server, which stores everything.
	script func(n int, docs []string, w http.ResponseWriter) bool
	// cut says that the answer to request n is lost: what it brings is stored, and the connection closed.
	cut func(n int) bool
	// other answers what is neither the root nor a bulk request. Returning false leaves the answer to the server, which has mappings.
	other func(w http.ResponseWriter, r *http.Request) bool
	// each gives the answer for one document: status and error; status 0 means 201.
	each func(doc string) (int, string)
}

func newFakeServer(t *testing.T) *fakeServer {
	t.Helper()
	f := &fakeServer{t: t, stored: map[string]int{}, ids: map[string]bool{}}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fakeServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Elastic-Product", "Elasticsearch")
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Path == "/" {
		_, _ = io.WriteString(w, `{"version":{"number":"7.17.29","build_flavor":"default"},"tagline":"You Know, for Search"}`)
		return
	}
	if !strings.HasSuffix(r.URL.Path, "/_bulk") {
		f.mu.Lock()
		other := f.other
		f.mu.Unlock()
		if other == nil || !other(w, r) {
			_, _ = io.WriteString(w, goodMapping)
		}
		return
	}
	docs, ids, err := readBulk(r)
	if err != nil {
		f.t.Errorf("bulk body: %v", err)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	f.mu.Lock()
	n := len(f.bodies)
	f.requests = append(f.requests, r)
	f.bodies = append(f.bodies, docs)
	script, cut, each := f.script, f.cut, f.each
	f.mu.Unlock()
	if script != nil && script(n, docs, w) {
		return
	}
	errs := false
	items := make([]string, len(docs))
	f.mu.Lock()
	for i, d := range docs {
		status, fault := 0, ""
		if each != nil {
			status, fault = each(d)
		}
		if status == 0 && f.ids[ids[i]] {
			status, fault = 409, `{"type":"version_conflict_engine_exception","reason":"document already exists"}`
		}
		switch status {
		case 0:
			f.stored[d]++
			f.ids[ids[i]] = ids[i] != ""
			items[i] = `{"create":{"status":201}}`
		default:
			errs = true
			items[i] = fmt.Sprintf(`{"create":{"status":%d,"error":%s}}`, status, fault)
		}
	}
	f.mu.Unlock()
	if cut != nil && cut(n) {
		panic(http.ErrAbortHandler)
	}
	_, _ = fmt.Fprintf(w, `{"errors":%v,"items":[%s]}`, errs, strings.Join(items, ","))
}

// goodMapping is the answer of a server whose index was set up.
const goodMapping = `{"flows":{"mappings":{"properties":{"source":{"properties":{"ip":{"type":"ip"}}}}}}}`

// readBulk returns the documents of a bulk request, and their ids, empty where they have none, after a check of its form.
func readBulk(r *http.Request) (docs, ids []string, err error) {
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		if body, err = gzip.NewReader(body); err != nil {
			return nil, nil, err
		}
	}
	all, err := io.ReadAll(body)
	if err != nil {
		return nil, nil, err
	}
	if !bytes.HasSuffix(all, []byte("\n")) {
		return nil, nil, errors.New("no newline at the end")
	}
	lines := bufio.NewScanner(bytes.NewReader(all))
	lines.Buffer(nil, len(all)+1)
	for lines.Scan() {
		if text := lines.Text() + "\n"; text != action && (!strings.HasPrefix(text, actionBefore) || !strings.HasSuffix(text, actionAfter)) {
			return nil, nil, fmt.Errorf("action line is %q", lines.Text())
		}
		ids = append(ids, strings.TrimSuffix(strings.TrimPrefix(strings.TrimSuffix(lines.Text(), `{"create":{}}`), actionBefore), strings.TrimSuffix(actionAfter, "\n")))
		if !lines.Scan() || !json.Valid(lines.Bytes()) {
			return nil, nil, fmt.Errorf("document is %q", lines.Text())
		}
		docs = append(docs, lines.Text())
	}
	return docs, ids, nil
}

// once checks that exactly the documents first to last are stored, each once.
func (f *fakeServer) once(t *testing.T, n int) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.stored) != n {
		t.Errorf("%d documents stored, want %d", len(f.stored), n)
	}
	for d, times := range f.stored {
		if times != 1 {
			t.Errorf("%s stored %d times", d, times)
		}
	}
}

// answer writes an error answer in Elasticsearch's form.
func answer(w http.ResponseWriter, status int, kind, reason string) bool {
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"error":{"root_cause":[],"type":%q,"reason":%q},"status":%d}`, kind, reason, status)
	return true
}

// logBuffer collects log lines of several goroutines.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// rig is an Elasticsearch sink in front of a server, and a batcher in front of it.
type rig struct {
	t       *testing.T
	sink    *Elasticsearch
	batcher *Batcher
	log     *logBuffer
	put     int
}

func newRig(t *testing.T, batch, limit int, change func(*ElasticsearchConfig)) *rig {
	t.Helper()
	r := &rig{t: t, log: &logBuffer{}}
	pool := NewPool(batch, 4)
	c := ElasticsearchConfig{
		Index: "flows", Gzip: true, Workers: 2, Queue: NewMemoryQueue(limit, pool), Pool: pool,
		RetryFirst: time.Millisecond, RetryMost: 5 * time.Millisecond,
		Connection: Connection{Logger: slog.New(slog.NewTextHandler(r.log, nil))},
	}
	change(&c)
	var err error
	if r.sink, err = NewElasticsearch(c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.sink.cancel(); _ = r.sink.Close(t.Context()) })
	r.batcher = NewBatcher(r.sink, pool, batch, time.Hour)
	return r
}

func document(i int) string { return fmt.Sprintf(`{"n":%d,"pad":"0123456789"}`, i) }

// add puts a document, as a pipeline does.
func add(b *Batcher, i int) {
	if b.Ready() {
		b.Commit(append(b.Begin(), document(i)...), time.Now())
	} else {
		b.Refuse(1)
	}
}

// add puts n more documents.
func (r *rig) add(n int) {
	for range n {
		add(r.batcher, r.put)
		r.put++
	}
}

func (r *rig) stats() Stats { return r.sink.Stats()[0] }

// until waits for the sink to reach a state, as long as the test may run.
func (r *rig) until(what string, ok func(Stats) bool) Stats {
	r.t.Helper()
	for {
		s := r.stats()
		if ok(s) {
			return s
		}
		if r.t.Context().Err() != nil {
			r.t.Fatalf("ended while waiting for %s: %+v", what, s)
		}
		time.Sleep(time.Millisecond)
	}
}

func (s Stats) settled() bool { return s.Held.Documents == 0 }

func (s Stats) lost() (n int) {
	for _, d := range s.Dropped {
		n += int(d)
	}
	return n
}
