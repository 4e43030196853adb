package spool

import (
	"errors"
	"os"
	"time"
)

// sync tells the disk to keep what was written to a segment.
func (s *Spool) sync(seg *segment) {
	s.dirty = false
	s.synced(seg.data.Sync())
}

// synced counts a disk that did not do as it was told.
func (s *Spool) synced(err error) {
	if err != nil {
		s.stats.SyncErrors++
		s.say("sync", "the disk did not keep what was written to the spool", err)
	}
}

func (s *Spool) syncNowAndThen() {
	ticker := time.NewTicker(syncInterval)
	defer ticker.Stop()
	defer s.beat.Rest() // finished
	for {
		s.beat.Beat(syncInterval + syncTime)
		select {
		case <-s.stop:
			return
		case <-ticker.C:
			s.syncOnce()
		}
	}
}

// syncOnce lets others append while the disk works. The file may be closed meanwhile, which syncs it.
func (s *Spool) syncOnce() {
	s.mu.Lock()
	var data file
	if n := len(s.segments); n > 0 && s.dirty && (s.options.Sync == Interval || s.options.Sync == "") {
		data = s.segments[n-1].data
	}
	s.dirty = false
	s.mu.Unlock()
	if data == nil {
		return
	}
	if err := data.Sync(); err != nil && !errors.Is(err, os.ErrClosed) {
		s.mu.Lock()
		s.synced(err)
		s.unlock()
	}
}
