package output

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

func (f *fakeServer) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.bodies)
}

// TestNothingIsSentToAnUnmappedIndex: what waits, in memory or in the spool, is sent once the target was set up.
func TestNothingIsSentToAnUnmappedIndex(t *testing.T) {
	for name, rigOf := range map[string]func(t *testing.T, f *fakeServer) *rig{
		"memory": func(t *testing.T, f *fakeServer) *rig {
			t.Helper()
			return newRig(t, 1000, 1<<20, func(c *ElasticsearchConfig) { c.Addresses = []string{f.URL} })
		},
		"spool": func(t *testing.T, f *fakeServer) *rig { t.Helper(); return newSpooledRig(t, f, t.TempDir()) },
	} {
		t.Run(name, func(t *testing.T) {
			f, c := newFakeServer(t), newCluster()
			f.other = c.answer
			r := rigOf(t, f)
			r.until("the problem before the first flow", func(s Stats) bool { return s.Problem.Cause == causeUnmapped })
			r.send(100)
			s := r.until("more looks", func(s Stats) bool { return s.Errors[causeUnmapped] > 3 })
			if want := "no index template for flows: run flowcollector setup, or set output.elasticsearch.setup: true"; s.Problem.Text != want {
				t.Errorf("problem %q", s.Problem.Text)
			}
			if f.count() != 0 || s.Held.Documents != 100 || s.Retried != 0 {
				t.Errorf("%d bulk requests, stats %+v", f.count(), s)
			}
			// Somebody makes an index by hand, without mappings.
			c.does(func() { c.targets["/flows"] = "x" })
			r.until("the index to be seen", func(s Stats) bool {
				return strings.HasPrefix(s.Problem.Text, "flows is there without the mappings of flows: remove it, then run")
			})
			c.does(func() { delete(c.targets, "/flows"); c.template(t, schema.TargetIndex, asItIs) })
			s = r.until("all stored", Stats.settled)
			f.once(t, 100)
			if s.Problem != (Problem{}) || s.lost() != 0 {
				t.Errorf("stats %+v", s)
			}
		})
	}
}

// TestLooksAgainWhenTheIndexIsGone: before more is sent.
func TestLooksAgainWhenTheIndexIsGone(t *testing.T) {
	f := newFakeServer(t)
	var mu sync.Mutex
	looks := 0
	f.other = func(_ http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		if strings.HasSuffix(r.URL.Path, "/_mapping") {
			looks++
		}
		return false
	}
	f.script = func(n int, _ []string, w http.ResponseWriter) bool {
		return n == 1 && every(w, 404, "index_not_found_exception", "no such index [flows]")
	}
	r := newRig(t, 1<<20, 1<<20, func(c *ElasticsearchConfig) { c.Addresses = []string{f.URL} })
	for range 3 {
		r.send(100)
		r.until("all stored", Stats.settled)
	}
	f.once(t, 300)
	mu.Lock()
	defer mu.Unlock()
	if looks != 2 {
		t.Errorf("looked %d times, want 2", looks)
	}
}

// TestWithoutRightsToLookDocumentsAreSent: there is one warning.
func TestWithoutRightsToLookDocumentsAreSent(t *testing.T) {
	f := newFakeServer(t)
	f.other = func(w http.ResponseWriter, _ *http.Request) bool {
		return answer(w, 403, "security_exception", "action [indices:admin/mappings/get] is unauthorized for user [writer]")
	}
	r := newRig(t, 1000, 1<<20, func(c *ElasticsearchConfig) { c.Addresses = []string{f.URL} })
	r.send(500)
	r.until("all stored", Stats.settled)
	f.once(t, 500)
	if log := r.log.String(); strings.Count(log, "may not look whether there is an index template") != 1 {
		t.Errorf("log:\n%s", log)
	}
}

// TestSetupAtTheStart: before there is a flow.
func TestSetupAtTheStart(t *testing.T) {
	f, c := newFakeServer(t), newCluster()
	f.other = c.answer
	want := []string{"/_component_template/flows-settings", "/_component_template/flows-mappings", "/_index_template/flows", "/_data_stream/flows"}
	r := newRig(t, 1000, 1<<20, func(e *ElasticsearchConfig) { e.Addresses, e.Setup = []string{f.URL}, TargetAuto })
	r.until("the target", func(Stats) (done bool) {
		c.does(func() { done = slices.Equal(c.puts, want) })
		return done
	})
	r.send(10)
	r.until("all stored", Stats.settled)
	c.does(func() {
		if !slices.Equal(c.puts, want) {
			t.Errorf("puts %v", c.puts)
		}
	})
	if log := r.log.String(); !strings.Contains(log, `what="data stream flows" result=created`) {
		t.Errorf("log:\n%s", log)
	}
}

// TestSetupAtTheStartWithoutRights: what is there is used; where nothing is, people are told, and nothing is sent.
func TestSetupAtTheStartWithoutRights(t *testing.T) {
	for _, there := range []bool{true, false} {
		f, c := newFakeServer(t), newCluster()
		c.refuses = "/_component_template"
		f.other = c.answer
		if there {
			c.targets["/flows"] = "x"
			c.template(t, schema.TargetIndex, asItIs)
		}
		r := newRig(t, 1000, 1<<20, func(e *ElasticsearchConfig) { e.Addresses, e.Setup = []string{f.URL}, TargetAuto })
		r.send(10)
		if there {
			r.until("all stored", Stats.settled)
			continue
		}
		s := r.until("the problem", func(s Stats) bool { return s.Problem.Cause == "setup" })
		if f.count() != 0 || !strings.Contains(s.Problem.Text, "unable to set up Elasticsearch: unable to look for component template flows-settings: 403") {
			t.Errorf("stats %+v", s)
		}
		c.does(func() { c.refuses = "" })
		r.until("all stored", Stats.settled)
	}
}
