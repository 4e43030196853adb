package spool

import (
	"errors"
	"io/fs"
	"strconv"
	"strings"
)

// load reads what an earlier process left in a place.
func (s *Spool) load(p *place) error {
	list, err := p.list()
	if err != nil {
		return err
	}
	docs, octets, damaged := s.docs, s.octets, s.dropped[CauseDamaged]
	known := map[uint64]bool{}
	for _, e := range list { // in the order of their names, which is that of their numbers
		text, isSegment := strings.CutSuffix(e.Name(), ".spool")
		number, err := strconv.ParseUint(text, 10, 64)
		if !isSegment || err != nil || len(text) != 16 {
			continue
		}
		known[number] = true
		s.number = max(s.number, number+1)
		// One that cannot be read is no reason to leave the others. Its file stays: the next start, or a newer version, may read it.
		if err := s.loadSegment(p, number); err != nil {
			s.stats.Unreadable++
			s.logger.Error("a segment of the spool cannot be read and is left as it is", "segment", e.Name(), "error", err)
		}
	}
	for _, e := range list { // of segments that are gone
		text, isDone := strings.CutSuffix(e.Name(), ".done")
		if number, err := strconv.ParseUint(text, 10, 64); isDone && err == nil && !known[number] {
			if err := p.remove(e.Name()); err != nil {
				s.say("remove", "unable to remove a file of the spool", err)
			}
		}
	}
	found := s.docs - docs
	s.stats.Restored += uint64(found) + s.dropped[CauseDamaged] - damaged
	if found > 0 {
		s.logger.Info("the spool has flows of before", "flows", found, "bytes", s.octets-octets)
		s.signal()
	}
	return nil
}

func (s *Spool) loadSegment(p *place, number uint64) error {
	seg := &segment{place: p, number: number}
	f, size, err := p.readSegment(seg.name())
	if err != nil {
		return err
	}
	done, err := p.readAll(seg.doneName())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.logger.Warn("what is stored of a segment of the spool cannot be read, it is sent again", "segment", seg.name(), "error", err)
	}
	if f.damagedBatches > 0 || f.damagedOctets > 0 {
		s.dropped[CauseDamaged] += uint64(f.damagedDocuments)
		s.stats.Damaged += uint64(f.damagedOctets)
		s.logger.Error("a segment of the spool is damaged, what can be read of it is kept", "segment", seg.name(),
			"lost_flows", f.damagedDocuments, "lost_batches", f.damagedBatches, "unknown_bytes", f.damagedOctets)
	}
	isDone := parseDone(done)
	for _, b := range f.batches {
		e := entry{placed: b}
		if isDone[b.at] {
			e.state = settled
		} else {
			seg.live++
			s.docs += int(b.documents)
			s.body += int64(b.length)
		}
		seg.entries = append(seg.entries, e)
	}
	seg.octets = size
	s.add(seg)
	s.batches += len(seg.entries)
	if seg.live == 0 {
		s.forget(seg)
	}
	return nil
}

// readSegment finds what is in a segment. Its bodies are read only if it is damaged: gigabytes would hold up the start.
func (p *place) readSegment(name string) (f found, size int64, err error) {
	r, err := p.open(name)
	if err != nil {
		return f, 0, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	info, err := r.Stat()
	if err != nil {
		return f, 0, err
	}
	if !info.Mode().IsRegular() {
		return f, 0, errors.New("it is no file")
	}
	size = info.Size()
	batches, ok, err := scanSegment(r, size)
	if ok || err != nil {
		return found{batches: batches}, size, err
	}
	data := make([]byte, size)
	if _, err := r.ReadAt(data, 0); err != nil {
		return f, size, err
	}
	f, err = parseSegment(data)
	return f, size, err
}
