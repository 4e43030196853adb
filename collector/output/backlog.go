package output

import "time"

// Batch is documents as they are sent: one bulk body, compressed or not.
type Batch struct {
	Body      []byte
	Gzip      bool      // Body is compressed
	Documents int       // how many documents it holds
	Size      int       // octets before compression
	Since     time.Time // when the oldest document was received

	// Token is the backlog's own, to know the batch again.
	Token uint64
}

// Backlog keeps batches that are not stored yet, oldest first, so that they outlive the process. All methods are safe for concurrent use.
type Backlog interface {
	// Append keeps a batch; b.Body stays the caller's. A backlog that is at its limit drops the oldest batches that no sender has, and counts
	// their documents. An error says that the batch is not kept (a disk that is full or broken, the backlog is closed).
	Append(b Batch) error
	// Next waits for the oldest batch that no sender has. It returns nil when none came within the given time, and ErrClosed when the
	// backlog is closed. Body is valid until Done or Release.
	Next(wait time.Duration) (*Batch, error)
	// Done says that every document of a batch from Next is settled. It is forgotten.
	Done(b *Batch)
	// Release gives a batch from Next back unsettled. It is kept, and is the next one again.
	Release(b *Batch)
	// Close ends Append and Next. What is left is kept for the next start.
	Close() error
	// Held describes what is kept.
	Held() Held
	// Dropped is how many documents were dropped, by cause.
	Dropped() map[string]uint64
}
