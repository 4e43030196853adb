package spool

import (
	"errors"
	"hash/crc32"
	"io/fs"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/output"
)

// Next implements output.Backlog. After Close it returns output.ErrClosed at once: what is left is for the next start.
func (s *Spool) Next(wait time.Duration) (*output.Batch, error) {
	var timeout <-chan time.Time
	for {
		s.mu.Lock()
		b, err := s.oldest()
		s.mu.Unlock()
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

func (s *Spool) oldest() (*output.Batch, error) {
	if s.closed {
		s.signal() // for the next sender that waits
		return nil, output.ErrClosed
	}
	for i := 0; i < len(s.segments); i++ {
		seg := s.segments[i]
		for n := seg.next(); n >= 0; n = seg.next() {
			e := &seg.entries[n]
			body, err := s.read(seg, e)
			if err != nil {
				s.dropped[CauseDamaged] += uint64(e.documents)
				s.say(CauseDamaged, "a batch of the spool cannot be read, its flows are lost", err)
				s.settle(seg, n)
				continue
			}
			e.state = held
			s.signal() // there may be more
			return &output.Batch{
				Body: body, Gzip: e.gzip, Documents: int(e.documents), Size: int(e.size), Since: e.received(),
				Token: seg.number<<24 | uint64(n),
			}, nil
		}
		if seg.live == 0 && seg.data == nil {
			s.forget(seg)
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
	if err := s.files.read(s.path(seg.name()), e.at+batchHeader, buffer); err != nil {
		return nil, err
	}
	if crc32.Checksum(buffer, castagnoli) != e.sum {
		return nil, errors.New("its checksum is wrong")
	}
	return buffer, nil
}

// find returns the segment and place of a batch that a sender has.
func (s *Spool) find(b *output.Batch) (*segment, int) {
	number, n := b.Token>>24, int(b.Token&(1<<24-1))
	for _, seg := range s.segments {
		if seg.number == number && n < len(seg.entries) && seg.entries[n].state == held {
			return seg, n
		}
	}
	return nil, 0
}

// Done implements output.Backlog.
func (s *Spool) Done(b *output.Batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seg, n := s.find(b)
	if seg == nil {
		return
	}
	s.settle(seg, n)
	s.giveBack(b)
	if seg.live == 0 && (seg.data == nil || s.closed) {
		s.forget(seg)
		return
	}
	if err := s.note(seg, seg.entries[n].at); err != nil {
		s.say("done", "unable to note in the spool what is stored, it may be sent again after a restart", err)
	}
}

// note writes down that a batch is settled.
func (s *Spool) note(seg *segment, at int64) (err error) {
	if seg.done == nil {
		path := s.path(seg.doneName())
		if seg.done, err = s.files.create(path); errors.Is(err, fs.ErrExist) {
			seg.done, err = s.again(seg, path)
		}
		if err != nil {
			seg.done = nil
			return err
		}
	}
	_, err = seg.done.Write(appendDone(nil, at))
	return err
}

// again begins the done file of an earlier process anew, with what is known of it.
func (s *Spool) again(seg *segment, path string) (file, error) {
	if err := s.files.remove(path); err != nil {
		return nil, err
	}
	f, err := s.files.create(path)
	if err != nil {
		return nil, err
	}
	var known []byte
	for _, e := range seg.entries {
		if e.state == settled {
			known = appendDone(known, e.at)
		}
	}
	if _, err := f.Write(known); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Release implements output.Backlog.
func (s *Spool) Release(b *output.Batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seg, n := s.find(b)
	if seg == nil {
		return
	}
	seg.entries[n].state = waiting
	seg.from = min(seg.from, n)
	s.giveBack(b)
	s.signal()
}

// giveBack takes the buffer of a batch for another.
func (s *Spool) giveBack(b *output.Batch) {
	buffer := b.Body
	b.Body = nil
	s.buffers.Put(&buffer)
}
