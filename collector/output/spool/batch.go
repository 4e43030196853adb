package spool

import (
	"errors"
	"time"
)

// Batch is documents as they are sent: one bulk body, compressed or not.
type Batch struct {
	Body      []byte
	Gzip      bool      // Body is compressed
	Documents int       // how many documents it holds
	Size      int       // octets before compression
	Since     time.Time // when the oldest document was received

	segment *segment // where it is, when it comes from a spool
	entry   int
}

// Held describes the batches that are not settled.
type Held struct {
	Bytes     int       // size of the bodies, as they are kept
	Limit     int       // the most octets the spool takes
	Documents int       // number of documents
	Oldest    time.Time // when the oldest document was received; zero when nothing is held
}

// ErrClosed is what a closed spool returns.
var ErrClosed = errors.New("spool is closed")

// ErrFull is what Append returns when the batch has no room though everything that may be dropped is.
var ErrFull = errors.New("the spool is full")
