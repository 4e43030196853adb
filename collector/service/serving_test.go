package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/output"
	"github.com/flowstack/terraform-provider-flowstack/collector/receive/certtest"
	"github.com/flowstack/terraform-provider-flowstack/collector/top"
)

// TestHTTPAnswersThroughoutReloads: a request that is under way is answered by the server of before, and others meanwhile by the one that took its place.
func TestHTTPAnswersThroughoutReloads(t *testing.T) { eachReaders(t, httpAnswersThroughoutReloads) }

func httpAnswersThroughoutReloads(t *testing.T) {
	slow, hook := hold(t)
	r := runReloadable(t, settings(func(c *config.Config) { c.Output.NDJSON.Path = "/dev/null" }), hook)
	slow.ask(r.HTTP)
	stop := make(chan struct{})
	var looking sync.WaitGroup
	for range 2 {
		looking.Go(func() {
			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			for {
				select {
				case <-stop:
					return
				default:
				}
				req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+r.HTTP.String()+"/livez", nil)
				if err != nil {
					t.Error(err)
					return
				}
				res, err := client.Do(req)
				if err != nil {
					t.Error(err)
					return
				}
				_ = res.Body.Close()
				if res.StatusCode != http.StatusOK {
					t.Errorf("status %d", res.StatusCode)
				}
			}
		})
	}
	for i := range 6 {
		r.reload(func(c *config.Config) { c.HTTP.Pprof = i%2 == 0 })
		if code, _ := r.get("/debug/pprof/cmdline"); (code == http.StatusOK) != (i%2 == 0) {
			t.Errorf("reload %d: the settings of before are served: %d", i, code)
		}
	}
	close(stop)
	looking.Wait()
	slow.go1 <- struct{}{}
	if status, _ := slow.answer(); status != http.StatusOK {
		t.Errorf("status %d of the request that was under way", status)
	}
}

// TestNobodyCountsForNobody: without pages, what only they show is not counted; it is again once they are back.
func TestNobodyCountsForNobody(t *testing.T) { eachReaders(t, nobodyCountsForNobody) }

func nobodyCountsForNobody(t *testing.T) {
	r := runReloadable(t, settings(func(c *config.Config) { c.Output.NDJSON.Path = "/dev/null" }))
	counts := func() bool {
		n := 0
		for _, p := range r.s.pipelines() {
			if p.top.Load() != nil {
				n++
			}
		}
		return r.s.sampler.Load() != nil || n > 0
	}
	if !counts() {
		t.Error("nothing is counted for pages")
	}
	sampler := r.s.sampler.Load()
	address := r.HTTP.String()
	r.reload(func(c *config.Config) { c.HTTP.Address = "" })
	if counts() {
		t.Error("something is counted though there are no pages")
	}
	select {
	case <-sampler.ended:
	default:
		t.Error("the sampler goes on")
	}
	(&pages{&r.s.state}).Overview() // as a request that came a moment before
	r.reload(func(c *config.Config) { c.HTTP.Address = address })
	if !counts() {
		t.Error("nothing is counted for pages that are back")
	}
	r.shows("/", "0 flows so far")
}

// TestTheEndOfTheServerIsThatOfAStage: systemd is to start the service anew when nobody can see it any more.
func TestTheEndOfTheServerIsThatOfAStage(t *testing.T) {
	sd, pings := guard(t)
	s, err := start(t.Context(), settings(func(c *config.Config) { c.Output.NDJSON.Path = "/dev/null" }), Options{pace: hurried, Logger: slog.New(slog.DiscardHandler), DrainTime: time.Minute, ReadyTime: time.Minute})
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.run(ctx) }()
	until(t, "the watchdog", func() bool { return pings() > 2 })
	must(t, s.http.listener.Close()) // underneath
	said := func() int { return len(sd.all("STATUS=HTTP server has ended: ")) }
	until(t, "the status", func() bool { return said() > 0 })
	before, told := pings(), said()
	until(t, "the status again", func() bool { return said() > told+5 })
	if n := pings(); n != before {
		t.Errorf("the watchdog was served %d times", n-before)
	}
	cancel()
	must(t, <-done)
}

// TestAStopDoesNotWaitForAReload: one that waits for an output of before, which does not end, is given up.
func TestAStopDoesNotWaitForAReload(t *testing.T) { eachReaders(t, aStopDoesNotWaitForAReload) }

func aStopDoesNotWaitForAReload(t *testing.T) {
	es := newElastic(t)
	r := runReloadable(t, settings(func(c *config.Config) {
		c.Output.NDJSON.Path = "/dev/null"
		c.Output.Elasticsearch.Addresses = []string{es.URL}
	}))
	es.mu.Lock() // it answers nothing any more
	answer := sync.OnceFunc(es.mu.Unlock)
	t.Cleanup(answer)
	r.send(r.UDP[0], netflow5(0, 30))
	until(t, "the flows in the buffer", func() bool { return r.s.sink.Stats()[0].Held.Documents == 30 })
	r.reload(func(c *config.Config) { c.Output.Elasticsearch.Addresses = []string{} })
	r.mu.Lock()
	r.cfg.Output.Elasticsearch.Addresses = []string{es.URL}
	r.mu.Unlock()
	r.hup <- syscall.SIGHUP
	until(t, "the second reload", func() bool { return len(r.sd.all("RELOADING=1")) == 2 })
	ended := make(chan error, 1)
	go func() { ended <- r.stop() }()
	until(t, "the stop", func() bool { return len(r.sd.all("STOPPING=1")) == 1 })
	now, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.s.sink.WaitFor(now, "elasticsearch", time.Hour); err == nil {
		t.Error("the stop waited for the output of before")
	}
	if n := len(r.sd.all("READY=1")); n != 2 || !strings.Contains(r.log.String(), "settings not reloaded: the service is being stopped") {
		t.Errorf("ready %d times, log:\n%s", n, r.log)
	}
	answer()
	must(t, <-ended)
	if es.count() != 30 {
		t.Errorf("%d documents", es.count())
	}
}

// TestPhasesAreToldInOrder: systemd is never told of an earlier phase after a later one.
func TestPhasesAreToldInOrder(t *testing.T) {
	sd := newSystemd(t)
	const times = 2000
	for i := range times {
		s := &service{logger: slog.New(slog.DiscardHandler)}
		var both sync.WaitGroup
		both.Go(func() { s.enter(running, fmt.Sprintf("READY=%d.", i)) })
		both.Go(func() { s.enter(stopping, fmt.Sprintf("STOPPING=%d.", i)) })
		both.Wait()
	}
	until(t, "all stops", func() bool { return len(sd.all("STOPPING=")) == times })
	stopped := map[string]bool{}
	for _, line := range sd.all("") {
		if i, ok := strings.CutPrefix(line, "STOPPING="); ok {
			stopped[i] = true
		} else if i, ok := strings.CutPrefix(line, "READY="); ok && stopped[i] {
			t.Fatalf("ready after the stop of %s", i)
		}
	}
}

// stubborn is a feed that cannot be changed at first.
type stubborn struct {
	feed
	mu  sync.Mutex
	err error
}

func (s *stubborn) change(before, now config.Listen) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	return s.feed.change(before, now)
}

// TestAPartThatCannotBeChangedIsSaid, until it is.
func TestAPartThatCannotBeChangedIsSaid(t *testing.T) {
	var l *stubborn
	r := runReloadable(t, settings(func(c *config.Config) { c.Output.NDJSON.Path, c.Listen.ReceiveBuffer = "/dev/null", 64<<10 }), func(s *service) {
		l = &stubborn{feed: s.listeners()[0].feed, err: errors.New("unable to change the receive buffer of 192.0.2.1:2055: no")}
		s.listeners()[0].feed = l
	})
	told := func(successful string, status bool) {
		t.Helper()
		_, metrics := r.get("/metrics")
		all := r.sd.all("STATUS=")
		if !strings.Contains(metrics, "flowcollector_config_last_reload_successful "+successful+"\n") ||
			strings.Contains(all[len(all)-1], "settings not wholly in force: unable to change the receive buffer of 192.0.2.1:2055: no") != status {
			t.Errorf("status %q", all[len(all)-1])
		}
	}
	r.reload(func(c *config.Config) { c.Listen.ReceiveBuffer = 32 << 10 })
	told("0", true)
	r.reload(nil)
	told("0", true)
	l.mu.Lock()
	l.err = nil
	l.mu.Unlock()
	r.reload(nil)
	told("1", false)
	if n := l.feed.(datagrams).Buffer(); n != 32<<10 {
		t.Errorf("a receive buffer of %d octets", n)
	}
}

// TestWarningsOfTheReceiveBufferAreNotRepeated by reloads that have nothing to do with it.
func TestWarningsOfTheReceiveBufferAreNotRepeated(t *testing.T) {
	eachReaders(t, warningsOfTheReceiveBufferAreNotRepeated)
}

func warningsOfTheReceiveBufferAreNotRepeated(t *testing.T) {
	r := runReloadable(t, settings(func(c *config.Config) { c.Output.NDJSON.Path, c.Listen.ReceiveBuffer = "/dev/null", 1<<30 }))
	const warning = "the kernel gave a smaller receive buffer"
	before := strings.Count(r.log.String(), warning)
	if before == 0 {
		t.Fatal("this kernel gives a receive buffer of 1 GiB: the test has to ask for more")
	}
	r.reload(func(c *config.Config) { c.Exporters.Max = 100 })
	r.reload(nil)
	if n := strings.Count(r.log.String(), warning); n != before {
		t.Errorf("warned %d times, want %d", n, before)
	}
}

// TestAPortThatTheServiceItselfHas: the error says by which setting, and what to do.
func TestAPortThatTheServiceItselfHas(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it ends at once
	must(t, err)
	address := free.Addr().String()
	must(t, free.Close())
	r := runReloadable(t, settings(func(c *config.Config) { c.Output.NDJSON.Path, c.Listen.IPFIXTCP = "/dev/null", []string{address} }))
	files := newTLSFiles(t)
	authority := certtest.New(t)
	files.put(t, authority.Server(t, "collector"), authority)
	r.reload(func(c *config.Config) {
		c.Listen.IPFIXTCP, c.Listen.IPFIXTLS, c.Listen.TLS = []string{}, []string{address}, files.TLS
	})
	want := "listen.ipfix_tcp " + address + " has it until now; restart the service, or reload twice: first without listen.ipfix_tcp " + address + ", then with listen.ipfix_tls " + address
	if failed := r.s.reloads.now().failed; len(failed) != 1 || !strings.HasSuffix(failed[0], want) {
		t.Errorf("got %q", failed)
	}
	r.reload(func(c *config.Config) { c.Listen.IPFIXTLS = []string{} })
	r.reload(func(c *config.Config) { c.Listen.IPFIXTLS = []string{address} })
	if failed := r.s.reloads.now().failed; len(failed) != 0 {
		t.Errorf("got %q after what was said to do", failed)
	}
}

// TestHTTPTakesItsOwnPort: the same of http.address, whose wildcard address is that of IPv4 and of IPv6.
func TestHTTPTakesItsOwnPort(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it ends at once
	must(t, err)
	loopback := free.Addr().String()
	must(t, free.Close())
	r := runReloadable(t, settings(func(c *config.Config) {
		c.Output.NDJSON.Path, c.HTTP.Address, c.HTTP.Insecure = "/dev/null", loopback, true
	}))
	_, port, err := net.SplitHostPort(loopback)
	must(t, err)
	before := "http.address " + loopback
	for _, next := range []struct {
		setting string
		change  func(*config.Config)
	}{
		{"http.address 0.0.0.0:" + port, func(c *config.Config) { c.HTTP.Address = "0.0.0.0:" + port }},
		{"listen.ipfix_tcp 0.0.0.0:" + port, func(c *config.Config) { c.HTTP.Address, c.Listen.IPFIXTCP = "", []string{"0.0.0.0:" + port} }},
	} {
		r.reload(next.change)
		want := before + " has it until now; restart the service, or reload twice: first without " + before + ", then with " + next.setting
		if failed := r.s.reloads.now().failed; len(failed) != 1 || !strings.HasSuffix(failed[0], want) {
			t.Errorf("%s: got %q", next.setting, failed)
		}
	}
	r.reload(func(c *config.Config) { c.HTTP.Address, c.Listen.IPFIXTCP = "", []string{} })
	r.reload(func(c *config.Config) { c.HTTP.Address = "0.0.0.0:" + port })
	if failed := r.s.reloads.now().failed; len(failed) != 0 {
		t.Errorf("got %q after what was said to do", failed)
	}
}

func TestAddressesThatExcludeEachOther(t *testing.T) {
	for _, c := range []struct {
		a, b bound
		want bool
	}{
		{bound{"udp", "192.0.2.1:1"}, bound{"udp", "0.0.0.0:1"}, true},
		{bound{"udp", "192.0.2.1:1"}, bound{"udp", "192.0.2.2:1"}, false},
		{bound{"udp", "192.0.2.1:1"}, bound{"tcp", "192.0.2.1:1"}, false},
		{bound{"tcp", "192.0.2.1:1"}, bound{"tls", "192.0.2.1:1"}, true},
		{bound{"tcp", "192.0.2.1:1"}, bound{"tls", "192.0.2.1:2"}, false},
		{bound{"tcp", "[::]:1"}, bound{"tcp", "0.0.0.0:1"}, false},
		{bound{"tcp", "[::]:1"}, bound{"tls", "[2001:db8::1]:1"}, true},
		{bound{"http", "[::]:1"}, bound{"tcp", "192.0.2.1:1"}, true},
		{bound{"http", "127.0.0.1:1"}, bound{"http", "[::]:1"}, true},
		{bound{"http", "127.0.0.1:1"}, bound{"http", "[::1]:1"}, false},
		{bound{"http", "127.0.0.1:1"}, bound{"tcp", "[::]:1"}, false},
		{bound{"http", ""}, bound{"tcp", "[::]:1"}, false},
	} {
		if c.a.excludes(c.b) != c.want || c.b.excludes(c.a) != c.want {
			t.Errorf("%v and %v: not %v", c.a, c.b, c.want)
		}
	}
}

// TestRatesOutlastAListener: what a listener counted that ended stays in the sums.
func TestRatesOutlastAListener(t *testing.T) {
	p := samplerOf(t, exporter.NewTable(exporter.Limits{}))
	at, now := p.at, p.state.open.Load()
	l := now.listeners[0]
	for range 2 {
		l.pipelines[0].flows.Add(100)
		at = at.Add(sampleInterval)
		p.sample(at)
	}
	p.state.open.Store((&listening{ending: now.listeners}).ended(l))
	at = at.Add(sampleInterval)
	p.sample(at)
	if r := p.all.rates(); r.Flows == 0 {
		t.Error("no flows a second though some came within the window")
	}
}

// TestWhatIsNotEnrichedIsNotShown: records that there is no room for are not enriched, and would be shown without their sampling and names.
func TestWhatIsNotEnrichedIsNotShown(t *testing.T) {
	s := buildAll(t, func(c *config.Config) {
		c.Output.Elasticsearch.Addresses = []string{"http://127.0.0.1:1"} // nobody is there
		c.Output.Elasticsearch.BatchBytes, c.Output.Elasticsearch.BufferBytes = 64<<10, 256<<10
	})
	p := s.pipelines()[0]
	counter := top.New()
	p.top.Store(counter)
	shown := func() uint64 { return top.Merge(time.Now().Add(2*time.Minute), 10, counter).Total.Flows }
	from, now := netip.MustParseAddrPort("198.18.0.99:3000"), time.Now()
	for s.sink.Stats()[0].Dropped[output.CauseBufferFull] == 0 {
		p.Packet(netflow5(0, 30), from, now)
	}
	p.Tick(now.Add(time.Minute))
	before := shown()
	for range 10 {
		p.Packet(netflow5(0, 30), from, now.Add(time.Minute))
	}
	p.Tick(now.Add(2 * time.Minute))
	if n := shown(); n != before || n == 0 {
		t.Errorf("%d flows are shown, %d before", n, before)
	}
}
