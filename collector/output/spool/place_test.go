package spool

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// documents is how many are in the batches of these numbers.
func documents(numbers []int) (n int) {
	for _, one := range numbers {
		n += batch(one, 4).Documents
	}
	return n
}

func do(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestDirectoryIsMovedAway: what waits in it is sent all the same, what is in the one that takes its place too, and it is let go of then.
func TestDirectoryIsMovedAway(t *testing.T) {
	folder := t.TempDir()
	path, away, other := filepath.Join(folder, "spool"), filepath.Join(folder, "away"), filepath.Join(folder, "other")
	o := open(t, Options{Directory: other})
	put(t, o, 100, 50)
	put(t, o, 101, 50)
	shut(t, o)
	s := open(t, Options{Directory: path})
	put(t, s, 0, 50)
	put(t, s, 1, 50)
	do(t, os.Rename(path, away))
	if err := s.Append(batch(2, 50)); err == nil || !strings.Contains(err.Error(), "no such file or directory") {
		t.Errorf("nothing is there, and it is appended: %v", err)
	}
	do(t, os.Rename(other, path))
	put(t, s, 2, 50)
	if _, err := Open(Options{Directory: away}); err == nil || !strings.Contains(err.Error(), "unable to lock the spool in "+away) {
		t.Errorf("another one opens what is in use: %v", err)
	}
	if !s.Uses(away) || !s.Uses(path) || s.Uses(folder) {
		t.Error("it does not know its directories")
	}
	if r := s.Stats().Restored; int(r) != documents([]int{100, 101}) {
		t.Errorf("%d restored", r)
	}
	if got := rest(t, s); !slices.Equal(got, []int{0, 1, 100, 101, 2}) {
		t.Errorf("got %v", got)
	}
	put(t, s, 3, 50)
	rest(t, s)
	again := open(t, Options{Directory: away})
	if again.Held().Documents != 0 {
		t.Errorf("held %+v", again.Held())
	}
	shut(t, again)
	shut(t, s)
}

// TestWhereItIsIsKnownWhileTheDiskHangs: settings that name another directory are the way out, and have to get by.
func TestWhereItIsIsKnownWhileTheDiskHangs(t *testing.T) {
	s := open(t, Options{Directory: t.TempDir()})
	s.mu.Lock() // as by a write that hangs
	if !s.Uses(s.Directory()) || s.Uses(t.TempDir()) || s.Stats().Segments+s.Held().Documents+int(s.Dropped()[CauseFull]) != 0 {
		t.Error("it does not know its directory")
	}
	s.mu.Unlock()
	shut(t, s)
}

// TestDirectoryComesBack: one that was moved away and comes back is the same as before, and nothing in it is found twice.
func TestDirectoryComesBack(t *testing.T) {
	folder := t.TempDir()
	path, away, between := filepath.Join(folder, "spool"), filepath.Join(folder, "away"), filepath.Join(folder, "between")
	s := open(t, Options{Directory: path})
	put(t, s, 0, 50)
	do(t, os.Rename(path, away), os.Mkdir(path, 0o700))
	put(t, s, 1, 50)
	do(t, os.Rename(path, between), os.Rename(away, path))
	put(t, s, 2, 50)
	s.Change(between, 64<<20, Never)
	put(t, s, 3, 50)
	if s.Directory() != between || s.Stats().Restored != 0 || s.Held().Documents != documents(numbers(0, 4)) {
		t.Errorf("in %s, %+v, %+v", s.Directory(), s.Stats(), s.Held())
	}
	shut(t, s)
	for path, want := range map[string][]int{path: {0, 2}, between: {1, 3}} {
		s := open(t, Options{Directory: path})
		if got := rest(t, s); !slices.Equal(got, want) {
			t.Errorf("in %s %v, want %v", path, got, want)
		}
		shut(t, s)
	}
}

// TestDirectoryIsRemoved: what can be read yet is sent, nothing is written that could not be read, and the rest is counted as lost.
func TestDirectoryIsRemoved(t *testing.T) {
	for name, remove := range map[string]func(path string) error{
		"with all that is in it": os.RemoveAll,
		"and made again": func(path string) error {
			if err := os.RemoveAll(path); err != nil {
				return err
			}
			return os.Mkdir(path, 0o700)
		},
		"but not itself": func(path string) error {
			all, err := filepath.Glob(filepath.Join(path, "*"))
			for _, one := range all {
				if err == nil {
					err = os.Remove(one)
				}
			}
			return err
		},
	} {
		path := filepath.Join(t.TempDir(), "spool")
		s := open(t, Options{Directory: path, MaxBytes: 2 << 20}) // segments of 256 KiB
		for n := range 5 {
			put(t, s, n, 100_000)
		}
		do(t, remove(path))
		kept := []int{4} // of the segment that is open
		if err := s.Append(batch(5, 50)); err == nil {
			kept = append(kept, 5)
		} else if name != "with all that is in it" {
			t.Errorf("%s: %v", name, err)
		}
		if got := rest(t, s); !slices.Equal(got, kept) {
			t.Errorf("%s: got %v, want %v", name, got, kept)
		}
		if d := s.Dropped()[CauseDamaged]; int(d) != documents(numbers(0, 4)) || s.Held().Documents != 0 {
			t.Errorf("%s: dropped %d, held %+v", name, d, s.Held())
		}
		shut(t, s)
	}
}

// TestRemovedWhileItWaits: what is not there for the next start is counted at the end, and what is there is not.
func TestRemovedWhileItWaits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "spool")
	s := open(t, Options{Directory: path, MaxBytes: 2 << 20})
	for n := range 6 {
		put(t, s, n, 100_000) // two in each segment
	}
	do(t, os.Remove(filepath.Join(path, "0000000000000001.spool")))
	shut(t, s)
	if d, h := s.Dropped()[CauseDamaged], s.Held().Documents; int(d) != documents([]int{2, 3}) || h != documents([]int{0, 1, 4, 5}) {
		t.Errorf("%d dropped, %d held", d, h)
	}
	s = open(t, Options{Directory: path})
	if got := rest(t, s); !slices.Equal(got, []int{0, 1, 4, 5}) {
		t.Errorf("got %v", got)
	}
	shut(t, s)
}

// TestAccountWhateverBecomesOfTheDirectory: appended + restored = settled + dropped + held, whatever somebody does to the directory and in any order.
func TestAccountWhateverBecomesOfTheDirectory(t *testing.T) {
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 7))
		folder := t.TempDir()
		path := filepath.Join(folder, "spool")
		o := Options{Directory: path, MaxBytes: 2 << 20, Sync: Never}
		s := open(t, o)
		var appended, settled, n, parked int
		var hands []*Batch
		for range 120 {
			what := random.IntN(100)
			switch {
			case what < 45:
				if s.Append(batch(n, 40_000)) == nil {
					appended += batch(n, 4).Documents
				}
				n++
			case what < 60:
				if b := next(t, s); b != nil {
					hands = append(hands, b)
				}
			case what < 75 && len(hands) > 0:
				if docs := hands[0].Documents; what < 70 {
					s.Done(hands[0])
					settled += docs
				} else {
					s.Release(hands[0])
				}
				hands = hands[1:]
			case what < 80: // away
				if os.Rename(path, filepath.Join(folder, strconv.Itoa(parked))) == nil {
					parked++
				}
			case what < 85:
				_ = os.Mkdir(path, 0o700)
			case what < 90 && parked > 0: // one that was moved away comes back
				if _, err := os.Stat(path); err != nil {
					_ = os.Rename(filepath.Join(folder, strconv.Itoa(random.IntN(parked))), path)
				}
			case what < 92:
				do(t, os.RemoveAll(path))
			case what < 94:
				all, _ := filepath.Glob(filepath.Join(path, "*.spool"))
				if len(all) > 0 {
					do(t, os.Remove(all[random.IntN(len(all))]))
				}
			case what < 96: // a restart
				shut(t, s)
				hands = nil
				s = open(t, o)
				appended, settled = 0, 0
			}
			restored, dropped := int(s.Stats().Restored), int(s.Dropped()[CauseDamaged]+s.Dropped()[CauseFull])
			if appended+restored != settled+dropped+s.Held().Documents {
				t.Fatalf("seed %d: %d appended + %d restored, but %d settled + %d dropped + %d held", seed, appended, restored, settled, dropped, s.Held().Documents)
			}
		}
		shut(t, s)
		if restored, dropped := int(s.Stats().Restored), int(s.Dropped()[CauseDamaged]+s.Dropped()[CauseFull]); appended+restored != settled+dropped+s.Held().Documents {
			t.Fatalf("seed %d, at the end: %d appended + %d restored, but %d settled + %d dropped + %d held", seed, appended, restored, settled, dropped, s.Held().Documents)
		}
	}
}
