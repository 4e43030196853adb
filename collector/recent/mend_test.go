package recent

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"
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
