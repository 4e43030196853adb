package output

import (
	"log/slog"
	"maps"
	"net/netip"
	"testing"
	"time"
)

// Whose documents a full queue refuses is told, whichever sink of several refuses them; each of them tells it.
func TestRefusedDocumentsAreToldByExporter(t *testing.T) {
	pool := NewPool(1000, 4)
	full := func() Sink {
		s := newSender("full", NewMemoryQueue(1, pool), pool, slog.New(slog.DiscardHandler), backoff{})
		s.queue.Put(oneLine(pool)) // an empty queue takes any
		return s
	}
	lost := map[netip.Addr]int{}
	b := NewBatcher(NewOutputs(pool, Named{"one", full()}, Named{"two", full()}), pool, 100_000, time.Hour)
	b.OnRefused(func(exporter netip.Addr, documents int) { lost[exporter] += documents })
	exporter := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}) }
	put := func(from netip.Addr, documents int) {
		b.From(from)
		for range documents {
			b.Commit(append(b.Begin(), `{"a":1}`...), time.Now())
		}
	}
	put(exporter(1), 3)
	put(exporter(2), 2)
	put(exporter(1), 4)
	put(netip.Addr{}, 5)
	b.Flush()
	if want := map[netip.Addr]int{exporter(1): 14, exporter(2): 4, {}: 10}; !maps.Equal(lost, want) {
		t.Errorf("lost %v, want %v", lost, want)
	}
	// Beyond the bound they are nobody's.
	clear(lost)
	for i := range maxShares + 10 {
		put(exporter(i), 1)
	}
	b.Flush()
	if lost[netip.Addr{}] != 20 || lost[exporter(0)] != 2 || lost[exporter(maxShares)] != 0 {
		t.Errorf("lost %v", lost)
	}
}

// Once a queue has a buffer nobody is told: it is in the hands of other goroutines, and may hold what another reader put.
func TestHandOverTellsNobody(t *testing.T) {
	pool := NewPool(1000, 4)
	quiet := slog.New(slog.DiscardHandler)
	heir := newSender("heir", NewMemoryQueue(1, pool), pool, quiet, backoff{})
	heir.queue.Put(oneLine(pool)) // an empty queue takes any
	s := newSender("full", NewMemoryQueue(1<<20, pool), pool, quiet, backoff{})
	told := 0
	for i := range 2 {
		b := NewBatcher(s, pool, 100_000, time.Hour)
		b.OnRefused(func(netip.Addr, int) { told++ })
		b.From(netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}))
		add(b, i)
		b.Flush()
	}
	if err := s.Retire(t.Context(), heir); err != nil {
		t.Fatal(err)
	}
	if n := heir.Stats()[0].Dropped[CauseBufferFull]; n != 2 || told != 0 {
		t.Errorf("%d dropped, told %d times", n, told)
	}
}

func oneLine(pool *Pool) *Buffer {
	b := pool.Get()
	b.data, b.docs = append(b.data, "x\n"...), 1
	return b
}

func TestSharesAllocateNothing(t *testing.T) {
	var s shares
	addresses := make([]netip.Addr, maxShares+1)
	for i := range addresses {
		addresses[i] = netip.AddrFrom4([4]byte{192, 0, 2, byte(i)})
	}
	if n := testing.AllocsPerRun(100, func() {
		for _, a := range addresses {
			s.add(a, 1)
			s.add(a, 1)
		}
		s.clear()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
