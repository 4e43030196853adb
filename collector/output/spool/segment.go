package spool

import (
	"fmt"
	"io"
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
	number  uint64
	octets  int64 // of the file
	entries []entry
	from    int // no batch before it waits
	live    int // batches not settled

	data, done file // nil when not open: only the newest segment is appended to; done files are opened when they are needed
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

// write appends b to the file, all or nothing.
func (s *segment) write(b []byte) error {
	n, err := s.data.Write(b)
	if err == nil {
		s.octets += int64(n)
		return nil
	}
	// What was written in part is no batch: the next one begins where it began. A reader would skip it anyway.
	if terr := s.data.Truncate(s.octets); terr == nil {
		if _, serr := s.data.Seek(s.octets, io.SeekStart); serr == nil {
			return err
		}
	}
	s.octets += int64(n)
	return err
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
