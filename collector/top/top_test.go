package top

import (
	"context"
	"math"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

var start = time.Unix(1_700_000_040, 0) // at the beginning of a minute

// traffic makes records between hosts, of which some speak far more than others, with sizes that vary by five orders of magnitude.
type traffic struct {
	random *rand.Rand
	hosts  *rand.Zipf
}

func newTraffic(hosts uint64) *traffic {
	r := rand.New(rand.NewPCG(1, 2))
	return &traffic{r, rand.NewZipf(r, 1.2, 4, hosts-1)}
}

func host(n uint64) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)})
}

func (t *traffic) records(n int) []flow.Record {
	list := make([]flow.Record, n)
	for i := range list {
		from, to := t.hosts.Uint64(), t.hosts.Uint64()
		known := func(n uint64) *flow.Address {
			return &flow.Address{AS: uint32(64500 + n%300), Country: [2]byte{'A' + byte(n%26), 'A' + byte(n/26%5)}}
		}
		packets := 1 + uint64(math.Pow(10, 4*t.random.Float64()))
		list[i] = flow.Record{
			Has:    flow.HasPorts | flow.HasProtocol | flow.HasBytes | flow.HasPackets | flow.HasInput | flow.HasOutput,
			Source: flow.Endpoint{Addr: host(from), Port: 40000, Known: known(from)}, Destination: flow.Endpoint{Addr: host(to), Port: uint16(1 + to%1000), Known: known(to)},
			Bytes: packets * (40 + t.random.Uint64N(1400)), Packets: packets, Protocol: flow.ProtocolTCP, Client: flow.SideSource,
			Exporter: netip.MustParseAddr("192.0.2.1"), Input: 1 + uint32(from%16), Output: 1 + uint32(to%16),
		}
	}
	return list
}

// feed gives records to a counter at a rate, in packets of 25, and returns the time after.
func feed(c *Counter, list []flow.Record, at time.Time, perSecond int) time.Time {
	for len(list) > 0 {
		n := min(25, len(list))
		c.Add(list[:n], at)
		list = list[n:]
		at = at.Add(time.Second * time.Duration(n) / time.Duration(perSecond))
	}
	return at
}

// exact sums up by address.
func exact(list []flow.Record) map[Address]Sum {
	sums := map[Address]Sum{}
	for i := range list {
		r := &list[i]
		one := Sum{r.Bytes, r.Packets, 1}
		for _, a := range []Address{addressOf(r.Source.Addr), addressOf(r.Destination.Addr)} {
			s := sums[a]
			s.add(one)
			sums[a] = s
			if r.Source.Addr == r.Destination.Addr {
				break
			}
		}
	}
	return sums
}

func report(c *Counter, now time.Time, minutes int) Report {
	c.wanted.Store(now.UnixNano())
	c.Tick(now)
	return Merge(now, minutes, c)
}

func TestTheHeaviestAreFoundAmongManyMore(t *testing.T) {
	for name, test := range map[string]struct {
		perSecond, times int
		sampled          bool
		within           float64
	}{
		"all counted": {4_000, 1, false, 0.01},
		"sampled":     {100_000, 5, true, 0.05},
	} {
		t.Run(name, func(t *testing.T) {
			const minutes = 2
			c, source := New(), newTraffic(200_000)
			all := make([]flow.Record, 0, minutes*test.times*100_000)
			now := start
			for range minutes {
				list := source.records(100_000)
				at := now
				for range test.times {
					all = append(all, list...)
					at = feed(c, list, at, test.perSecond)
				}
				now = now.Add(time.Minute)
			}
			now = now.Add(-time.Second)
			got, want := report(c, now, 5), exact(all)
			var total Sum
			for i := range all {
				total.add(Sum{all[i].Bytes, all[i].Packets, 1})
			}
			if got.Total != total {
				t.Errorf("total %+v, want exactly %+v", got.Total, total)
			}
			if got.Sampled != test.sampled {
				t.Errorf("sampled: %v", got.Sampled)
			}
			if !got.From.Equal(start) || !got.To.Equal(now) {
				t.Errorf("from %v to %v", got.From, got.To)
			}
			for i, e := range got.Addresses[:10] {
				w := want[e.Key]
				if off := math.Abs(float64(e.Octets)-float64(w.Octets)) / float64(w.Octets); off > test.within {
					t.Errorf("place %d: %v has %d octets, in truth %d", i, e.Key.Addr(), e.Octets, w.Octets)
				}
				if off := math.Abs(float64(e.Flows)-float64(w.Flows)) / float64(w.Flows); off > 5*test.within {
					t.Errorf("place %d: %v has %d flows, in truth %d", i, e.Key.Addr(), e.Flows, w.Flows)
				}
				better := 0
				for _, o := range want {
					if o.Octets > w.Octets {
						better++
					}
				}
				if better > i+1 || better < i-1 {
					t.Errorf("place %d: %v is in truth on place %d", i, e.Key.Addr(), better)
				}
			}
			if len(got.Conversations) == 0 || len(got.Applications) == 0 || len(got.Systems) == 0 || len(got.Countries) == 0 || len(got.Interfaces) != 32 {
				t.Errorf("%d conversations, %d applications, %d systems, %d countries, %d interfaces", len(got.Conversations), len(got.Applications), len(got.Systems), len(got.Countries), len(got.Interfaces))
			}
		})
	}
}

func TestAnElephantAmongMiceIsNeverLeftOut(t *testing.T) {
	c := New()
	mice := newTraffic(1_000_000).records(200_000)
	elephant := mice[0]
	elephant.Source.Addr, elephant.Bytes = netip.MustParseAddr("2001:db8::1"), 1<<40
	mice[150_000] = elephant
	now := feed(c, mice, start, 2_000_000)
	got := report(c, now, 1)
	if e := got.Addresses[0]; e.Key != addressOf(elephant.Source.Addr) && got.Addresses[1].Key != addressOf(elephant.Source.Addr) || e.Octets < 1<<40 {
		t.Errorf("first is %v with %d octets", e.Key.Addr(), e.Octets)
	}
}

func TestMinutesComeAndGo(t *testing.T) {
	c := New()
	one := newTraffic(10).records(1)
	for i := range 100 {
		c.Add(one, start.Add(time.Duration(i)*time.Minute))
	}
	now := start.Add(99 * time.Minute)
	for minutes, want := range map[int]uint64{1: 1, 5: 5, 15: 15, 60: 60} {
		if got := report(c, now, minutes); got.Total.Flows != want {
			t.Errorf("%d flows in %d minutes, want %d", got.Total.Flows, minutes, want)
		}
	}
	later := now.Add(10 * time.Minute)
	if got := report(c, later, 5); got.Total.Flows != 0 || len(got.Addresses) != 0 {
		t.Errorf("there are %d flows where there were none for ten minutes", got.Total.Flows)
	}
	if got := report(c, later, 15); got.Total.Flows != 5 {
		t.Errorf("%d flows, want those of five minutes", got.Total.Flows)
	}
	c.Add(one, start) // the clock was set back
	if got := report(c, start, 5); got.Total.Flows != 1 {
		t.Errorf("%d flows after the clock was set back", got.Total.Flows)
	}
}

func TestConversationsHaveTwoDirections(t *testing.T) {
	a, b := netip.MustParseAddr("192.0.2.9"), netip.MustParseAddr("2001:db8::2")
	for _, client := range []flow.Side{flow.SideUnknown, flow.SideSource} {
		c := New()
		there := flow.Record{Source: flow.Endpoint{Addr: a}, Destination: flow.Endpoint{Addr: b}, Bytes: 1, Packets: 1, Client: client}
		back := flow.Record{Source: flow.Endpoint{Addr: b}, Destination: flow.Endpoint{Addr: a}, Bytes: 10, Packets: 1}
		if client == flow.SideSource {
			back.Client = flow.SideDestination
		}
		c.Add([]flow.Record{there, back}, start)
		got := report(c, start, 1)
		if len(got.Conversations) != 1 || got.Conversations[0].Octets != 11 || got.Conversations[0].Key != (Conversation{addressOf(a), addressOf(b)}) {
			t.Errorf("client %d: got %+v", client, got.Conversations)
		}
	}
}

func TestApplicationsAreNamedByExporterThenByPort(t *testing.T) {
	r := flow.Record{Has: flow.HasPorts | flow.HasProtocol, Protocol: 6, Source: flow.Endpoint{Port: 443}, Destination: flow.Endpoint{Port: 50000}}
	if a := applicationOf(&r); a.Port != 443 || a.Protocol != 6 || a.Name() != "" {
		t.Errorf("got %+v", a)
	}
	r.Client, r.Application = flow.SideDestination, []byte(`"https"`)
	if a := applicationOf(&r); a.Port != 443 || a.Name() != "https" {
		t.Errorf("got %+v", a)
	}
	r.Details = &flow.Details{ApplicationName: []byte("an application with a very long name")}
	if a := applicationOf(&r); a.Port != 0 || a.Protocol != 0 || a.Name() != "an application with a very l" {
		t.Errorf("got %q", a.Name())
	}
}

func TestSamplingCountsRightOnAverage(t *testing.T) {
	c := New()
	c.threshold = 10_000
	var got, want Sum
	for i := range 1_000_000 {
		sum := Sum{Octets: uint64(40 + i%20_000), Packets: uint64(1 + i%13), Flows: 1}
		want.add(sum)
		if c.pick(&sum) {
			got.add(sum)
		}
	}
	for _, f := range []struct{ got, want uint64 }{{got.Octets, want.Octets}, {got.Packets, want.Packets}, {got.Flows, want.Flows}} {
		if off := math.Abs(float64(f.got)-float64(f.want)) / float64(f.want); off > 0.01 {
			t.Errorf("got %+v, want about %+v", got, want)
		}
	}
}

func TestAddAllocatesNothing(t *testing.T) {
	for _, perSecond := range []int{1000, 1_000_000} {
		c, list := New(), newTraffic(100_000).records(20_000)
		feed(c, list, start, perSecond)
		at, i := start, 0
		if n := testing.AllocsPerRun(500, func() {
			c.Add(list[i:i+25], at)
			i = (i + 25) % (len(list) - 25)
		}); n != 0 {
			t.Errorf("%v allocations for a packet", n)
		}
	}
}

func TestMemoryIsBounded(t *testing.T) {
	source := newTraffic(1 << 24)
	source.hosts = rand.NewZipf(source.random, 1.0001, 1<<20, 1<<24-1) // about all alike: nothing stays
	list := source.records(2_000)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	c := New()
	for i := range 2 * Minutes {
		now := start.Add(time.Duration(i) * time.Minute)
		for j := range list { // others each minute
			list[j].Source.Addr, list[j].Destination.Addr = host(source.hosts.Uint64()), host(source.hosts.Uint64())
			list[j].Destination.Port = uint16(j)
			list[j].Input, list[j].Output = source.random.Uint32N(1000), source.random.Uint32N(1000)
		}
		feed(c, list, now, 1000)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if n := int64(after.HeapAlloc) - int64(before.HeapAlloc); n > 2<<20 {
		t.Errorf("a counter takes %d octets, want at most 2 MiB", n)
	} else {
		t.Logf("a counter takes %d octets", n)
	}
	runtime.KeepAlive(c)
	runtime.KeepAlive(list)
}

func TestReadersSeeWhatDoesNotChange(t *testing.T) {
	c, list := New(), newTraffic(1000).records(5000)
	done := make(chan struct{})
	reading, end := context.WithCancel(t.Context())
	defer end()
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				Await(reading, start.Add(time.Minute), c)
				r := Merge(start.Add(time.Minute), 60, c)
				var octets uint64
				for _, e := range r.Applications {
					octets += e.Octets
				}
				if octets > r.Total.Octets {
					t.Error("applications have more octets than there are")
					return
				}
			}
		})
	}
	now := start
	for i := range 300 {
		feed(c, list[i%40*100:][:100], now, 1000)
		c.Tick(now)
		now = now.Add(400 * time.Millisecond)
	}
	close(done)
	end()
	readers.Wait()
}

func BenchmarkAdd(b *testing.B) {
	list := newTraffic(500_000).records(10_000) // in a pipeline the records of a packet are near; more of them would measure memory
	for name, perSecond := range map[string]int{"4k_per_second": 4_000, "100k_per_second": 100_000, "1M_per_second": 1_000_000} {
		b.Run(name, func(b *testing.B) {
			c, at, i := New(), start, 0
			b.ReportAllocs()
			before := processorTime()
			for b.Loop() {
				c.Add(list[i:i+25], at)
				at = at.Add(time.Second * 25 / time.Duration(perSecond))
				i = (i + 25) % len(list)
			}
			// The processor's time: other programs may have the rest of what the clock says.
			b.ReportMetric(float64(processorTime()-before)/float64(b.N)/25, "cpu-ns/record")
		})
	}
}

// processorTime is what the process has used so far, in nanoseconds.
func processorTime() int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

func BenchmarkMerge(b *testing.B) {
	c, source := New(), newTraffic(100_000)
	now := start
	for range Minutes {
		now = feed(c, source.records(5000), now, 84)
	}
	b.ReportAllocs()
	for b.Loop() {
		Merge(now, Minutes, c)
	}
}

// When a burst is over, every record counts again, though few come.
func TestABurstComesToItsEnd(t *testing.T) {
	c := New()
	traffic := newTraffic(100)
	at := feed(c, traffic.records(100_000), start, 200_000)
	if c.threshold == 0 {
		t.Fatal("nothing is left out at 200,000 records a second")
	}
	for range 10 {
		at = at.Add(250 * time.Millisecond)
		c.Tick(at)
	}
	if c.threshold != 0 {
		t.Errorf("records below %d octets are still left out", c.threshold)
	}
}

// A clock that is set back takes nothing away, and what comes meanwhile counts.
func TestTheClockIsSetBack(t *testing.T) {
	c := New()
	traffic := newTraffic(100)
	at := start.Add(10*time.Minute + time.Second)
	c.Add(traffic.records(1000), at)
	back := at.Add(-2 * time.Second) // into the minute before
	c.Add(traffic.records(1), back)
	if got := report(c, back, 5).Total.Flows; got != 1001 {
		t.Errorf("%d flows, want 1001", got)
	}
	if got := report(c, at.Add(time.Minute), 5).Total.Flows; got != 1001 {
		t.Errorf("%d flows once the clock went on, want 1001", got)
	}
}

func TestFiguresDoNotWrap(t *testing.T) {
	s := Sum{math.MaxUint64 - 1, 1, 1}
	if s.add(Sum{7, 1, 1}); s != (Sum{math.MaxUint64, 2, 2}) {
		t.Errorf("%+v", s)
	}
}

// Hosts without an address, and those that ask for one, are not among the talkers.
func TestTheUnspecifiedAddressIsNobody(t *testing.T) {
	c := New()
	c.Add([]flow.Record{{
		Has: flow.HasBytes, Bytes: 100, Source: flow.Endpoint{Addr: netip.IPv6Unspecified()}, Destination: flow.Endpoint{Addr: netip.MustParseAddr("ff02::1:2")},
	}, {
		Has: flow.HasBytes, Bytes: 100, Source: flow.Endpoint{Addr: netip.IPv4Unspecified()}, Destination: flow.Endpoint{Addr: netip.AddrFrom4([4]byte{255, 255, 255, 255})},
	}}, start)
	r := report(c, start, 5)
	if len(r.Addresses) != 2 || len(r.Conversations) != 0 {
		t.Errorf("addresses %v, conversations %v", r.Addresses, r.Conversations)
	}
}

// Who looks for the first time sees what was counted in the minute that is under way, and goes on seeing it when a page looks every ten seconds.
func TestTheMinuteOfNowIsThereAtTheFirstLook(t *testing.T) {
	c := New()
	c.Add(newTraffic(100).records(1000), start)
	c.Tick(start)
	looked := make(chan uint64)
	go func() {
		Await(t.Context(), start, c)
		looked <- Merge(start, 5, c).Total.Flows
	}()
	for c.wanted.Load() == 0 {
		if t.Context().Err() != nil {
			t.Fatal("nobody asked")
		}
		time.Sleep(time.Millisecond)
	}
	c.Tick(start)
	if n := <-looked; n != 1000 {
		t.Errorf("%d flows at the first look, want 1000", n)
	}
	for s := range 30 {
		c.Tick(start.Add(time.Duration(s) * time.Second))
	}
	if n := Merge(start.Add(30*time.Second), 5, c).Total.Flows; n != 1000 {
		t.Errorf("%d flows half a minute later, want 1000", n)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	Await(ended, start, New()) // one that never ticks holds up nobody
}

// An interface that is among the first by one of its directions is there with both.
func TestInterfacesHaveBothDirections(t *testing.T) {
	c := New()
	exporter := netip.MustParseAddr("192.0.2.1")
	for i := range uint32(100) { // what comes in at 100 interfaces goes out at one of two others
		in, out := 100+i, 1+i%2
		c.Add([]flow.Record{{Exporter: exporter, Has: flow.HasBytes | flow.HasInput | flow.HasOutput, Bytes: uint64(1000 + i), Input: in, Output: out}}, start)
		c.Add([]flow.Record{{Exporter: exporter, Has: flow.HasBytes | flow.HasInput | flow.HasOutput, Bytes: 10, Input: out, Output: in}}, start)
	}
	ways := map[uint32]int{}
	for _, e := range report(c, start, 5).Interfaces {
		ways[e.Key.Index]++
		want := uint64(10)
		switch {
		case e.Key.Index < 100 && e.Key.Out:
			continue
		case e.Key.Index < 100:
			want = 500
		case !e.Key.Out:
			want = uint64(1000 + e.Key.Index - 100)
		}
		if e.Octets != want {
			t.Errorf("interface %d, out %v: %d octets, want %d", e.Key.Index, e.Key.Out, e.Octets, want)
		}
	}
	if len(ways) < 50 {
		t.Errorf("%d interfaces", len(ways))
	}
	for index, n := range ways {
		if n != 2 {
			t.Errorf("interface %d has %d directions", index, n)
		}
	}
}
