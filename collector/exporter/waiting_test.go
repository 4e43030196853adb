package exporter

import (
	"testing"
	"time"
)

// waits lets a source send data before its template, in a set of so many octets, and tells how many sets of it wait then.
func waits(table *Table, key Key, now time.Time, id uint16, octets int) int64 {
	s := table.Source(key, now)
	s.Wait(Pending{TemplateID: id, Data: make([]byte, octets), Received: now.UnixNano()})
	return s.waiting.Load()
}

// account fails when sets are neither waiting, nor dropped, nor taken.
func account(t *testing.T, table *Table, taken uint64) {
	t.Helper()
	total := table.Snapshot().Total
	if total.SetsBeforeTemplate != total.SetsDropped+uint64(total.Waiting)+taken {
		t.Errorf("%d sets came, %d were dropped, %d wait, %d were taken", total.SetsBeforeTemplate, total.SetsDropped, total.Waiting, taken)
	}
	bytes, sets := 0, 0
	for w := table.pending.next; w != &table.pending; w = w.next {
		bytes, sets = bytes+w.size(), sets+1
	}
	listed := 0
	for _, s := range table.sources {
		if s.waitingPlace.listed() != (s.pendingBytes > 0) || (s.pending == nil) != (s.pendingBytes == 0) {
			t.Errorf("%v: %d octets wait, listed is %v", s.Key, s.pendingBytes, s.waitingPlace.listed())
		}
		listed += s.pendingBytes
	}
	if bytes != table.pendingBytes || bytes != listed || sets != total.Waiting {
		t.Errorf("%d octets in %d sets; accounted are %d, by source %d, in %d", bytes, sets, table.pendingBytes, listed, total.Waiting)
	}
}

// TestWaitingDataExpire: a template that comes a day later may be another one with the same id.
func TestWaitingDataExpire(t *testing.T) {
	table := NewTable(Limits{PendingMaxAge: time.Minute})
	now := time.Unix(1_700_000_000, 0)
	a, b := source(existing(1)), source(existing(2))
	waits(table, a, now, 256, 10)
	waits(table, b, now, 256, 10)
	waits(table, a, now.Add(30*time.Second), 257, 10)
	waits(table, a, now.Add(40*time.Second), 256, 11)
	later := now.Add(time.Minute + time.Nanosecond)
	ready := table.Source(a, later).Ready(256)
	if len(ready) != 1 || len(ready[0].Data) != 11 {
		t.Errorf("ready are %+v", ready)
	}
	account(t, table, 1)
	// What another source sends frees the memory of the one that never comes again.
	if total := table.Snapshot().Total; total.SetsDropped != 2 || total.Waiting != 1 || table.sources[b].pending != nil {
		t.Errorf("%+v", total)
	}
	if n := waits(table, b, now.Add(time.Hour), 300, 10); n != 1 || table.sources[a].waiting.Load() != 0 {
		t.Errorf("%d sets wait, %d of the other", n, table.sources[a].waiting.Load())
	}
	account(t, table, 1)
	// A clock that is set back does not keep them for ever.
	if n := waits(table, b, now, 300, 10); n != 1 {
		t.Errorf("%d sets wait", n)
	}
	account(t, table, 1)
}

// TestExpiredDataMakeRoomForTheSource: within its own limit, what is too old goes before what is new.
func TestExpiredDataMakeRoomForTheSource(t *testing.T) {
	table := NewTable(Limits{PendingBytes: 3 * (pendingOverhead + 100)})
	now := time.Unix(1_700_000_000, 0)
	key := source(existing(1))
	for range 4 {
		waits(table, key, now, 256, 100)
	}
	if n := waits(table, key, now.Add(time.Hour), 257, 100); n != 3 {
		t.Errorf("%d sets wait after an hour, want those that came first", n)
	}
	if n := waits(table, key, now.Add(time.Hour+1), 258, 100); n != 1 {
		t.Errorf("%d sets wait after more than an hour, want the new one", n)
	}
	account(t, table, 0)
	if len(table.Source(key, now.Add(time.Hour+2)).Ready(258)) != 1 {
		t.Error("the new set is not there")
	}
}

// TestWaitingDataMakeRoom: forged exporters that fill what all may have do not shut out the others.
func TestWaitingDataMakeRoom(t *testing.T) {
	const size = pendingOverhead + 1000
	table := NewTable(Limits{PendingBytes: 10 * size, PendingAllBytes: 100 * size})
	now := time.Unix(1_700_000_000, 0)
	known := source(existing(1))
	for minute := range 3 {
		now = now.Add(time.Duration(minute) * time.Minute)
		table.Source(known, now).Count(1, 0)
	}
	waits(table, known, now, 256, 1000)
	for i := range 1000 {
		now = now.Add(time.Millisecond)
		if n := waits(table, source(invented(i/10)), now, 400, 1000); n != int64(i%10+1) {
			t.Fatalf("forged exporter %d has %d sets, want %d", i/10, n, i%10+1)
		}
	}
	account(t, table, 0)
	// A new one gets in, at the cost of one that is silent. The one that delivered keeps what it has.
	stranger := source(existing(2))
	if n := waits(table, stranger, now, 256, 1000); n != 1 {
		t.Error("the data of a new exporter are dropped")
	}
	for i, key := range []Key{known, stranger} {
		if n := len(table.Source(key, now).Ready(256)); n != 1 {
			t.Errorf("real exporter %d: %d sets", i, n)
		}
	}
	account(t, table, 2)
	// Nobody makes room for what is more than all may have.
	table = NewTable(Limits{PendingBytes: 1 << 20, PendingAllBytes: 2 * size})
	waits(table, known, now, 256, 1000)
	if n := waits(table, stranger, now, 256, 3000); n != 0 || table.Snapshot().Total.Waiting != 1 {
		t.Errorf("%d sets wait", n)
	}
	account(t, table, 0)
}

// TestEvictedSourcesLeaveNothingWaiting holds the ring together when sources go.
func TestEvictedSourcesLeaveNothingWaiting(t *testing.T) {
	table := NewTable(Limits{Exporters: 7, PerAddress: 2, PendingBytes: 5000, PendingAllBytes: 20_000, PendingMaxAge: 10 * time.Second})
	now := time.Unix(1_700_000_000, 0)
	taken := 0
	for i := range 5000 {
		now = now.Add(time.Duration(i%7) * 100 * time.Millisecond)
		key := source(invented(i * i % 11))
		key.Domain, key.Session = uint32(i%5), uint32(i%3)
		waits(table, key, now, uint16(256+i%4), i%900)
		switch i % 13 {
		case 3:
			taken += len(table.Source(key, now).Ready(256))
		case 7:
			table.EndSession(key.Session)
		}
		if i%100 == 0 {
			account(t, table, uint64(taken))
		}
	}
	if taken == 0 || table.Snapshot().Evicted == 0 || table.Snapshot().Ended == 0 {
		t.Errorf("%d taken, %+v", taken, table.Snapshot())
	}
}
