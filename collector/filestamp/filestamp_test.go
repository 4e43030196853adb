package filestamp

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestStamps(t *testing.T) {
	folder := t.TempDir()
	a, b := filepath.Join(folder, "a"), filepath.Join(folder, "b")
	at := time.Unix(1_700_000_000, 0)
	write := func(path, content string, at time.Time) {
		t.Helper()
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	write(a, "one", at)
	before := Of(a, b)
	for _, step := range []struct {
		name  string
		do    func()
		equal bool
	}{
		{"nothing happened", func() {}, true},
		{"a file came", func() { write(b, "x", at) }, false},
		{"a file went", func() { os.Remove(b) }, false}, //nolint:errcheck // seen by what follows
		{"a longer content", func() { write(a, "three", at) }, false},
		{"a later time", func() { write(a, "seven", at.Add(time.Second)) }, false},
		{"another file of the same form", func() {
			write(b, "eight", at.Add(time.Second))
			os.Rename(b, a) //nolint:errcheck // seen by what follows
		}, false},
	} {
		step.do()
		now := Of(a, b)
		if now.Equal(before) != step.equal {
			t.Errorf("%s: equal is %v", step.name, !step.equal)
		}
		before = now
	}
}
