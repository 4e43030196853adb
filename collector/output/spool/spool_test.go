package spool

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

func open(t *testing.T, o Options) *Spool {
	t.Helper()
	if o.MaxBytes == 0 {
		o.MaxBytes = 64 << 20
	}
	o.Logger = slog.New(slog.DiscardHandler)
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// shut closes a spool as a stop does.
func shut(t *testing.T, s *Spool) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// batch is one whose body says which it is.
func batch(n, octets int) Batch {
	body := bytes.Repeat([]byte{byte(n)}, max(octets, 4))
	binary.LittleEndian.PutUint32(body, uint32(n))
	return Batch{Body: body, Gzip: n%2 == 0, Documents: 1 + n%7, Size: 10 * octets, Since: time.Unix(int64(n), 5)}
}

func number(t *testing.T, b *Batch) int {
	t.Helper()
	n := int(binary.LittleEndian.Uint32(b.Body))
	want := batch(n, len(b.Body))
	if !bytes.Equal(b.Body, want.Body) || b.Gzip != want.Gzip || b.Documents != want.Documents || b.Size != want.Size || !b.Since.Equal(want.Since) {
		t.Fatalf("batch %d is not what was appended", n)
	}
	return n
}

func put(t *testing.T, s *Spool, n, octets int) {
	t.Helper()
	if err := s.Append(batch(n, octets)); err != nil {
		t.Fatal(err)
	}
}

func next(t *testing.T, s *Spool) *Batch {
	t.Helper()
	b, err := s.Next(0)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// rest takes and settles all that waits.
func rest(t *testing.T, s *Spool) (numbers []int) {
	t.Helper()
	for b := next(t, s); b != nil; b = next(t, s) {
		numbers = append(numbers, number(t, b))
		s.Done(b)
	}
	return numbers
}

func numbers(from, to int) (list []int) {
	for ; from < to; from++ {
		list = append(list, from)
	}
	return list
}

func TestOldestFirst(t *testing.T) {
	s := open(t, Options{Directory: t.TempDir()})
	for n := range 5 {
		put(t, s, n, 100)
	}
	first, second := next(t, s), next(t, s)
	if number(t, first) != 0 || number(t, second) != 1 {
		t.Fatal("not the oldest two")
	}
	s.Release(first)
	if h := s.Held(); h.Documents != 1+2+3+4+5 || h.Bytes != 500 || !h.Oldest.Equal(time.Unix(0, 5)) {
		t.Errorf("held %+v", h)
	}
	if got := rest(t, s); !slices.Equal(got, []int{0, 2, 3, 4}) {
		t.Errorf("after a release: %v", got)
	}
	s.Done(second)
	if h := s.Held(); h.Documents != 0 || h.Bytes != 0 || !h.Oldest.IsZero() {
		t.Errorf("held %+v", h)
	}
	shut(t, s)
	if left, _ := filepath.Glob(filepath.Join(s.options.Directory, "*.spool")); len(left) != 0 {
		t.Errorf("settled, and there are %v", left)
	}
}

func TestWhatIsNotSettledOutlivesARestart(t *testing.T) {
	folder := t.TempDir()
	s := open(t, Options{Directory: folder, MaxBytes: 8 << 20})
	for n := range 40 {
		put(t, s, n, 100_000) // several segments
	}
	for range 10 {
		s.Done(next(t, s))
	}
	taken := next(t, s)
	if number(t, taken) != 10 {
		t.Fatal("not the eleventh")
	}
	held := s.Held()
	shut(t, s)
	s = open(t, Options{Directory: folder, MaxBytes: 8 << 20})
	if got := s.Held(); got != held {
		t.Errorf("held %+v, after the restart %+v", held, got)
	}
	put(t, s, 40, 100)
	if got := rest(t, s); !slices.Equal(got, numbers(10, 41)) {
		t.Errorf("after the restart: %v", got)
	}
	shut(t, s)
}

func TestOldestGoAtTheLimit(t *testing.T) {
	s := open(t, Options{Directory: t.TempDir(), MaxBytes: 2 << 20})
	kept := next1(t, s)
	appended, n := kept.Documents, 1
	for ; n < 100; n++ {
		put(t, s, n, 50_000)
		appended += batch(n, 4).Documents
		if on := folderSize(t, s.options.Directory); on > 2<<20 {
			t.Fatalf("%d octets on disk", on)
		}
	}
	held := s.Held()
	if lost := s.Dropped()[CauseFull]; int(lost)+held.Documents != appended || lost == 0 {
		t.Errorf("of %d documents %d are held and %d dropped", appended, held.Documents, lost)
	}
	if number(t, kept) != 0 {
		t.Error("what a sender has was dropped")
	}
	s.Done(kept)
	got := rest(t, s)
	if len(got) < 20 || !slices.Equal(got, numbers(n-len(got), n)) {
		t.Errorf("kept %v", got)
	}
	if err := s.Append(batch(1, 3<<20)); !errors.Is(err, ErrFull) {
		t.Errorf("a batch larger than the spool: %v", err)
	}
	shut(t, s)
}

// next1 appends batch 0 and takes it.
func next1(t *testing.T, s *Spool) *Batch {
	t.Helper()
	put(t, s, 0, 50_000)
	return next(t, s)
}

func folderSize(t *testing.T, folder string) (sum int64) {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(folder, "*.spool"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range list {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		sum += info.Size()
	}
	return sum
}

// TestTornTail: wherever a crash cuts a segment off, or a power cut leaves zeros, the batches before are there, and no other.
func TestTornTail(t *testing.T) {
	folder := t.TempDir()
	s := open(t, Options{Directory: folder})
	ends := make([]int64, 0, 4)
	for n := range 4 {
		put(t, s, n+1, 50)
		ends = append(ends, s.segments[0].octets)
	}
	whole, err := os.ReadFile(filepath.Join(folder, s.segments[0].name()))
	if err != nil {
		t.Fatal(err)
	}
	shut(t, s)
	for cut := range len(whole) + 1 {
		want := 0
		for _, end := range ends {
			if int64(cut) >= end {
				want++
			}
		}
		for name, data := range map[string][]byte{"short": whole[:cut], "zeros": append(slices.Clone(whole[:cut]), make([]byte, 300)...)} {
			folder := t.TempDir()
			if err := os.WriteFile(filepath.Join(folder, "0000000000000003.spool"), data, 0o600); err != nil {
				t.Fatal(err)
			}
			s := open(t, Options{Directory: folder})
			if s.Dropped()[CauseDamaged] != 0 && name == "short" {
				t.Fatalf("%s at %d: counted as damage", name, cut)
			}
			put(t, s, 9, 50)
			got := rest(t, s)
			if !slices.Equal(got, append(numbers(1, 1+want), 9)) {
				t.Fatalf("%s at %d: %v, want %d batches", name, cut, got, want)
			}
			shut(t, s)
		}
	}
}

// TestDamage: what lies around a damaged place is kept.
func TestDamage(t *testing.T) {
	folder := t.TempDir()
	s := open(t, Options{Directory: folder})
	starts := make([]int64, 0, 5)
	for n := range 5 {
		put(t, s, n, 50)
		starts = append(starts, s.segments[0].entries[n].at)
	}
	name := filepath.Join(folder, s.segments[0].name())
	shut(t, s)
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	data := slices.Clone(whole)
	data[starts[1]+batchHeader+3] ^= 1 // a body
	data[starts[3]+9] ^= 1             // a header
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	s = open(t, Options{Directory: folder})
	if got := rest(t, s); !slices.Equal(got, []int{0, 2, 4}) {
		t.Errorf("kept %v", got)
	}
	if lost := s.Dropped()[CauseDamaged]; lost != uint64(batch(1, 50).Documents) || s.Stats().Damaged != batchHeader+50 {
		t.Errorf("lost %d flows, %+v", lost, s.Stats())
	}
	shut(t, s)
}

func TestNewerFormatIsLeftAlone(t *testing.T) {
	folder := t.TempDir()
	name := filepath.Join(folder, "0000000000000000.spool")
	data := startOfFile()
	data[8] = 2
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, Options{Directory: folder})
	if n := s.Stats().Unreadable; n != 1 {
		t.Errorf("%d segments counted as unreadable", n)
	}
	put(t, s, 1, 50)
	if got := rest(t, s); !slices.Equal(got, []int{1}) {
		t.Errorf("kept %v", got)
	}
	shut(t, s)
	if _, err := os.Stat(name); err != nil {
		t.Error(err)
	}
}

// TestSegmentThatCannotBeRead: what is in the others is sent.
func TestSegmentThatCannotBeRead(t *testing.T) {
	folder := t.TempDir()
	s := open(t, Options{Directory: folder, MaxBytes: 2 << 20})
	for n := range 10 {
		put(t, s, n, 100_000) // two in a segment
	}
	shut(t, s)
	name := filepath.Join(folder, "0000000000000001.spool")
	if err := errors.Join(os.Remove(name), os.Mkdir(name, 0o700)); err != nil {
		t.Fatal(err)
	}
	s = open(t, Options{Directory: folder, MaxBytes: 2 << 20})
	if got := rest(t, s); !slices.Equal(got, append(numbers(0, 2), numbers(4, 10)...)) || s.Stats().Unreadable != 1 {
		t.Errorf("kept %v, %+v", got, s.Stats())
	}
	shut(t, s)
	if _, err := os.Stat(name); err != nil {
		t.Error(err)
	}
}

// TestBatchThatNeverFits: nothing is dropped for it, whether it is too large or beside what senders have.
func TestBatchThatNeverFits(t *testing.T) {
	s := open(t, Options{Directory: t.TempDir(), MaxBytes: 2 << 20})
	for n := range 12 {
		put(t, s, n, 100_000)
	}
	held := s.Held()
	if err := s.Append(batch(12, 3<<20)); !errors.Is(err, ErrFull) {
		t.Errorf("got %v", err)
	}
	first := next(t, s)
	if err := s.Append(batch(12, 2<<20-200_000)); !errors.Is(err, ErrFull) {
		t.Errorf("got %v", err)
	}
	if got := s.Held(); got != held || s.Dropped()[CauseFull] != 0 {
		t.Errorf("held %+v, dropped %v", got, s.Dropped())
	}
	s.Release(first)
	shut(t, s)
}

// TestSegmentsThatCannotBeRemoved: they are counted as long as they are there, and nothing is dropped that makes no room.
func TestSegmentsThatCannotBeRemoved(t *testing.T) {
	files := &failing{}
	s := open(t, Options{Directory: t.TempDir(), MaxBytes: 2 << 20, over: files.over})
	for n := range 18 {
		put(t, s, n, 100_000)
	}
	files.keeps = syscall.EROFS
	for n := 18; n < 30; n++ {
		if err := s.Append(batch(n, 100_000)); err != nil && !errors.Is(err, ErrFull) {
			t.Fatal(err)
		}
	}
	if s.Dropped()[CauseFull] != 0 {
		t.Errorf("dropped %v", s.Dropped())
	}
	got := rest(t, s)
	if !slices.Equal(got, numbers(0, len(got))) || len(got) < 18 || s.Stats().Bytes != folderSize(t, s.options.Directory) {
		t.Errorf("kept %v, %+v", got, s.Stats())
	}
	files.keeps = nil
	next(t, s)
	if n := s.Stats().Segments; n != 0 {
		t.Errorf("%d segments are left", n)
	}
	shut(t, s)
}

// TestHalfANote: notes after one that was written in part are read.
func TestHalfANote(t *testing.T) {
	files := &failing{}
	folder := t.TempDir()
	s := open(t, Options{Directory: folder, over: files.over})
	for n := range 4 {
		put(t, s, n, 50)
	}
	s.Done(next(t, s))
	files.err, files.part = syscall.ENOSPC, 5
	s.Done(next(t, s))
	files.err = nil
	s.Done(next(t, s))
	shut(t, s)
	s = open(t, Options{Directory: folder})
	if got := rest(t, s); !slices.Equal(got, []int{1, 3}) {
		t.Errorf("sent again: %v", got)
	}
	shut(t, s)
}

// TestFiguresOfAStalledDisk: they can be had while a write does not end.
func TestFiguresOfAStalledDisk(t *testing.T) {
	s := open(t, Options{Directory: t.TempDir()})
	put(t, s, 1, 50)
	s.mu.Lock() // as the write does
	if s.Held().Documents != batch(1, 4).Documents || s.Stats().Appended != 1 || s.Dropped()[CauseFull] != 0 {
		t.Errorf("held %+v, %+v", s.Held(), s.Stats())
	}
	s.unlock()
	shut(t, s)
}

func TestOneProcessAtATime(t *testing.T) {
	folder := t.TempDir()
	s := open(t, Options{Directory: folder})
	if _, err := Open(Options{Directory: folder, MaxBytes: 1 << 20}); err == nil || !strings.Contains(err.Error(), "unable to lock the spool in "+folder) {
		t.Errorf("got %v", err)
	}
	shut(t, s)
	shut(t, open(t, Options{Directory: folder}))
}

// failing is a disk whose next writes fail, some of them in part.
type failing struct {
	files
	err    error
	part   int
	sync   error
	unread error
	keeps  error // why nothing is removed
}

func (f *failing) over(under files) files {
	f.files = under
	return f
}

func (f *failing) remove(path string) error {
	if f.keeps != nil {
		return f.keeps
	}
	return f.files.remove(path)
}

func (f *failing) read(path string, at int64, into []byte) error {
	if f.unread != nil {
		return f.unread
	}
	return f.files.read(path, at, into)
}

type failingFile struct {
	file
	of *failing
}

func (f *failing) create(path string) (file, error) {
	if f.err != nil && f.part == 0 {
		return nil, f.err
	}
	inner, err := f.files.create(path)
	return failingFile{inner, f}, err
}

func (f failingFile) ReadAt(into []byte, at int64) (int, error) {
	if f.of.unread != nil {
		return 0, f.of.unread
	}
	return f.file.ReadAt(into, at)
}

func (f failingFile) Sync() error {
	if f.of.sync != nil {
		return f.of.sync
	}
	return f.file.Sync()
}

func (f failingFile) Write(b []byte) (int, error) {
	if f.of.err == nil {
		return f.file.Write(b)
	}
	n, _ := f.file.Write(b[:min(f.of.part, len(b))])
	return n, f.of.err
}

// TestFullDisk: a write that fails, wherever, loses nothing that was written, and the spool goes on when there is space.
func TestFullDisk(t *testing.T) {
	for part := range 120 {
		files := &failing{}
		folder := t.TempDir()
		s := open(t, Options{Directory: folder, over: files.over, Sync: Always})
		put(t, s, 0, 50)
		files.err, files.part = syscall.ENOSPC, part
		if err := s.Append(batch(1, 50)); !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("at %d: %v", part, err)
		}
		files.err = nil
		put(t, s, 2, 50)
		if h := s.Held(); h.Documents != batch(0, 4).Documents+batch(2, 4).Documents {
			t.Fatalf("at %d: held %+v", part, h)
		}
		shut(t, s)
		s = open(t, Options{Directory: folder})
		if got := rest(t, s); !slices.Equal(got, []int{0, 2}) || s.Stats().Damaged != 0 {
			t.Fatalf("at %d: %v, %+v", part, got, s.Stats())
		}
		shut(t, s)
	}
}

// TestDiskThatDoesNotConfirm: the batch is there all the same, once.
func TestDiskThatDoesNotConfirm(t *testing.T) {
	files := &failing{sync: syscall.EIO}
	s := open(t, Options{Directory: t.TempDir(), over: files.over, Sync: Always})
	put(t, s, 1, 50)
	if n := s.Stats().SyncErrors; n != 1 {
		t.Errorf("%d errors counted", n)
	}
	if got := rest(t, s); !slices.Equal(got, []int{1}) {
		t.Errorf("kept %v", got)
	}
	shut(t, s)
}

// TestReadsThatFailForNow: a process that has no file left to open loses nothing; a body that the disk does not give back is lost, and counted.
func TestReadsThatFailForNow(t *testing.T) {
	files := &failing{}
	s := open(t, Options{Directory: t.TempDir(), over: files.over})
	put(t, s, 1, 50)
	put(t, s, 2, 50)
	files.unread = syscall.EMFILE
	if b := next(t, s); b != nil || s.Held().Documents != batch(1, 4).Documents+batch(2, 4).Documents {
		t.Errorf("got %v, held %+v", b, s.Held())
	}
	files.unread = syscall.EIO
	if b := next(t, s); b != nil || int(s.Dropped()[CauseDamaged]) != batch(1, 4).Documents+batch(2, 4).Documents {
		t.Errorf("got %v, dropped %v", b, s.Dropped())
	}
	files.unread = nil
	shut(t, s)
}

// TestAgainstAModel does what collectors do, in any order, and what befalls them.
func TestAgainstAModel(t *testing.T) {
	for seed := range uint64(30) {
		random := rand.New(rand.NewPCG(seed, 1))
		folder := t.TempDir()
		o := Options{Directory: folder, MaxBytes: 4 << 20, Sync: []string{Interval, Always, Never}[seed%3]}
		s := open(t, o)
		var waitingNow []int // the model: what waits, in order
		taken := map[int]*Batch{}
		n := 0
		for range 400 {
			switch random.IntN(8) {
			case 0, 1, 2:
				put(t, s, n, 4+random.IntN(40_000))
				waitingNow = append(waitingNow, n)
				n++
			case 3, 4:
				b := next(t, s)
				if b == nil {
					if len(waitingNow) > 0 {
						t.Fatalf("seed %d: nothing, want %d", seed, waitingNow[0])
					}
					continue
				}
				if got := number(t, b); len(waitingNow) == 0 || got != waitingNow[0] {
					t.Fatalf("seed %d: got %d, want %v", seed, got, waitingNow)
				}
				taken[waitingNow[0]] = b
				waitingNow = waitingNow[1:]
			case 5, 6:
				for k, b := range taken {
					delete(taken, k)
					if random.IntN(3) == 0 {
						s.Release(b)
						waitingNow = append(waitingNow, k)
						slices.Sort(waitingNow)
					} else {
						s.Done(b)
					}
					break
				}
			case 7:
				if random.IntN(10) > 0 {
					continue
				}
				// A restart, or a crash: what senders had waits again.
				if random.IntN(2) == 0 {
					shut(t, s)
				} else if err := s.place.lock.Close(); err != nil {
					t.Fatal(err)
				}
				for k := range taken {
					waitingNow = append(waitingNow, k)
				}
				slices.Sort(waitingNow)
				clear(taken)
				s = open(t, o)
			}
			docs := 0
			for _, k := range waitingNow {
				docs += batch(k, 4).Documents
			}
			for k := range taken {
				docs += batch(k, 4).Documents
			}
			if s.Dropped()[CauseFull] == 0 && s.Held().Documents != docs {
				t.Fatalf("seed %d: %d documents held, want %d", seed, s.Held().Documents, docs)
			}
			if s.Dropped()[CauseFull] > 0 {
				break
			}
		}
		shut(t, s)
	}
}

func FuzzSegment(f *testing.F) {
	data := startOfFile()
	for n := range 3 {
		b := batch(n, 20)
		m := metaOf(&b)
		data = append(m.append(data), b.Body...)
	}
	f.Add(data)
	f.Add(data[:len(data)-3])
	f.Add(append(data[:60:60], data[70:]...))
	f.Fuzz(func(t *testing.T, data []byte) {
		found, err := parseSegment(data)
		if err != nil {
			return
		}
		last := int64(0)
		for _, b := range found.batches {
			if b.at < last || b.at+b.octets() > int64(len(data)) {
				t.Fatalf("batch at %d of %d octets, after %d", b.at, b.octets(), last)
			}
			last = b.at + b.octets()
		}
		if batches, ok, err := scanSegment(bytes.NewReader(data), int64(len(data))); err != nil {
			t.Fatal(err)
		} else if ok && len(batches) != len(found.batches)+found.damagedBatches {
			t.Fatalf("%d headers, %d sound batches and %d damaged ones", len(batches), len(found.batches), found.damagedBatches)
		}
		parseDone(data)
	})
}

func BenchmarkSpool(b *testing.B) {
	for _, size := range []int{64 << 10, 512 << 10} {
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) {
			s, err := Open(Options{Directory: b.TempDir(), MaxBytes: 1 << 30})
			if err != nil {
				b.Fatal(err)
			}
			one := batch(1, size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if err := s.Append(one); err != nil {
					b.Fatal(err)
				}
				got, err := s.Next(0)
				if err != nil {
					b.Fatal(err)
				}
				s.Done(got)
			}
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}
