package ssh

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// FuzzQuote lets a real shell split what Quote joined, both as a POSIX shell sees it and through commandLine: any number of arguments of any
// bytes but NUL, which no argument can hold and which divides them here.
func FuzzQuote(f *testing.F) {
	every := make([]byte, 0, 255)
	for b := 1; b < 256; b++ {
		every = append(every, byte(b))
	}
	f.Add(every)
	f.Add(bytes.Join(bytes.Split(every, nil), []byte{0})) // each alone
	for _, seed := range []string{"", "\x00", "a b", "it's", `\`, "$(id)", "a\nb", "\n", "!!", "*", "-n", "~", "'\"'", "\x1e", "é", "\xff\xfe", markBegin + "1" + markEnd, strings.Repeat("\\", 9000)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, joined []byte) {
		if len(joined) > 50_000 {
			return // Linux takes no argument beyond 128 KiB, and base64 makes it longer
		}
		want := strings.Split(string(joined), "\x00")
		argv := append([]string{"printf", `%s\0`}, want...)
		for _, line := range []string{Quote(argv...), commandLine(argv, false)} {
			out, err := exec.CommandContext(t.Context(), "/bin/sh", "-c", line).Output()
			if err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			if marked := line != Quote(argv...); marked {
				var ran bool
				if out, ran = afterMark(out); !ran {
					t.Fatalf("%q did not print the mark", line)
				}
			}
			if got := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"); !slices.Equal(got, want) {
				t.Fatalf("%q: got %q, want %q", line, got, want)
			}
		}
	})
}

// TestCommandLineInOtherShells has login shells that are not POSIX ones run lines of each form that commandLine makes.
func TestCommandLineInOtherShells(t *testing.T) {
	var shells []string
	for _, name := range []string{"dash", "bash", "fish", "bsd-csh", "tcsh", "zsh", "ksh"} {
		path, err := exec.LookPath(name)
		switch {
		case err == nil:
			shells = append(shells, path)
		case errors.Is(err, exec.ErrNotFound):
			t.Logf("%s is not installed here; a real host tests fish and csh", name)
		default:
			t.Fatal(err)
		}
	}
	if len(shells) == 0 {
		t.Fatal("there is no shell")
	}
	for _, want := range [][]string{
		{"plain"},
		{"a b", "it's", "$HOME", "`id`", "*", "~", "%s", "=x", "{a,b}", "#", "&", ";", "é"},
		{"a\nb", `back\slash`, "!x"},
		{strings.Repeat("long ", 1500)},
		{strings.Repeat("long\n\\!'", 8000)},
	} {
		for _, shell := range shells {
			for _, terminal := range []bool{false, true} {
				expectWords(t, shell, terminal, want)
			}
		}
	}
}

// expectWords has a login shell run a line with these arguments.
func expectWords(t *testing.T, shell string, terminal bool, want []string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), shell, "-c", commandLine(append([]string{"/usr/bin/printf", `%s\0`}, want...), terminal))
	cmd.Env = append(os.Environ(), "HOME="+filepath.Join(t.TempDir(), "absent"), "PATH=/nowhere", "SHELL="+shell)
	out, err := cmd.CombinedOutput()
	own, ran := afterMark(out)
	if got := strings.Split(strings.TrimSuffix(string(own), "\x00"), "\x00"); err != nil || !ran || !slices.Equal(got, want) {
		t.Errorf("%s, on a terminal %t: %v, %.200q became %.200q", shell, terminal, err, want, out)
	}
}
