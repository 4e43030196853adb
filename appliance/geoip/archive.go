package geoip

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
)

// Limits of sizes in bytes. The largest databases sold have a tenth of it; what is beyond is no database.
var (
	maxPublished int64 = 2 << 30 // of a file as it is published, often packed
	maxDatabase  int64 = 4 << 30 // of a database
)

// maxRatio is how many times larger than its packed form a database may be: these shrink to a half or a third. What is smaller than
// minBomb does no harm.
const (
	maxRatio = 50
	minBomb  = 16 << 20
)

// unpacked reads the database in a file as vendors publish it: the database itself, one packed by gzip, or the one in a packed archive.
type unpacked struct {
	io.Reader
	file *os.File
}

// Close closes the file.
func (u *unpacked) Close() error { return u.file.Close() }

// open opens a published file. What it contains tells how it is packed, not its name.
func open(name string) (*unpacked, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	reader, err := unpack(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &unpacked{reader, f}, nil
}

func unpack(f *os.File) (io.Reader, error) {
	switch info, err := f.Stat(); {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("it is not a file")
	case info.Size() > maxPublished:
		return nil, fmt.Errorf("it has %d bytes, more than %d", info.Size(), maxPublished)
	}
	packed := &counting{reader: f}
	plain := bufio.NewReader(packed)
	if !beginsWith(plain, 0, "\x1f\x8b") {
		switch {
		case beginsWith(plain, 0, "PK\x03\x04"), beginsWith(plain, 0, "\xfd7zXZ"), beginsWith(plain, 0, "BZh"):
			return nil, errors.New("it is packed in another way than gzip: unpack it first")
		case isTar(plain):
			return member(plain)
		}
		return &limited{reader: plain, packed: packed}, nil
	}
	gz, err := gzip.NewReader(plain)
	if err != nil {
		return nil, err
	}
	inner := bufio.NewReader(&limited{reader: gz, packed: packed})
	if isTar(inner) {
		return member(inner)
	}
	return inner, nil
}

// isTar knows POSIX archives by their magic (tar(5)).
func isTar(r *bufio.Reader) bool { return beginsWith(r, 257, "ustar") }

func beginsWith(r *bufio.Reader, at int, magic string) bool {
	start, _ := r.Peek(at + len(magic)) // shorter: it does not
	return len(start) == at+len(magic) && bytes.Equal(start[at:], []byte(magic))
}

// member finds the one database in an archive.
func member(r io.Reader) (io.Reader, error) {
	archive := tar.NewReader(r)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil, errors.New("there is no .mmdb file in the archive")
		}
		if err != nil {
			return nil, err
		}
		if isDatabase(header) {
			return &only{archive, archive, header.Name}, nil
		}
	}
}

// isDatabase leaves out what macOS adds beside a file, ._NAME.
func isDatabase(header *tar.Header) bool {
	return header.Typeflag == tar.TypeReg && strings.HasSuffix(header.Name, ".mmdb") && !strings.HasPrefix(path.Base(header.Name), ".")
}

// only reads a member of an archive, and then makes sure that there is no second one and that the archive is whole.
type only struct {
	io.Reader
	archive *tar.Reader
	name    string
}

func (o *only) Read(p []byte) (int, error) {
	n, err := o.Reader.Read(p)
	if !errors.Is(err, io.EOF) {
		return n, err
	}
	for {
		header, err := o.archive.Next()
		if err != nil { // io.EOF is the end of a whole one
			return n, err
		}
		if isDatabase(header) {
			return n, fmt.Errorf("there are two databases in the archive, %s and %s: unpack it first", o.name, header.Name)
		}
	}
}

// limited ends with an error when there is too much.
type limited struct {
	reader io.Reader
	packed *counting
	size   int64
}

func (l *limited) Read(p []byte) (int, error) {
	n, err := l.reader.Read(p)
	l.size += int64(n)
	switch {
	case l.size > maxDatabase:
		return 0, fmt.Errorf("unpacked it has more than %d bytes", maxDatabase)
	case l.size > minBomb && l.size > maxRatio*l.packed.size:
		return 0, fmt.Errorf("it unpacks to more than %d times its size: no database does", maxRatio)
	}
	return n, err
}

type counting struct {
	reader io.Reader
	size   int64
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.reader.Read(p)
	c.size += int64(n)
	return n, err
}
