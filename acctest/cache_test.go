package acctest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

func TestCached(t *testing.T) {
	base := t.TempDir()
	t.Setenv("FLOWSTACK_CACHE", base)
	var builds atomic.Int32
	build := func(_ context.Context, dir string) error {
		builds.Add(1)
		return os.WriteFile(filepath.Join(dir, "content"), nil, 0o600)
	}
	// What a killed build leaves is in the way of nobody, and many at once build once.
	first, err := cached(t.Context(), "thing", []string{"a"}, build)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(first, first+".building"); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			dir, err := cached(t.Context(), "thing", []string{"a"}, build)
			if err != nil || dir != first {
				t.Errorf("cached = %q, %v; want %q", dir, err, first)
			}
		})
	}
	group.Wait()
	if n := builds.Load(); n != 2 {
		t.Errorf("built %d times, want 2", n)
	}
	// Inputs are a list: their boundaries count.
	if other, err := cached(t.Context(), "thing", []string{"", "a"}, build); err != nil || other == first {
		t.Errorf("other inputs give %q, %v", other, err)
	}
	broken := errors.New("broken")
	_, err = cached(t.Context(), "bad", nil, func(context.Context, string) error { return broken })
	if !errors.Is(err, broken) {
		t.Errorf("error %v, want %v", err, broken)
	}
	if left, err := filepath.Glob(filepath.Join(base, "bad-*")); err != nil || len(left) > 0 {
		t.Errorf("the failed build left %v, %v", left, err)
	}
}
