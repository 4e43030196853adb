package spool

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// files is the file system, so that tests can let it fail.
type files interface {
	create(path string) (file, error)
	read(path string, at int64, into []byte) error
	open(path string) (reader, error)
	readAll(path string) ([]byte, error)
	remove(path string) error
	syncDirectory(path string) error
}

// file is one that is appended to.
type file interface {
	io.Writer
	Truncate(size int64) error
	Seek(offset int64, whence int) (int64, error)
	Sync() error
	Close() error
}

// reader is a segment of an earlier process.
type reader interface {
	io.ReaderAt
	io.Closer
	Stat() (fs.FileInfo, error)
}

// disk is the real one.
type disk struct{}

func (disk) create(path string) (file, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}

func (disk) read(path string, at int64, into []byte) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = f.ReadAt(into, at)
	return err
}

func (disk) open(path string) (reader, error) {
	return os.Open(path)
}

func (disk) readAll(path string) ([]byte, error) {
	return os.ReadFile(path)
}

func (disk) remove(path string) error { return os.Remove(path) }

// syncDirectory makes the creation of a file in it outlive a power cut (fsync(2), "Notes").
func (disk) syncDirectory(path string) (err error) {
	d, err := os.Open(filepath.Clean(path))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) { // EINVAL: a file system that cannot
		return err
	}
	return nil
}
