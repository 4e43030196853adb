package geoip

import (
	"errors"
	"fmt"
	"net/netip"
	"runtime/debug"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"
)

// Bounds of the records that tell what a database is about.
const (
	sampleNetworks = 1 << 16
	sampleRecords  = 2048
)

// aheadOfTime is how far in the future a database may have been made: clocks differ.
const aheadOfTime = 7 * 24 * time.Hour

// check reads a whole database: it must be sound in every part, and of the kind. It returns what the database says of itself.
func check(path string, kind Kind, now time.Time) (info Info, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil { // a damaged file may surprise its reader
			err = fmt.Errorf("it is damaged: %v", p)
		}
	}()
	db, err := maxminddb.Open(path)
	if err != nil {
		return Info{}, fmt.Errorf("it is not a database in MaxMind's format: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	info.Type = db.Metadata.DatabaseType
	if info.Built, err = builtAt(uint64(db.Metadata.BuildEpoch)); err != nil {
		return Info{}, err
	}
	if info.Built.After(now.Add(aheadOfTime)) {
		return Info{}, fmt.Errorf("it was made on %s, which is not yet: is the clock of this machine right?", info.Built.Format(time.DateOnly))
	}
	if err := sample(db, kind); err != nil {
		return Info{}, err
	}
	if len(db.Metadata.Description) == 0 { // Verify asks for one, readers do not: databases that people make themselves often have none
		db.Metadata.Description = map[string]string{"en": info.Type}
	}
	if err := db.Verify(); err != nil {
		return Info{}, fmt.Errorf("it is damaged: %w", err)
	}
	return info, nil
}

// sample looks into records from the beginning of the tree and from all over it.
func sample(db *maxminddb.Reader, kind Kind) error {
	var seen contents
	look := func(r maxminddb.Result) error {
		if err := r.Err(); err != nil {
			return fmt.Errorf("it is damaged: %w", err)
		}
		if !r.Found() {
			return nil
		}
		var record record
		if err := r.Decode(&record); err != nil {
			return fmt.Errorf("it is damaged at %s: %w", r.Prefix(), err)
		}
		seen.add(&record)
		return nil
	}
	networks := 0
	for r := range db.Networks() {
		if networks++; networks > sampleNetworks || seen.records >= sampleRecords {
			break
		}
		if err := look(r); err != nil {
			return err
		}
	}
	for i := range 256 {
		addresses := []netip.Addr{netip.AddrFrom4([4]byte{byte(i), byte(i), 1, 1})}
		if db.Metadata.IPVersion == 6 {
			addresses = append(addresses, netip.AddrFrom16([16]byte{0x20 | byte(i)>>7, byte(i), byte(i)}))
		}
		for _, address := range addresses {
			if err := look(db.Lookup(address)); err != nil {
				return err
			}
		}
	}
	return seen.are(kind, db.Metadata.DatabaseType)
}

// record has the members that tell databases of MaxMind, DB-IP and IPinfo apart; docs/enrichment.md names them.
type record struct {
	City         any `maxminddb:"city"`
	Subdivisions any `maxminddb:"subdivisions"`
	Region       any `maxminddb:"region"`
	Location     any `maxminddb:"location"`
	Loc          any `maxminddb:"loc"`
	Lat          any `maxminddb:"lat"`
	Latitude     any `maxminddb:"latitude"`

	Country     any `maxminddb:"country"`
	CountryCode any `maxminddb:"country_code"`
	CountryName any `maxminddb:"country_name"`
	Registered  any `maxminddb:"registered_country"`
	Continent   any `maxminddb:"continent"`

	ASN          any `maxminddb:"asn"`
	Number       any `maxminddb:"autonomous_system_number"`
	Organization any `maxminddb:"autonomous_system_organization"`
	Traits       struct {
		Number any `maxminddb:"autonomous_system_number"`
	} `maxminddb:"traits"`
}

// contents are what was seen in records.
type contents struct {
	records                  int
	cities, countries, owner bool
}

func (c *contents) add(r *record) {
	c.records++
	c.cities = c.cities || some(r.City, r.Subdivisions, r.Region, r.Location, r.Loc, r.Lat, r.Latitude)
	// The country alone beside an asn is where the owner of the system is, not the address.
	c.countries = c.countries || some(r.CountryCode, r.CountryName, r.Registered, r.Continent) || r.Country != nil && r.ASN == nil
	c.owner = c.owner || some(r.ASN, r.Number, r.Organization, r.Traits.Number)
}

func some(members ...any) bool {
	for _, v := range members {
		if v != nil {
			return true
		}
	}
	return false
}

// are returns an error when these are not the contents of a database of the kind.
func (c *contents) are(kind Kind, name string) error {
	has := map[Kind]bool{City: c.cities, Country: c.countries && !c.cities, ASN: c.owner}
	if has[kind] {
		return nil
	}
	if c.records == 0 {
		return fmt.Errorf("it is of type %q and has no records", name)
	}
	for _, other := range []Kind{City, Country, ASN} {
		if has[other] {
			return fmt.Errorf("it is of type %q, which is of kind %s, not %s", name, other, kind)
		}
	}
	return fmt.Errorf("it is of type %q, which has neither places nor autonomous systems", name)
}
