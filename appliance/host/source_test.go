package host

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

// ending is a format that says in its last line what it is.
func ending(tail []byte) (map[string]string, error) {
	at := bytes.LastIndex(tail, []byte("\nversion "))
	if at < 0 {
		return nil, errors.New("there is no version")
	}
	return map[string]string{"version": string(tail[at+len("\nversion "):])}, nil
}

// counted is a source that counts how often it is opened and closed.
type counted struct{ opened, closed int }

func (s *counted) of(content []byte, version string) *Source {
	sum := sha256.Sum256(content)
	digest := hex.EncodeToString(sum[:])
	return &Source{
		SHA256: digest, Size: int64(len(content)), Describe: ending, Facts: map[string]string{"version": version},
		Open: func(context.Context) (io.ReadCloser, error) {
			s.opened++
			return closing{bytes.NewReader(content), func() { s.closed++ }}, nil
		},
	}
}

type closing struct {
	io.Reader
	do func()
}

func (c closing) Close() error {
	c.do()
	return nil
}

func TestSource(t *testing.T) {
	l, name := newLocal(t), filepath.Join(t.TempDir(), "large")
	large := append(bytes.Repeat([]byte("0123456789abcdef"), MaxPreviousContent/8), "\nversion 2"...)
	small := []byte("x\nversion 1")
	var from counted
	first, second := mine(t, Desired{File{Path: name, Source: from.of(small, "1")}}), mine(t, Desired{File{Path: name, Source: from.of(large, "2")}})
	for i, desired := range []Desired{first, second, first, second} {
		apply(t, l, desired)
		apply(t, l, desired) // nothing to do
		if from.opened != i+1 || from.closed != i+1 {
			t.Errorf("opened %d times and closed %d times after %d changes", from.opened, from.closed, i+1)
		}
	}
	if content, err := os.ReadFile(name); err != nil || !bytes.Equal(content, large) {
		t.Errorf("%d bytes, %v", len(content), err)
	}

	// Mode and owner alone are no reason to send it again.
	if err := os.Chmod(name, 0o600); err != nil {
		t.Fatal(err)
	}
	apply(t, l, second)
	if from.opened != 4 {
		t.Error("it was sent again for its mode")
	}
	facts := probe(t, l, second)
	id := "file " + name
	if facts[id+": version"] != "2" || facts[id+": mode"] != "0644" {
		t.Errorf("%v", facts)
	}
	if err := os.WriteFile(name, []byte("something else"), 0o644); err != nil {
		t.Fatal(err)
	}
	facts = probe(t, l, second)
	sum := sha256.Sum256([]byte("something else"))
	if facts[id+": version"] != "unreadable" || facts[id+": content"] != Digest(hex.EncodeToString(sum[:]), 14) {
		t.Errorf("%v", facts)
	}
	remove(t, l, second, Before{})
	for fact, value := range probe(t, l, second) {
		if value != Absent {
			t.Errorf("%s is %q after the removal", fact, value)
		}
	}
}

func TestSourceThatFails(t *testing.T) {
	l, folder := newLocal(t), t.TempDir()
	name := filepath.Join(folder, "x")
	if err := os.WriteFile(name, []byte("theirs"), 0o644); err != nil {
		t.Fatal(err)
	}
	cause := errors.New("the disk is gone")
	var from counted
	half := func(context.Context) (io.ReadCloser, error) {
		return closing{strings.NewReader("half"), func() {}}, nil
	}
	for says, test := range map[string]struct {
		size int64
		open func(context.Context) (io.ReadCloser, error)
	}{
		"the content itself is not known here": {8, nil},
		"no network":                           {8, func(context.Context) (io.ReadCloser, error) { return nil, errors.New("no network") }},
		"read its content: the disk is gone": {8, func(context.Context) (io.ReadCloser, error) {
			return closing{io.MultiReader(strings.NewReader("half"), iotest.ErrReader(cause)), func() {}}, nil
		}},
		"only 4 of 8 bytes arrived": {8, half},
		"arrived damaged":           {4, half},
	} {
		s := from.of([]byte("ours\nversion 1"), "1")
		s.SHA256, s.Size, s.Open = strings.Repeat("0", 64), test.size, test.open
		if _, err := Apply(t.Context(), l, mine(t, Desired{File{Path: name, Source: s}})); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v; want %q", err, says)
		}
	}
	if content, err := os.ReadFile(name); err != nil || string(content) != "theirs" {
		t.Errorf("the host has %q, %v", content, err)
	}
	if left := entries(t, folder); len(left) != 1 {
		t.Errorf("there is %q", left)
	}
	for _, wrong := range []File{
		{Path: name, Source: from.of(nil, ""), Content: []byte("x")},
		{Path: name, Source: from.of(nil, ""), Secret: true},
		{Path: name, Source: from.of(nil, ""), Format: SysctlFormat{}},
	} {
		if err := (Desired{wrong}).Validate(); err == nil {
			t.Errorf("%+v is taken", wrong)
		}
	}
}
