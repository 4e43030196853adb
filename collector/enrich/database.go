package enrich

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"runtime/debug"
	"syscall"

	"github.com/oschwald/maxminddb-golang/v2"
)

// database is an open .mmdb file. It does not change; a newer file makes a new one.
//
// The file is mapped, not read: of a City database of 60 MB and more only the pages in use take memory, and the kernel may take them back.
// The mapping goes when the garbage collector finds that no snapshot has the database any more (maxminddb.Open ties it to the Reader), so
// that nothing reads what is unmapped, and nobody has to count who reads.
type database struct {
	reader *maxminddb.Reader
	flat   bool // IPinfo's records: texts by name. Else MaxMind's: maps by language
	failed func(a netip.Addr, err error)
}

// use says what a database is for.
type use uint8

const (
	places  use = iota // enrich.geoip.city
	systems            // enrich.geoip.asn
)

func (u use) String() string { return [...]string{"places", "autonomous systems"}[u] }

// Bounds of what is looked at before a database is used.
const (
	sampleNetworks = 4096 // networks from the start of the tree
	sampleRecords  = 256  // records decoded of them
)

// openDatabase opens a file and tries it out, so that a damaged one is not used in place of one that works. The error is an unreadable when
// the file was not looked into.
func openDatabase(path string, u use, failed func(netip.Addr, error)) (*database, error) {
	var db *database
	err := contain(func() error {
		r, err := maxminddb.Open(path)
		if err != nil {
			return err
		}
		db = &database{reader: r, failed: failed}
		return db.try(u)
	})
	if err == nil {
		return db, nil
	}
	if db != nil {
		err = errors.Join(err, db.reader.Close()) // nobody has it yet
	}
	refused := syscall.Errno(0) // by the system, which may let it be read later, without a change
	unread := db == nil && errors.As(err, &refused)
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		err = pe.Err
	}
	if unread {
		err = unreadable{err}
	}
	return nil, err
}

// try looks up a sample, finds out which layout records have, and returns an error when they are damaged or of no use. Everything is asked
// for that the library leaves out otherwise, so that its walk gets to the bounds soon in whatever tree there is.
func (db *database) try(u use) error {
	kind := db.reader.Metadata.DatabaseType
	networks, records, useful := 0, 0, 0
	look := func(r maxminddb.Result) error {
		if err := r.Err(); err != nil {
			return fmt.Errorf("it is damaged: %w", err)
		}
		if !r.Found() {
			return nil
		}
		var shape shape
		if err := r.Decode(&shape); err != nil {
			return fmt.Errorf("it is damaged at %s: %w", r.Prefix(), err)
		}
		if records == 0 || !db.flat {
			db.flat = shape.flat()
		}
		records++
		if shape.has(u) {
			useful++
		}
		return nil
	}
	for r := range db.reader.Networks(maxminddb.IncludeNetworksWithoutData(), maxminddb.IncludeAliasedNetworks()) {
		if networks++; networks > sampleNetworks || records >= sampleRecords {
			break
		}
		if err := look(r); err != nil {
			return err
		}
	}
	for i := range 256 { // and all over the tree
		for _, a := range []netip.Addr{netip.AddrFrom4([4]byte{byte(i), byte(i), 1, 1}), netip.AddrFrom16([16]byte{0x20 | byte(i)>>7, byte(i), byte(i)})} {
			if a.Is6() && db.reader.Metadata.IPVersion == 4 {
				continue
			}
			if err := look(db.reader.Lookup(a)); err != nil {
				return err
			}
		}
	}
	switch {
	case records == 0:
		return fmt.Errorf("it is of type %s and has no records", kind)
	case useful == 0:
		return fmt.Errorf("it is of type %s, which has no %s", kind, u)
	}
	// Records are read as texts or as maps; the first ones may have nothing that tells.
	var trial found
	for i := range 256 {
		r := db.reader.Lookup(netip.AddrFrom4([4]byte{byte(i), byte(i), 1, 1}))
		if err := db.decode(r, u, &trial); err != nil {
			return fmt.Errorf("it is of type %s, whose records cannot be read: %w", kind, err)
		}
	}
	return nil
}

// find adds what the database knows about an address to f.
func (db *database) find(a netip.Addr, u use, f *found) {
	if db == nil || a.Is6() && db.reader.Metadata.IPVersion == 4 {
		return
	}
	if err := contain(func() error { return db.decode(db.reader.Lookup(a), u, f) }); err != nil {
		db.failed(a, err)
	}
}

func (db *database) decode(r maxminddb.Result, u use, f *found) error {
	if err := r.Err(); err != nil || !r.Found() {
		return err
	}
	switch {
	case db.flat:
		f.flat = flatRecord{}
		if err := r.Decode(&f.flat); err != nil {
			return err
		}
		f.addFlat(&f.flat, u)
	case u == systems:
		f.asn = asnRecord{}
		if err := r.Decode(&f.asn); err != nil {
			return err
		}
		f.addSystem(f.asn.asnFields, f.asn.Traits)
	default:
		f.city.reset()
		if err := r.Decode(&f.city); err != nil {
			return err
		}
		f.geo = f.city.geo()
		f.addSystem(f.city.Traits)
	}
	return nil
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

// regular refuses what is no file to read: opening a pipe would wait for its other end.
func regular(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
			err = pe.Err
		}
		return err
	}
	switch {
	case info.IsDir():
		return errors.New("it is a directory")
	case !info.Mode().IsRegular():
		return errors.New("it is a device, a pipe or a socket, not a file")
	}
	return nil
}
