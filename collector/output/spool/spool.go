package spool

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/service/heartbeat"
)

// Causes of dropped documents, besides those of package output.
const (
	CauseFull    = "spool_full"    // the oldest were dropped because the spool was at its limit
	CauseDamaged = "spool_damaged" // the disk does not give back what was written
)

const (
	// most and least bound the size of a segment: an eighth of the spool is dropped at a time at most.
	most, least = 16 << 20, 256 << 10
	// maxBatches bounds the memory for what is known of batches, about 64 octets each.
	maxBatches = 1 << 20
	// syncInterval is how often the disk is told to keep what was written, with Interval.
	syncInterval = time.Second
	// syncTime is how long the disk may take to do so before that counts as stuck.
	syncTime = 2 * time.Minute
	// logEvery is how often a condition that lasts is logged again.
	logEvery = 30 * time.Second
)

// Values of Options.Sync.
const (
	Interval = "interval" // every second
	Always   = "always"   // before Append returns
	Never    = "never"    // as the kernel likes
)

// Options say where a spool is and how large.
type Options struct {
	Directory string // made if it is not there
	MaxBytes  int64  // of all segments
	Sync      string // Interval, Always or Never; empty is Interval
	Logger    *slog.Logger

	over func(files) files // nil is the disk as it is
}

// Spool keeps batches on disk. All methods are safe for concurrent use.
type Spool struct {
	options Options
	logger  *slog.Logger
	beat    *heartbeat.Heartbeat // of the goroutine that syncs
	segment int64                // size at which a new one is begun

	mu       sync.Mutex
	place    *place     // where new segments are made
	places   []*place   // that one, and those of before that still have segments; never changed, but replaced
	segments []*segment // oldest first; the last one is appended to when its data is open
	number   uint64     // of the next segment
	octets   int64      // of all segments
	batches  int        // entries in memory
	docs     int        // not settled
	body     int64      // octets of batches not settled
	closed   bool
	ready    chan struct{} // holds a token while a batch may wait
	dirty    bool          // something was written since the last sync
	header   []byte
	dropped  map[string]uint64
	stats    Stats
	logged   map[string]time.Time
	stop     chan struct{}
	syncing  sync.WaitGroup

	buffers sync.Pool

	// What Held, Dropped, Stats, Directory and Uses say has a lock of its own: mu may be held for as long as a disk is stalled.
	seen    sync.Mutex
	figures figures
}

// figures are those of the last time that mu was given back.
type figures struct {
	held          Held
	stats         Stats
	full, damaged uint64 // documents dropped
	directory     string
	places        []*place
}

// Stats are figures of a spool.
type Stats struct {
	Segments   int    // files
	Bytes      int64  // of all files
	Appended   uint64 // batches since the start
	Restored   uint64 // documents found when a directory was opened, those that are damaged included, or by Found
	Left       uint64 // documents that stayed behind when the output that had the spool went; whoever opens it next restores them
	SyncErrors uint64
	Errors     uint64 // writes that failed
	Unreadable int    // segments that could not be read when the directory was opened; how many documents they have is unknown
	Damaged    uint64 // octets that could not be read then and belong to no known batch
}

// Open opens or makes the spool in a directory, for one process at a time. Batches that were not settled wait again, in their order.
func Open(o Options) (*Spool, error) {
	s := &Spool{
		options: o, logger: o.Logger, beat: heartbeat.New("spool sync", syncInterval+syncTime), ready: make(chan struct{}, 1), logged: map[string]time.Time{},
		dropped: map[string]uint64{CauseFull: 0, CauseDamaged: 0}, segment: segmentSize(o.MaxBytes), stop: make(chan struct{}),
	}
	s.buffers.New = func() any { return new([]byte) }
	if s.logger == nil {
		s.logger = slog.Default()
	}
	err := os.MkdirAll(o.Directory, 0o700)
	if err != nil {
		return nil, fmt.Errorf("unable to make the spool: %w", err)
	}
	if s.place, err = s.openPlace(); err != nil {
		return nil, err
	}
	s.places = []*place{s.place}
	if err := s.load(s.place); err != nil {
		return nil, errors.Join(fmt.Errorf("unable to read the spool in %s: %w", o.Directory, err), s.place.close())
	}
	s.publish()
	s.syncing.Go(s.syncNowAndThen)
	return s, nil
}

// segmentSize is the size at which a new segment is begun.
func segmentSize(maxBytes int64) int64 { return max(least, min(most, maxBytes/8)) }

// Directory is where the spool is.
func (s *Spool) Directory() string { return s.published().directory }

// Change sets the path, one that the spool Uses, the size, and when the disk is told to keep what was written. Where the spool is larger by then,
// its oldest batches are dropped, and counted, when the next is appended.
func (s *Spool) Change(directory string, maxBytes int64, sync string) {
	s.mu.Lock()
	defer s.unlock()
	s.options.Directory, s.options.MaxBytes, s.options.Sync, s.segment = directory, maxBytes, sync, segmentSize(maxBytes)
}

// Found counts documents as restored that were appended after somebody gave them up.
func (s *Spool) Found(documents int) {
	s.mu.Lock()
	defer s.unlock()
	s.stats.Restored += uint64(documents)
}

// Take appends all that waits in another spool, oldest first, until ctx ends. What could not be taken over stays there.
func (s *Spool) Take(ctx context.Context, from *Spool) error {
	for ctx.Err() == nil {
		b, err := from.Next(0)
		if b == nil || err != nil {
			return err
		}
		if err := s.Append(*b); err != nil {
			from.Release(b)
			return err
		}
		from.Done(b)
	}
	return nil
}

// Alive returns an error when the goroutine that tells the disk to keep what was written makes no progress.
func (s *Spool) Alive() error { return s.beat.Err() }

func (s *Spool) signal() {
	select {
	case s.ready <- struct{}{}:
	default:
	}
}

// Close ends all other methods. What is not settled stays on disk for the next start, what a sender has included.
func (s *Spool) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	close(s.stop)
	s.signal()
	var errs []error
	if n := len(s.segments); n > 0 {
		errs = append(errs, s.seal(s.segments[n-1]))
	}
	errs = append(errs, s.giveUpRemoved())
	for _, seg := range s.segments {
		errs = append(errs, seg.closeFiles())
	}
	for _, p := range s.places {
		errs = append(errs, p.close())
	}
	s.places = nil
	s.unlock()
	s.syncing.Wait()
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("unable to close the spool: %w", err)
	}
	return nil
}

// giveUpRemoved counts what somebody removed from the disk while it waited: nobody finds it at the next start.
func (s *Spool) giveUpRemoved() error {
	lost := 0
	var errs []error
	for _, seg := range s.segments {
		if seg.live == 0 {
			continue
		}
		there, err := seg.place.there(seg.name())
		if errs = append(errs, err); there || err != nil {
			continue
		}
		for n, e := range seg.entries {
			if e.state != settled {
				lost += int(e.documents)
				s.settle(seg, n)
			}
		}
	}
	s.dropped[CauseDamaged] += uint64(lost)
	if lost > 0 {
		s.logger.Error("segments of the spool were removed, their flows are lost", "directory", s.options.Directory, "lost_flows", lost)
	}
	return errors.Join(errs...)
}

// say logs a condition, and not again for a while.
func (s *Spool) say(what, text string, err error) {
	if time.Since(s.logged[what]) < logEvery {
		return
	}
	s.logged[what] = time.Now()
	s.logger.Error(text, "directory", s.options.Directory, "error", err)
}

// unlock ends what may have changed the figures.
func (s *Spool) unlock() {
	s.publish()
	s.mu.Unlock()
}

func (s *Spool) publish() {
	f := figures{
		held:  Held{Bytes: int(s.body), Limit: int(s.options.MaxBytes), Documents: s.docs},
		stats: s.stats, directory: s.options.Directory, places: s.places, full: s.dropped[CauseFull], damaged: s.dropped[CauseDamaged],
	}
	f.stats.Segments, f.stats.Bytes = len(s.segments), s.octets
	for _, seg := range s.segments {
		if seg.live > 0 {
			f.held.Oldest = seg.since()
			break
		}
	}
	s.seen.Lock()
	defer s.seen.Unlock()
	s.figures = f
}

func (s *Spool) published() figures {
	s.seen.Lock()
	defer s.seen.Unlock()
	return s.figures
}

// Held describes what is kept.
func (s *Spool) Held() Held { return s.published().held }

// Dropped is how many documents were dropped, by cause.
func (s *Spool) Dropped() map[string]uint64 {
	f := s.published()
	return map[string]uint64{CauseFull: f.full, CauseDamaged: f.damaged}
}

// Stats returns the figures so far.
func (s *Spool) Stats() Stats { return s.published().stats }
