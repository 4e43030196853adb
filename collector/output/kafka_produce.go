package output

import (
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// patience is how often in a row the brokers may have no complaint though nothing is acknowledged, before the client is replaced.
const patience = 20

// deliver produces the documents until each is acknowledged or refused for good. Kafka refuses whole batches: what it refuses is divided until
// the document at fault is found.
func (k *Kafka) deliver(w *worker, b *Buffer) {
	parts := [][]message{messages(b)}
	for try := 0; len(parts) > 0; {
		last := len(parts) - 1
		part := parts[last]
		parts = parts[:last]
		again, refused, ok := k.produce(w, part)
		if !ok {
			k.leaveMessages(w, append(parts, again), b.since)
			b.data = nil // the client may still look at what it has: the memory is not used again
			return
		}
		switch n := len(refused); {
		case n > 0 && len(part) == 1:
			w.reject(refused[0].kind, refused[0].reason, 1)
		case n == 1:
			parts = append(parts, refused)
		case n > 1:
			parts = append(parts, refused[n/2:], refused[:n/2])
		}
		if len(again) == 0 {
			try = 0
			k.recovered()
			continue
		}
		parts = append(parts, again)
		try++
		if !w.pause(try) {
			k.leaveMessages(w, parts, b.since)
			return
		}
		w.retried.Add(uint64(len(again)))
		k.renew(w)
	}
}

// leaveMessages ends the account of messages that were not stored while there was time.
func (k *Kafka) leaveMessages(w *worker, parts [][]message, since time.Time) {
	var body []byte
	docs := 0
	for _, p := range parts {
		docs += len(p)
		for _, m := range p {
			body = m.appendTo(body)
		}
	}
	w.leave(docs, since, body)
}

// flight is messages that the client has.
type flight struct {
	mu             sync.Mutex
	left           int    // not answered yet
	answered       []bool // by message
	again, refused []message
	done           chan struct{} // closed with the last answer
	over           bool          // nobody listens any more
}

// produce hands messages to the client and waits for the answer to each. It returns those that are to be produced again and those that are
// refused for good, alone or with others; and false when the time to stop is over: then all that was not acknowledged is to be produced again.
func (k *Kafka) produce(w *worker, part []message) (again, refused []message, ok bool) {
	f := &flight{left: len(part), answered: make([]bool, len(part)), done: make(chan struct{})}
	client := k.now.Load()
	w.beat.Beat(grace)
	for i := range part {
		m := part[i]
		client.Produce(w.abort, &kgo.Record{Key: m.key, Value: m.value, Headers: m.headers}, func(_ *kgo.Record, err error) { k.answer(w, f, i, m, err) })
	}
	late := time.NewTicker(k.config.askAfter)
	defer late.Stop()
	left, stalled := len(part), 0
	for {
		w.beat.Beat(k.config.askAfter + grace)
		select {
		case <-f.done:
			return f.again, f.refused, true
		case <-late.C:
			before := left
			if left = f.open(); left < before {
				stalled = 0
				continue
			}
			if !k.ask(w) {
				stalled = 0
				continue
			}
			k.fail("timeout", "Kafka does not acknowledge messages")
			if stalled++; stalled >= patience {
				client.Close() // answers all that is left
			}
		case <-w.abort.Done():
			select {
			case <-f.done:
			case <-time.After(cancelTime / 2):
			}
			f.mu.Lock()
			defer f.mu.Unlock()
			f.over = true
			for i, m := range part {
				if !f.answered[i] {
					f.again = append(f.again, m)
				}
			}
			return append(f.again, f.refused...), nil, false
		}
	}
}

func (f *flight) open() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.left
}

// answer takes what became of a message.
func (k *Kafka) answer(w *worker, f *flight, i int, m message, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over {
		return
	}
	f.answered[i] = true
	var refusal *kerr.Error
	switch {
	case err == nil:
		w.stored(1)
	case errors.As(err, &refusal) && forGood(refusal):
		m.kind, m.reason = strings.ToLower(refusal.Message), refusal.Description
		f.refused = append(f.refused, m)
	default:
		// A client that was given up says nothing new.
		if k.abort.Err() == nil && len(f.again) == 0 && !errors.Is(err, kgo.ErrClientClosed) {
			k.fail(k.problemOf(err))
		}
		f.again = append(f.again, m)
	}
	if f.left--; f.left == 0 {
		close(f.done)
	}
}

// forGood says that the message, or one of its batch, will never be taken.
func forGood(err *kerr.Error) bool {
	switch err {
	case kerr.MessageTooLarge, kerr.RecordListTooLarge, kerr.InvalidRecord, kerr.InvalidTimestamp, kerr.UnsupportedForMessageFormat:
		return true
	}
	return false
}
