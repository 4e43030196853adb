// Package support gathers what helps to find out why a collector does not do what it should: an archive without secrets that its user sends to others.
package support

import (
	"archive/tar"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Part is a file of a bundle.
type Part struct {
	Name    string // in the archive
	Collect func(context.Context) ([]byte, error)
}

const (
	partTimeout = 20 * time.Second
	// partBytes is what a part has at most; of a longer one the end is left out.
	partBytes = 16 << 20
)

// Write collects all parts into a tar.gz, each below the folder, and has secrets removed from each. A part that cannot be had is no reason to do without the
// others: errors.txt says which, and why.
func Write(ctx context.Context, w io.Writer, folder string, now time.Time, parts []Part, secrets *Scrubber) error {
	compress := gzip.NewWriter(w)
	archive := tar.NewWriter(compress)
	add := func(name string, content []byte) error {
		content = secrets.Scrub(content)
		if len(content) > partBytes { // not before: of a secret that is cut in two nobody knows the first half
			content = append(content[:partBytes:partBytes], "\n… the rest was left out\n"...)
		}
		err := archive.WriteHeader(&tar.Header{Name: folder + "/" + name, Mode: 0o600, Size: int64(len(content)), ModTime: now, Format: tar.FormatPAX})
		if err != nil {
			return err
		}
		_, err = archive.Write(content)
		return err
	}
	var failed strings.Builder
	for _, p := range parts {
		if err := ctx.Err(); err != nil {
			return err
		}
		content, err := p.collect(ctx)
		if err != nil {
			fmt.Fprintf(&failed, "%s: %v\n", p.Name, err)
		}
		if len(content) == 0 {
			continue
		}
		if err := add(p.Name, content); err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
	}
	if err := add("errors.txt", []byte(cmp.Or(failed.String(), "everything was had\n"))); err != nil {
		return fmt.Errorf("errors.txt: %w", err)
	}
	return errors.Join(archive.Close(), compress.Close())
}

func (p Part) collect(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, partTimeout)
	defer cancel()
	return p.Collect(ctx)
}
