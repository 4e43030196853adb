package rdns

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
)

func settings(change func(*config.ReverseDNS)) config.ReverseDNS {
	s := config.Default().Enrich.ReverseDNS
	s.Enabled = true
	if change != nil {
		change(&s)
	}
	return s
}

func newResolver(t *testing.T, s config.ReverseDNS) *Resolver {
	t.Helper()
	r, err := New(s, quiet)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// bench is a resolver with a clock and answers of a test, and without goroutines.
type bench struct {
	*Resolver
	clock  time.Time
	asked  int
	answer func(netip.Addr) (answer, error)
}

func newBench(t *testing.T, change func(*config.ReverseDNS)) *bench {
	t.Helper()
	b := &bench{Resolver: newResolver(t, settings(change)), clock: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	b.answer = func(netip.Addr) (answer, error) { return answer{"a.example", 48 * time.Hour}, nil }
	b.now = func() time.Time { return b.clock }
	b.lookup = func(_ context.Context, a netip.Addr, _ time.Duration) (answer, error) {
		b.asked++
		return b.answer(a)
	}
	return b
}

func (b *bench) pump() {
	for len(b.queue) > 0 {
		b.work(context.Background(), <-b.queue)
	}
}

func (b *bench) expect(t *testing.T, a netip.Addr, name string, settled bool) {
	t.Helper()
	if n, s := b.Name(a); n != name || s != settled {
		t.Errorf("%s is %q, %v, want %q, %v", a, n, s, name, settled)
	}
}

func TestNamesComeLater(t *testing.T) {
	b := newBench(t, nil)
	for range 3 {
		b.expect(t, address, "", false)
		b.expect(t, netip.MustParseAddr("::ffff:192.0.2.1"), "", false)
	}
	b.pump()
	b.expect(t, address, "a.example", true)
	b.expect(t, netip.MustParseAddr("::ffff:192.0.2.1"), "a.example", true)
	if s := b.Stats(); b.asked != 1 || s.LastAnswerTime != b.clock || s.Asked != 1 || s.Answered != 1 || s.Entries != 1 || s.Pending != 0 {
		t.Errorf("asked %d times, %+v", b.asked, s)
	}
}

func TestAges(t *testing.T) {
	for name, test := range map[string]struct {
		got  answer
		want time.Duration
	}{
		"the server's":       {answer{"a.example", 5 * time.Minute}, 5 * time.Minute},
		"ours":               {answer{"a.example", 48 * time.Hour}, 24 * time.Hour},
		"a minute at least":  {answer{"a.example", 0}, time.Minute},
		"none, the server's": {answer{"", 10 * time.Minute}, 10 * time.Minute},
		"none, ours":         {answer{"", 1 << 62}, time.Hour},
		"none, a minute":     {answer{"", time.Second}, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, nil)
			b.answer = func(netip.Addr) (answer, error) { return test.got, nil }
			b.Name(address)
			b.pump()
			b.clock = b.clock.Add(test.want - time.Nanosecond)
			b.expect(t, address, test.got.name, true)
			b.pump()
			if b.asked != 1 {
				t.Fatal("looked up too early")
			}
			b.clock = b.clock.Add(time.Nanosecond)
			b.expect(t, address, test.got.name, true) // what was, meanwhile
			before := b.Stats().Generation
			b.answer = func(netip.Addr) (answer, error) { return answer{"new.example", time.Hour}, nil }
			b.pump()
			b.expect(t, address, "new.example", true)
			if b.asked != 2 || b.Stats().Generation != before+1 {
				t.Errorf("asked %d times, %+v", b.asked, b.Stats())
			}
		})
	}
}

func TestFailuresAreNotNoName(t *testing.T) {
	b := newBench(t, nil)
	b.answer = func(netip.Addr) (answer, error) { return answer{}, &failure{Server, errors.New("SERVFAIL")} }
	var at []time.Time
	for range 2 * 3600 {
		b.expect(t, address, "", false)
		before := b.asked
		b.pump()
		if b.asked > before {
			at = append(at, b.clock)
		}
		b.clock = b.clock.Add(time.Second)
	}
	for i := 1; i < len(at); i++ {
		most := min(retryMost, retryFirst<<(i-1))
		if wait := at[i].Sub(at[i-1]); wait < most/2 || wait > most+time.Second {
			t.Errorf("wait %d is %v, want %v to %v", i, wait, most/2, most)
		}
	}
	if s := b.Stats(); len(at) < 10 || s.Failed[Server] != uint64(len(at)) || s.None != 0 || !strings.Contains(s.LastError, "192.0.2.1: server: SERVFAIL") {
		t.Errorf("tried %d times, %+v", len(at), s)
	}
	b.answer = func(netip.Addr) (answer, error) { return answer{"a.example", time.Hour}, nil }
	b.clock = b.clock.Add(retryMost)
	b.Name(address)
	b.pump()
	b.expect(t, address, "a.example", true)
	// A name stays while servers are away, for as long again as it is kept.
	b.answer = func(netip.Addr) (answer, error) { return answer{}, &failure{Timeout, errors.New("silence")} }
	for range 24 {
		b.clock = b.clock.Add(time.Hour)
		b.expect(t, address, "a.example", true)
		b.pump()
		b.expect(t, address, "a.example", true)
	}
	b.clock = b.clock.Add(2 * time.Hour)
	b.expect(t, address, "", false)
	b.pump()
	b.expect(t, address, "", false)
}

func TestWhoIsLookedUp(t *testing.T) {
	b := newBench(t, func(s *config.ReverseDNS) {
		s.Include = []string{"10.0.0.0/8", "2001:db8::/32", "127.0.0.0/8"}
		s.Exclude = []string{"10.1.0.0/16", "2001:db8:1::/48", "10.2.0.1"}
	})
	for a, want := range map[string]bool{
		"10.0.0.1": true, "10.1.0.1": false, "10.2.0.1": false, "10.2.0.2": true, "::ffff:10.0.0.9": true, "::ffff:10.1.0.9": false, "192.0.2.1": false,
		"2001:db8::1": true, "2001:db8:1::1": false, "127.0.0.1": false,
	} {
		if _, settled := b.Name(netip.MustParseAddr(a)); settled == want {
			t.Errorf("%s is looked up: %v", a, !settled)
		}
	}
	b = newBench(t, nil)
	for a, want := range map[string]bool{
		"192.0.2.1": true, "10.0.0.1": true, "2001:db8::1": true, "fd00::1": true,
		"0.0.0.0": false, "::": false, "127.0.0.1": false, "::1": false, "224.0.0.1": false, "ff02::1": false, "169.254.1.1": false, "fe80::1%eth0": false, "255.255.255.255": false,
	} {
		if _, settled := b.Name(netip.MustParseAddr(a)); settled == want {
			t.Errorf("%s is looked up: %v", a, !settled)
		}
	}
	if _, settled := b.Name(netip.Addr{}); !settled {
		t.Error("no address is looked up")
	}
	if r, err := New(settings(func(s *config.ReverseDNS) { s.Exclude = []string{"10.0.0.1/8"} }), quiet); err == nil {
		t.Errorf("%v", r)
	}
	var none *Resolver
	none.Run(t.Context())
	if name, settled := none.Name(address); name != "" || !settled || len(none.Stats().Failed) != len(Causes) {
		t.Error("a nil resolver knows no names")
	}
	if r, err := New(config.Default().Enrich.ReverseDNS, quiet); r != nil || err != nil {
		t.Errorf("%v, %v: it is off unless it is asked for", r, err)
	}
}

func TestFloodOfAddresses(t *testing.T) {
	const flood = 1_000_000
	b := newBench(t, func(s *config.ReverseDNS) { s.Entries = 1000; s.PerSecond = 100 })
	addr := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}) }
	for i := range flood {
		if name, settled := b.Name(addr(i)); name != "" || settled {
			t.Fatalf("%q, %v", name, settled)
		}
	}
	if s := b.Stats(); s.Pending != 100 || s.Entries != 0 || s.Deferred != flood-100 || len(b.pending) != 100 {
		t.Errorf("%+v", s)
	}
	for i := range flood {
		b.Name(addr(i))
		b.pump()
	}
	if s := b.Stats(); s.Pending != 0 || s.Entries != 1000 || s.Asked < flood-100 || s.Evicted != s.Answered-1000 {
		t.Errorf("%+v", s)
	}
	b.expect(t, addr(flood-1), "a.example", true)
}

func TestKnownNamesAllocateNothing(t *testing.T) {
	b := newBench(t, func(s *config.ReverseDNS) { s.Exclude = []string{"198.51.100.0/24"} })
	six, excluded := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("198.51.100.1")
	b.Name(address)
	b.Name(six)
	b.pump()
	if n := testing.AllocsPerRun(100, func() { b.Name(address); b.Name(six); b.Name(excluded) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestRealServer(t *testing.T) {
	var questions atomic.Int64
	server := startServer(t, func(w dns.ResponseWriter, q *dns.Msg) {
		n := questions.Add(1)
		switch {
		case n%7 == 0 && n < 100: // seldom twice for one address
			records(dns.RcodeServerFailure)(w, q)
		case strings.HasPrefix(q.Question[0].Name, "9."):
			records(dns.RcodeNameError)(w, q)
		default:
			time.Sleep(time.Duration(n%5) * time.Millisecond)
			records(0, "%s 300 IN PTR Host-"+strings.Split(q.Question[0].Name, ".")[0]+".Example.")(w, q)
		}
	})
	serving := runtime.NumGoroutine()
	r := newResolver(t, settings(func(s *config.ReverseDNS) {
		s.Servers = []string{server}
		s.PerSecond = 1000
		s.Timeout = config.Duration(30 * time.Second)
	}))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { r.Run(ctx); close(done) }()
	const addresses = 200
	names := make([]string, addresses)
	var callers sync.WaitGroup
	for caller := range 4 {
		callers.Go(func() {
			for left, deadline := addresses/4, time.Now().Add(2*time.Minute); left > 0; time.Sleep(10 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Error("names do not come")
					return
				}
				left = 0
				for i := caller; i < addresses; i += 4 {
					name, settled := r.Name(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}))
					if names[i] = name; !settled {
						left++
					}
				}
			}
		})
	}
	callers.Wait()
	cancel()
	<-done
	for i, name := range names {
		want := fmt.Sprintf("host-%d.example", i)
		if i == 9 {
			want = ""
		}
		if name != want {
			t.Errorf("%d is %q, want %q", i, name, want)
		}
	}
	s := r.Stats()
	if s.Answered != addresses || s.None != 1 || s.Failed[Server] == 0 || s.Asked != s.Answered+s.Failed[Server] || s.Entries != addresses {
		t.Errorf("%+v", s)
	}
	for deadline := time.Now().Add(time.Minute); runtime.NumGoroutine() > serving; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, with the server alone %d", runtime.NumGoroutine(), serving)
		}
	}
}

func BenchmarkName(b *testing.B) {
	r, err := New(settings(nil), quiet)
	if err != nil {
		b.Fatal(err)
	}
	r.lookup = func(context.Context, netip.Addr, time.Duration) (answer, error) {
		return answer{"a.example", time.Hour}, nil
	}
	r.Name(address)
	r.work(context.Background(), <-r.queue)
	b.ReportAllocs()
	for b.Loop() {
		r.Name(address)
	}
}
