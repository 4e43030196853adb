package world

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
)

// edition changes with what is in the databases, so that those of an older one are not used.
const edition = "1"

// Knowledge is the files that flows are enriched from, by their paths; an empty one is not there.
type Knowledge struct {
	City, ASN           string // databases in MaxMind's format
	Networks, Exporters string // lists of a user's own
}

// MakeDatabases makes the databases in a directory, unless they are there: about two million networks for the city, half a million for the
// autonomous system, IPv4 and IPv6, as those have that are sold and given away. That takes a minute or two and two gigabytes.
func MakeDatabases(ctx context.Context, directory string, log func(format string, args ...any)) (Knowledge, error) {
	d := Knowledge{City: filepath.Join(directory, "city-"+edition+".mmdb"), ASN: filepath.Join(directory, "asn-"+edition+".mmdb")}
	for _, db := range []struct {
		path, kind string
		fill       func(context.Context, *mmdbwriter.Tree) error
	}{{d.City, "World-City", fillCity}, {d.ASN, "World-ASN", fillASN}} {
		if _, err := os.Stat(db.path); err == nil {
			continue
		}
		log("making %s (once, a minute or two)", db.path)
		if err := write(db.path, db.kind, func(tree *mmdbwriter.Tree) error { return db.fill(ctx, tree) }); err != nil {
			return d, fmt.Errorf("unable to make %s: %w", db.path, err)
		}
	}
	return d, nil
}

func write(path, kind string, fill func(*mmdbwriter.Tree) error) (err error) {
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: kind, RecordSize: 28, Languages: languages[:]})
	if err != nil {
		return err
	}
	if err := fill(tree); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	w := bufio.NewWriterSize(f, 1<<20)
	_, err = tree.WriteTo(w)
	if err = errors.Join(err, w.Flush(), f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// each calls f with all networks that one is cut into, where so many bits more are left to tell them apart.
func each(base [16]byte, length, more, of int, f func(n *net.IPNet, i uint64) error) error {
	for i := range uint64(1) << more {
		ip := base
		for bit := range more {
			if i>>(more-1-bit)&1 == 1 {
				at := length + bit
				ip[at/8] |= 0x80 >> (at % 8)
			}
		}
		if err := f(&net.IPNet{IP: ip[:of/8], Mask: net.CIDRMask(length+more, of)}, i); err != nil {
			return err
		}
	}
	return nil
}

// allocations calls f with each /16 of IPv4 and each /26 of IPv6 that somebody has, and its number.
func allocations(ctx context.Context, f func(base [16]byte, length, of int, number uint64) error) error {
	for first := range 256 {
		for second := range 256 {
			if !public(first) {
				continue
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := f([16]byte{byte(first), byte(second)}, 16, 32, uint64(first)<<8|uint64(second)); err != nil {
				return err
			}
		}
	}
	for n := range 32 * 1024 { // of 2a00::/11
		if err := ctx.Err(); err != nil {
			return err
		}
		base := [16]byte{0x2a, byte(n >> 10), byte(n >> 2), byte(n << 6)}
		if err := f(base, 26, 128, 1<<16|uint64(n)); err != nil {
			return err
		}
	}
	return nil
}

// fillCity cuts an allocation into networks of a size of its own, each of which is in a city of the allocation's country.
func fillCity(ctx context.Context, tree *mmdbwriter.Tree) error {
	records := map[place]mmdbtype.DataType{}
	return allocations(ctx, func(base [16]byte, length, of int, number uint64) error {
		country := countryOf(number)
		more := [...]int{2, 2, 2, 4, 4, 4, 6, 6, 6, 7}[hash(saltCut, number)%10]
		if of == 128 {
			more /= 2
		}
		return each(base, length, more, of, func(n *net.IPNet, i uint64) error {
			at := place{country, skewed(hash(saltCity, number, i), citiesOf(country)), int(hash(saltPlace, number, i) % spots)}
			record := records[at]
			if record == nil {
				record = at.record()
				records[at] = record
			}
			return tree.Insert(n, record)
		})
	})
}

// systems is how many autonomous systems there are.
const systems = 75_000

// fillASN gives an allocation to one autonomous system, or cuts it up among many.
func fillASN(ctx context.Context, tree *mmdbwriter.Tree) error {
	return allocations(ctx, func(base [16]byte, length, of int, number uint64) error {
		more := [...]int{0, 0, 0, 0, 0, 4, 4, 4, 4, 5}[hash(saltCut, saltAS, number)%10]
		return each(base, length, more, of, func(n *net.IPNet, i uint64) error {
			as := skewed(hash(saltAS, number, i), systems)
			return tree.Insert(n, mmdbtype.Map{
				"autonomous_system_number":       mmdbtype.Uint32(1000 + as),
				"autonomous_system_organization": mmdbtype.String(organization(uint64(as))),
			})
		})
	})
}

func organization(as uint64) string {
	return name(saltAS, as) + [...]string{" Telecom", " Networks Ltd", " Internet Services GmbH", " Communications, Inc.", " University", " Hosting SA", "-NET"}[as%7]
}
