package output

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// every refuses each of 100 documents.
func every(w http.ResponseWriter, status int, kind, reason string) bool {
	one := fmt.Sprintf(`{"create":{"status":%d,"error":{"type":%q,"reason":%q}}}`, status, kind, reason)
	_, _ = fmt.Fprintf(w, `{"errors":true,"items":[%s]}`, strings.TrimSuffix(strings.Repeat(one+",", 100), ","))
	return true
}

// writer is the user of tests.
func writer() (Secrets, error) { return Secrets{Username: "writer", Password: "secret"}, nil }

func TestDocumentsAreStoredOnce(t *testing.T) {
	for _, gz := range []bool{true, false} {
		t.Run(fmt.Sprintf("gzip=%v", gz), func(t *testing.T) {
			f := newFakeServer(t)
			r := newRig(t, 1000, 1<<20, func(c *ElasticsearchConfig) {
				c.Addresses, c.Gzip = []string{f.URL}, gz
				c.Secrets, c.UserAgent = writer, "flowcollector/1"
			})
			r.add(1000)
			r.batcher.Flush()
			s := r.until("all stored", Stats.settled)
			f.once(t, 1000)
			if s.Sent != 1000 || s.lost() != 0 || s.Retried != 0 || s.Problem != (Problem{}) || s.Requests == 0 || s.SentBytes == 0 {
				t.Errorf("stats %+v", s)
			}
			f.mu.Lock()
			defer f.mu.Unlock()
			for _, q := range f.requests {
				user, pass, _ := q.BasicAuth()
				if q.Method != http.MethodPost || q.URL.Path != "/flows/_bulk" || user != "writer" || pass != "secret" ||
					q.Header.Get("User-Agent") != "flowcollector/1" || (q.Header.Get("Content-Encoding") == "gzip") != gz {
					t.Errorf("request %s %s %v", q.Method, q.URL, q.Header)
				}
			}
		})
	}
}

func TestOnlyFailedItemsAreSentAgain(t *testing.T) {
	f := newFakeServer(t)
	var mu sync.Mutex
	seen := map[string]int{}
	f.each = func(d string) (int, string) {
		mu.Lock()
		defer mu.Unlock()
		seen[d]++
		switch d {
		case document(3), document(9): // overload that passes
			if seen[d] < 3 {
				return 429, `{"type":"es_rejected_execution_exception","reason":"rejected execution"}`
			}
		case document(4): // server error that passes
			if seen[d] == 1 {
				return 503, `{"type":"unavailable_shards_exception","reason":"primary shard is not active"}`
			}
		case document(5): // there already
			return 409, `{"type":"version_conflict_engine_exception","reason":"document already exists"}`
		case document(6), document(7): // never
			return 400, `{"type":"mapper_parsing_exception","reason":"failed to parse field [source.ip]","caused_by":{"type":"illegal_argument_exception","reason":"'x' is not an IP string literal."}}`
		}
		return 0, ""
	}
	r := newRig(t, 1<<20, 1<<20, func(c *ElasticsearchConfig) { c.Addresses = []string{f.URL} })
	r.add(10)
	r.batcher.Flush()
	s := r.until("all settled", Stats.settled)
	f.once(t, 7) // ten less one conflict and two rejected
	if s.Sent != 8 || s.Dropped[CauseRejected] != 2 || s.Rejected["mapper_parsing_exception"] != 2 || s.lost() != 2 {
		t.Errorf("stats %+v", s)
	}
	want := [][]string{nil, {document(3), document(4), document(9)}, {document(3), document(9)}}
	for i := 1; i < 3; i++ {
		if fmt.Sprint(f.bodies[i]) != fmt.Sprint(want[i]) {
			t.Errorf("request %d had %v, want %v", i, f.bodies[i], want[i])
		}
	}
	if len(f.bodies) != 3 || s.Retried != 5 {
		t.Errorf("%d requests, %d sent again", len(f.bodies), s.Retried)
	}
	if s.Problem != (Problem{}) || s.Errors["overloaded"] != 2 {
		t.Errorf("problem %+v, errors %v", s.Problem, s.Errors)
	}
	if !strings.Contains(r.log.String(), "is not an IP string literal") {
		t.Errorf("log lacks the reason of the rejection:\n%s", r.log)
	}
}

func TestFailedRequestsAreTriedAgain(t *testing.T) {
	for _, tt := range []struct {
		name, cause, text string
		fail              func(w http.ResponseWriter) bool
	}{
		{"too many requests", "overloaded", "Elasticsearch is overloaded (429): es_rejected_execution_exception: rejected execution of coordinating operation", func(w http.ResponseWriter) bool {
			return answer(w, 429, "es_rejected_execution_exception", "rejected execution of coordinating operation")
		}},
		{"flood stage", "disk_full", "Elasticsearch takes nothing because its disk is full (flood-stage watermark)", func(w http.ResponseWriter) bool {
			_, _ = fmt.Fprint(w, `{"errors":true,"items":[`+strings.Repeat(`{"create":{"status":429,"error":{"type":"cluster_block_exception","reason":"index [flows] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has read-only-allow-delete block];"}}},`, 99)+
				`{"create":{"status":429,"error":{"type":"cluster_block_exception","reason":"blocked"}}}]}`)
			return true
		}},
		{"not ready", "server_error", "Elasticsearch away: 503 Service Unavailable: cluster_block_exception: blocked by: [SERVICE_UNAVAILABLE/1/state not recovered / initialized];", func(w http.ResponseWriter) bool {
			return answer(w, 503, "cluster_block_exception", "blocked by: [SERVICE_UNAVAILABLE/1/state not recovered / initialized];")
		}},
		{"proxy without a server", "server_error", "Elasticsearch away: 502 Bad Gateway: <html> <h1>502</h1>", func(w http.ResponseWriter) bool {
			w.WriteHeader(http.StatusBadGateway)
			_, _ = fmt.Fprint(w, "<html>\n<h1>502</h1>")
			return true
		}},
		{"wrong password", "unauthorized", `Elasticsearch refuses user "writer" (401): check output.elasticsearch.username and the password`, func(w http.ResponseWriter) bool {
			return answer(w, 401, "security_exception", "unable to authenticate user [writer]")
		}},
		{"no right to write", "forbidden", `Elasticsearch does not let user "writer" write to flows (403): security_exception: action [indices:data/write/bulk[s]] is unauthorized`, func(w http.ResponseWriter) bool {
			return answer(w, 403, "security_exception", "action [indices:data/write/bulk[s]] is unauthorized")
		}},
		{"no right to write, per item", "forbidden", `Elasticsearch does not let user "writer" write to flows (403): security_exception: action is unauthorized`, func(w http.ResponseWriter) bool {
			_, _ = fmt.Fprint(w, `{"errors":true,"items":[`+strings.TrimSuffix(strings.Repeat(`{"create":{"status":403,"error":{"type":"security_exception","reason":"action is unauthorized"}}},`, 100), ",")+`]}`)
			return true
		}},
		{"no index", "no_index", "Elasticsearch has no index flows and may not make it: index_not_found_exception: no such index [flows]", func(w http.ResponseWriter) bool {
			_, _ = fmt.Fprint(w, `{"errors":true,"items":[`+strings.TrimSuffix(strings.Repeat(`{"create":{"status":404,"error":{"type":"index_not_found_exception","reason":"no such index [flows]"}}},`, 100), ",")+`]}`)
			return true
		}},
		{"no index, and no right to make it", "no_index", `there is no index flows, and user "writer" may not make it (403): run flowcollector setup, or set output.elasticsearch.setup: true`, func(w http.ResponseWriter) bool {
			return every(w, 403, "security_exception", "action [indices:admin/auto_create] is unauthorized for user [writer] with roles [flow_writer], this action is granted by the index privileges [auto_configure,create_index,manage,all]")
		}},
		{"circuit breaker", "overloaded", "Elasticsearch is overloaded (429): circuit_breaking_exception: [parent] Data too large, data for [<http_request>] would be [1/1gb]", func(w http.ResponseWriter) bool {
			return answer(w, 429, "circuit_breaking_exception", "[parent] Data too large, data for [<http_request>] would be [1/1gb]")
		}},
		{"flood stage, the request as a whole", "disk_full", "Elasticsearch takes nothing because its disk is full (flood-stage watermark)", func(w http.ResponseWriter) bool {
			return answer(w, 429, "cluster_block_exception", "index [flows] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has read-only-allow-delete block];")
		}},
		{"flood stage before 7.8", "disk_full", "Elasticsearch takes nothing because its disk is full (flood-stage watermark)", func(w http.ResponseWriter) bool {
			return every(w, 403, "cluster_block_exception", "index [flows] blocked by: [FORBIDDEN/12/index read-only / allow delete (api)];")
		}},
		{"flood stage before 7.8, the request as a whole", "disk_full", "Elasticsearch takes nothing because its disk is full (flood-stage watermark)", func(w http.ResponseWriter) bool {
			return answer(w, 403, "cluster_block_exception", "index [flows] blocked by: [FORBIDDEN/12/index read-only / allow delete (api)];")
		}},
		{"index set read-only", "forbidden", `Elasticsearch does not let user "writer" write to flows (403): cluster_block_exception: index [flows] blocked by: [FORBIDDEN/8/index write (api)];`, func(w http.ResponseWriter) bool {
			return every(w, 403, "cluster_block_exception", "index [flows] blocked by: [FORBIDDEN/8/index write (api)];")
		}},
		{"index closed", "index", "Elasticsearch cannot write to flows: index_closed_exception: closed", func(w http.ResponseWriter) bool {
			return every(w, 400, "index_closed_exception", "closed")
		}},
		{"alias without a write index", "index", "Elasticsearch cannot write to flows: illegal_argument_exception: no write index is defined for alias [flows].", func(w http.ResponseWriter) bool {
			return every(w, 400, "illegal_argument_exception", "no write index is defined for alias [flows].")
		}},
		{"too many normal shards", "index", "Elasticsearch cannot write to flows: validation_exception: Validation Failed: 1: this action would add [2] total shards, but this cluster currently has [1000]/[1000] maximum normal shards open;", func(w http.ResponseWriter) bool {
			return every(w, 400, "validation_exception", "Validation Failed: 1: this action would add [2] total shards, but this cluster currently has [1000]/[1000] maximum normal shards open;")
		}},
		{"too many shards", "index", "Elasticsearch cannot write to flows: validation_exception: Validation Failed: 1: this action would add [2] total shards, but this cluster currently has [1000]/[1000] maximum shards open;", func(w http.ResponseWriter) bool {
			return every(w, 400, "validation_exception", "Validation Failed: 1: this action would add [2] total shards, but this cluster currently has [1000]/[1000] maximum shards open;")
		}},
		{"redirect", "unexpected", "the server at output.elasticsearch.addresses redirects to https://192.0.2.1/ (301): set that address", func(w http.ResponseWriter) bool {
			w.Header().Set("Location", "https://192.0.2.1/")
			w.WriteHeader(http.StatusMovedPermanently)
			return true
		}},
		{"another page", "unexpected", "Elasticsearch gives an answer that is not one to a bulk request", func(w http.ResponseWriter) bool {
			_, _ = fmt.Fprint(w, "<html>welcome</html>")
			return true
		}},
		{"wrong path", "unexpected", "Elasticsearch answers 404 Not Found: no handler found", func(w http.ResponseWriter) bool {
			w.WriteHeader(http.StatusNotFound)
			_, _ = fmt.Fprint(w, `{"error":"no handler found"}`)
			return true
		}},
		{"connection cut", "connection", "Elasticsearch away: the server closed the connection without an answer; does it expect https?", func(http.ResponseWriter) bool {
			panic(http.ErrAbortHandler)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFakeServer(t)
			var healed atomic.Bool
			f.script = func(_ int, _ []string, w http.ResponseWriter) bool { return !healed.Load() && tt.fail(w) }
			r := newRig(t, 1<<20, 1<<20, func(c *ElasticsearchConfig) { c.Addresses, c.Secrets = []string{f.URL}, writer })
			r.add(100)
			r.batcher.Flush()
			s := r.until("two failures", func(s Stats) bool { return s.Errors[tt.cause] >= 2 })
			if s.Problem.Cause != tt.cause || s.Problem.Text != tt.text || s.Problem.Since.IsZero() {
				t.Errorf("problem %+v\nwant %q %q", s.Problem, tt.cause, tt.text)
			}
			if s.Held.Documents != 100 || s.Sent != 0 || s.lost() != 0 {
				t.Errorf("while away: %+v", s)
			}
			healed.Store(true)
			s = r.until("all stored", Stats.settled)
			f.once(t, 100)
			if s.Sent != 100 || s.lost() != 0 || s.Problem != (Problem{}) || s.Retried < 200 {
				t.Errorf("after: %+v", s)
			}
			if log := r.log.String(); !strings.Contains(log, "output works again") || strings.Count(log, "cause="+tt.cause) != 1 {
				t.Errorf("log:\n%s", log)
			}
		})
	}
}

func TestTooLargeBodiesAreSplit(t *testing.T) {
	f := newFakeServer(t)
	f.script = func(_ int, docs []string, w http.ResponseWriter) bool {
		if len(docs) > 3 || len(docs[0]) > 1000 {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return true
		}
		return false
	}
	r := newRig(t, 1<<20, 1<<20, func(c *ElasticsearchConfig) { c.Addresses = []string{f.URL} })
	r.add(50)
	r.batcher.Commit(append(r.batcher.Begin(), `{"huge":"`+strings.Repeat("x", 1000)+`"}`...), time.Now())
	r.add(50)
	r.batcher.Flush()
	s := r.until("all settled", Stats.settled)
	f.mu.Lock()
	// The huge document takes those with it that share its body only until it is alone.
	n := len(f.stored)
	f.mu.Unlock()
	if n != 100 || s.Sent != 100 || s.Rejected["too_large"] != 1 || s.lost() != 1 {
		t.Errorf("%d stored, stats %+v", n, s)
	}
}

// TestBadRequestIsSearchedForItsCause: a body that Elasticsearch refuses whole costs only the document that is at fault, and is kept.
func TestBadRequestIsSearchedForItsCause(t *testing.T) {
	f := newFakeServer(t)
	f.script = func(n int, docs []string, w http.ResponseWriter) bool {
		switch {
		case n == 0: // a proxy's: nothing is lost
			w.Header().Del("X-Elastic-Product")
			w.WriteHeader(http.StatusBadRequest)
			return true
		case slices.Contains(docs, document(6)):
			return answer(w, 400, "illegal_argument_exception", "Malformed content")
		}
		return false
	}
	path := filepath.Join(t.TempDir(), "dead.ndjson")
	r := newRig(t, 1<<20, 1<<20, func(c *ElasticsearchConfig) {
		c.Addresses, c.DeadLetters = []string{f.URL}, DeadLetterConfig{Path: path, MaxBytes: 1 << 20}
	})
	r.add(10)
	r.batcher.Flush()
	s := r.until("all settled", Stats.settled)
	if s.Rejected["bad_request"] != 1 || s.Retried != 10 || s.Sent != 9 || s.lost() != 1 || s.DeadLetters.Written != 1 {
		t.Errorf("stats %+v", s)
	}
	f.once(t, 9)
	line, err := os.ReadFile(path)
	var letter deadLetter
	if err != nil || json.Unmarshal(line, &letter) != nil || letter.Status != 400 || letter.Type != "bad_request" ||
		!strings.Contains(letter.Reason, "Malformed content") || string(letter.Document) != document(6) || letter.Time.IsZero() {
		t.Errorf("dead letter %s, %v", line, err)
	}
}

func TestDeadLettersAreBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dead.ndjson")
	d, err := openDeadLetters(DeadLetterConfig{Path: path, MaxBytes: 1000}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		d.add(item{Status: 400, Error: &itemError{Type: "x", Reason: "y"}}, []byte(document(i)))
	}
	d.add(item{Status: 400}, []byte("no JSON\n")) // kept as a string
	if err := d.close(); err != nil || d.stats() != (DeadLetterStats{Written: 101}) {
		t.Errorf("%+v, %v", d.stats(), err)
	}
	for _, name := range []string{path, path + ".1"} {
		data, err := os.ReadFile(name)
		if err != nil || len(data) == 0 || len(data) > 1000 || data[len(data)-1] != '\n' {
			t.Errorf("%s: %d octets, %v", name, len(data), err)
		}
	}
	if _, err := openDeadLetters(DeadLetterConfig{Path: filepath.Join(path, "below")}, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("a file that cannot be opened is no error")
	}
}

// TestDeadLettersWhereTheFileIsNotOurs: letters are kept when somebody removed the file, and when it cannot be renamed.
func TestDeadLettersWhereTheFileIsNotOurs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dead.ndjson")
	if err := errors.Join(os.WriteFile(path, []byte(`{"time":"2026`), 0o600), os.Mkdir(path+".1", 0o700)); err != nil {
		t.Fatal(err)
	}
	log := &logBuffer{}
	d, err := openDeadLetters(DeadLetterConfig{Path: path, MaxBytes: 300}, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		d.add(item{Status: 400}, []byte(document(i)))
	}
	if got := read(t, path); strings.Count(got, "\n") != 50 || strings.Contains(got, "2026{") || !strings.Contains(log.String(), "cannot be renamed") {
		t.Errorf("%q, log %s", got, log)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	d.file.file.looked = time.Time{}
	d.add(item{Status: 400}, []byte("no JSON\n"))
	if got := read(t, path); !strings.HasSuffix(got, `"document":"no JSON"}`+"\n") {
		t.Errorf("%q", got)
	}
	if err := d.close(); err != nil || d.stats() != (DeadLetterStats{Written: 51}) {
		t.Errorf("%+v, %v", d.stats(), err)
	}
}

func TestAwayAndBackLosesNothingWithinTheBound(t *testing.T) {
	f := newFakeServer(t)
	address := f.Listener.Addr().String()
	f.Close()
	r := newRig(t, 1000, 1<<20, func(c *ElasticsearchConfig) { c.Addresses = []string{"http://" + address} })
	r.add(5000)
	r.batcher.Flush()
	s := r.until("refused connections", func(s Stats) bool { return s.Errors["connection"] > 1 })
	if s.Problem.Text != "Elasticsearch away: connection refused" || s.Held.Documents != 5000 || s.Held.Oldest.IsZero() {
		t.Errorf("while away: %+v", s)
	}
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	back := &httptest.Server{Listener: l, Config: &http.Server{Handler: f, ReadHeaderTimeout: time.Minute}}
	back.Start()
	defer back.Close()
	s = r.until("all stored", Stats.settled)
	f.once(t, 5000)
	if s.Sent != 5000 || s.lost() != 0 || s.Held.Bytes != 0 || !s.Held.Oldest.IsZero() {
		t.Errorf("stats %+v", s)
	}
}

func TestFullBufferRefusesTheNewestAndCounts(t *testing.T) {
	f := newFakeServer(t)
	var healed atomic.Bool
	f.script = func(_ int, _ []string, w http.ResponseWriter) bool {
		return !healed.Load() && answer(w, 503, "x", "y")
	}
	r := newRig(t, 1000, 20000, func(c *ElasticsearchConfig) { c.Addresses = []string{f.URL} })
	r.add(5000)
	r.batcher.Flush()
	s := r.stats()
	if s.Dropped[CauseBufferFull] == 0 || int(s.Dropped[CauseBufferFull])+s.Held.Documents != 5000 || s.Held.Bytes > 20000 || s.Held.Bytes < 18000 {
		t.Errorf("full: %+v", s)
	}
	if log := r.log.String(); strings.Count(log, "buffer is full") != 1 {
		t.Errorf("log:\n%s", log)
	}
	healed.Store(true)
	s = r.until("all settled", Stats.settled)
	if int(s.Sent)+s.lost() != 5000 {
		t.Errorf("sent %d and dropped %d do not add up to 5000", s.Sent, s.lost())
	}
	f.once(t, int(s.Sent))
	for i := range int(s.Sent) { // the oldest were kept
		if f.stored[document(i)] != 1 {
			t.Fatalf("document %d is not among the %d stored", i, s.Sent)
		}
	}
	r.add(10)
	r.batcher.Flush()
	if s = r.until("room again", Stats.settled); int(s.Sent)+s.lost() != 5010 {
		t.Errorf("later: %+v", s)
	}
}

func TestCloseDrains(t *testing.T) {
	f := newFakeServer(t)
	f.script = func(n int, _ []string, w http.ResponseWriter) bool { return n < 3 && answer(w, 503, "x", "y") }
	r := newRig(t, 1000, 1<<20, func(c *ElasticsearchConfig) {
		c.Addresses = []string{f.URL}
		c.RetryMost = time.Hour // an ordinary pause would outlast the test: stopping cuts it short
	})
	r.add(500)
	r.batcher.Flush()
	if err := r.sink.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.once(t, 500)
	if s := r.stats(); s.Sent != 500 || !s.settled() {
		t.Errorf("stats %+v", s)
	}
	r.add(10)
	r.batcher.Flush()
	if s := r.stats(); s.lost() != 10 {
		t.Errorf("put after close: %+v", s)
	}
}

func TestCloseIsBoundedAndCountsWhatIsLeft(t *testing.T) {
	f := newFakeServer(t)
	hanging := make(chan struct{}, 100)
	release := make(chan struct{})
	defer close(release)
	f.script = func(int, []string, http.ResponseWriter) bool {
		hanging <- struct{}{}
		<-release
		return false
	}
	r := newRig(t, 1000, 1<<20, func(c *ElasticsearchConfig) { c.Addresses = []string{f.URL} })
	r.add(500)
	r.batcher.Flush()
	<-hanging
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := r.sink.Close(ctx)
	if err == nil || err.Error() != "elasticsearch: 500 flows were not stored when the time to stop was over" {
		t.Errorf("error %v", err)
	}
	if s := r.stats(); s.Dropped[CauseShutdown] != 500 || s.Sent != 0 || !s.settled() || s.Problem != (Problem{}) {
		t.Errorf("stats %+v", s)
	}
}

func TestOneProbeAtATimeWhileAway(t *testing.T) {
	f := newFakeServer(t)
	var inside, most, n atomic.Int32
	f.script = func(_ int, _ []string, w http.ResponseWriter) bool {
		if now := inside.Add(1); n.Load() > 8 && now > most.Load() {
			most.Store(now)
		}
		defer inside.Add(-1)
		if n.Add(1) > 60 {
			return false
		}
		time.Sleep(time.Millisecond)
		return answer(w, 503, "x", "y")
	}
	r := newRig(t, 500, 1<<20, func(c *ElasticsearchConfig) { c.Addresses, c.Workers = []string{f.URL}, 4 })
	for range 20 {
		r.add(20)
	}
	r.batcher.Flush()
	s := r.until("60 failures", func(s Stats) bool { return s.Errors["server_error"] >= 60 })
	if most.Load() != 1 || s.Limit != 1 {
		t.Errorf("%d requests at a time while away, limit %d, want 1", most.Load(), s.Limit)
	}
	r.until("all stored", Stats.settled)
	f.once(t, 400)
}

func TestNotElasticsearch(t *testing.T) {
	var bulks atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			bulks.Add(1)
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprint(w, `{"version":{"number":"2.11.0","distribution":"opensearch"},"tagline":"The OpenSearch Project"}`)
	}))
	defer s.Close()
	r := newRig(t, 1000, 1<<20, func(c *ElasticsearchConfig) { c.Addresses = []string{s.URL} })
	r.add(10)
	r.batcher.Flush()
	st := r.until("the answer", func(s Stats) bool { return s.Errors["not_elasticsearch"] > 1 })
	if !strings.Contains(st.Problem.Text, "is not Elasticsearch 7") || st.Held.Documents != 10 {
		t.Errorf("stats %+v", st)
	}
	if bulks.Load() != 0 {
		t.Error("documents were sent to a server that is not Elasticsearch")
	}
}

// The server is looked at before the first flow, so that its absence and a wrong password show at once.
func TestProblemsShowBeforeTheFirstFlow(t *testing.T) {
	var healed atomic.Bool
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
		w.Header().Set("Content-Type", "application/json")
		if !healed.Load() {
			answer(w, 401, "security_exception", "unable to authenticate user [writer]")
			return
		}
		_, _ = fmt.Fprint(w, goodMapping)
	}))
	defer s.Close()
	r := newRig(t, 1000, 1<<20, func(c *ElasticsearchConfig) { c.Addresses, c.Secrets = []string{s.URL}, writer })
	r.until("a refusal", func(s Stats) bool { return s.Problem.Cause == "unauthorized" })
	healed.Store(true)
	r.until("no problem", func(s Stats) bool { return s.Problem == Problem{} })
}

func TestTLS(t *testing.T) {
	f := &fakeServer{t: t, stored: map[string]int{}, ids: map[string]bool{}}
	f.Server = httptest.NewUnstartedServer(f)
	f.Config.ErrorLog = nil
	f.StartTLS()
	defer f.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: f.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	r := newRig(t, 1000, 1<<20, func(c *ElasticsearchConfig) { c.Addresses, c.CAFile = []string{f.URL}, ca })
	r.add(10)
	r.batcher.Flush()
	r.until("all stored", Stats.settled)
	f.once(t, 10)

	for name, tt := range map[string]struct {
		address, want string
		ca            string
	}{
		"unknown authority": {f.URL, "unknown authority: set output.elasticsearch.ca_file", ""},
		"http to https":     {strings.Replace(f.URL, "https", "http", 1), "", ca},
		"other name":        {strings.Replace(f.URL, "127.0.0.1", "localhost", 1), "certificate is not accepted", ca},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, 1000, 1<<20, func(c *ElasticsearchConfig) { c.Addresses, c.CAFile = []string{tt.address}, tt.ca })
			r.add(1)
			r.batcher.Flush()
			s := r.until("an error", func(s Stats) bool { return s.Problem.Cause != "" })
			if !strings.Contains(s.Problem.Text, tt.want) || s.Held.Documents != 1 {
				t.Errorf("stats %+v, want %q", s, tt.want)
			}
		})
	}
	plain := newFakeServer(t)
	r = newRig(t, 1000, 1<<20, func(c *ElasticsearchConfig) {
		c.Addresses = []string{strings.Replace(plain.URL, "http", "https", 1)}
	})
	r.add(1)
	r.batcher.Flush()
	if s := r.until("an error", func(s Stats) bool { return s.Problem.Cause != "" }); !strings.Contains(s.Problem.Text, "does not speak TLS") {
		t.Errorf("https to http: %+v", s.Problem)
	}
}

func TestConfigErrors(t *testing.T) {
	noPEM := filepath.Join(t.TempDir(), "no.pem")
	if err := os.WriteFile(noPEM, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, c := range map[string]Connection{
		"unable to use output.elasticsearch.addresses":        {Addresses: []string{"http://[::1"}},
		"unable to read output.elasticsearch.ca_file":         {Addresses: []string{"http://127.0.0.1:9200"}, CAFile: noPEM + ".missing"},
		"no.pem: no PEM certificate in it":                    {Addresses: []string{"http://127.0.0.1:9200"}, CAFile: noPEM},
		"unable to use output.elasticsearch.ca_file " + noPEM: {Addresses: []string{"http://127.0.0.1:9200"}, CAFile: noPEM},
	} {
		if _, err := NewElasticsearch(ElasticsearchConfig{Connection: c}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestRejectedReasonsAreBounded(t *testing.T) {
	var c counters
	for i := range 1000 {
		c.add(strconv.Itoa(i), 1)
	}
	by := c.snapshot()
	var sum uint64
	for n := range maps.Values(by) {
		sum += n
	}
	if len(by) > maxLabels+1 || sum != 1000 {
		t.Errorf("%d names, sum %d", len(by), sum)
	}
}
