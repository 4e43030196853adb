package spool

import (
	"errors"
	"hash/crc32"
	"io/fs"
	"syscall"
	"time"
)

// Next waits for the oldest batch that no sender has. It returns nil when none came within the given time, and ErrClosed after Close. Body is
// valid until Done or Release.
func (s *Spool) Next(wait time.Duration) (*Batch, error) {
	var timeout <-chan time.Time
	for {
		s.mu.Lock()
		b, err := s.oldest()
		s.unlock()
		if b != nil || err != nil {
			return b, err
		}
		if timeout == nil {
			timer := time.NewTimer(wait)
			defer timer.Stop()
			timeout = timer.C
		}
		select {
		case <-s.ready:
		case <-timeout:
			return nil, nil // documented: nothing came in time.
		}
	}
}

func (s *Spool) oldest() (*Batch, error) {
	if s.closed {
		s.signal() // for the next sender that waits
		return nil, ErrClosed
	}
	for i := 0; i < len(s.segments); i++ {
		seg := s.segments[i]
		for n := seg.next(); n >= 0; n = seg.next() {
			e := &seg.entries[n]
			body, err := s.read(seg, e)
			if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ENOMEM) {
				s.say("read", "the spool cannot be read for now", err)
				return nil, nil // the caller waits: the batch is sound.
			}
			if err != nil {
				s.dropped[CauseDamaged] += uint64(e.documents)
				s.say(CauseDamaged, "a batch of the spool cannot be read, its flows are lost", err)
				s.settle(seg, n)
				continue
			}
			e.state = held
			seg.held++
			s.signal() // there may be more
			return &Batch{
				Body: body, Gzip: e.gzip, Documents: int(e.documents), Size: int(e.size), Since: e.received(),
				segment: seg, entry: n,
			}, nil
		}
		if seg.live == 0 && !seg.open() && s.forget(seg) {
			i--
		}
	}
	return nil, nil // the caller waits.
}

// read returns the body of a batch, in a buffer that Done and Release take back.
func (s *Spool) read(seg *segment, e *entry) ([]byte, error) {
	buffer := *s.buffers.Get().(*[]byte) //nolint:forcetypeassert // its own
	if cap(buffer) < int(e.length) {
		buffer = make([]byte, e.length)
	}
	buffer = buffer[:e.length]
	var err error
	if seg.data != nil {
		_, err = seg.data.ReadAt(buffer, e.at+batchHeader)
	} else {
		err = seg.place.read(seg.name(), e.at+batchHeader, buffer)
	}
	if err == nil && crc32.Checksum(buffer, castagnoli) != e.sum {
		err = errors.New("its checksum is wrong")
	}
	if err != nil {
		s.buffers.Put(&buffer)
		return nil, err
	}
	return buffer, nil
}

// find returns the segment and place of a batch that a sender has; nil after Close.
func (s *Spool) find(b *Batch) (*segment, int) {
	if seg := b.segment; !s.closed && seg != nil && seg.entries[b.entry].state == held {
		return seg, b.entry
	}
	return nil, 0
}

// Done says that every document of a batch from Next is settled. It is forgotten.
func (s *Spool) Done(b *Batch) {
	s.mu.Lock()
	defer s.unlock()
	seg, n := s.find(b)
	if seg == nil {
		return
	}
	seg.held--
	s.settle(seg, n)
	s.giveBack(b)
	if seg.live == 0 && !seg.open() && s.forget(seg) {
		return
	}
	if err := s.note(seg, seg.entries[n].at); err != nil {
		s.say("done", "unable to note in the spool what is stored, it may be sent again after a restart", err)
	}
}

// note writes down that a batch is settled.
func (s *Spool) note(seg *segment, at int64) (err error) {
	if seg.done == nil {
		seg.noted = 0
		if seg.done, err = seg.place.create(seg.doneName()); errors.Is(err, fs.ErrExist) {
			seg.done, err = seg.doneAgain()
		}
		if err != nil {
			seg.done = nil
			return err
		}
	}
	size, err := appendWhole(seg.done, seg.noted, appendDone(nil, at))
	if err != nil && size != seg.noted { // notes after half a one could not be read: the file is begun anew
		err = errors.Join(err, seg.done.Close())
		seg.done = nil
	}
	seg.noted = size
	return err
}

// doneAgain begins the done file of an earlier process anew, with what is known of it.
func (s *segment) doneAgain() (file, error) {
	if err := s.place.remove(s.doneName()); err != nil {
		return nil, err
	}
	f, err := s.place.create(s.doneName())
	if err != nil {
		return nil, err
	}
	var known []byte
	for _, e := range s.entries {
		if e.state == settled {
			known = appendDone(known, e.at)
		}
	}
	if _, err := f.Write(known); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	s.noted = int64(len(known))
	return f, nil
}

// Release gives a batch from Next back unsettled. It is the next one again.
func (s *Spool) Release(b *Batch) {
	s.mu.Lock()
	defer s.unlock()
	seg, n := s.find(b)
	if seg == nil {
		return
	}
	seg.held--
	seg.entries[n].state = waiting
	seg.from = min(seg.from, n)
	s.giveBack(b)
	s.signal()
}

// giveBack takes the buffer of a batch for another.
func (s *Spool) giveBack(b *Batch) {
	buffer := b.Body
	b.Body = nil
	s.buffers.Put(&buffer)
}
