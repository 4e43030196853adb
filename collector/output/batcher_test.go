package output

import (
	"context"
	"strings"
	"testing"
	"time"
)

// narrow is a sink that has room for so many batches.
type narrow struct {
	pool           *Pool
	room           int
	stored         string
	taken, refused int // documents
	asked          int // how often it was asked to take a batch
}

func (n *narrow) Put(b *Buffer) bool {
	n.asked++
	if n.room == 0 {
		return false
	}
	n.room--
	n.taken += b.docs
	n.stored += string(b.data)
	n.pool.Put(b)
	return true
}

func (n *narrow) Refuse(docs int)           { n.refused += docs }
func (*narrow) Close(context.Context) error { return nil }
func (*narrow) Stats() []Stats              { return nil }
func (*narrow) Alive() error                { return nil }

// expected is the bulk body of some documents.
func expected(documents ...int) string {
	var text strings.Builder
	for _, i := range documents {
		text.WriteString(action + document(i) + "\n")
	}
	return text.String()
}

// A batch that was made is never thrown away while the collector runs: it waits, and documents that come meanwhile are not made.
func TestBatcherWaitsForRoom(t *testing.T) {
	pool := NewPool(200, 2)
	s := &narrow{pool: pool, room: 1}
	b := NewBatcher(s, pool, 200, time.Second)
	for i := range 13 { // 43 octets each: five reach 200
		add(b, i)
	}
	if s.taken != 5 || s.refused != 3 || b.Ready() {
		t.Errorf("%d taken, %d refused, ready: %v; want 5 taken, 5 waiting and 3 refused", s.taken, s.refused, b.Ready())
	}
	s.room = 1
	add(b, 13)
	if s.taken != 10 || s.refused != 3 {
		t.Errorf("%d taken, %d refused, want 10 and 3", s.taken, s.refused)
	}
	// One that is only old waits too, and takes more meanwhile.
	before := s.asked
	b.Tick(time.Now().Add(time.Minute))
	add(b, 14)
	if s.asked != before+1 || s.refused != 3 || !b.Ready() {
		t.Errorf("asked %d times, %d refused, ready: %v", s.asked-before, s.refused, b.Ready())
	}
	s.room = 1
	b.Tick(time.Now().Add(time.Minute))
	if want := expected(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 14); s.stored != want {
		t.Errorf("stored\n%swant\n%s", s.stored, want)
	}
	// At the end there is nothing to wait for.
	for i := range 7 {
		add(b, i)
	}
	b.Flush()
	if b.Flush(); s.taken != 12 || s.refused != 3+2+5 || !b.Ready() {
		t.Errorf("%d taken, %d refused at the end, ready: %v", s.taken, s.refused, b.Ready())
	}
}

func TestRefusingAllocatesNothing(t *testing.T) {
	pool := NewPool(200, 2)
	b := NewBatcher(&narrow{pool: pool}, pool, 200, time.Second)
	for i := range 6 {
		add(b, i)
	}
	if n := testing.AllocsPerRun(1000, func() {
		if b.Ready() {
			t.Error("there is room")
		}
		b.Refuse(1)
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

// Of several sinks those that have room do not wait for one that has none; one alone keeps the batch waiting.
func TestOutputsWithAFullSink(t *testing.T) {
	pool := NewPool(200, 4)
	full, roomy := &narrow{pool: pool}, &narrow{pool: pool, room: 10}
	b := NewBatcher(NewOutputs(pool, Named{"one", full}, Named{"two", roomy}), pool, 200, time.Second)
	for i := range 12 {
		add(b, i)
	}
	b.Flush()
	if full.taken != 0 || full.refused != 12 || roomy.refused != 0 || roomy.taken != 12 {
		t.Errorf("full %+v, roomy %+v", full, roomy)
	}
	if roomy.stored != expected(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11) {
		t.Errorf("stored\n%s", roomy.stored)
	}
	full = &narrow{pool: pool}
	alone := NewOutputs(pool, Named{"one", full})
	b = NewBatcher(alone, pool, 200, time.Second)
	for i := range 7 {
		add(b, i)
	}
	if b.Ready() || full.refused != 2 {
		t.Errorf("ready: %v, %d refused, want 2", b.Ready(), full.refused)
	}
}

// Other limits cost nothing while the sink has no room: the batch waits on, and what follows it is of the new form.
func TestAdjustWhileThereIsNoRoom(t *testing.T) {
	pool := NewPool(200, 2)
	s := &narrow{pool: pool}
	b := NewBatcher(s, pool, 200, time.Second)
	for i := range 5 {
		add(b, i)
	}
	b.Adjust(100, time.Minute)
	if s.refused != 0 || b.Ready() {
		t.Fatalf("%d refused, ready: %v", s.refused, b.Ready())
	}
	s.room = 10
	for i := range 3 { // 43 octets each: three reach 100
		if b.Ready() {
			add(b, 5+i)
		}
	}
	if want := expected(0, 1, 2, 3, 4, 5, 6, 7); s.stored != want || s.refused != 0 {
		t.Errorf("%d refused, stored\n%swant\n%s", s.refused, s.stored, want)
	}
	s.room = 0
	add(b, 8) // not full under the limit of before
	b.Adjust(40, time.Minute)
	if s.refused != 0 || b.Ready() {
		t.Errorf("%d refused, ready: %v", s.refused, b.Ready())
	}
}
