package output

import (
	"net/netip"
	"time"
)

// Batcher gathers the documents of one pipeline. It belongs to one goroutine and allocates nothing in steady state.
//
// While the sink has no room for a batch that is full, the batcher keeps it and is not ready. Documents that would come then are refused before
// anybody takes the trouble to make them: an overload is not made worse by work that is thrown away.
type Batcher struct {
	sink     Sink
	pool     *Pool
	limit    int
	interval time.Duration
	buffer   *Buffer
	full     bool       // the buffer holds limit bytes, and the sink had no room for it
	exporter netip.Addr // whose documents are committed
	refused  Refused
}

// NewBatcher returns a batcher that hands a buffer to sink when it holds limit bytes or its first document is older
// than interval.
func NewBatcher(sink Sink, pool *Pool, limit int, interval time.Duration) *Batcher {
	return &Batcher{sink: sink, pool: pool, limit: limit, interval: interval, buffer: pool.Get()}
}

// Adjust sets what NewBatcher was given, after handing over what there is. Where the sink has no room, the batch of before waits on.
func (b *Batcher) Adjust(limit int, interval time.Duration) {
	b.limit, b.interval = limit, interval
	if b.buffer.docs > 0 {
		if b.hand(); b.buffer.docs > 0 {
			b.full = b.full || len(b.buffer.data) >= limit
		}
		return
	}
	b.pool.Put(b.buffer)
	b.renew() // the pool's may be of another size, or have ids
}

// OnRefused has f told, by the goroutine that commits, of documents that a sink had no room for.
func (b *Batcher) OnRefused(f Refused) {
	b.refused = f
	b.buffer.refused = f
}

// From says whose the documents are that are committed, or refused, from now on.
func (b *Batcher) From(exporter netip.Addr) { b.exporter = exporter }

// Ready says whether there is room for a document. Ask before each.
func (b *Batcher) Ready() bool {
	if b.full {
		b.hand()
	}
	return !b.full
}

// Refuse counts documents as dropped that were not made because the batcher was not ready.
func (b *Batcher) Refuse(docs int) {
	b.sink.Refuse(docs)
	if b.refused != nil {
		b.refused(b.exporter, docs)
	}
}

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
		b.full = true
		b.hand()
	}
}

// Tick hands the buffer over when its oldest document has waited long enough. Call it several times a second.
func (b *Batcher) Tick(now time.Time) {
	b.pool.Trim(now)
	if b.buffer.docs > 0 && now.Sub(b.buffer.since) >= b.interval {
		b.hand()
	}
}

// hand hands the buffer over if the sink has room for it.
func (b *Batcher) hand() {
	if b.sink.Put(b.buffer) {
		b.renew()
	}
}

// renew begins an empty buffer.
func (b *Batcher) renew() {
	b.buffer, b.full = b.pool.Get(), false
	b.buffer.refused = b.refused
}

// Flush hands the buffer over if it holds anything. Where the sink has no room, the documents are dropped.
func (b *Batcher) Flush() {
	if b.buffer.docs == 0 {
		return
	}
	if b.hand(); b.buffer.docs > 0 {
		b.sink.Refuse(b.buffer.docs)
		b.buffer.refuse()
		b.pool.Put(b.buffer)
		b.renew()
	}
}
