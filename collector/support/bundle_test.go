package support

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"testing"
	"time"
)

// TestLongPart has a secret where a part is cut off.
func TestLongPart(t *testing.T) {
	line := append(bytes.Repeat([]byte("."), 1023), '\n')
	long := append(bytes.Repeat(line, partBytes/len(line)-1), bytes.Repeat([]byte("."), len(line)-5)...)
	long = append(append(long, "first-secret"...), line...)
	var out bytes.Buffer
	parts := []Part{{"long.txt", func(context.Context) ([]byte, error) { return long, nil }}}
	if err := Write(t.Context(), &out, "folder", time.Now(), parts, NewScrubber([]byte("first-secret"))); err != nil {
		t.Fatal(err)
	}
	plain, err := gzip.NewReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	archive := tar.NewReader(plain)
	if _, err := archive.Next(); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(archive)
	if err != nil {
		t.Fatal(err)
	}
	if end := "..[remo\n… the rest was left out\n"; len(got) < partBytes || !bytes.HasSuffix(got, []byte(end)) {
		t.Errorf("%d bytes, at the end %q", len(got), got[max(0, len(got)-64):])
	}
}
