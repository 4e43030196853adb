package enrich

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"
)

// Options name the databases. An empty path turns one off.
type Options struct {
	City   string       // path of a City (or Country, Enterprise) database in MaxMind's format
	ASN    string       // path of an ASN (or ISP) database in MaxMind's format
	Logger *slog.Logger // nil is slog.Default()
}

// Databases are the open databases. Enrichers of several pipelines share them.
type Databases struct {
	city, asn *database
}

// Open opens the databases. One that is missing or damaged is logged and left out: flows without a place are better
// than no flows. Status says what was left out.
func Open(o Options) *Databases {
	logger := o.Logger
	if logger == nil {
		logger = slog.Default()
	}
	return &Databases{
		city: openDatabase("city", o.City, "ASN", logger),
		asn:  openDatabase("asn", o.ASN, "City", logger),
	}
}

// Close releases the files. No enricher may be in use.
func (d *Databases) Close() error { return errors.Join(d.city.close(), d.asn.close()) }

// Status describes one configured database.
type Status struct {
	Name   string    // "city" or "asn"
	Path   string    // the file
	Loaded bool      // the file could be opened
	Built  time.Time // when its content was made; zero when not loaded
	Errors uint64    // look-ups that failed because the file is damaged
	Error  string    // why it could not be opened
}

// Status describes the configured databases.
func (d *Databases) Status() []Status {
	var list []Status
	for _, db := range []*database{d.city, d.asn} {
		if db == nil {
			continue
		}
		s := Status{Name: db.name, Path: db.path, Loaded: db.reader != nil, Errors: db.failures.Load()}
		if db.err != nil {
			s.Error = db.err.Error()
		} else {
			s.Built = db.reader.Metadata.BuildTime()
		}
		list = append(list, s)
	}
	return list
}

// database is one file. A nil database is one that is not configured.
type database struct {
	name, path string
	reader     *maxminddb.Reader // nil when it could not be opened
	err        error
	failures   atomic.Uint64
	logger     *slog.Logger

	mu     sync.Mutex
	logged time.Time
}

// logEvery is how often failing look-ups are logged.
const logEvery = time.Minute

func openDatabase(name, path, other string, logger *slog.Logger) *database {
	if path == "" {
		return nil
	}
	db := &database{name: name, path: path, logger: logger}
	db.err = contain(func() error {
		r, err := maxminddb.Open(path)
		if err != nil {
			return err
		}
		if kind := r.Metadata.DatabaseType; strings.Contains(kind, other) {
			return errors.Join(fmt.Errorf("it is of type %s", kind), r.Close())
		}
		db.reader = r
		return nil
	})
	if db.err != nil {
		cause := db.err
		var pe *fs.PathError
		if errors.As(cause, &pe) {
			cause = pe.Err
		}
		db.err = fmt.Errorf("unable to use enrich.geoip.%s %s: %w", name, path, cause)
		logger.Error("flows are not enriched from this database", "database", name, "error", db.err)
		return db
	}
	logger.Info("database opened", "database", name, "path", path,
		"type", db.reader.Metadata.DatabaseType, "built", db.reader.Metadata.BuildTime().UTC().Format(time.DateOnly))
	return db
}

func (db *database) close() error {
	if db == nil || db.reader == nil {
		return nil
	}
	return db.reader.Close()
}

// find returns where the record of an address is. Zero means that there is none.
func (db *database) find(a netip.Addr) (offset uintptr) {
	if db == nil || db.reader == nil || a.Is6() && db.reader.Metadata.IPVersion == 4 {
		return 0
	}
	err := contain(func() error {
		r := db.reader.Lookup(a)
		if r.Found() {
			offset = r.Offset() + 1 // the first record is at 0
		}
		return r.Err()
	})
	if err != nil {
		db.failed(a, err)
		return 0
	}
	return offset
}

// decode reads the record that find found into v.
func (db *database) decode(a netip.Addr, offset uintptr, v any) bool {
	if offset == 0 {
		return false
	}
	if err := contain(func() error { return db.reader.LookupOffset(offset - 1).Decode(v) }); err != nil {
		db.failed(a, err)
		return false
	}
	return true
}

func (db *database) failed(a netip.Addr, err error) {
	n := db.failures.Add(1)
	db.mu.Lock()
	say := time.Since(db.logged) >= logEvery
	if say {
		db.logged = time.Now()
	}
	db.mu.Unlock()
	if say {
		db.logger.Error("database is damaged, replace it", "database", db.name, "path", db.path, "address", a.String(),
			"failed_lookups", n, "error", err)
	}
}

// contain turns a panic into an error. A damaged file may surprise its reader, and one that is cut short while it is
// mapped makes reads fault.
func contain(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("unreadable: %v", p)
		}
	}()
	return f()
}
