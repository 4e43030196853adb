package output

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// lookEvery is how often a file of lines looks whether its name is still its own, and how long it waits after it could not be rotated.
const lookEvery = time.Second

const (
	// mostKept is the most renamed files that can be kept. Names with higher numbers are no renamed files.
	mostKept = 1000
	// maxLine bounds how far the beginning of a torn line is looked for: no document is as long.
	maxLine = 1 << 20
)

// lineFile is a file of lines that is appended to. It is begun anew when it reaches a size, and when somebody else renamed or removed it.
// Both happen between lines only. It belongs to one goroutine, but for Close.
type lineFile struct {
	path    string
	max     int64 // 0 is no bound
	keep    int
	failed  func(error) // told when the file cannot be rotated; it is written on
	mu      sync.Mutex  // for Close, while a write hangs or not
	file    *os.File
	size    int64
	endless bool // a pipe or a device, which does not grow
	middle  bool // the last write ended within a line
	looked  time.Time
	tryNext time.Time // when rotation is tried again after it failed
	closed  bool
}

// openLines opens the file, or makes it.
func openLines(path string, maxBytes int64, keep int, failed func(error)) (*lineFile, error) {
	l := &lineFile{path: path, max: maxBytes, keep: max(keep, 1), failed: failed}
	return l, l.open()
}

func (l *lineFile) open() error {
	flags := os.O_WRONLY | os.O_APPEND | os.O_CREATE
	if info, err := os.Stat(l.path); err == nil && info.Mode()&fs.ModeNamedPipe != 0 {
		flags |= syscall.O_NONBLOCK // opening would wait for somebody who reads
	}
	f, err := os.OpenFile(l.path, flags, 0o640) //nolint:gosec // G302, G304: the operator names the file and reads it by group.
	if errors.Is(err, syscall.ENXIO) {
		return fmt.Errorf("%s: nobody reads from this pipe", l.path)
	}
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	l.file, l.size, l.looked = f, info.Size(), time.Now()
	if l.endless = !info.Mode().IsRegular(); l.endless {
		l.max = 0
		return nil
	}
	return l.mend()
}

// bound sets the bounds that hold from the next line on, and who is told when the file cannot be rotated.
func (l *lineFile) bound(maxBytes int64, keep int, failed func(error)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.max, l.keep, l.failed = maxBytes, max(keep, 1), failed
	if l.endless {
		l.max = 0
	}
}

// mend takes away a line without an end, which a full disk or a kill left: the next one would be appended to it. It never counted as written.
// What is no document is somebody else's, and only ended.
func (l *lineFile) mend() error {
	at, first := tornLine(l.path, l.size)
	if at == l.size {
		return nil
	}
	if first == '{' && l.file.Truncate(at) == nil {
		l.size = at
		return nil
	}
	n, err := l.file.Write([]byte{'\n'})
	l.size += int64(n)
	if err != nil {
		return errors.Join(err, l.release())
	}
	return nil
}

// tornLine returns where the line that has no end begins, and its first octet. Where there is none, or the file cannot be read, it is the size.
func tornLine(path string, size int64) (at int64, first byte) {
	f, err := os.Open(path)
	if err != nil {
		return size, 0
	}
	defer func() { _ = f.Close() }() // nothing was written
	block := make([]byte, 64<<10)
	for at = size; at > 0 && size-at < maxLine; {
		block = block[:min(at, int64(len(block)))]
		if _, err := f.ReadAt(block, at-int64(len(block))); err != nil {
			return size, 0
		}
		i := bytes.LastIndexByte(block, '\n')
		at -= int64(len(block) - i - 1)
		if i+1 < len(block) {
			first = block[i+1]
		}
		if i >= 0 {
			return at, first
		}
	}
	if at > 0 { // longer than any document
		first = 0
	}
	return at, first
}

// removeBeyond removes files of a rotation that kept more.
func (l *lineFile) removeBeyond() error {
	list, err := os.ReadDir(filepath.Dir(l.path))
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range list {
		text, ok := strings.CutPrefix(e.Name(), filepath.Base(l.path)+".")
		i, err := strconv.Atoi(text)
		if ok && err == nil && i > l.keep && i <= mostKept && e.Type().IsRegular() && l.name(i) == l.path+"."+text {
			errs = append(errs, os.Remove(l.name(i)))
		}
	}
	return errors.Join(errs...)
}

// undo takes back the first n octets of a line that could not be written to its end. It returns false when that cannot be done.
func (l *lineFile) undo(n int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil || !l.middle || l.file.Truncate(l.size-int64(n)) != nil {
		return false
	}
	l.size -= int64(n)
	l.middle = false
	return true
}

// Write appends lines. It returns how many bytes are written when it fails; the next call goes on with the rest.
func (l *lineFile) Write(p []byte) (n int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for n < len(p) {
		if l.closed {
			return n, fs.ErrClosed
		}
		if !l.middle {
			if err := l.turn(p[n:]); err != nil {
				return n, err
			}
		}
		part := p[n : n+l.fitting(p[n:])]
		k, err := l.file.Write(part)
		n += k
		l.size += int64(k)
		if k > 0 {
			l.middle = part[k-1] != '\n'
		}
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// fitting returns how many bytes of p go into the file: the rest of a line that is begun, or as many lines as fit, and at least one.
func (l *lineFile) fitting(p []byte) int {
	first := bytes.IndexByte(p, '\n') + 1
	room := l.max - l.size
	switch {
	case first == 0:
		return len(p)
	case l.middle:
		return first
	case l.max == 0, int64(len(p)) <= room, time.Now().Before(l.tryNext):
		return len(p)
	case room < int64(first):
		return first
	default:
		return bytes.LastIndexByte(p[:room], '\n') + 1
	}
}

// turn begins a new file if the next line does not fit, or if the file is no longer the one of its name.
func (l *lineFile) turn(p []byte) error {
	first := bytes.IndexByte(p, '\n') + 1
	now := time.Now()
	full := func() bool {
		return l.max > 0 && l.size > 0 && l.size+int64(first) > l.max && !now.Before(l.tryNext)
	}
	if l.file != nil && (full() || now.Sub(l.looked) >= lookEvery) {
		l.looked = now
		if !l.ours() {
			if err := l.release(); err != nil {
				return err
			}
		}
	}
	if l.file != nil && full() {
		// Renamed first: the file stays open, and is written on, when that fails.
		if err := l.shift(); err != nil {
			l.tryNext = now.Add(lookEvery)
			l.failed(err)
			return nil
		}
		if err := l.release(); err != nil {
			return err
		}
	}
	if l.file == nil {
		return l.open()
	}
	return nil
}

// ours says whether the name still stands for the file that is open.
func (l *lineFile) ours() bool {
	at, err := os.Stat(l.path)
	if errors.Is(err, fs.ErrNotExist) {
		return false
	}
	mine, merr := l.file.Stat()
	if err == nil && merr == nil && os.SameFile(at, mine) {
		l.size = mine.Size() // somebody may have emptied it
		return true
	}
	return err != nil || merr != nil // what cannot be looked at is written on
}

func (l *lineFile) release() error {
	f := l.file
	l.file = nil
	return f.Close()
}

// shift renames path to .1, .1 to .2 and so on up to the first name that is free, or over the oldest file. So an attempt that failed half-way
// pushes nothing out when it is made again.
func (l *lineFile) shift() error {
	free := 1
	for free < l.keep {
		if _, err := os.Lstat(l.name(free)); errors.Is(err, fs.ErrNotExist) {
			break
		}
		free++
	}
	for ; free > 0; free-- {
		if err := os.Rename(l.name(free-1), l.name(free)); err != nil {
			return err
		}
	}
	return nil
}

func (l *lineFile) name(i int) string {
	if i == 0 {
		return l.path
	}
	return fmt.Sprintf("%s.%d", l.path, i)
}

// Close ends the file.
func (l *lineFile) Close() error {
	// A write to a pipe that nobody reads cannot be waited for; the end of the process closes it.
	if !l.mu.TryLock() {
		return nil
	}
	defer l.mu.Unlock()
	l.closed = true
	if l.file == nil {
		return nil
	}
	return l.release()
}
