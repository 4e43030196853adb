package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
)

// Append keeps a batch; b.Body stays the caller's. A spool that is at its limit drops the oldest batches that no sender has, and counts their
// documents. An error says that the batch is not kept. A disk that does not confirm what was written (Always) is no such error: the batch is
// there unless power fails; it is counted, and logged.
func (s *Spool) Append(b Batch) error {
	m := metaOf(&b)
	s.mu.Lock()
	defer s.unlock()
	seg, err := s.append(m, b.Body)
	if err != nil {
		s.stats.Errors++
		return fmt.Errorf("unable to write to the spool: %w", err)
	}
	if s.options.Sync == Always {
		s.sync(seg)
	}
	return nil
}

func (s *Spool) append(m meta, body []byte) (*segment, error) {
	if s.closed {
		return nil, ErrClosed
	}
	if err := s.makeRoom(m.octets()); err != nil {
		return nil, err
	}
	seg, err := s.current(m.octets())
	if err != nil {
		return nil, err
	}
	at := seg.octets
	// One write: what a crash leaves is a whole batch, or one whose checksum is wrong.
	s.header = append(m.append(s.header[:0]), body...)
	err = seg.write(s.header)
	s.octets += seg.octets - at
	if err != nil {
		return nil, err
	}
	seg.entries = append(seg.entries, entry{placed: placed{m, at}})
	seg.live++
	s.batches++
	s.docs += int(m.documents)
	s.body += int64(m.length)
	s.stats.Appended++
	s.dirty = true
	s.signal()
	return seg, nil
}

// current returns the segment that is appended to: a new one where the last is full, or of before the start.
func (s *Spool) current(octets int64) (*segment, error) {
	p, err := s.here()
	if err != nil {
		return nil, err
	}
	if n := len(s.segments); n > 0 {
		last := s.segments[n-1]
		if last.open() && last.place == p && last.octets+octets <= s.segment && !last.removed() {
			return last, nil
		}
	}
	s.sealLast()
	seg := &segment{place: p, number: s.number}
	if seg.data, err = p.create(seg.name()); err != nil {
		return nil, err
	}
	s.number++
	if err = seg.write(startOfFile()); err == nil && s.options.Sync != Never {
		err = p.syncDirectory()
	}
	if err != nil {
		return nil, errors.Join(err, seg.closeFiles(), p.remove(seg.name()))
	}
	s.add(seg)
	return seg, nil
}

// add takes a segment into the account.
func (s *Spool) add(seg *segment) {
	s.segments = append(s.segments, seg)
	s.octets += seg.octets
	seg.place.segments++
}

// sealLast ends appending to the newest segment.
func (s *Spool) sealLast() {
	if n := len(s.segments); n > 0 {
		if err := s.seal(s.segments[n-1]); err != nil {
			s.say("seal", "unable to close a segment of the spool", err)
		}
	}
}

// seal ends appending to a segment. Its done file stays open as long as it lives, and so does one that was removed: what is in it can be read yet.
func (s *Spool) seal(seg *segment) error {
	if !seg.open() {
		return nil
	}
	if seg.live > 0 && seg.removed() {
		seg.sealed = true
		return nil
	}
	if s.options.Sync != Never && seg.live > 0 {
		s.sync(seg)
	}
	err := seg.data.Close()
	seg.data = nil
	if seg.live == 0 {
		s.forget(seg)
	}
	return err
}

// makeRoom drops the oldest batches that no sender has, until octets more fit.
func (s *Spool) makeRoom(octets int64) error {
	full := func(taken int64, batches int) bool {
		return taken+octets+fileHeader > s.options.MaxBytes || batches >= maxBatches
	}
	if !full(s.octets, s.batches) {
		return nil
	}
	// The segments that senders have batches of stay. Nothing is dropped for a batch that does not fit beside them.
	var stays int64
	var entries int
	for _, seg := range s.segments {
		if seg.held > 0 {
			stays += seg.octets
			entries += len(seg.entries)
		}
	}
	if full(stays, entries) {
		return ErrFull
	}
	lost := 0
	for i := 0; full(s.octets, s.batches) && i < len(s.segments); {
		seg := s.segments[i]
		switch {
		case seg.held > 0: // a sender has some of it
			i++
		case !s.forget(seg): // what cannot be removed makes no room: its batches are not dropped
			i++
			continue
		}
		for n := seg.next(); n >= 0; n = seg.next() {
			lost += int(seg.entries[n].documents)
			s.settle(seg, n)
		}
	}
	if lost > 0 {
		s.dropped[CauseFull] += uint64(lost)
		s.say(CauseFull, fmt.Sprintf("the spool is full, its oldest %d flows are dropped", lost), ErrFull)
	}
	if full(s.octets, s.batches) {
		return ErrFull
	}
	return nil
}

// settle ends a batch's account. It stays in its file until the segment goes.
func (s *Spool) settle(seg *segment, n int) {
	e := &seg.entries[n]
	e.state = settled
	seg.live--
	s.docs -= int(e.documents)
	s.body -= int64(e.length)
}

// forget removes a segment that has nothing left. One that cannot be removed takes its place as before, and is tried again by Next: after a
// restart it is there.
func (s *Spool) forget(seg *segment) bool {
	if err := seg.closeFiles(); err != nil {
		s.say("close", "unable to close a segment of the spool", err)
	}
	// What is noted as settled goes last: without it, the batches would be sent again.
	for _, name := range []string{seg.name(), seg.doneName()} {
		if err := seg.place.remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			s.say("remove", "unable to remove a segment of the spool", err)
			if name == seg.name() {
				return false
			}
		}
	}
	s.segments = slices.DeleteFunc(s.segments, func(o *segment) bool { return o == seg })
	s.octets -= seg.octets
	s.batches -= len(seg.entries)
	seg.place.segments--
	s.leave(seg.place)
	return true
}
