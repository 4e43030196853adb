package output

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/output/spool"
)

func openSpool(t *testing.T, folder string) *spool.Spool {
	t.Helper()
	s, err := spool.Open(spool.Options{Directory: folder, MaxBytes: 16 << 20, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// newSpooledRig is a rig as the service builds it where there is a state directory: with ids and a spool. Its batches have some ten documents.
func newSpooledRig(t *testing.T, f *fakeServer, folder string) *rig {
	t.Helper()
	return newRig(t, 400, 1<<20, func(c *ElasticsearchConfig) {
		c.Pool.GiveIDs(true)
		c.Addresses, c.Workers, c.Spool = []string{f.URL}, 3, openSpool(t, folder)
	})
}

// stop ends the sink as the service does.
func (r *rig) stop() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := r.sink.Close(ctx); err != nil {
		r.t.Error(err)
	}
}

// send adds documents and hands all over.
func (r *rig) send(n int) {
	r.add(n)
	r.batcher.Flush()
}

func (f *fakeServer) does(script func(n int, docs []string, w http.ResponseWriter) bool, cut func(n int) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.script, f.cut = script, cut
}

func away(_ int, _ []string, w http.ResponseWriter) bool {
	return answer(w, 503, "cluster_block_exception", "blocked by: [SERVICE_UNAVAILABLE/1/state not recovered / initialized];")
}

// TestOutageOverARestart: what came while Elasticsearch was away is stored after a restart of the collector, each document once.
func TestOutageOverARestart(t *testing.T) {
	f, folder := newFakeServer(t), t.TempDir()
	f.does(away, nil)
	r := newSpooledRig(t, f, folder)
	r.send(500)
	r.until("the problem to show", func(s Stats) bool { return s.Problem.Cause == "server_error" })
	r.stop() // at once: nothing is lost by it
	if s := r.stats(); s.Held.Documents != 500 || s.lost() != 0 {
		t.Errorf("stats %+v", s)
	}

	f.does(nil, nil)
	again := newSpooledRig(t, f, folder)
	again.put = 500
	again.send(300)
	s := again.until("all stored", Stats.settled)
	if s.Sent != 800 || s.Duplicates != 0 || s.lost() != 0 {
		t.Errorf("stats %+v", s)
	}
	again.stop()
	f.once(t, 800)
}

// TestLostAnswers: when the answer is lost after the documents were stored, they are sent again, and refused.
func TestLostAnswers(t *testing.T) {
	f := newFakeServer(t)
	f.does(func(n int, docs []string, w http.ResponseWriter) bool { return n%4 == 2 && away(n, docs, w) }, func(n int) bool { return n%2 == 1 })
	r := newSpooledRig(t, f, t.TempDir())
	r.send(1000)
	s := r.until("all stored", Stats.settled)
	if s.Sent != 1000 || s.Duplicates == 0 {
		t.Errorf("stats %+v", s)
	}
	r.stop()
	f.once(t, 1000)
}

// TestStopSendsWhatIsLeft: a stop does not leave for the next start what Elasticsearch takes now.
func TestStopSendsWhatIsLeft(t *testing.T) {
	f := newFakeServer(t)
	r := newSpooledRig(t, f, t.TempDir())
	r.send(2000)
	r.stop()
	f.once(t, 2000)
	if s := r.stats(); s.Held.Documents != 0 {
		t.Errorf("stats %+v", s)
	}
}

// TestSpoolThatTakesNothing: flows go past it while Elasticsearch is there, and wait in memory while it is not.
func TestSpoolThatTakesNothing(t *testing.T) {
	f, folder := newFakeServer(t), filepath.Join(t.TempDir(), "spool")
	r := newSpooledRig(t, f, folder)
	if err := os.RemoveAll(folder); err != nil { // no segment can be begun
		t.Fatal(err)
	}
	r.send(500)
	s := r.until("all stored", Stats.settled)
	if s.Sent != 500 || s.Spool == nil || s.Spool.Errors == 0 || s.Problem.Cause != "spool" || !strings.Contains(s.Problem.Text, "no such file or directory") {
		t.Errorf("stats %+v", s)
	}
	f.does(away, nil)
	r.send(500)
	r.until("the problem to show", func(s Stats) bool { return s.Problem.Cause == "server_error" })
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	r.until("the spool to be used", func(Stats) bool { return r.sink.config.Spool.Held().Documents == 500 })
	f.does(nil, nil)
	s = r.until("all stored", Stats.settled)
	if s.Sent != 1000 || s.Problem.Cause != "" || s.lost() != 0 {
		t.Errorf("stats %+v", s)
	}
	r.stop()
	f.once(t, 1000)
}

// TestNodeThatIsAway: of two nodes one is enough.
func TestNodeThatIsAway(t *testing.T) {
	f := newFakeServer(t)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	r := newRig(t, 400, 1<<20, func(c *ElasticsearchConfig) { c.Addresses = []string{gone.URL, f.URL} })
	for range 20 {
		r.send(20)
		r.until("all stored", Stats.settled)
	}
	s := r.stats()
	if s.Sent != 400 || s.Errors["connection"] == 0 || s.Errors["connection"] > 3 {
		t.Errorf("stats %+v", s)
	}
	f.once(t, 400)
}

// TestSpoolThatTakesNothingNeverAgain: an outage of Elasticsearch ends also where nothing comes to the spool.
func TestSpoolThatTakesNothingNeverAgain(t *testing.T) {
	f, folder := newFakeServer(t), filepath.Join(t.TempDir(), "spool")
	r := newSpooledRig(t, f, folder)
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	f.does(away, nil)
	r.send(500)
	r.until("the problem to show", func(s Stats) bool { return s.Problem.Cause == "server_error" })
	f.does(nil, nil)
	if s := r.until("all stored", Stats.settled); s.Sent != 500 || s.lost() != 0 {
		t.Errorf("stats %+v", s)
	}
	r.stop()
	f.once(t, 500)
}

// TestRestOfABatchGoesToTheSpool: documents that Elasticsearch does not take now do not keep a packer from the disk, even at the end.
func TestRestOfABatchGoesToTheSpool(t *testing.T) {
	f, folder := newFakeServer(t), filepath.Join(t.TempDir(), "spool")
	f.each = func(doc string) (int, string) {
		if doc == document(3) {
			return 429, `{"type":"es_rejected_execution_exception","reason":"x"}`
		}
		return 0, ""
	}
	r := newSpooledRig(t, f, folder)
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	r.send(10)
	r.until("all but one stored", func(s Stats) bool { return s.Sent == 9 && s.Errors["overloaded"] > 2 })
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	r.until("the rest in the spool", func(s Stats) bool { return r.sink.config.Spool.Held().Documents == 1 && s.Held.Documents == 1 })
}

// slowly is a queue whose figures take their time.
type slowly struct{ Queue }

func (q slowly) Held() Held {
	defer time.Sleep(20 * time.Millisecond)
	return q.Queue.Held()
}

// TestNothingVanishesOnItsWay: what moves from the queue to the spool while figures are taken is in them.
func TestNothingVanishesOnItsWay(t *testing.T) {
	f, folder := newFakeServer(t), t.TempDir()
	f.does(away, nil)
	r := newRig(t, 400, 1<<20, func(c *ElasticsearchConfig) {
		c.Addresses, c.Spool, c.Queue = []string{f.URL}, openSpool(t, folder), slowly{c.Queue}
	})
	r.send(1000)
	if s := r.stats(); s.Held.Documents < 1000 {
		t.Errorf("%d documents held", s.Held.Documents)
	}
}
