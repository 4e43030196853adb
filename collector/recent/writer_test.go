package recent

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// directoryBytes is what all files of a directory take.
func directoryBytes(tb testing.TB, directory string) int64 {
	tb.Helper()
	list, err := os.ReadDir(directory)
	if err != nil {
		tb.Fatal(err)
	}
	var total int64
	for _, e := range list {
		if strings.HasSuffix(e.Name(), memorySuffix) { // an index of the log in memory that is shared, 32 KiB for 32 MiB
			continue
		}
		total += fileSize(filepath.Join(directory, e.Name()))
	}
	return total
}

// bulk is flows whose documents do not compress, so that a store is full soon.
func bulk(r *rand.Rand, from, n int) []modelled {
	flows := make([]modelled, n)
	for i := range flows {
		flows[i] = randomFlow(r, from+i)
	}
	return flows
}

// noise is text that does not compress to less than three quarters, and is too long for what comes again to be noticed.
var noise = func() []byte {
	r := rand.New(rand.NewPCG(3, 3))
	text := make([]byte, 8<<20)
	for i := range text {
		text[i] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"[r.Uint32()&63]
	}
	return text
}()

// fat is documents of random text, of 2 KiB each, at the times of the flows.
func fat(r *rand.Rand, flows []modelled) []byte {
	var b []byte
	const size = 2000
	for i := range flows {
		at := r.IntN(len(noise) - size)
		text := noise[at : at+size]
		doc := flows[i].document()
		b = append(b, doc[:len(doc)-2]...)
		b = append(b, fmt.Sprintf(",\"fat\":%q}\n", text)...)
	}
	return b
}

// However much comes, the files stay within the bound, and what is left is the newest.
func TestSizeIsBounded(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	directory := t.TempDir()
	w := newWriter(t, directory, nil)
	total := 0
	for total < 80_000 { // more than twice the bound
		flows := bulk(r, total, 1500)
		if _, n, err := w.Append(fat(r, flows)); err != nil || n != len(flows) {
			t.Fatalf("%d flows: %v", n, err)
		}
		total += len(flows)
		if n := directoryBytes(t, directory); n > LeastBytes {
			t.Fatalf("%d octets after %d flows, at most %d are allowed", n, total, LeastBytes)
		}
	}
	s := w.Stats()
	if s.Removed == 0 || s.Flows+int64(s.Removed) != int64(total) || s.Bytes > LeastBytes || s.Bytes < LeastBytes/2 {
		t.Errorf("%+v of %d flows", s, total)
	}
	got, err := w.Store().Search(t.Context(), Query{Budget: time.Hour})
	if err != nil || got.Partial || got.Sums.Flows != uint64(s.Flows) {
		t.Errorf("%d flows found, partial %v (%v), %v; want %d", got.Sums.Flows, got.Partial, got.Problem, err, s.Flows)
	}
}

// A search that goes on keeps SQLite from emptying its log: the bound holds all the same.
func TestSizeIsBoundedBesideAReader(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	directory := t.TempDir()
	w := newWriter(t, directory, nil)
	put(t, w, bulk(r, 0, 10))
	conn, err := connectToRead(filepath.Join(directory, segmentName(1)), true)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := run(conn, "BEGIN", "SELECT count(*) FROM flow"); err != nil {
		t.Fatal(err)
	}
	for total := 0; total < 45_000; total += 1000 {
		if _, _, err := w.Append(fat(r, bulk(r, total, 1000))); err != nil {
			t.Fatal(err)
		}
		if n := directoryBytes(t, directory); n > LeastBytes {
			t.Fatalf("%d octets after %d flows", n, total)
		}
	}
	if n, err := number(conn, "SELECT count(*) FROM flow"); err != nil || n != 10 {
		t.Errorf("the reader sees %d flows, %v", n, err)
	}
}

func TestAgeIsBounded(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 3))
	now := time.Date(2026, 9, 21, 0, 0, 0, 0, time.UTC)
	w := newWriter(t, t.TempDir(), func(o *Options) { o.Keep, o.now = time.Hour, func() time.Time { return now } })
	for i := range 5 {
		put(t, w, bulk(r, 100*i, 100))
		w.seal()
		now = now.Add(20 * time.Minute)
		w.Tick()
	}
	if s := w.Stats(); s.Flows != 300 || s.Removed != 200 || s.Segments != 3 {
		t.Errorf("%+v", s)
	}
	now = now.Add(-24 * time.Hour) // the clock is put back: nothing is lost by it
	put(t, w, bulk(r, 1000, 100))
	if s := w.Stats(); s.Flows != 400 {
		t.Errorf("%+v", s)
	}
}

// The store gives way to others: it shrinks when the disk runs out of room, and stops when that is not enough.
func TestTheDiskIsNotFilled(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 4))
	free := int64(1 << 40) // with what the store takes
	w := newWriter(t, t.TempDir(), func(o *Options) {
		// 1 GiB of it is left to others.
		o.disk = func(directory string) (int64, int64, error) {
			return free - directoryBytes(t, directory), 40 << 30, nil
		}
	})
	for i := range 10 {
		if _, _, err := w.Append(fat(r, bulk(r, 1000*i, 1500))); err != nil {
			t.Fatal(err)
		}
	}
	before := w.Stats()
	free = 1<<30 + before.Bytes - 8<<20
	if _, _, err := w.Append(lines(bulk(r, 20_000, 10))); err != nil {
		t.Fatal(err)
	}
	if s := w.Stats(); s.Bytes > before.Bytes-8<<20 || s.Flows == 10 {
		t.Errorf("%d octets after %d", s.Bytes, before.Bytes)
	}
	free = directoryBytes(t, w.options.Directory) + 1<<20
	n, docs, err := w.Append(lines(bulk(r, 30_000, 10)))
	if n != 0 || docs != 0 || !Full(err) || !strings.Contains(err.Error(), "left to others") {
		t.Errorf("%d octets, %d flows, %v", n, docs, err)
	}
	free = 1 << 40
	put(t, w, bulk(r, 40_000, 10))
}

// full is where TestFullDisk runs itself again, with a mount namespace of its own.
const full = "FLOWCOLLECTOR_TEST_FULL"

// A file system that is full: what is there stays, and writing goes on when there is room.
func TestFullDisk(t *testing.T) {
	directory := os.Getenv(full)
	if directory == "" {
		if os.Getuid() != 0 {
			t.Skip("NOT TESTED: it needs root, to mount a file system; make test runs as root")
		}
		cmd := exec.CommandContext(t.Context(), "unshare", "--mount", os.Args[0], "-test.run=^TestFullDisk$", "-test.v")
		cmd.Env = append(os.Environ(), full+"="+t.TempDir())
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "--- PASS: TestFullDisk") {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	if err := syscall.Mount("tmpfs", directory, "tmpfs", 0, "size=24m,mode=0700"); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Unmount(directory, syscall.MNT_DETACH) }()
	r := rand.New(rand.NewPCG(1, 5))
	store := filepath.Join(directory, "recent")
	w := newWriter(t, store, nil) // told that there is room: as when another program is quicker
	ballast := filepath.Join(directory, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 12<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	kept, written, failures := 0, 0, 0
	for kept < 20_000 {
		flows := bulk(r, kept, 1000)
		data := fat(r, flows)
		for len(data) > 0 {
			n, docs, err := w.Append(data)
			data, written = data[n:], written+docs
			if err == nil {
				continue
			}
			if !Full(err) {
				t.Fatalf("after %d flows: %v", written, err)
			}
			if failures++; failures == 1000 {
				t.Fatalf("no room is made: %v, %+v", err, w.Stats())
			}
		}
		kept += len(flows)
	}
	if failures == 0 {
		t.Fatal("the disk was never full")
	}
	s := w.Stats()
	got, err := w.Store().Search(t.Context(), Query{Budget: time.Hour})
	if err != nil || got.Partial || int64(got.Sums.Flows) != s.Flows || s.Flows == 0 || s.Flows+int64(s.Removed) != int64(written) {
		t.Fatalf("%+v, partial %v (%v), %v; %+v of %d", got.Sums, got.Partial, got.Problem, err, s, written)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	put(t, w, bulk(r, kept, 100))
}

func TestFilesArePrivate(t *testing.T) {
	directory := t.TempDir()
	if err := os.Chmod(directory, 0o755); err != nil {
		t.Fatal(err)
	}
	w := newWriter(t, directory, nil)
	put(t, w, bulk(rand.New(rand.NewPCG(1, 10)), 0, 10))
	list, err := os.ReadDir(directory)
	if err != nil || len(list) != 4 { // the lock, and the segment with its log and shared memory
		t.Fatalf("%v, %v", list, err)
	}
	for _, e := range list {
		if info, err := e.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", e.Name(), info.Mode(), err)
		}
	}
}

func TestReadOnlyDisk(t *testing.T) {
	if err := os.MkdirAll("/proc/self/recent", 0o700); err == nil {
		t.Fatal("made a directory below /proc")
	}
	if _, err := NewWriter(Options{Directory: "/proc/self/recent", MaxBytes: LeastBytes, Keep: time.Hour}); err == nil || !strings.Contains(err.Error(), "/proc/self/recent") {
		t.Errorf("error %v", err)
	}
}

func TestOneWriter(t *testing.T) {
	directory := t.TempDir()
	newWriter(t, directory, nil)
	_, err := NewWriter(Options{Directory: directory, MaxBytes: LeastBytes, Keep: time.Hour})
	if err == nil || !strings.Contains(err.Error(), "unable to lock the recent flows in ") {
		t.Errorf("error %v", err)
	}
}

// Damaged segments are renamed and counted, wherever the damage is and whoever finds it; the others go on.
func TestDamage(t *testing.T) {
	for name, spoil := range map[string]func(data []byte) []byte{
		"empty":        func([]byte) []byte { return nil },
		"no SQLite":    func(data []byte) []byte { copy(data, "garbage, not a database"); return data },
		"cut off":      func(data []byte) []byte { return data[:len(data)/2] },
		"pages":        func(data []byte) []byte { clear(data[pageSize:]); return data },
		"rows":         func(data []byte) []byte { clear(data[3*pageSize : len(data)/2]); return data },
		"other format": func(data []byte) []byte { data[63]++; return data }, // user_version, "Database File Format", section 1.3
	} {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 6))
			directory := t.TempDir()
			w := newWriter(t, directory, nil)
			for i := range 3 {
				put(t, w, bulk(r, 2000*i, 2000))
				w.seal()
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(directory, segmentName(2))
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, spoil(data), 0o600); err != nil {
				t.Fatal(err)
			}
			w = newWriter(t, directory, nil)
			found, err := w.Store().Search(t.Context(), Query{Port: 443, Limit: 3000, Budget: time.Hour})
			if err != nil {
				t.Fatal(err)
			}
			if len(found.Flows) == 0 {
				t.Errorf("%+v", found)
			}
			w.Tick()
			if s := w.Stats(); s.Damaged != 1 || s.Segments != 2 || s.Flows != 4000 {
				t.Errorf("%+v", s)
			}
			if _, err := os.Stat(path + damagedSuffix); err != nil {
				t.Error(err)
			}
			put(t, w, bulk(r, 6000, 100))
			after, err := w.Store().Search(t.Context(), Query{Budget: time.Hour})
			if err != nil || after.Partial || after.Sums.Flows != 4100 {
				t.Errorf("%+v, partial %v (%v), %v", after.Sums, after.Partial, after.Problem, err)
			}
		})
	}
}

// killed is where the child of TestKill writes.
const killed = "FLOWCOLLECTOR_TEST_KILLED"

// A writer that is killed loses nothing that Append returned for, and its files are good.
func TestKill(t *testing.T) {
	if directory := os.Getenv(killed); directory != "" {
		r := rand.New(rand.NewPCG(1, 7))
		w := newWriter(t, directory, nil)
		for total := 0; ; {
			flows := bulk(r, total, 1+r.IntN(500))
			if _, n, err := w.Append(lines(flows)); err != nil || n != len(flows) {
				t.Fatal(err)
			}
			total += len(flows)
			fmt.Println("appended", total)
		}
	}
	directory := t.TempDir()
	var want int64
	for round := range 3 {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKill$")
		cmd.Env = append(os.Environ(), killed+"="+directory)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var said int64
		for scan := bufio.NewScanner(out); scan.Scan(); {
			if _, err := fmt.Sscanf(scan.Text(), "appended %d", &said); err != nil {
				t.Fatalf("the child said %q", scan.Text())
			}
			if said > 5000*int64(round+1) {
				if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
					t.Fatal(err)
				}
			}
		}
		_ = cmd.Wait() // killed
		want += said

		// First as another process reads it, with what the killed one left; then as the next writer does.
		found, err := Open(directory).Search(t.Context(), Query{Budget: time.Hour})
		if err != nil || found.Partial || int64(found.Sums.Flows) < want {
			t.Fatalf("round %d: %+v, partial %v (%v), %v; want at least %d", round, found.Sums, found.Partial, found.Problem, err, want)
		}
		w := newWriter(t, directory, nil)
		s := w.Stats()
		if s.Flows != int64(found.Sums.Flows) || s.Damaged != 0 {
			t.Fatalf("round %d: %+v, want %d", round, s, found.Sums.Flows)
		}
		want = s.Flows
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// Searches beside the writer, and beside one another, see whole transactions.
func TestSearchWhileWriting(t *testing.T) {
	w := newWriter(t, t.TempDir(), nil)
	r := rand.New(rand.NewPCG(1, 8))
	stop := make(chan struct{})
	var searching sync.WaitGroup
	for _, s := range []*Store{w.Store(), w.Store(), Open(w.options.Directory)} {
		searching.Go(func() {
			last := uint64(0)
			for {
				select {
				case <-stop:
					return
				default:
				}
				got, err := s.Search(t.Context(), Query{Budget: time.Hour})
				if err != nil || got.Partial || got.Sums.Flows%100 != 0 || got.Sums.Flows < last {
					t.Errorf("%+v after %d, partial %v (%v), %v", got.Sums, last, got.Partial, got.Problem, err)
					return
				}
				last = got.Sums.Flows
				_ = w.Stats()
			}
		})
	}
	for i := range 200 {
		put(t, w, bulk(r, 100*i, 100))
		if i%17 == 0 {
			w.seal()
		}
	}
	close(stop)
	searching.Wait()
	w.Tick()
	w.seal()
	w.Tick()
	list, err := filepath.Glob(filepath.Join(w.options.Directory, "*"+logSuffix))
	if err != nil || len(list) > 0 {
		t.Errorf("logs are left: %v, %v", list, err)
	}
}

func TestDocumentsNobodyUnderstandsAreKept(t *testing.T) {
	w := newWriter(t, t.TempDir(), nil)
	texts := []string{`{}`, `not JSON`, `{"@timestamp":"soon"}`, `{"source":{"ip":7}}`, `[[[[`, `{"a":{"b":[1,{"c":"}"}]},"network":{"bytes":99999999999999999999}}`}
	for _, text := range texts {
		if _, n, err := w.Append([]byte(text + "\n")); err != nil || n != 1 {
			t.Fatalf("%s: %v", text, err)
		}
	}
	got, err := w.Store().Search(t.Context(), Query{})
	if err != nil || got.Partial || len(got.Flows) != len(texts) {
		t.Fatalf("%+v, %v", got, err)
	}
	for i, f := range got.Flows {
		if want := texts[len(texts)-1-i]; string(f.Document) != want {
			t.Errorf("%s, want %s", f.Document, want)
		}
	}
}

func TestSearchEndsInTime(t *testing.T) {
	w := newWriter(t, t.TempDir(), nil)
	put(t, w, bulk(rand.New(rand.NewPCG(1, 9)), 0, 1000))
	got, err := w.Store().Search(t.Context(), Query{Budget: time.Nanosecond})
	if err != nil || !got.Partial || got.Searched != 0 || got.Segments != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.Store().Search(ctx, Query{}); err == nil {
		t.Error("a search that was cancelled has a result")
	}
	for _, bad := range []Query{{Limit: -1}, {Offset: -1}, {Limit: MaxRows, Offset: 1}, {Order: 9}, {From: epoch, To: epoch}, {Budget: -1}} {
		if _, err := w.Store().Search(t.Context(), bad); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
	if got, err := Open(filepath.Join(t.TempDir(), "absent")).Search(t.Context(), Query{}); err != nil || len(got.Flows) > 0 || !got.Oldest.IsZero() {
		t.Errorf("%+v, %v", got, err)
	}
	if !slices.Equal(orders, []string{Newest.String(), Octets.String(), Packets.String()}) {
		t.Error(orders)
	}
}
