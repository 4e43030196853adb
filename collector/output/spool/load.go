package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
)

// load reads what an earlier process left.
func (s *Spool) load() error {
	list, err := os.ReadDir(s.options.Directory)
	if err != nil {
		return err
	}
	known := map[uint64]bool{}
	for _, e := range list { // in the order of their names, which is that of their numbers
		text, isSegment := strings.CutSuffix(e.Name(), ".spool")
		number, err := strconv.ParseUint(text, 10, 64)
		if !isSegment || err != nil || len(text) != 16 {
			continue
		}
		known[number] = true
		s.number = max(s.number, number+1)
		if err := s.loadSegment(number); err != nil {
			return fmt.Errorf("%s: %w", e.Name(), err)
		}
	}
	for _, e := range list { // of segments that are gone
		text, isDone := strings.CutSuffix(e.Name(), ".done")
		if number, err := strconv.ParseUint(text, 10, 64); isDone && err == nil && !known[number] {
			if err := s.files.remove(s.path(e.Name())); err != nil {
				return err
			}
		}
	}
	if s.docs > 0 {
		s.stats.Restored = uint64(s.docs)
		s.logger.Info("the spool has flows of before the start", "flows", s.docs, "bytes", s.octets)
		s.signal()
	}
	return nil
}

func (s *Spool) loadSegment(number uint64) error {
	seg := &segment{number: number}
	data, err := s.files.readAll(s.path(seg.name()))
	if err != nil {
		return err
	}
	f, err := parseSegment(data)
	if err != nil {
		return err
	}
	done, err := s.files.readAll(s.path(seg.doneName()))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
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
	seg.octets = int64(len(data))
	s.segments = append(s.segments, seg)
	s.octets += seg.octets
	s.batches += len(seg.entries)
	if seg.live == 0 {
		s.forget(seg)
	}
	return nil
}
