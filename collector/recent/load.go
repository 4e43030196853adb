package recent

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// load finds the segments of before the start.
func (w *Writer) load() error {
	list, err := os.ReadDir(w.options.Directory)
	if err != nil {
		return err
	}
	for _, e := range list {
		path := filepath.Join(w.options.Directory, e.Name())
		if name, ok := strings.CutSuffix(e.Name(), damagedSuffix); ok {
			if n, ok := segmentNumber(name); ok {
				w.highest = max(w.highest, n)
				w.damaged = append(w.damaged, damaged{path: path, size: fileSize(path)})
			}
			continue
		}
		for _, suffix := range []string{logSuffix, memorySuffix} { // of a segment that is being removed
			if name, ok := strings.CutSuffix(path, suffix); ok && !exists(name) {
				if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
					w.logger.Error("what is left of a segment of recent flows could not be removed", "file", path, "error", err)
				}
			}
		}
		number, ok := segmentNumber(e.Name())
		if !ok {
			continue
		}
		w.highest = max(w.highest, number)
		info, err := e.Info()
		if err != nil {
			return err
		}
		s := &segment{path: path, number: number, written: info.ModTime(), open: exists(path + logSuffix)}
		s.measure()
		w.segments = append(w.segments, s)
	}
	slices.SortFunc(w.segments, func(a, b *segment) int { return cmp.Compare(a.number, b.number) })
	for i, s := range slices.Clone(w.segments) {
		err := s.inspect()
		if newest := i == len(w.segments)-1; newest && errors.Is(err, errEmpty) {
			err = s.remove()
			if err == nil {
				w.segments = slices.DeleteFunc(w.segments, func(o *segment) bool { return o == s })
				continue
			}
		}
		if err != nil {
			w.quarantine(s, err)
		}
	}
	return nil
}

// errEmpty is the error of a segment without tables. Power failed before the newest one's were on the disk: there is nothing to be lost.
var errEmpty = errors.New("it has no tables")

func exists(path string) bool {
	_, err := os.Lstat(path) //nolint:gosec // G703: the operator names the directory
	return err == nil
}

// inspect completes what is known of a segment, and what its writer left in its log.
func (s *segment) inspect() (err error) {
	conn, err := sqlite.OpenConn(s.path, sqlite.OpenReadWrite)
	if err != nil {
		return err
	}
	conn.SetBusyTimeout(sealWait)
	defer func() {
		err = errors.Join(err, conn.Close())
		s.measure()
	}()
	if err := checkVersion(conn); err != nil {
		return err
	}
	if s.open {
		// It stays open when somebody reads it.
		switch err := run(conn, "PRAGMA journal_mode = DELETE"); {
		case err == nil:
			s.open = false
		case sqlite.ErrCode(err).ToPrimary() != sqlite.ResultBusy:
			return err
		}
	}
	s.sums, err = blockSums(conn)
	return err
}

// checkVersion says whether a segment has the tables that this program knows.
func checkVersion(conn *sqlite.Conn) error {
	version, err := number(conn, "PRAGMA user_version")
	if err != nil || version == formatVersion {
		return err
	}
	if made, err := number(conn, "SELECT count(*) FROM sqlite_schema"); err != nil {
		return err
	} else if version == 0 && made == 0 {
		return errEmpty
	}
	return fmt.Errorf("it has version %d of the format, not %d", version, formatVersion)
}

// blockSums are those of a whole segment.
func blockSums(conn *sqlite.Conn) (all sums, err error) {
	err = sqlitex.ExecuteTransient(conn, "SELECT "+blockColumns+" FROM block", &sqlitex.ExecOptions{ResultFunc: func(s *sqlite.Stmt) error {
		all = readSums(s)
		return nil
	}})
	return all, err
}

const blockColumns = "sum(flows), min(oldest), max(newest), sum(octets_high), sum(octets_low), sum(packets_high), sum(packets_low)"

// readSums reads blockColumns.
func readSums(s *sqlite.Stmt) sums {
	return sums{
		flows: s.ColumnInt64(0), oldest: s.ColumnInt64(1), newest: s.ColumnInt64(2),
		octets: wide{s.ColumnInt64(3), s.ColumnInt64(4)}, packets: wide{s.ColumnInt64(5), s.ColumnInt64(6)},
	}
}

// suspect remembers a segment that a search could not read, for quarantineFound.
func (w *Writer) suspect(path string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.found[path] = true
}

// quarantineFound renames what searches could not read.
func (w *Writer) quarantineFound() {
	w.mu.Lock()
	found := w.found
	if len(found) > 0 {
		w.found = map[string]bool{}
	}
	w.mu.Unlock()
	for _, s := range slices.Clone(w.segments) {
		if found[s.path] {
			w.quarantine(s, errors.New("a search could not read it"))
		}
	}
}

// quarantine renames a damaged segment, so that nobody reads it and somebody may look at it. It is removed before any other one.
func (w *Writer) quarantine(s *segment, reason error) {
	if w.active != nil && w.active.segment == s {
		w.abandon()
	}
	w.segments = slices.DeleteFunc(w.segments, func(o *segment) bool { return o == s })
	w.mu.Lock()
	w.stats.Damaged++
	w.mu.Unlock()
	d := damaged{path: s.path + damagedSuffix}
	if err := os.Rename(s.path, d.path); err != nil {
		d.path = s.path // it takes its place all the same, until it is removed
		w.logger.Error("a segment of recent flows is damaged and could not be renamed; the others go on", "file", s.path, "reason", reason, "error", err)
	} else {
		w.logger.Error("a segment of recent flows is damaged and was renamed; the others go on", "file", d.path, "reason", reason)
	}
	if err := removeLog(s.path); err != nil {
		w.logger.Error("the log of a damaged segment of recent flows could not be removed", "file", s.path, "error", err)
	}
	s.measure()
	d.size = fileSize(d.path) + s.log
	w.damaged = append(w.damaged, d)
}

// removeOldest removes the oldest file: a damaged one, or else the oldest segment that is not the active one. It returns false when there is none,
// or it could not be removed.
func (w *Writer) removeOldest() bool {
	for i := range w.damaged {
		d := &w.damaged[i]
		err := d.remove()
		if err == nil {
			w.damaged = slices.Delete(w.damaged, i, i+1)
			return true
		}
		if !d.told { // it takes its place, and is tried again; others make room meanwhile
			d.told = true
			w.logger.Error("a damaged segment of recent flows could not be removed", "file", d.path, "error", err)
		}
	}
	if len(w.segments) == 0 || w.active != nil && w.segments[0] == w.active.segment {
		return false
	}
	s := w.segments[0]
	if err := s.remove(); err != nil {
		s.measure()
		w.logger.Error("a segment of recent flows could not be removed", "file", s.path, "error", err)
		return false
	}
	w.segments = w.segments[1:]
	w.mu.Lock()
	w.stats.Removed += uint64(s.sums.flows)
	w.mu.Unlock()
	return true
}
