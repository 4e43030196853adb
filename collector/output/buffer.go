// Package output takes finished documents to where they are kept.
//
// A Batcher gathers the documents of one pipeline in a Buffer that already has the form of a bulk body. A full buffer
// goes to a Sink in one hand-off; sinks for Elasticsearch, Kafka and NDJSON have a bounded Queue and senders of their
// own. Every document ends in exactly one counter of the sink: sent, or dropped by cause.
package output

import (
	"bytes"
	"sync"
	"time"
)

// The line before each document of a bulk body says "create", never "index": data streams take nothing else (Elastic reference, "Use a
// data stream").
const (
	action       = `{"create":{}}` + "\n"
	actionBefore = `{"create":{"_id":"`
	actionAfter  = `"}}` + "\n"
)

// slack is the room beyond the batch size for the document that crosses it.
const slack = 16 << 10

// Buffer holds documents as a bulk body: for each one an action line and the document on one line.
type Buffer struct {
	data  []byte
	docs  int
	since time.Time // when the oldest document was received
	id    []byte    // what the ids of its documents begin with; empty when they have none

	shares  shares  // whose documents they are
	refused Refused // told when a queue has no room for it; nil: nobody
}

// appendAction appends the line before a document.
func (b *Buffer) appendAction(dst []byte) []byte {
	if len(b.id) == 0 {
		return append(dst, action...)
	}
	dst = append(dst, actionBefore...)
	dst = append(dst, b.id...)
	dst = appendDigits(dst, uint64(b.docs), documentDigits)
	return append(dst, actionAfter...)
}

// Bytes is the bulk body.
func (b *Buffer) Bytes() []byte { return b.data }

// Documents is how many documents the buffer holds.
func (b *Buffer) Documents() int { return b.docs }

// Since is when the oldest document was received.
func (b *Buffer) Since() time.Time { return b.since }

// appendBuffer moves the documents of o behind those of b.
func (b *Buffer) appendBuffer(o *Buffer) {
	b.data = append(b.data, o.data...)
	b.docs += o.docs
	if o.since.Before(b.since) {
		b.since = o.since
	}
}

// room says whether n more bytes fit without a new allocation.
func (b *Buffer) room(n int) bool { return cap(b.data)-len(b.data) >= n }

// trimEvery is how long a buffer must have been of no use for its memory to be let go.
const trimEvery = time.Second

// Pool keeps empty buffers of one size for use again. It is safe for concurrent use.
//
// It keeps as many as were in use at once lately: with a fixed number, an output that falls behind for a moment would have buffers of megabytes
// made and collected for each batch, and the garbage collector take the time that the output lacks.
type Pool struct {
	mu         sync.Mutex
	size, keep int
	ids        *identifiers // nil: documents get none
	made       *identifiers // those of before, for when documents get ids again
	free       []*Buffer
	least      int // how many were free all the time since the last trim
	trimmed    time.Time
}

// NewPool returns a pool of buffers for batches of the given size in bytes. Trim leaves at least keep of those that are not in use.
func NewPool(size, keep int) *Pool {
	return &Pool{size: size, keep: keep, free: make([]*Buffer, 0, keep)}
}

// GiveIDs lets documents have ids, or not, from the next buffer on.
func (p *Pool) GiveIDs(give bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.made == nil && give {
		p.made = newIdentifiers()
	}
	if p.ids = nil; give {
		p.ids = p.made // the numbers go on
	}
}

// Resize makes it a pool of buffers of another size, of which Trim leaves so many. Those of before may still come back.
func (p *Pool) Resize(size, keep int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if size != p.size {
		p.free, p.least = nil, 0
	}
	p.size, p.keep = size, keep
}

// Trim lets go of buffers that nobody has needed since it last did, a second ago or more.
func (p *Pool) Trim(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if since := now.Sub(p.trimmed); since >= 0 && since < trimEvery {
		return
	}
	left := max(p.keep, len(p.free)-p.least)
	if left < len(p.free) {
		clear(p.free[left:])
		p.free = p.free[:left]
	}
	p.least, p.trimmed = len(p.free), now
}

// Get returns an empty buffer.
func (p *Pool) Get() *Buffer {
	p.mu.Lock()
	defer p.mu.Unlock()
	var b *Buffer
	if n := len(p.free); n > 0 {
		b = p.free[n-1]
		p.free[n-1] = nil
		p.free = p.free[:n-1]
		p.least = min(p.least, n-1)
	} else {
		b = &Buffer{data: make([]byte, 0, p.size+slack)}
	}
	if b.id = b.id[:0]; p.ids != nil {
		b.id = p.ids.next(b.id)
	}
	return b
}

// reclaim takes the memory of a buffer back, for others to use, while the buffer still says what it held.
func (p *Pool) reclaim(b *Buffer) {
	p.Put(&Buffer{data: b.data})
	b.data = nil
}

// Put takes a buffer back.
func (p *Pool) Put(b *Buffer) {
	if cap(b.data) == 0 {
		return // its memory was reclaimed
	}
	b.data, b.docs, b.since = b.data[:0], 0, time.Time{}
	b.shares.clear()
	b.refused = nil
	p.mu.Lock()
	defer p.mu.Unlock()
	if size := cap(b.data); size >= p.size+slack && size <= p.largest() {
		p.free = append(p.free, b)
	}
}

// largest is the capacity beyond which a buffer is not kept: a document that crosses the batch size may have grown one, a batch size that was
// set before may have been another.
func (p *Pool) largest() int { return 2 * (p.size + slack) }

// documentEnd returns where the first document of a bulk body ends, with its action line and newline.
func documentEnd(body []byte) int {
	action := bytes.IndexByte(body, '\n') + 1
	return action + bytes.IndexByte(body[action:], '\n') + 1
}

// skipDocuments returns where the first n documents of a bulk body end.
func skipDocuments(body []byte, n int) int {
	end := 0
	for range n {
		end += documentEnd(body[end:])
	}
	return end
}
