package recent

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"
)

// A segment that is found to be damaged when it is to be sealed does not end the process.
func TestDamageFoundWhenSealing(t *testing.T) {
	w := newWriter(t, t.TempDir(), nil)
	for i := range 3 {
		put(t, w, bulk(rand.New(rand.NewPCG(1, 20)), 100*i, 100))
		w.seal()
	}
	s := w.segments[1]
	if err := os.WriteFile(s.path, make([]byte, 4*pageSize), 0o600); err != nil {
		t.Fatal(err)
	}
	s.open = true
	w.Tick()
	if got := w.Stats(); got.Damaged != 1 || got.Segments != 2 || got.Flows != 200 {
		t.Errorf("%+v", got)
	}
}

// After Close the directory may be another writer's: nothing of it is touched.
func TestNothingIsWrittenAfterClose(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 21))
	w := newWriter(t, t.TempDir(), func(o *Options) { o.Keep = time.Nanosecond })
	put(t, w, bulk(r, 0, 10))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	before := w.Stats()
	if n, docs, err := w.Append(lines(bulk(r, 10, 10))); n != 0 || docs != 0 || !errors.Is(err, os.ErrClosed) {
		t.Errorf("%d octets, %d flows, %v", n, docs, err)
	}
	w.Tick()
	if got := w.Stats(); got != before {
		t.Errorf("%+v after %+v", got, before)
	}
}

// Bounds change at once, also while a disk hangs, which holds work.
func TestChangeDoesNotWaitForTheDisk(t *testing.T) {
	w := newWriter(t, t.TempDir(), nil)
	w.work.Lock()
	defer w.work.Unlock()
	w.Change(2*LeastBytes, time.Minute)
	if s := w.Stats(); s.Limit != 2*LeastBytes || s.Keep != time.Minute {
		t.Errorf("%+v", s)
	}
}

func TestRelativeDirectory(t *testing.T) {
	folder := t.TempDir()
	t.Chdir(folder)
	w := newWriter(t, filepath.Join(folder, "recent"), nil)
	put(t, w, bulk(rand.New(rand.NewPCG(1, 22)), 0, 10))
	got, err := Open("recent").Search(t.Context(), Query{Budget: time.Hour})
	if err != nil || got.Partial || len(got.Flows) != 10 {
		t.Errorf("%d flows, %v, %v", len(got.Flows), got.Problem, err)
	}
}

// openFiles is how many files of a directory this process has open.
func openFiles(t *testing.T, directory string) (n int) {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if to, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && filepath.Dir(to) == directory {
			n++
		}
	}
	return n
}

// However many segments a store has, a search has one of them open.
func TestSearchOpensOneSegmentAtATime(t *testing.T) {
	directory := t.TempDir()
	w := newWriter(t, directory, nil)
	for i := range 20 {
		put(t, w, bulk(rand.New(rand.NewPCG(1, 23)), 100*i, 100))
		w.seal()
	}
	before := openFiles(t, directory)
	for _, order := range []Order{Newest, Octets} {
		most := 0
		q := Query{Order: order, Limit: 2000, Budget: time.Hour}
		r := search{store: w.Store(), query: &q, visit: func(r *search, conn *sqlite.Conn, path string, all *sums) error {
			most = max(most, openFiles(t, directory)-before)
			return r.collect(conn, path, all)
		}}
		if err := w.Store().look(t.Context(), &r); err != nil {
			t.Fatal(err)
		}
		if err := r.fetch(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(r.result.Flows) != 2000 || r.result.Searched != 20 || most != 1 || openFiles(t, directory) != before {
			t.Errorf("%d flows of %d segments, with %d files open, %d before and %d after", len(r.result.Flows), r.result.Searched, most, before, openFiles(t, directory))
		}
	}
}

// A search has its turn until its documents are read. What was removed by then is missing, and the result says so.
func TestTurnLastsUntilDocumentsAreRead(t *testing.T) {
	w := newWriter(t, t.TempDir(), nil)
	for i := range 2 {
		put(t, w, bulk(rand.New(rand.NewPCG(1, 24)), 100*i, 100))
		w.seal()
	}
	conn, err := sqlite.OpenConn(w.segments[0].path, sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(run(conn, "UPDATE block SET documents = x'00'"), conn.Close()); err != nil {
		t.Fatal(err)
	}
	turns := -1
	s := w.Store()
	s.unreadable = func(string) { turns = len(s.turns) }
	got, err := s.Search(t.Context(), Query{Limit: 200, Budget: time.Hour})
	if err != nil || !got.Partial || got.Unreadable != 1 || len(got.Flows) != 100 || turns != 1 || len(s.turns) != 0 {
		t.Errorf("%d flows, %+v, %v; %d turns taken meanwhile, %d after", len(got.Flows), got.Problem, err, turns, len(s.turns))
	}

	q := Query{Limit: 200, Budget: time.Hour}
	r := search{store: s, query: &q, visit: (*search).collect}
	if err := s.look(t.Context(), &r); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(w.segments[0].path); err != nil {
		t.Fatal(err)
	}
	if err := r.fetch(t.Context()); err != nil || len(r.result.Flows) != 100 || !r.result.Partial || r.result.Unreadable != 0 {
		t.Errorf("%d flows, partial %v, %d unreadable, %v", len(r.result.Flows), r.result.Partial, r.result.Unreadable, err)
	}
}

// What a power cut leaves of the newest segment is no damage: its log is lost, or all of it.
func TestPowerCut(t *testing.T) {
	for name, left := range map[string]struct {
		segments int
		of       func(data []byte) []byte
	}{
		"log lost":  {2, func(data []byte) []byte { return data }},
		"all lost":  {1, func([]byte) []byte { return nil }},
		"no tables": {1, func([]byte) []byte { return emptyDatabase(t) }},
	} {
		t.Run(name, func(t *testing.T) {
			before, directory := t.TempDir(), t.TempDir()
			w := newWriter(t, before, nil)
			put(t, w, bulk(rand.New(rand.NewPCG(1, 25)), 0, 100))
			w.seal()
			put(t, w, bulk(rand.New(rand.NewPCG(1, 26)), 100, 100))
			for i, of := range []func([]byte) []byte{func(data []byte) []byte { return data }, left.of} {
				name := segmentName(uint64(i + 1))
				data, err := os.ReadFile(filepath.Join(before, name))
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(directory, name), of(data), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			after := newWriter(t, directory, nil)
			if s := after.Stats(); s.Damaged != 0 || s.Flows != 100 || s.Segments != left.segments {
				t.Errorf("%+v", s)
			}
			put(t, after, bulk(rand.New(rand.NewPCG(1, 27)), 200, 10))
			if got, err := after.Store().Search(t.Context(), Query{Budget: time.Hour}); err != nil || got.Partial || got.Sums.Flows != 110 {
				t.Errorf("%+v, partial %v (%v), %v", got.Sums, got.Partial, got.Problem, err)
			}
		})
	}
}

// emptyDatabase is a file of SQLite without tables.
func emptyDatabase(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "db")
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite|sqlite.OpenCreate)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(run(conn, "PRAGMA page_size = 8192", "CREATE TABLE t (x)", "DROP TABLE t"), conn.Close()); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil || len(data) == 0 {
		t.Fatal(len(data), err)
	}
	return data
}

// A damaged file that cannot be renamed or removed counts as long as it is there, and does not keep others from making room.
func TestDamagedFilesAreNotForgotten(t *testing.T) {
	directory := t.TempDir()
	w := newWriter(t, directory, nil)
	for i := range 3 {
		put(t, w, bulk(rand.New(rand.NewPCG(1, 28)), 2000*i, 2000))
		w.seal()
	}
	inTheWay := func(path string) {
		t.Helper()
		if err := errors.Join(os.Mkdir(path, 0o700), os.WriteFile(filepath.Join(path, "x"), nil, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	first, second := w.segments[0].path, w.segments[1].path
	inTheWay(first + damagedSuffix)
	before, _ := w.bytes()
	w.suspect(first)
	w.suspect(second)
	w.Tick()
	if used, _ := w.bytes(); len(w.damaged) != 2 || len(w.segments) != 1 || used != before {
		t.Errorf("%+v, %d octets, %d before", w.damaged, used, before)
	}
	if err := os.Remove(second + damagedSuffix); err != nil {
		t.Fatal(err)
	}
	inTheWay(second + damagedSuffix)
	for range 2 { // the first one, and the segment: the second cannot be
		if !w.removeOldest() {
			t.Error("nothing is removed")
		}
	}
	if w.removeOldest() || len(w.segments) != 0 || len(w.damaged) != 1 || exists(first) {
		t.Errorf("%+v, %d segments", w.damaged, len(w.segments))
	}
	if err := os.RemoveAll(second + damagedSuffix); err != nil {
		t.Fatal(err)
	}
	if !w.removeOldest() || len(w.damaged) != 0 {
		t.Errorf("%+v", w.damaged)
	}
}

// A search that listed a segment which is gone by now does not find another one under its name.
func TestNamesAreNotUsedAgain(t *testing.T) {
	directory := t.TempDir()
	w := newWriter(t, directory, nil)
	r := rand.New(rand.NewPCG(1, 28))
	for i := range uint64(3) {
		put(t, w, bulk(r, int(i)*10, 10))
		if name := filepath.Join(directory, segmentName(i+1)); w.active.path != name {
			t.Errorf("%s is written, want %s", w.active.path, name)
		}
		w.seal()
		if !w.removeOldest() || len(w.segments) != 0 {
			t.Fatalf("%d segments are left", len(w.segments))
		}
	}
}
