package output

import (
	"bytes"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
)

func TestCompressorAppends(t *testing.T) {
	var c Compressor
	for _, text := range []string{strings.Repeat("a flow ", 10_000), "another one"} { // the second with what the first left
		out, err := c.Append([]byte("before"), []byte(text))
		if err != nil || !bytes.HasPrefix(out, []byte("before")) {
			t.Fatalf("%.20q, %v", out, err)
		}
		r, err := gzip.NewReader(bytes.NewReader(out[len("before"):]))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || string(got) != text {
			t.Errorf("%.20q comes back, %v", got, err)
		}
	}
}

func TestNoMoreCompressorsThanProcessors(t *testing.T) {
	if n := cap(newCompressors(1 << 10)); n != runtime.GOMAXPROCS(0) {
		t.Errorf("%d compressors on %d processors", n, runtime.GOMAXPROCS(0))
	}
	if n := cap(newCompressors(1)); n != 1 {
		t.Errorf("%d compressors for one worker", n)
	}
}

// What is compressed does not need its batch any more: the next one is gathered in it while the first waits for Elasticsearch's answer.
func TestBatchIsUsedAgainWhileItIsSent(t *testing.T) {
	f := newFakeServer(t)
	sending, answered := make(chan struct{}), make(chan struct{})
	f.script = func(n int, _ []string, w http.ResponseWriter) bool {
		if n == 0 {
			close(sending)
			<-answered
			return answer(w, 429, "es_rejected_execution_exception", "rejected execution")
		}
		return false
	}
	var pool *Pool
	r := newRig(t, 1000, 1<<20, func(c *ElasticsearchConfig) { c.Addresses, pool = []string{f.URL}, c.Pool })
	r.add(10)
	batch := r.batcher.buffer.data
	r.batcher.Flush()
	<-sending
	if held := r.stats().Held; held.Documents != 10 || held.Bytes == 0 || held.Oldest.IsZero() {
		t.Errorf("held while it is sent: %+v", held)
	}
	again := func(b *Buffer) bool { return &b.data[:1][0] == &batch[0] }
	for !again(r.batcher.buffer) && !slices.ContainsFunc(free(pool), again) { // its memory comes back, to the pool or to the batcher already
		time.Sleep(time.Millisecond)
	}
	copy(batch, strings.Repeat("x", len(batch)))
	close(answered)
	if s := r.until("all stored", Stats.settled); s.Sent != 10 || s.Held != (Held{Limit: 1 << 20}) {
		t.Errorf("stats %+v", s)
	}
	f.once(t, 10)
	for _, b := range free(pool) {
		if cap(b.data) == 0 {
			t.Error("the pool has a buffer without memory")
		}
	}
}

// free are the buffers that a pool has.
func free(p *Pool) []*Buffer {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]*Buffer(nil), p.free...)
}
