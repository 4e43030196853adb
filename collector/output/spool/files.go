package spool

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// files are those of one directory, by their names in it, so that tests can let them fail.
type files interface {
	create(name string) (file, error)
	read(name string, at int64, into []byte) error
	open(name string) (reader, error)
	readAll(name string) ([]byte, error)
	remove(name string) error
	list() ([]fs.DirEntry, error)
	// there tells whether a file has its name still.
	there(name string) (bool, error)
	// syncDirectory makes the creation of a file outlive a power cut (fsync(2), "Notes").
	syncDirectory() error
}

// file is one that is appended to.
type file interface {
	io.Writer
	io.ReaderAt
	Truncate(size int64) error
	Seek(offset int64, whence int) (int64, error)
	Stat() (fs.FileInfo, error)
	Sync() error
	Close() error
}

// reader is a segment of an earlier process.
type reader interface {
	io.ReaderAt
	io.Closer
	Stat() (fs.FileInfo, error)
}

// disk is the real one: a directory that is held open, so that it is the same wherever it is moved.
type disk struct{ root *os.Root }

func (d disk) create(name string) (file, error) {
	return d.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
}

func (d disk) read(name string, at int64, into []byte) (err error) {
	f, err := d.root.Open(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = f.ReadAt(into, at)
	return err
}

func (d disk) open(name string) (reader, error) { return d.root.Open(name) }

func (d disk) readAll(name string) ([]byte, error) { return d.root.ReadFile(name) }

func (d disk) remove(name string) error { return d.root.Remove(name) }

// list returns them in the order of their names.
func (d disk) list() ([]fs.DirEntry, error) { return fs.ReadDir(d.root.FS(), ".") }

func (d disk) there(name string) (bool, error) {
	_, err := d.root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

func (d disk) syncDirectory() (err error) {
	f, err := d.root.Open(".")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := f.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) { // EINVAL: a file system that cannot
		return err
	}
	return nil
}
