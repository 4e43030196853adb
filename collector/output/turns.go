package output

import (
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// lineOut is a file of lines, or standard output, shared by all of the process that append to it: when settings change, a sink and its heir have the
// same one open for a while. They take turns, and a turn ends between lines: neither tears, mends or takes back a line of the other.
type lineOut struct {
	path   string
	turn   chan struct{} // holds a token while somebody writes
	out    io.Writer
	file   *lineFile     // nil for standard output
	users  int           // guarded by lineOuts
	pieces atomic.Uint64 // what was written so far, for who waits to see that it goes on
	torn   bool          // who wrote last gave up within a line. Of who has the turn
}

// lineOuts are those that are open, by path.
var lineOuts struct {
	sync.Mutex
	open map[string]*lineOut
}

// openLineOut opens a file for lines, "-" for standard output, or joins those who have it open.
func openLineOut(path string, failed func(error)) (*lineOut, error) {
	if path != "-" {
		path = filepath.Clean(path)
	}
	lineOuts.Lock()
	defer lineOuts.Unlock()
	if l := lineOuts.open[path]; l != nil {
		l.users++
		return l, nil
	}
	l := &lineOut{path: path, turn: make(chan struct{}, 1), out: os.Stdout, users: 1}
	if path != "-" {
		var err error
		if l.file, err = openLines(path, 0, 1, failed); err != nil {
			return nil, err
		}
		l.out = l.file
	}
	if lineOuts.open == nil {
		lineOuts.open = map[string]*lineOut{}
	}
	lineOuts.open[path] = l
	return l, nil
}

// take waits for the turn. Every now and then it calls wait, if any, with whether something was written meanwhile, and gives up when that returns
// false. The bounds of who has the turn apply to the file.
func (l *lineOut) take(maxBytes int64, keep int, failed func(error), wait func(progress bool) bool) bool {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	seen := l.pieces.Load()
	for {
		select {
		case l.turn <- struct{}{}:
			if l.file != nil {
				l.file.bound(maxBytes, keep, failed)
			}
			return true
		case <-tick.C:
			now := l.pieces.Load()
			if wait != nil && !wait(now != seen) {
				return false
			}
			seen = now
		}
	}
}

// give ends the turn.
func (l *lineOut) give() { <-l.turn }

// Write implements io.Writer. It ends a torn line first.
func (l *lineOut) Write(p []byte) (int, error) {
	if l.torn {
		if _, err := l.out.Write([]byte{'\n'}); err != nil {
			return 0, err
		}
		l.torn = false
	}
	n, err := l.out.Write(p)
	l.pieces.Add(1)
	return n, err
}

// undo takes back the first n octets of a line, or remembers that the line is torn and returns false.
func (l *lineOut) undo(n int) bool {
	l.torn = l.file == nil || !l.file.undo(n)
	return !l.torn
}

// Close closes the file after its last user. It is called by those who do not write any more.
func (l *lineOut) Close() error {
	lineOuts.Lock()
	defer lineOuts.Unlock()
	if l.users--; l.users > 0 {
		return nil
	}
	delete(lineOuts.open, l.path)
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}
