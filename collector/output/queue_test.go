package output

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

func filled(p *Pool, docs ...string) *Buffer {
	b := p.Get()
	for _, d := range docs {
		b.data = append(append(append(b.data, action...), d...), '\n')
		b.docs++
	}
	b.since = time.Unix(int64(len(docs[0])), 0)
	return b
}

func mustGet(t *testing.T, q Queue) *Buffer {
	t.Helper()
	b, err := q.Get(time.Hour)
	if err != nil || b == nil {
		t.Fatalf("get: %v, %v", b, err)
	}
	return b
}

func TestQueueCountsWhatWaitsAndWhatIsBeingSent(t *testing.T) {
	p := NewPool(0, 2) // room for slack only
	doc := fmt.Sprintf("%0*d", slack-100, 0)
	one := len(action) + len(doc) + 1
	q := NewMemoryQueue(3*one, p)
	for i := range 3 {
		if !q.Put(filled(p, doc)) {
			t.Fatalf("buffer %d refused", i)
		}
	}
	if q.Put(filled(p, doc)) {
		t.Fatal("a buffer beyond the limit was taken")
	}
	b := mustGet(t, q)
	if q.Put(filled(p, doc)) {
		t.Fatal("what is being sent does not count")
	}
	if h := q.Held(); h.Bytes != 3*one || h.Documents != 3 || h.Limit != 3*one || h.Oldest != time.Unix(int64(len(doc)), 0) {
		t.Fatalf("held %+v", h)
	}
	b.data = b.data[:1] // a sender may shrink it
	q.Done(b)
	if h := q.Held(); h.Bytes != 2*one || h.Documents != 2 {
		t.Fatalf("held %+v", h)
	}
	if !q.Put(filled(p, doc)) {
		t.Fatal("no room after Done")
	}
}

func TestQueueJoinsSmallBuffersThatWait(t *testing.T) {
	p := NewPool(100, 2)
	q := NewMemoryQueue(1<<20, p)
	q.Put(filled(p, "bbbb"))
	q.Put(filled(p, "aaa")) // older, and joined to the one before
	q.Put(filled(p, "cccccc"))
	b := mustGet(t, q)
	if b.Documents() != 3 || string(b.Bytes()) != action+"bbbb\n"+action+"aaa\n"+action+"cccccc\n" || b.Since() != time.Unix(3, 0) {
		t.Errorf("%d documents %q since %v", b.Documents(), b.Bytes(), b.Since())
	}
	q.Put(filled(p, "d")) // the other one is being sent: not touched
	if b.Documents() != 3 {
		t.Error("a buffer in flight grew")
	}
	if h := q.Held(); h.Documents != 4 || h.Oldest != time.Unix(1, 0) {
		t.Errorf("held %+v", h)
	}
}

func TestQueueTakesOneBufferHoweverLarge(t *testing.T) {
	p := NewPool(10, 2)
	q := NewMemoryQueue(1, p)
	if !q.Put(filled(p, "larger than the limit")) || q.Put(filled(p, "x")) {
		t.Error("an empty queue takes one buffer and no more")
	}
}

func TestQueueCloseWakesEveryReader(t *testing.T) {
	p := NewPool(10, 2)
	q := NewMemoryQueue(1<<20, p)
	errs := make(chan error)
	for range 4 {
		go func() {
			_, err := q.Get(time.Hour)
			errs <- err
		}()
	}
	q.Close()
	for range 4 {
		if err := <-errs; !errors.Is(err, ErrClosed) {
			t.Errorf("error %v", err)
		}
	}
	if q.Put(filled(p, "x")) {
		t.Error("a closed queue took a buffer")
	}
}

func TestQueueGivesWhatIsLeftAfterClose(t *testing.T) {
	p := NewPool(0, 2)
	q := NewMemoryQueue(1<<20, p)
	big := fmt.Sprintf("%0*d", slack, 0)
	q.Put(filled(p, big))
	q.Put(filled(p, big))
	q.Close()
	for range 2 {
		q.Done(mustGet(t, q))
	}
	if _, err := q.Get(time.Hour); !errors.Is(err, ErrClosed) {
		t.Errorf("error %v", err)
	}
	if b, err := NewMemoryQueue(1, p).Get(time.Microsecond); b != nil || err != nil {
		t.Errorf("empty queue: %v, %v", b, err)
	}
}

// Buffers that a rush took are let go when nobody has needed them for a second, and not before.
func TestPoolLetsGoOfWhatIsNotNeeded(t *testing.T) {
	p := NewPool(10, 1)
	for range 5 {
		p.Put(&Buffer{data: make([]byte, 10+slack), docs: 1})
	}
	now := time.Unix(1000, 0)
	for _, step := range []struct {
		after time.Duration
		used  int // at once, before
		left  int
	}{{0, 0, 5}, {trimEvery - 1, 0, 5}, {1, 3, 3}, {trimEvery, 3, 3}, {trimEvery, 2, 2}, {trimEvery, 0, 1}, {trimEvery, 0, 1}, {-time.Hour, 1, 1}, {trimEvery, 0, 1}} {
		used := make([]*Buffer, step.used)
		for i := range used {
			used[i] = p.Get()
		}
		for _, b := range used {
			b.data = append(b.data, "used"...)
			p.Put(b)
		}
		now = now.Add(step.after)
		p.Trim(now)
		if len(p.free) != step.left {
			t.Errorf("%d buffers are kept %v after %d were used at once, want %d", len(p.free), step.after, step.used, step.left)
		}
	}
	if b := p.Get(); b.docs != 0 || len(b.data) != 0 {
		t.Errorf("not empty: %+v", b)
	}
}
