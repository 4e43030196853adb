package enrich

import (
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/yamlfile"
)

// logEvery is how often what lasts is logged again: failing look-ups, and a file that keeps changing and keeps being of no use.
const logEvery = time.Minute

// Status describes a configured source of what is added.
type Status struct {
	Name     string    // city, asn, networks, exporters, applications or as
	Database bool      // it is in MaxMind's format, with Type and Built; else it is a file with Entries
	Path     string    // the file
	Loaded   bool      // something of it is in use
	Stale    bool      // that is of before: the file of now is missing or has mistakes
	Error    string    // why it is not in use; empty when all is well
	Type     string    // of the database, by its own account
	Built    time.Time // when the content of the database was made; zero when nothing is loaded
	Modified time.Time // of the file in use; zero when nothing is loaded
	Entries  int       // of the file in use
	Errors   uint64    // look-ups that failed because the database is damaged
	Reloads  uint64    // times that the file was loaded, the first one included
	Failures uint64    // times that it could not be
}

// content is what a source has loaded.
type content struct {
	value   any
	kind    string
	built   time.Time
	entries int
}

// source is a file that is watched. Its loads are under the lock of the Set.
type source struct {
	name, setting, path string
	database            bool
	load                func(*source) (content, error)
	install             func(*snapshot, any) // the value, or nil
	logger              *slog.Logger

	stamp    fs.FileInfo // of the file at the last try; nil when there was none
	retry    bool        // the file could not be read: it may be readable without a change
	inUse    fs.FileInfo // of what is loaded
	value    any         // what is loaded; nil for nothing
	lastText string      // logged last
	lastTime time.Time

	mu       sync.Mutex // guards what Status shows
	status   Status
	failures atomic.Uint64
	logged   atomic.Int64 // when failing look-ups were logged last, Unix nanoseconds
}

// unreadable marks an error about a file that was not looked into.
type unreadable struct{ error }

func (e unreadable) Unwrap() error { return e.error }

// refresh loads the file if it is another one than at the last try, or if it must. It returns whether the value changed.
func (s *source) refresh(must bool) bool {
	info, err := os.Stat(s.path)
	if err != nil {
		info = nil
	}
	if !must && !s.retry && same(s.stamp, info) {
		return false
	}
	s.stamp = info
	var c content
	if err = regular(s.path); err == nil {
		c, err = s.load(s)
	} else {
		err = unreadable{err}
	}
	_, s.retry = err.(unreadable) //nolint:errorlint // never wrapped.
	if err == nil {
		s.took(c, info)
		s.value = c.value
		return true
	}
	dropped := s.refused(err, info)
	if dropped {
		s.value = nil
	}
	return dropped
}

// same tells whether two looks at a path saw the same file.
func same(a, b fs.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

func (s *source) took(c content, info fs.FileInfo) {
	s.inUse, s.lastText = info, ""
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status.Loaded, s.status.Stale, s.status.Error = true, false, ""
	s.status.Type, s.status.Built, s.status.Entries = c.kind, c.built, c.entries
	if info != nil {
		s.status.Modified = info.ModTime()
	}
	s.status.Reloads++
	attrs := []any{"setting", s.setting, "path", s.path}
	if s.database {
		attrs = append(attrs, "type", c.kind, "built", c.built.UTC().Format(time.DateOnly))
	} else {
		attrs = append(attrs, "entries", c.entries)
	}
	s.logger.Info("what is added to flows was loaded", attrs...)
}

// refused keeps what was loaded, unless it was overwritten where it lies: a mapped file is no longer what it was then. One that cannot be read
// for now says nothing about that. It returns whether what is in use changed.
func (s *source) refused(err error, info fs.FileInfo) (dropped bool) {
	err = fmt.Errorf("unable to use %s %s: %w", s.setting, s.path, err)
	overwritten := s.database && !s.retry && s.inUse != nil && info != nil && os.SameFile(s.inUse, info) && !same(s.inUse, info)
	s.mu.Lock()
	s.status.Failures++
	s.status.Error = err.Error()
	if overwritten {
		dropped = s.status.Loaded
		s.status.Loaded, s.status.Type, s.status.Built, s.status.Modified = false, "", time.Time{}, time.Time{}
		s.inUse = nil
	}
	s.status.Stale = s.status.Loaded
	stale := s.status.Stale
	s.mu.Unlock()
	if now := time.Now(); err.Error() != s.lastText || now.Sub(s.lastTime) >= logEvery {
		s.lastText, s.lastTime = err.Error(), now
		message := "flows go on without this"
		if stale {
			message = "flows go on with what was loaded before"
		}
		s.logger.Error(message, "setting", s.setting, "error", err)
	}
	return dropped
}

// show returns the status.
func (s *source) show() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	status := s.status
	status.Name, status.Database, status.Path, status.Errors = s.name, s.database, s.path, s.failures.Load()
	return status
}

// failed counts a look-up that failed, and logs a sample.
func (s *source) failed(a netip.Addr, err error) {
	n := s.failures.Add(1)
	now, before := time.Now().UnixNano(), s.logged.Load()
	if (before == 0 || now-before >= int64(logEvery)) && s.logged.CompareAndSwap(before, now) {
		s.logger.Error("database is damaged, replace it", "setting", s.setting, "path", s.path, "address", a.String(), "failed_lookups", n, "error", err)
	}
}

// databaseSource is a source in MaxMind's format.
func databaseSource(name, path string, u use, install func(*snapshot, any)) *source {
	return &source{
		name: name, setting: "enrich.geoip." + name, path: path, database: true, install: install,
		load: func(s *source) (content, error) {
			db, err := openDatabase(s.path, u, s.failed)
			if err != nil {
				return content{}, err
			}
			m := db.reader.Metadata
			return content{value: db, kind: m.DatabaseType, built: m.BuildTime()}, nil
		},
	}
}

// fileSource is a source that people write.
func fileSource[T any](name, path string, parse func(file string, data []byte) (T, yamlfile.Errors), entries func(T) int, install func(*snapshot, any)) *source {
	return &source{
		name: name, setting: "enrich." + name + "_file", path: path, install: install,
		load: func(s *source) (content, error) {
			data, err := ReadFile(s.path)
			if err != nil {
				return content{}, unreadable{err}
			}
			value, mistakes := parse(s.path, data)
			if mistakes != nil {
				return content{}, summary(mistakes)
			}
			return content{value: value, entries: entries(value)}, nil
		},
	}
}

// summary is the first mistake of a file, without its name, which the caller has, and how many more there are.
func summary(mistakes yamlfile.Errors) error {
	one := *mistakes[0]
	one.File = ""
	switch more := len(mistakes) - 1; more {
	case 0:
		return &one
	case 1:
		return fmt.Errorf("%w (and 1 more mistake)", &one)
	default:
		return fmt.Errorf("%w (and %d more mistakes)", &one, more)
	}
}
