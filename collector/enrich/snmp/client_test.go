package snmp

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
)

const everywhere = "credentials:\n  - {networks: [0.0.0.0/0, 2001:db8::/32], version: 2c, community: flows-r}\n"

// bench is a client with a clock and agents of a test, and without goroutines.
type bench struct {
	*Client
	clock  time.Time
	asked  []netip.Addr
	answer func(agent netip.Addr) (*device, error)
}

func newBench(t *testing.T, change func(*config.SNMP)) *bench {
	t.Helper()
	s := settings(t, everywhere)
	if change != nil {
		change(&s)
	}
	b := &bench{Client: New(s, quiet), clock: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	b.answer = func(netip.Addr) (*device, error) { return made(map[uint32]link{1: {"if1", "one"}}), nil }
	b.now = func() time.Time { return b.clock }
	b.ask = func(_ context.Context, agent netip.Addr, _ *Credential, _ time.Duration, _ int) (*device, error) {
		b.asked = append(b.asked, agent)
		return b.answer(agent)
	}
	return b
}

func made(links map[uint32]link) *device {
	return &device{name: "edge", links: links, bytes: len(links) * linkBytes}
}

// pass lets time go by second by second, and answers whatever is asked.
func (b *bench) pass(d time.Duration) {
	for range d / time.Second {
		b.clock = b.clock.Add(time.Second)
		b.schedule()
		b.pump()
	}
}

func (b *bench) pump() {
	for len(b.queue) > 0 {
		b.work(context.Background(), <-b.queue)
	}
}

func (b *bench) expect(t *testing.T, agent netip.Addr, index uint32, name string, settled bool) {
	t.Helper()
	if n, _, s := b.Interface(agent, index); n != name || s != settled {
		t.Errorf("interface %d of %s is %q, %v, want %q, %v", index, agent, n, s, name, settled)
	}
}

var agent = netip.MustParseAddr("192.0.2.1")

func TestNamesComeLater(t *testing.T) {
	b := newBench(t, nil)
	for range 3 {
		b.expect(t, agent, 1, "", false)
		b.expect(t, netip.MustParseAddr("::ffff:192.0.2.1"), 1, "", false)
	}
	b.pump()
	b.expect(t, agent, 1, "if1", true)
	b.expect(t, netip.MustParseAddr("::ffff:192.0.2.1"), 1, "if1", true)
	if name, settled := b.Exporter(agent); name != "edge" || !settled {
		t.Errorf("%q, %v", name, settled)
	}
	if len(b.asked) != 1 {
		t.Errorf("asked %v", b.asked)
	}
	stranger := netip.MustParseAddr("2001:db9::1")
	b.expect(t, stranger, 1, "", true)
	if name, settled := b.Exporter(stranger); name != "" || !settled {
		t.Errorf("%q, %v", name, settled)
	}
	if s := b.Stats(); s.Exporters != 1 || s.Generation != 1 || s.Named != 1 {
		t.Errorf("%+v", s)
	}
}

func TestRefresh(t *testing.T) {
	b := newBench(t, nil)
	b.Exporter(agent)
	b.pump()
	before := b.Generation()
	b.pass(50 * time.Minute)
	if len(b.asked) != 1 {
		t.Fatalf("asked %d times in 50 minutes", len(b.asked))
	}
	b.answer = func(netip.Addr) (*device, error) { return made(map[uint32]link{1: {"other", ""}}), nil }
	b.expect(t, agent, 1, "if1", true)
	b.pass(11 * time.Minute)
	b.expect(t, agent, 1, "other", true)
	if len(b.asked) != 2 || b.Generation() != before+1 {
		t.Errorf("asked %d times, generation %d after %d", len(b.asked), b.Generation(), before)
	}
	// What is known stays while the agent is away.
	b.answer = func(netip.Addr) (*device, error) { return nil, &failure{Timeout, errors.New("silent")} }
	b.pass(5 * time.Hour)
	b.expect(t, agent, 1, "other", true)
	if s := b.Stats(); s.Failed[Timeout] < 10 || !strings.Contains(s.LastError, "192.0.2.1 port 161: timeout: silent") {
		t.Errorf("%+v", s)
	}
	// Nobody wants to know for long.
	b.pass(25 * time.Hour)
	if s := b.Stats(); s.Exporters != 0 || s.Interfaces != 0 || s.Bytes != 0 {
		t.Errorf("%+v", s)
	}
}

func TestBackOff(t *testing.T) {
	b := newBench(t, nil)
	b.answer = func(netip.Addr) (*device, error) { return nil, &failure{Auth, errors.New("no")} }
	var at []time.Time
	for range 3 * 3600 {
		b.expect(t, agent, 1, "", false)
		before := len(b.asked)
		b.pass(time.Second)
		if len(b.asked) > before {
			at = append(at, b.clock)
		}
	}
	for i := 1; i < len(at); i++ {
		most := min(retryMost, retryFirst<<(i-1))
		if wait := at[i].Sub(at[i-1]); wait < most/2 || wait > most+2*time.Second {
			t.Errorf("wait %d is %v, want %v to %v", i, wait, most/2, most)
		}
	}
	if len(at) < 15 || len(at) > 40 {
		t.Errorf("asked %d times in three hours", len(at))
	}
	b.answer = func(netip.Addr) (*device, error) { return made(map[uint32]link{1: {"if1", ""}}), nil }
	b.pass(retryMost)
	b.expect(t, agent, 1, "if1", true)
}

func TestUnknownInterfaces(t *testing.T) {
	b := newBench(t, nil)
	b.Exporter(agent)
	b.pump()
	for _, index := range []uint32{0, 1 << 31, 1<<32 - 1} { // there are none such
		b.expect(t, agent, index, "", true)
	}
	b.expect(t, agent, 2, "", false)
	b.pump()
	if len(b.asked) != 1 {
		t.Fatal("asked again within the minute")
	}
	links := map[uint32]link{1: {"if1", ""}, 2: {"if2", ""}}
	b.answer = func(netip.Addr) (*device, error) { return made(links), nil }
	b.pass(earlyEvery)
	b.expect(t, agent, 2, "if2", true)
	// Many of them do not make it more often than once a minute, and those that are not there are asked for once.
	began := len(b.asked)
	for minute := range 30 {
		for range 60 {
			for index := range uint32(20) {
				b.Interface(agent, 1000+uint32(minute/10)*1000+index)
			}
			b.pass(time.Second)
		}
	}
	if n := len(b.asked) - began; n != 3 {
		t.Errorf("asked %d times in half an hour, want 3: once for each twenty", n)
	}
	b.expect(t, agent, 1000, "", true)
	// Whatever flows say, what is remembered of it is bounded.
	for index := range uint32(1_000_000) {
		b.Interface(agent, 10000+index)
		if index%1000 == 0 {
			b.pass(time.Second)
		}
	}
	e := *b.exporters.Peek(agent)
	if len(e.wanted) > maxWanted || len(e.absent) > maxAbsent {
		t.Errorf("%d wanted, %d absent", len(e.wanted), len(e.absent))
	}
	if got, want := b.Stats().Bytes, noteBytes*(len(e.wanted)+len(e.absent))+len(links)*linkBytes; got != want {
		t.Errorf("%d octets are counted, want %d", got, want)
	}
	if n := len(b.asked) - began; n > 3+1000/60+1 {
		t.Errorf("asked %d times", n)
	}
	// Such a one is known when it comes to be, though late.
	links = map[uint32]link{1000: {"late", ""}}
	b.pass(time.Hour)
	b.expect(t, agent, 1000, "late", true)
}

func TestBounds(t *testing.T) {
	addr := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}) }
	t.Run("exporters", func(t *testing.T) {
		b := newBench(t, func(s *config.SNMP) { s.MaxExporters = 100 })
		for i := range 100_000 {
			b.Interface(addr(i), 1)
		}
		if s := b.Stats(); s.Exporters != 100 || s.Queued != cap(b.queue) || s.Crowded != 100_000-100 || s.Deferred != uint64(100-cap(b.queue)) {
			t.Errorf("%+v", s)
		}
		b.pass(2 * time.Second) // the queue is shorter than that
		if s := b.Stats(); s.Named != 100 || s.Answered != 100 {
			t.Errorf("%+v", s)
		}
		b.expect(t, addr(100), 1, "", true)
		// Those that are not used any more make room.
		for range 60 * 10 {
			b.pass(time.Second)
			b.expect(t, addr(0), 1, "if1", true)
		}
		b.expect(t, addr(100), 1, "", false)
		if s := b.Stats(); s.Exporters != 100 || s.Evicted != 1 {
			t.Errorf("%+v", s)
		}
		b.expect(t, addr(0), 1, "if1", true)
	})
	t.Run("memory", func(t *testing.T) {
		b := newBench(t, func(s *config.SNMP) { s.MaxBytes = 64 << 10 })
		b.answer = func(netip.Addr) (*device, error) {
			links := map[uint32]link{}
			for i := range uint32(100) {
				links[i+1] = link{"x", ""}
			}
			return made(links), nil
		}
		for i := range 50 {
			b.Exporter(addr(i))
			b.pump()
		}
		s := b.Stats()
		if fit := (64 << 10) / (100 * linkBytes); s.Interfaces != fit*100 || s.Refused == 0 || s.Evicted != 0 || s.Exporters != 50 {
			t.Errorf("%+v, %d of them fit", s, fit)
		}
		b.expect(t, addr(0), 1, "x", true)
		b.expect(t, addr(49), 1, "", true)
		b.pass(idleAfter)
		b.Exporter(addr(60))
		b.pump()
		b.expect(t, addr(60), 1, "x", true)
		if s := b.Stats(); s.Bytes > 64<<10 || s.Evicted == 0 {
			t.Errorf("%+v", s)
		}
	})
}

// TestSilentExportersKeepNobodyWaiting: each of them takes long, and they are asked again and again.
func TestSilentExportersKeepNobodyWaiting(t *testing.T) {
	for name, test := range map[string]struct {
		repeated bool          // whether flows of the silent ones keep coming
		within   time.Duration // until the others have their names
	}{
		"forged once":      {false, 3 * time.Minute},
		"sending all time": {true, 25 * time.Minute}, // each of them is asked once before
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, nil)
			speaks := []netip.Addr{netip.MustParseAddr("192.0.2.200"), netip.MustParseAddr("192.0.2.201")}
			b.answer = func(a netip.Addr) (*device, error) {
				if slices.Contains(speaks, a) {
					return made(map[uint32]link{1: {"if1", ""}}), nil
				}
				return nil, &failure{Timeout, errors.New("silent")}
			}
			silent := func() {
				for i := range 800 {
					b.Interface(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 1)
				}
			}
			silent()
			round := 0
			pass := func() {
				b.clock = b.clock.Add(6 * time.Second)
				b.schedule()
				if round++; test.repeated && round%5 == 0 {
					silent()
				}
				for range 4 { // workers, six seconds each
					if len(b.queue) > 0 {
						b.work(context.Background(), <-b.queue)
					}
				}
			}
			until := func(a netip.Addr, within time.Duration) {
				t.Helper()
				for began := b.clock; ; pass() {
					if n, _, _ := b.Interface(a, 1); n != "" {
						return
					}
					if b.clock.Sub(began) > within {
						t.Fatalf("%s has no name after %v", a, within)
					}
				}
			}
			for range 20 { // the silent ones are well in the queue
				pass()
			}
			until(speaks[0], test.within)
			for range 300 {
				pass()
			}
			until(speaks[1], 3*time.Minute) // all others were asked: one that is new has a place at once
		})
	}
}

func TestMemoryOfUnknownInterfaces(t *testing.T) {
	b := newBench(t, func(s *config.SNMP) { s.MaxBytes = 64 << 10 })
	for i := range 100 {
		for index := range uint32(maxWanted) {
			b.Interface(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), 1000+index)
		}
	}
	if s := b.Stats(); s.Bytes > 16<<10 || s.Bytes < 15<<10 {
		t.Errorf("%d octets, want a quarter of %d", s.Bytes, 64<<10)
	}
	b.pass(25 * time.Hour)
	if s := b.Stats(); s.Bytes != 0 || s.Exporters != 0 {
		t.Errorf("%+v", s)
	}
}

func TestCredentialsAreReadAgain(t *testing.T) {
	b := newBench(t, nil)
	path := b.settings.CredentialsFile
	b.answer = func(netip.Addr) (*device, error) { return nil, &failure{Auth, errors.New("no")} }
	other := netip.MustParseAddr("198.51.100.1")
	b.Exporter(agent)
	b.Exporter(other)
	b.pass(time.Minute)
	if b.file.changed() {
		t.Fatal("it did not change")
	}
	write(t, path, "credentials:\n  - {networks: nothing-of-the-kind, version: 2c, community: s3cr3t-of-mine}\n")
	if !b.file.changed() {
		t.Fatal("it changed")
	}
	b.load()
	s := b.Status()
	if s.Credentials != 1 || !strings.Contains(s.Error, "line 2, column 16: credentials[0].networks: ") || strings.Contains(s.Error, "s3cr3t") {
		t.Errorf("%+v", s)
	}
	if b.file.changed() {
		t.Error("a damaged file is read once, not over and over")
	}
	// One that cannot be read is tried again: what made it unreadable may show in nothing.
	if err := errors.Join(os.Remove(path), os.Mkdir(path, 0o700)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if !b.file.changed() {
			t.Fatal("it cannot be read")
		}
		b.load()
		if s := b.Status(); s.Credentials != 1 || !strings.Contains(s.Error, "unable to read") {
			t.Errorf("%+v", s)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	b.answer = func(netip.Addr) (*device, error) { return made(nil), nil }
	write(t, path, "credentials:\n  - {networks: 192.0.2.0/24, version: 2c, community: new}\n")
	b.load()
	if s := b.Status(); s.Error != "" || s.Warning != "" || s.Credentials != 1 {
		t.Errorf("%+v", s)
	}
	b.pass(time.Second) // without waiting for the end of the back-off
	if name, settled := b.Exporter(agent); name != "edge" || !settled {
		t.Errorf("%q, %v", name, settled)
	}
	if name, settled := b.Exporter(other); name != "" || !settled || b.Stats().Exporters != 1 {
		t.Errorf("%q, %v, %+v", name, settled, b.Stats())
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if !b.file.changed() {
		t.Fatal("its mode changed")
	}
	b.load()
	if s := b.Status(); !strings.Contains(s.Warning, "mode 0644: everybody on this host can read them") {
		t.Errorf("%+v", s)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if !b.file.changed() {
		t.Fatal("it is gone")
	}
	b.load()
	if s := b.Status(); s.Error == "" || s.Credentials != 1 {
		t.Errorf("%+v", s)
	}
}

func TestWhereCredentialsAre(t *testing.T) {
	t.Setenv("CREDENTIALS_DIRECTORY", "")
	c := New(config.Default().Enrich.SNMP, quiet)
	if name, _, settled := c.Interface(agent, 1); name != "" || !settled || c.Status() != (Status{}) {
		t.Errorf("%q, %v, %+v", name, settled, c.Status())
	}
	directory := t.TempDir()
	t.Setenv("CREDENTIALS_DIRECTORY", directory)
	c = New(config.Default().Enrich.SNMP, quiet)
	if s := c.Status(); s.Error != "" || s.Credentials != 0 {
		t.Errorf("%+v", s)
	}
	write(t, filepath.Join(directory, "snmp"), everywhere)
	c = New(config.Default().Enrich.SNMP, quiet)
	if _, _, settled := c.Interface(agent, 1); settled || c.Status().Credentials != 1 {
		t.Errorf("%v, %+v", settled, c.Status())
	}
	s := config.Default().Enrich.SNMP
	s.CredentialsFile = filepath.Join(directory, "none")
	if c := New(s, quiet); c.Status().Error == "" {
		t.Error("a file that is set and not there is not reported")
	}
	var none *Client
	none.Run(t.Context())
	if _, _, settled := none.Interface(agent, 1); !settled || len(none.Stats().Failed) != len(Causes) || none.Status() != (Status{}) {
		t.Error("a nil client knows no names")
	}
}

func TestRunLeavesNothing(t *testing.T) {
	before := runtime.NumGoroutine()
	c := New(settings(t, everywhere), quiet)
	var active, most atomic.Int64
	c.ask = func(ctx context.Context, a netip.Addr, _ *Credential, _ time.Duration, _ int) (*device, error) {
		for n := active.Add(1); ; {
			if m := most.Load(); n <= m || most.CompareAndSwap(m, n) {
				break
			}
		}
		defer active.Add(-1)
		if a.As4()[3]%2 == 0 {
			<-ctx.Done() // until the end
			return nil, ctx.Err()
		}
		return made(map[uint32]link{1: {"if1", ""}}), nil
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { c.Run(ctx); close(done) }()
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			for i := range 20_000 {
				c.Interface(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), uint32(i%5))
				c.Exporter(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}))
				c.Stats()
			}
		})
	}
	eventually(t, "all workers are held up", func() bool { return active.Load() == int64(c.settings.Workers) })
	callers.Wait()
	cancel()
	<-done
	if most.Load() != int64(c.settings.Workers) {
		t.Errorf("%d were asked at once", most.Load())
	}
	eventually(t, "goroutines are gone", func() bool { return runtime.NumGoroutine() <= before })
	if s := c.Stats(); s.LastError != "" {
		t.Errorf("the end is no failure: %+v", s)
	}
}

func TestKnownNamesAllocateNothing(t *testing.T) {
	b := newBench(t, nil)
	b.Exporter(agent)
	b.pump()
	b.expect(t, agent, 2, "", false)
	b.pass(earlyEvery)
	stranger := netip.MustParseAddr("2001:db9::1")
	if n := testing.AllocsPerRun(100, func() {
		b.Interface(agent, 1)
		b.Interface(agent, 2)
		b.Exporter(agent)
		b.Exporter(stranger)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkInterface(b *testing.B) {
	c := New(config.Default().Enrich.SNMP, quiet)
	credentials, err := ParseCredentials("x", []byte(everywhere))
	if err != nil {
		b.Fatal(err)
	}
	c.credentials = credentials
	c.Exporter(agent)
	c.answer(<-c.queue, made(map[uint32]link{1: {"if1", "one"}}))
	b.ReportAllocs()
	for b.Loop() {
		c.Interface(agent, 1)
	}
}
