package ssh

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// FuzzQuote lets the machine's shell split what Quote joined, both as a POSIX shell sees it and through commandLine.
func FuzzQuote(f *testing.F) {
	for _, seed := range []string{"", "a b", "it's", `\`, "$(id)", "a\nb", "!!", "*", "-n", "~", "'\"'", "\x1e", "é"} {
		f.Add(seed, "second")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if strings.ContainsRune(a+b, 0) {
			return // no argument can hold it
		}
		want := []string{a, b}
		argv := append([]string{"printf", `%s\0`}, want...)
		for _, line := range []string{Quote(argv...), commandLine(argv)} {
			out, err := exec.CommandContext(t.Context(), "/bin/sh", "-c", line).Output()
			if err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			got := strings.Split(strings.TrimSuffix(string(afterMark(out)), "\x00"), "\x00")
			if !slices.Equal(got, want) {
				t.Fatalf("%q: got %q, want %q", line, got, want)
			}
		}
	})
}
