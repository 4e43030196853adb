package service

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/receive/certtest"
)

// reloadable is a running service whose settings a test changes.
type reloadable struct {
	*collector
	s   *service
	sd  *systemd
	log *syncLog
	hup chan os.Signal

	mu   sync.Mutex
	cfg  config.Config
	fail error // of reading the settings
}

// The hooks are given the service before it runs.
func runReloadable(t *testing.T, cfg config.Config, hooks ...func(*service)) *reloadable {
	t.Helper()
	r := &reloadable{collector: &collector{t: t}, sd: newSystemd(t), log: &syncLog{}, hup: make(chan os.Signal, 1), cfg: cfg}
	level := new(slog.LevelVar)
	bound := make(chan Addresses, 1)
	s, err := start(t.Context(), cfg, Options{
		Logger: slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: level})), Level: level, DrainTime: time.Minute, ReadyTime: time.Minute,
		Bound: func(a Addresses) { bound <- a }, Reload: r.hup,
		Load: func() (config.Config, error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			return r.cfg, r.fail
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	r.s = s
	for _, hook := range hooks {
		hook(s)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- s.run(ctx) }()
	r.stop = sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() { _ = r.stop() })
	r.Addresses = <-bound
	until(t, "READY", func() bool { return len(r.sd.all("READY=1")) == 1 })
	return r
}

// reload changes the settings, has them read again, and waits for the end of that.
func (r *reloadable) reload(change func(*config.Config)) {
	r.t.Helper()
	before := len(r.sd.all("READY=1"))
	r.mu.Lock()
	if change != nil {
		change(&r.cfg)
	}
	r.mu.Unlock()
	r.hup <- syscall.SIGHUP
	until(r.t, "the reload", func() bool { return len(r.sd.all("READY=1")) > before })
}

// numbered makes a packet of 30 flows whose octets are numbers that no other packet has, from 1.
func numbered(packet uint32) []byte {
	b := netflow5(packet*30, 30)
	for i := range 30 {
		binary.BigEndian.PutUint32(b[24+48*i+20:], packet*30+uint32(i)+1)
	}
	return b
}

// load sends numbered packets, never more than the socket holds, until it is told to stop.
type load struct {
	r    *reloadable
	sent atomic.Uint32
	stop chan struct{}
	done sync.WaitGroup
}

func (r *reloadable) load() *load {
	l := &load{r: r, stop: make(chan struct{})}
	socket, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(r.UDP[0]))
	if err != nil {
		r.t.Fatal(err)
	}
	l.done.Go(func() {
		defer func() { _ = socket.Close() }()
		for {
			select {
			case <-l.stop:
				return
			default:
			}
			if uint64(l.sent.Load())*30 > r.flows()+30*64 {
				time.Sleep(100 * time.Microsecond)
				continue
			}
			if _, err := socket.Write(numbered(l.sent.Add(1) - 1)); err != nil {
				r.t.Error(err)
				return
			}
			time.Sleep(2 * time.Millisecond) // it is the reloads that are tested
		}
	})
	return l
}

func (r *reloadable) flows() uint64 {
	return r.s.totals().flows
}

// end stops sending, and returns how many flows were sent.
func (l *load) end() int {
	close(l.stop)
	l.done.Wait()
	n := int(l.sent.Load()) * 30
	until(l.r.t, "all flows decoded", func() bool { return l.r.flows() >= uint64(n) })
	return n
}

// some waits until so many more packets were sent: the load goes on while settings change.
func (l *load) some(t *testing.T) {
	t.Helper()
	before := l.sent.Load()
	until(t, "more packets", func() bool { return l.sent.Load() > before+20 })
}

// once checks that documents have each number from 1 to n once.
func once(t *testing.T, what string, n int, docs []map[string]any) {
	t.Helper()
	seen := make([]int, n+1)
	for _, doc := range docs {
		number, ok := at(doc, "network.bytes").(float64)
		if !ok || int(number) < 1 || int(number) > n {
			t.Fatalf("%s: a document with number %v", what, at(doc, "network.bytes"))
		}
		seen[int(number)]++
	}
	lost, twice := 0, 0
	for _, times := range seen[1:] {
		switch {
		case times == 0:
			lost++
		case times > 1:
			twice++
		}
	}
	if lost > 0 || twice > 0 {
		t.Errorf("%s: of %d flows %d are lost and %d are there more than once", what, n, lost, twice)
	}
}

func readLines(t *testing.T, paths ...string) (docs []map[string]any) {
	t.Helper()
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			var doc map[string]any
			if err := json.Unmarshal([]byte(line), &doc); err != nil {
				t.Fatalf("%s: %v in %q", path, err, line)
			}
			docs = append(docs, doc)
		}
	}
	return docs
}

// TestReloadsLoseAndDuplicateNothing changes settings of every kind while packets come in, and finds each flow once in each output.
func TestReloadsLoseAndDuplicateNothing(t *testing.T) { eachReaders(t, reloadsLoseAndDuplicateNothing) }

func reloadsLoseAndDuplicateNothing(t *testing.T) {
	folder := t.TempDir()
	path := func(name string) string { return filepath.Join(folder, name) }
	networks := path("networks.yml")
	if err := os.WriteFile(networks, []byte("networks:\n  - {network: 198.18.0.0/16, name: lab}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	first, second := newElastic(t), newElastic(t)
	bus, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "flows", "others"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(bus.Close)
	r := runReloadable(t, settings(func(c *config.Config) {
		c.State.Directory = path("state")
		c.Output.Elasticsearch.Addresses = []string{first.URL}
		c.Output.NDJSON.Path = path("a.ndjson")
	}))
	extra := func() netip.AddrPort {
		for _, l := range r.s.listeners() {
			if l.bound.address == "127.0.0.2:0" {
				return l.feed.LocalAddr()
			}
		}
		t.Fatal("the second address is not listened on")
		return netip.AddrPort{}
	}
	l := r.load()
	es := func(change func(*config.Elasticsearch)) func(*config.Config) {
		return func(c *config.Config) { change(&c.Output.Elasticsearch) }
	}
	has := func(topic string) { // what waits when a topic changes goes to the next one
		until(t, "messages of the topic "+topic, func() bool { return bus.PartitionInfos(topic)[0].HighWatermark > 0 })
	}
	apart := 0 // flows sent to the second address
	for _, step := range []struct {
		name   string
		before func()
		change func(*config.Config)
	}{
		{"nothing", nil, nil},
		{"decode", nil, func(c *config.Config) { c.Decode.Extra, c.Decode.TimestampSource = "all", "receive" }},
		{"exporters", nil, func(c *config.Config) {
			c.Exporters.Allow, c.Exporters.Max, c.Exporters.MaxPacketsPerSecond = []string{"127.0.0.0/8"}, 100, 10_000_000
		}},
		{"document", nil, func(c *config.Config) { c.Document.Profile, c.Document.Without = "lean", []string{"source.geo"} }},
		{"enrich", nil, func(c *config.Config) {
			c.Enrich.Internal, c.Enrich.Services, c.Enrich.NetworksFile = []string{"192.0.2.0/24"}, false, networks
		}},
		{"names", nil, func(c *config.Config) {
			c.Enrich.SNMP.Workers, c.Enrich.ReverseDNS.Enabled, c.Enrich.ReverseDNS.Servers = 2, true, []string{"127.0.0.1:9"}
		}},
		{"log", nil, func(c *config.Config) { c.Log.Level = "error" }},
		{"http", nil, func(c *config.Config) { c.HTTP.Pprof = true }},
		{"smaller batches without ids", nil, es(func(e *config.Elasticsearch) { e.BatchBytes, e.DocumentIDs = 8<<10, false })},
		{"larger batches with ids", nil, es(func(e *config.Elasticsearch) { e.BatchBytes, e.DocumentIDs = 64<<10, true })},
		{"another server", nil, es(func(e *config.Elasticsearch) { e.Addresses = []string{second.URL} })},
		{"a spool elsewhere", nil, es(func(e *config.Elasticsearch) { e.Spool.Directory = path("spool") })},
		{"a smaller spool", nil, es(func(e *config.Elasticsearch) { e.Spool.MaxBytes, e.Spool.Sync = 1<<30, "never" })},
		{"no spool", nil, es(func(e *config.Elasticsearch) { e.Spool.MaxBytes = 0 })},
		{"the first server without a spool", nil, es(func(e *config.Elasticsearch) { e.Addresses = []string{first.URL} })},
		{"a spool again", nil, es(func(e *config.Elasticsearch) { e.Spool.MaxBytes = 1 << 30 })},
		{"another file", nil, func(c *config.Config) { c.Output.NDJSON.Path = path("b.ndjson") }},
		{"the same file with a bound", nil, func(c *config.Config) { c.Output.NDJSON.MaxBytes = 1 << 30 }},
		{"Kafka", nil, func(c *config.Config) { c.Output.Kafka.Brokers = bus.ListenAddrs() }},
		{"another topic", func() { has("flows") }, func(c *config.Config) { c.Output.Kafka.Topic = "others" }},
		{"no Kafka", func() { has("others") }, func(c *config.Config) { c.Output.Kafka.Brokers = []string{} }},
		{"an address more", nil, func(c *config.Config) { c.Listen.UDP = []string{"127.0.0.1:0", "127.0.0.2:0"} }},
		{"an address less", func() {
			for range 40 { // what the kernel holds by the time of the reload is taken: as many as it does hold, however late it is read
				r.send(extra(), numberedApart(apart))
				apart += 30
			}
		}, func(c *config.Config) { c.Listen.UDP = []string{"127.0.0.1:0"} }},
		{"streams", nil, func(c *config.Config) { c.Listen.IPFIXTCP, c.Listen.MaxConnections = []string{"127.0.0.1:0"}, 7 }},
		{"no streams", nil, func(c *config.Config) { c.Listen.IPFIXTCP = []string{} }},
	} {
		l.some(t)
		if step.before != nil {
			step.before()
		}
		r.reload(step.change)
		if got := r.s.reloads.now(); len(got.failed) != 0 {
			t.Fatalf("%s: %v", step.name, got.failed)
		}
	}
	l.some(t)
	n := l.end()
	until(t, "what was sent to the second address", func() bool { return r.flows() == uint64(n+apart) })
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	split := func(docs []map[string]any) (mine []map[string]any, others int) {
		for _, doc := range docs {
			if number, _ := at(doc, "network.bytes").(float64); number >= apartFrom {
				others++
			} else {
				mine = append(mine, doc)
			}
		}
		return mine, others
	}
	stored, others := split(slices.Concat(first.docs, second.docs))
	once(t, "Elasticsearch", n, stored)
	if others != apart || len(second.docs) == 0 {
		t.Errorf("Elasticsearch has %d of %d flows of the second address; %d documents at the second server", others, apart, len(second.docs))
	}
	written, others := split(readLines(t, path("a.ndjson"), path("b.ndjson")))
	once(t, "NDJSON", n, written)
	if others != apart {
		t.Errorf("the files have %d of %d flows of the second address", others, apart)
	}
	messages := int64(0)
	for _, topic := range []string{"flows", "others"} {
		for _, p := range bus.PartitionInfos(topic) {
			messages += p.HighWatermark
		}
	}
	for _, o := range r.s.sink.Stats() {
		dropped := uint64(0)
		for _, count := range o.Dropped {
			dropped += count
		}
		want := uint64(n + apart)
		if o.Name == "kafka" {
			want = uint64(messages)
		}
		if o.Sent != want || dropped != 0 {
			t.Errorf("the account of %s over all reloads: %d sent, %d dropped, want %d", o.Name, o.Sent, dropped, want)
		}
	}
	t.Logf("%d flows over %d reloads", n+apart, len(r.sd.all("RELOADING=1")))
}

// apartFrom is where the numbers of flows to the second address begin.
const apartFrom = 1 << 30

func numberedApart(from int) []byte {
	b := netflow5(uint32(from), 30)
	for i := range 30 {
		binary.BigEndian.PutUint32(b[24+48*i+20:], uint32(apartFrom+from+i))
	}
	return b
}

// TestWhatAServerDoesNotTakeGoesToTheNext: the flows that wait for a server which is away are those of the one that takes its place.
func TestWhatAServerDoesNotTakeGoesToTheNext(t *testing.T) {
	eachReaders(t, whatAServerDoesNotTakeGoesToTheNext)
}

func whatAServerDoesNotTakeGoesToTheNext(t *testing.T) {
	for _, spool := range []bool{false, true} {
		t.Run(fmt.Sprintf("spool %v", spool), func(t *testing.T) {
			away, there := newElastic(t), newElastic(t)
			folder := t.TempDir()
			r := runReloadable(t, settings(func(c *config.Config) {
				c.Output.Elasticsearch.Addresses = []string{away.URL}
				c.Output.Elasticsearch.BatchBytes = 8 << 10
				if spool {
					c.Output.Elasticsearch.Spool.Directory = filepath.Join(folder, "first")
				}
			}))
			away.mu.Lock()
			away.away = true
			away.mu.Unlock()
			for i := range uint32(100) {
				r.send(r.UDP[0], numbered(i))
			}
			until(t, "the flows in the buffer", func() bool {
				s := r.s.sink.Stats()[0]
				return s.Held.Documents == 3000 && s.Problem.Cause != ""
			})
			r.reload(func(c *config.Config) {
				c.Output.Elasticsearch.Addresses = []string{there.URL}
				if spool {
					c.Output.Elasticsearch.Spool.Directory = filepath.Join(folder, "second")
				}
			})
			until(t, "the flows at the other server", func() bool { return there.count() >= 3000 })
			if err := r.stop(); err != nil {
				t.Error(err)
			}
			once(t, "the other server", 3000, there.docs)
			if away.count() != 0 {
				t.Errorf("%d documents at the server that is away", away.count())
			}
		})
	}
}

// TestSettingsWithMistakesAreRefusedWhole: nothing of them is in force, and everybody is told.
func TestSettingsWithMistakesAreRefusedWhole(t *testing.T) {
	eachReaders(t, settingsWithMistakesAreRefusedWhole)
}

func settingsWithMistakesAreRefusedWhole(t *testing.T) {
	es := newElastic(t)
	r := runReloadable(t, settings(func(c *config.Config) { c.Output.Elasticsearch.Addresses = []string{es.URL} }))
	_, metrics := r.get("/metrics")
	if !strings.Contains(metrics, "flowcollector_config_last_reload_successful 1\n") || !strings.Contains(metrics, "flowcollector_restart_needed 0\n") {
		t.Error("metrics lack the start")
	}
	taken, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	locked := t.TempDir()
	other := runLocked(t, locked)
	defer other()
	_, unreadable := os.ReadFile(filepath.Join(locked, "none.yml"))
	_, wrong := config.Parse("f.yml", []byte("log: {levle: info}\nexporters:\n  max: no\n"))
	good := r.cfg
	for name, test := range map[string]struct {
		change func(*config.Config)
		fail   error
		want   []string
	}{
		"an unreadable file": {nil, unreadable, []string{"no such file or directory"}},
		"two mistakes":       {nil, wrong, []string{"f.yml: line 1, column 7: unknown setting", "f.yml: line 3, column 8: exporters.max: "}},
		"a port that is taken": {func(c *config.Config) {
			c.Listen.UDP = append(slices.Clone(c.Listen.UDP), taken.LocalAddr().String())
		}, nil, []string{"unable to listen on " + taken.LocalAddr().String()}},
		"a spool in use": {func(c *config.Config) {
			c.Output.Elasticsearch.Spool.Directory = locked
			c.Output.NDJSON.Path = "/dev/null"
		}, nil, []string{"unable to lock the spool in " + locked}},
		"several parts": {func(c *config.Config) {
			c.HTTP.Address = "192.0.2.1:8080"
			c.Decode.ElementsFile = "/nonexistent/elements.yml"
		}, nil, []string{"decode.elements_file", "http.address"}},
	} {
		r.mu.Lock()
		r.cfg, r.fail = good, test.fail
		r.mu.Unlock()
		r.reload(func(c *config.Config) {
			c.Log.Level = "debug"
			if test.change != nil {
				test.change(c)
			}
		})
		if !equal(r.s.config, good) || len(r.s.sink.Stats()) != 1 || len(r.s.pipelines()) != readersOfTests {
			t.Errorf("%s: something of it is in force", name)
		}
		_, health := r.get("/readyz")
		_, metrics := r.get("/metrics")
		statuses := r.sd.all("STATUS=")
		for _, want := range test.want {
			if !strings.Contains(r.log.String(), want) {
				t.Errorf("%s: %q is not logged:\n%s", name, want, r.log)
			}
		}
		if last := statuses[len(statuses)-1]; !strings.Contains(last, "settings not reloaded: ") || !strings.Contains(last, test.want[0]) ||
			len(test.want) > 1 && !strings.Contains(last, "(and 1 more mistake)") {
			t.Errorf("%s: status %q", name, last)
		}
		if !strings.Contains(health, "warning: settings: settings not reloaded: ") || !strings.Contains(metrics, "flowcollector_config_last_reload_successful 0\n") {
			t.Errorf("%s: %s", name, health)
		}
	}
	r.mu.Lock()
	r.cfg, r.fail = good, nil
	r.mu.Unlock()
	r.send(r.UDP[0], numbered(0))
	until(t, "documents", func() bool { return es.count() == 30 })
	r.reload(nil)
	if _, metrics := r.get("/metrics"); !strings.Contains(metrics, "flowcollector_config_last_reload_successful 1\n") {
		t.Error("a good reload is not told")
	}
	if statuses := r.sd.all("STATUS="); strings.Contains(statuses[len(statuses)-1], "not reloaded") {
		t.Errorf("status %q", statuses[len(statuses)-1])
	}
}

// runLocked runs a collector with a spool, and returns what ends it.
func runLocked(t *testing.T, directory string) func() {
	t.Helper()
	s, err := start(t.Context(), settings(func(c *config.Config) {
		c.Output.Elasticsearch.Addresses, c.Output.Elasticsearch.Spool.Directory = []string{"http://127.0.0.1:9"}, directory
		c.HTTP.Address = ""
	}), Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return func() { _ = s.release(context.WithoutCancel(t.Context()), true) }
}

// TestSettingsThatNeedARestartAreNamed, until they are taken back.
func TestSettingsThatNeedARestartAreNamed(t *testing.T) {
	eachReaders(t, settingsThatNeedARestartAreNamed)
}

func settingsThatNeedARestartAreNamed(t *testing.T) {
	r := runReloadable(t, settings(func(c *config.Config) { c.Output.NDJSON.Path = "/dev/null" }))
	r.reload(func(c *config.Config) { c.State.Directory, c.Log.Level = "/var/lib/elsewhere", "debug" })
	statuses := r.sd.all("STATUS=")
	_, metrics := r.get("/metrics")
	if last := statuses[len(statuses)-1]; !strings.HasSuffix(last, "; restart needed for: state.directory") || !strings.Contains(metrics, "flowcollector_restart_needed 1\n") ||
		r.s.config.Log.Level != "debug" || r.s.config.State.Directory != "" {
		t.Errorf("status %q, %+v", last, r.s.config.State)
	}
	r.reload(func(c *config.Config) { c.State.Directory = "" })
	if _, metrics := r.get("/metrics"); !strings.Contains(metrics, "flowcollector_restart_needed 0\n") {
		t.Error("it is not needed any more")
	}
}

// TestHTTPMovesAndStays: another address is served in place of the one of before, other pages at the same one.
func TestHTTPMovesAndStays(t *testing.T) { eachReaders(t, hTTPMovesAndStays) }

func hTTPMovesAndStays(t *testing.T) {
	r := runReloadable(t, settings(func(c *config.Config) { c.Output.NDJSON.Path = "/dev/null" }))
	if code, _ := r.get("/debug/pprof/cmdline"); code != http.StatusNotFound {
		t.Errorf("profiles though nobody asked for them: %d", code)
	}
	r.reload(func(c *config.Config) { c.HTTP.Pprof = true })
	for _, page := range []string{"/debug/pprof/", "/debug/pprof/profile?seconds=1", "/debug/pprof/goroutine?debug=1", "/livez"} {
		if code, text := r.get(page); code != http.StatusOK {
			t.Errorf("%s: %d %s", page, code, text)
		}
	}
	old := r.HTTP
	r.reload(func(c *config.Config) { c.HTTP.Address = "127.0.0.2:0" })
	r.HTTP = r.s.http.address() // nothing reloads now
	if code, _ := r.get("/livez"); code != http.StatusOK || r.HTTP == old {
		t.Errorf("the new address: %d", code)
	}
	r.reload(func(c *config.Config) { c.HTTP.Address, c.HTTP.Pprof = "", false })
	for _, address := range []netip.AddrPort{old, r.HTTP} {
		if conn, err := net.Dial("tcp", address.String()); !errors.Is(err, syscall.ECONNREFUSED) { //nolint:noctx // it ends at once
			t.Errorf("%s is still listened on: %v, %v", address, conn, err)
		}
	}
}

// TestManySignals: what comes while a reload is under way is one more reload, not one each.
func TestManySignals(t *testing.T) { eachReaders(t, manySignals) }

func manySignals(t *testing.T) {
	r := runReloadable(t, settings(func(c *config.Config) { c.Output.NDJSON.Path = "/dev/null" }))
	r.mu.Lock() // holds the first reload up
	r.hup <- syscall.SIGHUP
	until(t, "the first reload", func() bool { return len(r.sd.all("RELOADING=1")) == 1 })
	for range 10 {
		select {
		case r.hup <- syscall.SIGHUP:
		default: // as package signal does
		}
	}
	r.cfg.Log.Level = "warn"
	r.mu.Unlock()
	until(t, "both reloads", func() bool { return len(r.sd.all("READY=1")) == 3 })
	if n := len(r.sd.all("RELOADING=1")); n != 2 || len(r.sd.all("MONOTONIC_USEC=")) != 2 {
		t.Errorf("%d reloads", n)
	}
}

// TestTotalsNeverGoBack, whoever looks at them while a reload ends a listener.
func TestTotalsNeverGoBack(t *testing.T) { eachReaders(t, totalsNeverGoBack) }

func totalsNeverGoBack(t *testing.T) {
	r := runReloadable(t, settings(func(c *config.Config) { c.Output.NDJSON.Path = "/dev/null" }))
	stop := make(chan struct{})
	var looking sync.WaitGroup
	looking.Go(func() {
		for before := r.s.totals(); ; {
			select {
			case <-stop:
				return
			default:
			}
			now := r.s.totals()
			if now.flows < before.flows || now.kernelDrops < before.kernelDrops {
				t.Errorf("%d flows after %d", now.flows, before.flows)
				return
			}
			before = now
		}
	})
	for i := range 5 {
		address := fmt.Sprintf("127.0.0.%d:0", i+2)
		r.reload(func(c *config.Config) { c.Listen.UDP = []string{"127.0.0.1:0", address} })
		to, before := r.s.listeners()[1].feed.LocalAddr(), r.flows()
		r.send(to, netflow5(0, 30))
		until(t, "the flows", func() bool { return r.flows() == before+30 })
		r.reload(func(c *config.Config) { c.Listen.UDP = []string{"127.0.0.1:0"} })
	}
	close(stop)
	looking.Wait()
	if n := r.flows(); n != 150 {
		t.Errorf("%d flows in the end", n)
	}
}

// TestSumsOfARemovedOutputStay in the metrics and in the end of the account, and nobody is told that it is up to date.
func TestSumsOfARemovedOutputStay(t *testing.T) {
	es := newElastic(t)
	r := runReloadable(t, settings(func(c *config.Config) {
		c.Output.Elasticsearch.Addresses = []string{es.URL}
		c.Output.NDJSON.Path = "/dev/null"
	}))
	r.send(r.UDP[0], netflow5(0, 30))
	until(t, "the flows in both", func() bool {
		all := r.s.sink.Stats()
		return len(all) == 2 && all[0].Sent == 30 && all[1].Sent == 30
	})
	if top := (&pages{&r.s.state}).Top(5); top.Flows != 30 {
		t.Errorf("%d flows at the first look at what makes most traffic", top.Flows)
	}
	r.reload(func(c *config.Config) { c.Output.NDJSON.Path = "" })
	until(t, "the output to be closed", func() bool {
		all := r.s.sink.Stats()
		return len(all) == 2 && all[1].Gone
	})
	_, metrics := r.get("/metrics")
	if !strings.Contains(metrics, `flowcollector_documents_sent_total{output="ndjson"} 30`) || strings.Contains(metrics, `flowcollector_output_up{output="ndjson"}`) {
		t.Errorf("metrics of the removed output:\n%s", metrics)
	}
	_, ready := r.get("/readyz")
	if line := r.s.statusLine(); strings.Contains(line, "NDJSON") || strings.Contains(ready, "ndjson") {
		t.Errorf("the removed output is in %q or in:\n%s", line, ready)
	}
	if n := len((&pages{&r.s.state}).Overview().Outputs); n != 1 {
		t.Errorf("%d outputs on the page", n)
	}
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	if log := r.log.String(); !strings.Contains(log, "ndjson_stored=30") || !strings.Contains(log, "elasticsearch_stored=30") {
		t.Errorf("the end of the account is not in:\n%s", log)
	}
}

// TestCertificatesThatNobodyServesAreForgotten: those of before must not come back with a listener that is added later.
func TestCertificatesThatNobodyServesAreForgotten(t *testing.T) {
	eachReaders(t, certificatesThatNobodyServesAreForgotten)
}

func certificatesThatNobodyServesAreForgotten(t *testing.T) {
	var tls [2]tlsFiles
	for i := range tls {
		tls[i] = newTLSFiles(t)
		authority := certtest.New(t)
		tls[i].put(t, authority.Server(t, "collector"), authority)
	}
	r := runReloadable(t, settings(func(c *config.Config) {
		c.Output.NDJSON.Path, c.Listen.IPFIXTLS, c.Listen.TLS = "/dev/null", []string{"127.0.0.1:0"}, tls[0].TLS
	}))
	first := r.s.certificates.Load()
	r.reload(func(c *config.Config) { c.Listen.IPFIXTLS, c.Listen.TLS = []string{}, tls[1].TLS })
	r.reload(func(c *config.Config) { c.Listen.IPFIXTLS = []string{"127.0.0.1:0"} })
	if now := r.s.certificates.Load(); now == nil || now == first {
		t.Error("the certificates of before the reloads are served")
	}
}

// Rates are of what came in, also right after a listener ended that had more flows than those that stay.
func TestRatesWhenAListenerEnds(t *testing.T) {
	r := runReloadable(t, settings(func(c *config.Config) {
		c.Output.NDJSON.Path, c.Listen.UDP = "/dev/null", []string{"127.0.0.1:0", "127.0.0.2:0"}
	}))
	for i := range 10 {
		r.send(r.UDP[1], numbered(uint32(i)))
	}
	until(t, "the flows", func() bool { return r.flows() == 300 })
	p, now := newSampler(&r.s.state), time.Now()
	r.send(r.UDP[0], numbered(0))
	until(t, "more flows", func() bool { return r.flows() == 330 })
	r.reload(func(c *config.Config) { c.Listen.UDP = []string{"127.0.0.1:0"} })
	p.sample(now.Add(sampleInterval))
	if got := p.all.rates(); got.Flows == 0 || got.Packets == 0 {
		t.Errorf("%+v", got)
	}
}
