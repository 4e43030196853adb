package recent

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"
)

// Names of files: segments are numbered in the order in which they were begun, so that a clock that jumps changes nothing.
const (
	namePrefix    = "flows-"
	nameSuffix    = ".db"
	logSuffix     = "-wal" // SQLite's, while a segment is open
	memorySuffix  = "-shm"
	damagedSuffix = ".damaged"
)

func segmentName(number uint64) string {
	return fmt.Sprintf("%s%010d%s", namePrefix, number, nameSuffix)
}

// segmentNumber is the number in a segment's name.
func segmentNumber(name string) (uint64, bool) {
	text, ok := strings.CutPrefix(name, namePrefix)
	if !ok {
		return 0, false
	}
	text, ok = strings.CutSuffix(text, nameSuffix)
	n, err := strconv.ParseUint(text, 10, 63)
	return n, ok && err == nil && segmentName(n) == name
}

// segment is one file of flows, as its writer knows it.
type segment struct {
	path      string
	number    uint64
	size, log int64     // octets of the file, and of SQLite's write-ahead log
	written   time.Time // when the last flow came
	open      bool      // it has a log still
	sums      sums
}

// damaged is a file that could not be read.
type damaged struct {
	path string
	size int64
	told bool // it was logged that it cannot be removed
}

// remove removes the file, and what is left of the segment's log.
func (d *damaged) remove() error {
	s := segment{path: strings.TrimSuffix(d.path, damagedSuffix)}
	if s.path == d.path {
		return s.remove()
	}
	if err := os.Remove(d.path); err != nil && !errors.Is(err, fs.ErrNotExist) { //nolint:gosec // G703: the operator names the directory
		return err
	}
	return removeLog(s.path)
}

// measure looks how large the files are.
func (s *segment) measure() {
	s.size, s.log = fileSize(s.path), fileSize(s.path+logSuffix)
}

// fileSize is 0 where there is no file. Files of SQLite are not opened for it: closing them would end the locks of this process (fcntl(2)).
func fileSize(path string) int64 {
	info, err := os.Stat(path) //nolint:gosec // G703: the operator names the directory
	if err != nil {
		return 0
	}
	return info.Size()
}

// remove removes the files of a segment.
func (s *segment) remove() error {
	err := os.Remove(s.path) //nolint:gosec // G703: the operator names the directory
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, removeLog(s.path))
}

func removeLog(path string) error {
	var errs []error
	for _, suffix := range []string{logSuffix, memorySuffix} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) { //nolint:gosec // G703: the operator names the directory
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// active is the segment that is being written.
type active struct {
	*segment
	conn        *sqlite.Conn
	flow, block *sqlite.Stmt
	next        int64 // id of the next flow
	since       time.Time
	flows       int64 // written since it was opened
}

// bytes is what decides whether it is full.
func (a *active) bytes() int64 { return a.size + a.log }

func (a *active) putFlow(id int64, r *row) error {
	r.bind(a.flow, id)
	_, err := a.flow.Step()
	return errors.Join(err, a.flow.Reset())
}

func (a *active) putBlock(first int64, s *sums, documents []byte) error {
	b := a.block
	for i, n := range []int64{first, s.flows, s.oldest, s.newest, s.octets.high, s.octets.low, s.packets.high, s.packets.low} {
		b.BindInt64(i+1, n)
	}
	b.BindBytes(9, documents)
	_, err := b.Step()
	a.flows += s.flows
	return errors.Join(err, b.Reset())
}

// rollback ends a transaction that failed, if SQLite has not done so.
func (a *active) rollback() error {
	if a.conn.AutocommitEnabled() {
		return nil
	}
	return run(a.conn, "ROLLBACK")
}

// connect opens a segment to write.
func connect(path string, logPages int64) (*sqlite.Conn, error) {
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		return nil, err
	}
	conn.SetBusyTimeout(5 * time.Second)
	if err := run(conn,
		"PRAGMA page_size = "+strconv.Itoa(pageSize),
		"PRAGMA journal_mode = WAL",
		// A power cut loses what was not checkpointed, and damages nothing; a crash of the process loses nothing ("PRAGMA synchronous").
		"PRAGMA synchronous = NORMAL",
		"PRAGMA cache_size = -2048",
		"PRAGMA wal_autocheckpoint = "+strconv.FormatInt(logPages, 10),
	); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// begin makes a new segment, or goes on with the last one after a restart.
func (w *Writer) begin() error {
	now := w.options.now()
	resume := w.restarted
	w.restarted = false
	if n := len(w.segments); n > 0 {
		last := w.segments[n-1]
		if resume && last.size+last.log < min(w.maxBytes.Load()/parts, largest)/2 && now.Sub(last.written).Abs() < w.keep()/parts && w.resume(last) == nil {
			return nil
		}
	}
	w.highest++
	s := &segment{path: filepath.Join(w.options.Directory, segmentName(w.highest)), number: w.highest, written: now}
	if err := makePrivate(s.path); err != nil {
		return err
	}
	conn, err := connect(s.path, w.logPages())
	if err != nil {
		return errors.Join(err, s.remove())
	}
	if err := run(conn, "BEGIN IMMEDIATE"); err == nil {
		for _, statement := range strings.SplitAfter(strings.TrimSpace(tables), ";") {
			if strings.TrimSpace(statement) != "" {
				err = errors.Join(err, run(conn, statement))
			}
		}
		// The tables are in the file, and on the disk, before any flow: what a power cut leaves is a segment.
		err = errors.Join(err, run(conn, "PRAGMA user_version = "+strconv.Itoa(formatVersion), "COMMIT", "PRAGMA wal_checkpoint(TRUNCATE)"))
		if err != nil {
			return errors.Join(err, conn.Close(), s.remove())
		}
	} else {
		return errors.Join(err, conn.Close(), s.remove())
	}
	if err := w.use(s, conn); err != nil {
		return errors.Join(err, conn.Close(), s.remove())
	}
	w.segments = append(w.segments, s)
	return nil
}

// makePrivate makes an empty file that nobody else can read, whatever the directory allows: SQLite's own could be read by all, and its log and shared
// memory have the mode of the file.
func makePrivate(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // G703: the operator names the directory
	if err != nil {
		return err
	}
	return f.Close()
}

// resume goes on with a segment of before the restart.
func (w *Writer) resume(s *segment) error {
	conn, err := connect(s.path, w.logPages())
	if err != nil {
		return err
	}
	if err := w.use(s, conn); err != nil {
		return errors.Join(err, conn.Close())
	}
	return nil
}

// use makes a segment the active one.
func (w *Writer) use(s *segment, conn *sqlite.Conn) error {
	last, err := number(conn, "SELECT max(id) FROM flow")
	if err != nil {
		return err
	}
	a := &active{segment: s, conn: conn, next: last + 1, since: time.Now()}
	if a.flow, err = conn.Prepare(insertFlow); err != nil {
		return err
	}
	if a.block, err = conn.Prepare(insertBlock); err != nil {
		return err
	}
	s.open = true
	s.measure()
	w.active = a
	return nil
}

// logPages is at how many pages SQLite empties the log of a segment into its file.
func (w *Writer) logPages() int64 { return min(w.maxBytes.Load()/parts, largest) / 4 / pageSize }

// seal ends the active segment: its file is complete without a log then, and never changes again.
func (w *Writer) seal() {
	a := w.active
	if a == nil {
		return
	}
	w.active = nil
	a.written = w.options.now()
	a.conn.SetBusyTimeout(sealWait)
	err := run(a.conn, "PRAGMA journal_mode = DELETE") // not while somebody reads
	err = errors.Join(err, a.conn.Close())
	a.measure()
	a.open = err != nil || exists(a.path+logSuffix) // a search that came meanwhile may leave an empty one
	if err != nil && sqlite.ErrCode(err).ToPrimary() != sqlite.ResultBusy {
		w.logger.Warn("a segment of recent flows could not be closed, it is tried again", "file", a.path, "error", err)
	}
}

// abandon closes the active segment after an error.
func (w *Writer) abandon() {
	a := w.active
	w.active = nil
	_ = a.conn.Close() // it failed already, and is opened again by sealLater
	a.written = w.options.now()
	a.measure()
}

// sealLater seals a segment that had a reader when it was full, or whose writer was killed.
func (w *Writer) sealLater(s *segment) {
	conn, err := sqlite.OpenConn(s.path, sqlite.OpenReadWrite)
	if err == nil {
		conn.SetBusyTimeout(sealWait)
		err = errors.Join(run(conn, "PRAGMA journal_mode = DELETE"), conn.Close())
	}
	if s.measure(); err == nil && s.log == 0 {
		// A search that opened it in between leaves an empty log, which SQLite does not look at any more.
		for _, suffix := range []string{logSuffix, memorySuffix} {
			_ = os.Remove(s.path + suffix) //nolint:gosec // G703: the operator names the directory; mostly there is no such file
		}
	}
	s.open = err != nil || exists(s.path+logSuffix)
	if code := sqlite.ErrCode(err).ToPrimary(); code == sqlite.ResultCorrupt || code == sqlite.ResultNotADB {
		w.quarantine(s, err)
	}
}
