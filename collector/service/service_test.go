package service

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
)

// elastic stores what it is sent.
type elastic struct {
	*httptest.Server
	mu    sync.Mutex
	docs  []map[string]any
	auth  string
	agent string
	away  bool

	unmapped string // name of an index without mappings
}

func newElastic(t *testing.T) *elastic {
	t.Helper()
	e := &elastic{}
	e.Server = httptest.NewServer(e)
	t.Cleanup(e.Close)
	return e
}

func (e *elastic) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Elastic-Product", "Elasticsearch")
	w.Header().Set("Content-Type", "application/json")
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.away {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if r.URL.Path == "/" {
		_, _ = io.WriteString(w, `{"version":{"number":"7.17.29","build_flavor":"default"},"tagline":"You Know, for Search"}`)
		return
	}
	if e.unmapped != "" && r.URL.Path == "/"+e.unmapped+"/_mapping" {
		_, _ = io.WriteString(w, "{}")
		return
	}
	if strings.HasSuffix(r.URL.Path, "/_mapping") {
		_, _ = io.WriteString(w, `{"index":{"mappings":{"properties":{"source":{"properties":{"ip":{"type":"ip"}}},"collector":{"properties":{"host":{"type":"keyword"}}}}}}}`)
		return
	}
	user, pass, _ := r.BasicAuth()
	e.auth, e.agent = user+":"+pass, r.UserAgent()
	z, err := gzip.NewReader(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if !lines.Scan() {
			break
		}
		var doc map[string]any
		if err := json.Unmarshal(lines.Bytes(), &doc); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		e.docs = append(e.docs, doc)
	}
	_, _ = io.WriteString(w, `{"errors":false,"items":[]}`)
}

func (e *elastic) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.docs)
}

// at reads a field of a document by its dotted name.
func at(doc map[string]any, name string) any {
	var v any = doc
	for part := range strings.SplitSeq(name, ".") {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[part]
	}
	return v
}

// systemd is the service manager's end of the notification socket.
type systemd struct {
	mu    sync.Mutex
	lines []string
}

func newSystemd(t *testing.T) *systemd {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("NOTIFY_SOCKET", path)
	s := &systemd{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 4096)
		for {
			n, err := c.Read(buf)
			if err != nil {
				return
			}
			s.mu.Lock()
			s.lines = append(s.lines, strings.Split(string(buf[:n]), "\n")...)
			s.mu.Unlock()
		}
	}()
	t.Cleanup(func() { _ = c.Close(); <-done })
	return s
}

// all returns the lines so far that have the prefix.
func (s *systemd) all(prefix string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []string
	for _, l := range s.lines {
		if strings.HasPrefix(l, prefix) {
			found = append(found, l)
		}
	}
	return found
}

// until waits for a condition for as long as the test may run.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for !ok() {
		if t.Context().Err() != nil {
			t.Fatalf("ended while waiting for %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// readersOfTests is how many readers an address has in tests that do not say.
var readersOfTests = 1

// eachReaders runs a test with one reader for each address, and with several.
func eachReaders(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	for _, n := range []int{1, 4} {
		t.Run(fmt.Sprintf("readers=%d", n), func(t *testing.T) {
			readersOfTests = n
			defer func() { readersOfTests = 1 }()
			test(t)
		})
	}
}

// settings are those of a collector on loopback.
func settings(change func(*config.Config)) config.Config {
	c := config.Default()
	c.Listen.UDP, c.Listen.Readers = []string{"127.0.0.1:0"}, readersOfTests
	c.HTTP.Address = "127.0.0.1:0"
	c.Output.Elasticsearch.FlushInterval = config.Duration(10 * time.Millisecond)
	if change != nil {
		change(&c)
	}
	return c
}

// collector is a running service.
type collector struct {
	t *testing.T
	Addresses
	stop func() error
}

func run(t *testing.T, c config.Config, o Options) *collector {
	t.Helper()
	ready := make(chan Addresses, 1)
	done := make(chan error, 1)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.Version = "1.2.3"
	o.Bound = func(a Addresses) { ready <- a }
	go func() { done <- Run(ctx, c, o) }()
	var once sync.Once
	var err error
	stop := func() error {
		once.Do(func() { cancel(); err = <-done })
		return err
	}
	t.Cleanup(func() { _ = stop() })
	select {
	case a := <-ready:
		return &collector{t: t, Addresses: a, stop: stop}
	case err := <-done:
		done <- err // for stop
		cancel()
		t.Fatalf("not started: %v", err)
		return nil
	}
}

func (c *collector) send(to netip.AddrPort, packets ...[]byte) {
	c.t.Helper()
	s, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	for _, p := range packets {
		if _, err := s.Write(p); err != nil {
			c.t.Fatal(err)
		}
	}
}

func (c *collector) get(path string) (int, string) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, "http://"+c.HTTP.String()+path, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

func haveIPv6(t *testing.T) bool {
	t.Helper()
	var lc net.ListenConfig
	c, err := lc.ListenPacket(t.Context(), "udp6", "[::1]:0")
	if err != nil {
		t.Logf("no ::1 on this machine: %v", err)
		return false
	}
	_ = c.Close()
	return true
}

func TestFromPacketToDocument(t *testing.T) {
	sd := newSystemd(t)
	credentials := t.TempDir()
	if err := os.WriteFile(filepath.Join(credentials, "elasticsearch-password"), []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CREDENTIALS_DIRECTORY", credentials)
	es := newElastic(t)
	c := run(t, settings(func(c *config.Config) {
		if haveIPv6(t) {
			c.Listen.UDP = append(c.Listen.UDP, "[::1]:0")
		}
		c.Output.Elasticsearch.Addresses = []string{es.URL}
		c.Output.Elasticsearch.Username = "writer"
	}), Options{})
	want := 0
	for _, to := range c.UDP {
		// The data come before their template once: they wait for it.
		c.send(to, netflow5(0, 30), netflow9(0, 10), template9(1), netflow9(2, 20), netflow5(30, 5))
		want += 65
	}
	until(t, "all documents", func() bool { return es.count() >= want })

	var v5, v9 int
	var octets float64
	for _, doc := range es.docs {
		octets += at(doc, "network.bytes").(float64)
		switch at(doc, "destination.ip") {
		case "203.0.113.1":
			v5++
			if at(doc, "destination.port") != 443.0 || at(doc, "network.transport") != "tcp" || at(doc, "network.packets") != 2.0 {
				t.Errorf("v5 document %v", doc)
			}
		case "2001:db8:1::1":
			v9++
			if at(doc, "destination.port") != 53.0 || at(doc, "network.transport") != "udp" || at(doc, "network.packets") != 3.0 {
				t.Errorf("v9 document %v", doc)
			}
		}
		if _, err := time.Parse(time.RFC3339Nano, fmt.Sprint(at(doc, "@timestamp"))); err != nil {
			t.Errorf("@timestamp: %v", err)
		}
	}
	n := len(c.UDP)
	if len(es.docs) != want || v5 != 35*n || v9 != 30*n || octets != float64(n*(35*100+30*1000)) {
		t.Errorf("%d documents (%d v5, %d v9) with %v octets", len(es.docs), v5, v9, octets)
	}
	if es.auth != "writer:secret" || !strings.Contains(es.agent, "flowcollector/1.2.3") {
		t.Errorf("auth %q, agent %q", es.auth, es.agent)
	}

	// The server has the documents a moment before the sender has its answer.
	var text string
	until(t, "the account", func() bool {
		_, text = c.get("/metrics")
		return strings.Contains(text, fmt.Sprintf(`flowcollector_documents_sent_total{output="elasticsearch"} %d`, want))
	})
	for _, line := range []string{
		fmt.Sprintf(`flowcollector_records_total{listen="%s"} 65`, c.UDP[0]),
		fmt.Sprintf(`flowcollector_packets_total{listen="%s"} 5`, c.UDP[0]),
		fmt.Sprintf(`flowcollector_exporters{listen="%s"} 1`, c.UDP[0]),
		fmt.Sprintf(`flowcollector_exporter_templates{exporter="127.0.0.1",listen="%s"} 1`, c.UDP[0]),
		`flowcollector_flows_dropped_total{cause="buffer_full",output="elasticsearch"} 0`,
		`flowcollector_output_requests_limit{output="elasticsearch"} 4`,
		`flowcollector_build_info{goversion="go`,
		"go_goroutines ", "process_resident_memory_bytes ",
	} {
		if !strings.Contains(text, line) {
			t.Errorf("metrics lack %s", line)
		}
	}
	if code, text := c.get("/livez"); code != 200 || text != "ok\n" {
		t.Errorf("livez: %d %q", code, text)
	}
	if code, text := c.get("/readyz"); code != 200 || !strings.Contains(text, "ok: listen: udp "+c.UDP[0].String()) || !strings.Contains(text, fmt.Sprintf("ok: elasticsearch: %d flows stored", want)) {
		t.Errorf("readyz: %d %q", code, text)
	}
	if err := c.stop(); err != nil {
		t.Error(err)
	}
	until(t, "STOPPING", func() bool { return len(sd.all("STOPPING=1")) == 1 })
	if len(sd.all("READY=1")) != 1 || !strings.Contains(strings.Join(sd.all("STATUS="), "\n"), ", 0 flows/s, Elasticsearch up to date") {
		t.Errorf("systemd was told %q", sd.all(""))
	}
}

func TestStopStoresWhatIsBuffered(t *testing.T) {
	es := newElastic(t)
	c := run(t, settings(func(c *config.Config) {
		c.Output.Elasticsearch.Addresses = []string{es.URL}
		c.Output.Elasticsearch.FlushInterval = config.Duration(time.Hour)
	}), Options{})
	c.send(c.UDP[0], netflow5(0, 30), netflow5(30, 30))
	if err := c.stop(); err != nil { // at once: the packets may still be in the kernel
		t.Error(err)
	}
	if es.count() != 60 {
		t.Errorf("%d documents stored, want 60", es.count())
	}
}

func TestElasticsearchAway(t *testing.T) {
	sd := newSystemd(t)
	es := newElastic(t)
	es.away = true
	log := &syncLog{}
	c := run(t, settings(func(c *config.Config) { c.Output.Elasticsearch.Addresses = []string{es.URL} }),
		Options{Logger: slog.New(slog.NewTextHandler(log, nil)), DrainTime: time.Millisecond, ReadyTime: time.Millisecond})
	c.send(c.UDP[0], netflow5(0, 30))
	until(t, "not ready", func() bool {
		code, text := c.get("/readyz")
		return code == 503 && strings.Contains(text, "not ready: elasticsearch: Elasticsearch away: ")
	})
	if code, _ := c.get("/livez"); code != 200 {
		t.Errorf("livez %d: a server that is away is no reason to restart", code)
	}
	until(t, "the status", func() bool {
		for _, l := range sd.all("STATUS=1 exporter, ") {
			if strings.Contains(l, "; Elasticsearch away: ") && strings.HasSuffix(l, " of 64 MiB buffered") {
				return true
			}
		}
		return false
	})
	err := c.stop()
	if err == nil || !strings.Contains(err.Error(), "30 flows were not stored") {
		t.Errorf("error %v", err)
	}
	if !strings.Contains(log.String(), "elasticsearch_dropped_shutdown=30") {
		t.Errorf("log lacks the account:\n%s", log)
	}
}

// TestAllOutputsAtOnce: each gets every flow, and has figures of its own.
func TestAllOutputsAtOnce(t *testing.T) {
	es := newElastic(t)
	bus, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(2, "flows"), kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-512", "flows", "hunter2"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(bus.Close)
	credentials := t.TempDir()
	if err := os.WriteFile(filepath.Join(credentials, "kafka-password"), []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CREDENTIALS_DIRECTORY", credentials)
	path := filepath.Join(t.TempDir(), "flows.ndjson")
	c := run(t, settings(func(c *config.Config) {
		c.Output.Elasticsearch.Addresses = []string{es.URL}
		c.Output.NDJSON.Path = path
		c.Output.Kafka.Brokers, c.Output.Kafka.Username = bus.ListenAddrs(), "flows"
	}), Options{})
	c.send(c.UDP[0], netflow5(0, 30))
	for _, name := range []string{"elasticsearch", "ndjson", "kafka"} {
		until(t, name, func() bool {
			_, text := c.get("/metrics")
			return strings.Contains(text, `flowcollector_documents_sent_total{output="`+name+`"} 30`)
		})
	}
	if err := c.stop(); err != nil {
		t.Error(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if es.count() != 30 || strings.Count(string(b), "\n") != 30 || strings.Contains(string(b), `{"create"`) {
		t.Errorf("%d documents, file:\n%s", es.count(), b)
	}
	messages := int64(0)
	for _, p := range bus.PartitionInfos("flows") {
		messages += p.HighWatermark
	}
	if messages != 30 {
		t.Errorf("%d messages", messages)
	}
}

func TestNoOutputIsSaid(t *testing.T) {
	sd := newSystemd(t)
	c := run(t, settings(nil), Options{})
	c.send(c.UDP[0], netflow5(0, 30))
	until(t, "the drop", func() bool {
		_, text := c.get("/metrics")
		return strings.Contains(text, `flowcollector_flows_dropped_total{cause="no_output",output="none"} 30`)
	})
	if code, text := c.get("/readyz"); code != 503 || !strings.Contains(text, "no output is configured") {
		t.Errorf("readyz: %d %q", code, text)
	}
	if s := sd.all("STATUS="); len(s) == 0 || !strings.Contains(s[0], "no output is configured") {
		t.Errorf("status %q", s)
	}
}

func TestGeoIPMissingIsNoReasonToStop(t *testing.T) {
	es := newElastic(t)
	c := run(t, settings(func(c *config.Config) {
		c.Output.Elasticsearch.Addresses = []string{es.URL}
		c.Enrich.GeoIP.City = "/nonexistent/city.mmdb"
	}), Options{})
	c.send(c.UDP[0], netflow5(0, 30))
	until(t, "the documents", func() bool { return es.count() == 30 })
	if code, text := c.get("/readyz"); code != 200 || !strings.Contains(text, "warning: geoip city: unable to use enrich.geoip.city /nonexistent/city.mmdb: no such file or directory") {
		t.Errorf("readyz: %d %q", code, text)
	}
	if _, text := c.get("/metrics"); !strings.Contains(text, `flowcollector_enrich_source_loaded{source="city"} 0`) {
		t.Error("metrics do not say that the database is missing")
	}
}

// TestStateThatCannotBeUsedIsNoReasonToStop: what is in the way of spool and dead letters in the state directory costs their safety, not flows.
func TestStateThatCannotBeUsedIsNoReasonToStop(t *testing.T) {
	state := t.TempDir()
	if err := errors.Join(os.WriteFile(filepath.Join(state, "spool"), nil, 0o600), os.Mkdir(filepath.Join(state, "dead-letter.ndjson"), 0o700)); err != nil {
		t.Fatal(err)
	}
	es, log := newElastic(t), &syncLog{}
	c := run(t, settings(func(c *config.Config) {
		c.State.Directory = state
		c.Output.Elasticsearch.Addresses = []string{es.URL}
	}), Options{Logger: slog.New(slog.NewTextHandler(log, nil))})
	c.send(c.UDP[0], netflow5(0, 30))
	until(t, "the documents", func() bool { return es.count() == 30 })
	for _, want := range []string{"flows wait in memory only", "dead-letter.ndjson"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("%q is not logged:\n%s", want, log)
		}
	}
	_, err := start(t.Context(), settings(func(c *config.Config) {
		c.Output.Elasticsearch.Addresses, c.Output.Elasticsearch.Spool.Directory = []string{es.URL}, filepath.Join(state, "spool")
	}), Options{Logger: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), "spool") {
		t.Errorf("a spool that was asked for: %v", err)
	}
}

func TestStartErrorsAreInTheStatus(t *testing.T) {
	taken, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	var lc net.ListenConfig
	web, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = web.Close() }()
	for name, tt := range map[string]struct {
		change func(*config.Config)
		want   string
	}{
		"UDP address in use": {
			func(c *config.Config) { c.Listen.UDP = append(c.Listen.UDP, taken.LocalAddr().String()) },
			"unable to listen on " + taken.LocalAddr().String() + ": address already in use",
		},
		"HTTP address in use": {
			func(c *config.Config) { c.HTTP.Address = web.Addr().String() },
			"unable to listen on " + web.Addr().String() + " (http.address): address already in use",
		},
		"password file missing": {
			func(c *config.Config) {
				c.Output.Elasticsearch.Addresses = []string{"http://127.0.0.1:9"}
				c.Output.Elasticsearch.PasswordFile = "/nonexistent/password"
			},
			"unable to read output.elasticsearch.password_file: open /nonexistent/password: no such file or directory",
		},
		"Kafka password missing": {
			func(c *config.Config) {
				c.Output.Kafka.Brokers, c.Output.Kafka.Username = []string{"127.0.0.1:9"}, "flows"
				c.Output.Kafka.PasswordFile = "/nonexistent/password"
			},
			"unable to read output.kafka.password_file: open /nonexistent/password: no such file or directory",
		},
		"file that cannot be written": {
			func(c *config.Config) {
				c.Output.Elasticsearch.Addresses = []string{"http://127.0.0.1:9"}
				c.Output.NDJSON.Path = "/dev/null/flows"
			},
			"unable to open output.ndjson.path: open /dev/null/flows: not a directory",
		},
	} {
		t.Run(name, func(t *testing.T) {
			sd := newSystemd(t)
			err := Run(t.Context(), settings(tt.change), Options{Logger: slog.New(slog.DiscardHandler)})
			if err == nil || err.Error() != tt.want {
				t.Errorf("error %q, want %q", err, tt.want)
			}
			status := "STATUS=U" + tt.want[1:]
			until(t, status, func() bool { return len(sd.all(status)) == 1 })
			if len(sd.all("READY=1")) != 0 {
				t.Error("a service that did not start is ready")
			}
			if strings.HasSuffix(tt.want, "in use") && len(sd.all("ERRNO=98")) != 1 {
				t.Errorf("no ERRNO among %q", sd.all(""))
			}
		})
	}
}

func TestWatchdogIsServedOnlyWhileEveryStageMoves(t *testing.T) {
	sd := newSystemd(t)
	t.Setenv("WATCHDOG_USEC", "2000")
	t.Setenv("WATCHDOG_PID", strconv.Itoa(os.Getpid()))
	s, err := start(t.Context(), settings(nil), Options{Logger: slog.New(slog.DiscardHandler), DrainTime: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	stopped := make(chan struct{})
	var wg sync.WaitGroup
	defer wg.Wait()
	defer close(stopped)
	defer func() { _ = s.release(context.WithoutCancel(t.Context()), true) }()
	wg.Go(func() { s.watchdog(stopped) })
	pings := func() int { return len(sd.all("WATCHDOG=1")) }
	until(t, "watchdog pings", func() bool { return pings() > 2 })

	s.pipelines()[0].beat.Beat(-time.Second) // a reader that is overdue; nothing else runs it here
	said := func() int {
		return len(sd.all("STATUS=Reader " + s.pipelines()[0].feed.LocalAddr().String() + " is stuck: "))
	}
	until(t, "the stuck stage in the status", func() bool { return said() > 0 })
	// From here on every tick of the watchdog says the same and nothing pings.
	before, told := pings(), said()
	until(t, "more ticks", func() bool { return said() > told+5 })
	if n := pings(); n != before {
		t.Errorf("%d pings while a stage is stuck", n-before)
	}
	s.pipelines()[0].beat.Beat(time.Hour)
	until(t, "pings again", func() bool { return pings() > before })
}

func TestIdleReadersKeepBeating(t *testing.T) {
	s, err := start(t.Context(), settings(nil), Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	p := s.pipelines()[0]
	wg.Go(func() { _ = p.run(ctx) })
	p.beat.Beat(-time.Second)
	until(t, "a beat without any packet", func() bool { return p.beat.Err() == nil })
	cancel()
	wg.Wait()
	if err := s.release(context.WithoutCancel(t.Context()), true); err != nil {
		t.Error(err)
	}
}

// A socket that fails ends the service with an error, for systemd to start it anew; what was received is stored first.
func TestReaderFailureEndsTheService(t *testing.T) {
	sd := newSystemd(t)
	es := newElastic(t)
	s, err := start(t.Context(), settings(func(c *config.Config) {
		c.Output.Elasticsearch.Addresses = []string{es.URL}
		c.Output.Elasticsearch.FlushInterval = config.Duration(time.Hour)
	}), Options{Logger: slog.New(slog.DiscardHandler), DrainTime: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.run(t.Context()) }()
	p := s.pipelines()[0]
	c := &collector{t: t}
	c.send(p.feed.LocalAddr(), netflow5(0, 30))
	until(t, "the records", func() bool { return p.flows.Load() == 30 })
	if err := p.feed.Close(); err != nil {
		t.Fatal(err)
	}
	want := "unable to read from " + p.feed.LocalAddr().String() + ": use of closed"
	if err := <-done; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("error %v, want %s", err, want)
	}
	if es.count() != 30 {
		t.Errorf("%d documents stored, want 30", es.count())
	}
	until(t, "the reason in the status", func() bool { return len(sd.all("STATUS=Unable to read from ")) == 1 })
}

// syncLog collects log lines of several goroutines.
type syncLog struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *syncLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *syncLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
