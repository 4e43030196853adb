package output

import (
	"net/netip"
	"time"
)

// Batcher gathers the documents of one pipeline. It belongs to one goroutine and allocates nothing in steady state.
type Batcher struct {
	sink     Sink
	pool     *Pool
	limit    int
	interval time.Duration
	buffer   *Buffer
	exporter netip.Addr // whose documents are committed
	refused  Refused
}

// NewBatcher returns a batcher that hands a buffer to sink when it holds limit bytes or its first document is older
// than interval.
func NewBatcher(sink Sink, pool *Pool, limit int, interval time.Duration) *Batcher {
	return &Batcher{sink: sink, pool: pool, limit: limit, interval: interval, buffer: pool.Get()}
}

// Adjust sets what NewBatcher was given, after handing over what there is.
func (b *Batcher) Adjust(limit int, interval time.Duration) {
	b.Flush()
	b.limit, b.interval = limit, interval
	b.pool.Put(b.buffer)
	b.buffer = b.pool.Get() // the pool's may be of another size, or have ids
}

// OnRefused has f told, by the goroutine that commits, of documents that a sink had no room for.
func (b *Batcher) OnRefused(f Refused) {
	b.refused = f
	b.buffer.refused = f
}

// From says whose the documents are that are committed from now on.
func (b *Batcher) From(exporter netip.Addr) { b.exporter = exporter }

// Begin returns where the next document is to be appended. Pass the result to Commit.
func (b *Batcher) Begin() []byte { return b.buffer.appendAction(b.buffer.data) }

// Commit takes what Begin returned with one document appended to it, on one line. Received is when the document's
// flow was received.
func (b *Batcher) Commit(doc []byte, received time.Time) {
	doc = append(doc, '\n')
	b.buffer.data = doc
	if b.buffer.docs == 0 {
		b.buffer.since = received
	}
	b.buffer.docs++
	b.buffer.shares.add(b.exporter, 1)
	if len(b.buffer.data) >= b.limit {
		b.Flush()
	}
}

// Tick hands the buffer over when its oldest document has waited long enough.
func (b *Batcher) Tick(now time.Time) {
	if b.buffer.docs > 0 && now.Sub(b.buffer.since) >= b.interval {
		b.Flush()
	}
}

// Flush hands the buffer over if it holds anything.
func (b *Batcher) Flush() {
	if b.buffer.docs == 0 {
		return
	}
	b.sink.Put(b.buffer)
	b.buffer = b.pool.Get()
	b.buffer.refused = b.refused
}
