package page_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/page"
	"github.com/flowstack/terraform-provider-flowstack/collector/page/pagetest"
	"github.com/flowstack/terraform-provider-flowstack/collector/recent"
)

var now = time.Date(2030, 5, 17, 9, 41, 0, 0, time.UTC)

// get asks a handler for a page.
func get(t *testing.T, h http.Handler, path string, want int) string {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	if w.Code != want {
		t.Fatalf("%s: status %d, want %d: %s", path, w.Code, want, w.Body)
	}
	return w.Body.String()
}

func has(t *testing.T, body string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(body, text) {
			t.Errorf("no %q on the page", text)
		}
	}
}

func handler(s page.Source, f page.Searcher) http.Handler {
	return page.New(page.Options{Source: s, Search: func() page.Searcher { return f }, Logger: slog.New(slog.DiscardHandler)})
}

func TestOverviewShowsAllThereIs(t *testing.T) {
	body := get(t, handler(pagetest.Busy(now), pagetest.SomeFlows(now, 10)), "/?minutes=15", http.StatusOK)
	has(t, body, "8 exporters, ", "edge1.fra.example.net", "2001:db8:0:1::1", "1 in 4096", "214 sets wait, 4\u00a0min", "1.3\u00a0%", "198.18.3.20", "10.20.1.15 → 198.18.3.20",
		"https", "Example CDN", "Germany", "0.0.0.0:2055", "32 MiB", "2 connections", "Behind by", "mapper_parsing_exception", "9\u202f012\u202f306\u202f310", "Dead letters",
		"geoip city", "6\u00a0d old", `href="/exporters/192.0.2.1"`, `href="/flows?address=198.18.3.20"`, "figures are estimates", `aria-current="true">15 min`, "Last problem: Elasticsearch is overloaded")
}

func TestNothingIsLinkedThatIsNotThere(t *testing.T) {
	h := handler(pagetest.Busy(now), nil)
	if body := get(t, h, "/", http.StatusOK); strings.Contains(body, `href="/flows?`) {
		t.Error("there are links to flows, which nobody keeps")
	}
	has(t, get(t, h, "/flows", http.StatusOK), "No flows are kept here", "output.recent.enabled")
}

func TestAnEmptyPageSaysHowToBegin(t *testing.T) {
	h := handler(pagetest.Empty(now), pagetest.Flows(nil))
	has(t, get(t, h, "/", http.StatusOK), "No exporter has sent anything yet", "softflowd -i eth0", "no output is configured", "set output.elasticsearch.addresses", "No databases or files are set")
	has(t, get(t, h, "/exporters/192.0.2.1", http.StatusNotFound), "No exporter 192.0.2.1")
	has(t, get(t, h, "/flows", http.StatusOK), "The store is empty")
}

func TestWhatOthersSendIsText(t *testing.T) {
	const evil = `<script>alert("1")</script>'"&`
	s := pagetest.Busy(now)
	e := &s.State.Exporters[0]
	e.Name, e.Sampling = evil, evil
	s.State.Headline, s.State.Problems = evil, []string{evil}
	s.State.Outputs[0].Problem, s.State.Enrichment[0].Problem = evil, evil
	s.Listed.Talkers[0].Name, s.Listed.Applications[0].Detail = evil, evil
	s.Listed.Applications[0].Query = `application=` + evil
	s.Detail.Interfaces[0].Name, s.Detail.Interfaces[0].Description = evil, evil
	s.Detail.Templates[0].Fields[0].Name = evil
	s.Config.Output.Elasticsearch.Username = evil
	flows := pagetest.SomeFlows(now, 3)
	flows[0].Application, flows[0].Source.Domain, flows[0].Input.Name, flows[0].Document = evil, evil, evil, []byte(`{"a":"</pre><script>alert(1)</script>"}`)
	h := handler(s, flows)
	for _, path := range []string{"/", "/?filter=%3Cscript%3Ealert(1)", "/exporters/192.0.2.1", "/settings", "/flows?last=all", "/flows?last=all&application=%22%3E%3Cscript%3Ealert(1)", "/flows?port=%3Cscript%3Ealert"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		body := w.Body.String()
		if strings.Contains(body, "<script>") || strings.Contains(body, "<script>alert") || !strings.Contains(body, "&lt;script&gt;") {
			t.Errorf("%s: what came from outside is not text, or is not there", path)
		}
		if n := strings.Count(body, "<script"); n != 1 {
			t.Errorf("%s: %d scripts", path, n)
		}
		if strings.Contains(body, " style=") || strings.Contains(body, "<style") || strings.Contains(body, " on") && strings.Contains(body, " onclick=") {
			t.Errorf("%s: styles or scripts in the page, which its policy forbids", path)
		}
	}
}

func TestHugeAndStrangeFigures(t *testing.T) {
	s := pagetest.Busy(now)
	s.State.Totals = page.Totals{Flows: math.MaxUint64, Packets: math.MaxUint64, Dropped: math.MaxUint64, KernelDrops: math.MaxUint64}
	s.State.Rates = page.Rates{Flows: math.Inf(1), Packets: math.NaN(), Bits: math.MaxFloat64}
	s.State.Drops = -1
	s.State.History = []page.Point{{Flows: math.MaxUint64, Packets: 1, Drops: 0}}
	s.State.Outputs[0].Behind, s.State.Started = math.MaxInt64, time.Time{}
	s.State.Exporters[0].Loss, s.State.Exporters[0].Skew = 17, -90*24*time.Hour
	s.Listed.Talkers[0].Of = 40
	body := get(t, handler(s, nil), "/", http.StatusOK)
	has(t, body, "18\u202f446\u202f744\u202f073\u202f709\u202f551\u202f615", "∞", "−90\u00a0d", "100\u00a0%")
	if strings.Contains(body, "NaN") || strings.Contains(body, "%!") {
		t.Error("a figure could not be written")
	}
}

func TestManyExportersAreCutOffAndFiltered(t *testing.T) {
	s := pagetest.Busy(now)
	for i := range 5000 {
		s.State.Exporters = append(s.State.Exporters, page.Sender{Address: netip.AddrFrom4([4]byte{10, 9, byte(i >> 8), byte(i)}), Name: fmt.Sprintf("Switch-%d", i), Formats: []string{"sflow5"}})
	}
	h := handler(s, nil)
	body := get(t, h, "/", http.StatusOK)
	if n := strings.Count(body, `href="/exporters/`); n != 100 {
		t.Errorf("%d exporters are shown, want 100", n)
	}
	has(t, body, "and 4\u202f908 more")
	// Whose rates are not known, nobody knows the loss of.
	_, row, found := strings.Cut(body, "Switch-0")
	row, _, _ = strings.Cut(row, "</tr>")
	if !found || strings.Contains(row, "%") {
		t.Errorf("loss of an exporter that is not followed: %s", row)
	}
	for filter, want := range map[string]int{"switch-4321": 1, "10.9.0.7": 11, "IPFIX": 3, "netflow5": 1} {
		if n := strings.Count(get(t, h, "/?filter="+filter, http.StatusOK), `href="/exporters/`); n != want {
			t.Errorf("filter %s: %d exporters, want %d", filter, n, want)
		}
	}
	has(t, get(t, h, "/?filter=nobody", http.StatusOK), "None of 5\u202f008 exporters has “nobody”")
}

func TestExporterPage(t *testing.T) {
	h := handler(pagetest.Busy(now), pagetest.Flows(nil))
	has(t, get(t, h, "/exporters/192.0.2.1", http.StatusOK), "xe-0/0/0", "Transit: Example Backbone", "100 \u00a0Gbit/s"[:3], "down", "1\u202f422", "sourceIPv4Address", "sampler 1 of domain 524288 (ipfix)", "/flows?exporter=192.0.2.1")
	has(t, get(t, h, "/exporters/2001:db8:0:1::1", http.StatusOK), "core1.fra.example.net")
	has(t, get(t, h, "/exporters/198.51.100.77", http.StatusOK), "214 data sets wait for a template")
	has(t, get(t, h, "/exporters/nonsense", http.StatusNotFound), "There is no such exporter")
}

func TestSettingsPage(t *testing.T) {
	h := handler(pagetest.Busy(now), nil)
	all, changed := get(t, h, "/settings", http.StatusOK), get(t, h, "/settings?only=changed", http.StatusOK)
	has(t, all, "exporters.max_templates", "4 settings differ", "https://127.0.0.1:9200")
	if strings.Contains(changed, "exporters.max_templates") || strings.Count(changed, `class="changed"`) != 4 {
		t.Error("the changed settings are not only those that changed")
	}
}

// asked keeps what it was asked for.
type asked struct {
	q   recent.Query
	err error
}

func (a *asked) Search(_ context.Context, q recent.Query) (recent.Result, error) {
	a.q = q
	return recent.Result{}, a.err
}

func TestTheFormBecomesAQuery(t *testing.T) {
	a := &asked{}
	h := handler(pagetest.Empty(now), a)
	get(t, h, "/flows?address=192.0.2.0/24&source=2001:db8::1&destination=10.0.0.0/8&port=443&protocol=TCP&application=https&exporter=192.0.2.254&as=AS64500&country=de&from=2030-05-17T09:00&to=2030-05-17T10:00&order=bytes&offset=100", http.StatusOK)
	want := recent.Query{
		From: time.Date(2030, 5, 17, 9, 0, 0, 0, time.UTC), To: time.Date(2030, 5, 17, 10, 0, 0, 0, time.UTC),
		Either: netip.MustParsePrefix("192.0.2.0/24"), Source: netip.MustParsePrefix("2001:db8::1/128"), Destination: netip.MustParsePrefix("10.0.0.0/8"),
		Port: 443, Protocol: 6, Application: "https", Exporter: netip.MustParseAddr("192.0.2.254"), AS: 64500, Country: "DE", Order: recent.Octets, Limit: 50, Offset: 100,
	}
	if a.q != want {
		t.Errorf("got  %+v\nwant %+v", a.q, want)
	}
	before := time.Now()
	get(t, h, "/flows?last=1h", http.StatusOK)
	if got := before.Add(-time.Hour); a.q.From.Before(got.Add(-time.Second)) || a.q.From.After(time.Now().Add(-time.Hour)) || !a.q.To.IsZero() {
		t.Errorf("the last hour is from %v to %v", a.q.From, a.q.To)
	}
	get(t, h, "/flows?last=all", http.StatusOK)
	if !a.q.From.IsZero() {
		t.Errorf("all there is begins at %v", a.q.From)
	}
}

func TestMistakesAreSaidAtTheirField(t *testing.T) {
	a := &asked{}
	h := handler(pagetest.Empty(now), a)
	for query, want := range map[string]string{
		"address=192.0.2.1/24": "has bits beyond its length",
		"port=0":               "a port is a number from 1 to 65535",
		"port=65536":           "a port is a number from 1 to 65535",
		"protocol=tpc":         "is not a protocol",
		"exporter=edge1":       "an exporter is given by its address",
		"as=x":                 "an autonomous system is a number",
		"country=Germany":      "a country has two letters",
		"from=yesterday":       "is not a time",
		"from=2030-01-02T00:00&to=2030-01-01T00:00": "must be later than From",
	} {
		body := get(t, h, "/flows?"+query, http.StatusBadRequest)
		has(t, body, want, "1 field cannot be used")
	}
	if a.q != (recent.Query{}) {
		t.Error("it searched all the same")
	}
	a.err = errors.New("disk on fire")
	has(t, get(t, h, "/flows", http.StatusInternalServerError), "disk on fire")
}

func TestPagesOfResults(t *testing.T) {
	h := handler(pagetest.Empty(now), pagetest.SomeFlows(now, 120))
	first := get(t, h, "/flows?last=all&order=bytes", http.StatusOK)
	has(t, first, ">120<", "1 to 50 are shown", `href="/flows?last=all&amp;offset=50&amp;order=bytes"`)
	if strings.Contains(first, "← Before") {
		t.Error("there is something before the first page")
	}
	last := get(t, h, "/flows?last=all&offset=100", http.StatusOK)
	has(t, last, "101 to 120 are shown", `href="/flows?last=all&amp;offset=50"`)
	if strings.Contains(last, "Further →") {
		t.Error("there is something after the last page")
	}
}

// counted counts how often it is looked at.
type counted struct {
	*pagetest.Source
	n    atomic.Int64
	hold chan struct{} // nil: does not wait

	tops, exporters    atomic.Int64
	made, making, most atomic.Int64 // pages
	slow               bool
}

func (c *counted) Overview() page.Overview {
	c.n.Add(1)
	if c.hold != nil {
		<-c.hold
	}
	return c.Source.Overview()
}

// Top implements page.Source.
func (c *counted) Top(minutes int) page.Top {
	c.tops.Add(1)
	return c.Source.Top(minutes)
}

// Exporter implements page.Source.
func (c *counted) Exporter(ctx context.Context, address netip.Addr) (page.Exporter, bool) {
	c.exporters.Add(1)
	return c.Source.Exporter(ctx, address)
}

// Identity implements page.Source. Each page that is made asks once.
func (c *counted) Identity() (version, host string) {
	c.made.Add(1)
	if n := c.making.Add(1); n > c.most.Load() {
		c.most.Store(n)
	}
	defer c.making.Add(-1)
	if c.slow {
		time.Sleep(time.Millisecond)
	}
	return c.Source.Identity()
}

// stopped is a handler for which no time passes.
func stopped(s page.Source) http.Handler {
	return page.New(page.Options{Source: s, Logger: slog.New(slog.DiscardHandler)}.WithClock(func() time.Time { return now }))
}

func TestReloadingCostsOnePage(t *testing.T) {
	c := &counted{Source: pagetest.Busy(now), hold: make(chan struct{})}
	h := stopped(c)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() { get(t, h, "/", http.StatusOK) })
	}
	close(c.hold)
	all.Wait()
	if c.n.Load() != 1 || c.tops.Load() != 1 || c.made.Load() != 1 {
		t.Errorf("the service was asked %d and %d times and the page made %d times for 50 who asked at once", c.n.Load(), c.tops.Load(), c.made.Load())
	}
}

// Addresses of which there is any number cost the service nothing, and few of their pages are made at once.
func TestWhateverIsAskedForTheServiceIsAskedOnce(t *testing.T) {
	c := &counted{Source: pagetest.Busy(now), slow: true}
	h := stopped(c)
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() { get(t, h, fmt.Sprintf("/?filter=%d", i), http.StatusOK) })
		all.Go(func() { get(t, h, fmt.Sprintf("/exporters/100.64.0.%d", i), http.StatusNotFound) })
		all.Go(func() { get(t, h, "/exporters/192.0.2.1", http.StatusOK) })
	}
	all.Wait()
	if c.n.Load() != 1 || c.tops.Load() != 1 || c.exporters.Load() != 1 {
		t.Errorf("the service was asked %d times for all, %d for the top and %d for an exporter", c.n.Load(), c.tops.Load(), c.exporters.Load())
	}
	if c.made.Load() != 201 || c.most.Load() > page.MaxRenderings {
		t.Errorf("%d pages were made, %d at once", c.made.Load(), c.most.Load())
	}
}

// Who goes away while others have all places is not waited for.
func TestWhoWaitsForAPlaceMayGo(t *testing.T) {
	c := &holding{Source: pagetest.Busy(now), hold: make(chan struct{})}
	h := stopped(c)
	var all sync.WaitGroup
	for i := range page.MaxRenderings {
		all.Go(func() { get(t, h, fmt.Sprintf("/?filter=%d", i), http.StatusOK) })
	}
	for c.n.Load() < page.MaxRenderings {
		if t.Context().Err() != nil {
			t.Fatal("the pages are not being made")
		}
		time.Sleep(time.Millisecond)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/?filter=x", nil))
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("status %d", w.Code)
	}
	close(c.hold)
	all.Wait()
}

// holding is a service whose pages are not finished before hold is closed.
type holding struct {
	*pagetest.Source
	n    atomic.Int64
	hold chan struct{}
}

// Identity implements page.Source.
func (h *holding) Identity() (version, host string) {
	h.n.Add(1)
	<-h.hold
	return h.Source.Identity()
}

// Those who are slow to take what they asked for keep nobody else waiting.
func TestWhoReadsSlowlyKeepsNoPlace(t *testing.T) {
	h := stopped(pagetest.Busy(now))
	go1, begun := make(chan struct{}), make(chan struct{}, page.MaxRenderings)
	var all sync.WaitGroup
	for range page.MaxRenderings {
		w := &slow{httptest.NewRecorder(), begun, go1}
		all.Go(func() { h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/flows", nil)) })
	}
	for range page.MaxRenderings {
		<-begun
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for _, path := range []string{"/flows", "/?filter=x"} {
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil)); w.Code != http.StatusOK {
			t.Errorf("%s: status %d", path, w.Code)
		}
	}
	close(go1)
	all.Wait()
}

// slow takes an answer once it may go on.
type slow struct {
	*httptest.ResponseRecorder
	begun chan<- struct{}
	go1   <-chan struct{}
}

// Write implements http.ResponseWriter.
func (s *slow) Write(b []byte) (int, error) {
	s.begun <- struct{}{}
	<-s.go1
	return s.ResponseRecorder.Write(b)
}

func TestNothingCanBeChanged(t *testing.T) {
	h := handler(pagetest.Busy(now), nil)
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch} {
		for _, path := range []string{"/", "/settings", "/flows", "/exporters/192.0.2.1"} {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, nil))
			if w.Code != http.StatusMethodNotAllowed {
				t.Errorf("%s %s: status %d", method, path, w.Code)
			}
		}
	}
}

func TestStaticFiles(t *testing.T) {
	h := handler(pagetest.Empty(now), nil)
	body := get(t, h, "/", http.StatusOK)
	for _, name := range []string{"page.css", "live.js", "icon.svg"} {
		at := strings.Index(body, "/static/")
		for at >= 0 && !strings.HasPrefix(body[at+len("/static/0123456789ab/"):], name) {
			next := strings.Index(body[at+1:], "/static/")
			if next < 0 {
				at = -1
				break
			}
			at += 1 + next
		}
		if at < 0 {
			t.Fatalf("the page does not name %s", name)
		}
		path := body[at : at+len("/static/0123456789ab/")+len(name)]
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") == "" || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: status %d, %v", path, w.Code, w.Header())
		}
	}
	get(t, h, "/static/000000000000/page.css", http.StatusFound)
	get(t, h, "/static/000000000000/page.go", http.StatusNotFound)
	get(t, h, "/nowhere", http.StatusNotFound)
}

func BenchmarkOverview(b *testing.B) {
	s := pagetest.Busy(now)
	for i := range 1000 {
		e := s.State.Exporters[i%8]
		e.Address = netip.AddrFrom4([4]byte{10, 9, byte(i >> 8), byte(i)})
		s.State.Exporters = append(s.State.Exporters, e)
	}
	b.ReportAllocs()
	size := 0
	for b.Loop() {
		h := handler(s, nil) // without a cache that is filled
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/", nil))
		n, err := io.Copy(io.Discard, w.Body)
		if err != nil || w.Code != http.StatusOK {
			b.Fatal(w.Code, err)
		}
		size = int(n)
	}
	b.ReportMetric(float64(size), "octets")
}
