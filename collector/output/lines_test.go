package output

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func read(t *testing.T, path string) string {
	t.Helper()
	p, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(p)
}

func unexpected(t *testing.T) func(error) {
	return func(err error) { t.Errorf("not rotated: %v", err) }
}

func TestNDJSONKeepsOneFile(t *testing.T) {
	c := ndjsonConfig()
	c.Path, c.MaxBytes, c.Keep = filepath.Join(t.TempDir(), "flows.ndjson"), 1500, 1
	for run := range 2 {
		c.Queue = NewMemoryQueue(1<<20, c.Pool)
		n, err := NewNDJSON(c)
		if err != nil {
			t.Fatal(err)
		}
		fill(n, c.Pool, run*150, 150)
		if err := n.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	last, before := read(t, c.Path), read(t, c.Path+".1")
	if kept := before + last; !strings.HasSuffix(lines(300), "\n"+kept) || len(before) < 1400 || len(before) > 1500 || last == "" {
		t.Errorf("the last lines are not what is kept: %q", kept)
	}
	if there, _ := filepath.Glob(c.Path + "*"); len(there) != 2 {
		t.Errorf("files %v", there)
	}
}

func TestNDJSONRotatesBetweenLines(t *testing.T) {
	c := ndjsonConfig()
	c.Path, c.MaxBytes, c.Keep = filepath.Join(t.TempDir(), "flows.ndjson"), 1500, 1000
	for run := range 3 { // sizes hold over restarts
		c.Queue = NewMemoryQueue(1<<20, c.Pool)
		n, err := NewNDJSON(c)
		if err != nil {
			t.Fatal(err)
		}
		fill(n, c.Pool, run*200, 200)
		if err := n.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s := n.Stats()[0]; s.Sent != 200 || s.lost() > 0 {
			t.Errorf("stats %+v", s)
		}
	}
	all := read(t, c.Path)
	files := 1
	for ; ; files++ {
		p := read(t, fmt.Sprintf("%s.%d", c.Path, files))
		if p == "" {
			break
		}
		if len(p) > 1500 || len(p) < 1400 || !strings.HasSuffix(p, "\n") {
			t.Errorf("file %d has %d bytes", files, len(p))
		}
		all = p + all
	}
	if all != lines(600) || files < 10 {
		t.Errorf("%d files do not hold each document once, in order", files)
	}
}

func TestRotationKeepsSoManyFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	l, err := openLines(path, 10, 2, unexpected(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Write([]byte("1234567\n2345678\n3456789\na line longer than a file\n5\n6\n7\n")); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if got := read(t, path) + "|" + read(t, path+".1") + "|" + read(t, path+".2") + "|" + read(t, path+".3"); got != "5\n6\n7\n|a line longer than a file\n|3456789\n|" {
		t.Errorf("%q", got)
	}
	if _, err := l.Write([]byte("x\n")); err == nil {
		t.Error("written after close")
	}
}

func TestFileRenamedOrRemovedIsBegunAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	l, err := openLines(path, 0, 0, unexpected(t))
	if err != nil {
		t.Fatal(err)
	}
	write := func(s string) {
		t.Helper()
		if n, err := l.Write([]byte(s)); err != nil || n != len(s) {
			t.Fatal(n, err)
		}
	}
	later := func() { l.looked = time.Now().Add(-2 * lookEvery) }
	write("a\n")
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	write("b\nc") // it is not looked at with each write, and not within a line
	later()
	write("d\n")
	write("e\n")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	later()
	write("f\n")
	if got := read(t, path+".old") + "|" + read(t, path); got != "a\nb\ncd\n|f\n" {
		t.Errorf("%q", got)
	}
	if err := os.Truncate(path, 0); err != nil { // emptied in place: written on
		t.Fatal(err)
	}
	later()
	write("g\n")
	if got := read(t, path); got != "g\n" || l.size != 2 {
		t.Errorf("%q, size %d", got, l.size)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestRotationThatFailsWritesOn(t *testing.T) {
	c := ndjsonConfig()
	log := &logBuffer{}
	c.Logger = slog.New(slog.NewTextHandler(log, nil))
	c.Path, c.MaxBytes, c.Keep = filepath.Join(t.TempDir(), "f"), 1000, 1
	if err := os.Mkdir(c.Path+".1", 0o700); err != nil { // a name that cannot be taken
		t.Fatal(err)
	}
	n, err := NewNDJSON(c)
	if err != nil {
		t.Fatal(err)
	}
	fill(n, c.Pool, 0, 500)
	if err := n.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if read(t, c.Path) != lines(500) {
		t.Error("the file does not hold each document once, in order")
	}
	if s := n.Stats()[0]; s.Sent != 500 || s.lost() > 0 || s.Errors["rotate"] == 0 || s.Problem != (Problem{}) {
		t.Errorf("stats %+v", s)
	}
	if strings.Count(log.String(), "output.ndjson.path cannot be rotated") != 1 {
		t.Errorf("log %q", log)
	}
}

func TestRotationIsTriedAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	failures := 0
	l, err := openLines(path, 10, 2, func(error) { failures++ })
	if err != nil {
		t.Fatal(err)
	}
	write := func(s string) {
		t.Helper()
		if n, err := l.Write([]byte(s)); err != nil || n != len(s) {
			t.Fatal(n, err)
		}
	}
	write("12345678\n")
	if err := errors.Join(os.WriteFile(path+".1", []byte("old\n"), 0o600), os.Mkdir(path+".2", 0o700)); err != nil {
		t.Fatal(err)
	}
	write("abc\ndef\n")
	write("ghi\n")
	if failures != 1 { // tried once in a while, not with each line
		t.Errorf("%d attempts", failures)
	}
	if err := os.Remove(path + ".2"); err != nil {
		t.Fatal(err)
	}
	l.tryNext = time.Time{}
	write("jkl\n")
	if got := read(t, path+".2") + "|" + read(t, path+".1") + "|" + read(t, path); got != "old\n|12345678\nabc\ndef\nghi\n|jkl\n" {
		t.Errorf("%q", got)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestRotationFillsAGapFirst(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	l, err := openLines(path, 4, 3, unexpected(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []string{"1", "3"} {
		if err := os.WriteFile(path+"."+i, []byte(i), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Write([]byte("abc\ndef\n")); err != nil {
		t.Fatal(err)
	}
	if got := read(t, path+".1") + read(t, path+".2") + read(t, path+".3"); got != "abc\n13" {
		t.Errorf("%q", got)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestNDJSONOnADeviceThatIsFull(t *testing.T) {
	l, err := openLines("/dev/full", 100, 1, unexpected(t))
	if err != nil {
		t.Skip("no /dev/full:", err)
	}
	if n, err := l.Write([]byte(lines(20))); n != 0 || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("%d, %v", n, err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestActionLinesOfAnyLengthAreStripped(t *testing.T) {
	body := `{"create":{}}` + "\n{\"a\":1}\n" + `{"create":{"_id":"0123456789abcdef"}}` + "\n{\"b\":2}\n" + "{}\n{}\n"
	if got := string(stripActions([]byte(body))); got != "{\"a\":1}\n{\"b\":2}\n{}\n" {
		t.Errorf("%q", got)
	}
}

// TestTornLineIsNotContinued: a line that a full disk or a kill left without an end swallows no other.
func TestTornLineIsNotContinued(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	for before, want := range map[string]string{
		"":                          "",
		"{\"a\":1}\n":               "{\"a\":1}\n",
		"{\"a\":1}\n{\"b\":":        "{\"a\":1}\n",
		"{\"b\":":                   "",
		"{\"a\":1}\n{\"b\":" + long: "{\"a\":1}\n",
		"{\"a\":1}\n" + long:        "{\"a\":1}\n" + long + "\n", // somebody else's
	} {
		path := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(path, []byte(before), 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := openLines(path, 0, 1, unexpected(t))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Write([]byte("{\"c\":3}\n")); err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if got := read(t, path); got != want+"{\"c\":3}\n" || l.size != int64(len(got)) {
			t.Errorf("%.40q became %.60q, size %d", before, got, l.size)
		}
	}
}

func TestFilesBeyondALowerKeepAreRemoved(t *testing.T) {
	c := ndjsonConfig()
	c.Path, c.MaxBytes, c.Keep = filepath.Join(t.TempDir(), "f"), 1000, 2
	for _, end := range []string{".1", ".2", ".3", ".17", ".20260101", ".03", ".old"} {
		if err := os.WriteFile(c.Path+end, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	n, err := NewNDJSON(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	there, err := filepath.Glob(c.Path + ".*")
	if got := strings.ReplaceAll(strings.Join(there, " "), c.Path, ""); err != nil || got != ".03 .1 .2 .20260101 .old" {
		t.Errorf("%s, %v", got, err)
	}
}
