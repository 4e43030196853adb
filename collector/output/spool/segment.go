package spool

import (
	"fmt"
	"io"
	"syscall"
	"time"
)

// state is what became of a batch.
type state uint8

const (
	waiting state = iota
	held          // by a sender
	settled       // stored, dropped or damaged
)

// entry is a batch of a segment.
type entry struct {
	placed
	state state
}

// segment is one file.
type segment struct {
	place   *place
	number  uint64
	octets  int64 // of the file
	entries []entry
	from    int   // no batch before it waits
	oldest  int   // all batches before it are settled
	live    int   // batches not settled
	held    int   // of these, batches that senders have
	noted   int64 // octets of the done file

	data, done file // nil when not open: only the newest segment is appended to; done files are opened when they are needed
	sealed     bool // it is open, and nothing is appended any more: somebody removed the file
}

// open tells whether it is appended to.
func (s *segment) open() bool { return s.data != nil && !s.sealed }

// removed tells whether somebody removed the file of a segment that is open.
func (s *segment) removed() bool {
	info, err := s.data.Stat()
	if err != nil {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && stat.Nlink == 0
}

func (s *segment) name() string     { return fmt.Sprintf("%016d.spool", s.number) }
func (s *segment) doneName() string { return fmt.Sprintf("%016d.done", s.number) }

// next returns the place of the oldest batch that waits, or -1.
func (s *segment) next() int {
	for ; s.from < len(s.entries); s.from++ {
		if s.entries[s.from].state == waiting {
			return s.from
		}
	}
	return -1
}

// since returns when the documents of the oldest batch that is not settled were received; zero when all are.
func (s *segment) since() time.Time {
	for ; s.oldest < len(s.entries); s.oldest++ {
		if s.entries[s.oldest].state != settled {
			return s.entries[s.oldest].received()
		}
	}
	return time.Time{}
}

// write appends b to the file, all or nothing.
func (s *segment) write(b []byte) (err error) {
	s.octets, err = appendWhole(s.data, s.octets, b)
	return err
}

// appendWhole appends b to a file of the given size, all or nothing, and returns the new size. What was written in part, and could not be
// taken back, is part of it: a reader of batches skips it.
func appendWhole(f file, size int64, b []byte) (int64, error) {
	n, err := f.Write(b)
	if err == nil {
		return size + int64(n), nil
	}
	if terr := f.Truncate(size); terr == nil {
		if _, serr := f.Seek(size, io.SeekStart); serr == nil {
			return size, err
		}
	}
	return size + int64(n), err
}

// closeFiles closes what is open.
func (s *segment) closeFiles() error {
	var first error
	for _, f := range []*file{&s.data, &s.done} {
		if *f == nil {
			continue
		}
		if err := (*f).Close(); err != nil && first == nil {
			first = err
		}
		*f = nil
	}
	return first
}
