package recent

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/klauspost/compress/zstd"
	"zombiezen.com/go/sqlite"

	"github.com/flowstack/terraform-provider-flowstack/collector/lockfile"
)

const (
	// LeastBytes is the least that Options.MaxBytes may be.
	LeastBytes = 64 << 20
	// parts is in how many segments the whole store is at least: one of them is what is removed at a time, by size and by age.
	parts = 16
	// largest is the most that a segment takes: a small one is searched within the time of a query.
	largest = 64 << 20
	// chunk is how much of documents, in octets, is written in one transaction.
	chunk = 1 << 20
	// chunkRoom is the most that a transaction makes the files grow: rows, documents that do not compress, pages of which a part is new.
	chunkRoom = 4 << 20
	// reserve is what is left free on the file system: a twentieth of it, or this when that is less.
	reserve = 1 << 30
	// sealWait is how long a segment that is full waits for its readers. After that it is closed all the same, and sealed later.
	sealWait = 100 * time.Millisecond
)

// Options of a Writer.
type Options struct {
	Directory string        // made when it is not there
	MaxBytes  int64         // of all files together; at least LeastBytes
	Keep      time.Duration // how long a flow is kept; up to a sixteenth more
	Logger    *slog.Logger

	// Tests replace these.
	now  func() time.Time
	disk func(directory string) (free, size int64, err error)
}

// Stats are the figures of a Writer.
type Stats struct {
	Segments       int           // files with flows
	Bytes          int64         // size of all files, of damaged ones too
	Limit          int64         // the most that Bytes may be
	Keep           time.Duration // how long flows are kept
	Flows          int64         // kept now
	Oldest, Newest time.Time     // of the flows kept; zero when there is none
	Removed        uint64        // flows removed to make room, or because of their age
	Damaged        uint64        // segments that could not be read, and were renamed
}

// Writer appends flows, and removes the oldest. It is safe for concurrent use.
type Writer struct {
	work     sync.Mutex // held while files are written or removed
	options  Options
	logger   *slog.Logger
	lock     *os.File
	store    *Store
	segments []*segment // in order, the active one last
	damaged  []damaged
	highest  uint64  // number of all segments that there were: a search may know the name of one that is gone
	active   *active // nil before the first flow, and after a segment is full
	// restarted says that nothing was written yet: the last segment may be gone on with, so that restarts do not make many small ones.
	restarted bool
	closed    bool // the directory may be another writer's

	encoder   *zstd.Encoder
	reader    reader
	row       row
	documents []byte // of the block that is being gathered
	packed    []byte

	mu    sync.Mutex
	stats Stats
	found map[string]bool // segments that a search could not read

	// The bounds, which change while work is held.
	maxBytes atomic.Int64
	keepFor  atomic.Int64 // nanoseconds
}

// NewWriter opens a directory to write, of which it is the only writer. Segments that cannot be read are renamed, and the others go on.
func NewWriter(o Options) (_ *Writer, err error) {
	if o.now == nil {
		o.now = time.Now
	}
	if o.disk == nil {
		o.disk = disk
	}
	w := &Writer{options: o, logger: o.Logger, store: Open(o.Directory), restarted: true, found: map[string]bool{}}
	w.Change(o.MaxBytes, o.Keep)
	w.store.unreadable = w.suspect
	if w.encoder, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithLowerEncoderMem(true),
		zstd.WithWindowSize(blockSize), zstd.WithEncoderCRC(true)); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Directory, 0o700); err != nil {
		return nil, fmt.Errorf("unable to make the directory of recent flows: %w", err)
	}
	if err := w.take(); err != nil {
		return nil, err
	}
	if err := w.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("unable to read the recent flows in %s: %w", o.Directory, err), w.lock.Close())
	}
	w.publish()
	return w, nil
}

// take makes this process the only one that writes to the directory.
func (w *Writer) take() error {
	lock, err := os.OpenFile(filepath.Join(w.options.Directory, lockfile.Name), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("unable to lock the recent flows: %w", err)
	}
	if err := lockfile.Take(lock); err != nil {
		return errors.Join(fmt.Errorf("unable to lock the recent flows in %s: %w", w.options.Directory, err), lock.Close())
	}
	w.lock = lock
	return nil
}

// Store searches what is written.
func (w *Writer) Store() *Store { return w.store }

// Stats returns the figures.
func (w *Writer) Stats() Stats {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.stats
	s.Limit, s.Keep = w.maxBytes.Load(), w.keep()
	return s
}

func (w *Writer) keep() time.Duration { return time.Duration(w.keepFor.Load()) }

// Append writes documents, one a line. It returns how many octets and documents are written when it fails; the next call goes on with the rest.
// After Close it is os.ErrClosed.
func (w *Writer) Append(lines []byte) (n, documents int, err error) {
	w.work.Lock()
	defer w.work.Unlock()
	if w.closed {
		return 0, 0, os.ErrClosed
	}
	defer w.publish()
	for n < len(lines) {
		k, docs, err := w.transaction(lines[n:])
		if err != nil {
			return n, documents, w.failed(err)
		}
		n += k
		documents += docs
	}
	w.maintain()
	return n, documents, nil
}

// Tick does what is due though nothing is appended.
func (w *Writer) Tick() {
	w.work.Lock()
	defer w.work.Unlock()
	if w.closed {
		return
	}
	w.maintain()
	w.publish()
}

// Directory is where the files are.
func (w *Writer) Directory() string { return w.options.Directory }

// Change sets other bounds, which hold from the next flows on. It does not wait for a disk that hangs.
func (w *Writer) Change(maxBytes int64, keep time.Duration) {
	w.maxBytes.Store(maxBytes)
	w.keepFor.Store(int64(keep))
}

// maintain looks after segments: damaged, left open, too old, full.
func (w *Writer) maintain() {
	w.quarantineFound()
	now := w.options.now()
	if a := w.active; a != nil && a.flows > 0 &&
		(a.bytes() >= min(w.maxBytes.Load()/parts, largest) || time.Since(a.since) >= w.keep()/parts) {
		w.seal()
	}
	for _, s := range slices.Clone(w.segments) { // one that is damaged is taken out meanwhile
		if s.open && (w.active == nil || s != w.active.segment) {
			w.sealLater(s)
		}
	}
	for len(w.segments) > 0 && (w.active == nil || w.segments[0] != w.active.segment) && now.Sub(w.segments[0].written) > w.keep() {
		if !w.removeOldest() {
			return
		}
	}
}

// transaction writes documents up to a chunk, or none.
func (w *Writer) transaction(lines []byte) (n, documents int, err error) {
	if err := w.makeRoom(); err != nil {
		return 0, 0, err
	}
	if w.active == nil {
		if err := w.begin(); err != nil {
			return 0, 0, err
		}
	}
	a := w.active
	if err := run(a.conn, "BEGIN IMMEDIATE"); err != nil {
		return 0, 0, err
	}
	var all sums
	defer func() {
		if err != nil {
			w.documents = w.documents[:0]
			err = errors.Join(err, a.rollback())
		}
	}()
	first := a.next
	next, block := first, sums{}
	flush := func() error {
		if block.flows == 0 {
			return nil
		}
		w.packed = w.encoder.EncodeAll(w.documents, w.packed[:0])
		w.documents = w.documents[:0]
		err := a.putBlock(next-block.flows, &block, w.packed)
		all.add(&block)
		block = sums{}
		return err
	}
	for n < len(lines) && n < chunk {
		end := bytes.IndexByte(lines[n:], '\n') + 1
		if end == 0 {
			end = len(lines) - n
		}
		line := lines[n : n+end]
		// A document that is not understood to its end is kept all the same, and found by what is.
		_ = w.reader.read(line, &w.row)
		if err := a.putFlow(next, &w.row); err != nil {
			return 0, 0, err
		}
		next++
		block.addRow(&w.row)
		w.documents = append(w.documents, line...)
		n += end
		documents++
		if len(w.documents) >= blockSize {
			if err := flush(); err != nil {
				return 0, 0, err
			}
		}
	}
	if err := flush(); err != nil {
		return 0, 0, err
	}
	if err := run(a.conn, "COMMIT"); err != nil {
		return 0, 0, err
	}
	a.next = next
	a.sums.add(&all)
	a.measure()
	return n, documents, nil
}

// makeRoom removes the oldest segments until a transaction fits into the bound, and leaves the reserve of the file system free: to others the
// store gives way.
func (w *Writer) makeRoom() error {
	for {
		limit := w.maxBytes.Load()
		free, size, err := w.options.disk(w.options.Directory)
		if err != nil {
			return fmt.Errorf("unable to tell how much of the disk is free: %w", err)
		}
		keep := min(size/20, reserve)
		used, most := w.bytes()
		if most+chunkRoom <= min(limit, used+free-keep) {
			return nil
		}
		if most+chunkRoom > limit && len(w.segments) == 1 && w.active != nil {
			w.seal() // a reader kept it from being emptied into its file
			continue
		}
		if !w.removeOldest() {
			return &FullError{Free: free, Reserve: keep}
		}
	}
}

// bytes is what all files take, and the most that they take while logs are emptied into their files.
func (w *Writer) bytes() (used, most int64) {
	for _, d := range w.damaged {
		used += d.size
	}
	most = used
	for _, s := range w.segments {
		used += s.size + s.log
		most += s.size + 2*s.log
	}
	return used, most
}

// FullError says that there is no room for flows.
type FullError struct {
	Free, Reserve int64 // octets of the file system
}

// Error says how much is free, and how much has to be.
func (e *FullError) Error() string {
	return fmt.Sprintf("the disk has %d MiB free, and %d MiB are left to others", e.Free>>20, e.Reserve>>20)
}

// Full says whether err means that the disk is full.
func Full(err error) bool {
	var full *FullError
	return errors.As(err, &full) || errors.Is(err, syscall.ENOSPC) || sqlite.ErrCode(err).ToPrimary() == sqlite.ResultFull
}

// ReadOnly says whether err means that the disk is not to be written.
func ReadOnly(err error) bool { return sqlite.ErrCode(err).ToPrimary() == sqlite.ResultReadOnly }

// failed decides what becomes of the active segment after an error.
func (w *Writer) failed(err error) error {
	switch code := sqlite.ErrCode(err).ToPrimary(); {
	case w.active == nil:
	case Full(err):
		w.removeOldest() // for the next try
	case code == sqlite.ResultCorrupt || code == sqlite.ResultNotADB:
		w.quarantine(w.active.segment, err)
	case code == sqlite.ResultOK || code == sqlite.ResultBusy:
	default: // whatever is wrong with the file, a new one may do
		w.abandon()
	}
	return err
}

// publish makes the figures known to Stats.
func (w *Writer) publish() {
	used, _ := w.bytes()
	var all sums
	for _, s := range w.segments {
		all.add(&s.sums)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stats.Segments, w.stats.Bytes, w.stats.Flows = len(w.segments), used, all.flows
	w.stats.Oldest, w.stats.Newest = time.Time{}, time.Time{}
	if all.flows > 0 {
		w.stats.Oldest, w.stats.Newest = time.UnixMilli(all.oldest), time.UnixMilli(all.newest)
	}
}

// Close ends the writing. Everything appended is kept.
func (w *Writer) Close() error {
	w.work.Lock()
	defer w.work.Unlock()
	if w.closed {
		return nil
	}
	w.closed = true
	w.seal()
	w.publish()
	return errors.Join(w.encoder.Close(), w.lock.Close())
}

// disk is how much of the file system is free for programs without privileges, and its size.
func disk(directory string) (free, size int64, err error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(directory, &s); err != nil {
		return 0, 0, err
	}
	return int64(s.Bavail) * s.Bsize, int64(s.Blocks) * s.Bsize, nil
}
