// Package geoiptest makes databases and servers of databases for tests.
package geoiptest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
)

// Names of types of databases, as vendors give them.
const (
	City    = "GeoLite2-City"
	Country = "GeoLite2-Country"
	ASN     = "GeoLite2-ASN"
)

// Record is what a database has about an address.
type Record = mmdbtype.Map

func named(name string) Record { return Record{"names": Record{"en": mmdbtype.String(name)}} }

// Place is the record of a city database for a city in Austria.
func Place(city string) Record {
	return Record{"city": named(city), "country": austria(), "location": Record{"latitude": mmdbtype.Float64(47.5), "longitude": mmdbtype.Float64(9.75)}}
}

func austria() Record {
	return Record{"iso_code": mmdbtype.String("AT"), "names": named("Austria")["names"]}
}

// Records are those of the databases whose type is named here.
func Records(kind string) Record {
	switch kind {
	case City:
		return Place("Bregenz")
	case Country:
		return Record{"country": austria()}
	case ASN:
		return Record{"autonomous_system_number": mmdbtype.Uint32(64500), "autonomous_system_organization": mmdbtype.String("Example Hosting")}
	}
	return nil
}

// Database makes one of a type; nil records are those of the type. All addresses of 192.0.2.0/24, 203.0.113.0/24 and 2001:db8::/32 have the record.
func Database(t testing.TB, kind string, built time.Time, record Record) []byte {
	t.Helper()
	if record == nil {
		record = Records(kind)
	}
	tree := newTree(t, kind, built)
	for _, network := range []string{"192.0.2.0/24", "203.0.113.0/24", "2001:db8::/32"} {
		insert(t, tree, network, record)
	}
	return written(t, tree)
}

func newTree(t testing.TB, kind string, built time.Time) *mmdbwriter.Tree {
	t.Helper()
	tree, err := mmdbwriter.New(mmdbwriter.Options{
		DatabaseType: kind, BuildEpoch: built.Unix(), IncludeReservedNetworks: true, Languages: []string{"en"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func insert(t testing.TB, tree *mmdbwriter.Tree, network string, record Record) {
	t.Helper()
	_, n, err := net.ParseCIDR(network)
	if err == nil {
		err = tree.Insert(n, record)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func written(t testing.TB, tree *mmdbwriter.Tree) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := tree.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Large is a Database with that many bytes at least: each of many networks has a record of its own.
func Large(t testing.TB, kind string, built time.Time, size int) []byte {
	t.Helper()
	const text = 1 << 10 // bytes of a record
	tree := newTree(t, kind, built)
	for i := range size/text + 1 {
		record := Record{}
		maps.Copy(record, Records(kind))
		record["note"] = mmdbtype.String(fmt.Sprintf("%08d", i) + strings.Repeat("x", text))
		insert(t, tree, fmt.Sprintf("198.18.%d.%d/32", i/256%256, i%256), record)
	}
	return written(t, tree)
}

// Gzip packs content.
func Gzip(t testing.TB, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Archive packs a database as MaxMind does, in a folder with texts beside it. More are names of other members, each with the database.
func Archive(t testing.TB, kind string, database []byte, more ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	add := func(name string, content []byte) {
		t.Helper()
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(content))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	folder := kind + "_20260101/"
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: folder, Mode: 0o755}); err != nil {
		t.Fatal(err)
	}
	add(folder+"COPYRIGHT.txt", []byte("Database and Contents Copyright\n"))
	if database != nil {
		add(folder+"._"+kind+".mmdb", []byte("what macOS adds"))
		add(folder+kind+".mmdb", database)
	}
	for _, name := range more {
		add(name, database)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return Gzip(t, b.Bytes())
}

// Digest is the SHA-256 of content in hexadecimal digits.
func Digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// Checksum is what sha256sum writes about content in a file of this name.
func Checksum(content []byte, name string) string {
	return fmt.Sprintf("%s  %s\n", Digest(content), name)
}
