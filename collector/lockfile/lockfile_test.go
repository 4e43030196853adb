package lockfile

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func open(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// TestTake: one at a time, and who is to be stopped is said.
func TestTake(t *testing.T) {
	path := filepath.Join(t.TempDir(), Name)
	if err := os.WriteFile(path, []byte("123456789\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	first := open(t, path)
	if err := Take(first); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != strconv.Itoa(os.Getpid())+"\n" {
		t.Errorf("the file has %q, %v", text, err)
	}
	for text, want := range map[string]string{
		strconv.Itoa(os.Getpid()) + "\n": "an output of before has not let go of it, as its disk does not answer",
		"4194999\n":                      "another process uses it: 4194999", "": "another process uses it", "x\n": "another process uses it",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := Take(open(t, path)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := Take(open(t, path)); err != nil {
		t.Errorf("it is free: %v", err)
	}
}
